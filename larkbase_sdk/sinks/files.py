"""Write a stream of record batches to files that appear only when they are complete."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import time
from secrets import token_hex
from typing import TYPE_CHECKING

from larkbase_sdk.errors import ConfigurationError
from larkbase_sdk.sinks.values import json_text, plain_values, times_as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

_ROWS_IN_GROUP = 50_000
_BYTES_IN_GROUP = 64 * 2**20
_SCRATCH = ".part"
_LONGEST_STEM = 240
"""Bytes of a file's name in that of its scratch file, which may have 255 with all its parts."""
_DAY = 24 * 60 * 60
"""Seconds."""


@contextlib.contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """Yield a path to write to; it replaces ``path`` at the end, or vanishes on an error.

    Raises:
        ConfigurationError: when the folder is not there.
    """
    check_folder(path)
    scratch = path.with_name(f"{_scratch_stem(path.name)}{token_hex(4)}{_SCRATCH}")
    try:
        yield scratch
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


@contextlib.contextmanager
def exported_file(path: Path) -> Iterator[Path]:
    """As ``complete_file``, for a file that a user names.

    A link is followed, and a file that was there before keeps its mode. What a killed process
    left behind vanishes a day later, with the next file of that name.
    """
    target = path.resolve()
    _remove_leftovers(target)
    with complete_file(target) as scratch:
        yield scratch
        if target.exists():
            shutil.copymode(target, scratch)


def _scratch_stem(name: str) -> str:
    """Return how the names of scratch files for a file begin, with room for their ends."""
    return f".{os.fsencode(name)[:_LONGEST_STEM].decode(errors='ignore')}."


def _remove_leftovers(path: Path) -> None:
    """Remove scratch files for a file that nobody has written to for a day."""
    for scratch in path.parent.glob(f"{glob.escape(_scratch_stem(path.name))}*{_SCRATCH}"):
        with contextlib.suppress(OSError):
            if scratch.stat().st_mtime < time.time() - _DAY:
                scratch.unlink()


def check_folder(path: Path) -> None:
    """Raise a ConfigurationError when a file cannot be there.

    There is no folder for it, it is one, or it is a pipe or a device, which would be replaced.
    """
    if path.exists() and not (path.is_dir() or path.is_file()):
        msg = f'"{path}" is no file that can be replaced.'
        raise ConfigurationError(msg, hint="Name a file; in a terminal --to - writes to stdout.")
    if path.is_dir():
        msg = f'"{path}" is a folder.'
        raise ConfigurationError(msg, hint="Name a file in it.")
    if not path.parent.is_dir():
        msg = f'There is no folder "{path.parent}".'
        raise ConfigurationError(msg, hint="Make the folder first, or name another one.")


def write_parquet(reader: pa.RecordBatchReader, path: Path) -> Path:
    """Write the batches to a Parquet file, or where a link leads, and return its path."""
    import pyarrow.parquet as pq

    with (
        exported_file(path) as scratch,
        pq.ParquetWriter(scratch, reader.schema) as writer,
    ):
        for group in row_groups(reader, reader.schema):
            writer.write_table(group, row_group_size=len(group))
    return path


def row_groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield the rows in the groups in which readers of Parquet files skip them.

    Pages are far too small for that. A group is held in memory until it is complete.
    """
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        waiting.append(batch)
        rows += len(batch)
        size += batch.nbytes
        if rows >= _ROWS_IN_GROUP or size >= _BYTES_IN_GROUP:
            yield _group(waiting, schema)
            waiting, rows, size = [], 0, 0
    if rows:
        yield _group(waiting, schema)


def _group(batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    same = [pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in batches]
    return pa.Table.from_batches(same, schema=schema)


def write_csv(reader: pa.RecordBatchReader, path: Path) -> Path:
    """Write the batches to a CSV file, or where a link leads, and return its path."""
    from pyarrow import csv

    schema = flat_schema(reader.schema)
    with exported_file(path) as scratch, csv.CSVWriter(scratch, schema) as writer:
        for batch in reader:
            writer.write_batch(flatten(batch, schema))
    return path


def flat_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema with nested columns, times, intervals and bytes as text."""
    import pyarrow as pa

    flat = [
        field.with_type(pa.string()) if _becomes_text(field.type) else field for field in schema
    ]
    return pa.schema(flat)


def _becomes_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    is_bytes = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    is_time = pa.types.is_timestamp(kind) or pa.types.is_interval(kind)
    return is_bytes or is_time or bool(pa.types.is_nested(kind))


def flatten(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch with nested cells as JSON text, times and intervals as ISO 8601 text."""
    import pyarrow as pa

    columns = [
        column if column.type == field.type else _as_text(column)
        for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _as_text(column: pa.Array) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        return times_as_text(column)
    cell_text = _json_of if pa.types.is_nested(column.type) else json_text
    texts = [None if value is None else cell_text(value) for value in plain_values(column)]
    return pa.array(texts, pa.string())


def _json_of(value: object) -> str:
    import orjson

    return orjson.dumps(value, default=json_text).decode()
