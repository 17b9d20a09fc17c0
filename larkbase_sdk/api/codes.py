"""THE table of Lark's error codes: which error each becomes, what helps, and whether to repeat."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from larkbase_sdk.errors import (
    AuthenticationError,
    LarkBaseError,
    NotFound,
    PermissionDenied,
    QueryError,
    RateLimited,
    ServiceError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Backoff:
    """How a refused or broken call is repeated.

    Attributes:
        first: Seconds below which the first wait lies; doubled at each repeat.
        cap: Seconds that no wait exceeds.
        floor: Seconds that every wait takes at least.
        most: Repeats at most, whatever the options allow.
    """

    first: float
    cap: float
    floor: float = 0.0
    most: int = 1_000

    def delay(self, repeat: int, random: Callable[[], float]) -> float:
        """Return the seconds before repeat number ``repeat`` (from 1), with full jitter."""
        ceiling = min(self.cap, self.first * 2.0 ** min(repeat - 1, 30))
        return max(self.floor, random() * ceiling)


BUSY = Backoff(first=1.0, cap=16.0)
FEW = Backoff(first=1.0, cap=8.0, most=3)
SLOW = Backoff(first=30.0, cap=60.0, floor=10.0)
BROKEN = Backoff(first=0.5, cap=8.0)
UNREACHABLE = Backoff(first=0.5, cap=2.0, most=3)

Help = Literal["base", "console"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means to a reader.

    Texts may name ``{base}``, ``{table}``, ``{view}``, ``{identity}``, ``{domain}``, and hints
    the members of ``ADVICE``.

    Attributes:
        error: The class that is raised.
        text: What happened; Lark's own explanation is appended.
        hint: What to do next.
        user_hint: What to do instead when a person acts, not an app.
        backoff: How to repeat, or None when repeating cannot help.
        congestion: Whether the base should get fewer calls at a time.
        help: Which page the error links to.
    """

    error: type[LarkBaseError]
    text: str
    hint: str | None = None
    user_hint: str | None = None
    backoff: Backoff | None = None
    congestion: bool = False
    help: Help | None = None

    @property
    def quotes(self) -> bool:
        """Whether Lark's general message belongs in the text, since ours says little."""
        return self.backoff is None and self.error in (QueryError, ServiceError)


ADVICE: Mapping[str, str] = MappingProxyType({
    "check": "lark.doctor()",
    "reread": "Call lark.refresh() to read the fields again",
    "relist": "Call lark.refresh() to read the lists again, or copy the link from the browser.",
    "relink": "Copy the link again from the browser. A base in a wiki has a /wiki/… link: paste "
              "that one.",
    "page_size": "larkbase.options.page_size",
    "rate": "larkbase.options.rate (LARK_RATE)",
    "patience": "larkbase.options.timeout and retries",
})  # fmt: skip
"""What hints tell people in a notebook or terminal to do; who has neither needs other words."""

_ADD_APP = "Open the base → ⋯ → More → Add document app → choose the {identity}, then {check}."
_ASK_OWNER = "Ask its owner to share it with you, then try again."
_FULL_ACCESS = (
    "Advanced permissions are on: open the base → ⋯ → More → Add document app → give the "
    "{identity} “can manage”, or give a role to a group that contains its bot."
)
_SHARE_FOLDER = "Share it with a group chat that contains the bot of the {identity}."
_SHARE_WIKI = "Add the {identity} (or a group with its bot) to the members of the wiki space."
_OWN_LINK = (
    "{relink} "
    "A base that is not shared with the {identity} also looks missing: ⋯ → More → Add document app."
)
_CONSOLE_SCOPES = (
    "In the developer console open the {identity} → Permissions & Scopes, add one of them, "
    "then publish a new version; a scope counts from then on."
)
_BRANDS = (
    "Copy id and secret again from the developer console; feishu.cn and larksuite.com apps are "
    "not interchangeable (now using {domain})."
)
_REFRESH = "{reread}; hidden ones look missing too."
_RELIST = "{relist}"
_LATER = "Try again in a moment; the base is busy."
_SMALLER = "Ask for fewer columns or a smaller page ({page_size})."
_REPORT = "This is not your doing: please report it with the log id."
_RATE = "Lower {rate}; other programs may use the same app."
_NEW_TOKEN = "Connect again; a user token lasts about two hours."  # noqa: S105 (advice, no token)


def _no_base(text: str = "Lark finds no {base}.") -> Meaning:
    return Meaning(NotFound, text, _OWN_LINK, help="base")


def _missing(text: str, hint: str | None = None) -> Meaning:
    return Meaning(NotFound, text, hint, help="base")


def _busy(text: str, backoff: Backoff = BUSY, *, congestion: bool = True) -> Meaning:
    return Meaning(ServiceError, text, _LATER, backoff=backoff, congestion=congestion)


def _internal(text: str = "Lark had an internal error.") -> Meaning:
    return Meaning(ServiceError, text, _LATER, backoff=FEW)


def _query(text: str, hint: str | None = None) -> Meaning:
    return Meaning(QueryError, text, hint)


_NO_FOLDER = Meaning(NotFound, "Lark finds no such folder or file.", "Copy its link again.")
_SHUT_FOLDER = Meaning(
    PermissionDenied, "The {identity} may not read this folder.", _SHARE_FOLDER, _ASK_OWNER
)
_NO_SCOPE = Meaning(
    PermissionDenied, "The {identity} lacks a scope.", _CONSOLE_SCOPES, help="console"
)
_NOT_INSTALLED = Meaning(
    PermissionDenied,
    "The {identity} is not installed or not enabled in this organisation.",
    "Publish a version of the app in the developer console and have it approved.",
    help="console",
)
_BAD_TOKEN = Meaning(
    AuthenticationError,
    "Lark does not accept the access token.",
    "Connect again, and report it with the log id if that does not help.",
    _NEW_TOKEN,
)
_DEAD_TOKEN = Meaning(
    AuthenticationError,
    "Lark refuses the access token of the {identity}.",
    "A new token was refused too: see in the developer console whether the app was disabled.",
    _NEW_TOKEN,
)
_ROLE = Meaning(
    PermissionDenied, "The {identity} may not read all of {base}.", _FULL_ACCESS, _ASK_OWNER,
    help="base",
)  # fmt: skip
_UNKNOWN_CALL = Meaning(ServiceError, "{domain} does not know this call.", _REPORT)
_OWN_MISTAKE = Meaning(ServiceError, "Lark does not accept the request.", _REPORT)

# fmt: off
CODES: Mapping[int, Meaning] = MappingProxyType({
    # the call rate, and a base that cannot follow
    99991400: Meaning(RateLimited, "Lark refuses calls because of their rate.", _RATE,
                      backoff=BUSY, congestion=True),
    1254290: Meaning(RateLimited, "Lark gets too many requests for {base}.", _RATE,
                     backoff=BUSY, congestion=True),
    99991403: Meaning(RateLimited, "The organisation has used up its API calls of this month.",
                      "Wait for the next month, or ask the administrator for a larger plan."),
    1254291: _busy("{base} is being written to."),
    1254607: _busy("The data of {base} is not ready yet."),
    1255040: _busy("Lark took too long to answer."),
    1254036: _busy("{base} is being copied.", SLOW, congestion=False),
    2200: Meaning(ServiceError, "Lark had an internal error, usually from too many calls.", _RATE,
                  backoff=FEW, congestion=True),
    1254002: Meaning(ServiceError, "Lark could not answer and does not say why.", _LATER,
                     backoff=FEW),
    1254200: _internal(),
    1255001: _internal(),
    1255002: _internal(),
    1255003: _internal(),
    1255004: _internal(),
    1255005: _internal(),
    1061001: _internal("Lark's Drive had an internal error."),
    1069704: _internal("Lark's Drive had an internal error."),
    131001: _internal("Lark's wiki had an internal error."),
    131007: Meaning(ServiceError, "Lark's wiki had an internal error.", _REPORT),
    91201: _internal("Lark's Drive had an internal error."),
    1254030: Meaning(ServiceError, "Lark finds the answer too large, or the page token wrong.",
                     _SMALLER),
    # who asks
    99991661: _BAD_TOKEN,
    99991663: _DEAD_TOKEN,
    99991664: _BAD_TOKEN,
    99991665: _BAD_TOKEN,
    99991668: _DEAD_TOKEN,
    99991671: _BAD_TOKEN,
    99991677: _DEAD_TOKEN,
    1061005: _BAD_TOKEN,
    1069701: _BAD_TOKEN,
    131004: _BAD_TOKEN,
    # what the asker may
    91403: Meaning(PermissionDenied, "The {identity} may not read {base}.", _ADD_APP, _ASK_OWNER,
                   help="base"),
    99991672: _NO_SCOPE,
    99991679: Meaning(PermissionDenied, "The user has not granted a scope.",
                      "Sign in again and grant it; it must also be among the app's scopes.",
                      help="console"),
    99991662: _NOT_INSTALLED,
    99991673: _NOT_INSTALLED,
    99991401: Meaning(PermissionDenied, "Lark refuses this computer's IP address.",
                      "Add it to the allow list in the developer console → Security.",
                      help="console"),
    1254301: Meaning(PermissionDenied, "Advanced permissions of {base} do not allow this.",
                     "Just switched on or off? they count after some minutes.", help="base"),
    1254302: _ROLE,
    1254304: _ROLE,
    1254303: Meaning(PermissionDenied, "The {identity} may not read this attachment.",
                     _FULL_ACCESS, _ASK_OWNER, help="base"),
    1254306: Meaning(PermissionDenied, "The plan of the organisation or owner does not allow this.",
                     "Ask the administrator about the plan."),
    1061004: _SHUT_FOLDER,
    91204: _SHUT_FOLDER,
    131006: Meaning(PermissionDenied, "The {identity} may not read this wiki page.", _SHARE_WIKI,
                    _ASK_OWNER),
    # what is not there
    91402: _no_base(),
    1254003: _no_base(),
    1254040: _no_base(),
    1254004: _missing("{base} has no {table}.", _RELIST),
    1254041: _missing("{base} has no {table}.", _RELIST),
    1254005: _missing("The {table} of {base} has no {view}.", _RELIST),
    1254042: _missing("The {table} of {base} has no {view}.", _RELIST),
    1254006: _missing("The {table} has no such record."),
    1254043: _missing("The {table} has no such record."),
    1254009: _missing("The {table} has no such field.", _REFRESH),
    1254044: _missing("The {table} has no such field.", _REFRESH),
    1061003: _NO_FOLDER,
    1061007: _NO_FOLDER,
    91203: _NO_FOLDER,
    91205: _NO_FOLDER,
    131005: Meaning(NotFound, "Lark finds no such wiki page.", "Copy its link again."),
    # how it is asked
    1254016: _query("Lark refuses the sort order."),
    1254018: _query("Lark refuses the filter."),
    1254024: _query("Lark does not know one of the columns asked for.", _REFRESH),
    1254045: _query("Lark does not know a column of the filter or sort order.", _REFRESH),
    1254107: _query("Lark finds the filter too long.", "Use fewer conditions."),
    1254108: _query("Lark finds the sort order too long.", "Sort by fewer columns."),
    9499: _query("Lark does not accept a part of the request."),
    99992402: _query("Lark does not accept a part of the request."),
    99992361: _query("An id of a person belongs to another app.",
                     "Take ids from data that the {identity} has read."),
    1254000: _OWN_MISTAKE,
    1254001: _OWN_MISTAKE,
    1254010: _OWN_MISTAKE,
    1254011: _OWN_MISTAKE,
    10003: _OWN_MISTAKE,
    1061002: _OWN_MISTAKE,
    1064001: _OWN_MISTAKE,
    131002: _OWN_MISTAKE,
    91202: _OWN_MISTAKE,
    99991201: _UNKNOWN_CALL,
    99991301: _UNKNOWN_CALL,
})
"""Meanings by code (error pages of Lark's documentation, and codes seen live)."""

_REFUSED_SECRET = Meaning(AuthenticationError, "The app secret was refused for {identity}.",
                          _BRANDS, help="console")
_REFUSED_APP = Meaning(AuthenticationError, "Lark does not give a token to {identity}.", _BRANDS,
                       help="console")
TOKEN_CODES: Mapping[int, Meaning] = MappingProxyType({
    10003: Meaning(AuthenticationError, "Lark does not know {identity}.", _BRANDS),
    10014: _REFUSED_SECRET,
    10015: _REFUSED_SECRET,
    99991543: _REFUSED_SECRET,
})
"""Meanings that hold only when a token is asked for; any other refusal there concerns the app,
unless it is temporary or one of ``CALLER_REFUSED``."""
# fmt: on

CALLER_REFUSED = frozenset({99991401, 99991403, 99991662, 99991673})
"""Refusals of whoever calls, whatever he asks for: his address, his quota, his app."""

REJECTED_TOKEN = frozenset({99991663, 99991668, 99991677})
"""The token ran out or was withdrawn early: a new one may do (seen live)."""

SCOPE_MISSING = frozenset({99991672, 99991679})
"""The refusal names the scopes, one of which would do."""

_UNKNOWN = Meaning(
    ServiceError, "Lark refuses the call.", "Lark's support can look it up by the log id."
)
_UNKNOWN_RATE = CODES[99991400]
_UNKNOWN_FAILURE = _internal()
_HTTP_TOO_MANY = 429
_HTTP_SERVER_ERRORS = range(500, 600)


def meaning_of(code: int, *, status: int = 200, asking_for_token: bool = False) -> Meaning:
    """Return what a code means; for an unknown code the HTTP status says whether to repeat."""
    known = CODES.get(code) or _by_status(status)
    if asking_for_token:
        same = known is not None and (known.backoff is not None or code in CALLER_REFUSED)
        return TOKEN_CODES.get(code) or (known if known and same else _REFUSED_APP)
    return known or _UNKNOWN


def _by_status(status: int) -> Meaning | None:
    if status == _HTTP_TOO_MANY:
        return _UNKNOWN_RATE
    return _UNKNOWN_FAILURE if status in _HTTP_SERVER_ERRORS else None
