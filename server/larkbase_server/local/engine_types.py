"""Columns of the wire as the engine sees them, and the names of their types in Athena."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.types as pt

from larkbase_sdk.errors import ServiceError
from larkbase_server.protocol.moments import unpack
from larkbase_server.protocol.wire_batches import from_wire

_PLAIN = {
    pa.bool_(): "boolean",
    pa.int8(): "tinyint",
    pa.int16(): "smallint",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float32(): "real",
    pa.float64(): "double",
    pa.string(): "varchar",
    pa.binary(): "varbinary",
    pa.date32(): "date",
    pa.date64(): "timestamp(3)",
}


def engine_schema(schema: pa.Schema) -> pa.Schema:
    """Return the columns with timestamp[ms] in place of date64, which DuckDB reads as a date."""
    empty = pa.RecordBatch.from_arrays(
        [pa.array([], item.type) for item in schema], schema=schema.remove_metadata()
    )
    return from_wire(empty).schema


def engine_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows in the types of ``engine_schema``, moments with a zone unpacked.

    Raises:
        ServiceError: moments with a zone stand within nested values, where Athena has no use for
            them either.
    """
    columns = [_unpacked(array) for array in batch.columns]
    if not columns:
        return batch
    return from_wire(pa.RecordBatch.from_arrays(columns, names=batch.schema.names))


def athena_type(data_type: pa.DataType) -> str:
    """Return what Athena calls the SQL type of a wire type."""
    if data_type in _PLAIN:
        return _PLAIN[data_type]
    if pt.is_decimal(data_type):
        return f"decimal({data_type.precision},{data_type.scale})"
    if pt.is_timestamp(data_type):
        return "timestamp(3) with time zone" if data_type.tz else "timestamp(3)"
    if pt.is_list(data_type):
        return f"array({athena_type(data_type.value_type)})"
    if pt.is_map(data_type):
        return f"map({athena_type(data_type.key_type)}, {athena_type(data_type.item_type)})"
    if pt.is_struct(data_type):
        members = (f"{item.name} {athena_type(item.type)}" for item in data_type)
        return f"row({', '.join(members)})"
    return str(data_type)


def _unpacked(array: pa.Array) -> pa.Array:
    if not pt.is_timestamp(array.type):
        if pt.is_nested(array.type) and "tz=" in str(array.type):
            msg = "Times with a zone within nested values cannot be read."
            raise ServiceError(msg)
        return array
    packed = array.view(pa.int64()).to_pylist()
    millis = [None if value is None else unpack(value) for value in packed]
    return pa.array(millis, pa.int64()).view(array.type)
