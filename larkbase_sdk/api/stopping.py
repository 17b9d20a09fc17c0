"""Giving up calls that nobody waits for any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

_STEP = 0.1


class Stopped(Exception):
    """A call was given up, because nobody waits for its answer; it never reaches a user."""


def rest(seconds: float, sleep: Callable[[float], None], stop: threading.Event | None) -> None:
    """Sleep for some seconds; in small steps where ``stop`` may end the sleep.

    Raises:
        Stopped: once ``stop`` is set.
    """
    if stop is None:
        sleep(seconds)
        return
    while seconds > 0:
        give_up(stop)
        sleep(min(seconds, _STEP))
        seconds -= _STEP
    give_up(stop)


def give_up(stop: threading.Event | None) -> None:
    """Raise ``Stopped`` once ``stop`` is set."""
    if stop is not None and stop.is_set():
        raise Stopped
