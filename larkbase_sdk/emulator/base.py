"""An emulated base: its tables, its time zone and who may read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from larkbase_sdk.emulator.cells import World
from larkbase_sdk.emulator.clock import DAY_MS, zone_of
from larkbase_sdk.emulator.fields import FieldSpec, infer_ui_type
from larkbase_sdk.emulator.ids import stable_id
from larkbase_sdk.emulator.table import EmulatedTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from larkbase_sdk.emulator.rows import RowSource
    from larkbase_sdk.emulator.tenant import Tenant

Access = Literal["full", "manage", "role", "none"]


class EmulatedBase:
    """A base of the tenant.

    Attributes:
        app_token: Its token, the same in every run.
        time_zone: Zone in which days begin; may be a name that is no IANA zone.
        access: ``full`` without advanced permissions; with them ``manage`` (everything), ``role``
            (what the tables' ``role_…`` attributes leave) or ``none``.
        shared: False when the app is no collaborator (91403).
        revision: Goes up with every structural change.
    """

    def __init__(self, tenant: Tenant, name: str, app_token: str | None = None) -> None:
        self.tenant = tenant
        self.name = name
        self.app_token = app_token or stable_id("", 27, "base", name)
        self.time_zone = "Asia/Jakarta"
        self.access: Access = "full"
        self.shared = True
        self.formula_type = 1
        self.revision = 1
        self.created = tenant.clock.now_ms()
        self._tables: list[EmulatedTable] = []
        self._given_ids: set[str] = set()

    @property
    def tables(self) -> list[EmulatedTable]:
        """The tables in order."""
        return list(self._tables)

    @property
    def url(self) -> str:
        """Link of the base, as a browser shows it."""
        return f"{self.tenant.url}/base/{self.app_token}"

    @property
    def is_advanced(self) -> bool:
        """Whether advanced permissions are on."""
        return self.access != "full"

    @property
    def modified(self) -> int:
        """A time in milliseconds that moves with every change, for Drive; it lies in the past."""
        changes = self.revision + sum(table.revision for table in self._tables)
        return self.created - DAY_MS + changes * 1000

    @property
    def world(self) -> World:
        """What the cells of this base may refer to."""
        tenant = self.tenant
        return World(tenant.directory, tenant.media, tenant.switches, zone_of(self.time_zone))

    def __repr__(self) -> str:
        return f"EmulatedBase({self.name}, {len(self._tables)} tables)"

    def fresh_id(self, prefix: str, length: int, *names: object) -> str:
        """Return the id that these names give, or another one when something had that already."""
        found = stable_id(prefix, length, *names)
        again = 1
        while found in self._given_ids:
            again += 1
            found = stable_id(prefix, length, *names, again)
        self.keep_id(found)
        return found

    def keep_id(self, used: str) -> None:
        """Take note of an id, which nothing else is to get, even after its owner is gone."""
        self._given_ids.add(used)

    def find_table(self, reference: str) -> EmulatedTable | None:
        """Return a table by its name or id, or None."""
        for table in self._tables:
            if reference in (table.name, table.table_id):
                return table
        return None

    def table(
        self,
        name: str,
        columns: Mapping[str, Sequence[Any]] | None = None,
        *,
        fields: Iterable[FieldSpec] | None = None,
        rows: Iterable[Mapping[str, Any]] = (),
    ) -> EmulatedTable:
        """Return the table of this name, made on first use and filled with what is given.

        Args:
            name: Name of the table.
            columns: Values by field name; without ``fields`` the types follow from the values
                (text, number, checkbox, date and time, multiple select). None is an empty cell.
            fields: Descriptions of the fields, see ``FieldSpec``.
            rows: Further records by field name.

        Raises:
            ValueError: when the columns differ in length.
        """
        with self.tenant.lock:
            given = _rows_of(columns or {})
            table = self.find_table(name) or self.add_table(name)
            for spec in fields or ():
                table.add_field(spec)
            for column, values in (columns or {}).items():
                if table.find_field(column) is None:
                    table.add_field(column, infer_ui_type(values))
            table.insert(given)
            table.insert(rows)
        return table

    def add_table(self, name: str, source: RowSource | None = None) -> EmulatedTable:
        """Add an empty table, or one over computed rows, and return it."""
        table = EmulatedTable(self, name, source)
        self._tables.append(table)
        self.revision += 1
        return table

    def remove_table(self, reference: str) -> None:
        """Delete a table."""
        self._tables = [t for t in self._tables if reference not in (t.name, t.table_id)]
        self.revision += 1

    def info(self) -> dict[str, Any]:
        """Return ``data.app`` of "get base"."""
        told = {
            "advance_version": "v2" if self.is_advanced else "v1",
            "app_token": self.app_token,
            "formula_type": self.formula_type,
            "is_advanced": self.is_advanced,
            "name": self.name,
            "revision": self.revision,
        }
        if not self.tenant.switches.time_zone_missing:
            told["time_zone"] = self.time_zone
        return told


def _rows_of(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        msg = f"The columns differ in length: {lengths}"
        raise ValueError(msg)
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
