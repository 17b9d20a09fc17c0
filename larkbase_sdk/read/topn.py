"""Keep the first rows of an order while batches go by, and tell when no better row can come."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from larkbase_sdk.read.plan import SortKey
    from larkbase_sdk.schema.table_schema import Column

_ROWS_BETWEEN_CUTS = 5_000


def sort_table(table: pa.Table, order: Sequence[SortKey]) -> pa.Table:
    """Return ``table`` in the given order; stable, empty cells last in both directions.

    Arrow places empty cells at the end unless told otherwise.
    """
    import pyarrow.compute as pc

    keys = [(key.column, "descending" if key.descending else "ascending") for key in order]
    return table.take(pc.sort_indices(table, sort_keys=keys))


class TopN:
    """The first ``limit`` rows of an order, or all rows in order when the limit is None."""

    def __init__(self, order: Sequence[SortKey], limit: int | None) -> None:
        self._order = tuple(order)
        self._limit = limit
        self._batches: list[pa.RecordBatch] = []
        self._rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Take the rows of a batch into account."""
        if not len(batch):
            return
        self._batches.append(batch)
        self._rows += len(batch)
        if self._limit is not None and self._rows > self._limit + _ROWS_BETWEEN_CUTS:
            self._cut()

    def _cut(self) -> None:
        table = self.result()
        self._batches = table.to_batches() if table is not None else []
        self._rows = 0 if table is None else len(table)

    def result(self) -> pa.Table | None:
        """Return the rows in order; None when there was no batch."""
        import pyarrow as pa

        if not self._batches:
            return None
        table = sort_table(pa.Table.from_batches(self._batches), self._order)
        return table if self._limit is None else table.slice(0, self._limit)

    def last_key(self) -> tuple[bool, Any]:
        """Return whether ``limit`` rows are there, and the first key of the last of them."""
        if self._limit is None or self._rows < self._limit:
            return False, None
        self._cut()
        return True, self._batches[-1].column(self._order[0].column)[-1].as_py()


class ServerOrder:
    """Watches rows that the server sorted and tells when reading may stop.

    Whether Lark sorts by the stored or by the displayed value is unconfirmed, so a row may stand
    up to one displayed unit (a day for dates) before its place. Reading goes on until the server
    is that far past the last row kept; an order that breaks even this rule is not trusted.
    """

    def __init__(self, column: Column, key: SortKey, *, single: bool) -> None:
        self._name = column.name
        self._descending = key.descending
        self._single = single
        self._slack = column.unit() if column.filter_family == "number" else dt.timedelta(days=1)
        self._furthest: Any = None
        self._reached_empties = False
        self.trusted = True

    def watch(self, batch: pa.RecordBatch) -> None:
        """Look at a batch as the server sent it, before any condition is applied."""
        for value in batch.column(self._name).to_pylist():
            if value is None:
                self._reached_empties = True
            elif self._reached_empties or self._out_of_place(value):
                self.trusted = False
                return
            elif self._furthest is None or self._beyond(value, self._furthest):
                self._furthest = value

    def _beyond(self, value: Any, other: Any) -> bool:
        return bool(value < other) if self._descending else bool(value > other)

    def _distance(self, value: Any, other: Any) -> Any:
        if isinstance(value, float):
            value, other = Decimal(repr(value)), Decimal(repr(other))
        return abs(value - other)

    def _out_of_place(self, value: Any) -> bool:
        if self._furthest is None or not self._beyond(self._furthest, value):
            return False
        return bool(self._distance(value, self._furthest) > self._slack)

    def nothing_better_follows(self, last: Any) -> bool:
        """Tell whether no later row can come before a kept row with first key ``last``."""
        if not self.trusted:
            return False
        if last is None:
            # Only empty cells follow, and they are all equal unless a second key orders them.
            return self._single and self._reached_empties
        if self._reached_empties:
            return True
        return self._beyond(self._furthest, last) and bool(
            self._distance(self._furthest, last) > 2 * self._slack
        )
