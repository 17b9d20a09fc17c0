"""The formats of data: each takes record batches one by one and writes bytes."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

from larkbase_sdk.errors import ConfigurationError
from larkbase_sdk.sinks.files import flat_schema, flatten, row_groups
from larkbase_sdk.sinks.values import json_text, plain_rows, refuse_intervals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa


class Format(StrEnum):
    """How data is written; ``table`` is for people."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"


BINARY = frozenset({Format.PARQUET, Format.ARROW})
"""Formats that a terminal cannot show."""

SUFFIXES: Mapping[str, Format] = MappingProxyType(
    {
        ".parquet": Format.PARQUET,
        ".csv": Format.CSV,
        ".arrow": Format.ARROW,
        ".feather": Format.ARROW,
        ".ndjson": Format.NDJSON,
        ".json": Format.JSON,
    }
)
"""Formats by the suffix of a file."""


def format_of(path: Path) -> Format:
    """Return the format that the suffix of a file stands for.

    Raises:
        ConfigurationError: for a suffix that stands for none.
    """
    found = SUFFIXES.get(path.suffix.lower())
    if found is None:
        msg = f'The name "{path.name}" does not tell the format of the file.'
        hint = f"Use one of the suffixes {', '.join(SUFFIXES)}, or give --format."
        raise ConfigurationError(msg, hint=hint)
    return found


def write(reader: pa.RecordBatchReader, chosen: Format, sink: IO[bytes], *, file: bool) -> int:
    """Write the batches of a reader as they come and return the number of rows.

    Args:
        reader: The rows.
        chosen: Any format but ``table``.
        sink: Where the bytes go; it need not be seekable.
        file: Whether the sink is a file; Arrow then gets the form with an index at its end,
            which is also called Feather, instead of the form for streams.
    """
    counted = _Counted(reader)
    if chosen is Format.ARROW:
        _write_arrow(counted, sink, file=file)
    else:
        _WRITERS[chosen](counted, sink)
    return counted.rows


class _Counted:
    """Batches that count their rows while they pass."""

    def __init__(self, reader: pa.RecordBatchReader) -> None:
        self.schema = reader.schema
        self.rows = 0
        self._reader = reader

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._reader:
            self.rows += len(batch)
            yield batch


def _write_ndjson(batches: _Counted, sink: IO[bytes]) -> None:
    import orjson

    for batch in batches:
        lines = [_json(row, option=orjson.OPT_APPEND_NEWLINE) for row in json_rows(batch)]
        sink.write(b"".join(lines))
        sink.flush()


def _write_json(batches: _Counted, sink: IO[bytes]) -> None:
    before = b"["
    for batch in batches:
        for row in json_rows(batch):
            sink.write(before + b"\n" + _json(row))
            before = b","
    sink.write(b"\n]\n" if before == b"," else b"[]\n")


def _json(row: Mapping[str, Any], *, option: int = 0) -> bytes:
    import orjson

    return orjson.dumps(row, default=json_text, option=option | orjson.OPT_UTC_Z)


def json_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the rows of a batch as values that JSON knows, and times as ISO 8601 text in UTC."""
    import pyarrow as pa

    flat = flat_schema(batch.schema)
    times = [
        field if pa.types.is_nested(field.type) else flat.field(i)
        for i, field in enumerate(batch.schema)
    ]
    return plain_rows(flatten(batch, pa.schema(times)))


def _write_csv(batches: _Counted, sink: IO[bytes]) -> None:
    from pyarrow import csv

    schema = flat_schema(batches.schema)
    with csv.CSVWriter(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(flatten(batch, schema))
            sink.flush()


def _write_parquet(batches: _Counted, sink: IO[bytes]) -> None:
    import pyarrow.parquet as pq

    refuse_intervals(batches.schema, "Parquet")
    with pq.ParquetWriter(sink, batches.schema) as writer:
        for group in row_groups(batches, batches.schema):
            writer.write_table(group, row_group_size=len(group))


def _write_arrow(batches: _Counted, sink: IO[bytes], *, file: bool) -> None:
    import pyarrow as pa

    new = pa.ipc.new_file if file else pa.ipc.new_stream
    with new(sink, batches.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


_WRITERS: Mapping[Format, Callable[[_Counted, IO[bytes]], None]] = MappingProxyType(
    {
        Format.JSON: _write_json,
        Format.NDJSON: _write_ndjson,
        Format.CSV: _write_csv,
        Format.PARQUET: _write_parquet,
    }
)
