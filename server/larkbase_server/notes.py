"""Our warnings as texts of one invocation, whatever filters the process has; safe in threads."""

from __future__ import annotations

import threading
import warnings
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from larkbase_sdk.errors import LarkBaseWarning, scrub
from larkbase_server.protocol.errors import TimestampCorrected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

_OURS = (LarkBaseWarning, TimestampCorrected)
_notes: ContextVar[list[str] | None] = ContextVar("larkbase_notes", default=None)


class _Hook:
    """Takes over ``warnings.showwarning`` while at least one invocation collects.

    Python keeps filters for the whole process, and ``warnings.catch_warnings`` of several threads
    would restore them in the wrong order; so the first one in installs and the last one out
    restores.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[list[str]] = []
        self._saved = warnings.catch_warnings()
        self._show: Callable[..., None] = warnings.showwarning

    def enter(self, notes: list[str]) -> None:
        with self._lock:
            if not self._running:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                self._show = warnings.showwarning
                for category in _OURS:
                    warnings.simplefilter("always", category)
                warnings.showwarning = self._collect
            self._running.append(notes)

    def leave(self, notes: list[str]) -> None:
        with self._lock:
            self._running = [other for other in self._running if other is not notes]
            if not self._running:
                self._saved.__exit__(None, None, None)

    def _collect(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        notes = _notes.get()
        if notes is None and len(self._running) == 1:
            # A thread that the only invocation started.
            notes = self._running[0]
        if notes is not None and issubclass(category, _OURS):
            notes.append(scrub(str(message)))
        else:
            self._show(message, category, filename, lineno, file, line)


_hook = _Hook()


@contextmanager
def collected_warnings() -> Iterator[list[str]]:
    """Collect the texts of our warnings, each of which is otherwise shown once a process.

    Texts are free of secrets. Other warnings are shown as usual.
    """
    texts: list[str] = []
    token = _notes.set(texts)
    _hook.enter(texts)
    try:
        yield texts
    finally:
        _hook.leave(texts)
        _notes.reset(token)
