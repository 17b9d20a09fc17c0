"""A table of any size whose cells are computed from the row number and never stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator.ids import RecordIds
from larkbase_sdk.emulator.large_columns import Compute, columns_of
from larkbase_sdk.emulator.rows import System

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from larkbase_sdk.emulator.base import EmulatedBase
    from larkbase_sdk.emulator.table import EmulatedTable

_FIRST_MOMENT = 1_735_689_600_000
_MINUTE = 60_000


class GeneratedRows:
    """Rows computed on demand; they can be read, filtered and sorted but not changed."""

    writable = False

    def __init__(self, count: int, names: RecordIds, person: dict[str, Any]) -> None:
        self._count = count
        self._names = names
        self._person = person
        self.columns: Mapping[str, Compute] = {}

    def __len__(self) -> int:
        return self._count

    def ids(self, positions: Sequence[int]) -> list[str]:
        """Return record ids."""
        make = self._names.make
        return [make(position) for position in positions]

    def values(self, field_id: str, positions: Sequence[int]) -> list[Any]:
        """Return the cells of one field; None for empty ones."""
        compute = self.columns.get(field_id)
        return [None] * len(positions) if compute is None else compute(positions)

    def position(self, record_id: str) -> int | None:
        """Return where a record is, or None."""
        number = self._names.number(record_id)
        return number if number is not None and number < self._count else None

    def system(self, position: int) -> System:
        """Return the system members of a record."""
        moment = _FIRST_MOMENT + position * _MINUTE
        return System(self._person, moment, self._person, moment)


def add_generated_table(
    base: EmulatedBase, name: str, rows: int, fields: int | None = None
) -> EmulatedTable:
    """Add a table of computed rows and return it.

    Args:
        base: Where to add it.
        name: Its name.
        rows: How many rows it has.
        fields: How many of its 32 fields to keep, the lighter ones first; None for all, about
            2.4 kB a record.
    """
    tenant = base.tenant
    source = GeneratedRows(rows, RecordIds(base.app_token, name),
                           tenant.directory.person("Demo App").cell)  # fmt: skip
    with tenant.lock:
        table = base.add_table(name, source)
        columns = columns_of(table, source.ids(range(min(rows, 97))))[:fields]
        computed = {}
        for column in columns:
            field = table.add_field(column.name, column.ui_type, column.property)
            computed[field.field_id] = column.compute
        source.columns = computed
    return table
