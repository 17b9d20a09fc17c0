"""Splits: what one invocation reads, where it may spill, and the key it spills with."""
# ruff: noqa: RUF009 - member() returns a dataclasses.field

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_server.protocol.codecs import BYTES, FLAG, TEXT, TEXT_MAP, tagged
from larkbase_server.protocol.errors import SpillError
from larkbase_server.protocol.shape import codec_of, member, optional

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class S3SpillLocation:
    """A place in the spill bucket: that of a split (a directory) or of one block (an object)."""

    bucket: str = member("bucket", TEXT)
    key: str = member("key", TEXT)
    directory: bool = member("directory", FLAG, default=True)

    def block(self, number: int) -> S3SpillLocation:
        """Return the place of block ``number`` (0, 1, 2, …) of a split.

        The number is appended to the key, it makes no child object.

        Raises:
            SpillError: when this is no place of a split.
        """
        if not self.directory:
            msg = f"The spill location {self.key!r} is no directory, so it holds no blocks."
            raise SpillError(msg)
        return S3SpillLocation(self.bucket, f"{self.key}.{number}", directory=False)


@dataclass(frozen=True, slots=True, repr=False)
class EncryptionKey:
    """The key and nonce of one split's blocks; neither is ever shown.

    Attributes:
        key: 16, 24 or 32 bytes.
        nonce: 12 bytes.
    """

    key: bytes = member("key", BYTES)
    nonce: bytes = member("nonce", BYTES)

    def __repr__(self) -> str:
        return f"EncryptionKey({8 * len(self.key)} bits)"


SPILL_LOCATION = tagged(lambda: {"S3SpillLocation": S3SpillLocation})
ENCRYPTION_KEY = codec_of(lambda: EncryptionKey)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One part of a read.

    Attributes:
        spill_location: Where its blocks go; every split has a place of its own. None when there
            is no spill bucket.
        encryption_key: What its blocks are encrypted with; None for plain objects.
        properties: What the reader needs to know, as texts.
    """

    spill_location: S3SpillLocation | None = member(
        "spillLocation", optional(SPILL_LOCATION), default=None
    )
    encryption_key: EncryptionKey | None = member(
        "encryptionKey", optional(ENCRYPTION_KEY), default=None
    )
    properties: Mapping[str, str] = member("properties", TEXT_MAP, default_factory=dict)


SPLIT = codec_of(lambda: Split)
