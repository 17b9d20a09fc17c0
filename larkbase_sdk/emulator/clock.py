"""The emulator's clock, which tests can move instead of waiting."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

BEIJING = timezone(timedelta(hours=8))
DAY_MS = 86_400_000


class Clock:
    """Wall clock plus the seconds it was moved by; times are UTC."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._stopped_at: float | None = None

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._offset += seconds

    def now(self) -> float:
        """Return seconds since 1970."""
        return self._stopped_at if self._stopped_at is not None else time.time() + self._offset

    @contextmanager
    def stopped_at(self, seconds: float) -> Iterator[None]:
        """Let the clock show one moment inside a ``with`` block."""
        self._stopped_at = seconds
        try:
            yield
        finally:
            self._stopped_at = None

    def now_ms(self) -> int:
        """Return milliseconds since 1970."""
        return int(self.now() * 1000)


@cache
def zone_of(name: str) -> tzinfo:
    """Return the zone that the service works in; an unknown name means UTC+8."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return BEIJING


def midnight(day: date, zone: tzinfo) -> int:
    """Return the milliseconds at which a day begins in a zone."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(start.astimezone(UTC).timestamp() * 1000)


def day_of(milliseconds: int, zone: tzinfo) -> date:
    """Return the calendar day of a moment in a zone."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return moment.astimezone(zone).date()
