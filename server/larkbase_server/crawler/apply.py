"""Carrying out a plan: one call to Glue per action, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from larkbase_sdk.errors import LarkBaseError, NotFound
from larkbase_server.crawler.glue_calls import ALREADY_EXISTS, STALE, aws_code
from larkbase_server.crawler.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from larkbase_server.crawler.glue_calls import GlueCalls
    from larkbase_server.crawler.plan import Action, Plan
    from larkbase_server.crawler.targets import Item

State = Literal["done", "failed", "conflict", "waiting"]

_CONFLICTS = frozenset({ALREADY_EXISTS, STALE})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an action that writes.

    Attributes:
        action: The action.
        state: ``done``; ``failed``; ``conflict`` when the catalogue was not as the plan took it
            to be, so that it must be looked at again; ``waiting`` when something that must come
            first did not succeed.
        text: Why, on one line.
    """

    action: Action
    state: State
    text: str = ""


class Applier:
    """Carries out the plans of one crawl; what has failed once is not tried again.

    Args:
        glue: The calls.
    """

    def __init__(self, glue: GlueCalls) -> None:
        self._glue = glue
        self._failed: dict[Item, str] = {}
        self._unwritten: set[Item] = set()

    def apply(self, plan: Plan) -> list[Outcome]:
        """Carry out what a plan writes, in its order, and return what became of it.

        An error of one action is its outcome and hinders only what depends on it.
        """
        self._unwritten = set(self._failed)
        outcomes: list[Outcome] = []
        writes = (action for action in plan if action.writes)
        for (database, together), actions in groupby(writes, key=_batch):
            if together:
                outcomes += self._delete_tables(database, list(actions))
            else:
                outcomes += map(self._outcome, actions)
        return outcomes

    def _ended(self, outcome: Outcome) -> Outcome:
        if outcome.state != "done":
            self._unwritten.add(outcome.action.item)
        if outcome.state == "failed":
            self._failed[outcome.action.item] = outcome.text
        return outcome

    def _outcome(self, action: Action) -> Outcome:
        return self._ended(self._hindrance(action) or self._write(action))

    def _hindrance(self, action: Action) -> Outcome | None:
        if action.item in self._failed:
            return Outcome(action, "failed", self._failed[action.item])
        first = [*action.needs, *([(action.database, "")] if action.table else [])]
        missing = [item for item in first if item in self._unwritten]
        if not missing:
            return None
        return Outcome(action, "waiting", f"{_name(missing[0])} could not be written")

    def _write(self, action: Action) -> Outcome:
        try:
            if action.verb == "delete":
                return self._delete_database(action)
            self._put(action)
        except LarkBaseError as error:
            conflict = isinstance(error, NotFound) or aws_code(error) in _CONFLICTS
            return Outcome(action, "conflict" if conflict else "failed", one_line(error))
        return Outcome(action, "done")

    def _put(self, action: Action) -> None:
        database, new = action.database, action.verb == "create"
        if not action.table and new:
            self._glue.create_database(action.input)
        elif not action.table:
            self._glue.update_database(database, action.input)
        elif new:
            self._glue.create_table(database, action.input)
        else:
            self._glue.update_table(database, action.input, action.version)

    def _delete_database(self, action: Action) -> Outcome:
        """Delete a database unless something is in it, which the call would delete as well."""
        try:
            left = self._glue.tables(action.database)
        except NotFound:
            return Outcome(action, "done")
        if left:
            return Outcome(action, "waiting", f"{left[0].name} is still in it")
        self._glue.delete_database(action.database)
        return Outcome(action, "done")

    def _delete_tables(self, database: str, actions: Sequence[Action]) -> list[Outcome]:
        hindered = [outcome for action in actions if (outcome := self._hindrance(action))]
        kept = {outcome.action.item for outcome in hindered}
        rest = [action for action in actions if action.item not in kept]
        errors = self._glue.delete_tables(database, [action.table for action in rest])
        tried = [
            Outcome(action, "failed", errors[action.table])
            if action.table in errors
            else Outcome(action, "done")
            for action in rest
        ]
        return [self._ended(outcome) for outcome in (*hindered, *tried)]


def _batch(action: Action) -> tuple[str, bool]:
    return action.database, action.verb == "delete" and bool(action.table)


def _name(item: Item) -> str:
    return ".".join(filter(None, item))
