"""What a query demands, in the terms of the core: one predicate, an order and a limit.

What is declared as pushed down is Athena's own task no longer, so a demand is met exactly or is
an error, and never relaxed. Value sets are sets of values that are not NULL; a NULL cell passes
when the set says so.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.literals import bind
from larkbase_sdk.read.operands import operand
from larkbase_sdk.read.plan import SortKey
from larkbase_sdk.read.predicate import And, Compare, Constant, In, IsNull, Not, Or, conjunction
from larkbase_server.protocol.value_sets import AllOrNoneValueSet, EquatableValueSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from larkbase_sdk.read.operands import Kind, Operand
    from larkbase_sdk.read.predicate import CompareOp, Predicate, Value
    from larkbase_server.athena.tables import AthenaTable, Origin
    from larkbase_server.protocol.constraints import Constraints, OrderByField
    from larkbase_server.protocol.value_sets import Marker, Range, SortedRangeSet, ValueSet

_ALL, _NOTHING = Constant(True), Constant(False)
_COMPARABLE: frozenset[Kind] = frozenset({"text", "number", "boolean", "time"})
_HINT = "With LARK_CAPABILITIES=none Athena applies all conditions itself."


@dataclass(frozen=True, slots=True)
class Demand:
    """What a query demands of the rows.

    Attributes:
        predicate: What must be TRUE, over the core's names; None for all rows.
        order: The order in which the limit counts, or ().
        limit: Rows wanted at most, or None.
    """

    predicate: Predicate | None = None
    order: tuple[SortKey, ...] = ()
    limit: int | None = None


def demand_of(constraints: Constraints, table: AthenaTable) -> Demand:
    """Return the demand of a query whose constraints the connector has to meet; no call.

    The limit is left to Athena where the rows that it counts are not known here: with conditions
    or orders beyond what the connector declares.

    Raises:
        QueryError: when a condition names no column of the table or cannot be applied.
    """
    parts = [_part(name, values, table) for name, values in constraints.summary.items()]
    predicate = conjunction(*(part for part in parts if part != _ALL))
    undeclared = constraints.expression or constraints.query_plan is not None
    if constraints.limit is None or undeclared:
        return Demand(predicate)
    order = _order(constraints.order_by, table)
    return Demand(predicate) if order is None else Demand(predicate, order, constraints.limit)


def _part(name: str, values: ValueSet, table: AthenaTable) -> Predicate:
    origin = table.origin(name)
    if not origin.name:
        return _of_constant(origin, values, name)
    target = operand(table.schema, origin.name)
    inside = _inside(values, target, name)
    if not values.null_allowed:
        return Not(IsNull(target.path)) if inside == _ALL else inside
    if inside == _ALL:
        return _ALL
    null = IsNull(target.path)
    return null if inside == _NOTHING else Or((inside, null))


def _of_constant(origin: Origin, values: ValueSet, name: str) -> Predicate:
    """Return whether the one value that all rows hold passes."""
    if origin.constant is None:
        return Constant(values.null_allowed)
    import pyarrow as pa

    from larkbase_sdk.read.evaluate import mask
    from larkbase_sdk.read.operands import Operand

    inside = _inside(values, Operand("value", pa.string(), "text"), name)
    found = mask(inside, pa.record_batch({"value": [origin.constant]}))
    return Constant(found[0].as_py() is True)


def _inside(values: ValueSet, target: Operand, name: str) -> Predicate:
    """Return the test for a cell that is not NULL; for NULL it is NULL, FALSE, or ``_ALL``."""
    if isinstance(values, AllOrNoneValueSet):
        return _ALL
    binder = _Binder(target, name)
    if isinstance(values, EquatableValueSet):
        listed = binder.all(values.values)
        if values.white_list:
            return _one_of(target.path, listed)
        return _none_of(target.path, listed)
    if any(item.is_all for item in values.ranges):
        return _ALL
    return _in_ranges(values, binder)


def _one_of(path: str, values: Sequence[Value]) -> Predicate:
    if len(values) == 1:
        return Compare(path, "=", values[0])
    return In(path, tuple(values)) if values else _NOTHING


def _none_of(path: str, values: Sequence[Value]) -> Predicate:
    if len(values) == 1:
        return Compare(path, "<>", values[0])
    return Not(In(path, tuple(values))) if values else _ALL


@dataclass(frozen=True, slots=True)
class _Binder:
    """Makes the core's values of the literals of one column."""

    target: Operand
    name: str

    def one(self, value: object) -> Value:
        """Return a value.

        Raises:
            QueryError: when the column cannot be compared with it.
        """
        if self.target.kind in _COMPARABLE:
            with suppress(QueryError):
                return bind(value, self.target)
        msg = f'The condition on the column "{self.name}" cannot be applied by the connector.'
        raise QueryError(msg, hint=_HINT, context={"column": self.name})

    def all(self, values: Iterable[Any]) -> list[Value]:
        """Return the values that a cell can hold at all."""
        return [self.one(item) for item in values if item is not None and not _endless(item)]


def _endless(value: object) -> bool:
    """Tell whether this is no finite number, which no cell holds."""
    return isinstance(value, float) and not math.isfinite(value)


def _in_ranges(values: SortedRangeSet, binder: _Binder) -> Predicate:
    path = binder.target.path
    if binder.target.kind == "boolean":
        passing = [flag for flag in (False, True) if _holds(values.ranges, flag)]
        return _ALL if len(passing) > 1 else _one_of(path, passing)
    gaps = _gaps(values.ranges)
    if gaps is not None:
        return _none_of(path, binder.all(gaps))
    points = binder.all(item.low.value for item in values.ranges if item.is_point)
    parts = [_between(item, binder) for item in values.ranges if not item.is_point]
    parts = [part for part in (_one_of(path, points), *parts) if part != _NOTHING]
    if not parts:
        return _NOTHING
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def _holds(ranges: Iterable[Range], flag: bool) -> bool:
    """Tell whether a truth value lies in one of the ranges."""

    def beyond(low: Marker) -> bool:
        return low.null_value or low.value < flag or (low.inclusive and low.value == flag)

    def within(high: Marker) -> bool:
        return high.null_value or flag < high.value or (high.inclusive and high.value == flag)

    return any(beyond(item.low) and within(item.high) for item in ranges)


def _gaps(ranges: Sequence[Range]) -> list[Any] | None:
    """Return the single values that lie in none of the ranges; None when more is left out."""
    if len(ranges) < 2 or not (ranges[0].low.null_value and ranges[-1].high.null_value):
        return None
    found = []
    for left, right in pairwise(ranges):
        high, low = left.high, right.low
        if high.null_value or low.null_value or high.inclusive or low.inclusive:
            return None
        if high.value != low.value:
            return None
        found.append(low.value)
    return found


def _between(item: Range, binder: _Binder) -> Predicate:
    """Return the test for a range that is no single value; no cell holds an infinite number."""
    if _is_beyond(item.low, -math.inf) or _is_beyond(item.high, math.inf):
        return _NOTHING
    ends: tuple[tuple[Marker, CompareOp, CompareOp], ...] = (
        (item.low, ">=", ">"),
        (item.high, "<=", "<"),
    )
    path = binder.target.path
    tests = [
        Compare(path, inclusive if end.inclusive else exclusive, binder.one(end.value))
        for end, inclusive, exclusive in ends
        if not end.null_value and not _endless(end.value)
    ]
    if not tests:
        return Not(IsNull(path))
    return tests[0] if len(tests) == 1 else And(tuple(tests))


def _is_beyond(end: Marker, harmless: float) -> bool:
    """Tell whether an end lies where no number is left; at ``harmless`` it bounds nothing."""
    return not end.null_value and _endless(end.value) and end.value != harmless


def _order(fields: Sequence[OrderByField], table: AthenaTable) -> tuple[SortKey, ...] | None:
    """Return the core's order; None when it has none that is the engine's."""
    keys = []
    for item in fields:
        origin = table.origin(item.column_name)
        if not origin.name:
            continue
        # The core places NULL last, as Athena does unless the query says otherwise.
        if item.nulls_first or operand(table.schema, origin.name).kind not in _COMPARABLE:
            return None
        keys.append(SortKey(origin.name, item.descending))
    return tuple(keys)
