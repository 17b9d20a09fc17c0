"""Standard streams that every command can use, wherever they lead."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager, suppress
from io import RawIOBase, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_MODES = {"stdin": "r", "stdout": "w", "stderr": "w"}
_FAILING = frozenset({"strict", "surrogateescape"})
"""What Python does with characters that an encoding lacks: by default, and in the locale C."""


@contextmanager
def usable_streams() -> Iterator[None]:
    """Let a command write whatever it has to, and leave the streams as they were.

    A stream that the caller closed (``>&-``) leads nowhere. Characters that the encoding of stdout
    does not have become their escapes, as Python does it on stderr. Stdout takes everything that
    is written, or an error says that it does not.
    """
    with ExitStack() as undo:
        for name, mode in _MODES.items():
            if getattr(sys, name) is None:
                setattr(sys, name, undo.enter_context(Path(os.devnull).open(mode)))
                undo.callback(setattr, sys, name, None)
        undo.enter_context(_taking_everything())
        undo.enter_context(_escaping(sys.stdout))
        yield
        _leave_nothing_behind(sys.stderr)


def _leave_nothing_behind(stream: TextIO) -> None:
    """Drop what nobody takes, since Python would try again at its end and change the exit code."""
    try:
        stream.flush()
    except OSError:
        forget(stream)


def forget(stream: TextIO) -> None:
    """Send what is still to be written to a stream nowhere, since nobody takes it any more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@contextmanager
def _taking_everything() -> Iterator[None]:
    """Put a buffer before a stdout without one, as PYTHONUNBUFFERED makes it.

    Without one a full disk takes the beginning of what is written, and no error is raised.
    """
    before = sys.stdout
    if not isinstance(getattr(before, "buffer", None), RawIOBase):
        yield
        return
    before.flush()
    binary = os.fdopen(before.fileno(), "wb", closefd=False)
    sys.stdout = TextIOWrapper(binary, before.encoding, before.errors, line_buffering=True)
    try:
        yield
    finally:
        with suppress(OSError):  # of a last flush, which was told already
            sys.stdout.close()
        sys.stdout = before


@contextmanager
def _escaping(stream: object) -> Iterator[None]:
    if not isinstance(stream, TextIOWrapper) or stream.errors not in _FAILING:
        yield
        return
    before = stream.errors
    stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        with suppress(OSError):  # of a last flush, which was told already
            stream.reconfigure(errors=before)
