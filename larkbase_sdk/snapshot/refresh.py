"""Refresh a stored table by reading the rows that changed since, and finding those that are gone.

The server filters by days, the exact moment is checked here. Deletions leave no trace in a
filter: they are looked for by comparing Lark's count with the rows kept and new, and only when
the two differ are the ids of all rows read. Whatever does not add up is a doubt.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_sdk.errors import TableChanged
from larkbase_sdk.snapshot.parquet import read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa

    from larkbase_sdk.scan import Scan
    from larkbase_sdk.schema.table_schema import Column
    from larkbase_sdk.snapshot.manifest import TableEntry
    from larkbase_sdk.table import Table

MARGIN = dt.timedelta(hours=1)
"""By how much a refresh looks further back than the start of the reading before: a change may
become readable a little after the moment that it carries."""

_ID = "record_id"


class Doubt(Exception):
    """A refresh cannot be sure of its result; the text says why, in words."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened to a table since it was stored.

    Attributes:
        rows: Rows that were changed or added, with all columns.
        gone: Ids of rows that are no longer there.
        added: Number of new rows.
        changed: Number of rows that were edited.
        removed: Number of stored rows that are gone.
        ids_read: Whether the ids of all rows had to be read.
    """

    rows: pa.Table
    gone: pa.Array
    added: int
    changed: int
    removed: int
    ids_read: bool

    def describe(self, since: dt.datetime) -> str:
        """Return how they were found, in words."""
        day = since.strftime("%Y-%m-%d %H:%M UTC")
        how = "reading all record ids" if self.ids_read else "Lark's count of the rows"
        return f"rows changed since {day} were read; deleted rows were looked for by {how}"


def since_of(before: TableEntry) -> dt.datetime:
    """Return the moment from which on changed rows are read."""
    return dt.datetime.fromtimestamp(before.server_time, dt.UTC) - MARGIN


def changed_rows(table: Table, column: Column, before: TableEntry) -> Scan:
    """Return the scan of the rows changed since a table was stored."""
    import pyarrow as pa
    import pyarrow.compute as pc

    moment = pa.scalar(since_of(before), pa.timestamp("ms", "UTC"))
    return table.scan(where=pc.field(column.field_id) >= moment)


def find_changes(table: Table, column: Column, before: TableEntry, path: Path) -> Changes:
    """Return what happened to a table since it was stored.

    Args:
        table: The table in Lark.
        column: Its column with the time of the last change.
        before: What is known of the stored rows.
        path: The file that holds them.

    Raises:
        Doubt: when the result would not be sure, or cheaper in full.
        LarkBaseError: Lark's error.
    """
    import pyarrow.compute as pc

    stored = read_table(path, [_ID, column.name])
    if stored.column(1).null_count:
        msg = f'"{column.lark_name}" is empty in some rows'
        raise Doubt(msg)
    scan = changed_rows(table, column, before)
    doubt_large_share(scan.explain().rows, before)
    # Asked first: rows that are added while the changed ones are read make the two differ then,
    # which costs a reading of ids, and none of them is missed.
    total = table.scan().trusted_total()
    if total is None:
        msg = "Lark does not count its rows"
        raise Doubt(msg)
    rows = _read(scan)
    ids = rows.column(_ID)
    is_known = pc.is_in(ids, value_set=stored.column(_ID))
    added = len(rows) - (pc.sum(is_known).as_py() or 0)
    ids_read = before.rows + added != total
    gone = _gone(table, stored, ids) if ids_read else ids.slice(0, 0)
    removed = pc.sum(pc.is_in(gone, value_set=stored.column(_ID))).as_py() or 0
    return Changes(
        rows=rows,
        gone=gone.combine_chunks(),
        added=added - (len(gone) - removed),
        changed=_edited(rows, column, stored, gone),
        removed=removed,
        ids_read=ids_read,
    )


def doubt_large_share(changed: int | None, before: TableEntry) -> None:
    """Raise a Doubt when reading a table in full costs no more than refreshing it.

    Args:
        changed: Lark's count of the rows that may have changed, or None when it gave none.
        before: What is known of the stored rows.
    """
    if changed is None:
        msg = "Lark does not count the rows changed since"
        raise Doubt(msg)
    if changed * 2 > before.rows:
        msg = "most of its rows may have changed since"
        raise Doubt(msg)


def _read(scan: Scan) -> pa.Table:
    """Read a scan, under SQL names."""
    import pyarrow as pa

    noted: set[type[Warning]] = set()
    plan = scan.plan()
    batches = list(scan.batches(plan, noted=noted.add))
    if TableChanged in noted:
        msg = "it changed while its changed rows were read"
        raise Doubt(msg)
    kinds = plan.schema.to_arrow("sql")
    wanted = pa.schema([kinds.field(name) for name in (_ID, *plan.output)])
    return pa.Table.from_batches(batches, batches[0].schema if batches else wanted)


def _gone(table: Table, stored: pa.Table, read: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the ids of rows that are no longer there, by reading the ids of all that are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    present = _read(table.scan(columns=[])).column(_ID)
    added = read.filter(pc.invert(pc.is_in(read, value_set=stored.column(_ID))))
    known = pa.chunked_array([*stored.column(_ID).chunks, *added.chunks], pa.string())
    if not pc.all(pc.is_in(present, value_set=known), min_count=0).as_py():
        msg = "it has rows that are neither stored nor changed since"
        raise Doubt(msg)
    return known.filter(pc.invert(pc.is_in(known, value_set=present)))


def _edited(rows: pa.Table, column: Column, stored: pa.Table, gone: pa.ChunkedArray) -> int:
    """Return how many of the stored rows that are still there carry another time now."""
    import pyarrow.compute as pc

    rows = rows.filter(pc.invert(pc.is_in(rows.column(_ID), value_set=gone)))
    places = pc.index_in(rows.column(_ID), value_set=stored.column(_ID))
    known = pc.is_valid(places)
    old = stored.column(1).take(places.filter(known))
    return pc.sum(pc.not_equal(rows.column(column.name).filter(known), old)).as_py() or 0


def merged(batches: Iterable[pa.RecordBatch], changes: Changes) -> Iterator[pa.RecordBatch]:
    """Yield the rows as they are now: the stored ones in their places, then the new ones.

    Args:
        batches: The stored rows.
        changes: What happened to them since.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = changes.rows.combine_chunks()
    unseen = pa.repeat(True, len(rows))
    for batch in batches:
        ids = batch.column(0)
        places = pc.index_in(ids, value_set=rows.column(_ID))
        unseen = pc.and_(unseen, pc.invert(_marked(places, len(rows))))
        stays = pc.invert(pc.is_in(ids, value_set=changes.gone))
        yield from _replaced(batch, rows, places).filter(stays).to_batches()
    new = rows.filter(unseen)
    yield from new.filter(pc.invert(pc.is_in(new.column(_ID), value_set=changes.gone))).to_batches()


def _marked(places: pa.Array, length: int) -> pa.Array:
    """Return TRUE at the places that are named."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(pa.array(range(length), places.type), value_set=places.drop_null())


def _replaced(batch: pa.RecordBatch, rows: pa.Table, places: pa.Array) -> pa.Table:
    """Return a batch with those rows exchanged for which ``places`` names another one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    own = pa.Table.from_batches([batch])
    if places.null_count == len(places):
        return own
    others = rows.take(places.drop_null()).cast(own.schema)
    position = pc.cumulative_sum(pc.cast(pc.is_valid(places), pa.int64()))
    here = pa.array(range(len(batch)), pa.int64())
    chosen = pc.if_else(pc.is_valid(places), pc.add(position, len(batch) - 1), here)
    return pa.concat_tables([own, others]).combine_chunks().take(chosen)
