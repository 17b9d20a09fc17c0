"""Patterns within texts that Athena and DuckDB write in different ways."""

from __future__ import annotations

import re

from larkbase_sdk.errors import QueryError

_JODA = {
    "yyyy": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "dd": "%d", "HH": "%H",
    "hh": "%I", "mm": "%M", "ss": "%S", "SSS": "%g", "EEEE": "%A", "EEE": "%a", "a": "%p",
}  # fmt: skip
"""Parts of a pattern of ``format_datetime``, the longer ones first."""

_GROUP = re.compile(r"\\(.)|\$(\d)|\\$")
_FORMAT = re.compile(r"%(?P<flags>[-0,+]*)(?P<size>\d*(?:\.\d+)?)(?P<kind>[a-zA-Z%])|[{}]|%")
_KINDS = {"s": "", "d": "d", "f": "f", "e": "e", "x": "x", "X": "X", "o": "o"}


def strftime_pattern(pattern: str) -> str:
    """Return the pattern of ``format_datetime`` and ``parse_datetime`` as DuckDB writes it."""
    text, rest = "", pattern
    while rest:
        part = next((key for key in _JODA if rest.startswith(key)), rest[0])
        text += _JODA.get(part, part)
        rest = rest[len(part) :]
    return text


def regexp_replacement(text: str) -> str:
    r"""Return what ``regexp_replace`` puts in: groups are ``$1`` there and ``\1`` here."""

    def changed(match: re.Match[str]) -> str:
        if match[2] is not None:
            return f"\\{match[2]}"
        return r"\\" if match[1] in (None, "\\") else match[1]

    return _GROUP.sub(changed, text)


def format_pattern(pattern: str) -> str:
    """Return a pattern of ``format``, as ``%05.1f``, as DuckDB writes it: ``{:05.1f}``.

    Raises:
        QueryError: it holds something that DuckDB has no word for.
    """

    def changed(match: re.Match[str]) -> str:
        sign = match[0]
        if sign in "{}":
            return sign * 2
        kind, flags = match["kind"], match["flags"] or ""
        if sign == "%%":
            return "%"
        if kind not in _KINDS:
            msg = f"The local Athena cannot run format with {sign} in its pattern."
            raise QueryError(msg)
        align = "<" if "-" in flags else ">" if kind == "s" and match["size"] else ""
        others = "".join(flag for flag in ("+", "0") if flag in flags)
        spec = f"{align}{others}{_with_commas(match['size'], flags)}{_KINDS[kind]}"
        return f"{{:{spec}}}" if spec else "{}"

    return _FORMAT.sub(changed, pattern)


def _with_commas(size: str, flags: str) -> str:
    """Return width and precision with the sign of grouping between them, if it is wanted."""
    if "," not in flags:
        return size
    width, dot, precision = size.partition(".")
    return f"{width},{dot}{precision}"
