"""Divide a read into parts that can be read independently, at the same time, in any order.

`split_plan` looks for a column whose values share out the rows evenly, by asking Lark for a few
totals, and returns the plan with several parts. The parts are disjoint and complete by the exact
cut that each of them makes here (see `cuts.py`); totals only guide their sizes, so a wrong one
makes parts uneven and never wrong. What can make a row come twice or not at all is a cell of that
column that changes while the parts are read, so columns that nobody edits are tried first.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Literal

from larkbase_sdk.read.conditions import NotSendable
from larkbase_sdk.read.cuts import (
    conditions_of,
    cut_part,
    is_as_listed,
    listed_fields,
    with_present_fields,
)
from larkbase_sdk.read.filters import fits
from larkbase_sdk.read.probes import Probes
from larkbase_sdk.read.proposals import BALANCE, Proposer
from larkbase_sdk.schema.naming import SPLIT_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from larkbase_sdk.read.pages import ReadContext
    from larkbase_sdk.read.plan import Part, ReadPlan
    from larkbase_sdk.read.proposals import Proposal
    from larkbase_sdk.schema.field_types import FilterFamily
    from larkbase_sdk.schema.table_schema import Column

Strategy = Literal["auto", "reserved", "off"]

MINIMUM_ROWS = 500
"""Rows up to which a read is not split: the most that one call of Lark gives."""

_WORTH_IT = 0.75
"""A part with a larger share of the rows makes a split read hardly faster than a plain one."""

_RANKS: Mapping[FilterFamily, int] = {"autonumber": 0, "date": 2, "number": 3, "select": 4}


def split_plan(
    plan: ReadPlan,
    context: ReadContext,
    *,
    most: int,
    strategy: Strategy = "auto",
    minimum_rows: int = MINIMUM_ROWS,
) -> ReadPlan:
    """Return the plan divided into up to ``most`` parts, or as it was when that is no use.

    Each part is read on its own with ``read_part``, by a thread, a process or another machine,
    in any order and as often as needed; together they give every row exactly once. No part is
    larger than 1.5 times its even share where a column allows it. A plan with an order or a
    limit, or one that is read through a view, stays as it is.

    Calls the network: one call for the number of rows, and for more than ``minimum_rows`` one
    per 100 fields and up to ``most_probes`` searches for one row each, a few at a time. The same
    answers of Lark give the same parts.

    Args:
        plan: A plan of one part.
        context: What a read needs.
        most: Parts wanted at most; there are never more than pages.
        strategy: ``auto`` divides by the field ``$reserved_split_key`` where there is one that
            serves, else by the column that serves best; ``reserved`` only by that field;
            ``off`` not at all.
        minimum_rows: Rows up to which the plan stays as it is.

    Returns:
        The plan; its notes tell the column and the parts.

    Raises:
        LarkBaseError: Lark's error, unless it only refuses a question.
    """
    if not _can_be_split(plan, most, strategy):
        return plan
    part = plan.parts[0]
    rows = Probes(context, part, plan.schema, 1).counts([()])[0]
    wanted = 0 if rows is None else min(most, ceil(rows / part.page_size))
    if rows is None or rows <= minimum_rows or wanted < 2:
        return plan
    splitter = _Splitter(context, plan, rows, wanted)
    best = splitter.best(strategy)
    if best is None:
        note = "read in one part: no column shares out the rows evenly"
        return replace(plan, notes=(*plan.notes, note))
    return replace(plan, parts=splitter.parts(best), notes=(*plan.notes, *best.notes()))


def most_probes(parts: int, pages: int) -> int:
    """Return how many totals are asked for at most, to find ``parts`` parts of so many pages.

    24 for 4 parts; more for a longer read, where they cost little beside its pages.
    """
    return min(12 * parts, max(8 + 4 * parts, pages // 4))


def _can_be_split(plan: ReadPlan, most: int, strategy: Strategy) -> bool:
    """Whether the pieces of a plan could do all that it asks for, each for itself."""
    part = plan.parts[0]
    if strategy == "off" or most < 2 or len(plan.parts) > 1:
        return False
    if strategy == "reserved" and all(item.lark_name != SPLIT_KEY for item in plan.schema.columns):
        return False
    through_view = part.view_id is not None or part.within_view is not None
    return not (through_view or part.order or part.sort or part.limit is not None)


class _Splitter:
    """Chooses how one plan is divided, with the fields as they are now."""

    def __init__(self, context: ReadContext, plan: ReadPlan, rows: int, wanted: int) -> None:
        self._part = plan.parts[0]
        self._rows = rows
        self._wanted = wanted
        self._fields = listed_fields(context, self._part)
        self._schema = with_present_fields(plan.schema, self._fields)
        most = most_probes(wanted, ceil(rows / self._part.page_size))
        self._probes = Probes(context, self._part, self._schema, most)

    def best(self, strategy: Strategy) -> Proposal | None:
        """Return the first good proposal, else the best one that is worth it, else None."""
        serving = self._serving()
        found = self._best_of(column for column in serving if column.lark_name == SPLIT_KEY)
        if found is None and strategy == "auto":
            found = self._best_of(column for column in serving if column.lark_name != SPLIT_KEY)
        return found

    def parts(self, proposal: Proposal) -> tuple[Part, ...]:
        """Return the parts of a proposal.

        Raises:
            NotSendable: the server cannot be asked for one of them.
        """
        return tuple(cut_part(self._part, cut, proposal.column) for cut in proposal.cuts)

    def _serving(self) -> list[Column]:
        """Return the columns that may serve, those that nobody edits first."""
        listed = [item for item in self._schema.columns if is_as_listed(item, self._fields)]
        ranks = [(rank, column) for column in listed if (rank := _rank(column)) is not None]
        return [column for _, column in sorted(ranks, key=lambda pair: pair[0])]

    def _best_of(self, columns: Iterable[Column]) -> Proposal | None:
        proposer = Proposer(self._probes, self._rows, self._wanted)
        best: Proposal | None = None
        for column in columns:
            try:
                found = self._checked(proposer.propose(column))
            except NotSendable:
                continue
            if found is not None and (best is None or found.largest < best.largest):
                best = found
            if best is not None and best.largest <= BALANCE * self._rows / self._wanted:
                break
        return best if best is not None and best.largest <= _WORTH_IT * self._rows else None

    def _checked(self, proposal: Proposal | None) -> Proposal | None:
        """Return a proposal whose filters Lark takes, with the rows that it sends for each."""
        if proposal is None or len(proposal.cuts) < 2:
            return None
        if not all(fits(part.filter, self._schema) for part in self.parts(proposal)):
            return None
        if proposal.exact or self._probes.left < len(proposal.cuts):
            return proposal
        asked = [conditions_of(cut, proposal.column) for cut in proposal.cuts]
        sizes = [float(size) for size in self._probes.counts(asked) if size is not None]
        return replace(proposal, sizes=tuple(sizes)) if len(sizes) == len(asked) else None


def _rank(column: Column) -> int | None:
    """Return the place of a column among those to be tried; None for one that never serves.

    One serves when the server and the cells read here can tell the same values apart: neither
    formulas nor numbers that are read as whole ones. A time of the last change never stays.
    """
    import pyarrow.types as pt

    if column.result.ui_type == "ModifiedTime" or pt.is_integer(column.arrow_type):
        return None
    return 1 if column.result.ui_type == "CreatedTime" else _RANKS.get(column.filter_family)
