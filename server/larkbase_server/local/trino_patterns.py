"""Patterns within texts that Athena and DuckDB write in different ways."""

from __future__ import annotations

import re

from larkbase_sdk.errors import QueryError

_JODA = {
    "y": "%Y", "yy": "%y", "yyyy": "%Y", "Y": "%Y", "YYYY": "%Y", "x": "%G", "xxxx": "%G",
    "M": "%-m", "MM": "%m", "MMM": "%b", "MMMM": "%B", "d": "%-d", "dd": "%d", "D": "%-j",
    "DDD": "%j", "ww": "%V", "e": "%u", "E": "%a", "EE": "%a", "EEE": "%a", "EEEE": "%A",
    "a": "%p", "H": "%-H", "HH": "%H", "h": "%-I", "hh": "%I", "m": "%-M", "mm": "%M", "s": "%-S",
    "ss": "%S", "SSS": "%g",
}  # fmt: skip
"""Parts of a pattern of ``format_datetime``: a letter, as often as it stands there."""

_TIME_PART = re.compile(
    r"'(?P<quoted>(?:[^']|'')*)'|(?P<letters>(?P<one>[A-Za-z])(?P=one)*)|.", re.DOTALL
)
_GROUP = re.compile(r"\\(.)|\$(\d)|\\$")
_FORMAT = re.compile(r"%(?P<flags>[-0,+]*)(?P<size>\d*(?:\.\d+)?)(?P<kind>[a-zA-Z%])|[{}]|%")
_KINDS = {"s": "", "d": "d", "f": "f", "e": "e", "x": "x", "X": "X", "o": "o"}


def strftime_pattern(pattern: str) -> str:
    """Return the pattern of ``format_datetime`` and ``parse_datetime`` as DuckDB writes it.

    Raises:
        QueryError: it holds something that DuckDB has no word for.
    """

    def changed(match: re.Match[str]) -> str:
        letters, quoted = match["letters"], match["quoted"]
        if letters is None:
            text = match[0] if quoted is None else quoted.replace("''", "'") or "'"
            return text.replace("%", "%%")
        if letters not in _JODA:
            msg = f"The local Athena cannot run a pattern of times with {letters}."
            raise QueryError(msg)
        return _JODA[letters]

    return _TIME_PART.sub(changed, pattern)


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
