"""Work done by several threads whose results come in order."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future, wait
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")
Result = TypeVar("Result")

_STEP = 0.2
"""Seconds until a waiting reader looks whether it shall stop."""


class StoppedError(Exception):
    """Nobody wants the results any more."""


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    stopped: threading.Event | None = None,
) -> Iterator[Result]:
    """Yield what ``work`` makes of each item, in the order of the items.

    At most ``workers`` items are worked on or wait for the reader at the same time, and none is
    begun after the reader has gone. The threads do not keep the process alive.

    Raises:
        StoppedError: soon after ``stopped`` was set.
    """
    waiting = iter(items)
    running = deque(_started(work, item) for item in islice(waiting, workers))
    while running:
        result = _result(running.popleft(), stopped)
        running.extend(_started(work, item) for item in islice(waiting, 1))
        yield result


def _result(future: Future[Result], stopped: threading.Event | None) -> Result:
    while not wait([future], _STEP).done:
        if stopped is not None and stopped.is_set():
            raise StoppedError
    return future.result()


def _started(work: Callable[[Item], Result], item: Item) -> Future[Result]:
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work(item))
        except BaseException as error:  # noqa: BLE001 (raised again where the result is wanted)
            future.set_exception(error)

    threading.Thread(target=run, name="athena-read", daemon=True).start()
    return future
