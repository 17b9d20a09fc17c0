"""What a crawl did, or would do: counts, changes and failures, as data and as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from larkbase_sdk.display import display_width
from larkbase_server.crawler.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from larkbase_server.crawler.apply import Outcome
    from larkbase_server.crawler.plan import Action, Plan, Verb
    from larkbase_server.crawler.targets import Item

Status = Literal["Success", "Partial", "Failed"]
End = Literal["created", "updated", "deleted", "kept", "skipped"]

_ENDS: Mapping[Verb, End] = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "keep": "kept",
    "skip": "skipped",
}
_WRITTEN = frozenset({"created", "updated", "deleted"})


@dataclass(frozen=True, slots=True)
class Change:
    """How one database or table ended.

    Attributes:
        end: What became of it; with a dry run, what would become of it.
        database: Name of the database in Glue.
        table: Name of the table in Glue; "" for the database itself.
        reasons: Why, in words.
    """

    end: End
    database: str
    table: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Database and table, with a dot between them."""
        return f"{self.database}.{self.table}" if self.table else self.database

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "result": self.end,
            "database": self.database,
            "table": self.table or None,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class CrawlResult:
    """The report of a crawl.

    Attributes:
        source: What was crawled, in words.
        dry_run: Whether nothing was written.
        ends: Every database and table that was looked at, once each.
        failures: What went wrong, in sentences with code, hint and log id.
        notes: What else a person may want to know, in sentences.
    """

    source: str
    dry_run: bool
    ends: tuple[Change, ...] = ()
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """``Success`` without a failure, ``Failed`` when nothing but failures came out."""
        if not self.failures:
            return "Success"
        return "Partial" if any(end.end != "skipped" for end in self.ends) else "Failed"

    @property
    def databases(self) -> dict[End, int]:
        """How many databases ended in which way."""
        return _counts(end for end in self.ends if not end.table)

    @property
    def tables(self) -> dict[End, int]:
        """How many tables ended in which way."""
        return _counts(end for end in self.ends if end.table)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The ends but for what was kept as a matter of course: the difference to before."""
        return tuple(end for end in self.ends if end.end != "kept" or end.reasons)

    def with_notes(self, notes: Iterable[str]) -> CrawlResult:
        """Return the report with further notes."""
        return replace(self, notes=(*self.notes, *notes))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values; the answer of the Lambda function."""
        return {
            "status": self.status,
            "source": self.source,
            "dryRun": self.dry_run,
            "databases": self.databases,
            "tables": self.tables,
            "failures": list(self.failures),
            "notes": list(self.notes),
            "changes": [change.to_dict() for change in self.changes],
        }

    def __str__(self) -> str:
        """Return the report as text: a summary, the difference table by table, failures, notes."""
        done = "Would do" if self.dry_run else self.status
        lines = [f"{done}: {self.source}"]
        lines += [_summary("databases", self.databases), _summary("tables", self.tables)]
        lines += _difference(self.changes)
        lines += [f"failed: {text}" for text in self.failures]
        lines += [f"note: {text}" for text in self.notes]
        return "\n".join(lines)


def _difference(changes: Sequence[Change]) -> list[str]:
    """Return one line a reason, with result and name before the first one of a table."""
    width = max((display_width(change.name) for change in changes), default=0)
    lines = []
    for change in changes:
        padding = " " * (width - display_width(change.name))
        lead = f"  {change.end:<8}{change.name}{padding}  "
        for reason in change.reasons or ("",):
            lines.append(f"{lead}{reason}".rstrip())
            lead = " " * display_width(lead)
    return lines


def _counts(ends: Iterable[Change]) -> dict[End, int]:
    found = Counter(end.end for end in ends)
    return {name: found[name] for name in _ENDS.values()}


def _summary(kind: str, counts: Mapping[End, int]) -> str:
    parts = [f"{count} {end}" for end, count in counts.items() if count]
    return f"{kind}: {', '.join(parts) or 'none'}"


@dataclass(slots=True)
class Report:
    """Collects what the rounds of a crawl did.

    Attributes:
        source: What is crawled, in words.
        dry_run: Whether nothing is written.
        failures: Failures of the source itself.
        notes: Notes of the source itself.
    """

    source: str
    dry_run: bool
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    _ends: dict[Item, Change] = field(default_factory=dict)
    _failed: dict[Item, str] = field(default_factory=dict)

    def add(self, plan: Plan, outcomes: Iterable[Outcome] = ()) -> None:
        """Take what one round planned and what became of it.

        What an earlier round wrote counts as written, whatever a later one finds.
        """
        self._failed.clear()
        by_action = {id(outcome.action): outcome for outcome in outcomes}
        for action in plan:
            end = self._end(action, by_action.get(id(action)))
            known = self._ends.get(action.item)
            if known is None or known.end not in _WRITTEN or end.end in _WRITTEN:
                self._ends[action.item] = end

    def _end(self, action: Action, outcome: Outcome | None) -> Change:
        end, reasons = _ENDS[action.verb], action.reasons
        if outcome is not None and outcome.state != "done":
            end = "kept" if action.verb == "delete" else "skipped"
            reasons = (*reasons, outcome.text)
        if action.failed or (outcome is not None and outcome.state in ("failed", "conflict")):
            self._failed[action.item] = f"{_named(action)}: {one_line('; '.join(reasons))}"
        return Change(end, action.database, action.table, tuple(map(one_line, reasons)))

    def result(self) -> CrawlResult:
        """Return the report of the whole crawl."""
        failures = (*self.failures, *self._failed.values())
        places = {
            name: place
            for place, name in enumerate(dict.fromkeys(database for database, _ in self._ends))
        }
        ends = sorted(self._ends.values(), key=lambda end: (places[end.database], bool(end.table)))
        return CrawlResult(
            self.source,
            self.dry_run,
            tuple(ends),
            tuple(dict.fromkeys(failures)),
            self.notes,
        )


def _named(action: Action) -> str:
    if not action.table:
        return f'database "{action.database}"'
    return f'table "{action.database}.{action.table}"'
