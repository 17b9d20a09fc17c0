"""Page tokens that are plain offsets, and how many pages it takes to read by them."""

from __future__ import annotations

import base64
import binascii

_WORD = "pageToken"
_MOST_FREE_OVERLAP = 16


def offset_of(token: str | None) -> int | None:
    """Return the offset that a token stands for, 0 for no token, None for an opaque one.

    Tokens of search have been seen to be base64 of ``pageToken:<offset>``; Lark documents them as
    opaque.
    """
    if token is None:
        return 0
    try:
        text = base64.b64decode(token, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    word, _, offset = text.partition(":")
    return int(offset) if word == _WORD and offset.isdigit() else None


def token_of(offset: int) -> str | None:
    """Return the token of the page that begins at an offset; None for the first page."""
    return base64.b64encode(f"{_WORD}:{offset}".encode()).decode() if offset else None


def overlap_of(total: int | None, size: int) -> int:
    """Return by how many rows pages overlap, so that each begins with a row that is known.

    As many as cost no further call, up to a bound, and at least one.
    """
    if size < 2 or total is None or total <= size:
        return min(1, size - 1)
    pages = -(-total // size)
    free = (pages * size - total) // (pages - 1)
    return max(1, min(free, _MOST_FREE_OVERLAP, size // 2))


def calls_of(total: int, size: int, *, by_offset: bool = True) -> int:
    """Return how many pages a read of so many rows takes."""
    if total <= size:
        return 1
    step = size - overlap_of(total, size) if by_offset else size
    return 1 + -(-(total - size) // step)
