"""Arrow IPC messages as bytes, in the framing of serde versions 1 and 2 and in that of the later.

A block consists of two pieces of an Arrow stream: the schema message and one record batch
message, without the marker of the stream's end. Both framings are read without being told which.
"""

from __future__ import annotations

import struct

import pyarrow as pa

from larkbase_server.protocol.errors import MalformedMessage

_LEGACY = pa.ipc.IpcWriteOptions(metadata_version=pa.ipc.MetadataVersion.V4, use_legacy_format=True)
_PREFIX = 4
"""Bytes before a message in legacy framing: its length. The end marker is as long."""


def schema_bytes(schema: pa.Schema, *, legacy: bool) -> bytes:
    """Return the schema message."""
    if legacy:
        return bytes(_legacy_messages(schema, None)[0])
    return bytes(schema.serialize())


def record_bytes(batch: pa.RecordBatch, *, legacy: bool) -> bytes:
    """Return the record batch message; without rows nothing at all.

    Athena's reader fails on an encoded batch whose body is empty.
    """
    if batch.num_rows == 0:
        return b""
    return bytes(legacy_record(batch) if legacy else batch.serialize())


def legacy_record(batch: pa.RecordBatch) -> memoryview:
    """Return the record batch message in legacy framing, as ``record_bytes``, without a copy."""
    if batch.num_rows == 0:
        return memoryview(b"")
    return _legacy_messages(batch.schema, batch)[1]


def _legacy_messages(
    schema: pa.Schema, batch: pa.RecordBatch | None
) -> tuple[memoryview, memoryview]:
    stream = _legacy_stream(schema, batch)
    cut = _PREFIX + struct.unpack_from("<i", stream)[0]
    return stream[:cut], stream[cut : len(stream) - _PREFIX]


def _legacy_stream(schema: pa.Schema, batch: pa.RecordBatch | None) -> memoryview:
    # A sink that grows as it is written takes four times as long for a block to spill.
    size = pa.MockOutputStream()
    _write_legacy(size, schema, batch)
    stream = pa.allocate_buffer(size.size())
    _write_legacy(pa.FixedSizeBufferWriter(stream), schema, batch)
    return memoryview(stream).cast("B")


def _write_legacy(sink: pa.NativeFile, schema: pa.Schema, batch: pa.RecordBatch | None) -> None:
    with pa.ipc.new_stream(sink, schema, options=_LEGACY) as writer:
        if batch is not None:
            writer.write_batch(batch)


def read_schema(data: bytes, path: str) -> pa.Schema:
    """Return the schema of a schema message.

    Raises:
        MalformedMessage: when the bytes are none; ``path`` says where they stood.
    """
    try:
        return pa.ipc.read_schema(pa.py_buffer(data))
    except (pa.ArrowException, OSError, ValueError) as error:
        msg = f"{path} is no Arrow schema message."
        raise MalformedMessage(msg) from error


def read_batch(data: bytes, schema: pa.Schema, path: str) -> pa.RecordBatch:
    """Return the rows of a record batch message; no bytes are no rows.

    Raises:
        MalformedMessage: when the bytes are no batch of this schema.
    """
    if not data:
        return empty_batch(schema)
    try:
        batch = pa.ipc.read_record_batch(pa.py_buffer(data), schema)
        batch.validate()
    except (pa.ArrowException, OSError, ValueError) as error:
        msg = f"{path} is no Arrow record batch message of its schema."
        raise MalformedMessage(msg) from error
    return batch


def without_columns(rows: int) -> pa.RecordBatch:
    """Return a batch that has rows but no columns, as a query that only counts wants it."""
    return pa.RecordBatch.from_struct_array(pa.nulls(rows, pa.struct([])))


def empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch of this schema without rows."""
    return pa.RecordBatch.from_arrays([pa.array([], item.type) for item in schema], schema=schema)
