"""One progress line for a read of more than one page, or one that has to wait."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from larkbase_sdk.display import counted, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from larkbase_sdk.options import Options

_LONG_WAIT = 1.0
"""Seconds of a wait that is shown even when no page has come yet."""

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("larkbase_progress", default=None)


@contextmanager
def progress_told_to(listener: Callable[[str], None]) -> Iterator[None]:
    """Tell the lines of reads that begin meanwhile to a function, instead of drawing them.

    It is told whatever the options say, and from any thread; the empty text ends a line.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class Progress:
    """Shows how far a read has come, on stderr or in a notebook; nothing for a single page."""

    def __init__(self, label: str, options: Options) -> None:
        self._label = label
        self._listener = _listener.get()
        wanted = options.progress if options.progress is not None else _has_viewer()
        self._enabled = wanted or self._listener is not None
        self._pages = 0
        self._rows = 0
        self._total: int | None = None
        self._began = time.monotonic()
        self._bar: Any = None
        self._lock = threading.Lock()

    def page(self, rows: int, total: int | None) -> None:
        """Take note of a page: rows so far, and the total if Lark names one."""
        with self._lock:
            self._pages += 1
            self._rows, self._total = rows, total
            if self._enabled and self._pages > 1:
                self._show("")

    def waiting(self, seconds: float, reason: str) -> None:
        """Say in the line that a call waits; from any thread."""
        with self._lock:
            if self._enabled and (self._pages or seconds >= _LONG_WAIT):
                self._show(f"  waiting {seconds:.1f} s, {reason}")

    def _show(self, note: str) -> None:
        line = self._line() + note
        if self._listener is not None:
            self._listener(line)
            return
        if self._bar is None:
            self._bar = _open_bar(self._rows, self._total)
        self._bar.total = self._total
        self._bar.n = self._rows
        self._bar.line = line
        self._bar.refresh()

    def _line(self) -> str:
        elapsed = time.monotonic() - self._began
        return progress_line(self._label, self._rows, self._total, self._pages, elapsed)

    def close(self) -> None:
        """Take the line away."""
        with self._lock:
            if self._enabled and self._listener is not None:
                self._listener("")
            self._enabled = False
            if self._bar is not None:
                self._bar.close()
                self._bar = None


def progress_line(label: str, rows: int, total: int | None, calls: int, seconds: float) -> str:
    """Return how far a read has come, as one line.

    Args:
        label: What is read.
        rows: Rows that came.
        total: Rows that Lark counts, or None.
        calls: Pages that came.
        seconds: Time since the beginning, from which the time that is left is told.
    """
    label = printable(" ".join(label.split()))
    if not calls:
        return label
    cost = counted(calls, "call")
    if not total or not rows:
        return f"{label}  {_grouped(rows)} rows  {cost}  {_clock(seconds)}"
    left = _clock(seconds * max(0, total - rows) / rows)
    share = f"{min(1.0, rows / total):.0%}"
    return f"{label}  {share}  {_grouped(rows)}/{_grouped(total)} rows  {cost}  {left} left"


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _open_bar(rows: int, total: int | None) -> Any:
    """Return a line of tqdm: a bar in a notebook, text on stderr elsewhere."""
    from tqdm.auto import tqdm

    class Bar(tqdm):  # type: ignore[misc]  # tqdm has no types
        line = ""

        @property
        def format_dict(self) -> dict[str, Any]:
            return {**super().format_dict, "line": self.line}

    return Bar(initial=rows, total=total, leave=False, bar_format="{line}", mininterval=0)


def _has_viewer() -> bool:
    """Tell whether somebody looks: a terminal, or a notebook whose kernel this process is."""
    ipython = sys.modules.get("IPython")  # loaded in every kernel, and not needed elsewhere
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None or sys.stderr.isatty()
