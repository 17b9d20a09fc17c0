"""Catalogue and metadata of a snapshot, as a client's are asked for: everything from its files."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NoReturn

from larkbase_sdk.api.models import BaseInfo, TableInfo
from larkbase_sdk.catalog.catalog import CatalogDatabase, CatalogTable
from larkbase_sdk.catalog.names import no_such, pick, pick_sql
from larkbase_sdk.errors import QueryError, SnapshotError
from larkbase_sdk.schema.naming import name_key
from larkbase_sdk.snapshot.manifest import damaged
from larkbase_sdk.snapshot.schema_file import schema_from_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from larkbase_sdk.api.models import Field, View, ViewInfo
    from larkbase_sdk.schema.table_schema import TableSchema
    from larkbase_sdk.snapshot.folder import Folder
    from larkbase_sdk.snapshot.manifest import Manifest, TableEntry

_SOURCE = "snapshot"


class StoredMetadata:
    """What Lark said of bases, tables and fields when the snapshot was taken; never calls.

    Args:
        folder: The folder of the snapshot.
        manifest: What it holds.
    """

    def __init__(self, folder: Folder, manifest: Manifest) -> None:
        self._folder = folder
        self._manifest = manifest
        self._entries = {entry.key: entry for entry in manifest.tables}
        self._schemas: dict[tuple[str, str], TableSchema] = {}

    def entry(self, base_id: str, table_id: str) -> TableEntry:
        """Return what the manifest says of a table.

        Raises:
            SnapshotError: when the table is not in the snapshot.
        """
        found = self._entries.get((base_id, table_id))
        if found is None:
            msg = f"The table {table_id} is not in the snapshot in {self._folder.path}."
            names = ", ".join(entry.name for entry in self._manifest.tables)
            raise SnapshotError(msg, hint=f"It holds: {names or 'nothing'}.")
        return found

    def base(self, base_id: str) -> BaseInfo:
        """Return what was known of a base; only its id when that was nothing."""
        for item in self._manifest.bases:
            if item.base_id == base_id:
                return BaseInfo(
                    item.base_id, item.name, item.revision, item.is_advanced, item.time_zone
                )
        return BaseInfo(base_id, self._manifest.database)

    def schema(self, base_id: str, table_id: str, table_name: str = "") -> TableSchema:
        """Return the columns of a table.

        Raises:
            SnapshotError: when the table is not there or its schema file is damaged.
        """
        del table_name  # the file knows it
        key = (base_id, table_id)
        if key not in self._schemas:
            entry = self.entry(base_id, table_id)
            data = self._folder.schema(entry)
            try:
                self._schemas[key] = schema_from_json(data)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                path = self._folder.path / f"{entry.file}.json"
                raise damaged(path, "it describes no table") from error
        return self._schemas[key]

    fresh_schema = known_schema = schema

    def fields(self, base_id: str, table_id: str) -> list[Field]:
        """Return the fields of a table that became columns."""
        return [column.field for column in self.schema(base_id, table_id).columns]

    known_fields = fields

    def views(self, base_id: str, table_id: str) -> list[ViewInfo]:
        """Return nothing: a snapshot keeps no views."""
        del base_id, table_id
        return []

    def view(self, base_id: str, table_id: str, view_id: str) -> View:
        """Raise a QueryError: a snapshot keeps no views."""
        del base_id, table_id
        refuse_view(view_id)

    def tables(self, base_id: str) -> list[TableInfo]:
        """Return the tables of a base."""
        return [
            TableInfo(entry.table_id, entry.name, entry.revision)
            for entry in self._manifest.tables
            if entry.base_id == base_id
        ]

    known_tables = tables

    def schema_age(self, base_id: str, table_id: str) -> float:
        """Return how many seconds ago the table was looked at last."""
        checked = dt.datetime.fromisoformat(self.entry(base_id, table_id).checked_at)
        return (dt.datetime.now(dt.UTC) - checked).total_seconds()

    def prefetch(self, tables: Iterable[CatalogTable]) -> list[object]:
        """Return that nothing could not be read."""
        del tables
        return []


def refuse_view(view: str) -> NoReturn:
    """Raise the error for a view of a snapshot."""
    msg = f"A snapshot keeps no views, so the rows of view {view!r} are not known."
    raise QueryError(msg, hint="Say it as a condition (where=…), or read the live table.")


class StoredCatalog:
    """The one database of a snapshot and its tables; never calls."""

    def __init__(self, manifest: Manifest, metadata: StoredMetadata) -> None:
        self._metadata = metadata
        self._database = CatalogDatabase(
            name=manifest.database,
            sql_name=manifest.sql_name,
            base_id=manifest.base_id,
            source=_SOURCE,
            url=manifest.url,
        )
        self._tables = tuple(
            CatalogTable(
                database=manifest.sql_name,
                name=entry.name,
                sql_name=entry.sql_name,
                base_id=entry.base_id,
                table_id=entry.table_id,
                revision=entry.revision,
                source=_SOURCE,
                url=entry.url,
            )
            for entry in manifest.tables
        )

    def databases(self) -> tuple[CatalogDatabase, ...]:
        """Return the database."""
        return (self._database,)

    known_databases = databases

    def unreadable(self) -> list[object]:
        """Return nothing: everything can be read."""
        return []

    def database(self, reference: str) -> CatalogDatabase:
        """Return the database by its id, name or SQL name.

        Raises:
            NotFound: when it is called otherwise.
        """
        found = pick(self.databases(), reference)
        if found is None:
            kind = "database"
            raise no_such(kind, reference, "in this snapshot", [self._database.name])
        return found

    def tables_of(self, database: CatalogDatabase) -> tuple[CatalogTable, ...]:
        """Return the tables of the database."""
        del database  # there is one
        return self._tables

    def known_tables(self, database: CatalogDatabase) -> int:
        """Return how many tables the database has."""
        return len(self.tables_of(database))

    def all_tables(self) -> list[tuple[CatalogDatabase, tuple[CatalogTable, ...]]]:
        """Return the database with its tables."""
        return [(self._database, self._tables)]

    def table_in(self, database: CatalogDatabase, reference: str) -> CatalogTable:
        """Return a table by its id, name or SQL name.

        Raises:
            NotFound: when there is none; the hint names similar ones.
        """
        found = pick(self._tables, reference)
        if found is None:
            kind, names = "table", [table.name for table in self._tables]
            raise no_such(kind, reference, f'in the snapshot of "{database.name}"', names)
        return found

    def tables(self, database: str) -> tuple[CatalogTable, ...]:
        """Return the tables of the database, given its SQL name.

        Raises:
            NotFound: when it is called otherwise.
        """
        return self.tables_of(self.database(database))

    def find_tables(self, database: str) -> tuple[CatalogTable, ...] | None:
        """Return the tables of the database, given its SQL name; None for another name."""
        same = name_key(database) == name_key(self._database.sql_name)
        return self._tables if same else None

    def table(self, database: str, name: str) -> CatalogTable:
        """Return a table, given SQL names.

        Raises:
            NotFound: when there is no such database or table.
        """
        found = pick_sql(self.tables(database), name)
        return found or self.table_in(self._database, name)

    def schema(self, table: CatalogTable, *, fresh: bool = False) -> TableSchema:
        """Return the columns of a table.

        Raises:
            SnapshotError: when its schema file is damaged.
        """
        del fresh  # nothing changes
        return self._metadata.schema(table.base_id, table.table_id)

    def refresh(self) -> None:
        """Do nothing: a snapshot does not change."""
