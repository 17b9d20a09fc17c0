"""Judging an answer, or the lack of one: what is wrong, what to say, whether to try again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from larkbase_sdk.api.answers import Call, MalformedBody, RawAnswer, envelope_of
from larkbase_sdk.api.codes import (
    ADVICE,
    BROKEN,
    BUSY,
    CODES,
    REJECTED_TOKEN,
    SCOPE_MISSING,
    UNREACHABLE,
    Backoff,
    Meaning,
    meaning_of,
)
from larkbase_sdk.api.endpoints import TOKEN
from larkbase_sdk.display import cell_text
from larkbase_sdk.errors import LarkBaseError, NetworkError, RateLimited, ServiceError

if TYPE_CHECKING:
    import requests

    from larkbase_sdk.api.domain import Domain

_SUCCESS = re.compile(rb'\s*\{\s*"code"\s*:\s*0\s*[,}]')
_BRACKETS = re.compile(r"\[([^\]]*)\]")
_LONGEST_QUOTE = 600
_HTTP_TOO_MANY = 429
_HTTP_REDIRECTS = range(300, 400)
_HTTP_UNKNOWN_CALL = frozenset({404, 405})
_HTTP_WORTH_REPEATING = frozenset({200, 408, 425})
_HTTP_SERVER_ERRORS = range(500, 600)
_HTTP_OK = frozenset({200, 206})
_NETWORK_HINT = "Check the network, proxy and LARK_DOMAIN; {patience} allow more."


@dataclass(frozen=True, slots=True)
class Known:
    """How people know a base or table; "" for what is not known."""

    name: str = ""
    url: str = ""


_UNKNOWN = Known()


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who talks to whom, for texts: nothing here is secret.

    Attributes:
        domain: The platform that is called.
        identity: Who calls, in words.
        is_user: Whether a person calls, who needs other advice than an app.
        console_url: The app's page in the developer console, or None.
        advice: What to do, in words that whoever reads can follow; see ``ADVICE``.
        known: Bases by app token and "", tables by app token and table id.
    """

    domain: Domain
    identity: str
    is_user: bool = False
    console_url: str | None = None
    advice: Mapping[str, str] = field(default_factory=lambda: ADVICE)
    known: Mapping[tuple[str, str], Known] = field(default_factory=dict)

    def knows(self, call: Call, member: str = "") -> Known:
        """Return how people know the base of a call, or the table that is its ``member``."""
        key = (call.base or "", call.path.get(member, ""))
        return self.known.get(key, _UNKNOWN)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a call gave no data: the error it becomes when repeating does not help."""

    error: type[LarkBaseError]
    message: str
    hint: str | None = None
    backoff: Backoff | None = None
    code: int | None = None
    log_id: str | None = None
    pause: float | None = None
    congestion: bool = False
    lost: bool = False
    help_url: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def token_rejected(self) -> bool:
        """Whether a new token may help."""
        return self.code in REJECTED_TOKEN

    @property
    def most_repeats(self) -> int:
        """Repeats at most, by the kind of fault."""
        return self.backoff.most if self.backoff is not None else 0

    @property
    def reason(self) -> str:
        """A few words for hooks, progress lines and log lines."""
        if self.error is RateLimited:
            return "rate limit"
        return f"Lark {self.code}" if self.code is not None else self.message

    def raised(self) -> LarkBaseError:
        """Return the error to raise."""
        return self.error(
            self.message,
            hint=self.hint,
            code=self.code,
            log_id=self.log_id,
            help_url=self.help_url,
            context=dict(self.context),
        )


def examine(raw: RawAnswer, call: Call, speaker: Speaker) -> Fault | None:
    """Return what is wrong with an answer, or None when it is a success.

    The code in the body decides, never the HTTP status, since the same code travels under many.
    A body that begins as a success is not parsed here, so that a page is parsed only once.
    """
    if not raw.is_json:
        return _foreign(raw, speaker)
    if _SUCCESS.match(raw.body):
        return None
    try:
        envelope = envelope_of(raw.body)
    except MalformedBody as error:
        readable = raw.status in _HTTP_OK
        return broken(raw, error, speaker) if readable else _foreign(raw, speaker)
    code = envelope.get("code")
    if not isinstance(code, int):
        return _foreign(raw, speaker)
    return None if code == 0 else refused(code, envelope, raw, call, speaker)


def examine_stream(raw: RawAnswer, call: Call, speaker: Speaker) -> Fault | None:
    """Return what is wrong with the answer to a download, whose success may itself be JSON."""
    if raw.status in _HTTP_OK:
        if not raw.is_json or "content-disposition" in raw.headers:
            return None
        try:
            envelope = envelope_of(raw.body)
        except MalformedBody:
            return None
        if not (isinstance(envelope.get("code"), int) and "msg" in envelope):
            return None
    return examine(raw, call, speaker) or _foreign(raw, speaker)


def refused(
    code: int, envelope: Mapping[str, Any], raw: RawAnswer, call: Call, speaker: Speaker
) -> Fault:
    """Return the fault of an envelope whose code is not 0."""
    meaning = meaning_of(code, status=raw.status, asking_for_token=call.endpoint is TOKEN)
    error = envelope.get("error")
    details = error if isinstance(error, Mapping) else {}
    names = _names(call, speaker)
    hint = meaning.user_hint if speaker.is_user and meaning.user_hint else meaning.hint
    text = meaning.text.format_map(names)
    scopes = _scopes(code, envelope, details)
    quoted = _quoted(envelope, details, otherwise=meaning.quotes or code not in CODES)
    return Fault(
        meaning.error,
        " ".join(part for part in (text[:1].upper() + text[1:], quoted, _listed(scopes)) if part),
        hint=hint.format_map(names) if hint else None,
        backoff=meaning.backoff,
        code=code,
        log_id=str(details.get("log_id") or "") or raw.log_id,
        pause=raw.pause,
        congestion=meaning.congestion,
        lost=code not in CODES and raw.status in _HTTP_SERVER_ERRORS,
        help_url=_help_url(meaning, call, speaker),
        context={
            "endpoint": call.endpoint.name,
            "http_status": raw.status,
            "msg": str(envelope.get("msg") or ""),
            "scopes": scopes,
            **call.path,
        },
    )


def _help_url(meaning: Meaning, call: Call, speaker: Speaker) -> str | None:
    if meaning.help == "console":
        return speaker.console_url
    if meaning.help != "base":
        return None
    return speaker.knows(call, "table").url or speaker.knows(call).url or None


def _names(call: Call, speaker: Speaker) -> dict[str, str]:
    def named(kind: str, member: str, otherwise: str, name: str = "") -> str:
        if member not in call.path:
            return otherwise
        token = call.path[member]
        return f'{kind} "{cell_text(name)}" ({token})' if name else f"{kind} {token}"

    return {
        **speaker.advice,
        "base": named("base", "app", "the base", speaker.knows(call).name),
        "table": named("table", "table", "table", speaker.knows(call, "table").name),
        "view": named("view", "view", "such view"),
        "identity": speaker.identity,
        "domain": speaker.domain.label,
    }


def _quoted(envelope: Mapping[str, Any], details: Mapping[str, Any], *, otherwise: bool) -> str:
    """Return Lark's own words: the detailed message, else the general one where it says more."""
    general = envelope.get("msg") if otherwise else None
    parts = [str(details.get("message") or general or "").strip()]
    parts += [
        f"{item.get('field', '')}: {item.get('description', '')}."
        for item in _objects(details.get("field_violations"))
    ]
    text = " ".join(part for part in parts if part)
    if len(text) > _LONGEST_QUOTE:
        text = f"{text[:_LONGEST_QUOTE]}…"
    return f"Lark says: {text}" if text else ""


def _scopes(code: int, envelope: Mapping[str, Any], details: Mapping[str, Any]) -> list[str]:
    """Return the missing scopes, from the list of violations or else from the message."""
    if code not in SCOPE_MISSING:
        return []
    violations = _objects(details.get("permission_violations"))
    named = [str(item.get("subject") or "") for item in violations]
    if not any(named):
        inner = _BRACKETS.search(str(envelope.get("msg") or ""))
        named = inner.group(1).split(",") if inner else []
    return [scope.strip() for scope in named if scope.strip()]


def _listed(scopes: list[str]) -> str:
    return f"One of these is enough: {', '.join(scopes)}." if scopes else ""


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def broken(raw: RawAnswer, error: MalformedBody, speaker: Speaker) -> Fault:
    """Return the fault of an answer that cannot be read."""
    return Fault(
        NetworkError,
        f"{speaker.domain.host} gave an answer that cannot be read: {error}.",
        hint=_NETWORK_HINT.format_map(speaker.advice),
        backoff=BROKEN,
        log_id=raw.log_id,
        lost=True,
        context={"http_status": raw.status},
    )


def _foreign(raw: RawAnswer, speaker: Speaker) -> Fault:
    """Return the fault of an answer that is not Lark's: of a proxy, a gateway, another server."""
    host = speaker.domain.host
    kind = "JSON without a code" if raw.is_json else raw.content_type or "an unknown type"
    error: type[LarkBaseError] = NetworkError
    backoff, congestion = None, False
    text = f"{host} answered HTTP {raw.status} with {kind} instead of an answer of Lark."
    if raw.status == _HTTP_TOO_MANY:
        error, backoff, congestion = RateLimited, BUSY, True
    elif raw.status in _HTTP_UNKNOWN_CALL:
        error = ServiceError
        text = f"{host} does not know this call (HTTP {raw.status}, {kind})."
    elif raw.status in _HTTP_REDIRECTS:
        text = f"{host} sends elsewhere (HTTP {raw.status}), where credentials do not follow."
    elif raw.status in _HTTP_SERVER_ERRORS or raw.status in _HTTP_WORTH_REPEATING:
        backoff = BROKEN
    return Fault(
        error,
        text,
        hint=_NETWORK_HINT.format_map(speaker.advice),
        backoff=backoff,
        log_id=raw.log_id,
        pause=raw.pause,
        congestion=congestion,
        lost=backoff is BROKEN,
        context={"http_status": raw.status},
    )


def unanswered(error: requests.RequestException, timeout: float, speaker: Speaker) -> Fault:
    """Return the fault of a call that got no whole answer."""
    cause, backoff = _cause(error, timeout)
    return Fault(
        NetworkError,
        f"{speaker.domain.host} {cause}.",
        hint=_NETWORK_HINT.format_map(speaker.advice),
        backoff=backoff,
        lost=backoff is BROKEN,
    )


def _cause(error: requests.RequestException, timeout: float) -> tuple[str, Backoff | None]:
    import requests

    inner = error.args[0] if error.args else error
    inner = getattr(inner, "reason", None) or inner
    name = type(inner).__name__
    if isinstance(error, requests.exceptions.SSLError):
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return "shows a certificate that is not trusted here", None
        return "broke off the encrypted connection", BROKEN
    if isinstance(error, requests.exceptions.ProxyError):
        return "could not be reached through the proxy", UNREACHABLE
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "could not be reached: no connection in time", UNREACHABLE
    if isinstance(error, requests.exceptions.Timeout) or name == "ReadTimeoutError":
        return f"was silent for {timeout:g} s", BROKEN
    if name == "NameResolutionError":
        return "could not be reached: its name is unknown to this network", UNREACHABLE
    if name == "NewConnectionError":
        return "could not be reached: connection refused", UNREACHABLE
    return f"broke off the answer ({name})", BROKEN
