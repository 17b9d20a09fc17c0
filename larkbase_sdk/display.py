"""Text and HTML for the displays of objects; everything from the service is escaped."""

from __future__ import annotations

import html
import shutil
import sys
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_WIDEST_CELL = 60
_GAP = 2
_NARROWEST = 16
"""A column is shortened to so many places before columns are left out."""

_ENDLESS = 10**6
"""Places of a line that no terminal ends."""

_MINUTE = 60


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


def text_table(rows: Sequence[Mapping[str, object]], *, empty: str = "(nothing)") -> str:
    """Return rows as aligned text with a heading; an unknown value (None) is a dash."""
    return fit(rows, _ENDLESS)[0] if rows else empty


def window_width() -> int:
    """Return the places of a line on the terminal that stdout is, or more than any needs."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _ENDLESS


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


def cell_text(value: object) -> str:
    """Return a value on one line, shortened."""
    text = "–" if value is None else printable(" ".join(str(value).split()))
    return text if len(text) <= _WIDEST_CELL else text[: _WIDEST_CELL - 1] + "…"


def counted(number: int | None, thing: str) -> str:
    """Return a number with its noun: "1 row", "204 rows"; a dash when it is not known."""
    return f"{cell_text(number)} {thing}{'' if number == 1 else 's'}"


def age_text(seconds: float | None) -> str:
    """Return how long ago something was, such as "12 s ago"; a dash when it is not known."""
    if seconds is None:
        return "–"
    return f"{seconds:.0f} s ago" if seconds < _MINUTE else f"{seconds / _MINUTE:.0f} min ago"


def display_width(text: str) -> int:
    """Return the columns a text takes in a terminal; Chinese characters take two."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def escape(value: object) -> str:
    """Return a value as HTML text; an unknown value (None) is a dash."""
    return "–" if value is None else html.escape(str(value), quote=True)


def html_table(rows: Sequence[Mapping[str, object]], *, empty: str = "(nothing)") -> str:
    """Return rows as an HTML table; a column called ``url`` becomes a link on the name."""
    if not rows:
        return f"<p>{escape(empty)}</p>"
    names = [name for name in rows[0] if name != "url"]
    head = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in names)
    body = "".join(f"<tr>{_html_cells(row, names)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _html_cells(row: Mapping[str, object], names: Sequence[str]) -> str:
    cells = [escape(row.get(name)) for name in names]
    if row.get("url"):
        cells[0] = html_link(str(row["url"]), str(row.get(names[0])))
    return "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells)


# Twice the class, since a rule of JupyterLab with two classes sets all cells to the right.
_GRID_STYLE = (
    "<style>.larkbase-rows.larkbase-rows :is(th, td)"
    " { text-align: left; white-space: nowrap; }</style>"
)
_RIGHT = " style='text-align:right'"


def html_grid(
    headings: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[bool]
) -> str:
    """Return cells as an HTML table: one line a row, and columns that stand under their headings.

    Args:
        headings: One text a column.
        rows: The cells; an empty one (None) is a dash, a long one is cut.
        numbers: Whether a column holds numbers, which stand to the right.
    """
    sides = [_RIGHT if number else "" for number in numbers]
    named = zip(sides, headings, strict=True)
    head = "".join(f"<th{side}>{escape(heading)}</th>" for side, heading in named)
    body = "".join(f"<tr>{_grid_cells(row, sides)}</tr>" for row in rows)
    table = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f"<table class='larkbase-rows'>{table}</table>{_GRID_STYLE}"


def _grid_cells(row: Sequence[object], sides: Sequence[str]) -> str:
    cells = zip(sides, row, strict=True)
    return "".join(f"<td{side}>{escape(cell_text(cell))}</td>" for side, cell in cells)


def html_link(url: str, text: str) -> str:
    """Return a link; anything that is not http or https stays plain text."""
    if not url.lower().startswith(("https://", "http://")):
        return escape(text)
    return f'<a href="{escape(url)}" target="_blank" rel="noopener">{escape(text)}</a>'


def html_card(title: str, *parts: str) -> str:
    """Return a titled block; ``title`` and ``parts`` are HTML already."""
    return f"<div><p><strong>{title}</strong></p>{''.join(parts)}</div>"
