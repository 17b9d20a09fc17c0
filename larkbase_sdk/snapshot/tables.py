"""The tables of a snapshot as a mapping: by name, id or link, with when and how each was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.accessors import TableMap, as_name

if TYPE_CHECKING:
    from larkbase_sdk.snapshot.scan import SnapshotDatabase, SnapshotTable


class SnapshotTableMap(TableMap):
    """The stored tables by Lark name; ``[…]`` also takes an SQL name, id or link."""

    def __init__(self, database: SnapshotDatabase) -> None:
        super().__init__(database)
        self._own = database

    def __getitem__(self, reference: str) -> SnapshotTable:
        return self._own.table(as_name(reference))

    def rows(self) -> list[dict[str, object]]:
        """Return one dict a table: its name, rows, when and how it was read, and why so."""
        result: list[dict[str, object]] = []
        for name in self._names():
            entry = self[name].entry
            found = f"+{entry.added} ~{entry.changed} −{entry.removed}"
            result.append(
                {
                    "table": name,
                    "rows": entry.rows,
                    "read": entry.read_from,
                    "how": entry.how,
                    "changes": found if entry.how == "refreshed" else None,
                    "calls": entry.calls,
                    "why": entry.why,
                }
            )
        return result
