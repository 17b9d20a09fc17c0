"""Record batches in the types of the wire and back: a timestamp travels as date64.

Athena shows date64 as timestamp(3) with the time of day, while pyarrow's casts cut it to
midnight; so values are viewed, never cast, between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa

from larkbase_server.protocol.errors import SchemaMismatch

Change = Callable[[pa.DataType], pa.DataType]

_MILLIS = pa.timestamp("ms")


def wire_type(data_type: pa.DataType) -> pa.DataType:
    """Return the type in which Athena reads such values; one that has none stays as it is."""
    types = pa.types
    if types.is_timestamp(data_type):
        return pa.date64()
    if types.is_large_string(data_type) or types.is_string_view(data_type):
        return pa.string()
    if types.is_large_binary(data_type) or types.is_binary_view(data_type):
        return pa.binary()
    if types.is_list(data_type) or types.is_large_list(data_type):
        return pa.list_(data_type.value_field.with_type(wire_type(data_type.value_type)))
    return _rebuilt(data_type, wire_type)


def wire_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema with every type replaced by its wire type; metadata stays."""
    return pa.schema(
        [item.with_type(wire_type(item.type)) for item in schema], metadata=schema.metadata
    )


def to_wire(columns: Sequence[pa.Array], schema: pa.Schema) -> pa.RecordBatch:
    """Return columns in the types of ``schema``.

    Args:
        columns: One array for each field of the schema, at least one.
        schema: What Athena asked for; its types must be the wire types of the columns.

    Raises:
        SchemaMismatch: when a column has another type.
    """
    arrays = [_wire_column(array, item) for array, item in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def from_wire(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows with timestamp[ms] in place of date64, at every depth; nothing is copied."""
    schema = pa.schema(
        [item.with_type(_readable_type(item.type)) for item in batch.schema],
        metadata=batch.schema.metadata,
    )
    if not len(schema):
        return batch
    columns = [array.view(item.type) for array, item in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _wire_column(array: pa.Array, column: pa.Field) -> pa.Array:
    if array.type == column.type:
        return array
    if wire_type(array.type) != column.type:
        msg = f"The column {column.name!r} is {array.type}, but {column.type} was asked for."
        raise SchemaMismatch(msg)
    try:
        return array.cast(_readable_type(column.type)).view(column.type)
    except pa.ArrowException as error:
        msg = f"The column {column.name!r} holds values that {column.type} cannot hold."
        raise SchemaMismatch(msg) from error


def _readable_type(data_type: pa.DataType) -> pa.DataType:
    """Return the type with timestamps in place of date64."""
    if pa.types.is_date64(data_type):
        return _MILLIS
    if pa.types.is_list(data_type):
        return pa.list_(data_type.value_field.with_type(_readable_type(data_type.value_type)))
    return _rebuilt(data_type, _readable_type)


def _rebuilt(data_type: pa.DataType, change: Change) -> pa.DataType:
    if pa.types.is_struct(data_type):
        return pa.struct([item.with_type(change(item.type)) for item in data_type])
    if pa.types.is_map(data_type):
        return pa.map_(
            data_type.key_field.with_type(change(data_type.key_type)),
            data_type.item_field.with_type(change(data_type.item_type)),
        )
    return data_type
