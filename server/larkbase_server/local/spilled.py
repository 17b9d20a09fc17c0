"""Spilled blocks as Athena reads them: fetched from the bucket, decrypted, decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.catalog.aws import aws_errors
from larkbase_sdk.errors import ServiceError
from larkbase_server.protocol.errors import ProtocolError
from larkbase_server.protocol.spill import read_spilled

if TYPE_CHECKING:
    import pyarrow as pa

    from larkbase_server.local.aws_clients import AwsClients
    from larkbase_server.protocol.records import RemoteReadRecordsResponse
    from larkbase_server.protocol.splits import S3SpillLocation


def fetch_block(
    clients: AwsClients, answer: RemoteReadRecordsResponse, place: S3SpillLocation
) -> tuple[pa.RecordBatch, int]:
    """Return the rows of a spilled block, and the bytes of its object; one call to S3.

    Raises:
        ServiceError: the object is missing, or does not hold rows of the answer's schema.
        LarkBaseError: S3 refuses the call, see ``aws_errors``.
    """
    with aws_errors("s3"):
        found = clients.of("s3").get_object(Bucket=place.bucket, Key=place.key)
        body = found["Body"].read()
    try:
        return read_spilled(body, answer.schema, answer.encryption_key), len(body)
    except ProtocolError as error:
        msg = f"The block s3://{place.bucket}/{place.key} cannot be read: {error}"
        raise ServiceError(msg) from error
