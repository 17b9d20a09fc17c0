"""Write a stream of record batches to files that appear only when they are complete."""

from __future__ import annotations

import contextlib
from secrets import token_hex
from typing import TYPE_CHECKING

from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

_ROWS_IN_GROUP = 50_000
_BYTES_IN_GROUP = 64 * 2**20


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
    """Write the batches to a Parquet file and return its path."""
    import pyarrow.parquet as pq

    with complete_file(path) as scratch, pq.ParquetWriter(scratch, reader.schema) as writer:
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
    """Write the batches to a CSV file and return its path."""
    from pyarrow import csv

    schema = flat_schema(reader.schema)
    with complete_file(path) as scratch, csv.CSVWriter(scratch, schema) as writer:
        for batch in reader:
            writer.write_batch(flatten(batch, schema))
    return path


def flat_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema with nested columns, times and intervals as text."""
    import pyarrow as pa

    as_text = (pa.types.is_nested, pa.types.is_timestamp, pa.types.is_interval)
    flat = [
        field.with_type(pa.string()) if any(test(field.type) for test in as_text) else field
        for field in schema
    ]
    return pa.schema(flat)


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
    import pyarrow.compute as pc

    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_interval(column.type):
        return pa.array(map(_interval_text, column.to_pylist()), pa.string())
    import orjson

    texts = [
        None if value is None else orjson.dumps(value, default=str).decode()
        for value in column.to_pylist()
    ]
    return pa.array(texts, pa.string())


def _interval_text(value: pa.MonthDayNano | None) -> str | None:
    """Return an interval as an ISO 8601 duration, such as ``P1M2DT3.5S``."""
    if value is None:
        return None
    seconds, rest = divmod(abs(value.nanoseconds), 10**9)
    sign = "-" if value.nanoseconds < 0 else ""
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return f"P{value.months}M{value.days}DT{sign}{seconds}{fraction}S"
