"""The tree of an explorer: databases, their tables, the views of those; read as it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from larkbase_sdk.display import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from larkbase_sdk.api.models import ViewInfo
    from larkbase_sdk.notebook.contents import Contents
    from larkbase_sdk.table import Database, Table

MOST_SHOWN = 200
"""Tables of a database that are shown before somebody searches."""

SEARCH_ON = ("more", "tables")
"""Key of the line that looks into the databases whose tables are not listed yet."""

ALL_ROWS = ""
"""Stands for a view id where no view is wanted."""

Kind = Literal["database", "table", "views", "view", "more", "note"]
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the tree.

    Attributes:
        kind: What it is; ``more`` looks further, ``note`` only says something.
        key: What tells it apart from all others.
        label: What it is called.
        level: How far it is indented, from 0.
        opened: Whether what is below it is shown; None when there is nothing below it.
    """

    kind: Kind
    key: Key
    label: str
    level: int = 0
    opened: bool | None = None


class Tree:
    """What is known and open of the databases, tables and views; ``nodes`` never calls.

    Attributes:
        search: A text that names of tables, or of their databases, have to hold.
    """

    def __init__(self, contents: Contents) -> None:
        self.search = ""
        self._contents = contents
        self.read()

    def read(self) -> None:
        """List the databases, and forget what was open."""
        self._databases = {item.name: item for item in self._contents.databases()}
        self._tables: dict[str, dict[str, str]] = {}
        self._views: dict[Key, list[ViewInfo]] = {}
        self._open: set[Key] = set()
        self._offered: Key = ()

    def read_on(self) -> None:
        """List the databases of all places; what is open stays open."""
        self._contents.read_on()
        self._databases = {item.name: item for item in self._contents.databases()}

    def database(self, name: str) -> Database:
        """Return a database of the tree; no call."""
        return self._databases[name]

    @property
    def unopened(self) -> list[str]:
        """Names of the databases whose tables are not listed yet."""
        return [name for name in self._databases if name not in self._tables]

    def list_tables(self, names: Sequence[str]) -> None:
        """List the tables of some databases: one call per 100 tables of each."""
        for name in names:
            if name not in self._tables:
                rows = self._databases[name].tables.rows()
                self._tables[name] = {str(row["id"]): str(row["name"]) for row in rows}

    def toggle_database(self, name: str) -> None:
        """Open a database, or close it again; the first time its tables are listed."""
        self.list_tables([name])
        self._open ^= {("database", name)}

    def open_database(self, name: str) -> None:
        """Open a database."""
        if ("database", name) not in self._open:
            self.toggle_database(name)

    def offer_views(self, name: str, table_id: str) -> None:
        """Show below a table that it has views, but not yet which; no call."""
        self._offered = ("views", name, table_id)

    def toggle_views(self, name: str, table: Table) -> None:
        """Open the views of a table, or close them again; the first time they are listed."""
        key = ("views", name, table.id)
        if key not in self._views:
            self._views[key] = list(table.views)
        self._open ^= {key}

    def view(self, database: str, table: str, view_id: str) -> ViewInfo | None:
        """Return a view of the tree, or None for all rows; no call."""
        views = self._views[("views", database, table)]
        return next((view for view in views if view.view_id == view_id), None)

    # -- what is shown -------------------------------------------------------------------------

    def nodes(self) -> list[Node]:
        """Return the lines of the tree from top to bottom; no call."""
        found = [node for name in self._databases for node in self._database_nodes(name)]
        if self.search and self.unopened:
            count = len(self.unopened)
            label = f"Search {counted(count, 'more database')} ({counted(count, 'call')})"
            found.append(Node("more", SEARCH_ON, label))
        if self._contents.unread():
            found.append(Node("more", ("more", "sources"), f"Look into {self._contents.unread()}"))
        return found or [Node("note", ("note",), self._nothing())]

    def _nothing(self) -> str:
        if self.search:
            return f'Nothing is called "{self.search}".'
        return "No database is known. Paste the link of a base: lark.add(link)"

    def _database_nodes(self, name: str) -> Iterator[Node]:
        tables = self._tables.get(name, {})
        by_name = self._matches(name)
        wanted = [key for key, title in tables.items() if by_name or self._matches(title)]
        if not by_name and not wanted:
            return
        opened = ("database", name) in self._open or bool(self.search and wanted)
        yield Node("database", ("database", name), name, 0, opened)
        if opened:
            for table_id in wanted[:MOST_SHOWN]:
                yield Node("table", ("table", name, table_id), tables[table_id], 1)
                yield from self._view_nodes(name, table_id)
            if len(wanted) > MOST_SHOWN:
                label = f"… and {len(wanted) - MOST_SHOWN} more: search for their names"
                yield Node("note", ("note", name), label, 1)

    def _view_nodes(self, name: str, table_id: str) -> Iterator[Node]:
        """Yield the views of the table whose views may be looked at."""
        key = ("views", name, table_id)
        if key not in self._open and key != self._offered:
            return
        yield Node("views", key, "Views", 2, key in self._open)
        if key in self._open:
            yield Node("view", ("view", name, table_id, ALL_ROWS), "All rows", 3)
            for view in self._views[key]:
                yield Node("view", ("view", name, table_id, view.view_id), view.name, 3)

    def _matches(self, title: str) -> bool:
        return self.search.strip().lower() in title.lower()
