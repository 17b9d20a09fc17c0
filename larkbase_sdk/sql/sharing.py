"""Pages that one statement reads once although it asks for them more than once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    import pyarrow as pa

    from larkbase_sdk.read.plan import ReadPlan

MOST_BYTES = 256 * 2**20
"""Kept rows may take so much memory; a larger read is not kept, and asked for again."""


@dataclass(frozen=True, slots=True)
class Server:
    """What a plan asks the server to choose: two plans with the same get the same rows."""

    filter: str
    view_id: str | None
    within_view: str | None
    merged_view: str | None

    @classmethod
    def of(cls, plan: ReadPlan) -> Server:
        """Return what a plan asks for."""
        part = plan.parts[0]
        return cls(repr(part.filter), part.view_id, part.within_view, part.merged_view)


class SharedRead:
    """One read whose batches go to several scans.

    The first scan that needs a batch fetches it, under a lock: scans run in threads of the
    engine. What came is kept for the others, and so is an error, which every scan gets.

    Args:
        plan: What is read. Its rows are all that any of the scans may want.
        whole: Whether these are all rows, so that scans with any filter can be served.
        open: Starts the read.
    """

    def __init__(
        self,
        plan: ReadPlan,
        open: Callable[[ReadPlan], Generator[pa.RecordBatch, None, None]],  # noqa: A002
        *,
        whole: bool,
    ) -> None:
        self.plan = plan
        self._whole = whole
        self._open = open
        self._lock = threading.Lock()
        self._source: Generator[pa.RecordBatch, None, None] | None = None
        self._kept: list[pa.RecordBatch] = []
        self._bytes = 0
        self._scans = 0
        self._too_large = False
        self._end: BaseException | None = None

    def serves(self, plan: ReadPlan) -> bool:
        """Tell whether a plan's rows and columns are among those of this read."""
        if self._too_large or plan.limit is not None:
            return False
        same = self._whole or Server.of(self.plan) == Server.of(plan)
        return same and set(plan.output) <= set(self.plan.output)

    def batches(self) -> Iterator[pa.RecordBatch] | None:
        """Return every batch, or the error of the read when it broke off.

        None when the rows that came are no longer kept, so that they have to be read again.
        """
        with self._lock:
            if self._too_large:
                return None
            self._scans += 1
        return self._from_the_first()

    def _from_the_first(self) -> Iterator[pa.RecordBatch]:
        place = 0
        while True:
            with self._lock:
                batch = self._batch(place)
            if batch is None:
                return
            yield batch
            place += 1

    def close(self) -> None:
        """End the read where it is; every scan has ended before."""
        with self._lock:
            if self._source is not None:
                self._source.close()

    def _batch(self, place: int) -> pa.RecordBatch | None:
        if not self._too_large and place < len(self._kept):
            return self._kept[place]
        if self._end is not None:
            if isinstance(self._end, StopIteration):
                return None
            raise self._end
        if self._source is None:
            self._source = self._open(self.plan)
        try:
            batch = next(self._source)
        except BaseException as end:
            self._end = end
            if isinstance(end, StopIteration):
                return None
            raise
        self._keep(batch)
        return batch

    def _keep(self, batch: pa.RecordBatch) -> None:
        self._bytes += batch.nbytes
        if self._bytes > MOST_BYTES and self._scans == 1:
            # Nobody else follows yet, so the rest goes by without being kept.
            self._too_large = True
            self._kept.clear()
        if not self._too_large:
            self._kept.append(batch)


def shared_reads(
    plans: Sequence[tuple[ReadPlan, bool]],
    union: Callable[[Sequence[str], Any], ReadPlan],
    open: Callable[[ReadPlan], Generator[pa.RecordBatch, None, None]],  # noqa: A002
) -> list[SharedRead]:
    """Return the reads that serve the plans of one table, each more than one of them.

    When any plan wants all rows, all are served by one read of all rows. Else those that want
    the same of the server share a read.

    Args:
        plans: What each scan will ask for, and whether that is every row.
        union: Returns a plan with these columns, which lets through what another plan does and
            checks no condition here; None for the other plan means every row.
        open: Starts a read.
    """
    if len(plans) < 2:
        return []
    if any(whole for _, whole in plans):
        plan = union(_columns([plan for plan, _ in plans]), None)
        return [SharedRead(plan, open, whole=True)]
    groups: dict[Server, list[ReadPlan]] = {}
    for plan, _ in plans:
        groups.setdefault(Server.of(plan), []).append(plan)
    return [
        SharedRead(union(_columns(group), group[0]), open, whole=False)
        for group in groups.values()
        if len(group) > 1
    ]


def _columns(plans: Sequence[ReadPlan]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for plan in plans for name in plan.output))
