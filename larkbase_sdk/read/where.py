"""SQL text of a condition, as after WHERE, to a predicate over the columns of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import QueryError
from larkbase_sdk.read import logic
from larkbase_sdk.read.constants import SqlNode, constant_of
from larkbase_sdk.read.pointing import error_at
from larkbase_sdk.read.predicate import (
    And,
    Compare,
    CompareOp,
    Constant,
    IsNull,
    Not,
    Or,
    Predicate,
)
from larkbase_sdk.read.sql_comparisons import Comparisons
from larkbase_sdk.read.sql_text import SqlText

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_sdk.schema.table_schema import TableSchema

_OPERATORS: dict[str, CompareOp] = {
    "EQ": "=",
    "NEQ": "<>",
    "LT": "<",
    "LTE": "<=",
    "GT": ">",
    "GTE": ">=",
}
_PARTS: dict[str, tuple[str, ...]] = {
    "Between": ("this", "low", "high"),
    "In": ("this", "expressions"),
    "Anonymous": ("this", "expressions"),
    "Column": ("this", "table"),
}
_TWO_PARTS = ("this", "expression")


def parse_where(text: str, schema: TableSchema) -> Predicate:
    """Return the predicate that a SQL condition describes; makes no call.

    Args:
        text: For instance ``status = 'Open' AND amount > 1000``. Columns go by their SQL names
            without regard to letter case; times are UTC unless they have an offset.
        schema: The table's schema.

    Raises:
        QueryError: the text is no condition, a column is unknown, a constant does not fit its
            column, or the condition is beyond `where`; the hint points at the place.
    """
    try:
        return _Reader(SqlText(text, schema)).read(_parse(text, schema))
    except RecursionError:
        msg = "The condition is nested too deeply."
        raise QueryError(msg, hint="Use IN (…) instead of many ORs.") from None


def _parse(text: str, schema: TableSchema) -> SqlNode:
    import sqlglot
    from sqlglot import errors, exp

    if not text.strip():
        msg = "The condition is empty."
        raise QueryError(msg, hint="Leave out where to read all rows.")
    try:
        return sqlglot.parse_one(text, read="duckdb", into=exp.Condition)
    except errors.ParseError as error:
        raise _parse_error(text, error, schema) from None
    except errors.SqlglotError:
        msg = "The condition cannot be read: perhaps a quote is not closed."
        raise QueryError(msg, hint=f"The text is: {text}") from None


def _parse_error(text: str, error: Any, schema: TableSchema) -> QueryError:
    place = (error.errors or [{}])[0]
    message = "The condition cannot be read as SQL."
    if "line" not in place or "col" not in place:
        return QueryError(message, hint=f"The text is: {text}")
    before = sum(len(line) + 1 for line in text.split("\n")[: place["line"] - 1])
    word = place.get("highlight") or ""
    position = before + place["col"] - len(word)
    is_column = word.lower() in {column.name for column in schema.columns}
    hint = f'A column that is called like a word of SQL is quoted: "{word}".' if is_column else None
    return error_at(text, max(position, 0), message, hint)


class _Reader:
    """Reads the logic of a condition and leaves its tests to `Comparisons`."""

    def __init__(self, sql: SqlText) -> None:
        self._sql = sql
        self._tests = Comparisons(sql)
        self._readers: dict[str, Callable[[SqlNode], Predicate]] = {
            "And": self._and,
            "Or": self._or,
            "Not": self._not,
            "Is": self._is,
            "NullSafeEQ": self._not_distinct,
            "NullSafeNEQ": lambda node: Not(self._not_distinct(node)),
            "Boolean": self._truth,
            "Null": self._truth,
            "Column": self._tests.column,
            "Between": self._tests.between,
            "In": self._tests.in_list,
            "Like": self._tests.like,
            "ILike": self._tests.like,
            "Escape": self._tests.escaped_like,
            **dict.fromkeys(
                ("StartsWith", "EndsWith", "Contains", "ArrayContains", "Anonymous"),
                self._tests.function,
            ),
        }

    def read(self, node: SqlNode) -> Predicate:
        """Return the predicate of a node that stands where a condition is expected."""
        node = node.unnest()
        try:
            return self._read(node)
        except QueryError as error:
            if "position" in error.context:
                raise
            raise self._sql.error(node, error.message, error.hint) from None

    def _read(self, node: SqlNode) -> Predicate:
        if node.args.get("negate"):
            # Newer releases of the parser write NOT LIKE in this way.
            positive = node.copy()
            positive.set("negate", None)
            return Not(self._read(positive))
        name = type(node).__name__
        if name not in self._readers and name not in _OPERATORS:
            self._sql.refuse(node)
        self._sql.expect_only(node, *_PARTS.get(name, _TWO_PARTS))
        if name in _OPERATORS:
            return self._tests.compare(_OPERATORS[name], node.this, node.expression)
        return self._readers[name](node)

    def _and(self, node: SqlNode) -> Predicate:
        return And(tuple(self.read(part) for part in node.flatten()))

    def _or(self, node: SqlNode) -> Predicate:
        return Or(tuple(self.read(part) for part in node.flatten()))

    def _not(self, node: SqlNode) -> Predicate:
        return Not(self.read(node.this))

    def _truth(self, node: SqlNode) -> Predicate:
        return Constant(bool(node.this) if type(node).__name__ == "Boolean" else None)

    def _is(self, node: SqlNode) -> Predicate:
        subject, wanted = node.this.unnest(), constant_of(node.expression)
        if wanted is None or not isinstance(wanted.value, bool | None):
            self._sql.refuse(node)
        if wanted.value is not None:
            truth = self.read(subject)
            return logic.is_true(truth) if wanted.value else logic.is_false(truth)
        if type(subject).__name__ == "Column":
            return IsNull(self._sql.operand(subject).path)
        return logic.is_null(self.read(subject))

    def _not_distinct(self, node: SqlNode) -> Predicate:
        same = self._tests.compare("=", node.this, node.expression)
        if not isinstance(same, Compare):
            self._sql.refuse(node)
        return IsNull(same.column) if same.value is None else logic.is_true(same)
