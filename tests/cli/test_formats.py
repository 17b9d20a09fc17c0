"""Formats write batch by batch, and every value survives."""

from __future__ import annotations

import datetime as dt
import io
import json

import pyarrow as pa
import pyarrow.parquet
import pytest

from larkbase_sdk.cli.formats import Format, json_rows, write
from larkbase_sdk.errors import QueryError

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


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (pa.timestamp("ms", "UTC"), 253402300800000, "10000-01-01T00:00:00.000Z"),
        (pa.timestamp("s"), 9089080812800, "289991-07-04T14:13:20Z"),
        (pa.timestamp("us"), -62135596800000001, "0000-12-31T23:59:59.999999Z"),
        (pa.date32(), 2932897, "10000-01-01"),
        (pa.date32(), -719530, "-0001-12-30"),
        (pa.list_(pa.date32()), [2932897, None], ["10000-01-01", None]),
        (pa.struct({"at": pa.timestamp("ms")}), {"at": 253402300800000},
         {"at": "10000-01-01T00:00:00.000Z"}),
        (pa.map_(pa.date32(), pa.int8()), [(2932897, 1)], [["10000-01-01", 1]]),
    ],
)  # fmt: skip
def test_what_lies_beyond_the_calendar_of_python_is_text_all_the_same(kind, value, text):
    """Arrow and DuckDB know years before 1 and after 9999, a date of Python does not."""
    rows = pa.table({"When": pa.array([value, None], kind)})
    sink = io.BytesIO()

    write(rows.to_reader(), Format.JSON, sink, file=False)

    assert json.loads(sink.getvalue()) == [{"When": text}, {"When": None}]


def test_bytes_are_their_characters():
    """A BLOB of DuckDB can be written as JSON and as CSV, whatever is in it."""
    rows = pa.table({"Raw": [b"caf\xc3\xa9", b"a\xff"], "All": [[b"x"], [b"\xfe"]]})
    json_sink, csv_sink = io.BytesIO(), io.BytesIO()

    write(rows.to_reader(), Format.JSON, json_sink, file=False)
    write(rows.to_reader(), Format.CSV, csv_sink, file=False)

    assert json.loads(json_sink.getvalue()) == [
        {"Raw": "café", "All": ["x"]}, {"Raw": "a\\xff", "All": ["\\xfe"]},
    ]  # fmt: skip
    assert csv_sink.getvalue().decode().splitlines()[1].startswith('"café"')


def test_parquet_refuses_intervals_by_their_column():
    """The message names the column and a way out; a list of intervals is refused too."""
    rows = pa.table({"Took": pa.array([[(0, 1, 0)]], pa.list_(pa.month_day_nano_interval()))})

    with pytest.raises(QueryError, match=r"(?s)Parquet has no type .*\"Took\".*epoch\(Took\)"):
        write(rows.to_reader(), Format.PARQUET, io.BytesIO(), file=True)


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
