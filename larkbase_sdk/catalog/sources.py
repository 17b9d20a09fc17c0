"""What metadata tables and Drive folders name: bases, tables and the databases they belong to.

The connector, the notebook and the crawler read their sources here, so that all of them see the
same databases. Nothing here gives names for SQL; ``unique_names`` does that over all sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from larkbase_sdk.api.models import TableInfo
    from larkbase_sdk.catalog.skipping import Skipped


@dataclass(frozen=True, slots=True)
class SourcedBase:
    """A base, all of whose tables belong to a database unless lists say otherwise.

    Attributes:
        base_id: Token of the base.
        name: Name that the source gives it: of the row, the file or the shortcut.
        include: Ids of the only tables wanted; all when empty.
        exclude: Ids of tables that are never wanted.
        names_tables: Whether tables are named after the base (see ``table_name``).
        url: A link that opens it in Lark, or "".
    """

    base_id: str
    name: str
    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    names_tables: bool = False
    url: str = ""

    def takes(self, table_id: str) -> bool:
        """Tell whether a table is wanted; exclusion wins."""
        return table_id not in self.exclude and (not self.include or table_id in self.include)

    def table_name(self, table: TableInfo, tables: int) -> str:
        """Return the name of one of the base's ``tables`` tables.

        In a sub-folder of Drive the entry stands for its tables: the only table has the name of
        the entry, one of several that name, ``_`` and its own.
        """
        if not self.names_tables:
            return table.name
        return self.name if tables == 1 else f"{self.name}_{table.name}"


@dataclass(frozen=True, slots=True)
class SourcedTable:
    """One table that a row of a metadata table names."""

    base_id: str
    table_id: str
    database: str
    name: str


@dataclass(frozen=True, slots=True)
class SourcedDatabase:
    """A database of a source, before its SQL name is made unique.

    Attributes:
        name: Its name in the source.
        key: Base id or folder token, which tells databases of one name apart.
        bases: Bases that give their tables to it.
        tables: Tables that are listed one by one.
        url: A link that opens it in Lark, or "".
    """

    name: str
    key: str
    bases: tuple[SourcedBase, ...] = ()
    tables: tuple[SourcedTable, ...] = ()
    url: str = ""

    @property
    def content(self) -> tuple[object, ...]:
        """What two databases have in common when they are one: name (case apart) and tables."""
        bases = tuple(
            (base.base_id, base.include, base.exclude, base.name if base.names_tables else "")
            for base in self.bases
        )
        return self.name.lower(), bases, self.tables

    @property
    def base_id(self) -> str:
        """Token of the only base that its tables lie in; empty when there are several."""
        ids = {*(base.base_id for base in self.bases), *(table.base_id for table in self.tables)}
        return next(iter(ids)) if len(ids) == 1 else ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source holds, in its own order, and what of it could not be used."""

    databases: tuple[SourcedDatabase, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedTable:
    """A table of a database under the name that the source gives it."""

    base_id: str
    table_id: str
    name: str
    revision: int = 0
    url: str = ""


class Source(Protocol):
    """Where databases are found."""

    @property
    def text(self) -> str:
        """What the ``source`` column shows."""

    @property
    def label(self) -> str:
        """What messages call it."""

    @property
    def asked_for(self) -> bool:
        """Whether somebody named it; one that nobody named may fail in silence."""

    def __hash__(self) -> int:
        """Sources are told apart by identity."""

    def read(self) -> Listing:
        """Read it anew.

        Raises:
            LarkBaseError: when nothing of it could be read.
        """


def tables_in_rows(database: SourcedDatabase) -> list[ListedTable]:
    """Return the tables that are listed one by one. Makes no call."""
    return [ListedTable(table.base_id, table.table_id, table.name) for table in database.tables]


def tables_of_base(base: SourcedBase, tables: Sequence[TableInfo]) -> Iterator[ListedTable]:
    """Yield the wanted ones of a base's tables. Makes no call.

    Args:
        base: The base as its source names it.
        tables: All tables of the base in Lark's order.
    """
    for table in tables:
        if base.takes(table.table_id):
            name = base.table_name(table, len(tables))
            url = f"{base.url}?table={table.table_id}" if base.url else ""
            yield ListedTable(base.base_id, table.table_id, name, table.revision, url)
