"""The one place where errors and warnings become text on stderr and an exit code."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from larkbase_sdk.cli.text import one_line
from larkbase_sdk.display import printable
from larkbase_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    LarkBaseError,
    LarkBaseWarning,
    NetworkError,
    NotFound,
    PermissionDenied,
    QueryError,
    SnapshotError,
    UnsupportedField,
    scrub,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE = 1
USAGE = 2
ACCESS = 3
NETWORK = 4
INTERRUPTED = 130
_SIGNALLED = 128
"""Shells add the number of the signal."""

_ABOUT_WHAT_THE_USER_NAMED = (
    ConfigurationError, NotFound, QueryError, SnapshotError, UnsupportedField,
)  # fmt: skip

ABOUT_CREDENTIALS = "credentials"

_log = logging.getLogger("larkbase")


def exit_code(error: BaseException) -> int:
    """Return the exit code of a command that ended with this error."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, AuthenticationError | PermissionDenied):
        return ACCESS
    if isinstance(error, NetworkError):
        return NETWORK
    if isinstance(error, ConfigurationError) and error.context.get("about") == ABOUT_CREDENTIALS:
        return ACCESS
    if isinstance(error, _ABOUT_WHAT_THE_USER_NAMED):
        return USAGE
    # An OSError that is none of ours concerns a file that the user named.
    ours = isinstance(error, LarkBaseError)
    return USAGE if isinstance(error, OSError) and not ours else SERVICE


def tell(error: BaseException) -> None:
    """Write an error to stderr for people: what happened and what to do next."""
    if isinstance(error, KeyboardInterrupt):
        _write("Interrupted.")
    elif isinstance(error, LarkBaseError):
        _write(f"{_public_name(error)}: {error}")
    elif isinstance(error, OSError):
        named = f": {error.filename}" if error.filename else ""
        _write(f"{type(error).__name__}: {error.strerror or error}{named}")
    else:
        _write(
            f"{type(error).__name__}: {one_line(scrub(str(error)))}\n"
            "  Hint: a defect of larkbase: please report it. LARKBASE_LOG=debug tells where."
        )
    _log.debug("the command ended with an error", exc_info=error)


def _public_name(error: LarkBaseError) -> str:
    """Return the name of the documented class that an error is of."""
    kinds = (kind for kind in type(error).__mro__ if kind.__module__ == LarkBaseError.__module__)
    return next(kinds).__name__


def _write(text: str) -> None:
    with suppress(OSError):  # nobody reads stderr; the exit code tells it all the same
        sys.stderr.write(printable(text) + "\n")
        sys.stderr.flush()


@contextmanager
def sigterm_as_exit() -> Iterator[None]:
    """Let SIGTERM end a command as an error does: nothing half written stays behind."""
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(_SIGNALLED + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Show each different warning once, as one line on stderr."""
    told: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        line = f"warning: {printable(one_line(str(message)))}"
        if line not in told:
            told.add(line)
            _write_beside_progress(line)

    with warnings.catch_warnings():
        warnings.simplefilter("always", LarkBaseWarning)
        warnings.showwarning = show
        yield


def _write_beside_progress(line: str) -> None:
    if "tqdm" in sys.modules:
        from tqdm import tqdm

        tqdm.write(line, file=sys.stderr)
    else:
        _write(line)


class _Lines(logging.Formatter):
    """Log lines that no name or message of the service can steer, forge or fill with a secret."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the library's name)
        return one_line(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        return printable(scrub(super().format(record)))


@contextmanager
def log_lines() -> Iterator[None]:
    """Write log lines to stderr when ``LARKBASE_LOG`` names a level.

    Raises:
        ConfigurationError: when it names none.
    """
    name = os.environ.get("LARKBASE_LOG", "").strip().upper()
    if not name:
        yield
        return
    level = logging.getLevelNamesMapping().get(name)
    if level is None:
        msg = f"The environment variable LARKBASE_LOG cannot be {name.lower()!r}."
        raise ConfigurationError(msg, hint="Use debug, info or warning.")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines("%(levelname)s %(name)s: %(message)s"))
    before = _log.level
    _log.addHandler(handler)
    _log.setLevel(level)
    try:
        yield
    finally:
        _log.removeHandler(handler)
        _log.setLevel(before)
