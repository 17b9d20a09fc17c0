"""Record batches take Athena's types without losing the time of day, and give them back."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from larkbase_server.protocol.errors import SchemaMismatch, UnsupportedArrowType
from larkbase_server.protocol.framing import without_columns
from larkbase_server.protocol.supported_types import check_schema
from larkbase_server.protocol.typed_values import python_values
from larkbase_server.protocol.wire_batches import from_wire, to_wire, wire_schema

UTC = pa.timestamp("ms", "UTC")
MOMENT = dt.datetime(2024, 2, 29, 23, 59, 58, 765000, tzinfo=dt.UTC)
CORE = pa.schema(
    [
        ("moment", UTC),
        ("moments", pa.list_(UTC)),
        ("nested", pa.struct([("at", UTC), ("n", pa.int32())])),
        ("by_name", pa.map_(pa.string(), UTC)),
        ("text", pa.large_string()),
        ("number", pa.decimal128(38, 18)),
    ],
    metadata={"source": "Orders"},
)
ROWS = [
    {
        "moment": MOMENT,
        "moments": [MOMENT, None],
        "nested": {"at": MOMENT, "n": 1},
        "by_name": [("a", MOMENT)],
        "text": "x",
        "number": 1,
    },
    dict.fromkeys(CORE.names),
]


@pytest.fixture
def batch() -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(ROWS, schema=CORE)


def test_timestamps_travel_as_date64_at_every_depth(batch):
    """With their time of day, and with the metadata of the schema."""
    schema = wire_schema(CORE)
    wire = to_wire(batch.columns, schema)

    check_schema(schema)
    assert schema.metadata == CORE.metadata
    assert wire.schema.equals(schema, check_metadata=True)
    assert python_values(wire.column("moment")) == [MOMENT, None]
    assert python_values(wire.column("moments")) == [[MOMENT, None], None]
    assert python_values(wire.column("nested")) == [{"at": MOMENT, "n": 1}, None]
    assert python_values(wire.column("by_name")) == [[("a", MOMENT)], None]


def test_the_engine_side_gets_timestamps_again(batch):
    """A date64 of Athena is a timestamp(3) without a zone."""
    wire = to_wire(batch.columns, wire_schema(CORE))
    plain = MOMENT.replace(tzinfo=None)
    back = from_wire(wire)

    assert back.schema.field("moment").type == pa.timestamp("ms")
    assert back.column("moment").to_pylist() == [plain, None]
    assert back.column("nested").to_pylist() == [{"at": plain, "n": 1}, None]
    assert back.column("moments").to_pylist() == [[plain, None], None]


def test_rows_without_columns_keep_their_number():
    """A query that only counts asks for no column at all."""
    assert from_wire(without_columns(2)).num_rows == 2


def test_a_column_of_another_type_is_an_error(batch):
    """Never a silent conversion."""
    with pytest.raises(SchemaMismatch, match="int32 was asked for"):
        to_wire([batch.column("text")], pa.schema([("text", pa.int32())]))


def test_a_moment_that_milliseconds_cannot_hold_is_an_error():
    """Microseconds are not cut in silence."""
    batch = pa.record_batch({"at": pa.array([1], pa.timestamp("us", "UTC"))})

    with pytest.raises(SchemaMismatch, match="cannot hold"):
        to_wire(batch.columns, pa.schema([("at", pa.date64())]))


@pytest.mark.parametrize(
    "data_type",
    [
        pa.timestamp("ms"),
        pa.timestamp("us", "UTC"),
        pa.timestamp("s", "UTC"),
        pa.uint8(),
        pa.time32("ms"),
        pa.float16(),
        pa.large_string(),
        pa.string_view(),
        pa.large_list(pa.int8()),
        pa.binary(4),
        pa.list_(pa.int8(), 2),
        pa.decimal256(50, 2),
        pa.null(),
        pa.duration("s"),
        pa.struct([]),
        pa.dictionary(pa.int8(), pa.string()),
        pa.list_(pa.struct([("a", pa.map_(pa.string(), pa.uint16()))])),
    ],
    ids=str,
)
def test_a_type_that_athena_cannot_read_names_its_column(data_type):
    """One such column would make the whole table unreadable, with a worse message."""
    with pytest.raises(UnsupportedArrowType, match="column 'odd'"):
        check_schema(pa.schema([("fine", pa.int32()), ("odd", data_type)]))


def test_every_readable_type_is_accepted(every_type):
    """The whole list of the protocol."""
    check_schema(every_type.schema)
