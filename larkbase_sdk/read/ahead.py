"""Work that is done ahead of its use, in threads, in order and within bounds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future, wait
from itertools import islice
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_WAKE_UP = 0.5


class ReadAhead(Generic[K, V]):
    """Does pieces of work in the order in which they are taken, some of them before that.

    It begins with the piece that is taken and one more, and doubles with every piece, since
    whoever takes many will take more. A piece ahead runs in a thread of its own, which ends with
    it. What fails ahead fails where it is taken; what is never taken fails in silence.

    Args:
        work: Does a piece; ``stop`` is set when nobody waits for it any more, and None in the
            caller's own thread.
        most: Pieces that are done or in work at most, the one taken among them; 1 for none ahead.
    """

    def __init__(self, work: Callable[[K, threading.Event | None], V], most: int) -> None:
        self._work = work
        self._most = most
        self._jobs: dict[K, Future[V]] = {}
        self._stop = threading.Event()
        self._window = 1

    @property
    def idle(self) -> bool:
        """Whether nothing is done ahead at the moment."""
        return not self._jobs

    def take(self, key: K, following: Iterable[K] = ()) -> V:
        """Return a piece of work; begin those of ``following`` that fit into the bounds."""
        self._window = min(2 * self._window, self._most)
        mine = self._jobs.pop(key, None)
        for other in islice(following, self._window - 1):
            if other not in self._jobs and not self._begin(other):
                break
        return self._work(key, None) if mine is None else _result(mine)

    def restart(self) -> None:
        """Forget what was done ahead, because other pieces follow than was thought."""
        self.close()
        self._stop = threading.Event()
        self._window = 1

    def close(self) -> None:
        """End the threads: at once where they wait for their turn, else with their call."""
        self._stop.set()
        self._jobs.clear()

    def _begin(self, key: K) -> bool:
        job: Future[V] = Future()
        thread = threading.Thread(
            target=self._run, args=(key, job, self._stop), name="larkbase-page", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # no more threads here: the piece is done when it is taken
            return False
        self._jobs[key] = job
        return True

    def _run(self, key: K, job: Future[V], stop: threading.Event) -> None:
        try:
            job.set_result(self._work(key, stop))
        except BaseException as error:  # noqa: BLE001 (raised where the piece is taken)
            job.set_exception(error)


def _result(job: Future[V]) -> V:
    while not job.done():
        # A wait without end could not be broken by Ctrl-C on every system.
        wait([job], _WAKE_UP)
    return job.result()
