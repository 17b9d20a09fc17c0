"""The local mask says of every row what SQL says: TRUE, FALSE or NULL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.evaluate import mask
from larkbase_sdk.read.predicate import (
    And,
    Compare,
    Constant,
    Contains,
    In,
    IsNull,
    Like,
    Not,
    Or,
    Predicate,
)
from larkbase_sdk.read.where import parse_where
from larkbase_sdk.schema.table_schema import TableSchema

ToBatch = Callable[[TableSchema, Sequence[Any]], pa.RecordBatch]


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """An independent SQL engine, in UTC."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def _ask(engine: duckdb.DuckDBPyConnection, batch: pa.RecordBatch, text: str) -> list[bool | None]:
    table = pa.Table.from_batches([batch]).append_column("place", pa.array(range(len(batch))))
    engine.register("deals", table)
    found = engine.execute(f"SELECT ({text}) FROM deals ORDER BY place").fetchall()
    return [value for (value,) in found]


@given(data=st.data())
def test_mask_agrees_with_an_independent_engine(
    data: st.DataObject,
    deals: TableSchema,
    rows: st.SearchStrategy[list[Any]],
    conditions: st.SearchStrategy[str],
    to_batch: ToBatch,
    engine: duckdb.DuckDBPyConnection,
) -> None:
    """For random rows and conditions, DuckDB gives the same TRUE, FALSE and NULL."""
    batch = to_batch(deals, data.draw(rows))
    text = data.draw(conditions)
    assert mask(parse_where(text, deals), batch).to_pylist() == _ask(engine, batch, text)


@given(data=st.data())
def test_decimal_columns_agree_with_an_independent_engine(
    data: st.DataObject, decimal_deals: TableSchema, engine: duckdb.DuckDBPyConnection
) -> None:
    """Numbers as decimal(38,18) are compared digit by digit."""
    numbers = st.decimals(-1000, 1000, places=18) | st.sampled_from([Decimal("0.1"), Decimal(0)])
    cells = data.draw(st.lists(st.none() | numbers, max_size=8))
    literals = st.sampled_from([str(cell) for cell in cells if cell] or ["0"]) | numbers.map(str)
    operator = data.draw(st.sampled_from(["=", "<>", "<", "<=", ">", ">="]))
    literal = format(Decimal(data.draw(literals)), "f")
    batch = pa.RecordBatch.from_pylist(
        [{"amount": cell} for cell in cells], schema=decimal_deals.to_arrow("sql")
    )
    text = f"amount {operator} {literal}"
    assert mask(parse_where(text, decimal_deals), batch).to_pylist() == _ask(engine, batch, text)


def _column(values: list[Any], dtype: pa.DataType) -> pa.RecordBatch:
    return pa.record_batch({"c": pa.array(values, dtype)})


MS = pa.timestamp("ms", tz="UTC")
AT = dt.datetime(2024, 1, 1, 0, 0, 0, 1000, tzinfo=dt.UTC)
HALF = dt.timedelta(microseconds=500)


@pytest.mark.parametrize(
    ("op", "literal", "expected"),
    [
        ("=", AT, [False, True, False, None]),
        ("=", AT + HALF, [False, False, False, None]),
        ("<>", AT + HALF, [True, True, True, None]),
        (">", AT + HALF, [False, False, True, None]),
        (">=", AT + HALF, [False, False, True, None]),
        ("<", AT + HALF, [True, True, False, None]),
        ("<=", AT - HALF, [True, False, False, None]),
        (">", AT - HALF, [False, True, True, None]),
    ],
)
def test_times_are_compared_finer_than_cells_are_stored(
    op: Any, literal: dt.datetime, expected: list[bool | None]
) -> None:
    """A literal between two milliseconds equals neither and is ordered between them."""
    step = dt.timedelta(milliseconds=1)
    batch = _column([AT - step, AT, AT + step, None], MS)
    assert mask(Compare("c", op, literal), batch).to_pylist() == expected


@pytest.mark.parametrize(
    ("dtype", "cells", "op", "literal", "expected"),
    [
        (pa.float64(), [0.1, 0.2], "=", Decimal("0.1"), [True, False]),
        (pa.float64(), [2.0**53, 2.0**53 + 2], "=", 2**53 + 1, [True, False]),
        (pa.float64(), [2.0**53, 2.0**53 + 2], ">", 2**53 + 1, [False, True]),
        (pa.float64(), [1e308, -1e308], "<", 10**400, [True, True]),
        (pa.float64(), [0.0, -0.0], "=", 0, [True, True]),
        (pa.float32(), [0.5, 0.1], "=", Decimal("0.1"), [False, False]),
        (pa.int8(), [-128, 127], "=", -128, [True, False]),
        (pa.int8(), [-128, 127], "<", 300, [True, True]),
        (pa.int8(), [-128, 127], ">", 300, [False, False]),
        (pa.int8(), [-128, 127], ">", -300, [True, True]),
        (pa.int8(), [-128, 127], "<", -300, [False, False]),
        (pa.int8(), [-128, 127], "<>", 300, [True, True]),
        (pa.int8(), [3, 4], ">=", 3.5, [False, True]),
        (pa.int8(), [3, 4], "<=", -3.5, [False, False]),
        (pa.int64(), [2**53, 2**53 + 1], "=", 2**53 + 1, [False, True]),
        (pa.int64(), [-(2**63)], "=", -(2**63), [True]),
        (pa.decimal128(38, 18), [Decimal("0.1")], "<", Decimal("0.1000000000000000001"), [True]),
        (pa.decimal128(38, 18), [Decimal(5)], "<", 10**30, [True]),
        (pa.decimal128(38, 18), [Decimal(5)], ">", -(10**30), [True]),
        (pa.date32(), [dt.date(2024, 1, 1)], "<", AT, [True]),
        (pa.timestamp("s"), [AT.replace(microsecond=0, tzinfo=None)], "<", AT, [True]),
        (pa.bool_(), [True, False], ">", False, [True, False]),
    ],
)
def test_numbers_are_compared_by_their_size(
    dtype: pa.DataType, cells: list[Any], op: Any, literal: Any, expected: list[bool]
) -> None:
    """Beyond a type's range or precision, a literal is still larger or smaller, never cut."""
    batch = _column([*cells, None], dtype)
    assert mask(Compare("c", op, literal), batch).to_pylist() == [*expected, None]


@pytest.mark.parametrize(
    ("dtype", "cells", "values", "expected"),
    [
        (pa.float64(), [0.0, -0.0, 1.0], (0,), [True, True, False]),
        (pa.int8(), [3, 4], (3, Decimal("3.5"), 300), [True, False]),
        (MS, [AT], (AT + HALF,), [False]),
        (MS, [AT], (AT + HALF, AT), [True]),
        (pa.string(), ["a", "A"], ("a",), [True, False]),
        (pa.bool_(), [True, False], (True,), [True, False]),
    ],
)
def test_in_finds_equal_values_only(
    dtype: pa.DataType, cells: list[Any], values: tuple[Any, ...], expected: list[bool]
) -> None:
    """IN means = for one of the values; NULL stays NULL, and a NULL in the list hides FALSE."""
    batch = _column([*cells, None], dtype)
    assert mask(In("c", values), batch).to_pylist() == [*expected, None]
    hidden = [True if found else None for found in expected]
    assert mask(In("c", values, has_null=True), batch).to_pylist() == [*hidden, None]


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (In("c", ()), [False, False]),
        (Not(In("c", ())), [True, True]),
        (In("c", (), has_null=True), [None, None]),
        (Compare("c", "=", None), [None, None]),
        (IsNull("c"), [False, True]),
        (And(()), [True, True]),
        (Or(()), [False, False]),
        (Constant(None), [None, None]),
        (And((Constant(None), Constant(False))), [False, False]),
        (Or((Constant(None), Constant(True))), [True, True]),
        (Not(Constant(None)), [None, None]),
    ],
)
def test_logic_has_three_values(predicate: Predicate, expected: list[bool | None]) -> None:
    """Constants, empty lists and NULL follow Kleene's logic."""
    assert mask(predicate, _column(["a", None], pa.string())).to_pylist() == expected


@pytest.mark.parametrize(
    ("like", "expected"),
    [
        (Like("c", "a%b"), [True, True, False]),
        (Like("c", "a_b"), [True, False, False]),
        (Like("c", "a!%b", "!"), [False, False, False]),
        (Like("c", "A%", None, True), [True, True, False]),
        (Like("c", "_"), [False, False, True]),
        (Like("c", ""), [False, False, False]),
    ],
)
def test_like_sees_line_breaks_and_whole_letters(like: Like, expected: list[bool]) -> None:
    """A wildcard matches a line break, and one letter of any script for one underscore."""
    batch = _column(["a\nb", "a\n\nb", "😀"], pa.string())
    assert mask(like, batch).to_pylist() == expected


@pytest.mark.parametrize(
    ("cell", "pattern", "expected"),
    [
        ("ABC", "a_c", True),
        ("abc", "A%", True),
        ("Ä", "ä", True),
        ("ß", "SS", False),
        ("\u212a", "k", True),
        ("ſ", "s", False),
    ],
)
def test_ilike_lowers_both_sides(cell: str, pattern: str, expected: bool) -> None:
    """Letter case goes by lower-casing letter by letter, as in DuckDB, not by case folding."""
    batch = _column([cell], pa.string())
    assert mask(Like("c", pattern, ignore_case=True), batch).to_pylist() == [expected]


def test_a_pattern_that_ends_with_its_escape_is_refused() -> None:
    """There is nothing left that could be escaped."""
    with pytest.raises(QueryError, match="escape character"):
        mask(Like("c", "a!", "!"), _column(["a"], pa.string()))


PERSON = pa.struct([("id", pa.string()), ("name", pa.string())])
LINK = pa.struct([("link_record_ids", pa.list_(pa.string()))])


@pytest.mark.parametrize(
    ("dtype", "cells"),
    [
        (pa.list_(pa.string()), [["x", "y"], [None], [], None]),
        (pa.list_(PERSON), [[{"id": "x"}, {"id": "y"}], [None], [{"id": None}], None]),
        (
            LINK,
            [
                {"link_record_ids": ["y", "x"]},
                {"link_record_ids": [None]},
                {"link_record_ids": []},
                {"link_record_ids": None},
            ],
        ),
    ],
)
def test_contains_looks_into_lists_people_and_links(dtype: pa.DataType, cells: list[Any]) -> None:
    """An element, a person's id or a linked record id is found; a missing list is NULL."""
    batch = _column(cells, dtype)
    assert mask(Contains("c", "x"), batch).to_pylist() == [True, False, False, None]
    assert mask(Contains("c", "x"), batch.slice(1)).to_pylist() == [False, False, None]


def test_contains_refuses_what_is_no_list_of_texts() -> None:
    """Searching numbers for a text is a mistake, not an empty answer."""
    with pytest.raises(QueryError, match="no list"):
        mask(Contains("c", "x"), _column([[1]], pa.list_(pa.int64())))


def test_members_of_structures_are_columns_of_their_own() -> None:
    """A member of an empty structure is NULL."""
    dtype = pa.struct([("text", pa.string())])
    batch = _column([{"text": "x"}, {"text": None}, None], dtype)
    assert mask(Compare("c.text", "=", "x"), batch).to_pylist() == [True, None, None]
    assert mask(IsNull("c.text"), batch).to_pylist() == [False, True, True]
    assert mask(IsNull("c"), batch).to_pylist() == [False, False, True]


def test_an_empty_batch_has_an_empty_mask(deals: TableSchema, to_batch: ToBatch) -> None:
    """No rows give a mask of no rows, of type boolean."""
    empty = to_batch(deals, [])
    for predicate in (Constant(True), Compare("name", "=", "x"), Contains("tags", "x")):
        assert mask(predicate, empty).equals(pa.array([], pa.bool_()))
