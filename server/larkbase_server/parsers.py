"""How the texts of environment variables become values.

A parser takes the text and a function that notes a warning. A text that it cannot read at all is
a ``ValueError`` whose message says what the text should have been.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Callable
from typing import Any

from larkbase_sdk.errors import hide_secret
from larkbase_sdk.options import parse_flag

Warn = Callable[[str], None]
Parser = Callable[[str, Warn], Any]
Pairs = tuple[tuple[str, str], ...]

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_LOOKS_LIKE_APP_SECRET = re.compile(r"[A-Za-z0-9]{32}")
_BRANDS = frozenset({"lark", "larksuite", "feishu"})
_LONGEST_SHOWN = 60
_LEVELS = {
    "all": logging.DEBUG,
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "fatal": logging.CRITICAL,
    "critical": logging.CRITICAL,
    "off": logging.CRITICAL,
}


def quoted(text: str) -> str:
    """Return a text for a message, in quotes and not too long."""
    short = text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
    return f'"{short}"'


def plain(text: str, _warn: Warn) -> str:
    """Read a text without its outer blanks."""
    return text.strip()


def secret(text: str, _warn: Warn) -> str:
    """Read a secret and keep it out of every message from now on."""
    hide_secret(text)
    hide_secret(text.strip())
    return text.strip()


def secret_name(text: str, warn: Warn) -> str:
    """Read the name or ARN of a secret; what looks like the secret itself is never shown."""
    name = text.strip()
    if _LOOKS_LIKE_APP_SECRET.fullmatch(name):
        hide_secret(name)
        warn("the value looks like an app secret; it must be the name or ARN of a stored secret.")
    return name


def flag(text: str, warn: Warn) -> bool:
    """Read a flag that is off unless its text says on; an odd text is off with a warning."""
    try:
        return parse_flag(text)
    except ValueError:
        warn(f"{quoted(text)} is neither on nor off and counts as off.")
        return False


def switch(text: str, _warn: Warn) -> bool:
    """Read a flag that must say on or off."""
    try:
        return parse_flag(text)
    except ValueError:
        msg = "on or off"
        raise ValueError(msg) from None


def only_true(text: str, warn: Warn) -> bool:
    """Read a flag that nothing but ``true`` switches on, as in the federation SDK."""
    word = text.strip().lower()
    if word not in {"true", "false"}:
        warn(f"{quoted(text)} counts as false; only true switches it on.")
    return word == "true"


def not_false(text: str, warn: Warn) -> bool:
    """Read a flag that everything but ``false`` switches on, as in the federation SDK."""
    word = text.strip().lower()
    if word not in {"true", "false"}:
        warn(f"{quoted(text)} counts as true; only false switches it off.")
    return word != "false"


def whole(low: int, high: int) -> Parser:
    """Return a parser of whole numbers within bounds."""

    def parse(text: str, _warn: Warn) -> int:
        word = text.strip()
        if _WHOLE.fullmatch(word) and low <= int(word) <= high:
            return int(word)
        msg = f"a whole number from {low} to {high}"
        raise ValueError(msg)

    return parse


def within(low: int, high: int) -> Parser:
    """Return a parser of whole numbers that moves a number beyond a bound to the bound."""

    def parse(text: str, warn: Warn) -> int:
        word = text.strip()
        if not _WHOLE.fullmatch(word):
            msg = f"a whole number from {low} to {high}"
            raise ValueError(msg)
        value = min(max(int(word), low), high)
        if value != int(word):
            warn(f"{quoted(word)} is outside {low} to {high}; {value} is used.")
        return value

    return parse


def number(low: float, high: float) -> Parser:
    """Return a parser of numbers within bounds."""

    def parse(text: str, _warn: Warn) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if low <= value <= high:
            return value
        msg = f"a number from {low:g} to {high:g}"
        raise ValueError(msg)

    return parse


def choice(*words: str) -> Parser:
    """Return a parser of one of these words, in any letter case."""

    def parse(text: str, _warn: Warn) -> str:
        word = text.strip().lower()
        if word not in words:
            raise ValueError(" or ".join(words))
        return word

    return parse


def words(text: str, _warn: Warn) -> tuple[str, ...]:
    """Read a comma list; blanks are skipped, the order is kept, repeated words count once."""
    return tuple(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))


def pairs_of(form: str) -> Parser:
    """Return a parser of a comma list of pairs, whose form is such as ``schema:table``."""

    def parse(text: str, warn: Warn) -> Pairs:
        from larkbase_sdk.catalog.access import split_pairs

        pairs, left_out = split_pairs(text)
        for entry in left_out:
            warn(f"the entry {quoted(entry)} is not {form} and was left out.")
        return pairs

    return parse


def json_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object of a text, or None when the text is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def headers(text: str, _warn: Warn) -> Pairs:
    """Read a JSON object of HTTP headers."""
    value = json_object(text)
    if value is None or not all(isinstance(item, str) for item in value.values()):
        msg = "a JSON object of texts"
        raise ValueError(msg)
    return tuple(value.items())


def log_level(text: str, _warn: Warn) -> int:
    """Read a log level by its name in Java or Python and return Python's number."""
    level = _LEVELS.get(text.strip().lower())
    if level is None:
        raise ValueError(" or ".join(("debug", "info", "warn", "error")))
    return level


def domain(text: str, _warn: Warn) -> str:
    """Read a brand, host or address of Lark; other words than a brand are checked at once.

    Raises:
        ConfigurationError: when it names no usable host; its text does not repeat the address.
    """
    word = text.strip()
    if word.lower() not in _BRANDS:
        from larkbase_sdk.api.domain import Domain

        Domain.parse(word)
    return word


def s3_location(text: str, _warn: Warn) -> str:
    """Read an ``s3://`` address."""
    word = text.strip()
    if not re.match(r"s3://[^/\s]", word):
        msg = "an address such as s3://bucket/prefix"
        raise ValueError(msg)
    return word


def key_prefix(text: str, _warn: Warn) -> str:
    """Read the prefix of object keys, without slashes at its ends."""
    return text.strip().strip("/")
