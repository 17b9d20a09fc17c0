"""Pages that are read by their offsets, some ahead, so that none of them skips a row."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from larkbase_sdk.errors import LarkBaseError
from larkbase_sdk.read.ahead import ReadAhead
from larkbase_sdk.read.offsets import offset_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Generator, Iterator

    from larkbase_sdk.read.decode import Page
    from larkbase_sdk.read.watch import Watch

SMALLEST_PAGE = 20
"""Rows below which a page that is too heavy is not made smaller."""

PAGE_TOO_HEAVY = frozenset({1254607, 1255040, 1254030})
TOKEN_REFUSED = frozenset({1254002, 1254030, 9499, 99992402})
"""What Lark may answer to a page token that it did not hand out (unconfirmed)."""

MOST_EMPTY_PAGES = 3
"""Pages without rows in a read, before rows that follow, that are asked for again."""

MOST_IDLE_PAGES = 500
"""Pages after one another without a new row, after which a read ends with an error."""

_FIRST_STEP_BACK = 8
_MOST_FAILURES = 20
_FIRST_CALM = 8


class Chain:
    """The pages of one pass over a search by offsets, each anchored in the ones before.

    A page begins with rows that the pages before it ended with. As long as its first row is
    known, no row in between was skipped, whatever was inserted or deleted before it. Otherwise
    rows were deleted, and the reading goes back until the first row of a page is known again;
    from then on pages overlap by more.

    Args:
        size: Rows of a page; the first page was read with this size.
        overlap: Rows by which pages overlap; 0 to anchor nothing, when any rows will do.
        wished: Rows of a page, unless Lark finds them too heavy.

    Attributes:
        end: Offset behind the last page that was accepted.
        size: Rows of a page now.
        proves: Whether pages that were accepted to the end hold every row that stayed.
    """

    def __init__(self, size: int, overlap: int, wished: int) -> None:
        self.end = size
        self.size = size
        self.proves = overlap > 0
        self._wished = wished
        self._overlap = overlap
        self._back = 0
        self._failures = 0
        self._calm = 0
        self._calm_wanted = _FIRST_CALM

    @property
    def offset(self) -> int:
        """Offset of the next page."""
        return max(0, self.end - max(self._overlap, self._back))

    @property
    def anchored(self) -> bool:
        """Whether the next page must begin with a row that is known."""
        return self._overlap > 0 and self.offset > 0

    @property
    def may_grow(self) -> bool:
        """Whether pages that had become smaller have come long enough to try larger ones."""
        return self.size < self._wished and self._calm >= self._calm_wanted

    @property
    def gave_up(self) -> bool:
        """Whether rows were deleted faster than the reading could follow."""
        return self._failures > _MOST_FAILURES

    def following(self, total: int | None) -> Iterator[int]:
        """Yield the offsets after the next page that bring rows, as far as ``total`` tells."""
        if total is None or self._back or self.may_grow:
            return
        offset = self.offset + self.size - self._overlap
        while offset + self._overlap < total:
            yield offset
            offset += self.size - self._overlap

    def fits(self, page: Page) -> bool:
        """Tell whether the page is the one that was asked for, by its own next token."""
        if not page.has_more:
            return True
        end = self.offset + self.size
        return len(page.batch) == self.size and offset_of(page.page_token) == end

    def accept(self, page: Page) -> None:
        """Take the next page as read."""
        self.end = self.offset + len(page.batch)
        most = max(self.size // 8, min(_FIRST_STEP_BACK, self.size // 2))
        self._overlap = min(max(self._overlap, self._back), most)
        self._back = 0
        self._calm += 1

    def go_back(self) -> None:
        """Begin the next page earlier, because nothing tells that no row lies before it."""
        self._failures += 1
        self._back = max(_FIRST_STEP_BACK, self._back * _FIRST_STEP_BACK)

    def shrink(self) -> None:
        """Halve the page, because Lark finds it too heavy."""
        self._resize(max(SMALLEST_PAGE, self.size // 2))
        self._calm_wanted *= 2

    def grow(self) -> None:
        """Double the page again, up to the size that was wished for."""
        self._resize(min(self._wished, 2 * self.size))

    def _resize(self, size: int) -> None:
        self.size = size
        self._overlap = min(self._overlap, size // 2)
        self._calm = 0


Place = tuple[int, int]
"""Offset and size of a page."""


class ChainedPages:
    """The pages of a chain after its first one, as an iterator.

    It ends with the last page, or earlier: when a page is not the one that was asked for, when
    the server refuses an offset, or when rows were deleted too fast. ``last`` then has more.

    Args:
        chain: Where the pages lie.
        first: The first page, which was read already.
        fetch: Returns the page at a place, and may be called in several threads.
        watch: Knows the rows that came, those of the pages before among them.
        at_a_time: Calls at the same time at most; twice as many pages are ahead at most.

    Attributes:
        last: The last page that was yielded.
        enough: Rows after which the caller stops, or None when it wants all.
        most_ahead: Pages after the next one that may be needed, or None when nobody knows.
    """

    def __init__(
        self,
        chain: Chain,
        first: Page,
        fetch: Callable[[Place, threading.Event | None], Page],
        watch: Watch,
        at_a_time: int,
    ) -> None:
        self.last = first
        self.enough: int | None = None
        self.most_ahead: int | None = None
        self._chain = chain
        self._watch = watch
        self._ahead = ReadAhead(fetch, 2 * at_a_time if at_a_time > 1 else 1)
        self._empty_pages = 0
        self._refused = False

    def __iter__(self) -> Generator[Page, None, None]:
        """Yield the pages as they came, rows that are known among them.

        Raises:
            LarkBaseError: whatever Lark answers to a page that smaller pages do not mend.
        """
        try:
            while self.last.has_more:
                page = self._next()
                if page is None:
                    return
                self.last = page
                yield page
        finally:
            self._ahead.close()

    def _next(self) -> Page | None:
        """Return the page that continues the chain; None when there is no such page."""
        chain = self._chain
        while not chain.gave_up:
            try:
                page = self._take()
            except LarkBaseError as error:
                if self._shrinks(error.code) or self._tries_again(error.code):
                    continue
                if error.code in TOKEN_REFUSED:
                    return None
                raise
            if self._is_empty_by_mistake(page):
                continue
            if not chain.fits(page):
                return None
            if not chain.anchored or self._watch.knows(page):
                chain.accept(page)
                return page
            self._go_back()
        return None

    def _take(self) -> Page:
        if self._chain.may_grow and self._ahead.idle:
            self._chain.grow()
        size = self._chain.size
        following = ((offset, size) for offset in self._chain.following(self._known_end()))
        return self._ahead.take((self._chain.offset, size), islice(following, self.most_ahead))

    def _known_end(self) -> int | None:
        """Return the offset behind the last row that is wanted; None when Lark names no total."""
        total = self.last.total
        return total if total is None or self.enough is None else min(total, self.enough)

    def _shrinks(self, code: int | None) -> bool:
        """Ask for smaller pages if that may help."""
        if code not in PAGE_TOO_HEAVY or self._chain.size <= SMALLEST_PAGE:
            return False
        self._chain.shrink()
        self._ahead.restart()
        return True

    def _tries_again(self, code: int | None) -> bool:
        """Ask once more, since the codes of a refused token mean other things too."""
        if code not in TOKEN_REFUSED or self._refused:
            return False
        self._refused = True
        self._ahead.restart()
        return True

    def _is_empty_by_mistake(self, page: Page) -> bool:
        """Tell whether to ask again for a page without rows that more rows follow."""
        odd = page.has_more and not len(page.batch)
        self._empty_pages += odd
        return odd and self._empty_pages <= MOST_EMPTY_PAGES

    def _go_back(self) -> None:
        self._chain.go_back()
        self._watch.note_change()
        self._ahead.restart()
