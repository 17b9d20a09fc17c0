"""What each table of a statement is: a Lark table, the catalogue, a variable, or DuckDB's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from larkbase_sdk.api.links import is_link
from larkbase_sdk.errors import NotFound
from larkbase_sdk.scan import Scan
from larkbase_sdk.sql.lark_table import LarkTable
from larkbase_sdk.sql.variables import table_of
from larkbase_sdk.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_sdk.sql.statement import Statement, TableName
    from larkbase_sdk.sql.tables import SqlTable, SqlTables

CATALOGUE = "larkbase"
"""The database whose tables are the catalogue itself."""

_FACTS = ("databases", "tables", "fields")
DUCKDBS_OWN = frozenset({"temp", "system", "information_schema", "pg_catalog"})
"""Names of databases that mean DuckDB's own, whatever a base is called."""
_FILE = re.compile(
    r".*\.(parquet|csv|tsv|txt|json|jsonl|ndjson|xlsx|arrow|db|duckdb|vortex|avro)(\.\w+)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Bound:
    """A table under the names by which the statement knows it.

    Attributes:
        database: As the statement writes it, or "".
        name: As the statement writes it.
        table: A table that the engine reads, or None.
        rows: What DuckDB scans as it is, or None when the table is read by ``table``.
    """

    database: str
    name: str
    table: SqlTable | None = None
    rows: Any = None

    @property
    def columns(self) -> frozenset[str]:
        """Names of its columns in lower case."""
        schema = self.rows.schema if self.table is None else self.table.schema.to_arrow("sql")
        return frozenset(name.lower() for name in schema.names)


@dataclass(frozen=True, slots=True)
class Bindings:
    """The tables of one statement.

    Attributes:
        bound: Those that DuckDB has to be given, each once.
        files: Names that DuckDB finds by itself.
    """

    bound: tuple[Bound, ...]
    files: tuple[str, ...]

    @property
    def tables(self) -> list[SqlTable]:
        """The tables that the engine reads."""
        return [item.table for item in self.bound if item.table is not None]

    @property
    def local(self) -> tuple[str, ...]:
        """Names of variables, and of files."""
        variables = [item.name for item in self.bound if item.table is None and not item.database]
        return (*variables, *self.files)


def bind(statement: Statement, tables: SqlTables, variables: Mapping[str, Any]) -> Bindings:
    """Return what the tables of a statement are; may call the network for the catalogue.

    Raises:
        QueryError: a table is unknown, or a name means two things; the hint points at it.
        LarkBaseError: what a link leads to cannot be used.
    """
    bound: dict[tuple[str, str], Bound] = {}
    files: list[str] = []
    for name in statement.names:
        key = (_folded(name.database), _folded(name.name))
        if key in bound:
            continue
        found = _Binder(statement, tables, variables).bind(name)
        if found is None:
            files.append(name.name)
        else:
            bound[key] = found
    return Bindings(tuple(bound.values()), tuple(dict.fromkeys(files)))


@dataclass(frozen=True, slots=True)
class _Binder:
    statement: Statement
    tables: SqlTables
    variables: Mapping[str, Any]

    def bind(self, name: TableName) -> Bound | None:
        """Return what a name means, or None when DuckDB finds it by itself."""
        if name.catalog:
            self._check_three_parts(name)
            return None
        if name.database.lower() == CATALOGUE:
            return self._fact(name)
        if name.database.lower() in {"main", *DUCKDBS_OWN}:
            return self._perhaps_duckdbs_own(name)
        if name.database:
            return self._found(name)
        if _is_file(name.name):
            return None
        return self._alone(name)

    def _check_three_parts(self, name: TableName) -> None:
        if name.catalog.lower() in DUCKDBS_OWN:
            return
        shown = ".".join((name.catalog, name.database, name.name))
        msg = f"The table {shown} has three parts."
        raise self.statement.error(name, msg, "Tables are written database.table here.")

    def _perhaps_duckdbs_own(self, name: TableName) -> Bound | None:
        try:
            table = self.tables.find(name.database, name.name)
        except NotFound:
            return None
        if name.database.lower() == "main":
            return Bound(name.database, name.name, table)
        msg = f'The name of the database "{name.database}" means a database of DuckDB here.'
        raise self.statement.error(name, msg, "Put the link of the table in quotes instead.")

    def _fact(self, name: TableName) -> Bound:
        fact = name.name.lower()
        if fact not in _FACTS:
            msg = f'No table "{name.name}" in database {CATALOGUE}.'
            raise self.statement.error(name, msg, f"Tables: {', '.join(_FACTS)}.")
        return Bound(name.database, name.name, rows=self.tables.facts(fact))

    def _alone(self, name: TableName) -> Bound:
        value = self.variables.get(name.name)
        own = _own_table(value)
        if own is not None:
            return Bound("", name.name, own)
        rows = table_of(value) if value is not None else None
        if rows is None:
            return self._found(name)
        if self.tables.knows(name.name):
            msg = f'"{name.name}" is both a table of the default database and a variable.'
            hint = "Write database.table for the table, or rename the variable."
            raise self.statement.error(name, msg, hint)
        return Bound("", name.name, rows=rows)

    def _found(self, name: TableName) -> Bound:
        try:
            return Bound(name.database, name.name, self.tables.find(name.database, name.name))
        except NotFound as error:
            if is_link(name.name):
                raise
            raise self.statement.error(name, error.message, error.hint) from None


def _folded(name: str) -> str:
    """Return what names have in common that DuckDB takes for one: it folds English letters."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def _own_table(value: Any) -> SqlTable | None:
    """Return the table that a variable of ours stands for: a table, a scan, or a stored table."""
    if hasattr(type(value), "sql_table"):
        found: SqlTable = value.sql_table()
        return found
    if isinstance(value, Table):
        return LarkTable(value.scan())
    return LarkTable(value, key=id(value)) if isinstance(value, Scan) else None


def _is_file(name: str) -> bool:
    """Tell whether a name is a file's: by its suffix, a wildcard or a folder."""
    if _FILE.fullmatch(name.partition("?")[0]):
        return True
    return not is_link(name) and any(sign in name for sign in "/\\*")
