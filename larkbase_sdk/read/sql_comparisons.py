"""The tests of one column that a SQL condition is made of: comparisons, IN, LIKE, functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.constants import SqlConstant, SqlNode, compare_constants, constant_of
from larkbase_sdk.read.literals import bind, hint_for
from larkbase_sdk.read.logic import MIRRORED
from larkbase_sdk.read.operands import LINKED
from larkbase_sdk.read.patterns import ESCAPE, parse_pattern, quote_pattern
from larkbase_sdk.read.predicate import (
    And,
    Compare,
    CompareOp,
    Constant,
    Contains,
    In,
    Like,
    Not,
    Predicate,
)
from larkbase_sdk.read.sql_text import ELSEWHERE

if TYPE_CHECKING:
    from larkbase_sdk.read.sql_text import SqlText

_SIGNS: dict[CompareOp, tuple[int, ...]] = {
    "=": (0,),
    "<>": (-1, 1),
    "<": (-1,),
    "<=": (-1, 0),
    ">": (1,),
    ">=": (0, 1),
}
_AFFIXES = {
    "startswith": ("", "%"),
    "starts_with": ("", "%"),
    "prefix": ("", "%"),
    "endswith": ("%", ""),
    "ends_with": ("%", ""),
    "suffix": ("%", ""),
    "contains": ("%", "%"),
}
_SEARCHES = frozenset(
    {"arraycontains", "array_contains", "array_has", "list_contains", "list_has", "contains"}
)
# strpos(text, 'x') gives the place of the first hit from 1, or 0: these ask whether there is one.
_FOUND = frozenset({(">", 0), (">=", 1), ("<>", 0)})
_NOT_FOUND = frozenset({("=", 0), ("<=", 0), ("<", 1)})


class Comparisons:
    """Turns nodes that test one column into predicates."""

    def __init__(self, sql: SqlText) -> None:
        self._sql = sql

    def column(self, node: SqlNode) -> Predicate:
        """Read a bare column, which must be true or false."""
        target = self._sql.operand(node)
        if target.kind != "boolean":
            msg = f'"{target.path}" alone is no condition: it is not true or false.'
            raise QueryError(msg, hint=hint_for(target))
        return Compare(target.path, "=", True)

    def compare(self, op: CompareOp, left: SqlNode, right: SqlNode) -> Predicate:
        """Read a comparison with a constant on either side, or on both."""
        left, right = left.unnest(), right.unnest()
        first, second = constant_of(left), constant_of(right)
        if first is not None and second is not None:
            return _compare_constants(op, first, second)
        if first is not None:
            left, second, op = right, first, MIRRORED[op]
        if second is None:
            self._refuse_comparison(left, right)
        if type(left).__name__ == "StrPosition":
            return self._position(op, left, second)
        target = self._sql.operand(left)
        value = None if second.value is None else bind(second.value, target)
        return Compare(target.path, op, value)

    def _refuse_comparison(self, *sides: SqlNode) -> NoReturn:
        for side in sides:
            self._sql.operand(side)
        msg = "Two columns cannot be compared in where."
        raise QueryError(msg, hint=ELSEWHERE)

    def between(self, node: SqlNode) -> Predicate:
        """Read BETWEEN."""
        low, high = node.args["low"], node.args["high"]
        return And((self.compare(">=", node.this, low), self.compare("<=", node.this, high)))

    def in_list(self, node: SqlNode) -> Predicate:
        """Read IN with a list of constants."""
        target = self._sql.operand(node.this)
        constants = [constant_of(item) for item in node.expressions]
        values = [constant.value for constant in constants if constant is not None]
        if not constants or len(values) < len(constants):
            msg = "IN takes a list of constants."
            raise QueryError(msg, hint=ELSEWHERE)
        bound = tuple(bind(value, target) for value in values if value is not None)
        return In(target.path, bound, has_null=None in values)

    def like(self, node: SqlNode, escape: str | None = None) -> Predicate:
        """Read LIKE or ILIKE."""
        target = self._sql.text_operand(node.this)
        pattern = self._sql.text_constant(node.expression)
        if pattern is None:
            return Constant(None)
        try:
            parse_pattern(pattern, escape)
        except ValueError as error:
            msg = f"The pattern {pattern!r} cannot be read: {error}."
            raise QueryError(msg) from None
        return Like(target.path, pattern, escape, ignore_case=type(node).__name__ == "ILike")

    def escaped_like(self, node: SqlNode) -> Predicate:
        """Read LIKE or ILIKE with ESCAPE."""
        inner, escape = node.this, self._sql.text_constant(node.expression)
        if type(inner).__name__ not in ("Like", "ILike") or escape is None or len(escape) != 1:
            msg = "ESCAPE takes one character and follows LIKE or ILIKE."
            raise QueryError(msg)
        self._sql.expect_only(inner, "this", "expression", "negate")
        like = self.like(inner, escape)
        return Not(like) if inner.args.get("negate") else like

    def function(self, node: SqlNode) -> Predicate:
        """Read a function that searches a text or a list."""
        name = type(node).__name__.lower()
        arguments = [node.this, node.expression]
        if name == "anonymous":
            name, arguments = str(node.this).lower(), node.expressions
        if len(arguments) != 2 or name not in _SEARCHES | _AFFIXES.keys():
            self._sql.refuse(node)
        subject, sought = arguments
        if name not in _AFFIXES or self._is_list(subject, name):
            return self._search(subject, sought)
        return self._affix(name, subject, sought)

    def _is_list(self, subject: SqlNode, name: str) -> bool:
        return name in _SEARCHES and self._sql.operand(subject).kind != "text"

    def _search(self, subject: SqlNode, sought: SqlNode) -> Predicate:
        target = self._sql.operand(subject)
        if target.kind not in ("texts", "people", "links"):
            msg = f'"{target.path}" holds no list that could be searched.'
            raise QueryError(msg, hint=hint_for(target))
        value = self._sql.text_constant(sought)
        path = target.path.removesuffix(f".{LINKED}")
        return Constant(None) if value is None else Contains(path, value)

    def _affix(self, name: str, subject: SqlNode, sought: SqlNode) -> Predicate:
        target = self._sql.text_operand(subject)
        text = self._sql.text_constant(sought)
        if text is None:
            return Constant(None)
        before, after = _AFFIXES[name]
        return Like(target.path, before + quote_pattern(text) + after, ESCAPE)

    def _position(self, op: CompareOp, node: SqlNode, constant: SqlConstant) -> Predicate:
        self._sql.expect_only(node, "this", "substr")
        asked = (op, constant.value)
        if asked not in _FOUND | _NOT_FOUND:
            self._sql.refuse(node)
        found = self._affix("contains", node.this, node.args["substr"])
        return found if asked in _FOUND else Not(found)


def _compare_constants(op: CompareOp, left: SqlConstant, right: SqlConstant) -> Predicate:
    if left.value is None or right.value is None:
        return Constant(None)
    sign = compare_constants(left.value, right.value)
    if sign is None:
        msg = f"{left.value!r} and {right.value!r} cannot be compared."
        raise QueryError(msg)
    return Constant(sign in _SIGNS[op])
