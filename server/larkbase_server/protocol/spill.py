"""Spilled blocks: where they go, who stores them, and what their objects hold."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from larkbase_server.protocol import framing
from larkbase_server.protocol.encryption import KeyFactory, LocalKeyFactory, decrypt, encrypt
from larkbase_server.protocol.splits import EncryptionKey, S3SpillLocation, Split

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from larkbase_server.protocol.identity import Identity

DEFAULT_PREFIX = "athena-federation-spill"


class SpillStore(Protocol):
    """Writes objects; called from several threads at the same time."""

    def put(self, location: S3SpillLocation, body: bytes, headers: Mapping[str, str]) -> None:
        """Write one object.

        Args:
            location: Its bucket and key.
            body: What it holds.
            headers: HTTP headers of the request, from ``spill_put_request_headers``.
        """
        ...


@dataclass(frozen=True, slots=True)
class SpillTarget:
    """Where the splits of a query may spill.

    Attributes:
        bucket: Name of the bucket; empty for none, and then only inline answers are possible.
        prefix: Begin of the keys; slashes at its ends do not count.
        keys: Makes the key of each split; None leaves the objects plain.
    """

    bucket: str
    prefix: str = DEFAULT_PREFIX
    keys: KeyFactory | None = LocalKeyFactory()  # noqa: RUF009 - it has no state

    def of(self, identity: Identity) -> SpillTarget:
        """Return the target with the bucket and prefix that the caller itself brings, if any."""
        brought = identity.config_options
        return replace(
            self,
            bucket=brought.get("spill_bucket") or self.bucket,
            prefix=brought.get("spill_prefix") or self.prefix,
        )

    def new_split(self, query_id: str, properties: Mapping[str, str]) -> Split:
        """Return a split with a spill location and a key of its own.

        Raises:
            EncryptionError: when the key factory makes no key.
        """
        return Split(
            spill_location=self._new_location(query_id) if self.bucket else None,
            encryption_key=self.keys.new_key() if self.keys and self.bucket else None,
            properties=dict(properties),
        )

    def _new_location(self, query_id: str) -> S3SpillLocation:
        prefix = self.prefix.strip("/")
        query = "" if query_id in prefix else query_id
        parts = (prefix, query, str(uuid.uuid4()))
        return S3SpillLocation(self.bucket, "/".join(part for part in parts if part))


def spilled_body(batch: pa.RecordBatch, key: EncryptionKey | None) -> bytes:
    """Return the body of a block's object: its record batch message in legacy framing, encrypted.

    The framing is the legacy one whatever serde version the answer has.

    Raises:
        EncryptionError: when the key cannot be used.
    """
    return encrypt(framing.legacy_record(batch), key)


def read_spilled(body: bytes, schema: pa.Schema, key: EncryptionKey | None) -> pa.RecordBatch:
    """Return the rows of a block's object.

    Args:
        body: What the object holds.
        schema: The schema of the answer that named the object.
        key: The key of that answer.

    Raises:
        EncryptionError: when it cannot be decrypted.
        MalformedMessage: when it holds no rows of this schema.
    """
    return framing.read_batch(decrypt(body, key), schema, "The spilled block")
