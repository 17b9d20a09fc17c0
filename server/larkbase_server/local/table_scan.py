"""One scan of a federated table: layout, splits, records in parallel, spilled blocks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from larkbase_sdk.errors import ServiceError
from larkbase_server.local.in_order import in_order
from larkbase_server.local.spilled import fetch_block
from larkbase_server.protocol.constraints import Constraints
from larkbase_server.protocol.planning import (
    GetSplitsRequest,
    GetSplitsResponse,
    GetTableLayoutRequest,
    GetTableLayoutResponse,
)
from larkbase_server.protocol.records import (
    MAX_BLOCK_SIZE,
    MAX_INLINE_BLOCK_SIZE,
    ReadRecordsRequest,
    ReadRecordsResponse,
    RemoteReadRecordsResponse,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

    from larkbase_server.local.aws_clients import AwsClients
    from larkbase_server.local.counters import Counters
    from larkbase_server.local.federation_client import FederationClient
    from larkbase_server.protocol.planning import GetTableResponse
    from larkbase_server.protocol.splits import Split

PARTITIONS_AT_ONCE = 1_000
"""Rows of a layout that one request for splits carries."""

_MOST_ANSWERS = 10_000
"""Answers with splits, beyond which a continuation token is taken to lead in circles."""


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """How splits are read.

    Attributes:
        workers: Splits read at the same time.
        max_block_size: Bytes of the largest block, as requests carry them.
        max_inline_block_size: Bytes from which a block is spilled, as requests carry them.
    """

    workers: int = 8
    max_block_size: int = MAX_BLOCK_SIZE
    max_inline_block_size: int = MAX_INLINE_BLOCK_SIZE


@dataclass(frozen=True, slots=True)
class TableScan:
    """The messages that read one table for one query.

    Attributes:
        client: Sends them.
        table: The table, as the connector described it.
        schema: The columns wanted, in their order; perhaps none.
        constraints: What of the query is handed over.
        settings: How splits are read.
        stopped: Set when nobody wants the rows any more.
    """

    client: FederationClient
    table: GetTableResponse
    schema: pa.Schema
    constraints: Constraints = field(default_factory=Constraints)
    settings: ReadSettings = field(default_factory=ReadSettings)
    stopped: threading.Event | None = None

    def layout(self) -> pa.RecordBatch:
        """Return the partitions; one call."""
        request = GetTableLayoutRequest(
            **self.client.common,
            table_name=self.table.table_name,
            constraints=self.constraints,
            schema=self.schema,
            partition_columns=self.table.partition_columns,
        )
        return self.client.ask(request, GetTableLayoutResponse).partitions

    def plan(self, partitions: pa.RecordBatch) -> Iterator[Split]:
        """Yield the splits of some partitions; a call for each answer with splits.

        Raises:
            ServiceError: the continuation tokens do not end.
        """
        for start in range(0, partitions.num_rows, PARTITIONS_AT_ONCE):
            request = GetSplitsRequest(
                **self.client.common,
                table_name=self.table.table_name,
                partitions=partitions.slice(start, PARTITIONS_AT_ONCE),
                partition_columns=self.table.partition_columns,
                constraints=self.constraints,
            )
            for answer in self._pages(request):
                yield from answer.splits

    def _pages(self, request: GetSplitsRequest) -> Iterator[GetSplitsResponse]:
        for _ in range(_MOST_ANSWERS):
            answer = self.client.ask(request, GetSplitsResponse)
            yield answer
            if answer.continuation_token is None:
                return
            request = replace(request, continuation_token=answer.continuation_token)
        msg = f"The continuation tokens of {self.client.function} do not end."
        raise ServiceError(msg, context={"function": self.client.function})

    def read(self, split: Split) -> ReadRecordsResponse | RemoteReadRecordsResponse:
        """Return the answer with the rows of a split; one call.

        Raises:
            ServiceError: its columns are not those that were asked for.
        """
        request = ReadRecordsRequest(
            **self.client.common,
            table_name=self.table.table_name,
            schema=self.schema,
            split=split,
            constraints=self.constraints,
            max_block_size=self.settings.max_block_size,
            max_inline_block_size=self.settings.max_inline_block_size,
        )
        answer = self.client.ask_for_records(request)
        found = answer.records.schema if isinstance(answer, ReadRecordsResponse) else answer.schema
        if not found.equals(self.schema):
            msg = (
                f"{self.client.function} answered with the columns {_columns(found)}, "
                f"but {_columns(self.schema)} were asked for."
            )
            raise ServiceError(msg, context={"function": self.client.function})
        return answer

    def blocks(
        self, answer: ReadRecordsResponse | RemoteReadRecordsResponse, clients: AwsClients,
        counters: Counters,
    ) -> Iterator[pa.RecordBatch]:  # fmt: skip
        """Yield the blocks of an answer; a call to S3 for each that was spilled."""
        if isinstance(answer, ReadRecordsResponse):
            yield answer.records
            return
        fetch = partial(fetch_block, clients, answer)
        for block, size in in_order(fetch, answer.remote_blocks, 2, self.stopped):
            counters.add_block(size)
            yield block

    def splits(self) -> tuple[Split, ...]:
        """Return all splits; a call for the layout, and one for each answer with splits."""
        return tuple(self.plan(self.layout()))

    def rows(
        self, splits: Iterable[Split], clients: AwsClients, counters: Counters
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of some splits as the wire has them, in the order of the splits.

        Raises:
            LarkBaseError: what the connector reports, or makes of an answer that cannot be used.
        """
        for answer in in_order(self.read, splits, self.settings.workers, self.stopped):
            for block in self.blocks(answer, clients, counters):
                counters.add_rows(block.num_rows)
                yield block


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f"{item.name} {item.type}" for item in schema) or "none"
