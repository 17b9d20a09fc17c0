"""SELECT statements answered over tables in memory, as Athena would answer them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from sqlglot import exp

DEFAULT_CATALOG = "AwsDataCatalog"
DEFAULT_DATABASE = "default"
_QUERY_WORDS = ("select", "with", "values", "(")
_ATHENA_TYPES = {"TIMESTAMP": "timestamp", "TIMESTAMP WITH TIME ZONE": "timestamp with time zone"}


class MalformedStatementError(Exception):
    """A text that is no SQL; Athena refuses to start it."""


class StatementError(Exception):
    """A statement that Athena starts and then reports as failed; the text is the reason."""


class UnknownCatalogError(StatementError):
    """A statement about a catalogue that has no tables here.

    Attributes:
        catalog: Its name as written.
    """

    def __init__(self, catalog: str) -> None:
        super().__init__(f"CATALOG_NOT_FOUND: Catalog '{catalog}' does not exist")
        self.catalog = catalog


@dataclass(frozen=True, slots=True)
class Result:
    """What a statement yields: names and Athena types of the columns, and text or None per cell."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str | None, ...], ...]

    @classmethod
    def of_values(cls, names: Sequence[str], rows: Sequence[Sequence[object]]) -> Result:
        """Return a result of text columns, its values written as Athena writes them."""
        return cls(tuple((name, "varchar") for name in names), _texts(rows))


@dataclass(frozen=True, slots=True)
class Session:
    """What unqualified table names belong to."""

    catalog: str = DEFAULT_CATALOG
    database: str = DEFAULT_DATABASE


class TableStore:
    """Tables in memory by catalogue, database and name, none of which heeds letter case."""

    def __init__(self) -> None:
        self._tables: dict[tuple[str, ...], pa.Table] = {}

    def clear(self) -> None:
        """Forget every table."""
        self._tables.clear()

    def add(
        self, path: Sequence[str], rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None
    ) -> None:
        """Keep a table under (catalogue, database, name), in place of an older one."""
        import pyarrow as pa

        names = columns or list(dict.fromkeys(key for row in rows for key in row))
        arrays = [pa.array([row.get(name) for row in rows]) for name in names]
        typed = [
            array.cast(pa.string()) if pa.types.is_null(array.type) else array for array in arrays
        ]
        self._tables[_key(path)] = pa.table(typed, names=list(names))

    def select(self, sql: str, parameters: Sequence[str], session: Session) -> Result:
        """Return the answer to a SELECT.

        Args:
            sql: Trino SQL with ``?`` for each parameter.
            parameters: SQL literals, as the caller wrote them.
            session: Catalogue and database of names without any.

        Raises:
            MalformedStatementError: The text is no SQL.
            StatementError: It is, but fails: tables, columns or parameters that do not fit, or
                a statement other than a query.
        """
        tree = _parse_query(_bind(sql, parameters))
        used = self._resolve_tables(tree, session)
        return _run(tree.sql("duckdb"), used)

    def _resolve_tables(self, tree: exp.Expr, session: Session) -> dict[str, pa.Table]:
        """Give every table of the statement a plain name, and return the tables by that name."""
        from sqlglot import exp

        local = {common.alias for common in tree.find_all(exp.CTE)}
        used = {}
        for table in list(tree.find_all(exp.Table)):
            is_function = not isinstance(table.this, exp.Identifier)
            if is_function or (not table.db and table.name in local):
                continue
            path = (table.catalog or session.catalog, table.db or session.database, table.name)
            plain = ".".join(_key(path))
            used[plain] = self._find(path)
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.alias_or_name)))
            table.set("this", exp.to_identifier(plain, quoted=True))
            table.set("db", None)
            table.set("catalog", None)
        for column in tree.find_all(exp.Column):
            column.set("db", None)
            column.set("catalog", None)
        return used

    def _find(self, path: tuple[str, str, str]) -> pa.Table:
        key = _key(path)
        if key in self._tables:
            return self._tables[key]
        catalogs = {found[0] for found in self._tables} | {DEFAULT_CATALOG.lower()}
        if key[0] not in catalogs:
            raise UnknownCatalogError(path[0])
        if key[:2] not in {found[:2] for found in self._tables}:
            msg = f"SCHEMA_NOT_FOUND: Schema '{key[1]}' does not exist"
        else:
            msg = f"TABLE_NOT_FOUND: Table '{'.'.join(key)}' does not exist"
        raise StatementError(msg)


def _key(path: Sequence[str]) -> tuple[str, ...]:
    return tuple(part.lower() for part in path)


def _bind(sql: str, parameters: Sequence[str]) -> str:
    """Put each parameter, a SQL literal, in the place of its question mark."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        tokens = sqlglot.tokenize(sql, read="trino")
    except SqlglotError as error:
        raise MalformedStatementError(str(error)) from error
    places = [token for token in tokens if token.token_type.name == "PLACEHOLDER"]
    if len(places) != len(parameters):
        counts = f"expected {len(places)} but found {len(parameters)}"
        msg = f"INVALID_PARAMETER_USAGE: Incorrect number of parameters: {counts}"
        raise StatementError(msg)
    for token, parameter in reversed(list(zip(places, parameters, strict=True))):
        sql = sql[: token.start] + _literal(parameter) + sql[token.end + 1 :]
    return sql


def _literal(parameter: str) -> str:
    """Return a parameter as SQL when it is one literal and nothing else."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(parameter, read="trino")
    except SqlglotError as error:
        msg = f"SYNTAX_ERROR: The execution parameter {parameter} is not valid SQL"
        raise StatementError(msg) from error
    if isinstance(tree, exp.Column):
        msg = f"COLUMN_NOT_FOUND: Column '{parameter}' cannot be resolved"
        raise StatementError(msg)
    signed = tree.this if isinstance(tree, exp.Neg | exp.Cast) else tree
    if not isinstance(signed, exp.Literal | exp.Boolean | exp.Null):
        msg = f"SYNTAX_ERROR: The execution parameter {parameter} is not a literal"
        raise StatementError(msg)
    return tree.sql("trino", comments=False)


def _parse_query(sql: str) -> exp.Expr:
    import sqlglot
    from sqlglot.errors import SqlglotError

    if not sql.lstrip().lower().startswith(_QUERY_WORDS):
        msg = "NOT_SUPPORTED: The emulator answers queries only; register an answer for others"
        raise StatementError(msg)
    try:
        trees = sqlglot.parse(sql, read="trino")
    except SqlglotError as error:
        raise MalformedStatementError(str(error)) from error
    if len(trees) != 1 or trees[0] is None:
        msg = "Only one sql statement is allowed."
        raise MalformedStatementError(msg)
    return trees[0]


def _run(sql: str, tables: Mapping[str, pa.Table]) -> Result:
    import duckdb

    # Without access to files, as a name could otherwise read one.
    with duckdb.connect(":memory:", config={"enable_external_access": "false"}) as connection:
        for name, table in tables.items():
            connection.register(name, table)
        try:
            cursor = connection.execute(sql)
            columns = tuple((name, _type(kind)) for name, kind, *_ in cursor.description or ())
            return Result(columns, _texts(cursor.fetchall()))
        except duckdb.Error as error:
            reason = str(error).partition("\n")[0]
            code = "COLUMN_NOT_FOUND" if "Referenced column" in reason else "GENERIC_USER_ERROR"
            msg = f"{code}: {reason}"
            raise StatementError(msg) from error


def _type(kind: object) -> str:
    name = str(kind)
    return _ATHENA_TYPES.get(name, name.lower())


def _texts(rows: Sequence[Sequence[object]]) -> tuple[tuple[str | None, ...], ...]:
    return tuple(tuple(_text(value) for value in row) for row in rows)


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "milliseconds")
    return str(value)
