"""LIKE patterns: reading them, writing them, and turning them into a regular expression."""

from __future__ import annotations

from itertools import groupby

Piece = tuple[str, str]
"""A wildcard, ``("%", "")`` or ``("_", "")``, or a run of literal text, ``("", text)``."""

ESCAPE = "\\"
"""The escape character of the patterns made here."""

_REGEX = {"%": ".*", "_": "."}


def parse_pattern(pattern: str, escape: str | None) -> list[Piece]:
    """Split a LIKE pattern into wildcards and runs of literal text.

    An escape character makes the next character literal, whichever it is.

    Raises:
        ValueError: the pattern ends with its escape character.
    """
    signs: list[Piece] = []
    letters = iter(pattern)
    for letter in letters:
        if letter == escape:
            quoted = next(letters, None)
            if quoted is None:
                msg = "it ends with its escape character"
                raise ValueError(msg)
            signs.append(("", quoted))
        elif letter in _REGEX:
            signs.append((letter, ""))
        else:
            signs.append(("", letter))
    return _join_literals(signs)


def _join_literals(signs: list[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for wildcard, group in groupby(signs, key=lambda piece: piece[0]):
        same = list(group)
        joined.extend(same if wildcard else [("", "".join(text for _, text in same))])
    return joined


def quote_pattern(text: str) -> str:
    """Return a LIKE pattern, with ``ESCAPE`` as escape character, that matches just this text."""
    return "".join(ESCAPE + letter if letter in (*_REGEX, ESCAPE) else letter for letter in text)


def to_regex(pieces: list[Piece]) -> str:
    """Return an RE2 expression for whole values; ``%`` and ``_`` match line breaks as well."""
    body = "".join(_REGEX[sign] if sign else _quote_regex(text) for sign, text in pieces)
    return rf"(?s)\A{body}\z"


def _quote_regex(text: str) -> str:
    # Written out rather than re.escape: RE2 has other rules, and NUL would end its pattern.
    return "".join(
        letter if letter.isalnum() or not letter.isascii() else rf"\x{ord(letter):02x}"
        for letter in text
    )
