"""Write a stream of record batches to files that appear only when they are complete."""

from __future__ import annotations

import contextlib
from secrets import token_hex
from typing import TYPE_CHECKING

from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa


@contextlib.contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """Yield a path to write to; it replaces ``path`` at the end, or vanishes on an error.

    Raises:
        ConfigurationError: when the folder is not there.
    """
    check_folder(path)
    scratch = path.with_name(f".{path.name}.{token_hex(4)}.part")
    try:
        yield scratch
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def check_folder(path: Path) -> None:
    """Raise a ConfigurationError when a file cannot be there: no folder for it, or it is one."""
    if path.is_dir():
        msg = f'"{path}" is a folder.'
        raise ConfigurationError(msg, hint="Name a file in it.")
    if not path.parent.is_dir():
        msg = f'There is no folder "{path.parent}".'
        raise ConfigurationError(msg, hint="Make the folder first, or name another one.")


def write_parquet(reader: pa.RecordBatchReader, path: Path) -> Path:
    """Write the batches to a Parquet file and return its path."""
    import pyarrow.parquet as pq

    with complete_file(path) as scratch, pq.ParquetWriter(scratch, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
    return path


def write_csv(reader: pa.RecordBatchReader, path: Path) -> Path:
    """Write the batches to a CSV file and return its path."""
    from pyarrow import csv

    schema = flat_schema(reader.schema)
    with complete_file(path) as scratch, csv.CSVWriter(scratch, schema) as writer:
        for batch in reader:
            writer.write_batch(flatten(batch, schema))
    return path


def flat_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema with nested columns and times as text."""
    import pyarrow as pa

    flat = [
        field.with_type(pa.string())
        if pa.types.is_nested(field.type) or pa.types.is_timestamp(field.type)
        else field
        for field in schema
    ]
    return pa.schema(flat)


def flatten(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch whose nested cells are JSON text and whose times are ISO 8601 text."""
    import pyarrow as pa

    columns = [
        column if column.type == field.type else _as_text(column)
        for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _as_text(column: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
    import orjson

    texts = [
        None if value is None else orjson.dumps(value, default=str).decode()
        for value in column.to_pylist()
    ]
    return pa.array(texts, pa.string())
