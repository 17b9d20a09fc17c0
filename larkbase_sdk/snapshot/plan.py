"""What a snapshot would do and cost, told before it is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_sdk.display import escape, html_card, html_table, printable, text_table
from larkbase_sdk.snapshot.decide import Action, Decision, modified_column
from larkbase_sdk.snapshot.folder import Folder
from larkbase_sdk.snapshot.planner import Planner
from larkbase_sdk.snapshot.refresh import Doubt, changed_rows, doubt_large_share
from larkbase_sdk.snapshot.selection import wanted_tables
from larkbase_sdk.snapshot.state import read_state

if TYPE_CHECKING:
    from pathlib import Path

    from larkbase_sdk.explanation import Plan
    from larkbase_sdk.snapshot.manifest import TableEntry
    from larkbase_sdk.snapshot.selection import Tables, Wanted
    from larkbase_sdk.table import Database

_CALLS_TO_COUNT = 2
"""A refresh asks for two counts before it reads."""


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What would be done with one table.

    Attributes:
        table: Its name in Lark.
        action: ``read`` in full, ``keep`` as stored, or ``refresh`` by its changed rows.
        rows: Rows that would be read, at most; None when Lark gives no count.
        calls: Calls for them, at most; None when unknown.
        seconds: Time for them, at most; None when unknown.
        why: The reason, in words.
    """

    table: str
    action: Action
    rows: int | None
    calls: int | None
    seconds: float | None
    why: str


@dataclass(frozen=True, slots=True, repr=False)
class SnapshotPlan:
    """What a snapshot would do; made by ``db.snapshot(folder, dry_run=True)``.

    Attributes:
        database: Name of the database.
        folder: Where the snapshot would be.
        tables: Its tables.
    """

    database: str
    folder: Path
    tables: tuple[TablePlan, ...]

    @property
    def calls(self) -> int | None:
        """Calls for the rows of all tables, at most; None when one of them is unknown."""
        known = [table.calls for table in self.tables if table.calls is not None]
        return sum(known) if len(known) == len(self.tables) else None

    @property
    def seconds(self) -> float | None:
        """Time for the rows of all tables, at most; None when one of them is unknown."""
        known = [table.seconds for table in self.tables if table.seconds is not None]
        return sum(known) if len(known) == len(self.tables) else None

    def rows(self) -> list[dict[str, object]]:
        """Return one dict a table: table, action, rows, calls, seconds, why."""
        return [
            {
                "table": table.table,
                "action": table.action,
                "rows": table.rows,
                "calls": table.calls,
                "seconds": None if table.seconds is None else round(table.seconds, 1),
                "why": table.why,
            }
            for table in self.tables
        ]

    def summary(self) -> str:
        """Return the cost in one line."""
        calls = "–" if self.calls is None else self.calls
        seconds = "–" if self.seconds is None else f"{self.seconds:.1f}"
        return f"at most {calls} calls, about {seconds} s; nothing was written"

    def __repr__(self) -> str:
        title = f"Snapshot of {self.database} into {self.folder}"
        return printable(f"{title}\n{text_table(self.rows())}\n{self.summary()}")

    def _repr_html_(self) -> str:
        title = f"Snapshot of {escape(self.database)} into {escape(self.folder)}"
        return html_card(title, html_table(self.rows()), f"<p>{escape(self.summary())}</p>")


def plan_snapshot(
    database: Database, path: Path, *, tables: Tables | None, incremental: bool
) -> SnapshotPlan:
    """Return what ``write_snapshot`` would do; a few calls a table, and nothing is written.

    Raises:
        SnapshotError: when the folder cannot take the snapshot.
        LarkBaseError: Lark's error about the database or a table.
    """
    folder = Folder(path)
    folder.check()
    state = read_state(database)
    planner = Planner(database, folder, state, incremental=incremental)
    wanted = wanted_tables(database, state.listed, tables)
    return SnapshotPlan(database.name, path, tuple(_plan(planner, one) for one in wanted))


def _plan(planner: Planner, wanted: Wanted) -> TablePlan:
    decision = planner.decide(wanted)
    before = planner.before(wanted.table)
    name = wanted.table.name
    if before is not None and decision.action == "keep":
        return TablePlan(name, "keep", 0, 0, 0.0, decision.why)
    if before is not None and decision.action == "refresh":
        found = _refresh(wanted, before)
        if isinstance(found, TablePlan):
            return found
        decision = found
    planner.fresh_schema(wanted.table)
    cost = wanted.table.scan(where=wanted.where).explain()
    return TablePlan(name, "read", cost.rows, cost.calls, cost.seconds, decision.why)


def _refresh(wanted: Wanted, before: TableEntry) -> TablePlan | Decision:
    """Return the plan of a refresh, or the decision for reading in full instead."""
    column = modified_column(wanted.table.schema)
    assert column is not None  # noqa: S101 (the decision was made because it is there)
    cost = changed_rows(wanted.table, column, before).explain()
    try:
        doubt_large_share(cost.rows, before)
    except Doubt as doubt:
        return Decision("read", f"it cannot be refreshed: {doubt}")
    why = "rows changed since are read; deleted ones are looked for by Lark's count"
    return TablePlan(wanted.table.name, "refresh", cost.rows, *_with_counts(cost), why)


def _with_counts(cost: Plan) -> tuple[int | None, float | None]:
    """Return calls and seconds of a read together with those of the counts before it."""
    if cost.calls is None or cost.seconds is None:
        return None, None
    calls = cost.calls + _CALLS_TO_COUNT
    return calls, cost.seconds * calls / max(1, cost.calls)
