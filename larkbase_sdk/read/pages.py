"""Walk the pages of one search, surviving what Lark refuses, repeats and moves meanwhile.

A refusal of the first page is answered by asking for less: without the filter, without the sort,
with fresh field names, with all fields. A refusal later is an error, because the pages before it
belong to the question as it was asked.
"""

from __future__ import annotations

from collections import deque
from contextlib import closing
from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import (
    CellNotConverted,
    EmptyBecauseRestricted,
    LarkBaseError,
    ServiceError,
    warn,
)
from larkbase_sdk.read.chain import (
    MOST_EMPTY_PAGES,
    MOST_IDLE_PAGES,
    PAGE_TOO_HEAVY,
    SMALLEST_PAGE,
    TOKEN_REFUSED,
    Chain,
    ChainedPages,
)
from larkbase_sdk.read.decode import Page, PageDecoder
from larkbase_sdk.read.offsets import offset_of, overlap_of, token_of
from larkbase_sdk.read.search import FILTER_REFUSED, Search
from larkbase_sdk.read.watch import Watch

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Generator

    from larkbase_sdk.api.bitable import Bitable
    from larkbase_sdk.options import Options
    from larkbase_sdk.read.chain import Place
    from larkbase_sdk.read.plan import Part
    from larkbase_sdk.schema.table_schema import TableSchema

__all__ = ["FILTER_REFUSED", "PageWalk", "ReadContext"]

MOST_PASSES = 3
CHEAP_PAGES = 20
"""Pages up to which a table that changed is read again as a whole."""


@dataclass(slots=True)
class ReadContext:
    """Everything a read needs besides its part.

    Attributes:
        bitable: The API of bases.
        options: Page size, strictness and further settings.
        refresh: Reads the table's field list again; None when it cannot be read again.
        restricted: Tells whether the base has advanced permissions on; asked only for an empty
            result. None when unknown.
        on_page: Called after each page with rows so far and the total that Lark names.
        stop: Ends the waits of the read's calls once it is set, because nobody reads any more.
        noted: Called with the class of each warning, before it is warned.
        table: Name of the table, with which every warning begins; "" for none.
    """

    bitable: Bitable
    options: Options
    refresh: Callable[[], TableSchema] | None = None
    restricted: Callable[[], bool] | None = None
    on_page: Callable[[int, int | None], None] | None = None
    stop: threading.Event | None = None
    noted: Callable[[type[Warning]], None] | None = None
    table: str = ""
    seen_warnings: set[str] = field(default_factory=set)

    def warn(self, text: str, category: type[Warning]) -> None:
        """Warn once per text within a read."""
        if text not in self.seen_warnings:
            self.seen_warnings.add(text)
            if self.noted is not None:
                self.noted(category)
            warn(f"{self.table}: {text}" if self.table else text, category)

    def warn_of_cell(self, column: str, reason: str) -> None:
        """Warn of the cells of a column that could not be converted."""
        self.warn(f'A cell of column "{column}" became NULL: {reason}.', CellNotConverted)

    def warn_if_restricted(self, what: str) -> None:
        """Warn that ``what`` may be hidden when the base has advanced permissions on.

        For empty results; at most one call, for the base.
        """
        if self.restricted is not None and self.restricted():
            self.warn(
                f"No {what} came, and advanced permissions are on in this base: Lark answers so "
                'when the app lacks the right "can manage". Give the app that right, then read '
                "again.",
                EmptyBecauseRestricted,
            )


class PageWalk:
    """The distinct rows of one part's search, page by page.

    Where page tokens are offsets, pages are read ahead, up to ``options.concurrency`` calls at a
    time and at most twice as many pages, as fast as the caller takes them. They overlap by at
    least one row, so that every page begins with a row that came before. What is promised then,
    whatever is inserted or deleted meanwhile and wherever: every row that stays in the table (or
    among the rows of the filter) and keeps its place in the order comes exactly once, in the
    order of the table. Rows that were added or deleted meanwhile may be among the rows or not.
    Only a row that moves to the very place where a page begins could mislead this.

    Where tokens are opaque, or the server does not take others than its own, pages follow each
    other one by one, and only the server's count and repeated rows tell that rows have moved: a
    change that neither shows (a row deleted and another one added between the same two pages) can
    hide a row. A short read that shows one is done again, and brings the rows that did not come.

    What could not be read without gaps is told by a ``TableChanged`` warning after the last page.

    Args:
        context: Everything a read needs besides its part.
        part: What to read.
        schema: Schema of the table.
        enough: Rows after which the caller stops, whichever they are; None when it wants all.

    Attributes:
        search: The search as Lark accepted it; final once the first page is there.
        watch: What came so far.
        most_ahead: Pages after the next one that may be needed, or None when nobody knows.
        pages_one_by_one: Pages that are still to come one after another, by Lark's count.
    """

    def __init__(
        self,
        context: ReadContext,
        part: Part,
        schema: TableSchema,
        *,
        enough: int | None = None,
    ) -> None:
        self._context = context
        self._enough = enough
        self.search = Search(part, schema)
        self.watch = Watch(context, part)
        self._source: _Source | None = None
        self.most_ahead: int | None = None
        self.pages_one_by_one = 0

    @property
    def sorted(self) -> bool:
        """Whether the server sorts the rows."""
        return bool(self.search.part.sort)

    def reads_every_value(self, column: str) -> bool:
        """Tell whether a NULL in a column, so far, was an empty cell for the server too."""
        return self._source is None or column not in self._source.unconverted

    def __iter__(self) -> Generator[Page, None, None]:
        """Yield the pages, without rows that came before.

        Raises:
            LarkBaseError: whatever Lark answers that asking for less does not mend.
        """
        source, page = self._first_page()
        self._source = source
        evidence = None
        while True:
            proven = yield from self._pass(source, page)
            if proven or self.watch.is_quiet() or not self._worth_another(evidence):
                break
            evidence = self.watch.evidence()
            self.watch.begin()
            page = source.page(None)
        self.watch.finish(proven=proven)

    def _worth_another(self, evidence: Any) -> bool:
        """Tell whether reading everything again is cheap and may give something new."""
        watch = self.watch
        cheap = 1 < watch.pages <= CHEAP_PAGES and watch.passes < MOST_PASSES
        return cheap and watch.evidence() != evidence

    def _pass(self, source: _Source, page: Page) -> Generator[Page, None, bool]:
        """Yield the pages from first to last; return whether it is sure that none skipped a row."""
        chain = self._chain(page, source.size)
        first = self._new(source, page)
        if chain is None:
            self._count_pages_left(source, page)
        yield first
        if chain is not None:
            page = yield from self._by_offset(source, chain, page)
            if not page.has_more:
                return chain.proves
        tokens = _Tokens()
        while page.has_more:
            page = source.page(tokens.following(page, self.watch.rows))
            fresh = self._new(source, page)
            self._count_pages_left(source, page)
            yield fresh
        return False

    def _count_pages_left(self, source: _Source, page: Page) -> None:
        left = (page.total or 0) - self.watch.rows if page.has_more else 0
        self.pages_one_by_one = max(0, ceil(left / source.size))

    def _chain(self, page: Page, size: int) -> Chain | None:
        """Return where the further pages lie; None when tokens are no offsets."""
        if not page.has_more or not offset_of(page.page_token) == size == len(page.batch):
            return None
        if self.search.part.within_view is not None:
            self._enough = None
        any_rows_do = self._enough is not None and self._enough <= (page.total or 0)
        overlap = 0 if any_rows_do else overlap_of(page.total, size)
        # Without overlap, only pages one after another show by their counts that rows moved.
        return Chain(size, overlap, self.search.part.page_size) if overlap or any_rows_do else None

    def _by_offset(self, source: _Source, chain: Chain, page: Page) -> Generator[Page, None, Page]:
        """Yield the pages of a chain as far as it goes; return the last one as it came."""
        at_a_time = int(self._context.options.concurrency)
        pages = ChainedPages(chain, page, source.at, self.watch, at_a_time)
        pages.enough, pages.most_ahead = self._enough, self.most_ahead
        with closing(iter(pages)) as found:
            for page in found:
                source.takes_offsets = True
                yield self._new(source, page, overlapping=True)
                pages.most_ahead = self.most_ahead
        source.size = chain.size
        return pages.last

    def _new(self, source: _Source, page: Page, *, overlapping: bool = False) -> Page:
        """Return a page without the rows that came before."""
        source.tell()
        return replace(page, batch=self.watch.distinct(page, overlapping=overlapping))

    def _first_page(self) -> tuple[_Source, Page]:
        refresh = self._context.refresh
        if not self.search.names_fields and refresh is not None:
            # Lark cannot refuse names that are not sent: a renamed field would read as empty.
            self.search = self.search.with_present_names(refresh)
        while True:
            source = _Source(self._context, self.search)
            try:
                return source, source.page(None)
            except LarkBaseError as error:
                less = self.search.asking_less(error.code, self._context)
                if less is None:
                    raise
                self.search = less


class _Source:
    """The pages of a search that is settled, one call a page.

    Attributes:
        size: Rows of a page; it becomes smaller when Lark finds pages too heavy.
        takes_offsets: Whether Lark is known to take offsets that it did not hand out, so that a
            refusal of one has another cause.
    """

    def __init__(self, context: ReadContext, search: Search) -> None:
        self.size = search.part.page_size
        self.takes_offsets = False
        self._context = context
        self._part = search.part
        self._body = search.body()
        # Cells are decoded in the threads that fetch; warnings belong into the caller's thread.
        self._notes: deque[tuple[str, str]] = deque()
        self._decoder = PageDecoder(
            search.columns(),
            strict=context.options.strict,
            warn=lambda column, reason: self._notes.append((column, reason)),
        )

    @property
    def unconverted(self) -> set[str]:
        """SQL names of columns of which a cell, though not empty, became NULL."""
        return self._decoder.unconverted

    def page(self, token: str | None) -> Page:
        """Return the page of a token, a smaller one if need be and where that is possible."""
        while True:
            can_shrink = self.size > SMALLEST_PAGE and offset_of(token) is not None
            try:
                return self._fetch(self.size, token, PAGE_TOO_HEAVY if can_shrink else ())
            except LarkBaseError as error:
                if error.code not in PAGE_TOO_HEAVY or not can_shrink:
                    raise
            self.size = max(SMALLEST_PAGE, self.size // 2)

    def at(self, place: Place, stop: threading.Event | None) -> Page:
        """Return the page at an offset; may be called in several threads."""
        offset, size = place
        once = PAGE_TOO_HEAVY if size > SMALLEST_PAGE else ()
        never = () if self.takes_offsets else TOKEN_REFUSED
        return self._fetch(size, token_of(offset), once, never, stop)

    def tell(self) -> None:
        """Warn of the cells that could not be converted."""
        while self._notes:
            self._context.warn_of_cell(*self._notes.popleft())

    def _fetch(
        self,
        size: int,
        token: str | None,
        once: Collection[int],
        never: Collection[int] = (),
        stop: threading.Event | None = None,
    ) -> Page:
        return self._context.bitable.search(
            self._part.base_id,
            self._part.table_id,
            self._body,
            page_size=size,
            page_token=token,
            parse=self._decoder.decode,
            repeat_once=once,
            repeat_never=never,
            stop=stop or self._context.stop,
        )


class _Tokens:
    """The page tokens of one pass, which must lead on."""

    def __init__(self) -> None:
        self._last: str | None = None
        self._repeats = 0
        self._rows = -1
        self._idle = 0

    def following(self, page: Page, rows: int) -> str:
        """Return the token of the next page; a page without rows may name itself, for a while.

        Args:
            page: The page before.
            rows: Different rows that came so far.

        Raises:
            ServiceError: when there is none, or it leads to the same page again, or page after
                page brings nothing new.
        """
        hint = "Read again; if it stays, tell Lark's support."
        if not page.page_token:
            msg = "Lark says that more rows follow but gives no token to ask for them."
            raise ServiceError(msg, hint=hint)
        if page.page_token == self._last:
            self._repeats += 1
            if len(page.batch) or self._repeats > MOST_EMPTY_PAGES:
                msg = "Lark gave the same page token twice, so the same page would come for ever."
                raise ServiceError(msg, hint=hint)
        self._idle = self._idle + 1 if rows == self._rows else 0
        if self._idle >= MOST_IDLE_PAGES:
            msg = f"Lark says that more rows follow, but the last {self._idle} pages held none."
            raise ServiceError(msg, hint=hint)
        self._last, self._rows = page.page_token, rows
        return page.page_token
