"""Codecs of schemas and blocks: base64 of Arrow messages, checked for types Athena can read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from larkbase_server.protocol import framing
from larkbase_server.protocol.codecs import must_be, read_base64, write_base64
from larkbase_server.protocol.errors import MalformedMessage
from larkbase_server.protocol.shape import Codec
from larkbase_server.protocol.supported_types import check_schema
from larkbase_server.protocol.versions import has_legacy_framing

if TYPE_CHECKING:
    import pyarrow as pa


def read_schema(value: Any, path: str) -> pa.Schema:
    """Return the schema of its base64 text, which version 1 wraps into ``{"schema": text}``.

    Raises:
        MalformedMessage: when it is no schema.
    """
    text = value.get("schema") if isinstance(value, Mapping) else value
    return framing.read_schema(read_base64(text, path), path)


def write_schema(schema: pa.Schema, version: int) -> str:
    """Return the base64 of a schema, without what pandas leaves in its metadata."""
    metadata = dict(schema.metadata or {})
    if metadata.pop(b"pandas", None) is not None:
        schema = schema.with_metadata(metadata or None)
    return write_base64(framing.schema_bytes(schema, legacy=has_legacy_framing(version)))


def read_block(value: Any, path: str) -> pa.RecordBatch:
    """Return the rows of a block ``{"aId", "schema", "records"}``.

    Raises:
        MalformedMessage: when it is no block.
    """
    if not isinstance(value, Mapping):
        must_be("a block", path)
    if value.get("schema") is None:
        msg = f"{path} lacks the member 'schema'."
        raise MalformedMessage(msg)
    schema = read_schema(value["schema"], f"{path}.schema")
    records = read_base64(value.get("records") or "", f"{path}.records")
    return framing.read_batch(records, schema, f"{path}.records")


def write_block(batch: pa.RecordBatch, version: int) -> dict[str, Any]:
    """Return the block of these rows, under a name of its own for Java's bookkeeping."""
    records = framing.record_bytes(batch, legacy=has_legacy_framing(version))
    return {
        "aId": str(uuid.uuid4()),
        "schema": write_schema(batch.schema, version),
        "records": write_base64(records),
    }


def _checked_schema(schema: pa.Schema, version: int) -> str:
    check_schema(schema)
    return write_schema(schema, version)


def _checked_block(batch: pa.RecordBatch, version: int) -> dict[str, Any]:
    check_schema(batch.schema)
    return write_block(batch, version)


SCHEMA = Codec(read_schema, _checked_schema)
"""A schema that Athena can read."""

BLOCK = Codec(read_block, _checked_block)
"""A record batch of a schema that Athena can read."""
