"""``UNNEST`` that gives several columns, which DuckDB has for one list only.

Athena makes columns of the members of rows, of the keys and values of a map, and of several lists
side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.errors import QueryError

if TYPE_CHECKING:
    from larkbase_sdk.read.constants import SqlNode

_ELEMENT, _NUMBER = "element", "number"


def replace_unnests(tree: SqlNode) -> None:
    """Put subqueries in the place of those that give several columns, in the tree.

    Raises:
        QueryError: several lists have another number of names than there are lists.
    """
    from sqlglot import exp

    for node in list(tree.find_all(exp.Unnest)):
        alias = node.args.get("alias")
        names = alias.columns if alias is not None else []
        if len(node.expressions) > 1 or len(names) > 1:
            node.replace(_subquery(node, alias, names))


def _subquery(node: SqlNode, alias: SqlNode, names: list[SqlNode]) -> SqlNode:
    """Return a query of the members of each element, which may refer to the tables before it."""
    from sqlglot import exp

    if len(node.expressions) > 1 and len(names) != len(node.expressions):
        msg = f"UNNEST of {len(node.expressions)} lists needs as many names of columns."
        raise QueryError(msg)
    elements = _elements(node)
    members = [
        exp.func("struct_extract_at", exp.column(_ELEMENT), exp.Literal.number(place))
        for place in range(1, len(names) + 1)
    ]
    offset = node.args.get("offset")
    numbers = [exp.column(_NUMBER)] if offset else []
    columns = [*names, offset] if isinstance(offset, exp.Identifier) else names
    rows = exp.select(
        exp.alias_(exp.Anonymous(this="unnest", expressions=[elements.copy()]), _ELEMENT),
        exp.alias_(
            exp.func("generate_subscripts", elements.copy(), exp.Literal.number(1)), _NUMBER
        ),
    )
    query = exp.select(*members, *numbers).from_(rows.subquery("elements"))
    name = exp.TableAlias(this=alias.this.copy(), columns=[item.copy() for item in columns])
    return exp.Subquery(this=query, alias=name)


def _elements(node: SqlNode) -> SqlNode:
    """Return the list whose elements have the members that become columns."""
    from sqlglot import exp

    lists = node.expressions
    if len(lists) > 1:
        return exp.func("list_zip", *(item.copy() for item in lists))
    (only,) = lists
    return exp.func("map_entries", only.copy()) if isinstance(only, exp.Map) else only
