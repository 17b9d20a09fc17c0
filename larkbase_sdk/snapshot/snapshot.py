"""A snapshot that is open: databases, tables and SQL as of a live client, without the network."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from larkbase_sdk.accessors import DatabaseMap, search
from larkbase_sdk.api.links import is_link, parse_link
from larkbase_sdk.api.stats import CallStats
from larkbase_sdk.catalog.names import split_reference, unquote
from larkbase_sdk.display import escape, html_card, html_table, printable, text_table
from larkbase_sdk.errors import NotFound, QueryError, SnapshotError
from larkbase_sdk.options import options as process_options
from larkbase_sdk.snapshot.folder import Folder
from larkbase_sdk.snapshot.manifest import damaged
from larkbase_sdk.snapshot.scan import SnapshotDatabase, SnapshotTable
from larkbase_sdk.snapshot.stored import StoredCatalog, StoredMetadata
from larkbase_sdk.snapshot.tables import SnapshotTableMap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from larkbase_sdk import Explorer
    from larkbase_sdk.client import Lark
    from larkbase_sdk.options import Options
    from larkbase_sdk.schema.table_schema import TableSchema
    from larkbase_sdk.snapshot.diff import SnapshotDiff
    from larkbase_sdk.sql.engine import SqlEngine
    from larkbase_sdk.sql.plan import SqlPlan
    from larkbase_sdk.sql.result import Result
    from larkbase_sdk.table import Database


def open_snapshot(folder: str | Path, *, options: Options | None = None) -> Snapshot:
    """Open a snapshot; no call, now or later.

    Example:
        >>> snap = open_snapshot("data/crm")
        >>> snap.tables["Orders"].to_pandas(where="status = 'Open'")
        >>> snap.sql("SELECT status, count(*) FROM crm.orders GROUP BY 1")

    Args:
        folder: The folder that ``db.snapshot(folder)`` wrote.
        options: Options of its reads; those of the process when None. Names and types of columns
            are those with which the snapshot was taken.

    Raises:
        SnapshotError: when there is no complete snapshot, a file of it is missing or damaged, or
            a newer version wrote it.
    """
    return Snapshot(Path(folder).expanduser(), options or process_options)


class Snapshot:
    """The stored tables of a database; made by ``open_snapshot`` and ``db.snapshot``.

    It offers what a client and a database offer: ``databases``, ``tables``, ``table()``, ``sql()``.

    Attributes:
        manifest: What it holds, and when and how each table was read.
        metadata: The stored fields.
        catalog: The stored names.
        options: Options of its reads.
        folder: Its files.
    """

    def __init__(self, path: Path, options: Options) -> None:
        self.folder = Folder(path)
        self.manifest = self.folder.whole_manifest()
        self.options = options
        self.metadata = StoredMetadata(self.folder, self.manifest)
        self.catalog = StoredCatalog(self.manifest, self.metadata)
        self.stats = CallStats()

    def as_client(self) -> Lark:
        """Return itself as the client of its tables, of which they use what is here too."""
        return cast("Lark", self)

    # -- looking around ------------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """The folder."""
        return self.folder.path

    @property
    def name(self) -> str:
        """Name of the database."""
        return self.manifest.database

    @property
    def identity(self) -> str:
        """Who took the snapshot."""
        return self.manifest.identity

    @property
    def domain(self) -> str:
        """The service that it was taken from."""
        return self.manifest.domain

    @cached_property  # IPython completes behind it, which it does not behind a property
    def databases(self) -> DatabaseMap:
        """Its one database, by name."""
        return DatabaseMap(self.as_client())

    @cached_property
    def tables(self) -> SnapshotTableMap:
        """Its tables, by name."""
        return SnapshotTableMap(self.default_database())

    @property
    def schema(self) -> dict[str, TableSchema]:
        """The columns of every table, by the table's name.

        Raises:
            SnapshotError: when a schema file is missing or damaged.
        """
        return {name: table.schema for name, table in self.tables.items()}

    def default_database(self) -> SnapshotDatabase:
        """Return its one database."""
        return SnapshotDatabase(self.as_client(), self.catalog.databases()[0])

    def database(self, reference: str, *, refresh: bool = False) -> Database:
        """Return its database by name, SQL name, id or link.

        Raises:
            NotFound: when it is the snapshot of another one.
        """
        del refresh  # a snapshot does not change
        name = parse_link(reference).token if is_link(reference) else unquote(reference)
        return SnapshotDatabase(self.as_client(), self.catalog.database(name))

    def table(self, reference: str, *, refresh: bool = False) -> SnapshotTable:
        """Return a table by name, ``"Database.Table"``, id or link.

        Raises:
            NotFound: when the snapshot has no such table; the hint names similar ones.
        """
        del refresh  # a snapshot does not change
        own = self.default_database()
        if is_link(reference):
            return own.table(reference)
        for database, table in split_reference(reference):
            try:
                self.catalog.database(database)
                return own.table(table)
            except NotFound:
                continue
        return own.table(unquote(reference))

    def search(self, text: str) -> list[tuple[str, str, str]]:
        """Return (database, table, field or "") whose name holds ``text``, case ignored."""
        return search(self.as_client(), text)

    def known_rows(self, base_id: str, table_id: str) -> int:
        """Return the number of rows of a table."""
        return self.metadata.entry(base_id, table_id).rows

    def remember_rows(self, base_id: str, table_id: str, rows: int) -> None:
        """Do nothing: the rows are known."""

    def refresh(self) -> None:
        """Do nothing: a snapshot does not change; open it again after a new one was taken."""

    @property
    def api(self) -> NoReturn:
        """Raise a SnapshotError: a snapshot does not call Lark."""
        msg = "A snapshot holds rows only; this needs Lark itself."
        raise SnapshotError(msg, hint="Use the live table: larkbase.connect().table(…).")

    def take_snapshot(self, *_: Any, **__: Any) -> NoReturn:
        """Raise a SnapshotError: a snapshot of a snapshot would say nothing new."""
        msg = "This is a snapshot already."
        raise SnapshotError(msg, hint="Copy its folder.")

    plan_snapshot = take_snapshot

    # -- asking --------------------------------------------------------------------------------

    def sql(
        self,
        text: str,
        params: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        variables: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Result:
        """Answer an SQL statement of DuckDB over the stored tables, local DataFrames and files.

        The same texts as for ``lark.sql``; a table may also be named without its database.

        Args:
            text: One statement that asks something.
            params: Values for ``?`` (a list) or ``$name`` (a dict).
            variables: Where names without a database are looked up, instead of the variables of
                the caller.
            limit: Rows at most, whatever the statement says.

        Raises:
            QueryError: an unknown table or column, or SQL that cannot be answered.
            SnapshotError: when a file is missing or damaged.
        """
        from larkbase_sdk.sql.variables import variables_of_caller

        if variables is None:
            variables = variables_of_caller()
        try:
            return self._engine().run(text, params, variables=variables, limit=limit)
        except QueryError as error:
            self._blame_files(error)
            raise

    def explain(
        self,
        text: str,
        params: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        variables: Mapping[str, Any] | None = None,
    ) -> SqlPlan:
        """Return how ``sql`` would answer a statement; the arguments and errors are its own."""
        from larkbase_sdk.sql.variables import variables_of_caller

        if variables is None:
            variables = variables_of_caller()
        return self._engine().explain(text, params, variables=variables)

    def _blame_files(self, error: QueryError) -> None:
        """Raise a SnapshotError when a statement failed because a file is damaged."""
        if "IOError" not in error.message:
            return
        for entry in self.manifest.tables:
            if not self.folder.is_whole(entry):
                raise damaged(self.folder.rows_file(entry), error.message) from error

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Return a DuckDB connection with every table attached, for tools that want one."""
        return self._engine().connection()

    def _engine(self) -> SqlEngine:
        from larkbase_sdk.snapshot.sql import SnapshotTables
        from larkbase_sdk.sql.engine import SqlEngine

        return SqlEngine(SnapshotTables(self))

    def explore(self) -> Explorer:
        """Return a widget to look around in the stored tables; no call."""
        from larkbase_sdk import Explorer

        return Explorer(self)

    def diff(self, before: str | Path | Snapshot | Database) -> SnapshotDiff:
        """Return what is new, gone and changed in this snapshot, compared with an earlier state.

        Tables are recognised by their ids, rows by their record ids and columns by their field
        ids, so that renaming one is not losing it.

        Args:
            before: Folder of the earlier snapshot, an open one, or a live database, which is read.

        Raises:
            SnapshotError: when a snapshot cannot be read.
        """
        from larkbase_sdk.snapshot.diff import diff

        return diff(before, self)

    # -- displays ------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return printable(f"{self._title()}\n{text_table(self.tables.rows(), empty='(no tables)')}")

    def _title(self) -> str:
        return f"Snapshot of {self.name} in {self.path}, written {self.manifest.written_at}"

    def _repr_html_(self) -> str:
        note = "<p>Each table was read at its own time.</p>"
        table = html_table(self.tables.rows(), empty="(no tables)")
        return html_card(escape(self._title()), note, table)
