"""Which open platform a client talks to, and which hosts it trusts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from larkbase_sdk.errors import ConfigurationError

KNOWN_SUFFIXES = ("larksuite.com", "feishu.cn", "larkoffice.com")
"""Registered domains of Lark and Feishu; only hosts at or below them are trusted."""

_WORDS = {"lark": "larksuite.com", "larksuite": "larksuite.com", "feishu": "feishu.cn"}
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?", re.ASCII)
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_HINT = 'Use "larksuite", "feishu", or a full address such as http://127.0.0.1:8080.'


def split_url(text: str) -> tuple[SplitResult, str]:
    """Split a web address and return it with its host in plain lower case.

    Raises:
        ValueError: for anything a browser and this library could read differently: blanks,
            backslashes, a user name, a host that is not plain ASCII, a port that is no number.
            Its text never repeats the address, which may carry a password.
    """
    if _UNSAFE.search(text):
        msg = "it contains blanks, control characters or backslashes"
        raise ValueError(msg)
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        msg = "it cannot be read as a web address"
        raise ValueError(msg) from None
    host = (parts.hostname or "").removesuffix(".")
    if parts.scheme not in {"http", "https"}:
        msg = "it does not begin with https://"
    elif "@" in parts.netloc:
        msg = "it carries a user name"
    elif not (_HOST.fullmatch(host) or _is_address(host)):
        msg = "its host is not a plain host name"
    else:
        return parts, host
    raise ValueError(msg)


def origin_of(parts: SplitResult, host: str) -> str:
    """Return scheme, host and port without a default port; Lark's own hosts are https only."""
    if known_suffix(host):
        return f"https://{host}"
    shown = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[parts.scheme]
    port = f":{parts.port}" if parts.port not in {None, default} else ""
    return f"{parts.scheme}://{shown}{port}"


def known_suffix(host: str) -> str | None:
    """Return the registered Lark or Feishu domain of a host, or None for any other host."""
    return next((s for s in KNOWN_SUFFIXES if host == s or host.endswith("." + s)), None)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by name or address.

    Names below ``localhost`` are not: some systems ask the network where they lead.
    """
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Domain:
    """The open platform of one client.

    Attributes:
        origin: Scheme, host and port of the API, such as ``https://open.larksuite.com``.
        host: The host of ``origin``.
        label: The short name for people, such as ``larksuite.com``.
    """

    origin: str
    host: str
    label: str

    @classmethod
    def parse(cls, text: str) -> Domain:
        """Read a brand (``larksuite``, ``feishu``), a host or an address.

        A host of Lark or Feishu stands for the open platform of its brand, always by https.
        Makes no call.

        Raises:
            ConfigurationError: when the text names no usable host.
        """
        word = text.strip()
        suffix = _WORDS.get(word.lower())
        return cls._known(suffix) if suffix else cls._at(word)

    @classmethod
    def _known(cls, suffix: str) -> Domain:
        return cls(f"https://open.{suffix}", f"open.{suffix}", suffix)

    @classmethod
    def _at(cls, word: str) -> Domain:
        try:
            parts, host = split_url(word if "://" in word else f"{_scheme(word)}://{word}")
        except ValueError as error:
            msg = f"The domain cannot be used: {error}."
            raise ConfigurationError(msg, hint=_HINT) from None
        suffix = known_suffix(host)
        if suffix:
            return cls._known(suffix)
        bare_word = "://" not in word and "." not in host and ":" not in word
        if (bare_word and not is_loopback(host)) or parts.path.strip("/") or parts.query:
            msg = f"The domain {host!r} is neither a brand nor the address of a host."
            raise ConfigurationError(msg, hint=_HINT)
        origin = origin_of(parts, host)
        return cls(origin, host, origin.partition("://")[2])

    @property
    def is_loopback(self) -> bool:
        """Whether the API is on this machine, as an emulator is."""
        return is_loopback(self.host)

    @property
    def port(self) -> int | None:
        """The port of ``origin``, or None for the usual one of its scheme."""
        return urlsplit(self.origin).port

    @property
    def is_feishu(self) -> bool:
        """Whether this is the platform of mainland China, whose default zone is UTC+8."""
        return self.label in {"feishu.cn", "larkoffice.com"}

    def allows(self, host: str) -> bool:
        """Tell whether a link to this host may be opened with this client's credentials."""
        plain = host.lower().removesuffix(".")
        return plain == self.host or known_suffix(plain) is not None or is_loopback(plain)


def _scheme(word: str) -> str:
    """Return http for this machine, where nobody has certificates, and https for the world."""
    host = word.partition("/")[0]
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return "http" if is_loopback(name.lower()) else "https"
