"""Text for terminals: harmless, aligned and no wider than the window."""

from __future__ import annotations

import shlex
import unicodedata
from typing import TYPE_CHECKING

from larkbase_sdk.display import cell_text, display_width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GAP = 2
_NARROWEST = 16
"""A column is shortened to so many places before columns are left out."""

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


def fit(rows: Sequence[Mapping[str, object]], width: int) -> tuple[str, list[str]]:
    """Return rows as aligned text no wider than ``width``, and the names of columns left out.

    Columns are left out from the right, and only when even narrow ones do not fit; the widest of
    the others are shortened. The first column always stays.
    """
    names = list(rows[0])
    lines = [names, *([cell_text(row[name]) for name in names] for row in rows)]
    widths = [max(map(display_width, column)) for column in zip(*lines, strict=True)]
    kept = widths[: _kept(widths, width)]
    while _total(kept) > width and max(kept) > _NARROWEST:
        kept[kept.index(max(kept))] -= 1
    text = "\n".join(_aligned(line, kept) for line in lines)
    return text, names[len(kept) :]


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    shown = [shorten(cell, width) for cell, width in zip(cells, widths, strict=False)]
    padded = [
        cell + " " * (width - display_width(cell))
        for cell, width in zip(shown, widths, strict=True)
    ]
    return (" " * _GAP).join(padded).rstrip()


def _kept(widths: Sequence[int], width: int) -> int:
    """Return how many columns fit when each is as narrow as it may be; at least one."""
    narrow = [min(one, _NARROWEST) for one in widths]
    return max(n for n in range(1, len(narrow) + 1) if n == 1 or _total(narrow[:n]) <= width)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def shorten(text: str, width: int) -> str:
    """Return a text that takes at most ``width`` places of a terminal."""
    if display_width(text) <= width:
        return text
    while display_width(text) >= width:
        text = text[:-1]
    return f"{text}…"
