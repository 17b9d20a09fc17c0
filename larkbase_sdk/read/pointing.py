"""Error texts that show the place in a condition's text."""

from __future__ import annotations

import unicodedata

from larkbase_sdk.errors import QueryError

_INDENT = "    "


def error_at(text: str, position: int | None, message: str, hint: str | None) -> QueryError:
    """Return a QueryError whose hint shows the line of ``text`` with a caret under a position."""
    if position is not None:
        hint = f"{hint or 'Look here:'}\n{_point_at(text, position)}"
    return QueryError(message, hint=hint, context={"position": position})


def _point_at(text: str, position: int) -> str:
    start = text.rfind("\n", 0, position) + 1
    line = text[start:].split("\n", 1)[0].replace("\t", " ")
    before = text[start:position]
    return f"{_INDENT}{line}\n{_INDENT}{' ' * _width(before)}^"


def _width(text: str) -> int:
    """Return the columns that a text takes in a terminal, where Chinese signs take two."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide
