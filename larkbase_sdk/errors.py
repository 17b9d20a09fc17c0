"""Every error and warning that larkbase raises on purpose.

The tree follows what a reader can do about it::

    LarkBaseError
    ├── ConfigurationError    settings, links or arguments that cannot work       (ValueError)
    ├── AuthenticationError   Lark refused the credentials                        (PermissionError)
    ├── PermissionDenied      the credentials are good, the access is missing     (PermissionError)
    ├── NotFound              no such base, table, field, view or database        (LookupError)
    ├── RateLimited           Lark kept refusing because of the call rate         (RuntimeError)
    ├── NetworkError          no usable answer came back                          (ConnectionError)
    ├── ServiceError          Lark answered with an error of its own              (RuntimeError)
    ├── QueryError            the question itself is wrong                        (ValueError)
    ├── UnsupportedField      a field that cannot be used in this way             (TypeError)
    └── SnapshotError         a snapshot that cannot be written or read           (RuntimeError)

Each class also derives from the builtin named beside it, so that generic handlers keep working.
"""

from __future__ import annotations

import inspect
import threading
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

_secrets: set[str] = set()
_secrets_lock = threading.Lock()
_SHORTEST_SECRET = 6


def hide_secret(value: str) -> None:
    """Remember a secret so that no error text and no log line made here ever shows it."""
    if len(value) >= _SHORTEST_SECRET:
        with _secrets_lock:
            _secrets.add(value)


def scrub(text: str) -> str:
    """Return ``text`` with every known secret replaced by dots."""
    with _secrets_lock:
        known = [secret for secret in _secrets if secret in text]
    for secret in known:
        text = text.replace(secret, "••••")
    return text


def _scrubbed(value: Any) -> Any:
    """Return plain data without secrets in its texts."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, list | tuple):
        return [_scrubbed(item) for item in value]
    if isinstance(value, dict):
        return {key: _scrubbed(item) for key, item in value.items()}
    return value


class LarkBaseError(Exception):
    """The root of all errors; its fields are data, its text is rendered once, here.

    Attributes:
        message: What happened, in one sentence.
        hint: What to do next, or None.
        code: Lark's error code, or None when Lark was not involved.
        log_id: Lark's log id (``X-Tt-Logid``), which Lark's support asks for.
        help_url: A link that leads to the place where it can be mended.
        context: Further facts for programs (never secrets).
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: int | None = None,
        log_id: str | None = None,
        help_url: str | None = None,
        context: dict[str, Any] | None = None,
    ) -> None:
        self.message = scrub(message)
        self.hint = scrub(hint) if hint else None
        self.code = code
        self.log_id = scrub(log_id) if log_id else None
        self.help_url = help_url
        self.context = {key: _scrubbed(value) for key, value in (context or {}).items()}
        super().__init__(self.message)

    def __str__(self) -> str:
        from larkbase_sdk.display import printable

        lines = [self.message + self._origin()]
        if self.hint:
            lines.append(f"  Hint: {self.hint}")
        if self.help_url:
            lines.append(f"  {self.help_url}")
        return printable("\n".join(lines))

    def _repr_html_(self) -> str:
        from larkbase_sdk.display import escape, html_card, html_link

        parts = [f"<p>{escape(self.message + self._origin())}</p>"]
        if self.hint:
            parts.append(f"<p>Hint: {escape(self.hint)}</p>")
        if self.help_url:
            parts.append(f"<p>{html_link(self.help_url, self.help_url)}</p>")
        return html_card(escape(type(self).__name__), *parts)

    def _origin(self) -> str:
        parts = []
        if self.code is not None:
            parts.append(f"Lark {self.code}")
        if self.log_id:
            parts.append(f"log {self.log_id}")
        return f" ({', '.join(parts)})" if parts else ""

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (
            type(self),
            self.message,
            self.hint,
            self.code,
            self.log_id,
            self.help_url,
            self.context,
        )


def _rebuild(
    cls: type[LarkBaseError],
    message: str,
    hint: str | None,
    code: int | None,
    log_id: str | None,
    help_url: str | None,
    context: dict[str, Any],
) -> LarkBaseError:
    return cls(message, hint=hint, code=code, log_id=log_id, help_url=help_url, context=context)


class ConfigurationError(LarkBaseError, ValueError):
    """A setting, link or argument that cannot work; raised before any call."""


class AuthenticationError(LarkBaseError, PermissionError):
    """Lark refused the app id, the app secret or the token."""


class PermissionDenied(LarkBaseError, PermissionError):
    """The credentials are good, but this base, folder or scope is not open to them."""


class NotFound(LarkBaseError, LookupError):
    """No base, table, field, view, folder or database of that name or id."""


class RateLimited(LarkBaseError, RuntimeError):
    """Lark kept refusing calls because of their rate, longer than the retries allow."""


class NetworkError(LarkBaseError, ConnectionError):
    """No usable answer came back: connection refused, time-out, or a broken body."""


class ServiceError(LarkBaseError, RuntimeError):
    """Lark answered with an error that is not the caller's doing."""


class QueryError(LarkBaseError, ValueError):
    """A condition, column list or SQL text that cannot be answered as written."""


class UnsupportedField(LarkBaseError, TypeError):
    """A field whose type does not allow what was asked of it."""


class SnapshotError(LarkBaseError, RuntimeError):
    """A snapshot that cannot be written, opened or compared."""


class LarkBaseWarning(UserWarning):
    """The root of all warnings; make it an error with the ``warnings`` module."""


class EmptyBecauseRestricted(LarkBaseWarning):
    """No rows came back although advanced permissions are on: perhaps they are hidden."""


class TableChanged(LarkBaseWarning):
    """The table changed while it was read in a way that may have hidden rows."""


class PushdownRefused(LarkBaseWarning):
    """Lark refused a filter or sort, so the rows were filtered or sorted here."""


class CellNotConverted(LarkBaseWarning):
    """A cell did not fit its column's type and became NULL (``strict`` raises instead)."""


class UnknownFieldType(LarkBaseWarning):
    """A field type this version does not know; its cells are shown as JSON text."""


class SourceSkipped(LarkBaseWarning):
    """One source, base, table or field could not be used; the others were."""


_ABOUT_ROWS = (EmptyBecauseRestricted, TableChanged, PushdownRefused, CellNotConverted)
for _category in _ABOUT_ROWS:
    # Python tells a warning once; every read of doubtful rows says so. Filters of the program win.
    warnings.simplefilter("always", _category, append=True)


def warn(text: str, category: type[Warning]) -> None:
    """Warn at the line of the program that uses larkbase, which can do something about it."""
    from larkbase_sdk.display import printable

    frame, level = inspect.currentframe(), 1
    while frame is not None and _is_ours(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(printable(text), category, stacklevel=level)


def _is_ours(frame: FrameType) -> bool:
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return package in ("larkbase_sdk", "larkbase_server")
