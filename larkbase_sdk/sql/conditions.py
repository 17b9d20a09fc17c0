"""The conditions of a statement over one table, as texts that the core can read."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.predicate import conjunction
from larkbase_sdk.sql.shapes import condition_of, names_table, only_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from larkbase_sdk.read.predicate import Predicate
    from larkbase_sdk.schema.table_schema import TableSchema
    from larkbase_sdk.sql.joins import Source
    from larkbase_sdk.sql.statement import Node

_PARAMETERS = frozenset({"Placeholder", "Parameter"})
_LATER = frozenset({"where", "group", "having", "qualify", "windows", "order", "limit", "offset"})


def conditions_of(tree: Node, params: Any) -> tuple[str, ...]:
    """Return the conditions that every row of the only table must fulfil; () when there are none.

    DuckDB pushes only some forms of a condition into a scan (no LIKE, no OR over two columns),
    and not the same in every release. The condition of a SELECT over one table holds whatever it
    does with the rows later, so the core may take it as a whole.

    Args:
        tree: A parsed statement.
        params: Values of its parameters, as they were given.
    """
    table = only_table(tree)
    where = condition_of(tree) if table is not None else None
    if where is None:
        return ()
    return _texts(where, tree, tree, table, params)


def joined_conditions_of(
    source: Source, tree: Node, params: Any, columns: Mapping[tuple[str, str], frozenset[str]]
) -> tuple[str, ...]:
    """Return the conditions that every wanted row of one table among several must fulfil.

    They are the parts of its WHERE that look at nothing else.

    Args:
        source: Where the statement has the table.
        tree: The parsed statement.
        params: Values of its parameters, as they were given.
        columns: Names of columns by the names of tables, all in lower case.
    """
    where = condition_of(source.select)
    if where is None:
        return ()
    own = [part for part in _parts(where) if _is_about(part, source, columns)]
    texts = _texts(where, source.select, tree, source.table, params)
    return tuple(text for part, text in zip(_parts(where), texts, strict=True) if part in own)


def _is_about(
    part: Node, source: Source, columns: Mapping[tuple[str, str], frozenset[str]]
) -> bool:
    kinds = {type(item).__name__ for item in part.walk()}
    found = [item for item in part.walk() if type(item).__name__ == "Column"]
    inner = kinds & {"Select", "Lambda", "Star"}
    return bool(found) and not inner and all(source.owns(item, columns) for item in found)


def _texts(where: Node, select: Node, tree: Node, table: Node, params: Any) -> tuple[str, ...]:
    placed = _with_values(where.copy(), select, tree, params)
    for node in list(placed.walk()):
        if type(node).__name__ == "Column":
            _drop_qualifier(node, table)
    return tuple(part.unnest().sql(dialect="duckdb") for part in _parts(placed))


def _parts(where: Node) -> list[Node]:
    parts = where.unnest()
    return list(parts.flatten()) if type(parts).__name__ == "And" else [parts]


def predicate_of(conditions: Sequence[str], schema: TableSchema) -> tuple[Predicate | None, bool]:
    """Return a predicate that is TRUE for every row wanted, and whether it is so for no other.

    None when the core can read none of the conditions.
    """
    from larkbase_sdk.read.where import parse_where

    read = []
    for text in conditions:
        try:
            read.append(parse_where(text, schema))
        except QueryError:
            continue
    return conjunction(*read), len(read) == len(conditions)


def _drop_qualifier(column: Node, table: Node) -> None:
    """Take the table's name away in front of a column, which the core knows without it."""
    parts = column.parts
    names = [part.name.lower() for part in parts]
    if len(parts) > 1 and names_table(names[0], table):
        parts = parts[1:]
    elif len(parts) > 2 and not table.alias and names[:2] == [table.db.lower(), table.name.lower()]:
        parts = parts[2:]
    found = dict(zip(("this", "table", "db", "catalog"), reversed(parts), strict=False))
    for place in ("this", "table", "db", "catalog"):
        column.set(place, found.get(place))


def _with_values(where: Node, select: Node, tree: Node, params: Any) -> Node:
    """Put values in the places of parameters, where the core can read such values."""
    from sqlglot import exp

    root = exp.Where(this=where)
    values = _values(where, select, tree, params)
    for node in _placeholders(where):
        literal = _literal(values[id(node)]) if id(node) in values else None
        if literal is not None:
            node.replace(literal)
    return root.this


def _values(where: Node, select: Node, tree: Node, params: Any) -> dict[int, Any]:
    """Return values by the identity of the nodes that stand for them in a condition."""
    nodes = _placeholders(where)
    if isinstance(params, Mapping):
        return {id(node): params[node.name] for node in nodes if node.name in params}
    # Nodes have no position. Those of the condition come first unless something has some before.
    if params is None or _has_values_before(select, tree):
        nodes = [node for node in nodes if node.this]
    places = [int(node.name) - 1 if node.name.isdecimal() else n for n, node in enumerate(nodes)]
    return {
        id(node): params[place]
        for node, place in zip(nodes, places, strict=True)
        if 0 <= place < len(params or ())
    }


def _has_values_before(select: Node, tree: Node) -> bool:
    """Tell whether parameters may stand in front of those of a SELECT's condition."""
    if select is not tree:
        return len(_placeholders(tree)) > len(_placeholders(condition_of(select)))
    before = [select.args.get(name) for name in select.args if name not in _LATER]
    nodes = [item for value in before for item in (value if isinstance(value, list) else [value])]
    return any(_placeholders(item) for item in nodes if hasattr(item, "walk"))


def _placeholders(node: Node) -> list[Node]:
    """Return the parameters in a node from left to right."""
    return [item for item in node.walk(bfs=False) if type(item).__name__ in _PARAMETERS]


def _literal(value: Any) -> Node | None:
    from sqlglot import exp

    match value:
        case bool():
            return exp.Boolean(this=value)
        case str():
            return exp.Literal.string(value)
        case int() | Decimal():
            return exp.Literal.number(format(Decimal(value), "f"))
        case float() if math.isfinite(value):
            return exp.Literal.number(format(Decimal(repr(value)), "f"))
        case dt.datetime():
            return exp.cast(exp.Literal.string(value.isoformat(sep=" ")), "timestamptz")
        case dt.date():
            return exp.cast(exp.Literal.string(value.isoformat()), "date")
        case _:
            return None
