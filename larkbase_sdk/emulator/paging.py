"""Page tokens of search: base64 of ``pageToken:<offset>``, or opaque ones."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Literal

from larkbase_sdk.emulator.answers import ApiError

_PREFIX = "pageToken:"


class PageTokens:
    """Makes and reads tokens; opaque ones are remembered together with their page size."""

    def __init__(self) -> None:
        self._opaque: dict[str, tuple[int, int]] = {}
        self._issued: set[int] = set()

    def make(self, offset: int, size: int, *, opaque: bool) -> str:
        """Return the token of the page that starts at an offset."""
        self._issued.add(offset)
        if not opaque:
            return _encode(f"{_PREFIX}{offset}".encode())
        token = _encode(hashlib.sha256(f"{offset}/{size}".encode()).digest())
        self._opaque[token] = (offset, size)
        return token

    def disguise(self, offset: int, size: int, *, opaque: bool) -> str:
        """Return another token for the same offset, for an empty page that leads on."""
        self._issued.add(offset)
        if not opaque:
            return _encode(f"{_PREFIX}0{offset}".encode())
        token = _encode(hashlib.sha256(f"again {offset}/{size}".encode()).digest())
        self._opaque[token] = (offset, size)
        return token

    def read(
        self, token: str, size: int, *, unissued: Literal["work", "refuse", "ignore"] = "work"
    ) -> int:
        """Return the offset in a token; no token means the first page.

        Args:
            token: The token, or empty text.
            size: Page size of the request.
            unissued: What an offset counts for that was never handed out.

        Raises:
            ApiError: 1254002 for a text that is no token, or one of another page size.
        """
        if not token:
            return 0
        if token in self._opaque:
            offset, made_for = self._opaque[token]
            if made_for != size:
                raise ApiError(1254002)
            return offset
        offset = _decode(token)
        if offset in self._issued or unissued == "work":
            return offset
        if unissued == "refuse":
            raise ApiError(1254002)
        return 0


def _decode(token: str) -> int:
    try:
        text = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ApiError(1254002) from None
    digits = text.removeprefix(_PREFIX)
    if not text.startswith(_PREFIX) or not digits.isascii() or not digits.isdigit():
        raise ApiError(1254002)
    return int(digits)


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode()
