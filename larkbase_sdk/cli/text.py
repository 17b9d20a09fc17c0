"""Text for terminals: harmless, in one line, with numbers that are read at a glance."""

from __future__ import annotations

import shlex
import unicodedata

_BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def printable(text: str) -> str:
    """Return a text that cannot steer a terminal: control signs become their escapes.

    Names and cells come from the service; an escape sequence among them could otherwise rewrite
    what the user sees.
    """
    return "".join(_escaped(char) if _steers(char) else char for char in text)


def _steers(char: str) -> bool:
    if char in "\n\t":
        return False
    return unicodedata.category(char) in ("Cc", "Cs") or char in _BIDI_CONTROLS


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode()


def one_line(text: str) -> str:
    """Return a text with every run of blanks and line ends as one blank."""
    return " ".join(text.split())


def count(number: int, thing: str) -> str:
    """Return a number with its noun: "1 row", "18 204 rows"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}".replace(",", " ")


def command(*words: str | None) -> str:
    """Return a command to copy into a shell; None words are left out."""
    return shlex.join(["larkbase", *(word for word in words if word is not None)])
