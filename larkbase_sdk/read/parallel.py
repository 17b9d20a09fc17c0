"""Read a large table in disjoint parts at the same time, where its pages give no offsets."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from larkbase_sdk.errors import TableChanged
from larkbase_sdk.read.ahead import ReadAhead
from larkbase_sdk.read.plan import Part, ReadPlan, Residual
from larkbase_sdk.read.watch import ids_of, without_known

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import pyarrow as pa

    from larkbase_sdk.read.pages import PageWalk, ReadContext
    from larkbase_sdk.schema.table_schema import TableSchema

    ReadRows = Callable[[ReadContext, Part], Iterator[pa.RecordBatch]]

MANY_PAGES = 40
"""Pages from which finding parts of even size costs less than it saves."""

_LEAST_SHARE = 0.5


def parts_instead(
    context: ReadContext, walk: PageWalk, schema: TableSchema
) -> tuple[Part, ...] | None:
    """Return disjoint parts to read instead of a walk that goes page after page.

    None unless many pages are left, more than came, and a column shares out the rows. Calls the
    network, see `split_plan`.
    """
    from larkbase_sdk.read.splits import split_plan

    left, part = walk.pages_one_by_one, walk.search.part
    most = int(context.options.concurrency)
    worth_it = left >= MANY_PAGES and left >= _LEAST_SHARE * (left + walk.watch.pages)
    if not worth_it or most < 2 or part.cut is not None:
        return None
    plan = split_plan(ReadPlan(schema, (part,), (), Residual()), context, most=most)
    return plan.parts if len(plan.parts) > 1 else None


def read_in_parts(
    context: ReadContext,
    parts: tuple[Part, ...],
    read: ReadRows,
    delivered: set[bytes],
    total: int | None,
) -> Generator[pa.RecordBatch, None, None]:
    """Yield the rows of disjoint parts, a batch of each in turn, without those delivered before.

    The parts are read at the same time, each one page ahead. A row whose cell moves it from one
    part to another meanwhile comes once or not at all; fewer rows than Lark counted are told.

    Args:
        context: Everything a read needs besides its part.
        parts: Parts that hold every row once.
        read: Yields the rows of a part.
        delivered: Ids of rows that came already; those that come are added.
        total: Rows that Lark counted, or None where that count is no proof.

    Raises:
        LarkBaseError: Lark's error, as an error of this read.
    """
    stop = threading.Event()
    own = replace(context, stop=stop, on_page=None, restricted=None)
    sources = [read(own, part) for part in parts]
    turns = deque((number, 0) for number in range(len(parts)))
    ahead: ReadAhead[tuple[int, int], pa.RecordBatch | None] = ReadAhead(
        lambda turn, _: next(sources[turn[0]], None), len(parts)
    )
    try:
        while turns:
            number, batches = turns.popleft()
            batch = ahead.take((number, batches), tuple(turns))
            if batch is None:
                continue
            turns.append((number, batches + 1))
            fresh = without_known(batch, ids_of(batch), delivered)
            if context.on_page is not None:
                context.on_page(len(delivered), total)
            yield fresh
    finally:
        stop.set()
        ahead.close()
    if total is not None and len(delivered) < total:
        context.warn(
            f"The table changed while it was read: {len(delivered)} rows came, and Lark counted "
            f"{total}. Read it again if every row matters.",
            TableChanged,
        )
