"""Take a snapshot of a database: table by table, into files that become visible all at once."""

from __future__ import annotations

import datetime as dt
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from larkbase_sdk._version import __version__
from larkbase_sdk.errors import (
    EmptyBecauseRestricted,
    LarkBaseError,
    PushdownRefused,
    SnapshotError,
    TableChanged,
)
from larkbase_sdk.snapshot.decide import Decision, linked_table, modified_column
from larkbase_sdk.snapshot.folder import Folder
from larkbase_sdk.snapshot.lock import locked
from larkbase_sdk.snapshot.manifest import Manifest, TableEntry
from larkbase_sdk.snapshot.parquet import digest, read_rows, write_rows
from larkbase_sdk.snapshot.planner import Planner
from larkbase_sdk.snapshot.refresh import Doubt, find_changes, merged, since_of
from larkbase_sdk.snapshot.schema_file import schema_to_json
from larkbase_sdk.snapshot.selection import wanted_tables
from larkbase_sdk.snapshot.state import read_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from larkbase_sdk.schema.table_schema import TableSchema
    from larkbase_sdk.snapshot.selection import Tables, Wanted
    from larkbase_sdk.table import Database, Table

_A_DAY = 86_400.0
_DOUBTFUL = frozenset({TableChanged, EmptyBecauseRestricted})


def write_snapshot(
    database: Database, path: Path, *, tables: Tables | None, incremental: bool
) -> None:
    """Write a snapshot; it becomes visible when every table is there. See ``Database.snapshot``."""
    folder = Folder(path)
    with _told_as_failure(path):
        folder.prepare()
        with locked(folder.lock):
            _Run(database, folder, tables, incremental=incremental).write()


@contextmanager
def _told_as_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except LarkBaseError:
        raise
    except OSError as error:
        msg = f"The snapshot in {path} cannot be written: {error.strerror or error}."
        hint = (
            "What was there before is untouched. Mend it and run again: complete tables are reused."
        )
        raise SnapshotError(msg, hint=hint) from error


def now() -> str:
    """Return this moment as the manifest writes it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class _Stored:
    """What was written of a table."""

    file: str
    rows: int
    schema: TableSchema
    doubtful: bool = False


class _Run:
    """One run that writes a snapshot, under the lock of its folder."""

    def __init__(
        self, database: Database, folder: Folder, tables: Tables | None, *, incremental: bool
    ) -> None:
        self._database = database
        self._lark = database.lark
        self._folder = folder
        self._state = read_state(database)
        self._planner = Planner(database, folder, self._state, incremental=incremental)
        self._wanted = wanted_tables(database, self._state.listed, tables)

    def write(self) -> None:
        """Write every table and make the snapshot visible."""
        self._folder.clean_staging()
        written = {}
        for wanted in self._wanted:
            entry = self._store(wanted)
            self._folder.stage_entry(entry)
            written[entry.key] = entry
        self._folder.commit(self._manifest(written))

    def _manifest(self, written: Mapping[tuple[str, str], TableEntry]) -> Manifest:
        visible = self._planner.visible
        others = {entry.key: entry for entry in (visible.tables if visible else ())}
        entries = []
        for item in self._state.listed:
            key = (item.base_id, item.table_id)
            if key in written:
                entries.append(written[key])
            elif key in others:
                # It was not asked for this time, so it stays as it was, under its present name.
                kept = replace(others[key], name=item.name, sql_name=item.sql_name)
                entries.append(replace(kept, how="kept", why="it was not asked for"))
        database = self._database
        return Manifest(
            database=database.name,
            sql_name=database.sql_name,
            base_id=database.id,
            url=database.url,
            domain=self._lark.domain,
            identity=self._lark.identity,
            written_at=now(),
            tables=tuple(entries),
            bases=self._state.base_entries(),
        )

    def _store(self, wanted: Wanted) -> TableEntry:
        calls = self._lark.stats.calls
        decision = self._planner.decide(wanted)
        before = self._planner.before(wanted.table)
        if before is not None and decision.action == "keep":
            entry = self._kept(before, decision, wanted.table)
        elif before is not None and decision.action == "refresh":
            entry = self._refreshed(wanted, before)
        else:
            entry = self._read(wanted, decision.why)
        return replace(entry, calls=self._lark.stats.calls - calls)

    def _kept(self, before: TableEntry, decision: Decision, table: Table) -> TableEntry:
        # A catalogue may call it otherwise by now, which changes nothing in its base.
        named = replace(before, name=table.name, sql_name=table.sql_name, url=table.url)
        kept = replace(named, how="kept", why=decision.why, checked_at=now())
        return replace(kept, added=0, changed=0, removed=0)

    def _refreshed(self, wanted: Wanted, before: TableEntry) -> TableEntry:
        started, clock = now(), self._server_time()
        table = wanted.table
        column = modified_column(table.schema)
        assert column is not None  # noqa: S101 (the decision was made because it is there)
        path = self._folder.rows_file(before)
        try:
            changes = find_changes(table, column, before, path)
        except Doubt as doubt:
            return self._read(wanted, f"it could not be refreshed: {doubt}")
        file = self._folder.new_file(table.sql_name)
        target = _described(table.schema, table, None, started)
        rows = write_rows(self._folder.staged_rows(file), target, merged(read_rows(path), changes))
        entry = self._entry(wanted, _Stored(file, rows, table.schema), started, clock)
        return replace(
            entry,
            how="refreshed",
            why=changes.describe(since_of(before)),
            full_read_at=before.full_read_at,
            added=changes.added,
            changed=changes.changed,
            removed=changes.removed,
        )

    def _read(self, wanted: Wanted, why: str) -> TableEntry:
        table = wanted.table
        self._planner.fresh_schema(table)
        started, clock = now(), self._server_time()
        plan = (scan := table.scan(where=wanted.where)).plan()
        noted: set[type[Warning]] = set()
        file = self._folder.new_file(table.sql_name)
        target = _described(plan.schema, table, wanted.where, started)
        batches = scan.batches(plan, noted=noted.add)
        rows = write_rows(self._folder.staged_rows(file), target, batches)
        stored = _Stored(file, rows, plan.schema, doubtful=self._is_doubtful(noted, wanted))
        return replace(self._entry(wanted, stored, started, clock), why=why)

    def _is_doubtful(self, noted: set[type[Warning]], wanted: Wanted) -> bool:
        hidden = PushdownRefused in noted and wanted.where is None
        return hidden or bool(noted & _DOUBTFUL)

    def _entry(
        self, wanted: Wanted, stored: _Stored, started: str, server_time: float
    ) -> TableEntry:
        """Return the entry of a table that was just written, and write its schema file."""
        table, path = wanted.table, self._folder.staged_rows(stored.file)
        present = self._state.present(wanted)
        options = self._lark.options
        schema = schema_to_json(stored.schema, options.number_type)
        schema["name_style"] = options.name_style
        targets = filter(None, map(linked_table, stored.schema.columns))
        return TableEntry(
            name=table.name,
            sql_name=table.sql_name,
            base_id=table.base_id,
            table_id=table.id,
            url=table.url,
            file=stored.file,
            rows=stored.rows,
            bytes=path.stat().st_size,
            sha256=digest(path),
            schema_sha256=self._folder.stage_schema(stored.file, schema),
            revision=present.revision,
            modified=present.modified,
            where=wanted.where,
            how="read",
            why="",
            read_from=started,
            read_to=(ended := now()),
            checked_at=ended,
            server_time=server_time,
            full_read_at=started,
            identity=self._lark.identity,
            doubtful=stored.doubtful,
            linked={target: present.revisions.get(target, 0) for target in targets},
        )

    def _server_time(self) -> float:
        """Return the time at the service, or one that is earlier for certain."""
        clock = self._lark.api.http.service_clock.now()
        return time.time() - _A_DAY if clock is None else clock


def _described(schema: TableSchema, table: Table, where: str | None, started: str) -> Any:
    """Return the Arrow schema of a stored table, with where its rows come from."""
    facts = {
        "base": table.base_id,
        "table": table.id,
        "name": table.label,
        "where": [] if where is None else [where],
        "read_at": started,
        "sdk": __version__,
    }
    return schema.to_arrow("sql").with_metadata({"larkbase": json.dumps(facts)})
