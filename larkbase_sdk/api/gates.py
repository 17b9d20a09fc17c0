"""How many calls may be in flight at a base: few at first, more while it keeps up."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_sdk.api.stopping import give_up

if TYPE_CHECKING:
    from collections.abc import Iterator

HIGHEST_LIMIT = 8
"""Calls in flight at one base, where nobody asks for fewer or more."""

_FIRST_LIMIT = 2
_LEAST_PATIENCE = 4
_MOST_PATIENCE = 512
_WAKE_UP = 0.1


class Gate:
    """Limits the calls in flight at one base, because a base answers serially.

    Starts at 2, grows by one after a round of successes at full use, halves when the base
    says that it cannot follow. The limit at which that happened is tried again only after many
    successes, twice as many each time, so that a base that serves one call after another is not
    asked again and again for more. Calls get their turn in the order in which they came.
    """

    def __init__(self) -> None:
        self.limit = _FIRST_LIMIT
        self._busy = 0
        self._peak = 0
        self._successes = 0
        self._round = 0
        self._too_many: int | None = None
        self._patience = _LEAST_PATIENCE
        self._queue: deque[object] = deque()
        self._free = threading.Condition()

    @contextmanager
    def slot(
        self, most: int = HIGHEST_LIMIT, stop: threading.Event | None = None
    ) -> Iterator[Slot]:
        """Hold one of the allowed calls, waiting for it if need be.

        Args:
            most: Calls in flight that the caller wants at most.
            stop: Ends the wait once it is set.

        Raises:
            Stopped: when ``stop`` is set while waiting.
        """
        slot = self._enter(most, stop)
        try:
            yield slot
        finally:
            with self._free:
                self._busy -= 1
                self._free.notify_all()

    def _enter(self, most: int, stop: threading.Event | None) -> Slot:
        turn = object()
        with self._free:
            self._queue.append(turn)
            try:
                while self._queue[0] is not turn or self._busy >= min(self.limit, most):
                    give_up(stop)
                    # A wait without end could not be broken by Ctrl-C on every system.
                    self._free.wait(_WAKE_UP)
            finally:
                self._queue.remove(turn)
                self._free.notify_all()
            self._busy += 1
            self._peak = max(self._peak, self._busy)
            return Slot(self, self._round, most)

    def succeeded(self, most: int = HIGHEST_LIMIT) -> None:
        """Count a success; only a gate that was in full use learns from it."""
        with self._free:
            if self._peak < self.limit:
                return
            self._successes += 1
            if self._successes >= self._wanted() and self.limit < most:
                self._grow()

    def _wanted(self) -> int:
        """Return the successes after which one more call in flight is tried."""
        if self._too_many is None or self.limit + 1 < self._too_many:
            return self.limit
        return max(self.limit, self._patience)

    def _grow(self) -> None:
        self._begin_round()
        if self._too_many is not None and self.limit >= self._too_many:
            self._too_many = self.limit + 1
            self._patience = max(_LEAST_PATIENCE, self._patience // 2)
        self.limit += 1

    def _begin_round(self) -> None:
        self._successes = 0
        self._peak = self._busy

    def congested(self, began_in: int) -> None:
        """Halve the limit, once for all the calls that met the same congestion."""
        with self._free:
            if began_in == self._round:
                self._round += 1
                self._begin_round()
                self._too_many = max(_FIRST_LIMIT, self.limit)
                self._patience = min(_MOST_PATIENCE, 2 * self._patience)
                self.limit = max(1, self.limit // 2)


@dataclass(frozen=True, slots=True)
class Slot:
    """One call in flight, which tells its gate how it went."""

    gate: Gate | None = None
    began_in: int = 0
    most: int = HIGHEST_LIMIT

    def succeeded(self) -> None:
        """Report an answer."""
        if self.gate is not None:
            self.gate.succeeded(self.most)

    def congested(self) -> None:
        """Report that the base or the gateway could not follow."""
        if self.gate is not None:
            self.gate.congested(self.began_in)


class Gates:
    """The gates of one app, by base."""

    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}
        self._lock = threading.Lock()

    def of(self, base: str) -> Gate:
        """Return the gate of a base, the same one at every call."""
        with self._lock:
            return self._gates.setdefault(base, Gate())

    @contextmanager
    def slot(
        self,
        base: str | None,
        most: int = HIGHEST_LIMIT,
        stop: threading.Event | None = None,
    ) -> Iterator[Slot]:
        """Hold a slot at a base; calls that concern no base are not limited here."""
        if base is None:
            yield Slot()
            return
        with self.of(base).slot(most, stop) as slot:
            yield slot
