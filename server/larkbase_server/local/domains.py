"""Domains: the values of one column for which a condition holds, as sets of ranges.

The conditions are predicates over one column with SQL's three-valued logic. Athena plans with
such domains too; how they are written on the wire is another module's matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from larkbase_sdk.read.predicate import And, Compare, Constant, In, IsNull, Not, Or

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_sdk.read.predicate import Predicate


@dataclass(frozen=True, slots=True)
class Cut:
    """A place between values: just below one or just above it, or beyond all of them.

    Attributes:
        infinite: -1 below all values, 1 above all values, 0 at a value.
        value: The value.
        above: Whether the place is just above the value.
    """

    infinite: int
    value: Any = None
    above: bool = False

    def __lt__(self, other: Cut) -> bool:
        if self.infinite or other.infinite:
            return self.infinite < other.infinite
        if self.value == other.value:
            return self.above < other.above
        return bool(self.value < other.value)


_LOWEST, _HIGHEST = Cut(-1), Cut(1)


@dataclass(frozen=True, slots=True)
class Domain:
    """Some values of a column, and perhaps NULL.

    Attributes:
        spans: Pairs of cuts with the values between them; sorted, disjoint, not touching.
        null: Whether NULL belongs to it.
    """

    spans: tuple[tuple[Cut, Cut], ...] = ()
    null: bool = False

    @property
    def has_all_values(self) -> bool:
        """Whether every value that is not NULL belongs to it."""
        return self.spans == ((_LOWEST, _HIGHEST),)

    @property
    def is_all(self) -> bool:
        """Whether everything belongs to it."""
        return self.has_all_values and self.null

    def holds(self, value: Any) -> bool:
        """Tell whether a value, or NULL as None, belongs to it."""
        if value is None:
            return self.null
        below, above = Cut(0, value), Cut(0, value, above=True)
        return any(not below < low and not high < above for low, high in self.spans)

    def union(self, other: Domain) -> Domain:
        """Return what belongs to one of two domains."""
        merged: list[tuple[Cut, Cut]] = []
        for low, high in sorted([*self.spans, *other.spans]):
            if merged and not merged[-1][1] < low:
                merged[-1] = (merged[-1][0], max(merged[-1][1], high))
            else:
                merged.append((low, high))
        return Domain(tuple(merged), self.null or other.null)

    def complement(self) -> Domain:
        """Return everything else."""
        cuts = [_LOWEST, *(cut for span in self.spans for cut in span), _HIGHEST]
        pairs = zip(cuts[::2], cuts[1::2], strict=True)
        return Domain(tuple((low, high) for low, high in pairs if low < high), not self.null)

    def intersection(self, other: Domain) -> Domain:
        """Return what belongs to both domains."""
        return self.complement().union(other.complement()).complement()

    def points(self) -> tuple[Any, ...] | None:
        """Return the values when they can be counted, else None."""
        single = all(
            not (low.infinite or high.infinite) and low.value == high.value
            for low, high in self.spans
        )
        return tuple(low.value for low, _ in self.spans) if single else None


NOTHING = Domain()
VALUES = Domain(((_LOWEST, _HIGHEST),))
EVERYTHING = Domain(VALUES.spans, null=True)

_SPANS: dict[str, Callable[[Any], Domain]] = {
    "=": lambda value: Domain(((Cut(0, value), Cut(0, value, above=True)),)),
    "<": lambda value: Domain(((_LOWEST, Cut(0, value)),)),
    "<=": lambda value: Domain(((_LOWEST, Cut(0, value, above=True)),)),
    ">": lambda value: Domain(((Cut(0, value, above=True), _HIGHEST),)),
    ">=": lambda value: Domain(((Cut(0, value), _HIGHEST),)),
}


def domain_of(predicate: Predicate) -> Domain:
    """Return the values for which a predicate over one column is TRUE.

    Raises:
        TypeError: it tests something that no domain can say, such as LIKE.
    """
    return _truths(predicate)[0]


def _truths(predicate: Predicate) -> tuple[Domain, Domain]:
    """Return where a predicate is TRUE and where it is FALSE; elsewhere it is NULL."""
    match predicate:
        case Constant(value):
            return (
                EVERYTHING if value is True else NOTHING,
                EVERYTHING if value is False else NOTHING,
            )
        case IsNull():
            return Domain(null=True), VALUES
        case Not(operand):
            true, false = _truths(operand)
            return false, true
        case And(operands):
            parts = [_truths(operand) for operand in operands]
            return _all([part[0] for part in parts]), _any([part[1] for part in parts])
        case Or(operands):
            parts = [_truths(operand) for operand in operands]
            return _any([part[0] for part in parts]), _all([part[1] for part in parts])
        case Compare(_, op, value):
            return _compared(op, value)
        case In(_, values, has_null):
            listed = _any([_SPANS["="](value) for value in values])
            return listed, NOTHING if has_null else VALUES.intersection(listed.complement())
        case _:
            msg = f"{predicate} is no condition on ranges of values"
            raise TypeError(msg)


def _compared(op: str, value: Any) -> tuple[Domain, Domain]:
    if value is None:
        return NOTHING, NOTHING
    if op == "<>":
        true, false = _compared("=", value)
        return false, true
    true = _SPANS[op](value)
    return true, VALUES.intersection(true.complement())


def _all(domains: list[Domain]) -> Domain:
    return reduce(Domain.intersection, domains, EVERYTHING)


def _any(domains: list[Domain]) -> Domain:
    return reduce(Domain.union, domains, NOTHING)
