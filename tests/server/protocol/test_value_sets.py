"""Value sets: what each says, how it looks on the wire, and what makes no sense."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_server.protocol.arrow_types import ArrowType
from larkbase_server.protocol.constraints import CONSTRAINTS, Constraints
from larkbase_server.protocol.errors import (
    MalformedMessage,
    TimestampCorrected,
    UnsupportedArrowType,
)
from larkbase_server.protocol.value_blocks import VALUE_BLOCK, ValueBlock
from larkbase_server.protocol.value_sets import (
    VALUE_SET,
    AllOrNoneValueSet,
    EquatableValueSet,
    Marker,
    Range,
    SortedRangeSet,
)

FLOAT = pa.float64()
NUMBERS = st.none() | st.floats(allow_nan=False)


@st.composite
def ranges(draw):
    """Draw a range of numbers with any kind of ends."""
    return Range.between(
        FLOAT,
        low=draw(NUMBERS),
        high=draw(NUMBERS),
        low_inclusive=draw(st.booleans()),
        high_inclusive=draw(st.booleans()),
    )


VALUE_SETS = st.one_of(
    st.builds(
        SortedRangeSet,
        st.just(ArrowType.of(FLOAT)),
        st.lists(ranges(), max_size=3).map(tuple),
        st.booleans(),
    ),
    st.builds(
        EquatableValueSet,
        st.lists(st.text(st.characters(codec="utf-8")), max_size=3).map(
            lambda texts: ValueBlock(pa.string(), tuple(texts))
        ),
        st.booleans(),
        st.booleans(),
    ),
    st.builds(AllOrNoneValueSet, st.just(ArrowType("Struct")), st.booleans(), st.booleans()),
)


@given(st.dictionaries(st.text(max_size=5), VALUE_SETS, max_size=3), st.sampled_from([2, 4, 6]))
def test_value_sets_survive_the_wire(summary, version):
    """Of every kind, with any ends, in both framings."""
    demands = Constraints(summary=summary)

    assert CONSTRAINTS.read(CONSTRAINTS.write(demands, version), "constraints") == demands


@pytest.mark.parametrize(
    ("made", "low", "high"),
    [
        (Range.between(FLOAT, low=1.0), ("EXACTLY", 1.0), ("BELOW", None)),
        (Range.between(FLOAT, low=1.0, low_inclusive=False), ("ABOVE", 1.0), ("BELOW", None)),
        (Range.between(FLOAT, high=1.0), ("ABOVE", None), ("EXACTLY", 1.0)),
        (Range.between(FLOAT, high=1.0, high_inclusive=False), ("ABOVE", None), ("BELOW", 1.0)),
        (Range.point(1.0, FLOAT), ("EXACTLY", 1.0), ("EXACTLY", 1.0)),
        (Range.between(FLOAT), ("ABOVE", None), ("BELOW", None)),
    ],
)
def test_ranges_end_as_the_protocol_says(made, low, high):
    """``>=``, ``>``, ``<=``, ``<``, ``=`` and everything."""
    assert (made.low.bound, made.low.value) == low
    assert (made.high.bound, made.high.value) == high
    assert made.is_point == (low == high)
    assert made.is_all == (low[1] is None and high[1] is None)


def test_a_marker_holds_one_row_of_one_column():
    """The column is called col1, whatever the table's column is called; infinity has no row."""
    made = SortedRangeSet(ArrowType.of(FLOAT), (Range.between(FLOAT, low=1.0),))
    data = VALUE_SET.write(made, 6)["ranges"][0]

    assert list(data["low"]) == ["valueBlock", "bound", "nullValue"]
    assert data["low"]["nullValue"] is False
    assert data["high"]["valueBlock"]["records"] == ""
    assert data["high"]["nullValue"] is True


def test_moments_of_markers_are_aware_datetimes():
    """In UTC, whether the column is date64 or a packed timestamp."""
    moment = dt.datetime(2024, 2, 29, 12, 30, tzinfo=dt.UTC)
    for data_type in (pa.date64(), pa.timestamp("ms", "UTC")):
        made = SortedRangeSet(ArrowType.of(data_type), (Range.point(moment, data_type),))
        back = VALUE_SET.read(VALUE_SET.write(made, 6), "set")

        assert back.ranges[0].low.value == moment
        assert back.ranges[0].low.value.tzinfo is dt.UTC


def test_a_marker_that_was_multiplied_by_a_thousand_is_corrected():
    """On the way in, with a warning; the set means the moment that the query named."""
    moment = dt.datetime(2024, 2, 29, 12, 30, tzinfo=dt.UTC)
    wrong = pa.array([int(moment.timestamp() * 1_000_000)], pa.int64()).view(pa.date64())
    block = {"aId": "a", **_block(pa.record_batch({"col1": wrong}))}
    marker = {"valueBlock": block, "bound": "EXACTLY", "nullValue": False}
    data = {
        "@type": "SortedRangeSet",
        "type": {"@type": "Date", "unit": "MILLISECOND"},
        "ranges": [{"low": marker, "high": marker}],
        "nullAllowed": False,
    }

    with pytest.warns(TimestampCorrected):
        found = VALUE_SET.read(data, "set")

    assert found.ranges[0] == Range.point(moment, pa.date64())


def _block(batch: pa.RecordBatch) -> dict[str, str]:
    from larkbase_server.protocol.arrow_codecs import BLOCK

    written = BLOCK.write(batch, 6)
    return {"schema": written["schema"], "records": written["records"]}


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (Marker.at(1.0, FLOAT, "BELOW"), Marker.at(2.0, FLOAT)),
        (Marker.at(1.0, FLOAT), Marker.at(2.0, FLOAT, "ABOVE")),
        (Marker.open(FLOAT, "EXACTLY"), Marker.at(2.0, FLOAT)),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(low, high):
    """A filter that is misread drops rows, so it fails the query instead."""
    with pytest.raises(MalformedMessage):
        Range(low, high)


@pytest.mark.parametrize("values", [(), (1.0, 2.0), (None,)])
def test_a_marker_without_exactly_one_value_is_refused(values):
    """Unless it says that it has none."""
    with pytest.raises(MalformedMessage, match="one row"):
        Marker(ValueBlock(FLOAT, values), "EXACTLY")

    assert Marker(ValueBlock(FLOAT, values), "ABOVE", null_value=True).value is None


def test_errors_say_where_in_the_message_they_are():
    """With the path, and without the value."""
    made = SortedRangeSet(ArrowType.of(FLOAT), (Range.point(42.5, FLOAT),))
    data = VALUE_SET.write(made, 6)
    data["ranges"][0]["low"]["bound"] = "NEAR"

    with pytest.raises(MalformedMessage) as caught:
        CONSTRAINTS.read({"summary": {"amount": data}}, "constraints")

    assert str(caught.value) == (
        "constraints.summary.amount.ranges[0].low.bound must be one of BELOW, EXACTLY, ABOVE."
    )


def test_a_value_block_has_one_column():
    """Anything else is no value block."""
    batch = pa.record_batch({"a": [1], "b": [2]})

    with pytest.raises(MalformedMessage, match="one column"):
        VALUE_BLOCK.read({"aId": "a", **_block(batch)}, "block")


def test_a_literal_that_is_no_text_is_refused():
    """Bytes that are not UTF-8 in a column of texts."""
    buffers = pa.array([b"\xff\xfe"], pa.binary()).buffers()
    broken = pa.StringArray.from_buffers(1, buffers[1], buffers[2])

    with pytest.raises(MalformedMessage, match="readable values"):
        VALUE_BLOCK.read({"aId": "a", **_block(pa.record_batch({"col1": broken}))}, "block")


@pytest.mark.parametrize(
    ("data_type", "name", "parameters"),
    [
        (pa.int8(), "Int", (8, True)),
        (pa.uint64(), "Int", (64, False)),
        (pa.float32(), "FloatingPoint", ("SINGLE",)),
        (pa.decimal128(20, 4), "Decimal", (20, 4)),
        (pa.date32(), "Date", ("DAY",)),
        (pa.date64(), "Date", ("MILLISECOND",)),
        (pa.timestamp("ms", "UTC"), "Timestamp", ("MILLISECOND", "UTC")),
        (pa.timestamp("us"), "Timestamp", ("MICROSECOND", None)),
        (pa.string(), "Utf8", ()),
        (pa.binary(), "Binary", ()),
        (pa.bool_(), "Bool", ()),
        (pa.struct([("a", pa.int8())]), "Struct", ()),
        (pa.list_(pa.int8()), "List", ()),
        (pa.map_(pa.string(), pa.int8()), "Map", ()),
    ],
)
def test_types_have_the_names_of_the_protocol(data_type, name, parameters):
    """Nested types say nothing of their children."""
    assert ArrowType.of(data_type) == ArrowType(name, parameters)


def test_a_type_without_a_name_is_refused():
    """The protocol names no duration."""
    with pytest.raises(UnsupportedArrowType, match="duration"):
        ArrowType.of(pa.duration("ms"))
