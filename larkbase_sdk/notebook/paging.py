"""The rows of a preview, page by page: each page is fetched when it is shown, and then kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from larkbase_sdk.read.reader import read_part
from larkbase_sdk.schema.naming import RECORD_ID
from larkbase_sdk.snapshot.scan import SnapshotScan

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import pyarrow as pa

    from larkbase_sdk.scan import Scan

    Opened = Generator[pa.RecordBatch, None, None]
    OnPage = Callable[[int, int | None], None]

ROWS = 50
"""Rows of a page."""

_PER_CALL = ROWS + 20
"""Rows of a call: pages of a read overlap by up to 16 rows, and one call has to fill a page."""

_MOST_CALLS = 10
"""Calls that one page may cost when rows are sorted out here."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is shown.

    Attributes:
        number: Its number from 0.
        rows: Its rows under SQL names, ``record_id`` first.
        more: Whether further rows may follow.
        counted: Rows that Lark counts under its own share of the conditions, or None when it does
            not say; of a snapshot all rows.
        looked_at: Rows that came so far, before conditions that are only checked here.
        found: Rows that were found so far.
    """

    number: int
    rows: pa.Table
    more: bool
    counted: int | None
    looked_at: int
    found: int

    @property
    def caption(self) -> str:
        """Which rows these are, in words."""
        if not self.rows.num_rows:
            return "No rows" if not self.more else f"No rows among the first {self.looked_at:,}"
        first = self.number * ROWS + 1
        text = f"Rows {first:,}–{first + self.rows.num_rows - 1:,}"
        if not self.more:
            return f"{text} of {self.found:,}"
        if self.rows.num_rows < ROWS:
            return f"{text} among the first {self.looked_at:,} that were read"
        return text if self.counted is None else f"{text} ({self.counted:,} counted)"


class Pager:
    """The pages of one read.

    A page costs one call, or none when its rows are there already. Where rows are sorted out
    here, because Lark cannot take a condition, it costs up to 10 calls; then it may be short, and
    ``read_on`` looks further.

    After an error or an interrupt everything is forgotten, so that rows of two readings never
    stand side by side; the next page is read from the beginning.
    """

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._forget()

    def _forget(self) -> None:
        self._batches: list[pa.RecordBatch] = []
        self._found = 0
        self._looked_at = 0
        self._counted: int | None = None
        self._opened: Opened | None = None
        self._ended = False

    def page(self, number: int) -> Page:
        """Return a page; the last one when there are not so many.

        Raises:
            LarkBaseError: Lark's error; the pager can be used again.
        """
        self._read((number + 1) * ROWS)
        last = max(0, -(-self._found // ROWS) - 1)
        return self._page(min(number, last) if self._ended else number)

    def _read(self, wanted: int) -> None:
        try:
            for _ in range(_MOST_CALLS):
                if self._ended or (self._found >= wanted and not self._seems_complete()):
                    break
                self._read_batch()
        except BaseException:
            self.close()
            raise

    def _seems_complete(self) -> bool:
        """Tell whether asking for more would only tell that there is no more, without a call."""
        return self._counted is not None and self._counted <= self._looked_at

    def _read_batch(self) -> None:
        if self._opened is None:
            self._opened = _open(self._scan, self._on_page)
        batch = next(self._opened, None)
        if batch is None:
            self._ended = True
        elif batch.num_rows:
            self._batches.append(batch)
            self._found += batch.num_rows

    def _on_page(self, rows: int, counted: int | None) -> None:
        self._looked_at, self._counted = rows, counted

    def _page(self, number: int) -> Page:
        import pyarrow as pa

        rows = pa.table({})
        if self._batches:
            rows = pa.Table.from_batches(self._batches).slice(number * ROWS, ROWS)
        more = not self._ended or self._found > (number + 1) * ROWS
        return Page(number, rows, more, self._counted, self._looked_at, self._found)

    def close(self) -> None:
        """End the reading and forget the rows; no call."""
        if self._opened is not None:
            self._opened.close()
        self._forget()


def _open(scan: Scan, on_page: OnPage) -> Opened:
    if isinstance(scan, SnapshotScan):
        return _stored(scan, on_page)
    return _live(scan, on_page)


def _live(scan: Scan, on_page: OnPage) -> Opened:
    """Yield the rows that Lark sends, with no call before it is needed."""
    plan = scan.plan()
    context = scan.read_context()
    context.options = context.options.replace(concurrency=1)  # nobody may turn to the next page
    context.on_page = on_page
    names = [RECORD_ID, *plan.output]
    for part in plan.parts:
        if not plan.kept and part.within_view is None:
            part = replace(part, page_size=min(_PER_CALL, part.page_size))
        for batch in read_part(context, part, plan.schema, plan.residual):
            yield batch.select(names)


def _stored(scan: SnapshotScan, on_page: OnPage) -> Opened:
    """Yield the rows of a snapshot."""
    stored = scan.table.entry.rows
    yield from scan.batches(scan.plan(), lambda rows: on_page(rows, stored))
