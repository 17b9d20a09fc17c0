"""Propose how the rows of a read are shared out by one column, from a few totals of Lark."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from larkbase_sdk.read.boundaries import Boundary, Ranking
from larkbase_sdk.read.conditions import Condition
from larkbase_sdk.read.cuts import Cut, bounds, conditions_of, moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from larkbase_sdk.read.conditions import Group
    from larkbase_sdk.read.probes import Probes
    from larkbase_sdk.schema.field_types import FilterFamily
    from larkbase_sdk.schema.table_schema import Column

BALANCE = 1.5
"""No part of a good proposal holds more than so many times its even share of the rows."""

_MOST_OPTIONS = 20
_DAY = 86_400_000
_LAST_DAY = 115_700 * _DAY  # in October 2286, as long as milliseconds have 13 digits
_LARGEST_COUNTER = 10**15 - 1
_RELATIVE_DOUBT = 1e-9


@dataclass(frozen=True, slots=True)
class Domain:
    """The keys of a family of field types that a cut may name; the rest takes all others.

    Attributes:
        low: Lowest key.
        high: Highest key.
        beyond: A key that no row is expected to reach.
        step: Distance of neighbouring keys, or 0 when they may lie anywhere.
        exact: Whether the server's bounds are those of the cut.
    """

    low: float
    high: float
    beyond: float
    step: float
    exact: bool = False


DOMAINS: Mapping[FilterFamily, Domain] = {
    "autonumber": Domain(0, _LARGEST_COUNTER, _LARGEST_COUNTER, 1, exact=True),
    "date": Domain(5 * _DAY, _LAST_DAY, _LAST_DAY, _DAY),
    "number": Domain(-1e15, 1e15, 9e19, 0),
}
"""The families whose values are cut into ranges."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Cuts by one column, the rest last, with about how many rows each of them makes Lark send."""

    column: Column
    cuts: tuple[Cut, ...]
    sizes: tuple[float, ...]

    @property
    def largest(self) -> float:
        """Rows of the largest part."""
        return max(self.sizes)

    @property
    def exact(self) -> bool:
        """Whether Lark sends no row for two parts, so that the sizes tell all."""
        domain = DOMAINS.get(self.column.filter_family)
        return domain is None or domain.exact

    def notes(self) -> Iterator[str]:
        """Yield what the parts are, as text."""
        yield f'read in {len(self.cuts)} parts by "{self.column.lark_name}"'
        for number, (cut, size) in enumerate(zip(self.cuts, self.sizes, strict=True), start=1):
            yield f"part {number}: {_describe(cut, self.column)}, about {size:.0f} rows"


class Proposer:
    """Makes proposals for one read.

    Args:
        probes: Asks Lark.
        rows: Rows of the read.
        wanted: Parts wanted, two or more.
    """

    def __init__(self, probes: Probes, rows: int, wanted: int) -> None:
        self._probes = probes
        self._rows = rows
        self._wanted = wanted

    def propose(self, column: Column) -> Proposal | None:
        """Return how a column shares out the rows; None when it cannot.

        Raises:
            NotSendable: the server cannot be asked about a value.
        """
        domain = DOMAINS.get(column.filter_family)
        return self._by_option(column) if domain is None else self._by_range(column, domain)

    # -- options ---------------------------------------------------------------------------------

    def _by_option(self, column: Column) -> Proposal | None:
        options = column.options
        if not 0 < len(options) <= _MOST_OPTIONS:
            return None
        cuts = [Cut(column.field_id, options=(name,)) for name in options]
        counts = self._counts([(_empty(column),), *(conditions_of(cut, column) for cut in cuts)])
        if counts is None or sum(counts) > self._rows:
            return None
        return self._shared_out(column, dict(zip(options, counts[1:], strict=True)))

    def _shared_out(self, column: Column, sizes: Mapping[str, int]) -> Proposal:
        """Put each option where the fewest rows are; the rest begins with all but the options."""
        loads = [self._rows - sum(sizes.values()), *[0] * (self._wanted - 1)]
        names: list[list[str]] = [[] for _ in loads]
        for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
            place = loads.index(min(loads)) if size else 0
            loads[place] += size
            names[place].append(name)
        filled = [place for place in range(1, self._wanted) if names[place]]
        cuts = [Cut(column.field_id, options=tuple(names[place])) for place in filled]
        elsewhere = tuple(name for cut in cuts for name in cut.options)
        rest = Cut(column.field_id, options=elsewhere, rest=True)
        return Proposal(
            column, (*cuts, rest), (*(float(loads[place]) for place in filled), float(loads[0]))
        )

    # -- ranges ----------------------------------------------------------------------------------

    def _by_range(self, column: Column, domain: Domain) -> Proposal | None:
        filled = self._filled(column, domain)
        ranking = self._ranking(column, domain, filled) if filled else None
        if ranking is None:
            return None
        share = self._rows / self._wanted
        # Empty cells belong to the rest, which takes the lowest keys too until it has its share.
        spare = max(0.0, share - (self._rows - filled))
        each = (filled - spare) / (self._wanted - 1)
        targets = [spare + each * place for place in range(self._wanted - 1)]
        found = ranking.refine(
            targets if spare else targets[1:],
            lambda keys: self._probes.counts([_below(column, key) for key in keys]),
            (BALANCE - 1) * share / 2,
        )
        first = [] if spare else [Boundary(domain.low, 0)]
        return self._between(column, domain, [*first, *found], filled)

    def _filled(self, column: Column, domain: Domain) -> int:
        """Return how many rows have a key that Lark can compare; 0 unless all others are empty.

        A cell that is neither would be asked for by no part.
        """
        counts = self._counts([(_empty(column),), _below(column, domain.beyond), ()])
        if counts is None:
            return 0
        empty, filled, rows = counts
        before, after = sorted((self._rows, rows))
        return filled if before <= empty + filled <= after else 0

    def _ranking(self, column: Column, domain: Domain, filled: int) -> Ranking | None:
        ends = self._probes.ends(column)
        if ends is None:
            return None
        low, high = (min(max(end, domain.low), domain.high) for end in ends)
        if domain.step:
            return Ranking(
                low - low % domain.step, high + domain.step, filled, domain.step, domain.step
            )
        unit = float(column.unit())
        return Ranking(low, high + max(unit, abs(high) * _RELATIVE_DOUBT), filled, 0, unit)

    def _between(
        self, column: Column, domain: Domain, edges: Iterable[Boundary], filled: int
    ) -> Proposal | None:
        """Return the ranges between neighbouring edges and from the last one on, and the rest."""
        below = {edge.key: edge for edge in edges if domain.low <= edge.key < domain.high}
        if not below:
            return None
        ends = [*(below[key] for key in sorted(below)), Boundary(domain.high, filled)]
        cuts = [Cut(column.field_id, low.key, high.key) for low, high in pairwise(ends)]
        sizes = [high.below - low.below for low, high in pairwise(ends)]
        rest = Cut(column.field_id, ends[0].key, domain.high, rest=True)
        return Proposal(column, (*cuts, rest), (*sizes, self._rows - sum(sizes)))

    def _counts(self, questions: list[tuple[Group, ...]]) -> list[int] | None:
        """Return every count, or None when one of them is not known."""
        counts = self._probes.counts(questions)
        known = [count for count in counts if count is not None]
        return known if len(known) == len(counts) else None


def _empty(column: Column) -> Group:
    return (Condition(column.field_id, "isEmpty"),)


def _below(column: Column, key: float) -> tuple[Group, ...]:
    return tuple((condition,) for condition in bounds(column, "<", key))


def _describe(cut: Cut, column: Column) -> str:
    if cut.rest:
        return "all other rows"
    name = column.lark_name
    if cut.options:
        return f"{name} is " + " or ".join(f'"{option}"' for option in cut.options)
    domain = DOMAINS[column.filter_family]
    low, high = _shown(column, cut.low), _shown(column, cut.high)
    if cut.high == domain.high:
        return f"{name} >= {low}" if cut.low > domain.low else f"{name} is not empty"
    return f"{low} <= {name} < {high}" if cut.low > domain.low else f"{name} < {high}"


def _shown(column: Column, key: float) -> str:
    if column.filter_family == "date":
        return moment(key).date().isoformat()
    return f"{key:.15g}"
