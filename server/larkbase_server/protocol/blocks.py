"""Batches cut and joined into blocks of a bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from larkbase_server.protocol.errors import RowTooLarge
from larkbase_server.protocol.framing import empty_batch, without_columns
from larkbase_server.protocol.limits import block_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def pieces(
    batch: pa.RecordBatch, target: int, largest: int
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Yield the rows of a batch in order, in pieces of at most ``target`` bytes, and their bytes.

    A single row may be larger than the target, but not larger than ``largest``.

    Raises:
        RowTooLarge: when one row is.
    """
    size = block_size(batch)
    if size <= target or batch.num_rows == 1:
        if size > largest:
            msg = (
                f"One row has {size:,} bytes, but Athena accepts no block above {largest:,}. "
                "Select fewer columns, or leave out the row."
            )
            raise RowTooLarge(msg)
        yield batch, size
        return
    rows = max(1, min(batch.num_rows * target // size, batch.num_rows - 1))
    for start in range(0, batch.num_rows, rows):
        yield from pieces(batch.slice(start, rows), target, largest)


def joined(batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    """Return the rows of all batches as one batch of this schema, its metadata included."""
    if not len(schema):
        return without_columns(sum(batch.num_rows for batch in batches))
    if not batches:
        return empty_batch(schema)
    if len(batches) == 1:
        return pa.RecordBatch.from_arrays(batches[0].columns, schema=schema)
    [whole] = pa.Table.from_batches(batches, schema).combine_chunks().to_batches()
    return whole
