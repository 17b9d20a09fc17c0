"""The protocol that every catalogue speaks, and its two records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from larkbase_sdk.catalog.sources import SourcedDatabase
    from larkbase_sdk.schema.glue import GlueColumn
    from larkbase_sdk.schema.table_schema import TableSchema


@dataclass(frozen=True, slots=True)
class CatalogDatabase:
    """A database under the name by which it is addressed: usually a Lark base.

    Attributes:
        name: Its name where it was found; unique within a catalogue.
        sql_name: Its name in SQL.
        base_id: Token of the base; empty when its tables lie in several bases.
        source: Where it was found, in words: ``link``, ``folder fldcn…``, ``glue``.
        url: A link that opens it in Lark, or "".
        content: What its source says of its tables; None for a Glue database.
    """

    name: str
    sql_name: str
    base_id: str
    source: str
    url: str = ""
    content: SourcedDatabase | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class CatalogTable:
    """A table of a database.

    Attributes:
        database: SQL name of the database.
        name: The table's name where it was found; for Glue its name there.
        sql_name: Its name in SQL, unique within the database.
        base_id: Token of the base that holds it.
        table_id: Id of the table.
        revision: Lark's revision when it was listed, 0 when unknown.
        source: Where it was found, in words.
        url: A link that opens it in Lark, or "".
        declared: The columns that Glue declares, which are binding; None when the columns are
            those that Lark lists.
        volatile: Whether its fields are read anew for every schema.
    """

    database: str
    name: str
    sql_name: str
    base_id: str
    table_id: str
    revision: int = 0
    source: str = ""
    url: str = ""
    declared: tuple[GlueColumn, ...] | None = field(default=None, repr=False, compare=False)
    volatile: bool = False


class Catalog(Protocol):
    """Where databases and tables are found; names are compared without regard to letter case.

    Every method may call the network. What was read is remembered for ``options.metadata_ttl``
    seconds, and read again when a name is asked for that is not in it.
    """

    def databases(self) -> Sequence[CatalogDatabase]:
        """Return every database. Reads no field lists.

        Warns:
            SourceSkipped: for what could not be read; the rest is returned.
        """

    def tables(self, database: str) -> Sequence[CatalogTable]:
        """Return the tables of a database, given its SQL name. Reads no field lists.

        Raises:
            NotFound: when the catalogue has no such database.
        """

    def table(self, database: str, name: str) -> CatalogTable:
        """Return one table, given SQL names.

        Raises:
            NotFound: when there is no such database or table.
        """

    def schema(self, table: CatalogTable, *, fresh: bool = False) -> TableSchema:
        """Return the schema of a table of this catalogue: from Lark's fields or Glue's columns.

        Args:
            table: What ``tables`` or ``table`` returned.
            fresh: Read the table's fields again, as after a column was missed.

        Raises:
            LarkBaseError: Lark's error about the table.
        """

    def refresh(self) -> None:
        """Forget what is remembered."""
