"""The clock of the service, as the Date headers of its answers tell it."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class ServiceClock:
    """Knows the time at the service, whose stamps on records cannot be compared with our clock.

    Args:
        clock: Seconds since 1970 by the clock of this machine.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._ahead: float | None = None

    def hear(self, date: str | None) -> None:
        """Take note of the Date header of an answer that has just come."""
        if not date:
            return
        try:
            self._ahead = parsedate_to_datetime(date).timestamp() - self._clock()
        except (ValueError, OverflowError):
            return

    def now(self) -> float | None:
        """Return seconds since 1970 at the service, to about a second; None when it told none."""
        return None if self._ahead is None else self._clock() + self._ahead
