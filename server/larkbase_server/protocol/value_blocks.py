"""Value blocks: the literals of a condition, as one column of Python values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from larkbase_server.protocol.arrow_codecs import read_block, write_block
from larkbase_server.protocol.codecs import must_be
from larkbase_server.protocol.shape import Codec
from larkbase_server.protocol.typed_values import python_values, wire_array

_COLUMN = "col1"
"""What the column of a value block is called, whatever the table's column is called."""


@dataclass(frozen=True, slots=True)
class ValueBlock:
    """Typed literals.

    Attributes:
        type: Their Arrow type on the wire.
        values: Python values; moments are aware datetimes in UTC.
    """

    type: pa.DataType
    values: tuple[Any, ...] = ()


def _read(value: Any, path: str) -> ValueBlock:
    batch = read_block(value, path)
    if batch.num_columns != 1:
        must_be("a block of one column", path)
    try:
        values = python_values(batch.column(0))
    except (pa.ArrowException, ValueError, OverflowError):
        must_be("a block of readable values", path)
    return ValueBlock(batch.schema.field(0).type, tuple(values))


def _write(block: ValueBlock, version: int) -> dict[str, Any]:
    array = wire_array(block.values, block.type)
    schema = pa.schema([pa.field(_COLUMN, block.type)])
    return write_block(pa.RecordBatch.from_arrays([array], schema=schema), version)


VALUE_BLOCK = Codec(_read, _write)
