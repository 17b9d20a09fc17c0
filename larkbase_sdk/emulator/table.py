"""An emulated table: fields, rows and views, with the builders that tests use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator.cells import to_cell
from larkbase_sdk.emulator.fields import (
    EmulatedField,
    FieldSpec,
    ParsedSpec,
    make_field,
    parse_spec,
)
from larkbase_sdk.emulator.ids import RecordIds
from larkbase_sdk.emulator.links import settle_property
from larkbase_sdk.emulator.rows import Row, RowSource, StoredRows
from larkbase_sdk.emulator.serial import render_serial
from larkbase_sdk.emulator.views import EmulatedView, ViewCondition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from larkbase_sdk.emulator.base import EmulatedBase

_SILENT = "silent"


class EmulatedTable:
    """A table of an emulated base.

    Attributes:
        table_id: Its id (``tbl…``), the same in every run.
        fields: Its fields in order; the first one is the primary field.
        views: Its views; the first one shows everything.
        role_hidden_fields: Names of fields hidden from the app by advanced permissions.
        role_hides_rows: Whether advanced permissions hide every row from the app.
        revision: Goes up with every change of data or structure.
    """

    def __init__(self, base: EmulatedBase, name: str, source: RowSource | None = None) -> None:
        self.base = base
        self.name = name
        self.table_id = base.fresh_id("tbl", 13, base.app_token, name)
        self.fields: list[EmulatedField] = []
        self.views = [EmulatedView(base.fresh_id("vew", 7, self.table_id, "Grid"), "Grid")]
        self.rows: RowSource = source if source is not None else StoredRows()
        self.role_hidden_fields: set[str] = set()
        self.role_hides_rows = False
        self.revision = 1
        self._record_ids = RecordIds(self.table_id)
        self._next_counter = 1

    @property
    def url(self) -> str:
        """Link of the table, as a browser shows it."""
        return f"{self.base.url}?table={self.table_id}&view={self.views[0].view_id}"

    @property
    def records(self) -> list[dict[str, Any]]:
        """Every record as ``{"record_id": …, "fields": {name: cell}}``, empty cells left out."""
        with self.base.tenant.lock:
            positions = range(len(self.rows))
            columns = [(f.name, self.rows.values(f.field_id, positions)) for f in self.fields]
            return [
                {
                    "record_id": record_id,
                    "fields": {name: cells[i] for name, cells in columns if cells[i] is not None},
                }
                for i, record_id in enumerate(self.rows.ids(positions))
            ]

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        # A table without rows is still a table.
        return True

    def __repr__(self) -> str:
        return f"EmulatedTable({self.base.name}.{self.name}, {len(self)} rows)"

    def field(self, reference: str) -> EmulatedField:
        """Return a field by its name or id.

        Raises:
            KeyError: when there is none.
        """
        found = self.find_field(reference)
        if found is None:
            msg = f"The table {self.name!r} has no field {reference!r}"
            raise KeyError(msg)
        return found

    def find_field(self, reference: str) -> EmulatedField | None:
        """Return a field by its name or id, or None."""
        for one in self.fields:
            if reference in (one.name, one.field_id):
                return one
        return None

    def add_field(
        self,
        name: str | FieldSpec,
        ui_type: str = "Text",
        property: Mapping[str, Any] | None = None,  # noqa: A002 - Lark's own word
    ) -> EmulatedField:
        """Add a field and return it; automatic fields get their values in existing rows.

        Args:
            name: Its name, or a complete description (see ``FieldSpec``).
            ui_type: Lark's name of its type.
            property: Its property, in Lark's form or in a short form: ``{"options": ["a", "b"]}``
                for selects, ``{"table": other}`` for links (``"back"`` names the back field of a
                duplex link), ``{"table": other, "field": "Name"}`` for lookups,
                ``{"result": "Number", "declared": True}`` for formulas.
        """
        spec = (
            ParsedSpec(name, parse_spec((name, ui_type)).kind, property)
            if (isinstance(name, str))
            else parse_spec(name)
        )
        with self.base.tenant.lock:
            if any(one.name == spec.name for one in self.fields):
                msg = f"The table {self.name!r} already has a field {spec.name!r}"
                raise ValueError(msg)
            field_id = spec.field_id or self.base.fresh_id("fld", 7, self.table_id, spec.name)
            self.base.keep_id(field_id)
            spec = replace(spec, field_id=field_id)
            made = make_field(settle_property(self, spec), field_id)
            made.is_primary = not self.fields
            self.fields.append(made)
            if made.kind.automatic and self.rows.writable:
                self._fill_automatic(made)
            self.base.revision += 1
            self.touch()
        return made

    def rename_field(self, reference: str, name: str) -> None:
        """Give a field another name; its id stays."""
        with self.base.tenant.lock:
            self.field(reference).name = name
            self.base.revision += 1
            self.touch()

    def rename_option(self, reference: str, old: str, new: str) -> None:
        """Rename an option of a select field, in its cells too."""
        with self.base.tenant.lock:
            one = self.field(reference)
            one.options[one.options.index(old)] = new
            for option in (one.property or {})["options"]:
                if option["name"] == old:
                    option["name"] = new
            for row in self._stored().rows:
                cell = row.cells.get(one.field_id)
                if isinstance(cell, list):
                    row.cells[one.field_id] = [new if name == old else name for name in cell]
                elif cell == old:
                    row.cells[one.field_id] = new
            self.touch()

    def delete_field(self, reference: str) -> None:
        """Remove a field and its cells."""
        with self.base.tenant.lock:
            gone = self.field(reference)
            self.fields.remove(gone)
            for row in self._stored().rows:
                row.cells.pop(gone.field_id, None)
            self.base.revision += 1
            self.touch()

    def insert(self, rows: Iterable[Mapping[str, Any]], *, first: bool = False) -> list[str]:
        """Add records and return their ids.

        Args:
            rows: One mapping per record, from field name or id to a plain value, a written shape
                or a read shape; None is an empty cell. Automatic fields may be given too.
            first: Put each record before all others instead of at the end.

        Raises:
            KeyError: when a name is no field.
            ValueError: when a field cannot hold a value.
        """
        with self.base.tenant.lock:
            made = [self._new_row(cells) for cells in rows]
            if not made:
                return []
            if first:
                for row in made:
                    self._stored().insert_first(row)
            else:
                self._stored().extend(made)
            self.touch()
        return [row.record_id for row in made]

    def restore(self, records: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Add records under ids that they have elsewhere.

        Args:
            records: Record ids with their cells by field id, as the service reads them out.
        """
        made = []
        with self.base.tenant.lock:
            for record_id, cells in records:
                row = self._new_row({})
                row.record_id = record_id
                row.cells.update(cells)
                for one in self.fields:
                    if one.kind.automatic and one.field_id in cells:
                        self._take_automatic(one, row, cells[one.field_id])
                made.append(row)
            self._stored().extend(made)
            self.touch()

    def update(self, record_id: str, cells: Mapping[str, Any]) -> None:
        """Change some cells of a record; None empties a cell.

        Raises:
            KeyError: when there is no such record or field.
            ValueError: when a field cannot hold a value.
        """
        with self.base.tenant.lock:
            position = self.rows.position(record_id)
            if position is None:
                msg = f"The table {self.name!r} has no record {record_id!r}"
                raise KeyError(msg)
            row = self._stored().rows[position]
            self._set_cells(row, cells)
            row.modified = self.base.tenant.clock.now_ms()
            for one in self.fields:
                if one.ui_type in ("ModifiedTime", "ModifiedUser"):
                    row.cells[one.field_id] = self._automatic(one, row)
            self.touch()

    def delete(self, record_ids: Iterable[str]) -> None:
        """Delete records; unknown ids are ignored."""
        with self.base.tenant.lock:
            self._stored().remove(record_ids)
            self.touch()

    def view(
        self,
        name: str,
        *,
        conditions: Sequence[tuple[str, str, Sequence[str]]] = (),
        conjunction: str = "and",
        sort: Sequence[tuple[str, bool]] = (),
        hidden: Sequence[str] = (),
        view_type: str = "grid",
    ) -> EmulatedView:
        """Add a view and return it.

        Args:
            name: Its name.
            conditions: Triples of field, operator and values, in the words of the search filter.
            conjunction: ``and`` or ``or``.
            sort: Pairs of field and whether it descends.
            hidden: Fields that the view hides.
            view_type: ``grid``, ``kanban``, ``gallery``, ``gantt`` or ``form``.
        """
        found = [(self.field(reference), op, values) for reference, op, values in conditions]
        made = EmulatedView(
            self.base.fresh_id("vew", 7, self.table_id, name),
            name,
            view_type,
            conjunction,
            [ViewCondition(f.field_id, f.kind.type, op, tuple(v)) for f, op, v in found],
            [(self.field(reference).field_id, desc) for reference, desc in sort],
            [self.field(reference).field_id for reference in hidden],
        )
        with self.base.tenant.lock:
            self.views.append(made)
            self.touch()
        return made

    def touch(self) -> None:
        """Count a change, so that cached orders of rows are not used again."""
        self.revision += 1

    def copy_last_row(self, *, first: bool) -> None:
        """Add a copy of the last record, before all others or at the end.

        It is a change between two pages.
        """
        stored = self._stored()
        if stored.rows:
            cells = {
                one.field_id: stored.rows[-1].cells.get(one.field_id)
                for one in self.fields
                if not one.kind.automatic
            }
            self.insert([cells], first=first)

    def move_first_row_last(self) -> None:
        """Move the first record to the end (a change between two pages)."""
        stored = self._stored()
        if stored.rows:
            row = stored.rows[0]
            stored.remove([row.record_id])
            stored.extend([row])
            self.touch()

    def _stored(self) -> StoredRows:
        if not isinstance(self.rows, StoredRows):
            msg = f"The rows of {self.name!r} are computed and cannot be changed"
            raise TypeError(msg)
        return self.rows

    def _new_row(self, cells: Mapping[str, Any]) -> Row:
        now = self.base.tenant.clock.now_ms()
        person = self.base.tenant.directory.person("Demo App").cell
        row = Row(self._record_ids.make(self._next_counter), self._next_counter, now, now,
                  person, person)  # fmt: skip
        self._next_counter += 1
        self._set_cells(row, cells)
        for one in self.fields:
            if one.kind.automatic:
                row.cells.setdefault(one.field_id, self._automatic(one, row))
        return row

    def converted(self, cells: Mapping[str, Any]) -> list[tuple[EmulatedField, Any]]:
        """Return each named field with the cell that a value becomes there; changes no row."""
        world = self.base.world
        named = [(self.field(reference), value) for reference, value in cells.items()]
        return [
            (one, None if one.kind.family == _SILENT else to_cell(one, value, world))
            for one, value in named
        ]

    def _set_cells(self, row: Row, cells: Mapping[str, Any]) -> None:
        for one, cell in self.converted(cells):
            if cell is None:
                row.cells.pop(one.field_id, None)
                continue
            row.cells[one.field_id] = cell
            if one.kind.automatic:
                self._take_automatic(one, row, cell)

    def _take_automatic(self, one: EmulatedField, row: Row, cell: Any) -> None:
        if one.ui_type == "CreatedTime":
            row.created = cell
        elif one.ui_type == "ModifiedTime":
            row.modified = cell
        elif one.ui_type == "CreatedUser":
            row.created_by = cell[0]
        elif one.ui_type == "ModifiedUser":
            row.modified_by = cell[0]

    def _fill_automatic(self, one: EmulatedField) -> None:
        for row in self._stored().rows:
            row.cells.setdefault(one.field_id, self._automatic(one, row))

    def _automatic(self, one: EmulatedField, row: Row) -> Any:
        values: dict[str, Any] = {
            "CreatedTime": row.created,
            "ModifiedTime": row.modified,
            "CreatedUser": [row.created_by],
            "ModifiedUser": [row.modified_by],
        }
        if one.ui_type != "AutoNumber":
            return values[one.ui_type]
        return render_serial(one.property or {}, row.counter, row.created, self.base.world.zone)
