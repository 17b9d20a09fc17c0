"""A call and its raw HTTP answer, as values, and the envelope that Lark wraps answers in."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from larkbase_sdk.api.endpoints import Endpoint


class MalformedBody(ValueError):
    """An answer that cannot be read: cut off, not JSON, or not of the expected shape."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call that is to be made; ``path`` holds the ids of the path template.

    ``stop``, once it is set, ends every wait of the call, because nobody needs its answer.
    """

    endpoint: Endpoint
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict, repr=False)
    body: Any = field(default=None, repr=False)
    stop: threading.Event | None = field(default=None, repr=False, compare=False)

    @property
    def base(self) -> str | None:
        """The base whose engine answers, or None."""
        return self.path.get("app")


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came over the wire; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)

    @property
    def content_type(self) -> str:
        """The media type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether the body says that it is JSON, or says nothing and looks like it."""
        kind = self.content_type
        return "json" in kind or (not kind and self.body.lstrip()[:1] == b"{")

    @property
    def log_id(self) -> str | None:
        """The id that Lark's support asks for."""
        return self.headers.get("x-tt-logid")

    @property
    def pause(self) -> float | None:
        """Seconds that the server asks to wait, or None."""
        for name in ("x-ogw-ratelimit-reset", "retry-after"):
            text = self.headers.get(name, "").strip()
            if text.isascii() and text.isdigit():
                return float(text)
        return self._until("retry-after")

    def _until(self, name: str) -> float | None:
        """Return the seconds until the time that a header names, by the clock of the server."""
        moment = _moment(self.headers.get(name))
        sent = _moment(self.headers.get("date"))
        return None if moment is None or sent is None else max(0.0, moment - sent)


def _moment(text: str | None) -> float | None:
    """Return an HTTP date as seconds since 1970, or None when it is none."""
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, OverflowError):
        return None


def data_of(body: bytes) -> dict[str, Any]:
    """Return the ``data`` member of an envelope that is known to be a success.

    Raises:
        MalformedBody: when the body is cut off or has another shape.
    """
    data = envelope_of(body).get("data")
    if data is None:
        return {}
    if not isinstance(data, dict):
        msg = "its data is no object"
        raise MalformedBody(msg)
    return data


def envelope_of(body: bytes) -> dict[str, Any]:
    """Return a body as a JSON object.

    Raises:
        MalformedBody: when it is none.
    """
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError:
        msg = "its JSON is cut off or broken"
        raise MalformedBody(msg) from None
    if not isinstance(envelope, dict):
        msg = "it is no JSON object"
        raise MalformedBody(msg)
    return envelope
