"""Pacing of calls: a quota per endpoint, kept by all clients of one app in this process."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from larkbase_sdk.api.endpoints import READ, Endpoint
from larkbase_sdk.api.gates import Gates
from larkbase_sdk.api.stopping import rest

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, MutableMapping

BURST = 0.25
"""Share of a quota that may go at once, to catch up after a slow start; the rest is spread."""

MARGIN = 0.025
"""Share by which calls are spread wider than the quota asks: some arrive sooner after the one
before them than they left, and a refusal costs a second or more."""

LONG_WAIT = 1.0
"""Seconds from which a wait for the rate is worth telling."""

_LEAST_BURST = 5
_MINUTE = 60.0
_INSTANT = 1e-6


class Bucket:
    """The calls of one endpoint: spread, and never above the quota in any window of time.

    Args:
        window: Seconds for which the quota is stated.
    """

    def __init__(self, window: float) -> None:
        self._window = window
        self._full_at = float("-inf")
        self._sent: deque[float] = deque()

    def earliest(self, now: float, limit: float) -> float:
        """Return when the next call may go, at or after ``now``."""
        quota, interval = max(1, int(limit)), self._interval(limit)
        burst = max(min(quota, _LEAST_BURST), int(limit * BURST))
        moment = max(now, self._full_at - (burst - 1) * interval)
        if len(self._sent) >= quota:
            moment = max(moment, self._sent[-quota] + quota * interval)
        return moment

    def take(self, moment: float, limit: float) -> None:
        """Count a call that goes at ``moment``."""
        self._full_at = max(self._full_at, moment) + self._interval(limit)
        self._sent.append(moment)
        while len(self._sent) > max(1, int(limit)):
            self._sent.popleft()

    def _interval(self, limit: float) -> float:
        return self._window * (1 + MARGIN) / limit


@dataclass(slots=True)
class _Lane:
    """The state of one endpoint."""

    second: Bucket = field(default_factory=lambda: Bucket(1.0))
    minute: Bucket = field(default_factory=lambda: Bucket(_MINUTE))
    closed_until: float = float("-inf")


class Lanes:
    """What was called when, by endpoint; shared by everybody whom Lark counts as one caller."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()

    def reserve(
        self, endpoint: str, now: float, per_second: float, per_minute: float | None
    ) -> float:
        """Return the moment at which one more call may go, and count it."""
        with self._lock:
            lane = self._lanes.setdefault(endpoint, _Lane())
            moment = max(lane.closed_until, lane.second.earliest(now, per_second))
            if per_minute is not None:
                moment = max(moment, lane.minute.earliest(now, per_minute))
                lane.minute.take(moment, per_minute)
            lane.second.take(moment, per_second)
            return moment

    def close(self, endpoint: str, until: float) -> None:
        """Let no call go before a moment."""
        with self._lock:
            lane = self._lanes.setdefault(endpoint, _Lane())
            lane.closed_until = max(lane.closed_until, until)

    def closed_until(self, endpoint: str) -> float:
        """Return the moment before which no call may go."""
        with self._lock:
            return self._lanes.setdefault(endpoint, _Lane()).closed_until


class Pacer:
    """Spreads calls below Lark's quotas, and waits where Lark asked for it.

    Args:
        rate: Returns the calls per second that the user allows for one endpoint.
        bound: Whether Lark's quotas bind too. They always do, but for a server on this machine
            that was explicitly given a higher rate.
        lanes: The calls so far, shared with other pacers; this pacer's own when None.
        clock: Monotonic seconds.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        rate: Callable[[], float],
        *,
        bound: bool = True,
        lanes: Lanes | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = rate
        self._bound = bound
        self._lanes = lanes or Lanes()
        self._clock = clock
        self._sleep = sleep

    def wait(
        self,
        endpoint: Endpoint,
        *,
        stop: threading.Event | None = None,
        tell: Callable[[float], None] | None = None,
    ) -> float:
        """Wait until this endpoint may be called; return the seconds waited.

        Args:
            endpoint: What is to be called.
            stop: Ends the wait once it is set.
            tell: Called with the seconds before a long wait.

        Raises:
            Stopped: when ``stop`` is set while waiting.
        """
        waited = 0.0
        while True:
            now = self._clock()
            pause = self._lanes.reserve(endpoint.name, now, *self._limits(endpoint)) - now
            if pause > 0:
                if tell is not None and pause >= LONG_WAIT:
                    tell(pause)
                rest(pause, self._sleep, stop)
                waited += pause
            # Meanwhile another call may have been refused, which counts for this one too.
            if self._lanes.closed_until(endpoint.name) <= self._clock() + _INSTANT:
                return waited

    def hold(self, endpoint: Endpoint, seconds: float) -> None:
        """Keep every caller from this endpoint for a while, as Lark asked for."""
        self._lanes.close(endpoint.name, self._clock() + seconds)

    def _limits(self, endpoint: Endpoint) -> tuple[float, float | None]:
        rate, quota = self._rate(), endpoint.rate_class
        documented = READ.per_second
        if not self._bound and documented is not None and rate > documented:
            return rate, None
        per_second = rate if quota.per_second is None else min(rate, quota.per_second)
        return per_second, quota.per_minute


class Budget:
    """What the clients of one app share: the quotas of its calls and the gates of its bases."""

    def __init__(self) -> None:
        self.lanes = Lanes()
        self.gates = Gates()


_budgets: MutableMapping[Hashable, Budget] = WeakValueDictionary()
_budgets_lock = threading.Lock()


def shared_budget(caller: Hashable) -> Budget:
    """Return the budget of a caller as Lark counts it; it lasts as long as somebody holds it.

    Args:
        caller: What Lark counts by; None for somebody who shares with nobody.
    """
    if caller is None:
        return Budget()
    with _budgets_lock:
        budget = _budgets.get(caller)
        if budget is None:
            budget = _budgets[caller] = Budget()
        return budget
