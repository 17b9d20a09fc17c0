"""Messages that carry rows: reading a split, and calling a user-defined function."""
# ruff: noqa: RUF009 - member() returns a dataclasses.field

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_server.protocol.arrow_codecs import BLOCK, SCHEMA
from larkbase_server.protocol.codecs import SIZE, TEXT, list_of
from larkbase_server.protocol.constraints import CONSTRAINTS, Constraints
from larkbase_server.protocol.identity import IDENTITY, TABLE_NAME, Identity, TableName
from larkbase_server.protocol.shape import member, optional
from larkbase_server.protocol.splits import (
    ENCRYPTION_KEY,
    SPILL_LOCATION,
    SPLIT,
    EncryptionKey,
    S3SpillLocation,
    Split,
)

if TYPE_CHECKING:
    import pyarrow as pa

MAX_BLOCK_SIZE = 16_000_000
"""Bytes of the largest block that Athena accepts."""

MAX_INLINE_BLOCK_SIZE = 5_242_880
"""Bytes below which the protocol's own validator expects an inline answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRecordsRequest:
    """Asks for the rows of one split.

    Attributes:
        schema: The columns wanted, which the answer must have, in this order.
        max_block_size: Bytes of the largest block, inline or spilled.
        max_inline_block_size: Bytes from which even a single block is spilled.
    """

    identity: Identity = member("identity", IDENTITY, default=Identity())
    query_id: str = member("queryId", TEXT)
    catalog_name: str = member("catalogName", TEXT)
    table_name: TableName = member("tableName", TABLE_NAME)
    schema: pa.Schema = member("schema", SCHEMA)
    split: Split = member("split", SPLIT)
    constraints: Constraints = member("constraints", CONSTRAINTS, default=Constraints())
    max_block_size: int = member("maxBlockSize", SIZE, default=MAX_BLOCK_SIZE)
    max_inline_block_size: int = member("maxInlineBlockSize", SIZE, default=MAX_INLINE_BLOCK_SIZE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRecordsResponse:
    """All rows of the split, inside the answer."""

    catalog_name: str = member("catalogName", TEXT)
    records: pa.RecordBatch = member("records", BLOCK, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteReadRecordsResponse:
    """Where the blocks of the split were written; none of them means no rows."""

    catalog_name: str = member("catalogName", TEXT)
    schema: pa.Schema = member("schema", SCHEMA)
    remote_blocks: tuple[S3SpillLocation, ...] = member(
        "remoteBlocks", list_of(SPILL_LOCATION), default=()
    )
    encryption_key: EncryptionKey | None = member(
        "encryptionKey", optional(ENCRYPTION_KEY), default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDefinedFunctionRequest:
    """Asks for a function of every row; there is no spilling for functions."""

    identity: Identity = member("identity", IDENTITY, default=Identity())
    input_records: pa.RecordBatch = member("inputRecords", BLOCK, repr=False)
    output_schema: pa.Schema = member("outputSchema", SCHEMA)
    method_name: str = member("methodName", TEXT)
    function_type: str = member("functionType", TEXT, default="SCALAR")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDefinedFunctionResponse:
    """The function's value for every row, in order."""

    records: pa.RecordBatch = member("records", BLOCK, repr=False)
    method_name: str = member("methodName", TEXT)


REQUESTS = (ReadRecordsRequest, UserDefinedFunctionRequest)
RESPONSES = (ReadRecordsResponse, RemoteReadRecordsResponse, UserDefinedFunctionResponse)
