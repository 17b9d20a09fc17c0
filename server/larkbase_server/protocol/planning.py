"""Messages about one table: its schema, its partitions and its splits."""
# ruff: noqa: RUF009 - member() returns a dataclasses.field

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from larkbase_server.protocol.arrow_codecs import BLOCK, SCHEMA
from larkbase_server.protocol.codecs import TEXT, TEXT_MAP, list_of
from larkbase_server.protocol.constraints import CONSTRAINTS, Constraints
from larkbase_server.protocol.identity import IDENTITY, TABLE_NAME, Identity, TableName
from larkbase_server.protocol.shape import member, optional
from larkbase_server.protocol.splits import SPLIT, Split

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARTITION_COLUMNS = "partitionColumns"


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTableRequest:
    """Asks for the schema of a table, or of a native query when it has arguments."""

    identity: Identity = member("identity", IDENTITY, default=Identity())
    query_id: str = member("queryId", TEXT)
    catalog_name: str = member("catalogName", TEXT)
    table_name: TableName = member("tableName", TABLE_NAME)
    query_passthrough: Mapping[str, str] = member(
        "queryPassthroughArguments", TEXT_MAP, since=5, default_factory=dict
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTableResponse:
    """The schema of a table; partition columns are columns of the schema too."""

    catalog_name: str = member("catalogName", TEXT)
    table_name: TableName = member("tableName", TABLE_NAME)
    schema: pa.Schema = member("schema", SCHEMA)
    partition_columns: tuple[str, ...] = member(_PARTITION_COLUMNS, list_of(TEXT), default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTableLayoutRequest:
    """Asks for the partitions of a table; the schema may hold only the columns of the query."""

    identity: Identity = member("identity", IDENTITY, default=Identity())
    query_id: str = member("queryId", TEXT)
    catalog_name: str = member("catalogName", TEXT)
    table_name: TableName = member("tableName", TABLE_NAME)
    constraints: Constraints = member("constraints", CONSTRAINTS, default=Constraints())
    schema: pa.Schema = member("schema", SCHEMA)
    partition_columns: tuple[str, ...] = member(
        _PARTITION_COLUMNS, list_of(TEXT), aliases=("partitionCols",), default=()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTableLayoutResponse:
    """The partitions of a table, one row each; without rows the query reads nothing.

    Columns beyond the partition columns are handed back in GetSplitsRequest, so they can carry
    what planning found out. The answer is neither paged nor spilled: keep it small.
    """

    catalog_name: str = member("catalogName", TEXT)
    table_name: TableName = member("tableName", TABLE_NAME)
    partitions: pa.RecordBatch = member("partitions", BLOCK, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSplitsRequest:
    """Asks for the splits of some partitions; the token says where the last answer ended."""

    identity: Identity = member("identity", IDENTITY, default=Identity())
    query_id: str = member("queryId", TEXT)
    catalog_name: str = member("catalogName", TEXT)
    table_name: TableName = member("tableName", TABLE_NAME)
    partitions: pa.RecordBatch = member("partitions", BLOCK, repr=False)
    partition_columns: tuple[str, ...] = member(
        _PARTITION_COLUMNS, list_of(TEXT), aliases=("partitionCols",), default=()
    )
    constraints: Constraints = member("constraints", CONSTRAINTS, default=Constraints())
    continuation_token: str | None = member("continuationToken", optional(TEXT), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSplitsResponse:
    """Some splits; while there is a token Athena asks again. About 1,000 fit into an answer."""

    catalog_name: str = member("catalogName", TEXT)
    splits: tuple[Split, ...] = member("splits", list_of(SPLIT), default=())
    continuation_token: str | None = member("continuationToken", optional(TEXT), default=None)


REQUESTS = (GetTableRequest, GetTableLayoutRequest, GetSplitsRequest)
RESPONSES = (GetTableResponse, GetTableLayoutResponse, GetSplitsResponse)


def single_partition() -> pa.RecordBatch:
    """Return the partitions of a table that has none: one row, whose value means nothing."""
    return pa.record_batch({"partitionId": pa.array([1], pa.int32())})
