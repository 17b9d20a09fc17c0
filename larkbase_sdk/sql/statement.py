"""SQL texts as DuckDB reads them: what kind of statement it is and which tables it names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from larkbase_sdk.errors import QueryError
from larkbase_sdk.sql.mistakes import parse_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

Node = Any
"""A node of a parsed statement; sqlglot moves its classes about between releases."""

_ANSWERING = frozenset({"SELECT", "MULTI", "EXPLAIN", "CALL", "PRAGMA", "COPY"})
_PARSED = frozenset({"SELECT", "MULTI", "COPY"})


class TableName(NamedTuple):
    """A table as a statement names it, once for every place.

    Attributes:
        catalog: First of three parts, or "".
        database: Part before the name, or "".
        name: The name, without quotes.
        position: Where it stands in the text, or None when that is not known.
    """

    catalog: str
    database: str
    name: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement.

    Attributes:
        text: The text as it was given.
        kind: DuckDB's name of its kind, such as ``SELECT`` or ``COPY``.
        tree: The parsed statement, or None when only DuckDB can read it.
        names: Tables that it names, without its own common table expressions.
        reuses: Whether it uses a common table expression more than once.
    """

    text: str
    kind: str
    tree: Node | None
    names: tuple[TableName, ...]
    reuses: bool = False

    def error(self, name: TableName, message: str, hint: str | None) -> QueryError:
        """Return an error that points at a table."""
        from larkbase_sdk.read.pointing import error_at

        return error_at(self.text, name.position, message, hint)


def read_statement(text: str, connection: duckdb.DuckDBPyConnection) -> Statement:
    """Return what a text says; makes no call.

    Raises:
        QueryError: it is not one statement, no SQL, or one that changes something.
    """
    kind = _kind_of(text, connection)
    if kind not in _ANSWERING:
        article = "An" if kind.startswith(tuple("AEIOU")) else "A"
        msg = f"{article} {kind} statement changes something; only questions are answered here."
        raise QueryError(msg, hint="lark.connection() gives a DuckDB connection that keeps it.")
    tree = _parse(text) if kind in _PARSED else None
    if tree is None:
        return Statement(text, kind, None, tuple(_names_by_duckdb(text, connection)))
    tables = [item for item in tree.walk() if type(item).__name__ == "Table"]
    common = Counter(item.name.lower() for item in tables if is_common(item))
    names = tuple(
        _table_name(item, text)
        for item in tables
        if not is_common(item) and type(item.this).__name__ == "Identifier"
    )
    return Statement(text, kind, tree, names, any(count > 1 for count in common.values()))


def _kind_of(text: str, connection: duckdb.DuckDBPyConnection) -> str:
    import duckdb

    try:
        found = connection.extract_statements(text)
    except duckdb.Error as error:
        raise parse_error(error, text) from None
    # DuckDB takes a PIVOT apart into several statements, of which only the whole has a text.
    if len(found) > 1 and any(item.query.strip() for item in found):
        msg = "The text holds several statements."
        raise QueryError(msg, hint="Ask one question at a time.")
    if not found:
        msg = "The text holds no statement."
        raise QueryError(msg, hint="For example: SELECT * FROM database.table LIMIT 10")
    return str(found[-1].type.name)


def bare(text: str) -> str:
    """Return a statement without the semicolon at its end, which a comment may follow."""
    import duckdb

    encoded = text.encode()
    end = len(encoded)
    for place, kind in reversed(duckdb.tokenize(text)):
        if kind == duckdb.token_type.comment:  # told of since DuckDB 2.0
            continue
        if encoded[place : place + 1] != b";":
            break
        end = place
    return encoded[:end].decode()


def _parse(text: str) -> Node | None:
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(bare(text), read="duckdb", error_message_context=0)
    except (SqlglotError, RecursionError):
        return None
    return None if any(type(item).__name__ == "Command" for item in tree.walk()) else tree


def _names_by_duckdb(text: str, connection: duckdb.DuckDBPyConnection) -> Iterator[TableName]:
    """Yield the tables of a statement that the parser does not know.

    DuckDB finds them unless it has to look at their columns for it; then the places where tables
    stand in a text are looked through.
    """
    import duckdb
    from sqlglot import exp

    from larkbase_sdk.catalog.query_text import table_references

    try:
        found = sorted(connection.get_table_names(text, qualified=True))
    except duckdb.Error:
        names = [("", *reference) for reference in table_references(text)]
    else:
        tables = [exp.to_table(name, dialect="duckdb") for name in found]
        names = [(table.catalog, table.db, table.name) for table in tables]
    for catalog, database, name in names:
        place = text.find(name)
        yield TableName(catalog, database, name, place if place >= 0 else None)


def _table_name(table: Node, text: str) -> TableName:
    first = table.parts[0]
    place = first.meta.get("start", text.find(first.name))
    return TableName(table.catalog, table.db, table.name, place if place >= 0 else None)


def is_common(table: Node) -> bool:
    """Tell whether a reference means a common table expression that can be seen from it."""
    if table.db:
        return False
    name, within, node = table.name.lower(), None, table.parent
    while node is not None:
        if type(node).__name__ == "CTE":
            within = node
        defined = node.args.get("with_") or node.args.get("with")
        if defined is not None:
            if name in _visible(defined, within):
                return True
            within = None
        node = node.parent
    return False


def _visible(defined: Node, within: Node | None) -> set[str]:
    """Return the names of a WITH that can be seen from inside one of them, or from behind all."""
    expressions = list(defined.expressions)
    places = [place for place, item in enumerate(expressions) if item is within]
    if places:
        recursive = 1 if defined.args.get("recursive") else 0
        expressions = expressions[: places[0] + recursive]
    return {item.alias.lower() for item in expressions}
