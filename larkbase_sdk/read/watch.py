"""What came in the course of a read: no row twice, and whether all that should have come did."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from larkbase_sdk.errors import TableChanged

if TYPE_CHECKING:
    import pyarrow as pa

    from larkbase_sdk.read.decode import Page
    from larkbase_sdk.read.pages import ReadContext
    from larkbase_sdk.read.plan import Part

_log = logging.getLogger("larkbase")


def ids_of(batch: pa.RecordBatch) -> list[bytes]:
    """Return the record ids of a batch, as bytes, which take less memory than texts."""
    import pyarrow as pa

    ids: list[bytes] = batch.column(0).cast(pa.binary()).to_pylist()
    return ids


def without_known(batch: pa.RecordBatch, ids: list[bytes], known: set[bytes]) -> pa.RecordBatch:
    """Return the rows of a batch whose ids are not known, and add them to those that are."""
    repeats = next((n for n, record_id in enumerate(ids) if record_id not in known), len(ids))
    rest = ids[repeats:]  # as a rule repeats come before all others, since pages overlap
    if len(set(rest)) == len(rest) and known.isdisjoint(rest):
        known.update(rest)
        return batch.slice(repeats)
    fresh = []
    for position, record_id in enumerate(ids):
        if record_id not in known:
            known.add(record_id)
            fresh.append(position)
    return batch.take(fresh)


def _added(ids: list[bytes], known: set[bytes]) -> int:
    """Add ids to those that are known, and return how many were not."""
    before = len(known)
    known.update(ids)
    return len(known) - before


class Watch:
    """Drops repeated rows, and tells whether a pass over the pages missed any.

    The ids of the rows are all that a read keeps, about 80 bytes a row.

    Args:
        context: Options, warnings.
        part: What is read.

    Attributes:
        ids: Record ids of the rows that came.
    """

    def __init__(self, context: ReadContext, part: Part) -> None:
        self._context = context
        self._whole_table = part.filter is None and part.view_id is None
        self.ids: set[bytes] = set()
        self._passes = 0
        self.begin()

    def begin(self) -> None:
        """Begin a pass over all pages."""
        self._passes += 1
        self._here: set[bytes] | None = set() if self._passes > 1 else None
        self._pages = 0
        self._repeated = 0
        self._went_back = False
        self._totals: set[int] = set()

    @property
    def rows(self) -> int:
        """Distinct rows so far, over all passes."""
        return len(self.ids)

    @property
    def pages(self) -> int:
        """Pages of this pass."""
        return self._pages

    @property
    def passes(self) -> int:
        """Passes so far, this one among them."""
        return self._passes

    def knows(self, page: Page) -> bool:
        """Tell whether the first row of a page came before in this pass; False without rows."""
        known = self.ids if self._here is None else self._here
        return bool(len(page.batch)) and ids_of(page.batch.slice(0, 1))[0] in known

    def note_change(self) -> None:
        """Take note that rows moved under the reading, which went back to follow them."""
        self._went_back = True

    def distinct(self, page: Page, *, overlapping: bool) -> pa.RecordBatch:
        """Return the rows of a page that did not come before.

        Args:
            page: The next page.
            overlapping: Whether it was asked for so that some of its rows are known.
        """
        self._pages += 1
        if page.total is not None:
            self._totals.add(page.total)
        ids = ids_of(page.batch)
        rows = without_known(page.batch, ids, self.ids)
        repeats = len(ids) - (len(rows) if self._here is None else _added(ids, self._here))
        if not overlapping:
            self._repeated += repeats
        return rows

    @property
    def _rows_here(self) -> int:
        """Distinct rows of this pass."""
        return self.rows if self._here is None else len(self._here)

    def counted(self) -> int | None:
        """Return the rows that Lark counted for this pass, where that count can be trusted."""
        if not (self._context.options.trust_total and self._whole_table):
            return None
        return next(iter(self._totals)) if len(self._totals) == 1 else None

    def is_quiet(self) -> bool:
        """Tell whether nothing says that the table changed during this pass."""
        counted = self.counted()
        moved = self._repeated > 0 or len(self._totals) > 1 or self._went_back
        return not moved and (counted is None or counted == self._rows_here)

    def evidence(self) -> tuple[int, int, frozenset[int]]:
        """Return what speaks for a change during this pass, to be compared with another's."""
        return self._repeated, self._rows_here, frozenset(self._totals)

    def finish(self, *, proven: bool) -> None:
        """Say what is odd about the rows that came.

        Args:
            proven: Whether the pages themselves show that no row was skipped.
        """
        counted = self.counted()
        fewer = counted is not None and self.rows < counted
        if fewer or not (proven or self.is_quiet()):
            self._warn()
        elif self._went_back or self._passes > 1 or len(self._totals) > 1:
            _log.info("the table changed while it was read; every row that stayed was read")
        if not self.rows:
            self._context.warn_if_restricted("rows")

    def _warn(self) -> None:
        named = " then ".join(str(total) for total in sorted(self._totals)) or "nothing"
        self._context.warn(
            f"The table changed while it was read: {self.rows} rows came, {self._repeated} more "
            f"were repeats, and Lark counted {named}. Read it again if every row matters.",
            TableChanged,
        )
