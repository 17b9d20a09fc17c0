"""Pacing of calls: a token bucket per endpoint, and an adaptive gate per base."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from larkbase_sdk.api.endpoints import READ, Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BURST = 0.1
"""Share of a quota that may go at once; the rest is spread, so that burst and spread together
never exceed the quota in any window of its length."""

_FIRST_LIMIT = 2
_HIGHEST_LIMIT = 8
_MINUTE = 60.0
_WAKE_UP = 0.5


@dataclass(slots=True)
class Bucket:
    """A token bucket over one window, kept as the time at which it would be full again."""

    window: float
    full_at: float = float("-inf")

    def earliest(self, now: float, limit: float) -> float:
        """Return when the next call may go, at or after ``now``."""
        capacity = max(1, int(limit * BURST))
        return max(now, self.full_at - (capacity - 1) * self._interval(limit))

    def take(self, moment: float, limit: float) -> None:
        """Count a call that goes at ``moment``."""
        self.full_at = max(self.full_at, moment) + self._interval(limit)

    def _interval(self, limit: float) -> float:
        return self.window / ((1 - BURST) * limit)


@dataclass(slots=True)
class _Lane:
    """The state of one endpoint."""

    second: Bucket = field(default_factory=lambda: Bucket(1.0))
    minute: Bucket = field(default_factory=lambda: Bucket(_MINUTE))
    closed_until: float = float("-inf")


class Pacer:
    """Spreads the calls of one client below Lark's quotas; shared by its threads.

    Args:
        rate: Returns the calls per second that the user allows for one endpoint.
        bound: Whether Lark's quotas bind too. They always do, but for a server on this machine
            that was explicitly given a higher rate.
        clock: Monotonic seconds.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        rate: Callable[[], float],
        *,
        bound: bool = True,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = rate
        self._bound = bound
        self._clock = clock
        self._sleep = sleep
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()

    def wait(self, endpoint: Endpoint) -> float:
        """Wait until this endpoint may be called; return the seconds waited."""
        per_second, per_minute = self._limits(endpoint)
        with self._lock:
            lane = self._lanes.setdefault(endpoint.name, _Lane())
            now = self._clock()
            moment = max(lane.closed_until, lane.second.earliest(now, per_second))
            if per_minute is not None:
                moment = max(moment, lane.minute.earliest(now, per_minute))
                lane.minute.take(moment, per_minute)
            lane.second.take(moment, per_second)
        pause = moment - now
        if pause > 0:
            self._sleep(pause)
        return pause

    def hold(self, endpoint: Endpoint, seconds: float) -> None:
        """Keep every thread from this endpoint for a while, as Lark asked for."""
        with self._lock:
            lane = self._lanes.setdefault(endpoint.name, _Lane())
            lane.closed_until = max(lane.closed_until, self._clock() + seconds)

    def _limits(self, endpoint: Endpoint) -> tuple[float, float | None]:
        rate, quota = self._rate(), endpoint.rate_class
        documented = READ.per_second
        if not self._bound and documented is not None and rate > documented:
            return rate, None
        per_second = rate if quota.per_second is None else min(rate, quota.per_second)
        return per_second, quota.per_minute


class Gate:
    """Limits the calls in flight at one base, because a base answers serially.

    Starts at 2, grows by one after a round of successes at full use, halves when the base
    says that it cannot follow.
    """

    def __init__(self) -> None:
        self.limit = _FIRST_LIMIT
        self._busy = 0
        self._successes = 0
        self._round = 0
        self._free = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[Slot]:
        """Hold one of the allowed calls, waiting for it if need be."""
        with self._free:
            while self._busy >= self.limit:
                # A wait without end could not be broken by Ctrl-C on every system.
                self._free.wait(_WAKE_UP)
            self._busy += 1
            slot = Slot(self, self._round)
        try:
            yield slot
        finally:
            with self._free:
                self._busy -= 1
                self._free.notify_all()

    def succeeded(self) -> None:
        """Count a success; only a gate in full use learns from it."""
        with self._free:
            if self._busy < self.limit:
                return
            self._successes += 1
            if self._successes >= self.limit:
                self._successes = 0
                self.limit = min(self.limit + 1, _HIGHEST_LIMIT)

    def congested(self, began_in: int) -> None:
        """Halve the limit, once for all the calls that met the same congestion."""
        with self._free:
            if began_in == self._round:
                self._round += 1
                self._successes = 0
                self.limit = max(1, self.limit // 2)


@dataclass(frozen=True, slots=True)
class Slot:
    """One call in flight, which tells its gate how it went."""

    gate: Gate | None = None
    began_in: int = 0

    def succeeded(self) -> None:
        """Report an answer."""
        if self.gate is not None:
            self.gate.succeeded()

    def congested(self) -> None:
        """Report that the base or the gateway could not follow."""
        if self.gate is not None:
            self.gate.congested(self.began_in)


class Gates:
    """The gates of one client, by base."""

    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}
        self._lock = threading.Lock()

    def of(self, base: str) -> Gate:
        """Return the gate of a base, the same one at every call."""
        with self._lock:
            return self._gates.setdefault(base, Gate())

    @contextmanager
    def slot(self, base: str | None) -> Iterator[Slot]:
        """Hold a slot at a base; calls that concern no base are not limited here."""
        if base is None:
            yield Slot()
            return
        with self.of(base).slot() as slot:
            yield slot
