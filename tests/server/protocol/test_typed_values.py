"""Python values of every type go onto the wire and come back unchanged."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_server.protocol.errors import MalformedMessage, TimestampCorrected
from larkbase_server.protocol.messages import read_response, write_message
from larkbase_server.protocol.moments import millis_of, moment_of, pack, unpack
from larkbase_server.protocol.records import ReadRecordsResponse
from larkbase_server.protocol.typed_values import python_values, wire_array

NAIVE = dt.datetime(1970, 1, 1, 0, 0, 1)  # noqa: DTZ001 - that it has no zone is the point
MOMENTS = st.datetimes(timezones=st.just(dt.UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
PLAIN = {
    pa.bool_(): st.booleans(),
    pa.int8(): st.integers(-128, 127),
    pa.int16(): st.integers(-(2**15), 2**15 - 1),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.float64(): st.floats(allow_nan=False),
    pa.string(): TEXTS,
    pa.binary(): st.binary(max_size=8),
    pa.date32(): st.dates(),
    pa.date64(): MOMENTS,
    pa.timestamp("ms", "UTC"): MOMENTS,
    pa.decimal128(38, 18): st.integers(-(10**37), 10**37).map(lambda n: Decimal(n).scaleb(-18)),
}


@st.composite
def typed(draw: Any, depth: int = 2) -> tuple[pa.DataType, st.SearchStrategy[Any]]:
    """Draw a type that Athena reads, with the strategy of its values."""
    kind = draw(st.sampled_from(["plain", "list", "struct", "map"])) if depth else "plain"
    if kind == "plain":
        return draw(st.sampled_from(list(PLAIN.items())))
    if kind == "struct":
        members = draw(st.lists(typed(depth - 1), min_size=1, max_size=3))
        fields = [(f"m{index}", data_type) for index, (data_type, _) in enumerate(members)]
        values = {f"m{index}": st.none() | item for index, (_, item) in enumerate(members)}
        return pa.struct(fields), st.fixed_dictionaries(values)
    data_type, values = draw(typed(depth - 1))
    if kind == "list":
        return pa.list_(data_type), st.lists(st.none() | values, max_size=3)
    pairs = st.lists(st.tuples(TEXTS, st.none() | values), max_size=3)
    return pa.map_(pa.string(), data_type), pairs


@st.composite
def columns(draw: Any) -> tuple[pa.DataType, list[Any]]:
    """Draw a type and a column of its values."""
    data_type, values = draw(typed())
    return data_type, draw(st.lists(st.none() | values, max_size=5))


@given(columns())
def test_values_survive_the_wire(column):
    """Every type at every depth, NULLs included."""
    data_type, values = column
    array = wire_array(values, data_type)

    assert array.type == data_type
    assert python_values(array) == values


@given(columns(), st.sampled_from([2, 6]))
def test_columns_survive_a_block(column, version):
    """In both framings, and through JSON; the read side sees the same type."""
    data_type, values = column
    batch = pa.record_batch({"c": wire_array(values, data_type)})
    data = write_message(ReadRecordsResponse(catalog_name="c", records=batch), version)
    back = read_response(data).records

    assert back.schema == batch.schema
    assert python_values(back.column("c")) == values


@given(columns(), st.data())
def test_a_slice_is_read_from_its_own_rows(column, data):
    """Offsets of the parent do not shine through."""
    data_type, values = column
    start = data.draw(st.integers(0, len(values)))

    assert python_values(wire_array(values, data_type)[start:]) == values[start:]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_odd_numbers_are_kept(value):
    """Floating point columns may hold them."""
    (back,) = python_values(wire_array([value], pa.float64()))

    assert back == value or (math.isnan(back) and math.isnan(value))


def test_dates_with_a_time_of_day_are_milliseconds_on_the_wire():
    """pyarrow's own conversion would cut date64 to midnight."""
    moment = dt.datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=dt.UTC)
    array = wire_array([moment], pa.date64())

    assert array.view(pa.int64()).to_pylist() == [1_700_000_000_123]


def test_zoned_timestamps_are_packed():
    """Twelve bits for the zone, of which 0 is UTC; Tokyo reads as the same moment."""
    moment = moment_of(1_700_000_000_000)

    assert pack(1_700_000_000_000) == 6_963_200_000_000_000
    assert unpack(6_963_200_000_513_989) == 1_700_000_000_125
    assert wire_array([moment], pa.timestamp("ms", "UTC")).view(pa.int64())[0].as_py() == (
        6_963_200_000_000_000
    )


def test_moments_without_a_zone_mean_utc():
    """And one in another zone is the same moment in UTC."""
    tokyo = dt.timezone(dt.timedelta(hours=9))

    assert millis_of(NAIVE) == 1000
    assert millis_of(dt.datetime(1970, 1, 1, 9, 0, 1, tzinfo=tokyo)) == 1000
    assert millis_of(dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC)) == -1


@given(MOMENTS)
def test_every_moment_of_the_calendar_is_left_alone(moment):
    """No warning, no change, from year 1 to year 9999."""
    assert moment_of(millis_of(moment)) == moment


@pytest.mark.parametrize(
    "moment",
    [
        dt.datetime(2024, 5, 6, 7, 8, 9, 10000, tzinfo=dt.UTC),
        dt.datetime(1979, 1, 1, tzinfo=dt.UTC),
        dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
        dt.datetime(1950, 1, 1, tzinfo=dt.UTC),
    ],
)
def test_moments_sent_a_thousand_times_too_large_are_corrected(moment):
    """A known defect of the engine; the correction is never silent."""
    with pytest.warns(TimestampCorrected, match="outside the calendar"):
        found = moment_of(millis_of(moment) * 1000)

    assert found == moment


def test_what_no_calendar_holds_becomes_its_edge():
    """A condition on year 300,000,000 still means something."""
    with pytest.warns(TimestampCorrected):
        assert moment_of(2**63 - 1).year == 9999
    with pytest.warns(TimestampCorrected):
        assert moment_of(-(2**63)).year == 1
    with pytest.warns(TimestampCorrected):
        days = python_values(pa.array([2**31 - 1, -(2**31)], pa.int32()).view(pa.date32()))

    assert days == [dt.date.max, dt.date.min]


@pytest.mark.parametrize(
    ("value", "data_type"),
    [
        ("x", pa.int32()),
        (2**40, pa.int32()),
        (1, pa.string()),
        (Decimal("0.123"), pa.decimal128(5, 2)),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_refused(value, data_type):
    """By an error of this room that does not quote the value."""
    with pytest.raises(MalformedMessage, match="does not fit the Arrow type"):
        wire_array([value], data_type)
