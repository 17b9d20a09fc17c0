"""Formats write batch by batch, and every value survives."""

from __future__ import annotations

import datetime as dt
import io
import json

import pyarrow as pa
import pyarrow.parquet
import pytest

from larkbase_sdk.cli.formats import Format, json_rows, write

SCHEMA = pa.schema([
    ("record_id", pa.string()),
    ("Amount", pa.float64()),
    ("Price", pa.decimal128(38, 18)),
    ("When", pa.timestamp("ms", "UTC")),
    ("People", pa.list_(pa.struct([("id", pa.string()), ("name", pa.string())]))),
    ("Times", pa.list_(pa.timestamp("ms", "UTC"))),
    ("Done", pa.bool_()),
])  # fmt: skip


def batch(*rows):
    return pa.RecordBatch.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows],
                                      SCHEMA)  # fmt: skip


def test_nested_values_and_times_are_plain_json():
    """Lists and structs are JSON, times are ISO 8601 in UTC, decimals keep their digits."""
    when = dt.datetime(2025, 1, 2, 3, 4, 5, 678000, dt.UTC)
    filled = ("rec1", 1.5, 2, when, [{"id": "ou_1", "name": "客户"}], [when], True)
    empty = ("rec2", None, None, None, None, None, None)
    sink = io.BytesIO()

    rows = write(reader([batch(filled, empty)]), Format.NDJSON, sink, file=False)

    first, second = (json.loads(line) for line in sink.getvalue().splitlines())
    assert rows == 2
    assert first == {
        "record_id": "rec1",
        "Amount": 1.5,
        "Price": "2.000000000000000000",
        "When": "2025-01-02T03:04:05.678Z",
        "People": [{"id": "ou_1", "name": "客户"}],
        "Times": ["2025-01-02T03:04:05.678000Z"],
        "Done": True,
    }
    assert second == dict.fromkeys(SCHEMA.names) | {"record_id": "rec2"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((0, 1, 3_500_000_000), "P0M1DT3.5S"),
        ((14, -2, 0), "P14M-2DT0S"),
        ((0, 0, -1_000_000), "P0M0DT-0.001S"),
    ],
)
def test_intervals_are_iso_8601_durations(value, text):
    """The difference of two times can be written as JSON and as CSV."""
    column = pa.array([value, None], pa.month_day_nano_interval())
    rows = pa.RecordBatch.from_arrays([column], ["Took"])
    sink = io.BytesIO()

    write(pa.Table.from_batches([rows]).to_reader(), Format.CSV, sink, file=False)

    assert json_rows(rows) == [{"Took": text}, {"Took": None}]
    assert sink.getvalue().decode().splitlines()[:2] == ['"Took"', f'"{text}"']


def test_a_time_beyond_the_calendar_of_python_is_text_all_the_same():
    """Arrow holds the year 10000, a datetime does not."""
    column = pa.array([253402300800000], pa.timestamp("ms", "UTC"))
    rows = json_rows(pa.RecordBatch.from_arrays([column], ["When"]))

    assert rows == [{"When": "10000-01-01T00:00:00.000Z"}]


def reader(batches):
    return pa.RecordBatchReader.from_batches(SCHEMA, iter(batches))


@pytest.mark.parametrize("chosen", [Format.NDJSON, Format.CSV, Format.JSON])
def test_text_formats_write_a_batch_before_they_ask_for_the_next(chosen):
    """Memory stays flat: what was read is written before more is read."""
    seen = []
    sink = io.BytesIO()

    def batches():
        for number in range(3):
            seen.append(sink.tell())
            yield batch((f"rec{number}", 1.0, None, None, None, None, None))

    source = pa.RecordBatchReader.from_batches(SCHEMA, batches())
    rows = write(source, chosen, sink, file=False)

    assert rows == 3
    assert seen[0] < seen[1] < seen[2] < sink.tell()


@pytest.mark.parametrize("chosen", [chosen for chosen in Format if chosen is not Format.TABLE])
def test_every_format_writes_a_readable_nothing(chosen):
    """No rows are a valid document in every format."""
    sink = io.BytesIO()

    assert write(reader([]), chosen, sink, file=True) == 0
    content = sink.getvalue()
    if chosen is Format.JSON:
        assert json.loads(content) == []
    elif chosen is Format.NDJSON:
        assert content == b""
    elif chosen is Format.CSV:
        assert content.decode().count(",") == len(SCHEMA) - 1
    elif chosen is Format.PARQUET:
        assert pa.parquet.read_table(io.BytesIO(content)).schema.names == SCHEMA.names
    else:
        assert pa.ipc.open_file(content).schema == SCHEMA
