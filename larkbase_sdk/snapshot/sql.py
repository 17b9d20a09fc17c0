"""SQL over a snapshot: DuckDB reads its files by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.sql.lark_tables import LarkTables

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from larkbase_sdk.snapshot.snapshot import Snapshot
    from larkbase_sdk.sql.tables import StoredTable


class SnapshotTables:
    """The tables of a snapshot as statements name them: under the names of the live ones."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._names = LarkTables(snapshot.as_client())

    def find(self, database: str, name: str) -> StoredTable:
        """Return a table by SQL names, or by a link; the database need not be named.

        Raises:
            NotFound: there is none; the hint names similar ones, in SQL.
            SnapshotError: its schema file is damaged, or the link names a view.
        """
        table = self._names.find(database, name).scan.table
        return self._snapshot.default_database().table(table.id).sql_table()

    def knows(self, name: str) -> bool:
        """Tell whether the snapshot has a table of this SQL name."""
        return self._names.knows(name)

    def everything(self) -> Iterator[tuple[str, str, StoredTable]]:
        """Yield every table, with the name of the database and without it.

        Raises:
            SnapshotError: when a schema file is damaged.
        """
        database = self._snapshot.manifest.sql_name
        for name in self._snapshot.tables:
            table = self._snapshot.tables[name]
            for owner in (database, ""):
                yield owner, table.sql_name, table.sql_table()

    def facts(self, name: str) -> pa.Table:
        """Return ``databases``, ``tables`` or ``fields`` as a table."""
        return self._names.facts(name)

    def calls(self) -> int:
        """Return that no call was made."""
        return 0
