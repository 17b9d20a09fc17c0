"""How a scan will be read, told to people and programs before it costs anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from larkbase_sdk.display import counted, escape, html_card, html_table, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from larkbase_sdk.api.http import Http
    from larkbase_sdk.read.count import Glance
    from larkbase_sdk.read.plan import Part, ReadPlan

_SECONDS_PER_CALL = 0.3
"""Assumed until this client has measured its own calls."""


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """What a scan will do.

    Attributes:
        label: Database and table.
        fields_read: Columns that are fetched.
        fields_total: Columns of the table.
        for_the_check: Lark names of the columns that only conditions or the order look at.
        on_server: Conditions that Lark filters.
        rechecked: Whether conditions that Lark filters are checked again here.
        here: Conditions that only this process checks, each with the reason.
        notes: Views, sorts and other decisions.
        rows: Rows that Lark will send at most, or None when it gave no count.
        calls: Calls at most, or None.
        seconds: Time at most, or None.
        order: Order of the rows, as text.
        limit: Rows wanted, or None for all.
        filter: The filter as Lark gets it, or None.
        rate: Calls per second that are never exceeded.
        strategy: How the pages are read; empty when there is at most one.
    """

    label: str
    fields_read: int
    fields_total: int
    for_the_check: tuple[str, ...]
    on_server: tuple[str, ...]
    rechecked: bool
    here: tuple[str, ...]
    notes: tuple[str, ...]
    rows: int | None
    calls: int | None
    seconds: float | None
    order: tuple[str, ...]
    limit: int | None
    filter: dict[str, Any] | None
    rate: float
    strategy: str = ""

    def lines(self) -> list[tuple[str, str]]:
        """Return the explanation as pairs of heading and text."""
        nothing = "nothing is asked" if self.calls == 0 else "nothing: every row is sent"
        lines = [("on the server", " · ".join(self.on_server) or nothing)]
        if self.rechecked:
            lines.append(("in this process", "the same conditions again, exactly"))
        lines.extend(("in this process", text) for text in self.here)
        lines.extend(("note", text) for text in self.notes)
        if self.strategy:
            lines.append(("pages", self.strategy))
        lines.append(("estimate", self._estimate()))
        return lines

    def _estimate(self) -> str:
        if self.rows is None or self.calls is None or self.seconds is None:
            return f"– (Lark gave no count; at most {self.rate:g} calls/s)"
        cost = f"{counted(self.rows, 'row')} · {counted(self.calls, 'call')}"
        return f"at most {cost} · about {self.seconds:.1f} s  (limit: {self.rate:g} calls/s)"

    def __repr__(self) -> str:
        wanted = self.fields_read - len(self.for_the_check)
        head = f"Scan {self.label}  {wanted} of {self.fields_total} fields"
        if self.for_the_check:
            head += f", and {', '.join(self.for_the_check)} for the check"
        lines = [head, *(f"  {name:<16}{text}" for name, text in self.lines())]
        return printable("\n".join(lines))

    def _repr_html_(self) -> str:
        rows = [{"": name, "what happens": text} for name, text in self.lines()]
        return html_card(f"Scan {escape(self.label)}", html_table(rows))


def explain_plan(label: str, plan: ReadPlan, seen: Sequence[Glance], http: Http) -> Plan:
    """Return the explanation of a plan, given what a glance at each of its searches has told."""
    from larkbase_sdk.read.pushdown import render_filter

    part = plan.parts[0]
    rows, calls = _cost(plan, seen)
    at_a_time = http.options.concurrency
    several = calls is None or calls > 1
    return Plan(
        label=label,
        fields_read=len(part.fields),
        fields_total=len(plan.schema.columns),
        for_the_check=_for_the_check(plan),
        on_server=_on_server(plan),
        rechecked=bool(plan.residual) and part.filter is not None,
        here=plan.kept,
        notes=plan.notes,
        rows=rows,
        calls=calls,
        seconds=None if calls is None else _seconds(calls, plan, seen, http),
        order=tuple(f"{key.column} desc" if key.descending else key.column for key in part.order),
        limit=part.limit,
        filter=None if part.filter is None else render_filter(part.filter, plan.schema),
        rate=http.options.rate,
        strategy=_strategy(plan, seen, calls, at_a_time) if several else "",
    )


def _cost(plan: ReadPlan, seen: Sequence[Glance]) -> tuple[int | None, int | None]:
    """Return rows and calls at most, of all searches together; None where one is not known."""
    rows = calls = 0
    for part, told in zip(plan.searches(), seen, strict=True):
        found = _rows(part, plan, told.total)
        if found is None:
            return None, None
        rows += found
        calls += _calls(found, part, plan, told)
    return rows, calls


def _seconds(calls: int, plan: ReadPlan, seen: Sequence[Glance], http: Http) -> float:
    """Return about how long the calls take, at the rate and at the speed of those so far."""
    per_call = http.stats.seconds_per_call() or _SECONDS_PER_CALL
    ahead = any(told.by_offset for told in seen) and not plan.parts[0].sort
    at_a_time = http.options.concurrency if ahead else 1
    return max(calls * per_call / at_a_time, calls / http.options.rate)


def _strategy(plan: ReadPlan, seen: Sequence[Glance], calls: int | None, at_a_time: int) -> str:
    from larkbase_sdk.read.parallel import MANY_PAGES

    part = plan.parts[0]
    if part.sort:
        return "one after another, until no better row can follow"
    if at_a_time == 1:
        return "one after another, as options.concurrency is 1"
    by_offset = seen[0].by_offset if seen else None
    if by_offset:
        return f"by their offsets, up to {at_a_time} at a time"
    many = calls is not None and calls > MANY_PAGES
    if by_offset is False and many and not (part.order or part.limit is not None):
        return f"in up to {at_a_time} parts at a time, where a column shares out the rows"
    return "one after another, as their tokens tell no offsets"


def _for_the_check(plan: ReadPlan) -> tuple[str, ...]:
    read = (plan.schema.by_id(field_id) for field_id in plan.parts[0].fields)
    return tuple(column.lark_name for column in read if column.name not in plan.output)


def _calls(rows: int, part: Part, plan: ReadPlan, seen: Glance) -> int:
    from larkbase_sdk.read.offsets import calls_of

    any_rows_do = part.limit is not None and not (part.order or plan.residual)
    overlap = bool(seen.by_offset) and not any_rows_do
    return calls_of(rows, part.page_size, by_offset=overlap)


def _rows(part: Part, plan: ReadPlan, total: int | None) -> int | None:
    """Return how many rows come at most; a limit counts only when it stops the reading."""
    if total is None or part.limit is None:
        return total
    if part.sort or (not part.order and not plan.residual):
        return min(total, max(part.limit, part.page_size if part.sort else 0))
    return total


def _on_server(plan: ReadPlan) -> tuple[str, ...]:
    part = plan.parts[0]
    parts = list(plan.sent)
    if part.limit == 0:
        return ()
    if part.sort:
        names = [plan.schema.by_id(field_id).lark_name for field_id, _ in part.sort]
        sides = [" desc" if descending else "" for _, descending in part.sort]
        parts.append("sort " + ", ".join(map("".join, zip(names, sides, strict=True))))
        parts.append(f"stop after {part.limit}")
    elif part.limit is not None and not part.order:
        parts.append(f"stop after {part.limit}")
    return tuple(parts)
