"""What changed between two states of one table: its fields, its rows, and cells of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from larkbase_sdk.snapshot.cells import as_text, differing
from larkbase_sdk.snapshot.scan import SnapshotTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from larkbase_sdk.schema.table_schema import Column, TableSchema
    from larkbase_sdk.table import Table

_ID = "record_id"
_LINKS_OF_FILES = frozenset({"url", "tmp_url"})
"""Members of attachments that say where a file can be fetched, which Lark changes at will."""

Change = Literal["added", "removed", "renamed", "retyped"]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that is new, gone, renamed, or of another type.

    Attributes:
        change: What happened.
        name: Its present name, or its last one.
        before: Its earlier name or type; "" for a new one.
        after: Its present name or type; "" for one that is gone.
    """

    change: Change
    name: str
    before: str
    after: str

    def __str__(self) -> str:
        match self.change:
            case "added":
                return f"+{self.name}"
            case "removed":
                return f"−{self.name}"
            case "renamed":
                return f"{self.before} → {self.after}"
            case _:
                return f"{self.name}: {self.before} → {self.after}"


@dataclass(frozen=True, slots=True)
class TableDiff:
    """What changed in a table.

    Attributes:
        name: Its present name.
        fields: Fields that changed.
        added: Rows that are new, with all columns under SQL names.
        removed: Rows that are gone.
        changed: One row for each changed cell of the other rows: record_id, field, and before and
            after as text. Cells of fields whose type changed are not compared.
        changed_rows: How many rows have a changed cell.
        note: What to keep in mind, or "".
    """

    name: str
    fields: tuple[FieldChange, ...]
    added: pa.Table
    removed: pa.Table
    changed: pa.Table
    changed_rows: int
    note: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not (self.fields or len(self.added) or len(self.removed) or len(self.changed))


def diff_tables(before: Table, after: Table) -> TableDiff:
    """Return what changed in a table; a live one is read once."""
    import pyarrow.compute as pc

    old, new = _Rows(before), _Rows(after)
    pairs, fields = _compared(before.schema, after.schema)
    old_ids, new_ids = old.column(_ID), new.column(_ID)
    places = pc.index_in(new_ids, value_set=old_ids)
    changed, changed_rows = _changed_cells(old, new, pairs, places)
    return TableDiff(
        name=after.name,
        fields=fields,
        added=new.only(new_ids.filter(pc.is_null(places))),
        removed=old.only(old_ids.filter(pc.invert(pc.is_in(old_ids, value_set=new_ids)))),
        changed=changed,
        changed_rows=changed_rows,
        note=_note(before, after),
    )


def _note(before: Table, after: Table) -> str:
    conditions = [
        table.entry.where if isinstance(table, SnapshotTable) else None for table in (before, after)
    ]
    same = conditions[0] == conditions[1]
    return "" if same else "stored under different conditions, so rows may only seem to come or go"


def _compared(
    before: TableSchema, after: TableSchema
) -> tuple[list[tuple[Column, Column]], tuple[FieldChange, ...]]:
    """Return the columns whose cells can be compared, and what happened to the fields."""
    left = {_field_key(column): column for column in before.columns}
    pairs = []
    changes = []
    for new in after.columns:
        old = left.pop(_field_key(new), None)
        if old is None:
            changes.append(FieldChange("added", new.lark_name, "", new.lark_type))
            continue
        if old.lark_name != new.lark_name:
            changes.append(FieldChange("renamed", new.lark_name, old.lark_name, new.lark_name))
        if old.lark_type != new.lark_type:
            changes.append(FieldChange("retyped", new.lark_name, old.lark_type, new.lark_type))
        if old.arrow_type == new.arrow_type:
            pairs.append((old, new))
    gone = (FieldChange("removed", old.lark_name, old.lark_type, "") for old in left.values())
    return pairs, (*changes, *gone)


def _field_key(column: Column) -> str:
    return column.field_id or column.lark_name


def _changed_cells(
    old: _Rows, new: _Rows, pairs: Sequence[tuple[Column, Column]], places: pa.Array
) -> tuple[pa.Table, int]:
    """Return the changed cells of rows that are in both, and how many rows have any.

    ``places`` tells for each new row where it was among the old ones.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    here = pc.indices_nonzero(pc.is_valid(places))
    there = places.drop_null()
    ids = new.column(_ID).take(here)
    kinds = [(name, pa.string()) for name in (_ID, "field", "before", "after")]
    schema = pa.schema(kinds)
    found = []
    touched = pa.repeat(False, len(here))
    for earlier, now in pairs:
        cells = old.column(earlier.name).take(there), new.column(now.name).take(here)
        is_file = now.result.shape == "attachments"
        mask = differing(*cells, _LINKS_OF_FILES if is_file else frozenset())
        touched = pc.or_(touched, mask)
        texts = [as_text(cell.filter(mask)) for cell in cells]
        name = pa.repeat(now.lark_name, len(texts[0]))
        arrays = [ids.filter(mask), name, *texts]
        found.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return pa.Table.from_batches(found, schema), pc.sum(touched, min_count=0).as_py()


class _Rows:
    """The rows of a table: stored ones are read column by column, live ones once."""

    def __init__(self, table: Table) -> None:
        self._table = table
        stored = isinstance(table, SnapshotTable)
        self._whole = None if stored else table.to_arrow(names="sql")

    def column(self, name: str) -> pa.Array:
        """Return a column by its SQL name."""
        import pyarrow as pa

        table = self._whole
        if table is None:
            table = self._table.to_arrow(columns=[] if name == _ID else [name], names="sql")
        cells = table.column(name).combine_chunks()
        # Before pyarrow 18 a column without chunks stays chunked.
        return pa.concat_arrays(cells.chunks) if isinstance(cells, pa.ChunkedArray) else cells

    def only(self, ids: pa.Array) -> pa.Table:
        """Return the rows with some record ids, with all columns."""
        import pyarrow as pa
        import pyarrow.compute as pc

        schema = self._table.schema.to_arrow("sql")
        batches = [
            pa.RecordBatch.from_arrays(kept.columns, schema=schema)
            for batch in (self._batches() if len(ids) else ())
            for kept in [batch.filter(pc.is_in(batch.column(0), value_set=ids))]
        ]
        return pa.Table.from_batches(batches, schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        if self._whole is not None:
            yield from self._whole.to_batches()
        else:
            yield from self._table.to_reader(names="sql")
