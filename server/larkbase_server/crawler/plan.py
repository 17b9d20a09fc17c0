"""The plan of a crawl: a pure comparison of what Lark has with what Glue has.

Databases and tables are addressed by their names, because Glue cannot rename them; ids tell which
entry of the catalogue stands for which table, so that a renamed table takes its declared types and
other people's settings along, and its old entry goes only after the new one is there.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from larkbase_server.crawler.columns import declared_columns
from larkbase_server.crawler.formats import (
    EVERYBODY,
    database_input,
    table_differences,
    table_input,
)
from larkbase_server.crawler.records import databases_of
from larkbase_server.crawler.targets import Item, Situation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from larkbase_sdk.options import NameStyle
    from larkbase_server.crawler.records import (
        GlueDatabase,
        GlueTable,
        LarkSide,
        LarkTable,
        TableIds,
    )
    from larkbase_server.crawler.source import CrawlSource
    from larkbase_server.crawler.targets import Target

Verb = Literal["create", "update", "delete", "keep", "skip"]

_WRITES = frozenset({"create", "update", "delete"})


@dataclass(frozen=True, slots=True)
class Rules:
    """How a plan is made.

    Attributes:
        style: Style of the SQL names.
        retype: Declare all types anew, see ``declared_columns``.
        lake_formation: New databases grant nothing.
    """

    style: NameStyle = "ascii"
    retype: bool = False
    lake_formation: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """What is to be done with one database or table.

    Attributes:
        verb: ``keep`` and ``skip`` write nothing; what is skipped was wanted otherwise.
        database: Name of the database in Glue.
        table: Name of the table in Glue; "" for the database itself.
        reasons: Why, in words.
        input: The database or table to be written, as Glue's API takes it.
        version: The version of the table that an update rests on.
        needs: What must not have failed before this overwrites or deletes an entry.
        failed: Whether something skipped is a failure, which a person should see to.
    """

    verb: Verb
    database: str
    table: str = ""
    reasons: tuple[str, ...] = ()
    input: Mapping[str, Any] = field(default_factory=dict, hash=False)
    version: str = ""
    needs: tuple[Item, ...] = ()
    failed: bool = False

    @property
    def item(self) -> Item:
        """Database and table."""
        return self.database, self.table

    @property
    def writes(self) -> bool:
        """Whether it changes the catalogue."""
        return self.verb in _WRITES


Plan = tuple[Action, ...]


def make_plan(lark: LarkSide, databases: Sequence[GlueDatabase], rules: Rules) -> Plan:
    """Return what brings a catalogue in line with a source, in the order in which to do it.

    Only databases of this very source, and in them only tables made from Lark, are written or
    deleted. What could not be read in Lark stays as it is. Carried out in full, the plan leaves
    a catalogue whose own plan writes nothing.

    Args:
        lark: What the source holds.
        databases: Every database of the catalogue; the tables of the source's own ones were read.
        rules: Styles and switches.
    """
    return _Planner(lark, databases, rules).plan()


def drop_plan(source: CrawlSource, databases: Sequence[GlueDatabase]) -> Plan:
    """Return what removes everything that was made from a source, and nothing else."""
    actions: list[Action] = []
    reason = f"the {source.label} is dropped"
    for database in databases_of(source, databases):
        if database.error:
            actions.append(_failure(database.name, "", database.error))
            continue
        owned = [table.name for table in database.tables if _is_owned(table, source)]
        actions += [Action("delete", database.name, name, (reason,)) for name in owned]
        actions.append(_end_of_database(database, len(owned), reason))
    return tuple(actions)


def _failure(database: str, table: str, reason: str) -> Action:
    return Action("skip", database, table, (reason,), failed=True)


def _is_owned(table: GlueTable, source: CrawlSource) -> bool:
    return table.is_lark and source.owns(table.parameters)


def _end_of_database(database: GlueDatabase, deleted: int, reason: str) -> Action:
    """Return what becomes of a database that is wanted no more, of whose tables some go."""
    left = len(database.tables) - deleted
    if left:
        stay = "1 table in it stays" if left == 1 else f"{left} tables in it stay"
        return Action("keep", database.name, reasons=(f"{reason}, but {stay}",))
    return Action("delete", database.name, reasons=(reason,))


class _Planner:
    """One comparison, database by database."""

    def __init__(self, lark: LarkSide, databases: Sequence[GlueDatabase], rules: Rules) -> None:
        self._source = lark.source
        self._rules = rules
        self._now = Situation(lark, databases, rules.style)
        self._used: dict[str, set[str]] = {}
        self._holders: dict[TableIds, list[Item]] = defaultdict(list)
        self._homeless: set[TableIds] = set()
        self._overwritten: dict[Item, TableIds] = {}

    def plan(self) -> Plan:
        wanted = [action for target in self._now.targets for action in self._database(target)]
        created = {action.item for action in wanted if action.verb == "create"}
        # An update may overwrite the entry of a table that gets another one, so those come first;
        # deletions come last: by now it is known where every table went.
        writes = sorted(wanted, key=lambda action: action.verb == "update" and bool(action.table))
        own = self._now.own.values()
        return (
            *(self._after_successors(action, created) for action in writes),
            *(action for database in own for action in self._rest(database)),
        )

    def _after_successors(self, action: Action, created: set[Item]) -> Action:
        """Return an update of another table's entry so that it needs that table's new entry."""
        overwritten = self._overwritten.get(action.item)
        holders = self._holders.get(overwritten, []) if overwritten else []
        return replace(action, needs=tuple(item for item in holders if item in created))

    # -- what is wanted ------------------------------------------------------------------------

    def _database(self, target: Target) -> Iterator[Action]:
        name = target.name
        problem = self._obstacle(target)
        if problem is not None or name is None:
            self._homeless.update(table.ids for table in target.database.tables)
            nameless = Action("skip", f"({target.database.key})", reasons=("it has no name",))
            yield problem or nameless
            return
        self._used[name] = set()
        yield self._database_itself(target, name)
        for table, table_name in target.tables:
            yield self._table(target, name, table, table_name)
        for base_id, reason in target.database.unread.items():
            yield _failure(name, f"(tables of base {base_id})", reason)

    def _obstacle(self, target: Target) -> Action | None:
        """Return why a database is left alone, or None when it is not."""
        name, database = target.name, target.database
        if not database.readable:
            entry = next(filter(self._now.is_unreadable, self._entries_of(database.key)), None)
            shown = entry.name if entry else name or database.name
            return _failure(shown, "", "; ".join(database.unread.values()))
        if name is not None and name in self._now.foreign:
            reason = f"Glue has a database of this name that is not of the {self._source.label}"
            return _failure(name, "", reason)
        if target.existing is not None and target.existing.error:
            self._used[target.existing.name] = set()
            return _failure(target.existing.name, "", target.existing.error)
        return None

    def _entries_of(self, key: str) -> list[GlueDatabase]:
        return [item for item in self._now.own.values() if self._now.key(item) == key]

    def _database_itself(self, target: Target, name: str) -> Action:
        existing = target.existing
        location = self._source.location(target.database.key)
        if existing is None:
            granted = () if self._rules.lake_formation else EVERYBODY
            old = self._now.named_by(target.database.key)
            reason = f"renamed from {old.name}" if old else "new"
            content = database_input(name, location, old, granted)
            return Action("create", name, reasons=(reason,), input=content)
        if existing.location != location:
            content = database_input(name, location, existing)
            reason = f"location: {existing.location} → {location}"
            return Action("update", name, reasons=(reason,), input=content)
        return Action("keep", name)

    def _table(self, target: Target, database: str, table: LarkTable, name: str | None) -> Action:
        present = {entry.name: entry for entry in target.existing.tables} if target.existing else {}
        same_name = present.get(name or "")
        problem = self._table_obstacle(database, table, name, same_name)
        if problem is not None or name is None:
            self._homeless.add(table.ids)
            nameless = Action("skip", database, f"({table.table_id})", ("it has no name",))
            return problem or nameless
        self._used[database].add(name)
        self._holders[table.ids].append((database, name))
        return self._written(target, database, table, name, same_name)

    def _table_obstacle(
        self, database: str, table: LarkTable, name: str | None, same_name: GlueTable | None
    ) -> Action | None:
        """Return why a table is left alone, or None when it is not."""
        if table.error:
            entry = self._now.entry_in(database, table.ids)
            shown = entry.name if entry else name or table.name
            return _failure(database, shown, table.error)
        if same_name is not None and not same_name.is_lark:
            reason = "Glue has a table or view of this name that was not made from Lark"
            return _failure(database, same_name.name, reason)
        return None

    def _written(
        self,
        target: Target,
        database: str,
        table: LarkTable,
        name: str,
        same_name: GlueTable | None,
    ) -> Action:
        before = self._now.predecessor(table.ids, same_name)
        columns = declared_columns(
            table.columns,
            before.columns if before else (),
            retype=self._rules.retype,
            unsure=table.unsure,
        )
        wanted = table_input(self._source, target.database.key, table, name, columns, before)
        if same_name is None:
            count = "1 column" if len(columns) == 1 else f"{len(columns)} columns"
            reason = f"renamed from {before.name}" if before else f"new, {count}"
            return Action("create", database, name, (reason,), wanted)
        if same_name.ids != table.ids:
            self._overwritten[database, name] = same_name.ids
        differences = table_differences(same_name, wanted)
        if not differences:
            return Action("keep", database, name)
        return Action("update", database, name, differences, wanted, same_name.version)

    # -- what is wanted no more ----------------------------------------------------------------

    def _rest(self, database: GlueDatabase) -> Iterator[Action]:
        """Yield what becomes of the entries of a database that nothing was written to."""
        if database.name in self._used:
            yield from self._deletions(database, self._used[database.name])
        elif reason := self._reason_to_stay(database):
            yield Action("keep", database.name, reasons=(reason,))
        elif database.error:
            yield _failure(database.name, "", database.error)
        elif not self._now.is_unreadable(database):
            actions = list(self._deletions(database, set()))
            yield from actions
            deleted = sum(action.verb == "delete" for action in actions)
            yield _end_of_database(database, deleted, f"gone from the {self._source.label}")

    def _reason_to_stay(self, database: GlueDatabase) -> str:
        """Return why a database that nobody wants stays; "" when nothing speaks for it."""
        doubt = self._now.doubt_about_wish(self._now.key(database))
        if doubt or self._now.targets:
            return doubt
        return f"the {self._source.label} names no database at all"

    def _deletions(self, database: GlueDatabase, used: set[str]) -> Iterator[Action]:
        for table in database.tables:
            if table.name in used or not _is_owned(table, self._source):
                continue
            if table.ids in self._homeless:
                continue
            if doubt := self._now.doubt_about(table.ids[0]):
                yield Action("keep", database.name, table.name, (doubt,))
                continue
            holders = self._holders.get(table.ids, ())
            needs = tuple(sorted(holders, key=lambda item: item[0] != database.name))
            reason = f"now {'.'.join(needs[0])}" if needs else "gone from Lark, or not wanted"
            yield Action("delete", database.name, table.name, (reason,), needs=needs)
