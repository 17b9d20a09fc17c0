"""Errors of one source, base or row, which the others survive, and how they are told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from larkbase_sdk.api.codes import meaning_of
from larkbase_sdk.errors import (
    ConfigurationError,
    LarkBaseError,
    NotFound,
    PermissionDenied,
    QueryError,
    ServiceError,
    SourceSkipped,
    warn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")

_TEXTS_REMEMBERED = 1000

WORKERS = 16
"""Threads at most; pacing and the gate of each base decide how many calls really go at once."""


class UnusableSourceError(ConfigurationError):
    """A link or table that was given as a source of databases, but is none."""


OWN_FAULTS = (NotFound, PermissionDenied, QueryError, ServiceError, UnusableSourceError)
"""Errors of the thing that was asked for; others, such as refused credentials, concern all.

A ``QueryError`` is one of them because Lark may refuse an id that it finds malformed with the codes
of a malformed request (9499, 99992402).
"""


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was left out of a listing, and why.

    Attributes:
        what: The thing, in words, such as ``row recu1 of metadata table tblX``.
        reason: Why, in a sentence.
        token: Base id or folder token of the thing; empty when it has none.
        unreadable: Whether it may well exist but could not be read, so that nothing may be
            concluded from its absence.
        tables_of: Base of the table that the thing may mean; empty when it means no table.
        error: The error that kept it from being read; None for everything else.
    """

    what: str
    reason: str
    token: str = ""
    unreadable: bool = False
    tables_of: str = ""
    error: LarkBaseError | None = field(default=None, repr=False, compare=False)

    @classmethod
    def because(cls, what: str, error: LarkBaseError, token: str = "") -> Skipped:
        """Return the record of a thing that an error kept from being read."""
        return cls(what, str(error), token, unreadable=True, error=error)

    def __str__(self) -> str:
        return f"Left out {self.what}: {self.reason}"


def raise_passing(errors: Iterable[LarkBaseError | None]) -> None:
    """Raise the first error that will soon pass, so that nothing is built upon it.

    What lies behind such an error has names, which meanwhile would be given to something else.
    """
    for error in errors:
        if error is not None and _will_pass(error):
            raise error


def _will_pass(error: LarkBaseError) -> bool:
    if error.code is None:
        return False
    status = error.context.get("http_status", 200)
    return meaning_of(error.code, status=status).backoff is not None


class SkipReport:
    """Warns of everything that was left out, once a text; safe to share between threads."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._lock = threading.Lock()

    def tell(self, skipped: Iterable[Skipped]) -> None:
        """Warn of what was not told yet.

        Warns:
            SourceSkipped: for each thing left out.
        """
        for item in skipped:
            text = str(item)
            with self._lock:
                known = text in self._told
                if len(self._told) >= _TEXTS_REMEMBERED:
                    self._told.clear()
                self._told.add(text)
            if not known:
                warn(text, SourceSkipped)

    def forget(self) -> None:
        """Tell everything again."""
        with self._lock:
            self._told.clear()


def each(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result | LarkBaseError]:
    """Return what ``function`` gives for each item, or the error that is the item's own fault.

    Items are worked on at the same time.

    Raises:
        LarkBaseError: an error that concerns all of them; nothing more is begun then.
    """

    def attempt(item: Item) -> Result | LarkBaseError:
        try:
            return function(item)
        except OWN_FAULTS as error:
            return error

    if len(items) < 2:
        return [attempt(item) for item in items]
    pool = ThreadPoolExecutor(min(WORKERS, len(items)), thread_name_prefix="larkbase")
    try:
        return list(pool.map(attempt, items))
    finally:
        pool.shutdown(cancel_futures=True)
