"""Standard streams that every command can use, wherever they lead."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MODES = {"stdin": "r", "stdout": "w", "stderr": "w"}


@contextmanager
def usable_streams() -> Iterator[None]:
    """Let a command write whatever it has to, and leave the streams as they were.

    A stream that the caller closed (``>&-``) leads nowhere. Characters that the encoding of stdout
    does not have become their escapes, as Python does it on stderr.
    """
    with ExitStack() as undo:
        for name, mode in _MODES.items():
            if getattr(sys, name) is None:
                setattr(sys, name, undo.enter_context(Path(os.devnull).open(mode)))
                undo.callback(setattr, sys, name, None)
        undo.enter_context(_escaping(sys.stdout))
        yield


@contextmanager
def _escaping(stream: object) -> Iterator[None]:
    if not (isinstance(stream, TextIOWrapper) and stream.errors == "strict"):
        yield
        return
    stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        with suppress(OSError):  # of a last flush, which was told already
            stream.reconfigure(errors="strict")
