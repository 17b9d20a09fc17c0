"""Load limits: a token bucket per endpoint at the gateway, and the serial engine of a base."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from larkbase_sdk.emulator.clock import Clock
    from larkbase_sdk.emulator.switches import Switches

_READ, _RECORD_WRITE, _STRUCTURE = ((20, 1),), ((50, 1),), ((10, 1),)
_REFERENCE = 20

LIMITS: dict[str, tuple[tuple[int, int], ...]] = {
    "base": _READ,
    "tables": _READ,
    "fields": _READ,
    "views": _READ,
    "view": _READ,
    "search": _READ,
    "batch_get": _READ,
    "files": _READ,
    "metas": ((50, 1), (1000, 60)),
    "wiki_node": ((100, 60),),
    "create_base": ((20, 60),),
    "create_table": _STRUCTURE,
    "create_field": _STRUCTURE,
    "create_view": _STRUCTURE,
    "create_record": _RECORD_WRITE,
    "batch_create": _RECORD_WRITE,
    "update_record": _RECORD_WRITE,
    "batch_update": _RECORD_WRITE,
    "delete_record": _RECORD_WRITE,
    "batch_delete": _RECORD_WRITE,
}
"""Documented calls per seconds of each endpoint, whichever is used up first; others have no stated
limit."""

ENGINE_ENDPOINTS = frozenset({"search", "batch_get"})


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float

    def fill(self, now: float, size: float, per_second: float) -> None:
        """Add what came in since it was filled last."""
        self.tokens = min(size, self.tokens + (now - self.filled) * per_second)
        self.filled = now


class Gateway:
    """The token buckets."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock = clock
        self._switches = switches
        self._buckets: dict[tuple[str, int], _Bucket] = {}

    def limit(self, endpoint: str) -> float | None:
        """Return the calls that the bucket of an endpoint holds, or None without a limit."""
        if self._switches.rate is None or endpoint not in LIMITS:
            return None
        return self._scaled(LIMITS[endpoint][0][0])

    def _scaled(self, calls: int) -> float:
        return max(calls * (self._switches.rate or 0) / _REFERENCE, 1.0)

    def wait(self, endpoint: str) -> int:
        """Take a call from each bucket; return 0, or the seconds to wait when one is empty."""
        if self.limit(endpoint) is None:
            return 0
        now = self._clock.now()
        buckets, waits = [], [0]
        for calls, seconds in LIMITS[endpoint]:
            size = self._scaled(calls)
            bucket = self._buckets.setdefault((endpoint, seconds), _Bucket(size, now))
            bucket.fill(now, size, size / seconds)
            buckets.append(bucket)
            if bucket.tokens < 1:
                waits.append(math.ceil((1 - bucket.tokens) * seconds / size))
        if not any(waits):
            for bucket in buckets:
                bucket.tokens -= 1
        return max(waits)


class Engine:
    """Counts the record requests that each base works on at the moment."""

    def __init__(self) -> None:
        self._running: defaultdict[str, int] = defaultdict(int)
        self._queues: defaultdict[str, deque[asyncio.Future[None]]] = defaultdict(deque)

    async def enter(self, app_token: str, slots: int | None, *, queue: bool) -> bool:
        """Start a request, waiting for its turn if there is a queue; False at a busy base."""
        while slots is not None and self._running[app_token] >= slots:
            if not queue:
                return False
            turn = asyncio.get_running_loop().create_future()
            self._queues[app_token].append(turn)
            await turn
        self._running[app_token] += 1
        return True

    def leave(self, app_token: str) -> None:
        """End a request that was started."""
        self._running[app_token] -= 1
        waiting = self._queues[app_token]
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
