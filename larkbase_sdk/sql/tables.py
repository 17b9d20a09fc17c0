"""What the engine needs to know of tables: where they are found and how each is read."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    import pyarrow as pa
    import pyarrow.compute as pc

    from larkbase_sdk.schema.table_schema import TableSchema
    from larkbase_sdk.sql.plan import TableScan
    from larkbase_sdk.sql.shapes import SingleTable


@dataclass(frozen=True, slots=True)
class Ask:
    """What an engine asked a table for: SQL names of columns, and a filter or None."""

    columns: tuple[str, ...]
    condition: pc.Expression | None


@dataclass(slots=True)
class Use:
    """How one statement uses one table; a table that reads by itself may ignore all of it.

    Attributes:
        shape: What the statement gives of this table alone, or None.
        conditions: SQL texts that all hold for every row wanted.
        alone: Whether no other table has a part in the statement, so that nothing but the
            conditions chooses rows.
        expected: What the statement will ask for, when it may ask more than once; else empty.
        scans: What was read, for statistics and explanations; readers add to it.
        ending: What has to be closed when the statement ends; readers add to it.
    """

    shape: SingleTable | None = None
    conditions: Sequence[str] = ()
    alone: bool = True
    expected: Sequence[Ask] = ()
    scans: list[TableScan] = field(default_factory=list)
    ending: ExitStack = field(default_factory=ExitStack)


class SqlTable(Protocol):
    """A table that statements read, under SQL names."""

    @property
    def key(self) -> Hashable:
        """The same for two references to the same rows."""

    @property
    def label(self) -> str:
        """What messages call it, such as ``CRM.Orders``."""

    @property
    def schema(self) -> TableSchema:
        """Its columns; ``record_id`` comes first and is none of them."""

    def dataset(self, use: Use) -> Any:
        """Return what DuckDB scans: a dataset that applies filters, or an Arrow table."""

    def scans_of(self, use: Use) -> list[TableScan]:
        """Return how it would be read for what is expected; at most one call a search."""

    def renew(self) -> bool:
        """Read its fields again unless they are fresh; tell whether they changed."""


class SqlTables(Protocol):
    """Where the tables of statements are found: a client, or a snapshot.

    Implement this and `SqlTable` (or use `StoredTable`), and ``SqlEngine(tables)`` answers SQL.
    An object with a method ``sql_table()`` that returns a `SqlTable` is a table when a variable
    holds it.
    """

    def find(self, database: str, name: str) -> SqlTable:
        """Return a table by SQL names; the database is empty for a table of the default one.

        A name without a database may be a link.

        Raises:
            NotFound: there is none; the hint names similar ones, in SQL.
        """

    def knows(self, name: str) -> bool:
        """Tell whether the default database has this table; may list it, but not again."""

    def everything(self) -> Iterable[tuple[str, str, SqlTable]]:
        """Yield every table with its names; those of the default database with "" as well."""

    def facts(self, name: str) -> pa.Table:
        """Return ``databases``, ``tables`` or ``fields`` of the catalogue as a table."""

    def calls(self) -> int:
        """Return how many calls were made so far, for the difference that a statement makes."""


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table whose rows lie on this machine in a form that DuckDB reads by itself.

    Attributes:
        label: What messages call it.
        schema: Its columns.
        open: Returns a pyarrow dataset or table under SQL names, ``record_id`` first.
    """

    label: str
    schema: TableSchema
    open: Callable[[], Any]

    @property
    def key(self) -> Hashable:
        """This object: another of the same table may hold other rows of it."""
        return id(self)

    def dataset(self, use: Use) -> Any:
        """Return the rows; how the statement uses them makes no difference."""
        del use
        return self.open()

    def scans_of(self, use: Use) -> list[TableScan]:
        """Return that the rows come from this machine; no call."""
        from larkbase_sdk.sql.plan import TableScan

        total = len(self.schema.columns) + 1
        notes = ("read from this machine",)
        return [
            TableScan(self.label, len(ask.columns), total, notes=notes, calls=0)
            for ask in use.expected
        ]

    def renew(self) -> bool:
        """Tell that nothing changes."""
        return False
