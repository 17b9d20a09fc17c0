"""What leaves a recording before it is stored: secrets, hosts, ids, people."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HOST = "https://open.lark.example"
APP_ID = "cli_contract"
APP_SECRET = "secret-of-the-contract"
TOKEN = "t-token-of-the-contract"
LOG_ID = "log-id-of-the-contract"

_FIXED = {
    "app_id": APP_ID,
    "app_secret": APP_SECRET,
    "tenant_access_token": TOKEN,
    "app_access_token": TOKEN,
    "log_id": LOG_ID,
    "request_id": LOG_ID,
    "troubleshooter": f"{HOST}/search",
    "record_url": f"{HOST}/record",
    "shared_url": f"{HOST}/record",
}
_ID_KEY = re.compile(r"(?:.*_)?(?:id|ids|token|tokens|creator|owner)")
_RANDOM = re.compile(r"(?=.*[0-9]|..*[A-Z])[A-Za-z0-9_-]{6,}|[A-Za-z0-9+/=]{20,}")
_PREFIXED = re.compile(
    r"(bascn|fldcn|boxcn|doxcn|shtcn|wik|nod|tbl|fld|vew|rec|opt|ou_|on_|oc_)[A-Za-z0-9]{5,}"
)
_ORIGIN = re.compile(r"https?://([^/\s\"'<>?#\\]+)")
_KEPT_HOST = re.compile(r"(?:.*\.)?example(?:\.com)?", re.IGNORECASE)
_PERSON_NAMES = ("name", "en_name", "text")
_REQUEST_HEADERS = frozenset({"content-type"})
_RESPONSE_HEADERS = frozenset({"content-type", "content-disposition"})


class Scrubber:
    """Gives every id a placeholder, the same one in all cassettes of one recording.

    Call ``learn`` for everything first, then ``clean``: an id may be used before the answer that
    shows it to be one.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._placeholders: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._pattern = re.compile("(?!)")
        for text in known:
            self._add(text)

    @property
    def hidden(self) -> set[str]:
        """The ids that have a placeholder."""
        return set(self._placeholders)

    def learn(self, interaction: dict[str, Any]) -> None:
        """Note the ids in the body of an answer."""
        for key, text in _texts(_json(interaction["response"]["body"]["string"])):
            if key not in _FIXED and _is_id(key, text) and not _is_offset(text):
                self._add(text)

    def _add(self, text: str) -> None:
        if text in self._placeholders:
            return
        match = _PREFIXED.fullmatch(text)
        prefix = match[1] if match else "token"
        self._counts[prefix] += 1
        self._placeholders[text] = f"{prefix}{self._counts[prefix]:06d}"
        longest_first = sorted(self._placeholders, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def clean(self, interaction: dict[str, Any]) -> dict[str, Any]:
        """Return an interaction with placeholders for what nobody else should see."""
        request, response = interaction["request"], interaction["response"]
        body = request["body"]
        return {
            "request": {
                "method": request["method"],
                "uri": self.uri(request["uri"]),
                "body": body and self._body(body),
                "headers": _kept(request["headers"], _REQUEST_HEADERS),
            },
            "response": {
                "status": response["status"],
                "headers": {
                    **_kept(response["headers"], _RESPONSE_HEADERS),
                    "x-tt-logid": [LOG_ID],
                },
                "body": {"string": self._body(response["body"]["string"])},
            },
        }

    def uri(self, uri: str) -> str:
        """Return an address at the placeholder host."""
        parts = urlsplit(uri)
        path = "/".join(quote(self._text(unquote(part)), safe="") for part in parts.path.split("/"))
        query = urlencode([(key, self._text(value)) for key, value in parse_qsl(parts.query)])
        return f"{HOST}{path}" + (f"?{query}" if query else "")

    def _body(self, body: bytes) -> bytes:
        value = _json(body)
        if value is None:
            return body
        text = json.dumps(self._value(value), ensure_ascii=False, separators=(",", ":"))
        return text.encode()

    def _value(self, value: Any, key: str = "") -> Any:
        if key in _FIXED and isinstance(value, str):
            return _FIXED[key]
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self._value(item, key) for item in value]
        if isinstance(value, dict):
            cleaned = {name: self._value(item, name) for name, item in value.items()}
            return _without_person(cleaned)
        return value

    def _text(self, text: str) -> str:
        text = self._pattern.sub(lambda match: self._placeholders[match[0]], text)
        return _ORIGIN.sub(lambda match: match[0] if _is_kept(match[1]) else HOST, text)


def _is_id(key: str, text: str) -> bool:
    """Tell ids from words: by two of what they stand under, how they begin, how they look."""
    signs = (_ID_KEY.fullmatch(key), _PREFIXED.fullmatch(text), _RANDOM.fullmatch(text))
    return sum(sign is not None for sign in signs) > 1


def _is_kept(host: str) -> bool:
    return _KEPT_HOST.fullmatch(host) is not None


def _without_person(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object without the name, address and picture of the person or chat it shows."""
    key = value.get("id") or value.get("token")
    match = _PREFIXED.fullmatch(key) if isinstance(key, str) else None
    if match is None or match[1] not in ("ou_", "on_", "oc_"):
        return value
    who = "Chat" if match[1] == "oc_" else "Person"
    name = f"{who} {int(key[3:])}"
    changed = dict(value)
    for member in _PERSON_NAMES:
        if changed.get(member):
            changed[member] = f"@{name}" if member == "text" else name
    if changed.get("email"):
        changed["email"] = f"{name.lower().replace(' ', '')}@example.com"
    if changed.get("avatar_url"):
        changed["avatar_url"] = f"{HOST}/avatar"
    return changed


def _json(body: Any) -> Any:
    """Return the value of a JSON body, or None for the content of a file."""
    try:
        value = json.loads(body or b"null")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of a JSON value with the key that it stands under."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, key)


def _kept(headers: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name.lower(): value for name, value in headers.items() if name.lower() in names}


def _is_offset(token: str) -> bool:
    try:
        text = base64.b64decode(token, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return re.fullmatch(r"pageToken:\d+", text) is not None
