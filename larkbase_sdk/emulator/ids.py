"""Stable identifiers: the same names give the same tokens and ids in every run."""

from __future__ import annotations

import hashlib
import string
from functools import cache

_ALPHANUMERIC = string.ascii_letters + string.digits
_LETTERS = string.ascii_uppercase + string.ascii_lowercase
_RECORD_LETTERS = 11
_TABLE_LETTERS = 5
_SPACE = len(_LETTERS) ** (_RECORD_LETTERS - _TABLE_LETTERS)
# An odd number that is no multiple of 13 has an inverse, since the space is a power of 52.
_STEP = 1_299_709_127
_INVERSE = pow(_STEP, -1, _SPACE)


def number_of(*names: object) -> int:
    """Return a large number that depends on the names alone."""
    text = "\x1f".join(str(name) for name in names)
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


def stable_id(prefix: str, length: int, *names: object) -> str:
    """Return ``prefix`` followed by ``length`` letters and digits that depend on the names."""
    number = number_of(prefix, *names)
    letters = []
    for _ in range(length):
        number, index = divmod(number, len(_ALPHANUMERIC))
        letters.append(_ALPHANUMERIC[index])
    return prefix + "".join(letters)


@cache
def _pairs() -> list[str]:
    return [first + second for first in _LETTERS for second in _LETTERS]


class RecordIds:
    """Record ids of one table: row number to ``rec`` and 11 letters, and back."""

    def __init__(self, *names: object) -> None:
        seed = number_of("records", *names)
        self._offset = seed % _SPACE
        letters: list[str] = [
            _LETTERS[seed // 52**place % 52] for place in range(8, 8 + _TABLE_LETTERS)
        ]
        self._start: str = "rec" + "".join(letters)

    def make(self, number: int) -> str:
        """Return the id of the row with this number."""
        pairs = _pairs()
        rest, last = divmod((number * _STEP + self._offset) % _SPACE, len(pairs))
        first, middle = divmod(rest, len(pairs))
        return f"{self._start}{pairs[first]}{pairs[middle]}{pairs[last]}"

    def number(self, record_id: str) -> int | None:
        """Return the row number behind an id, or None when the text is no such id."""
        letters = record_id[len(self._start) :]
        if not record_id.startswith(self._start) or len(letters) != 6:
            return None
        value = 0
        for letter in letters:
            index = _LETTERS.find(letter)
            if index < 0:
                return None
            value = value * 52 + index
        return int((value - self._offset) * _INVERSE % _SPACE)
