"""What an explorer looks into: a client, one of its databases, or a snapshot."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

from larkbase_sdk.client import Lark
from larkbase_sdk.notebook.statements import reference
from larkbase_sdk.snapshot.snapshot import Snapshot
from larkbase_sdk.sql.identifiers import identifier
from larkbase_sdk.sql.session import quoted
from larkbase_sdk.table import Database, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from larkbase_sdk.sql.result import Result


class Contents(Protocol):
    """What an explorer looks into."""

    @property
    def title(self) -> str:
        """What is explored, in words."""

    @property
    def has_views(self) -> bool:
        """Whether tables can have views."""

    @property
    def python_sql(self) -> str:
        """The Python expression of the function that answers SQL."""

    def databases(self) -> Sequence[Database]:
        """Return the databases that are worth a look at once; may call the network."""

    def unread(self) -> str:
        """Name the places where further databases may be; empty when there are none. No call."""

    def read_on(self) -> None:
        """Look into those places too, so that ``databases`` returns what is there."""

    def refresh(self) -> None:
        """Forget what is remembered; no call."""

    def sql(self, text: str) -> Result:
        """Answer a statement over all databases, and no variables."""

    def view_source(self, table: Table, view_id: str) -> str:
        """Return what stands after FROM for a view of a table; no call."""

    def python_source(self, table: Table) -> str:
        """Return the Python expression that gives a table; no call while lists are remembered."""

    def watched(self, heard: Callable[[float, str], None]) -> AbstractContextManager[None]:
        """Tell ``heard`` the seconds and the reason of each wait meanwhile."""


def contents_of(explored: Lark | Database | Table | Snapshot) -> Contents:
    """Return what an explorer of this object looks into; no call.

    Raises:
        TypeError: when it has no tables.
    """
    database = explored.database if isinstance(explored, Table) else explored
    # The tables of a snapshot have it in the place of a client, so the types say too little.
    client: object = database.lark if isinstance(database, Database) else database
    if isinstance(client, Snapshot):
        return SnapshotContents(client)
    if isinstance(client, Lark):
        return LarkContents(client, database if isinstance(database, Database) else None)
    msg = f"A {type(explored).__name__} cannot be explored."
    raise TypeError(msg)


def table_source(table: Table) -> str:
    """Return the name of a table in SQL, as it stands after FROM; no call."""
    return f"{identifier(table.database.sql_name)}.{identifier(table.sql_name)}"


def _name_or_id(table: Table) -> str:
    """Return the table's name, or its id where another table has the same name."""
    same = [item for item in table.database.catalog_tables() if item.name == table.name]
    return table.name if len(same) == 1 else table.id


class LarkContents:
    """The databases of a client, or only one of them."""

    has_views = True
    python_sql = "lark.sql"

    def __init__(self, lark: Lark, only: Database | None = None) -> None:
        self._lark = lark
        self._only = only

    @property
    def title(self) -> str:
        """The platform, or the database."""
        return f"Lark {self._lark.domain}" if self._only is None else self._only.name

    def databases(self) -> Sequence[Database]:
        """Return the databases that are known, else those of the sources that were asked for."""
        if self._only is not None:
            return [self._only]
        catalog = self._lark.catalog
        known = catalog.known_databases()
        found = catalog.databases_asked_for() if known is None else known
        return [Database(self._lark, item) for item in found]

    def unread(self) -> str:
        """Name the Drive root while nobody looked into it."""
        unread = self._only is None and self._lark.catalog.known_databases() is None
        return "the Drive root" if unread else ""

    def read_on(self) -> None:
        """List the databases of every source."""
        self._lark.catalog.databases()

    def refresh(self) -> None:
        """Forget all metadata of the client."""
        self._lark.refresh()

    def sql(self, text: str) -> Result:
        """Answer a statement over the databases of the client."""
        return self._lark.sql(text, variables={})

    def view_source(self, table: Table, view_id: str) -> str:
        """Return the view's link, since a view has no name in SQL."""
        own = f"{self._lark.api.domain.origin}/base/{table.base_id}?table={table.id}"
        return quoted(f"{table.url or own}&view={view_id}")

    def python_source(self, table: Table) -> str:
        """Return the call that looks the table up."""
        return f"lark.table({reference(table.database.name, _name_or_id(table))!r})"

    def watched(self, heard: Callable[[float, str], None]) -> AbstractContextManager[None]:
        """Tell of the client's waits."""
        return self._lark.api.http.watched(heard)


class SnapshotContents:
    """The database of a snapshot; never calls."""

    has_views = False
    python_sql = "snap.sql"

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    @property
    def title(self) -> str:
        """The snapshot's database and when it was written."""
        return f"Snapshot of {self._snapshot.name}, {self._snapshot.manifest.written_at}"

    def databases(self) -> Sequence[Database]:
        """Return the one database."""
        return [self._snapshot.default_database()]

    def unread(self) -> str:
        """Name nothing."""
        return ""

    def read_on(self) -> None:
        """Do nothing: everything is there."""

    def refresh(self) -> None:
        """Do nothing: a snapshot does not change."""

    def sql(self, text: str) -> Result:
        """Answer a statement over the stored tables."""
        return self._snapshot.sql(text, variables={})

    def view_source(self, table: Table, view_id: str) -> str:
        """Return the table: a snapshot keeps no views."""
        del view_id
        return table_source(table)

    def python_source(self, table: Table) -> str:
        """Return the lookup of the table."""
        return f"snap.tables[{_name_or_id(table)!r}]"

    def watched(self, heard: Callable[[float, str], None]) -> AbstractContextManager[None]:
        """Tell nothing: there is nothing to wait for."""
        del heard
        return nullcontext()
