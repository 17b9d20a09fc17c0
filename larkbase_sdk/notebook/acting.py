"""What happens around every click: waits, warnings and errors are shown, and none is lost."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import ipywidgets as widgets

from larkbase_sdk.display import escape
from larkbase_sdk.errors import LarkBaseError, LarkBaseWarning, scrub
from larkbase_sdk.progress import progress_told_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from larkbase_sdk.notebook.contents import Contents

_log = logging.getLogger("larkbase")

_INTERRUPTED = "Interrupted. Nothing was kept of this step; click again to repeat it."


class Status:
    """A line that tells what is going on, or what went wrong and what to do next."""

    def __init__(self) -> None:
        self.widget = widgets.HTML()
        self.widget.add_class("larkbase-status")
        self.say("")

    def say(self, text: str) -> None:
        """Show a text."""
        self._show("status", f"<p>{escape(text)}</p>" if text else "")

    def tell(self, notes: list[str], error: str) -> None:
        """Show warnings as texts, and an error as HTML that is escaped already."""
        told = "".join(f'<p class="larkbase-warning">⚠ {escape(note)}</p>' for note in notes)
        alert = f'<div class="larkbase-error">{error}</div>' if error else ""
        self._show("alert" if error else "status", told + alert)

    def _show(self, role: str, inner: str) -> None:
        self.widget.value = f'<div role="{role}" aria-live="polite">{inner}</div>'


class Actions:
    """Runs what a click asks for; whatever happens, the widgets stay usable.

    Args:
        contents: What is explored; its waits are shown.
        status: Where to tell.
        afterwards: Called after every action, to show the new state.
    """

    def __init__(self, contents: Contents, status: Status, afterwards: Callable[[], None]) -> None:
        self._contents = contents
        self._status = status
        self._afterwards = afterwards

    def run(self, doing: str, *steps: Callable[[], object]) -> None:
        """Run some steps one after another; the first that fails ends them.

        Args:
            doing: What is going on, in words, shown meanwhile.
            steps: What to do.
        """
        self._status.say(f"{doing} …")
        notes: list[str] = []
        with self._watched(doing), _noting(notes):
            error = _failure(partial(_in_turn, steps)) + _failure(self._afterwards)
        self._status.tell(notes, error)

    @contextmanager
    def _watched(self, doing: str) -> Iterator[None]:
        def waiting(seconds: float, reason: str) -> None:
            self._status.say(f"{doing} …  waiting {seconds:.1f} s, {reason}")

        def line(text: str) -> None:
            self._status.say(text or f"{doing} …")

        with self._contents.watched(waiting), progress_told_to(line):
            yield


def _in_turn(steps: Sequence[Callable[[], object]]) -> None:
    for step in steps:
        step()


def _failure(step: Callable[[], object]) -> str:
    """Run a step; return its error as HTML, or "" when there was none."""
    try:
        step()
    except KeyboardInterrupt:
        return f"<p>{escape(_INTERRUPTED)}</p>"
    except Exception as error:  # noqa: BLE001 (what is not shown here would be lost)
        return _error_html(error)
    return ""


@contextmanager
def _noting(notes: list[str]) -> Iterator[None]:
    """Write down the warnings of larkbase, which would go where nobody looks; pass others on."""
    with warnings.catch_warnings(record=True) as told:
        yield
    for item in told:
        if issubclass(item.category, LarkBaseWarning):
            notes.append(str(item.message))
        else:
            warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)


def _error_html(error: Exception) -> str:
    if isinstance(error, LarkBaseError):
        return error._repr_html_()
    _log.error("an explorer's action failed", exc_info=error)
    return f"<p><strong>{type(error).__name__}</strong></p><p>{escape(scrub(str(error)))}</p>"
