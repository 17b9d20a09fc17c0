"""The answer to ReadRecordsRequest: rows inline, or the places of their spilled blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_server.protocol.limits import BlockLimits
from larkbase_server.protocol.records import (
    ReadRecordsRequest,
    ReadRecordsResponse,
    RemoteReadRecordsResponse,
)
from larkbase_server.protocol.spiller import BlockSpiller, Spilling

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa


def records_answer(
    request: ReadRecordsRequest, batches: Iterable[pa.RecordBatch], spilling: Spilling
) -> ReadRecordsResponse | RemoteReadRecordsResponse:
    """Return the answer with all rows of ``batches``, which are read one by one.

    Args:
        request: What Athena asked for.
        batches: Rows in the schema of the request.
        spilling: How blocks are written that do not fit into the answer; only then the store is
            called.

    Raises:
        SchemaMismatch: when a batch has another schema.
        RowTooLarge: when one row exceeds the largest block.
        EncryptionError: when the key of the split cannot be used.
        SpillError: when the store refuses a block, or there is none.
    """
    limits = BlockLimits.of(request, spilling.max_block_size)
    with BlockSpiller(request.schema, request.split, limits, spilling) as spiller:
        for batch in batches:
            spiller.add(batch)
        rows = spiller.finish()
    if isinstance(rows, tuple):
        return RemoteReadRecordsResponse(
            catalog_name=request.catalog_name,
            schema=request.schema,
            remote_blocks=rows,
            encryption_key=request.split.encryption_key,
        )
    return ReadRecordsResponse(catalog_name=request.catalog_name, records=rows)
