"""Translation of decoded pyarrow expressions to predicates, which may not say more than they do."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.literals import bind
from larkbase_sdk.read.logic import MIRRORED
from larkbase_sdk.read.operands import Operand, operand
from larkbase_sdk.read.patterns import ESCAPE, quote_pattern
from larkbase_sdk.read.predicate import (
    And,
    Compare,
    CompareOp,
    Constant,
    In,
    IsNull,
    Like,
    Not,
    Or,
    Predicate,
    Value,
)
from larkbase_sdk.read.serialised import Call, FieldRef, Literal, Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from larkbase_sdk.schema.table_schema import TableSchema

_COMPARISONS: dict[str, CompareOp] = {
    "equal": "=",
    "not_equal": "<>",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
}
_ANDS = frozenset({"and_kleene", "and", "and_"})
_ORS = frozenset({"or_kleene", "or", "or_"})
_AFFIXES = {"starts_with": ("", "%"), "ends_with": ("%", ""), "match_substring": ("%", "%")}
_MATCH, _SKIP, _EMIT_NULL, _INCONCLUSIVE = range(4)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


class _Untranslatable(Exception):
    """A part of an expression that no predicate says."""


class Translator:
    """Turns the tree of one expression into predicates.

    Args:
        schema: The table's schema.
        names: SQL names by the names that the expression uses.
    """

    def __init__(self, schema: TableSchema, names: Mapping[str, str]) -> None:
        self._schema = schema
        self._names = names

    def exact(self, node: Node) -> Predicate | None:
        """Return a predicate that is TRUE, FALSE or NULL just as the node is; None without one."""
        try:
            return self._exact(node)
        except _Untranslatable:
            return None

    def superset(self, node: Node) -> Predicate | None:
        """Return a predicate that is TRUE wherever the node is true; None when none is known."""
        if not isinstance(node, Call) or node.name not in _ANDS | _ORS:
            return self.exact(node)
        parts = [self.superset(part) for part in node.operands]
        known = tuple(part for part in parts if part is not None)
        if node.name in _ANDS:
            return And(known) if known else None
        return Or(known) if len(known) == len(parts) else None

    def _exact(self, node: Node) -> Predicate:
        match node:
            case Literal(scalar):
                return Constant(_boolean(scalar))
            case FieldRef():
                return Compare(self._operand(node, "boolean").path, "=", True)
            case Call(name, (left, right)) if name in _COMPARISONS:
                return self._compare(_COMPARISONS[name], left, right)
            case Call("and_kleene", operands):
                return And(tuple(self._exact(part) for part in operands))
            case Call("or_kleene", operands):
                return Or(tuple(self._exact(part) for part in operands))
            case Call("invert", (inner,)):
                return Not(self._exact(inner))
            case Call():
                return self._call(node)

    def _call(self, call: Call) -> Predicate:
        match call:
            case Call("is_valid", (inner,)):
                return Not(IsNull(self._operand(inner).path))
            case Call("is_null", (inner,), options):
                return self._is_null(inner, options)
            case Call("is_in", (inner,), options) if options is not None:
                return self._is_in(inner, options)
            case Call(
                "if_else", (Call("is_valid", (field,)), Call("is_in") as test, Literal(other))
            ):
                return self._is_in_where_valid(field, test, other)
            case Call("match_like", (inner,), options) if options is not None:
                return self._like(inner, options)
            case Call(name, (inner,), options) if name in _AFFIXES and options is not None:
                return self._affix(name, inner, options)
            case _:
                raise _Untranslatable

    def _operand(self, node: Node, kind: str | None = None) -> Operand:
        if not isinstance(node, FieldRef) or len(node.names) > 2:
            raise _Untranslatable
        name, member = (*node.names, "")[:2]
        try:
            found = operand(self._schema, self._names[name], member)
        except QueryError:
            raise _Untranslatable from None
        if kind is not None and found.kind != kind:
            raise _Untranslatable
        return found

    def _compare(self, op: CompareOp, left: Node, right: Node) -> Predicate:
        if not isinstance(left, FieldRef):
            left, right, op = right, left, MIRRORED[op]
        target = self._operand(left)
        scalar = _constant(right)
        return Compare(target.path, op, _value(scalar, target) if scalar.is_valid else None)

    def _is_null(self, inner: Node, options: Any) -> Predicate:
        import pyarrow as pa

        target = self._operand(inner)
        nan_counts = options is not None and options["nan_is_null"].as_py()
        if nan_counts and pa.types.is_floating(target.type):
            raise _Untranslatable
        return IsNull(target.path)

    def _is_in(self, inner: Node, options: Any) -> Predicate:
        target = self._operand(inner)
        values, null_in_set = _value_set(options, target)
        found = In(target.path, values)
        match options["null_matching_behavior"].as_py():
            case int(behaviour) if behaviour in (_MATCH, _SKIP):
                # Never NULL: a NULL cell is found or not found, which a NOT around it turns round.
                present = And((found, Not(IsNull(target.path))))
                nulls_match = null_in_set and behaviour == _MATCH
                return Or((present, IsNull(target.path))) if nulls_match else present
            case int(behaviour) if behaviour == _EMIT_NULL and values:
                return found
            case int(behaviour) if behaviour == _INCONCLUSIVE and values:
                return In(target.path, values, has_null=null_in_set)
            case _:
                raise _Untranslatable

    def _is_in_where_valid(self, field: Node, test: Call, other: pa.Scalar) -> Predicate:
        """``if_else(is_valid(c), is_in(c, …), null)``, which is how DuckDB 2 writes IN."""
        if test.operands != (field,) or test.options is None or other.is_valid:
            raise _Untranslatable
        target = self._operand(field)
        values, null_in_set = _value_set(test.options, target)
        behaviour = test.options["null_matching_behavior"].as_py()
        if not values:
            raise _Untranslatable
        return In(target.path, values, has_null=null_in_set and behaviour == _INCONCLUSIVE)

    def _like(self, inner: Node, options: Any) -> Predicate:
        pattern = options["pattern"].as_py()
        if ESCAPE in pattern:
            # Arrow takes a backslash literally in some shapes of patterns and not in others.
            raise _Untranslatable
        target = self._operand(inner, "text")
        return Like(target.path, pattern, ignore_case=options["ignore_case"].as_py())

    def _affix(self, name: str, inner: Node, options: Any) -> Predicate:
        before, after = _AFFIXES[name]
        pattern = before + quote_pattern(options["pattern"].as_py()) + after
        target = self._operand(inner, "text")
        return Like(target.path, pattern, ESCAPE, ignore_case=options["ignore_case"].as_py())


def _boolean(scalar: pa.Scalar) -> bool | None:
    import pyarrow as pa

    if not pa.types.is_boolean(scalar.type) and not pa.types.is_null(scalar.type):
        raise _Untranslatable
    return bool(scalar.as_py()) if scalar.is_valid else None


def _constant(node: Node) -> pa.Scalar:
    import pyarrow as pa

    match node:
        case Literal(scalar):
            return scalar
        case Call("cast", (Literal(scalar),), options) if options is not None:
            try:
                return scalar.cast(options["to_type"].type)
            except pa.ArrowException:
                raise _Untranslatable from None
        case _:
            raise _Untranslatable


def _value_set(options: Any, target: Operand) -> tuple[tuple[Value, ...], bool]:
    scalars = list(options["value_set"].values)
    values = tuple(_value(scalar, target) for scalar in scalars if scalar.is_valid)
    return values, len(values) < len(scalars)


def _value(scalar: pa.Scalar, target: Operand) -> Value:
    import pyarrow as pa

    value = _instant(scalar) if pa.types.is_timestamp(scalar.type) else scalar.as_py()
    if target.kind == "time" and not isinstance(value, dt.date):
        raise _Untranslatable
    try:
        return bind(value, target)
    except QueryError:
        raise _Untranslatable from None


def _instant(scalar: pa.Scalar) -> dt.datetime:
    microseconds, finer = divmod(scalar.value * _NANOSECONDS[scalar.type.unit], 1000)
    if finer:
        raise _Untranslatable
    try:
        return _EPOCH + dt.timedelta(microseconds=microseconds)
    except OverflowError:
        raise _Untranslatable from None
