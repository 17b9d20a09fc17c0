"""Limits of blocks: how large one may grow, and what still fits into an inline answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from larkbase_server.protocol.answer_size import LAMBDA_LIMIT

if TYPE_CHECKING:
    from larkbase_server.protocol.records import ReadRecordsRequest

_INLINE = 4_000_000
"""Most bytes of an inline block: as base64 they leave room for the schema and the JSON."""

_BLOCK = 8_000_000
"""Bytes at which a block is spilled: large enough to be few, small enough for memory."""

_ENVELOPE = 4096
"""Bytes of an inline answer beside its schema and records; names are the largest part."""


@dataclass(frozen=True, slots=True)
class BlockLimits:
    """What one read may put where, in bytes of Arrow buffers.

    Attributes:
        largest: A block above this fails the query.
        target: A block of this size is spilled, and a new one begun.
        inline: An answer below this stays inline, if Lambda lets it pass.
    """

    largest: int
    target: int
    inline: int

    @classmethod
    def of(cls, request: ReadRecordsRequest, max_block_size: int | None = None) -> BlockLimits:
        """Return the limits of a request, made tighter by ``MAX_BLOCK_SIZE_BYTES`` if that is set.

        A setting above what Athena asks for has no effect: such blocks would fail the query.
        """
        largest = request.max_block_size
        if max_block_size is not None:
            largest = min(largest, max_block_size)
        inline = min(request.max_inline_block_size, _INLINE)
        return cls(largest, min(largest, _BLOCK), inline)


def block_size(batch: pa.RecordBatch) -> int:
    """Return the bytes of a batch's buffers, with a validity bitmap for every column.

    Java, which reads the block, has these bitmaps even where there are no NULLs.
    """
    bitmaps = (batch.num_rows + 7) // 8 * batch.num_columns
    return int(batch.nbytes) + int(bitmaps)


def fits_inline(batch: pa.RecordBatch) -> bool:
    """Return whether Lambda would let an answer with these rows pass."""
    records: int = pa.ipc.get_record_batch_size(batch) if batch.num_rows else 0
    schema: int = batch.schema.serialize().size
    return _base64_length(records) + _base64_length(schema) + _ENVELOPE <= LAMBDA_LIMIT


def _base64_length(size: int) -> int:
    return (size + 2) // 3 * 4
