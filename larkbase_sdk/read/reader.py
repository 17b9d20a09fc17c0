"""Read a part: pages, exact condition, order and limit, without losing or repeating a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.errors import TableChanged
from larkbase_sdk.read.pages import PageWalk, ReadContext
from larkbase_sdk.read.plan import Part, Residual
from larkbase_sdk.read.topn import ServerOrder, TopN

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from larkbase_sdk.schema.table_schema import TableSchema


def read_part(
    context: ReadContext, part: Part, schema: TableSchema, residual: Residual
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a part, exactly filtered, in its order and within its limit.

    Each batch holds ``record_id`` and the part's fields under their SQL names. Batches follow
    the pages, so that a consumer that stops also stops the calls; only a part with an order is
    read to its end before the first batch.

    Raises:
        LarkBaseError: Lark's error, as an error of this read.
    """
    if part.limit == 0:
        return
    walk = PageWalk(context, part, schema)
    rows = _rows(context, part, walk)
    if part.order:
        yield from _ordered(part, schema, residual, walk, rows)
    elif part.limit is not None:
        yield from _limited(part.limit, residual, rows)
    else:
        for batch in rows:
            yield residual.apply(batch)


def _limited(
    limit: int, residual: Residual, rows: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    left = limit
    for batch in rows:
        wanted = residual.apply(batch).slice(0, left)
        left -= len(wanted)
        yield wanted
        if not left:
            return


def _ordered(
    part: Part,
    schema: TableSchema,
    residual: Residual,
    walk: PageWalk,
    rows: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    best = TopN(part.order, part.limit)
    order = _server_order(part, schema)
    for batch in rows:
        best.add(residual.apply(batch))
        if order is None or not walk.sorted:
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


def _rows(context: ReadContext, part: Part, walk: PageWalk) -> Iterator[pa.RecordBatch]:
    """Yield the distinct rows that the server sends, before the exact condition."""
    import pyarrow.compute as pc

    watch = _Watch(context, part)
    in_view: pa.Array | None = None
    for page in walk:
        batch = watch.distinct(page.batch, page.total)
        if context.on_page is not None:
            context.on_page(watch.rows, page.total)
        # Known only now: a filter that Lark refuses takes the view's conditions with it.
        if walk.search.part.within_view is not None:
            in_view = _ids_of_view(context, walk) if in_view is None else in_view
            batch = batch.filter(pc.is_in(batch.column(0), value_set=in_view))
        if len(batch):
            yield batch
    watch.finish()


def _ids_of_view(context: ReadContext, walk: PageWalk) -> pa.Array:
    """Return the ids of the records in a view, read through the view itself."""
    import pyarrow as pa

    part = walk.search.part
    through_view = Part(
        part.base_id,
        part.table_id,
        part.fields[:1],
        view_id=part.within_view,
        page_size=part.page_size,
    )
    batches = _rows(context, through_view, PageWalk(context, through_view, walk.search.schema))
    return pa.chunked_array([batch.column(0) for batch in batches], pa.string())


class _Watch:
    """Drops repeated rows and notices when the table changed while it was read."""

    def __init__(self, context: ReadContext, part: Part) -> None:
        self._context = context
        self._whole_table = part.filter is None and part.view_id is None
        self._seen: set[str] = set()
        self._repeated = 0
        self._totals: set[int] = set()

    @property
    def rows(self) -> int:
        """Distinct rows so far."""
        return len(self._seen)

    def distinct(self, batch: pa.RecordBatch, total: int | None) -> pa.RecordBatch:
        """Return the rows of ``batch`` that did not come before."""
        if total is not None:
            self._totals.add(total)
        ids = batch.column(0).to_pylist()
        before = len(self._seen)
        fresh = [record_id not in self._seen for record_id in ids]
        self._seen.update(ids)
        if len(self._seen) - before == len(ids):
            return batch
        return self._without_repeats(batch, ids, fresh)

    def _without_repeats(
        self, batch: pa.RecordBatch, ids: list[str], fresh: list[bool]
    ) -> pa.RecordBatch:
        import pyarrow as pa

        within: set[str] = set()
        for position, record_id in enumerate(ids):
            fresh[position] = fresh[position] and record_id not in within
            within.add(record_id)
        self._repeated += fresh.count(False)
        return batch.filter(pa.array(fresh))

    def finish(self) -> None:
        """Say what is odd about the rows that came."""
        if self._changed():
            self._context.warn(
                f"The table changed while it was read: {self.rows} rows came, {self._repeated} "
                f"more were repeats, and Lark counted {self._counted()}. Read it again if every "
                "row matters.",
                TableChanged,
            )
        if not self.rows:
            self._context.warn_if_restricted("rows")

    def _changed(self) -> bool:
        if self._repeated or len(self._totals) > 1:
            return True
        trusted = self._context.options.trust_total and self._whole_table
        return trusted and any(total != self.rows for total in self._totals)

    def _counted(self) -> str:
        return " then ".join(str(total) for total in sorted(self._totals)) or "nothing"
