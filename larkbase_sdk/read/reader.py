"""Read a part: pages, exact condition, order and limit, without losing or repeating a row."""

from __future__ import annotations

from contextlib import closing
from math import ceil
from typing import TYPE_CHECKING

from larkbase_sdk.read.cuts import in_force, take
from larkbase_sdk.read.pages import PageWalk, ReadContext
from larkbase_sdk.read.parallel import parts_instead, read_in_parts
from larkbase_sdk.read.topn import ServerOrder, TopN

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import pyarrow as pa

    from larkbase_sdk.read.parallel import ReadRows
    from larkbase_sdk.read.plan import Part, Residual
    from larkbase_sdk.schema.table_schema import TableSchema


def read_part(
    context: ReadContext, part: Part, schema: TableSchema, residual: Residual
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a part, exactly filtered, in its order and within its limit.

    Each batch holds ``record_id`` and the part's fields under their SQL names. Batches follow
    the pages, so that a consumer that stops also stops the calls; only a part with an order is
    read to its end before the first batch. What is promised of a table that changes meanwhile is
    said at `PageWalk`.

    Raises:
        LarkBaseError: Lark's error, as an error of this read.
    """
    if part.limit == 0:
        return
    part, schema = in_force(context, part, schema)
    any_rows_do = not (residual or part.order or part.cut)
    walk = PageWalk(context, part, schema, enough=part.limit if any_rows_do else None)
    with closing(_rows(context, walk)) as rows:
        if part.order:
            yield from _ordered(part, schema, residual, walk, rows)
        elif part.limit is not None:
            yield from _limited(part.limit, residual, walk, rows)
        else:
            for batch in _all_rows(context, schema, walk, rows):
                yield residual.apply(batch)


def _all_rows(
    context: ReadContext, schema: TableSchema, walk: PageWalk, rows: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Yield all rows of a walk, in parts at the same time where pages come one by one."""
    looked = False
    for batch in rows:
        yield batch
        if looked or not walk.pages_one_by_one:
            continue
        looked = True
        parts = parts_instead(context, walk, schema)
        if parts is not None:
            delivered, total = walk.watch.ids, walk.watch.counted()
            yield from read_in_parts(context, parts, _rows_of(schema), delivered, total)
            return


def _rows_of(schema: TableSchema) -> ReadRows:
    """Return what yields the rows of one of several parts."""

    def read(context: ReadContext, part: Part) -> Iterator[pa.RecordBatch]:
        part, present = in_force(context, part, schema)
        yield from _rows(context, PageWalk(context, part, present))

    return read


def _limited(
    limit: int, residual: Residual, walk: PageWalk, rows: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    left = limit
    for batch in rows:
        wanted = residual.apply(batch).slice(0, left)
        left -= len(wanted)
        yield wanted
        if not left:
            return
        if left < limit:
            pages_to_come = ceil(left * walk.watch.pages / (limit - left))
            walk.most_ahead = pages_to_come - 1


def _ordered(
    part: Part,
    schema: TableSchema,
    residual: Residual,
    walk: PageWalk,
    rows: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    best = TopN(part.order, part.limit)
    order = _server_order(part, schema)
    if order is not None:
        walk.most_ahead = 0  # the page that is enough shows itself only when it is there
    for batch in rows:
        best.add(residual.apply(batch))
        # A NULL of a number that its type cannot hold stands where that number does.
        if order is None or not walk.sorted or not walk.reads_every_value(part.order[0].column):
            walk.most_ahead = None
            continue
        order.watch(batch)
        full, last = best.last_key()
        if full and order.nothing_better_follows(last):
            break
    table = best.result()
    if table is not None:
        yield from table.to_batches()


def _server_order(part: Part, schema: TableSchema) -> ServerOrder | None:
    """Return the watch over rows that the server sorts; None when it is not asked to."""
    if not part.sort:
        return None
    first = part.order[0]
    return ServerOrder(schema.sql_column(first.column), first, single=len(part.order) == 1)


def _rows(context: ReadContext, walk: PageWalk) -> Generator[pa.RecordBatch, None, None]:
    """Yield the distinct rows that the server sends, before the exact condition."""
    import pyarrow.compute as pc

    in_view: pa.Array | None = None
    with closing(iter(walk)) as pages:
        for page in pages:
            batch = page.batch
            if context.on_page is not None:
                context.on_page(walk.watch.rows, page.total)
            # Known only now: a filter that Lark refuses takes the view's conditions with it.
            if walk.search.part.within_view is not None:
                in_view = _ids_of_view(context, walk) if in_view is None else in_view
                batch = batch.filter(pc.is_in(batch.column(0), value_set=in_view))
            batch = take(walk.search.part, walk.search.schema, batch)
            if len(batch):
                yield batch


def _ids_of_view(context: ReadContext, walk: PageWalk) -> pa.Array:
    """Return the ids of the records in a view, read through the view itself."""
    import pyarrow as pa

    through_view = walk.search.part.ids_of_view()
    batches = _rows(context, PageWalk(context, through_view, walk.search.schema))
    return pa.chunked_array([batch.column(0) for batch in batches], pa.string())
