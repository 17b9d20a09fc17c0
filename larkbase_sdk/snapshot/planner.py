"""Look at what is stored of each table and at its state in Lark, and decide what to do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.errors import SnapshotError
from larkbase_sdk.snapshot.decide import (
    Decision,
    computed_column,
    reason_against_refresh,
    reason_to_read,
    stands_still,
)
from larkbase_sdk.snapshot.schema_file import schema_from_json

if TYPE_CHECKING:
    from larkbase_sdk.schema.table_schema import TableSchema
    from larkbase_sdk.snapshot.decide import Present
    from larkbase_sdk.snapshot.folder import Folder
    from larkbase_sdk.snapshot.manifest import Manifest, TableEntry
    from larkbase_sdk.snapshot.selection import Wanted
    from larkbase_sdk.snapshot.state import State
    from larkbase_sdk.table import Database, Table


class Planner:
    """Decides what is done with each table of a database; reads fields where it has to.

    Args:
        database: The database in Lark.
        folder: Where the snapshot is, or will be.
        state: The state of the database.
        incremental: False to read every table in full.

    Raises:
        SnapshotError: when the folder holds a snapshot of another database.
    """

    def __init__(
        self, database: Database, folder: Folder, state: State, *, incremental: bool
    ) -> None:
        self._folder = folder
        self._state = state
        self._lark = database.lark
        self._incremental = incremental
        self.visible = folder.manifest()
        if self.visible is not None and not _is_of(self.visible, database):
            msg = f'{folder.path} holds a snapshot of "{self.visible.database}".'
            raise SnapshotError(msg, hint="Name another folder, or remove that one first.")
        entries = [*(self.visible.tables if self.visible else ()), *folder.staged()]
        self._fresh: dict[tuple[str, str], TableSchema] = {}
        self._before = {entry.key: entry for entry in entries}

    def before(self, table: Table) -> TableEntry | None:
        """Return what was stored of a table, be it visible or staged."""
        return self._before.get((table.base_id, table.id))

    def decide(self, wanted: Wanted) -> Decision:
        """Return what to do with a table; at most one call, for its fields."""
        before = self.before(wanted.table)
        if before is None:
            return Decision("read", "it is new here")
        if not self._incremental:
            return Decision("read", "all tables are to be read in full")
        if not self._folder.is_whole(before):
            return Decision("read", "its stored files are damaged")
        present = self._state.present(wanted)
        reason = reason_to_read(before, present)
        return Decision("read", reason) if reason else self._compare(wanted, before, present)

    def _compare(self, wanted: Wanted, before: TableEntry, present: Present) -> Decision:
        stored = self.stored_schema(before)
        if stored is None:
            return Decision("read", "names or numbers are stored in another form now")
        if stands_still(before, stored, present):
            return Decision("keep", "neither the table nor its base changed")
        fresh = self.fresh_schema(wanted.table)
        against = reason_against_refresh(before, stored, fresh, present)
        if against is None:
            return Decision("refresh", "only rows changed since are read")
        return Decision("read", _why_moved(before, stored, present, against))

    def fresh_schema(self, table: Table) -> TableSchema:
        """Return the fields of a table, read anew once a run: one call per 100 fields."""
        key = (table.base_id, table.id)
        if key not in self._fresh:
            self._fresh[key] = self._lark.metadata.fresh_schema(*key, table.name)
        return self._fresh[key]

    def stored_schema(self, before: TableEntry) -> TableSchema | None:
        """Return the schema of a stored table; None when other options made it."""
        data = self._folder.schema(before)
        options = self._lark.options
        same = (data.get("number_type"), data.get("name_style")) == (
            options.number_type,
            options.name_style,
        )
        return schema_from_json(data) if same else None


def _is_of(manifest: Manifest, database: Database) -> bool:
    if manifest.base_id or database.id:
        return manifest.base_id == database.id
    return manifest.database == database.name


def _why_moved(before: TableEntry, stored: TableSchema, present: Present, against: str) -> str:
    """Return why a table is read in full, although it was stored."""
    if not present.modified:
        moved = "Lark does not tell whether it changed"
    elif (before.modified, before.revision) != (present.modified, present.revision):
        moved = "the table or its base changed"
    else:
        column = computed_column(stored)
        name = column.lark_name if column is not None else before.name
        moved = f'"{name}" can change at any time'
    return f"{moved}, and {against}"
