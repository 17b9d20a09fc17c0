"""The spill bucket on S3 and the keys from KMS."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from larkbase_sdk.catalog.aws import aws_errors, open_client
from larkbase_sdk.errors import LarkBaseError, NotFound, PermissionDenied
from larkbase_server.athena.errors import with_hint
from larkbase_server.protocol.encryption import KmsKeyFactory, LocalKeyFactory
from larkbase_server.protocol.errors import EncryptionError, SpillError
from larkbase_server.protocol.spiller import Spilling

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_server.protocol.encryption import KeyFactory
    from larkbase_server.protocol.splits import EncryptionKey, S3SpillLocation
    from larkbase_server.settings import ConnectorSettings

_BUCKET_HINT = (
    "spill_bucket is the name of a bucket in the function's region, without s3:// and slashes."
)
_PUT_HINT = (
    "Give the function's role s3:PutObject on the spill bucket, and kms:GenerateDataKey when the "
    "bucket has a KMS key."
)
_KMS_HINT = (
    "kms_key_id must name a key of this region, and the function's role needs kms:GenerateDataKey "
    "on it and kms:GenerateRandom."
)


def spilling_of(settings: ConnectorSettings) -> Spilling:
    """Return how blocks are written with these settings; no call."""
    return Spilling(
        store=S3SpillStore(),
        headers=dict(settings.spill_put_request_headers),
        max_block_size=settings.max_block_size,
        queue=settings.spill_queue_capacity,
    )


def key_factory(settings: ConnectorSettings) -> KeyFactory | None:
    """Return who makes the keys of splits: KMS, this process, or nobody; no call."""
    if settings.disable_spill_encryption:
        return None
    return KmsKeys(settings.kms_key_id) if settings.kms_key_id else LocalKeyFactory()


class KmsKeys:
    """Lets KMS make the keys; its client is made at the first key."""

    def __init__(self, key_id: str) -> None:
        self._key_id = key_id
        self._lock = threading.Lock()
        self._factory: KmsKeyFactory | None = None

    def new_key(self) -> EncryptionKey:
        """Return a new key and nonce; two calls.

        Raises:
            EncryptionError: when KMS refuses.
        """
        try:
            return self._opened().new_key()
        except (LarkBaseError, EncryptionError) as error:
            message = error.message if isinstance(error, LarkBaseError) else str(error)
            raise EncryptionError(with_hint(message, _KMS_HINT)) from error

    def _opened(self) -> KmsKeyFactory:
        with self._lock:
            if self._factory is None:
                self._factory = KmsKeyFactory(open_client("kms"), self._key_id)
            return self._factory


class S3SpillStore:
    """Writes objects to S3; its client is made at the first object, and shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: Any = None

    def put(self, location: S3SpillLocation, body: bytes, headers: Mapping[str, str]) -> None:
        """Write one object; the headers go into the request as they are.

        Raises:
            SpillError: when S3 refuses; the text says what to change.
        """
        try:
            client = self._opened(headers)
            with aws_errors("s3"):
                client.put_object(Bucket=location.bucket, Key=location.key, Body=body)
        except LarkBaseError as error:
            msg = f"The block s3://{location.bucket}/{location.key} was refused: {error.message}"
            raise SpillError(with_hint(msg, _hint(error))) from error

    def _opened(self, headers: Mapping[str, str]) -> Any:
        with self._lock:
            if self._client is None:
                client = open_client("s3")
                if headers:
                    client.meta.events.register("before-call.s3.PutObject", _adder(headers))
                self._client = client
            return self._client


def _adder(headers: Mapping[str, str]) -> Any:
    def add(params: dict[str, Any], **_: Any) -> None:
        params["headers"].update(headers)

    return add


def _hint(error: LarkBaseError) -> str | None:
    if isinstance(error, PermissionDenied):
        return _PUT_HINT
    if isinstance(error, NotFound) or error.context.get("aws_code") == "NoSuchBucket":
        return _BUCKET_HINT
    return error.hint
