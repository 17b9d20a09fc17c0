"""One query: the tables that it names, and its text once they are known by other names."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from larkbase_sdk.errors import QueryError
from larkbase_server.local.trino_dialect import parse_query, plain_literals, to_duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from larkbase_sdk.read.constants import SqlNode
    from larkbase_server.local.domains import Domain
    from larkbase_server.protocol.constraints import OrderByField

ANONYMOUS = "lambda:"
"""How a catalogue is named that is not registered: ``"lambda:my-function"``."""

FILE_SUFFIXES = {".parquet": "read_parquet", ".csv": "read_csv", ".json": "read_json",
                 ".ndjson": "read_json"}  # fmt: skip
"""DuckDB's reader of a local file, by the suffix of its name."""


@dataclass(frozen=True, slots=True)
class TablePath:
    """A table as messages name it, in lower case but for the name of a function."""

    catalog: str
    schema: str
    table: str

    def __str__(self) -> str:
        return f"{self.catalog}.{self.schema}.{self.table}"


@dataclass(slots=True, eq=False)
class TableUse:
    """One place where a query names a federated table, and what may be handed over there.

    Attributes:
        path: The table.
        view: Name under which the engine finds it.
        domains: Values wanted, by column; all of them at the same time.
        kept: Conditions beside them that the engine applies, as text.
        limit: Rows wanted of each split, or None.
        order: The order in which the limit counts.
        counted: Whether only the number of its rows matters.
    """

    path: TablePath
    view: str
    domains: dict[str, Domain] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    limit: int | None = None
    order: tuple[OrderByField, ...] = ()
    counted: bool = False


class Statement:
    """A query in Athena's SQL.

    Args:
        sql: Its text.
        catalog: Catalogue of tables that are named without one.
        database: Database of tables that are named without one.

    Attributes:
        tree: The parsed query; ``push_down`` takes out of it what connectors do.
        uses: The places where it names federated tables, with their nodes in the tree.

    Raises:
        QueryError: the text is no single query.
    """

    def __init__(self, sql: str, catalog: str, database: str) -> None:
        self.tree = plain_literals(parse_query(sql))
        self._defaults = (catalog, database)
        self.uses: list[tuple[SqlNode, TableUse]] = []
        for node in self._tables():
            path = self._path(node)
            self.uses.append((node, TableUse(path, f"{path}#{len(self.uses) + 1}")))

    def to_duckdb(self) -> str:
        """Return the text for DuckDB, with the views in the place of the tables.

        Raises:
            QueryError: it holds something that DuckDB has no word for.
        """
        from sqlglot import exp

        self._shorten_columns()
        for node, use in self.uses:
            if not node.alias:
                node.set("alias", exp.TableAlias(this=exp.to_identifier(node.name, quoted=True)))
            node.set("this", exp.to_identifier(use.view, quoted=True))
            node.set("db", None)
            node.set("catalog", None)
        return to_duckdb(self.tree)

    def _tables(self) -> Iterator[SqlNode]:
        """Yield the nodes of federated tables; those of local files become their readers."""
        from sqlglot import exp

        common = {item.alias.lower() for item in self.tree.find_all(exp.CTE)}
        for node in list(self.tree.find_all(exp.Table)):
            if isinstance(node.this, exp.Dot):
                msg = f"{node.sql(dialect='trino')} has too many names for a table."
                raise QueryError(msg, hint="Write catalogue.database.table.")
            if not isinstance(node.this, exp.Identifier):
                continue
            if not node.db and node.name.lower() in common:
                continue
            reader = FILE_SUFFIXES.get(PurePath(node.name).suffix.lower())
            if reader and not node.db:
                _read_file(node, reader)
            else:
                yield node

    def _path(self, node: SqlNode) -> TablePath:
        catalog, database = self._defaults
        named = node.catalog or catalog
        if not named.lower().startswith(ANONYMOUS):
            named = named.lower()
        schema = (node.db or database).lower()
        if schema == "information_schema":
            msg = "The local Athena has no information_schema."
            raise QueryError(msg, hint="Use SHOW TABLES IN database, and DESCRIBE table.")
        return TablePath(named, schema, node.name.lower())

    def _shorten_columns(self) -> None:
        """Take database and catalogue from the names of columns, which only the alias needs."""
        from sqlglot import exp

        named = {(node.db.lower(), node.name.lower()) for node, _ in self.uses if node.db}
        for column in self.tree.find_all(exp.Column):
            if (column.db.lower(), column.table.lower()) in named:
                column.set("db", None)
                column.set("catalog", None)


def _read_file(node: SqlNode, reader: str) -> None:
    from sqlglot import exp

    if not node.alias:
        name = PurePath(node.name).stem
        node.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    node.set("this", exp.Anonymous(this=reader, expressions=[exp.Literal.string(node.name)]))
