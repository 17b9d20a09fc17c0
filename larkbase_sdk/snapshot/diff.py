"""What changed between two states of a database: tables, fields, rows and cells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from larkbase_sdk.display import escape, html_card, html_table, printable, text_table
from larkbase_sdk.snapshot.diff_table import TableDiff, diff_tables
from larkbase_sdk.snapshot.snapshot import Snapshot, open_snapshot
from larkbase_sdk.table import Database

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    import pyarrow as pa

    from larkbase_sdk.table import Table

_SAME = "(nothing changed)"
_LONG = ("table", "change", "record_id", "field", "before", "after")


@dataclass(frozen=True, slots=True, repr=False)
class SnapshotDiff:
    """What changed; made by ``snap.diff(before)`` and ``larkbase.diff(before, after)``.

    Attributes:
        before: The earlier state, in words.
        after: The later state, in words.
        tables: The differences of each table that is in both, by its present name.
        added: Names of tables that are only in the later state.
        removed: Names of tables that are only in the earlier state.
    """

    before: str
    after: str
    tables: Mapping[str, TableDiff]
    added: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        changed = any(not table.is_empty for table in self.tables.values())
        return not (changed or self.added or self.removed)

    def rows(self) -> list[dict[str, object]]:
        """Return one dict a table that changed: rows added, removed, changed, and its fields."""
        found: list[dict[str, object]] = [_row(name, "added") for name in self.added] + [
            _row(name, "removed") for name in self.removed
        ]
        for name, table in self.tables.items():
            if not table.is_empty or table.note:
                found.append({
                    "table": name,
                    "change": "changed" if not table.is_empty else "",
                    "added": len(table.added),
                    "removed": len(table.removed),
                    "changed": table.changed_rows,
                    "fields": ", ".join(map(str, table.fields)) or None,
                    "note": table.note or None,
                })  # fmt: skip
        return found

    def to_arrow(self) -> pa.Table:
        """Return every difference of rows: one line for each changed cell, added or removed row.

        Columns: table, change (``added``, ``removed``, ``changed``), record_id, and for changed
        cells field, before and after as text.
        """
        import pyarrow as pa

        schema = pa.schema([(name, pa.string()) for name in _LONG])
        return pa.Table.from_batches(list(self._lines(schema)), schema)

    def _lines(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        for name, table in self.tables.items():
            for change, rows in (("added", table.added), ("removed", table.removed)):
                lines = [
                    {"table": name, "change": change, "record_id": record_id}
                    for record_id in rows.column("record_id").to_pylist()
                ]
                yield pa.RecordBatch.from_pylist(lines, schema)
            for batch in table.changed.to_batches():
                names = [pa.repeat(name, len(batch)), pa.repeat("changed", len(batch))]
                yield pa.RecordBatch.from_arrays([*names, *batch.columns], schema=schema)

    def to_pandas(self) -> pd.DataFrame:
        """Return every difference of rows as a DataFrame; the columns are those of ``to_arrow``."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def _title(self) -> str:
        return f"From {self.before} to {self.after}"

    def __repr__(self) -> str:
        return printable(f"{self._title()}\n{text_table(self.rows(), empty=_SAME)}")

    def _repr_html_(self) -> str:
        return html_card(escape(self._title()), html_table(self.rows(), empty=_SAME))


def _row(name: str, change: str) -> dict[str, object]:
    nothing = dict.fromkeys(("added", "removed", "changed", "fields", "note"))
    return {"table": name, "change": change, **nothing}


State = str | Path | Snapshot | Database
"""A state of a database: the folder of a snapshot, an open one, or a live database."""


def diff(before: State, after: State) -> SnapshotDiff:
    """Return what changed between two states of a database; a live one is read in full.

    Raises:
        SnapshotError: when a snapshot cannot be read.
        LarkBaseError: Lark's error about a live database.
    """
    old, new = _opened(before), _opened(after)
    pairs, removed, added = _paired(list(old.tables.values()), list(new.tables.values()))
    return SnapshotDiff(
        before=_words(old),
        after=_words(new),
        tables={now.name: diff_tables(earlier, now) for earlier, now in pairs},
        added=tuple(table.name for table in added),
        removed=tuple(table.name for table in removed),
    )


def _opened(state: State) -> Snapshot | Database:
    return open_snapshot(state) if isinstance(state, str | Path) else state


def _words(state: Snapshot | Database) -> str:
    if isinstance(state, Snapshot):
        return f"{state.path} ({state.manifest.written_at})"
    return f"{state.name} (now)"


def _paired(
    old: Sequence[Table], new: Sequence[Table]
) -> tuple[list[tuple[Table, Table]], list[Table], list[Table]]:
    """Return the tables that are in both, those only in the first and only in the second.

    Tables go by their ids; those of another base, such as a copy, by their names.
    """
    pairs: list[tuple[Table, Table]] = []
    bases = {table.base_id for table in old} & {table.base_id for table in new}
    left = {_key(table, bases): table for table in old}
    added = []
    for table in new:
        earlier = left.pop(_key(table, bases), None)
        if earlier is None:
            added.append(table)
        else:
            pairs.append((earlier, table))
    return pairs, list(left.values()), added


def _key(table: Table, bases: set[str]) -> Any:
    return (table.base_id, table.id) if table.base_id in bases else table.name
