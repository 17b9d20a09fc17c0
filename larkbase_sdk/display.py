"""Text and HTML for the displays of objects; everything from the service is escaped."""

from __future__ import annotations

import html
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WIDEST_CELL = 60
_GAP = "  "
_MINUTE = 60


def text_table(rows: Sequence[Mapping[str, object]], *, empty: str = "(nothing)") -> str:
    """Return rows as aligned text with a heading; an unknown value (None) is a dash."""
    if not rows:
        return empty
    names = list(rows[0])
    cells = [names, *([cell_text(row.get(name)) for name in names] for row in rows)]
    widths = [max(display_width(line[i]) for line in cells) for i in range(len(names))]
    return "\n".join(
        _GAP.join(_padded(text, width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def cell_text(value: object) -> str:
    """Return a value on one line, shortened."""
    text = "–" if value is None else " ".join(str(value).split())
    return text if len(text) <= _WIDEST_CELL else text[: _WIDEST_CELL - 1] + "…"


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


def _padded(text: str, width: int) -> str:
    return text + " " * (width - display_width(text))


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


def html_link(url: str, text: str) -> str:
    """Return a link; anything that is not http or https stays plain text."""
    if not url.lower().startswith(("https://", "http://")):
        return escape(text)
    return f'<a href="{escape(url)}" target="_blank" rel="noopener">{escape(text)}</a>'


def html_card(title: str, *parts: str) -> str:
    """Return a titled block; ``title`` and ``parts`` are HTML already."""
    return f"<div><p><strong>{title}</strong></p>{''.join(parts)}</div>"
