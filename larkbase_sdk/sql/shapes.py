"""Statements over a single table whose shape says what need not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlglot import exp

Node = Any
"""A node of a parsed statement; sqlglot moves its classes about between releases."""

_PARTS = frozenset({"expressions", "from", "from_", "where", "order", "limit", "offset"})
"""What a SELECT may consist of; anything else (joins, groups, samples …) changes the rows."""

_ROW_WISE = frozenset(
    {"Column", "Identifier", "Alias", "Star", "Paren", "Placeholder", "Parameter"}
    | {"Literal", "Boolean", "Null", "Cast", "TryCast", "DataType", "DataTypeParam", "Var"}
    | {"Neg", "Not", "And", "Or", "EQ", "NEQ", "GT", "GTE", "LT", "LTE", "Is", "Like", "ILike"}
    | {"Add", "Sub", "Mul", "Div", "IntDiv", "Mod", "DPipe", "Between", "In", "Bracket", "Dot"}
    | {"Case", "If", "Coalesce", "Upper", "Lower", "Abs", "Round", "Floor", "Ceil", "Length"}
)
"""Names of nodes that yield one value for one row. Names of functions that the parser does not
know may be aggregates, so they are none of these."""


@dataclass(frozen=True, slots=True)
class OrderKey:
    """A key of an order by a column of the table; empty cells come last.

    Attributes:
        column: Name as the statement writes it, without quotes.
        descending: Whether the greatest value comes first.
    """

    column: str
    descending: bool


@dataclass(frozen=True, slots=True)
class SingleTable:
    """A statement that gives the first rows of one table, or counts all of them.

    Attributes:
        table: The reference to the table.
        where: The condition, or None.
        order: Keys of the order; empty when any rows will do.
        limit: Rows wanted; None for a count.
        offset: Rows passed over before them.
        is_count: Whether the result is the number of rows, ``count(*)`` and nothing else.
    """

    table: exp.Table
    where: exp.Expression | None
    order: tuple[OrderKey, ...]
    limit: int | None
    offset: int
    is_count: bool

    @property
    def rows(self) -> int | None:
        """Rows that have to be read, those passed over included; None for a count."""
        return None if self.limit is None else self.limit + self.offset


def single_table(statement: exp.Expression) -> SingleTable | None:
    """Return the shape of ``SELECT … FROM one_table [WHERE …] [ORDER BY …] LIMIT n [OFFSET m]``.

    Also of ``SELECT count(*) FROM one_table [WHERE …]``. None for everything else, and whenever
    it is not certain that each row of the result is made of one row of the table, or that the
    order is one of its columns with empty cells last.

    Args:
        statement: A statement as sqlglot parsed it in the dialect in which it is run, because
            dialects differ in where empty cells come.
    """
    table = only_table(statement)
    if table is None or any(value and name not in _PARTS for name, value in _args(statement)):
        return None
    where = condition_of(statement)
    if _is_count(statement):
        return SingleTable(table, where, (), None, 0, is_count=True)
    limit = _number(statement.args.get("limit"))
    offset = _number(statement.args.get("offset"), 0)
    order = _order(statement, table)
    if limit is None or offset is None or order is None or not _is_row_wise(statement):
        return None
    return SingleTable(table, where, order, limit, offset, is_count=False)


def only_table(statement: exp.Expression) -> exp.Table | None:
    """Return the table of a SELECT whose FROM is one table and nothing else.

    A join, even with a function, could bring rows to which the condition does not apply; a sample
    is drawn before it applies.
    """
    if any(statement.args.get(name) for name in ("joins", "laterals", "with", "with_", "sample")):
        return None
    tables = [node for node in statement.walk() if _kind(node) == "Table"]
    selects = [node for node in statement.walk() if _kind(node) in ("Select", "Union", "Values")]
    if len(tables) != 1 or [id(node) for node in selects] != [id(statement)]:
        return None
    source = statement.args.get("from_") or statement.args.get("from")
    table = tables[0]
    if source is None or source.this is not table or not is_plain(table):
        return None
    found: exp.Table = table
    return found


def condition_of(statement: exp.Expression) -> exp.Expression | None:
    """Return the condition of a SELECT, which holds for its rows before anything else is done."""
    where = statement.args.get("where")
    return where.this if where is not None else None


def names_table(qualifier: str, table: exp.Table) -> bool:
    """Tell whether the first part of ``qualifier.column`` names this table of the statement."""
    return qualifier.lower() == (table.alias or table.name).lower()


def _kind(node: Node) -> str:
    return type(node).__name__


def _args(node: Node) -> list[tuple[str, Any]]:
    return list(node.args.items())


def is_plain(table: Node) -> bool:
    """Tell whether a reference is a name, perhaps with an alias: no function, no sample."""
    known = {"this", "db", "catalog", "alias"}
    alias = table.args.get("alias")
    renames = alias is not None and any(v for name, v in _args(alias) if name != "this")
    plain = all(not value or name in known for name, value in _args(table))
    return plain and not renames and _kind(table.this) == "Identifier"


def _is_count(statement: Node) -> bool:
    if len(statement.expressions) != 1 or any(
        statement.args.get(name) for name in ("order", "limit", "offset")
    ):
        return False
    counted = statement.expressions[0].unalias()
    star = counted.args.get("this")
    return (
        _kind(counted) == "Count"
        and _kind(star) == "Star"
        and not any(value for _, value in _args(star))
        and not any(value for name, value in _args(counted) if name not in ("this", "big_int"))
    )


def _number(node: Node | None, default: int | None = None) -> int | None:
    """Return the number of a LIMIT, FETCH or OFFSET; None when it is no plain number."""
    if node is None:
        return default
    options = node.args.get("limit_options") or node
    if options.args.get("percent") or options.args.get("with_ties"):
        return None
    value = node.args.get("count") or node.args.get("expression")
    if _kind(value) != "Literal" or value.is_string or not value.name.isdecimal():
        return None
    return int(value.name)


def _is_row_wise(statement: Node) -> bool:
    for projection in statement.expressions:
        for node in projection.walk():
            rewrites = _kind(node) == "Star" and any(
                value for name, value in _args(node) if name not in ("except", "except_")
            )
            if _kind(node) not in _ROW_WISE or rewrites:
                return False
    return True


def _order(statement: Node, table: Node) -> tuple[OrderKey, ...] | None:
    """Return the keys; None when one is no column of the table or puts empty cells first."""
    order = statement.args.get("order")
    keys = []
    for item in order.expressions if order is not None else ():
        column = _ordered_column(item.this, statement, table)
        if _kind(item) != "Ordered" or column is None or item.args.get("nulls_first"):
            return None
        if any(v for name, v in _args(item) if name not in ("this", "desc", "nulls_first")):
            return None
        keys.append(OrderKey(column, bool(item.args.get("desc"))))
    return tuple(keys)


def _ordered_column(node: Node, statement: Node, table: Node) -> str | None:
    """Return the column that a key means: positions and new names come before columns."""
    projections = statement.expressions
    if _kind(node) == "Literal" and not node.is_string and node.name.isdecimal():
        place = int(node.name) - 1
        if not 0 <= place < len(projections) or any(item.is_star for item in projections):
            return None
        return _column_name(projections[place].unalias(), table)
    if _kind(node) == "Column" and not node.table:
        named = [item for item in projections if _renames_to(item, node.name)]
        if named:
            return _column_name(named[0].this, table) if len(named) == 1 else None
    return _column_name(node, table)


def _renames_to(projection: Node, name: str) -> bool:
    return _kind(projection) == "Alias" and str(projection.alias).lower() == name.lower()


def _column_name(node: Node, table: Node) -> str | None:
    if _kind(node) != "Column" or _kind(node.this) != "Identifier" or len(node.parts) > 2:
        return None
    if node.table and not names_table(node.table, table):
        return None
    return str(node.name)
