"""Pasted links and bare ids: what they name, and whether their host may be trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NoReturn
from urllib.parse import SplitResult, parse_qs, unquote

from larkbase_sdk.api.domain import (
    KNOWN_SUFFIXES,
    Domain,
    is_loopback,
    known_suffix,
    origin_of,
    split_url,
)
from larkbase_sdk.errors import ConfigurationError

__all__ = [
    "Domain",
    "Kind",
    "Link",
    "check_host",
    "classify",
    "domain_of",
    "is_id",
    "is_link",
    "parse_link",
]

Kind = Literal["base", "wiki", "folder"]

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.ASCII | re.IGNORECASE)
_BARE_HOST = re.compile(
    rf"(?:[a-z0-9-]+\.)*(?:{'|'.join(map(re.escape, KNOWN_SUFFIXES))})\.?(?::\d+)?(?:/|$)",
    re.ASCII | re.IGNORECASE,
)
_BARE_LOOPBACK = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+)(?::\d+)?/", re.ASCII | re.IGNORECASE)
_APP_TOKEN = re.compile(r"(?:(?:bascn|basbc|appbc)[A-Za-z0-9]+|[A-Za-z0-9]{27})", re.ASCII)
_TABLE_ID = re.compile(r"tbl[A-Za-z0-9]+", re.ASCII)
_WRAPPING = (
    " \t\r\n\u200b\u200e\u200f\u2060\ufeff\u00a0\u3000"
    "<>\"'`“”‘’()[]{}（）「」【】《》,.;:!?，。；：！？、"
)
"""What stands around a link in a chat or a text, and can be no part of one at its ends."""
_MOST_QUERY_MEMBERS = 100

_COPY_BASE = "Open the base in a browser and copy the address (…/base/…?table=tbl…)."
_COPY_EMBEDDED = (
    "A base shown inside it has an address of its own: open that base in a full page "
    "and copy the address (…/base/…?table=tbl…)."
)
_COPY_TABLE = "Click a table in the left bar of the base and copy the address (…?table=tbl…)."

_OTHER_PAGES = {
    "docx": ("a document", _COPY_EMBEDDED),
    "docs": ("a document", _COPY_EMBEDDED),
    "doc": ("a document", _COPY_EMBEDDED),
    "sheets": ("a spreadsheet", _COPY_EMBEDDED),
    "sheet": ("a spreadsheet", _COPY_EMBEDDED),
    "slides": ("a presentation", _COPY_BASE),
    "mindnotes": ("a mind map", _COPY_BASE),
    "file": ("an uploaded file", _COPY_BASE),
    "minutes": ("meeting minutes", _COPY_BASE),
    "record": ("one shared record, which does not tell its table", _COPY_BASE),
    "share": ("a share page of a form, view or dashboard", _COPY_BASE),
    "drive": ("a page of Drive", "Open the folder and copy the address (…/drive/folder/…)."),
    "wiki": ("a wiki space", "Open the page that shows the base and copy the address (…/wiki/…)."),
    "client": ("a link into the desktop app", _COPY_BASE),
}
_OTHER_PARTS = {
    "blk": ("a dashboard", _COPY_TABLE),
    "wkf": ("a workflow", _COPY_TABLE),
    "ldx": ("a document inside a base", _COPY_TABLE),
}


@dataclass(frozen=True, slots=True)
class Link:
    """What a link or a bare id names.

    Attributes:
        kind: ``base``, ``wiki`` (a node that has to be resolved first) or ``folder``.
        token: The app token, node token or folder token.
        table_id: The table that was open when the link was copied, or None.
        view_id: The view that was open, or None.
        host: Host in lower case, without port; empty for a bare id.
        origin: Scheme, host and port; empty for a bare id.
        url: The link without everything that is not needed; empty for a bare id.
    """

    kind: Kind
    token: str
    table_id: str | None = None
    view_id: str | None = None
    host: str = ""
    origin: str = ""
    url: str = ""


def is_link(text: str) -> bool:
    """Tell whether a text is meant as a link rather than as a name or id."""
    bare = text.strip(_WRAPPING)
    patterns = (_SCHEME, _BARE_HOST, _BARE_LOOPBACK)
    return any(pattern.match(bare) for pattern in patterns)


def parse_link(text: str) -> Link:
    """Read a pasted link of a base, a wiki page or a folder.

    Any host is accepted here; ``check_host`` decides whether it may be used. Makes no call.

    Raises:
        ConfigurationError: when the text is no such link; says what it is and what to copy.
    """
    bare = text.strip(_WRAPPING).replace("&amp;", "&")
    if not is_link(bare) and "/" not in bare:
        msg = "This text is no link."
        raise ConfigurationError(msg, hint=_COPY_BASE)
    if not _SCHEME.match(bare):
        bare = f"{'http' if _BARE_LOOPBACK.match(bare) else 'https'}://{bare}"
    try:
        parts, host = split_url(bare)
    except ValueError as error:
        msg = f"This is no usable link: {error}."
        raise ConfigurationError(msg, hint=_COPY_BASE) from None
    query = _query(parts)
    kind, token = _target(parts, host)
    table_id = _table(query)
    view_id = _member(query, "view")
    origin = origin_of(parts, host)
    page = {"base": "base", "wiki": "wiki", "folder": "drive/folder"}[kind]
    wanted = "&".join(f"{k}={v}" for k, v in (("table", table_id), ("view", view_id)) if v)
    url = f"{origin}/{page}/{token}" + (f"?{wanted}" if wanted else "")
    return Link(kind, token, table_id, view_id, host, origin, url)


def _query(parts: SplitResult) -> dict[str, list[str]]:
    try:
        return parse_qs(parts.query, max_num_fields=_MOST_QUERY_MEMBERS)
    except ValueError:
        msg = f"The link has more than {_MOST_QUERY_MEMBERS} members after its question mark."
        raise ConfigurationError(msg, hint=_COPY_BASE) from None


def _target(parts: SplitResult, host: str) -> tuple[Kind, str]:
    segments = [unquote(part) for part in parts.path.split("/") if part]
    match segments:
        case ["base", token]:
            return "base", _checked(token, host)
        case ["wiki", token]:
            return "wiki", _checked(token, host)
        case ["drive", "folder", token] | ["folder", token]:
            return "folder", _checked(token, host)
        case [first, *_] if first in _OTHER_PAGES:
            _refuse(*_OTHER_PAGES[first])
    msg = f"The link to {host} names no base, wiki page or folder."
    raise ConfigurationError(msg, hint=_COPY_BASE)


def _checked(token: str, host: str) -> str:
    if is_id(token):
        return token
    msg = f"The link to {host} holds an id with characters that ids do not have."
    raise ConfigurationError(msg, hint=_COPY_BASE)


def _table(query: dict[str, list[str]]) -> str | None:
    value = _member(query, "table")
    if value is None or value.startswith("tbl"):
        return value
    if value[:3] in _OTHER_PARTS:
        _refuse(*_OTHER_PARTS[value[:3]])
    msg = f"The link names {value!r} as its table, which is no table id."
    raise ConfigurationError(msg, hint=_COPY_TABLE)


def _member(query: dict[str, list[str]], name: str) -> str | None:
    value = next((text.strip() for text in query.get(name, []) if text.strip()), None)
    if value is None or is_id(value):
        return value
    msg = f"The {name} of the link holds characters that ids do not have."
    raise ConfigurationError(msg, hint=_COPY_TABLE)


def _refuse(what: str, hint: str) -> NoReturn:
    msg = f"This is the link of {what}, not of a base."
    raise ConfigurationError(msg, hint=hint)


def check_host(link: Link, domain: Domain) -> None:
    """Refuse a link that this client's credentials must not, or cannot, open. Makes no call.

    Raises:
        ConfigurationError: when the host is neither Lark's, nor loopback, nor configured; or when
            it belongs to another platform than the one this client talks to.
    """
    if not link.host:
        return
    if not domain.allows(link.host):
        msg = f"The link leads to {link.host}, which is no host of Lark or Feishu."
        hint = "Credentials go only to Lark, to this machine, or to the domain that is configured."
        raise ConfigurationError(msg, hint=hint)
    if _apart(link, domain):
        theirs = domain_of(link)
        msg = f"The link belongs to {theirs.label}, but this client talks to {domain.label}."
        name = theirs.origin if theirs.is_loopback else theirs.label.partition(".")[0]
        hint = f'Connect with domain="{name}" and an app of that platform.'
        raise ConfigurationError(msg, hint=hint)


def _apart(link: Link, ours: Domain) -> bool:
    """Tell whether a link's platform is surely not ours; a proxy of ours may serve any brand."""
    if is_loopback(link.host):
        return not (ours.is_loopback and domain_of(link).port == ours.port)
    brands = {known_suffix(link.host), known_suffix(ours.host)}
    return brands == {"larksuite.com", "feishu.cn"}


def domain_of(link: Link) -> Domain:
    """Return the open platform that a link belongs to.

    That is its own address on this machine, Feishu for feishu.cn and larkoffice.com, and Lark for
    everything else: a foreign host never becomes the platform, since credentials would follow.
    """
    if is_loopback(link.host):
        return Domain.parse(link.origin)
    suffix = known_suffix(link.host)
    return Domain.parse("feishu" if suffix in {"feishu.cn", "larkoffice.com"} else "larksuite")


def is_id(text: str) -> bool:
    """Tell whether a text can be an id of Lark; one that cannot must not be asked for."""
    return bool(_ID.fullmatch(text))


def classify(text: str) -> Link | None:
    """Read a link, an app token, or the ``<app token>_<table id>`` of a base inside a document.

    Returns None when the text is none of them, so that it can only be a name. Makes no call.

    Raises:
        ConfigurationError: when it is a link, but not one of a base, wiki page or folder.
    """
    if is_link(text):
        return parse_link(text)
    token, _, table = text.strip().partition("_")
    if _APP_TOKEN.fullmatch(token) and (not table or _TABLE_ID.fullmatch(table)):
        return Link("base", token, table or None)
    return None
