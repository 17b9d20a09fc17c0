"""Where a statement of several tables has one of them, when its WHERE chooses among its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from larkbase_sdk.sql.shapes import is_plain, names_table
from larkbase_sdk.sql.statement import is_common

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_sdk.sql.statement import Node

_KEEPING = frozenset({"", "INNER", "CROSS", "OUTER", "SEMI", "ANTI"})
"""Kinds of joins that do with each row of their left side what they do without the others."""


@dataclass(frozen=True, slots=True)
class Source:
    """A table that a statement names once, in a SELECT that drops rows for which WHERE is not true.

    Attributes:
        select: The SELECT.
        table: The reference to the table.
        others: What else its FROM names.
    """

    select: Node
    table: Node
    others: tuple[Node, ...]

    def owns(self, column: Node, columns: Mapping[tuple[str, str], frozenset[str]]) -> bool:
        """Tell whether a column is certainly the table's.

        Args:
            column: A column in the WHERE of the SELECT.
            columns: Names of columns by the names of tables, all in lower case.
        """
        parts = [part.name.lower() for part in column.parts]
        if len(parts) > 1:
            return names_table(parts[0], self.table)
        known = [columns.get(_names(item)) for item in self.others if is_named(item)]
        if len(known) < len(self.others) or parts[0] not in columns[_names(self.table)]:
            return False
        return all(names is not None and parts[0] not in names for names in known)


def source_of(tree: Node, database: str, name: str) -> Source | None:
    """Return where a statement has a table; None unless dropping rows early changes nothing.

    That is so for the left side of every join but a RIGHT or FULL one, and for both sides of an
    inner join: there a row for which WHERE is not true has no part in the answer.
    """
    wanted = (database.lower(), name.lower())
    tables = [item for item in tree.walk() if type(item).__name__ == "Table"]
    found = [item for item in tables if _names(item) == wanted and not is_common(item)]
    if len(found) != 1 or any(type(item).__name__ == "Pivot" for item in tree.walk()):
        return None
    table, select = found[0], found[0].parent_select
    if type(select).__name__ != "Select" or not is_plain(table):
        return None
    if any(select.args.get(part) for part in ("laterals", "sample")):
        return None
    origin = select.args.get("from_") or select.args.get("from")
    joins = select.args.get("joins") or []
    if origin is None or not all(_keeps_left(join) for join in joins):
        return None
    places = [origin.this, *(join.this for join in joins if _keeps_right(join))]
    if not any(place is table for place in places):
        return None
    every = [origin.this, *(join.this for join in joins)]
    return Source(select, table, tuple(item for item in every if item is not table))


def is_named(source: Node) -> bool:
    """Tell whether a source is a table with its own columns, under their own names."""
    return type(source).__name__ == "Table" and is_plain(source) and not is_common(source)


def _names(table: Node) -> tuple[str, str]:
    return str(table.db).lower(), str(table.name).lower()


def _word(join: Node, name: str) -> str:
    value: Any = join.args.get(name)
    return str(value or "").upper()


def _keeps_left(join: Node) -> bool:
    plain = _word(join, "method") == "" and _word(join, "side") in ("", "LEFT")
    return plain and _word(join, "kind") in _KEEPING


def _keeps_right(join: Node) -> bool:
    return _word(join, "side") == "" and _word(join, "kind") in ("", "INNER", "CROSS")
