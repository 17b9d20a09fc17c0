"""Exact comparison of Arrow arrays with Python values of any precision."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pyarrow as pa

    from larkbase_sdk.read.predicate import CompareOp

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_FUNCTIONS: dict[CompareOp, str] = {
    "=": "equal",
    "<>": "not_equal",
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
}
_STEPS_PER_MICROSECOND = {
    "s": Fraction(1, 10**6),
    "ms": Fraction(1, 10**3),
    "us": Fraction(1),
    "ns": Fraction(10**3),
}
_INT64_MAX = 2**63 - 1


def compare(array: pa.Array, op: CompareOp, value: Any) -> pa.BooleanArray:
    """Return ``cell op value`` for each cell; NULL for NULL cells."""
    import pyarrow as pa

    grid = _grid_of(array)
    if grid is not None:
        return grid.compare(op, value)
    if pa.types.is_floating(array.type):
        array, value = _as_double(array), _double(value)
    return _apply(array, op, pa.scalar(value, array.type))


def is_one_of(array: pa.Array, values: Iterable[Any]) -> pa.BooleanArray:
    """Return whether each cell equals one of the values; NULL for NULL cells."""
    import pyarrow as pa
    import pyarrow.compute as pc

    grid = _grid_of(array)
    if grid is not None:
        array, candidates = grid.cells, grid.on_grid(values)
    elif pa.types.is_floating(array.type):
        array = _as_double(array)
        candidates = [pa.scalar(_double(value)) for value in values]
    else:
        candidates = [pa.scalar(value, array.type) for value in values]
    known = pa.array([item.as_py() for item in candidates], array.type)
    found = pc.is_in(array, value_set=known)
    return pc.if_else(pc.is_valid(array), found, pa.scalar(None, pa.bool_()))


def _apply(array: pa.Array, op: CompareOp, scalar: pa.Scalar) -> pa.BooleanArray:
    import pyarrow.compute as pc

    return getattr(pc, _FUNCTIONS[op])(array, scalar)


def _as_double(array: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    # Adding zero turns -0.0 into 0.0, which a set look-up would tell apart.
    return pc.add(array.cast(pa.float64()), 0.0)


def _double(value: float | Decimal) -> float:
    return float(Decimal(value)) + 0.0


def _grid_of(array: pa.Array) -> _Grid | None:
    """Return the array as cells on a grid of whole steps; None when it is no such array."""
    import pyarrow as pa

    dtype = array.type
    if pa.types.is_integer(dtype):
        most = 2 ** (dtype.bit_width - 1) - 1
        return _Grid(array, Fraction(1), -most - 1, most, lambda step: pa.scalar(step, dtype))
    if pa.types.is_decimal(dtype):
        most, context = 10**dtype.precision - 1, Context(prec=dtype.precision)
        return _Grid(
            array,
            Fraction(10) ** dtype.scale,
            -most,
            most,
            lambda step: pa.scalar(Decimal(step).scaleb(-dtype.scale, context), dtype),
        )
    if pa.types.is_date(dtype):
        array = array.cast(pa.timestamp("ms"))
    if pa.types.is_timestamp(array.type):
        cells, steps = array.cast(pa.int64()), _STEPS_PER_MICROSECOND[array.type.unit]
        return _Grid(cells, steps, -_INT64_MAX - 1, _INT64_MAX, pa.scalar)
    return None


@dataclass(frozen=True, slots=True)
class _Grid:
    """Cells that lie on whole steps, while literals may lie between or beyond them.

    Attributes:
        cells: The array.
        steps: Steps per unit of a number, or per microsecond of a time.
        lowest: The lowest step a cell can have.
        highest: The highest step a cell can have.
        scalar: Makes the Arrow scalar of a step.
    """

    cells: pa.Array
    steps: Fraction
    lowest: int
    highest: int
    scalar: Callable[[int], pa.Scalar]

    def compare(self, op: CompareOp, value: Any) -> pa.BooleanArray:
        exact = _fraction(value) * self.steps
        below = math.floor(exact)
        possible = self.lowest <= below <= self.highest
        if possible and below == exact:
            return _apply(self.cells, op, self.scalar(below))
        if op in ("=", "<>"):
            return self._constant(answer=op == "<>")
        # No cell lies on the literal: those up to the step below are less, all others greater.
        if possible:
            return _apply(self.cells, "<=" if op in ("<", "<=") else ">", self.scalar(below))
        return self._constant(answer=(op in ("<", "<=")) is (below > 0))

    def on_grid(self, values: Iterable[Any]) -> list[pa.Scalar]:
        """Return scalars of the values that a cell can have at all."""
        exact = (_fraction(value) * self.steps for value in values)
        return [
            self.scalar(int(step))
            for step in exact
            if step.denominator == 1 and self.lowest <= step <= self.highest
        ]

    def _constant(self, *, answer: bool) -> pa.BooleanArray:
        import pyarrow as pa
        import pyarrow.compute as pc

        missing = pa.scalar(None, pa.bool_())
        return pc.if_else(pc.is_valid(self.cells), pa.scalar(answer), missing)


def _fraction(value: Any) -> Fraction:
    if isinstance(value, dt.datetime):
        return Fraction((value - _EPOCH) // _MICROSECOND)
    return Fraction(value)
