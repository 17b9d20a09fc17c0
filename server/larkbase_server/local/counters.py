"""What a query cost: messages, splits, rows, and bytes of answers and of spilled blocks."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class QueryStats:
    """The figures of one query.

    Attributes:
        messages: Messages sent to functions, by the name of the request.
        splits: Splits that the connectors planned.
        rows: Rows that came from the connectors.
        answer_bytes: Bytes of the functions' answers, as JSON.
        spilled_blocks: Blocks fetched from the spill bucket.
        spilled_bytes: Bytes of these objects.
        lark_calls: Calls that a connector of this process made to Lark; None when it runs
            elsewhere.
        seconds: From the start of the query to its last row.
    """

    messages: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    splits: int = 0
    rows: int = 0
    answer_bytes: int = 0
    spilled_blocks: int = 0
    spilled_bytes: int = 0
    lark_calls: int | None = None
    seconds: float = 0.0

    def to_dict(self) -> dict[str, object]:
        """Return the figures as JSON values."""
        return {
            "messages": dict(self.messages),
            "splits": self.splits,
            "rows": self.rows,
            "answer_bytes": self.answer_bytes,
            "spilled_blocks": self.spilled_blocks,
            "spilled_bytes": self.spilled_bytes,
            "lark_calls": self.lark_calls,
            "seconds": round(self.seconds, 3),
        }


class Counters:
    """The running figures of a query, safe to add to from its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: Counter[str] = Counter()
        self._figures: Counter[str] = Counter()

    def add_message(self, name: str, size: int) -> None:
        """Count a message and the bytes of its answer."""
        with self._lock:
            self._messages[name] += 1
            self._figures["answer_bytes"] += size

    def add_splits(self, number: int) -> None:
        """Count planned splits."""
        with self._lock:
            self._figures["splits"] += number

    def add_rows(self, number: int) -> None:
        """Count rows that came."""
        with self._lock:
            self._figures["rows"] += number

    def add_block(self, size: int) -> None:
        """Count a spilled block."""
        with self._lock:
            self._figures["spilled_blocks"] += 1
            self._figures["spilled_bytes"] += size

    def read(self, *, lark_calls: int | None, seconds: float) -> QueryStats:
        """Return the figures as they are now."""
        with self._lock:
            return QueryStats(
                messages=MappingProxyType(dict(sorted(self._messages.items()))),
                lark_calls=lark_calls,
                seconds=seconds,
                **self._figures,
            )
