"""Text for terminals: in one line, with numbers that are read at a glance."""

from __future__ import annotations

import shlex


def one_line(text: str) -> str:
    """Return a text with every run of blanks and line ends as one blank."""
    return " ".join(text.split())


def count(number: int, thing: str) -> str:
    """Return a number with its noun: "1 row", "18 204 rows"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}".replace(",", " ")


def command(*words: str | None) -> str:
    """Return a command to copy into a shell; None words are left out."""
    return shlex.join(["larkbase", *(word for word in words if word is not None)])
