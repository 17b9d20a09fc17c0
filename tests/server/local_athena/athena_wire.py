"""The wire of Athena's federation protocol, written from its description for tests alone.

Nothing of the protocol package is used, so that a mistake there cannot hide behind the same mistake
on the other side.
"""

from __future__ import annotations

import base64
import datetime as dt
import struct
from typing import Any

import pyarrow as pa


def text_of(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def encode_schema(schema: pa.Schema) -> str:
    """Return the schema message of serde 3 and later."""
    return text_of(bytes(schema.serialize()))


def encode_block(batch: pa.RecordBatch) -> dict[str, str]:
    """Return a block of serde 3 and later."""
    records = bytes(batch.serialize()) if batch.num_rows else b""
    return {"aId": "1", "schema": encode_schema(batch.schema), "records": text_of(records)}


def legacy_record_bytes(batch: pa.RecordBatch) -> bytes:
    """Return the record batch message in the framing of spilled objects."""
    options = pa.ipc.IpcWriteOptions(
        metadata_version=pa.ipc.MetadataVersion.V4, use_legacy_format=True
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    raw = sink.getvalue().to_pybytes()
    cut = 4 + struct.unpack_from("<i", raw)[0]
    return raw[cut : len(raw) - 4]


def decode_schema(value: str) -> pa.Schema:
    """Return the schema of a request."""
    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(value)))


def decode_block(block: dict[str, str]) -> pa.RecordBatch:
    """Return the rows of a block."""
    schema, raw = decode_schema(block["schema"]), base64.b64decode(block["records"])
    if not raw:
        return pa.RecordBatch.from_pylist([], schema=schema)
    return pa.ipc.read_record_batch(pa.py_buffer(raw), schema)


def values_of(array: pa.Array) -> list[Any]:
    """Return Python values in which moments are the numbers of the wire."""
    if pa.types.is_date64(array.type) or pa.types.is_timestamp(array.type):
        return array.view(pa.int64()).to_pylist()
    return array.to_pylist()


def passes(value: Any, values: dict[str, Any]) -> bool:
    """Tell whether a cell passes a value set of the wire."""
    if value is None:
        return bool(values["nullAllowed"])
    match values["@type"]:
        case "AllOrNoneValueSet":
            return True
        case "EquatableValueSet":
            listed = values_of(decode_block(values["valueBlock"]).column("col1"))
            return (value in listed) is values["whiteList"]
    return any(_in_range(value, item) for item in values["ranges"])


def _in_range(value: Any, item: dict[str, Any]) -> bool:
    low, high = item["low"], item["high"]
    if not low["nullValue"]:
        (at,) = values_of(decode_block(low["valueBlock"]).column("col1"))
        if value < at or (value == at and low["bound"] != "EXACTLY"):
            return False
    if not high["nullValue"]:
        (at,) = values_of(decode_block(high["valueBlock"]).column("col1"))
        if value > at or (value == at and high["bound"] != "EXACTLY"):
            return False
    return True


def moments(*values: str | None) -> pa.Array:
    """Return times as the wire carries them."""
    millis = [
        None
        if value is None
        else int(dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC).timestamp() * 1000)
        for value in values
    ]
    return pa.array(millis, pa.int64()).view(pa.date64())
