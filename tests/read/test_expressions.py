"""pyarrow expressions filter exactly, and as much of them as is understood can be pushed down."""

from __future__ import annotations

import datetime as dt
import functools
import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.api.models import Field
from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.evaluate import mask
from larkbase_sdk.read.expressions import from_expression
from larkbase_sdk.read.predicate import (
    And,
    Compare,
    Constant,
    In,
    IsNull,
    Like,
    Not,
    Or,
    Predicate,
)
from larkbase_sdk.read.serialised import Call, FieldRef, Literal, Node, decode_expression
from larkbase_sdk.schema.table_schema import TableSchema, build_schema

field = pc.field
NEW_YEAR = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
NULL = pc.scalar(pa.scalar(None, pa.bool_()))
NAME_IS_X = Compare("name", "=", "x")
UPPER_IS_X = pc.equal(pc.utf8_upper(field("Name")), "x")

ToBatch = Callable[[TableSchema, Sequence[Any]], pa.RecordBatch]


def test_the_private_form_of_expressions_is_the_one_that_is_read() -> None:
    """Arrow's serialised expressions still have the form that `serialised.py` reads.

    If this fails after an update of pyarrow, nothing is wrong with answers: expressions are then
    only applied here and no longer pushed down. Print `expression.__reduce__()[1][0]` opened with
    `pa.ipc.open_file`, compare its schema's metadata with the walk in `_Decoder`, and adapt that.
    """
    choice = pc.is_in(field("a"), pa.array(["x", None]))
    expression = (field("a") > 5) & ~choice | field("s", "m").is_null(nan_is_null=True)
    found = {
        "value_set": ["x", None],
        "null_matching_behavior": 0,
        "_type_name": b"SetLookupOptions",
    }
    nan = {"nan_is_null": True, "_type_name": b"NullOptions"}
    assert _plain(decode_expression(expression)) == (
        "or_kleene",
        (
            "and_kleene",
            ("greater", ["a"], 5),
            ("invert", ("is_in", ["a"], found)),
        ),
        ("is_null", ["s", "m"], nan),
    )


def _plain(node: Node) -> Any:
    match node:
        case FieldRef(names):
            return list(names)
        case Literal(scalar):
            return scalar.as_py()
        case Call(name, operands, options):
            more = [] if options is None else [options.as_py()]
            return (name, *map(_plain, operands), *more)


IN_OPEN = And((In("status", ("Open",)), Not(IsNull("status"))))


@pytest.mark.parametrize(
    ("expression", "predicate"),
    [
        (field("fldAmount") > 5, Compare("amount", ">", 5)),
        (field("Amount") == Decimal("1.50"), Compare("amount", "=", Decimal("1.50"))),
        (pc.scalar(5) <= field("amount"), Compare("amount", ">=", 5)),
        (field("Stars") != 3, Compare("stars", "<>", 3)),
        (field("Due date") >= NEW_YEAR, Compare("due_date", ">=", NEW_YEAR)),
        (field("Due date") < dt.date(2024, 1, 1), Compare("due_date", "<", NEW_YEAR)),
        (field("Due date") == pa.scalar(1_704_067_200_000, pa.timestamp("ms", "Asia/Tokyo")),
         Compare("due_date", "=", NEW_YEAR)),
        (field("Due date") == pa.scalar(NEW_YEAR.isoformat()).cast(pa.timestamp("ns", "UTC")),
         Compare("due_date", "=", NEW_YEAR)),
        (field("Due date") == pc.scalar("2024-01-01T00:00:00Z").cast(pa.timestamp("s", "UTC")),
         Compare("due_date", "=", NEW_YEAR)),
        (field("Name") == pa.scalar("x", pa.large_string()), NAME_IS_X),
        (field("Name") == pc.scalar(pa.scalar(None, pa.string())), Compare("name", "=", None)),
        (field("record_id") == "rec1", Compare("record_id", "=", "rec1")),
        (field("Site", "text") == "x", Compare("site.text", "=", "x")),
        (field("Done"), Compare("done", "=", True)),
        (~field("Done"), Not(Compare("done", "=", True))),
        (pc.scalar(True), Constant(True)),
        (NULL & field("Done"), And((Constant(None), Compare("done", "=", True)))),
        (field("Name").is_valid(), Not(IsNull("name"))),
        (field("Amount").is_null(), IsNull("amount")),
        (field("Files").is_null(nan_is_null=True), IsNull("files")),
        (field("Status").isin(["Open"]), IN_OPEN),
        (field("Status").isin(["Open", None]), Or((IN_OPEN, IsNull("status")))),
        (pc.is_in(field("Status"), pa.array(["Open", None]), skip_nulls=True), IN_OPEN),
        (pc.if_else(field("Status").is_valid(), field("Status").isin(["Open"]), NULL),
         In("status", ("Open",))),
        (pc.match_like(field("Name"), "a%"), Like("name", "a%")),
        (pc.starts_with(field("Name"), "50%"), Like("name", "50\\%%", "\\")),
        (pc.match_substring(field("Name"), "a", ignore_case=True),
         Like("name", "%a%", "\\", ignore_case=True)),
        ((field("Name") == "x") & field("Name").is_valid(),
         And((NAME_IS_X, Not(IsNull("name"))))),
    ],
)  # fmt: skip
def test_what_is_understood_becomes_a_predicate(
    expression: pc.Expression, predicate: Predicate, deals: TableSchema
) -> None:
    """The predicate says of each row just what the expression says."""
    found = from_expression(expression, deals)
    assert (found.predicate, found.complete) == (predicate, True)


@pytest.mark.parametrize(
    ("expression", "predicate"),
    [
        (UPPER_IS_X, None),
        (~UPPER_IS_X, None),
        (UPPER_IS_X | (field("Name") == "x"), None),
        (UPPER_IS_X & (field("Name") == "x"), And((NAME_IS_X,))),
        ((field("Done") & UPPER_IS_X) | (field("Name") == "x"),
         Or((And((Compare("done", "=", True),)), NAME_IS_X))),
        (~(UPPER_IS_X & (field("Name") == "x")), None),
        (field("Amount") > field("Stars"), None),
        (field("Amount") + 1 > 5, None),
        (field("Amount").cast(pa.int32(), safe=False) == 5, None),
        (field("Amount").is_null(nan_is_null=True), None),
        (field("Amount") == float("nan"), None),
        (field("Stars").isin(["3"]), None),
        (pc.match_like(field("Name"), "a\\%%"), None),
        (field("Due date") == pa.scalar(1, pa.timestamp("ns", "UTC")), None),
        (pc.if_else(field("Done"), field("Done"), NULL), None),
        (pc.is_null(field("Name") == "x"), None),
        (pc.list_element(field("Tags"), 0) == "a", None),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_left_out(
    expression: pc.Expression, predicate: Predicate | None, deals: TableSchema
) -> None:
    """A conjunct may go, a branch of OR or anything under NOT takes the whole with it."""
    found = from_expression(expression, deals)
    assert (found.predicate, found.complete) == (predicate, False)


def test_a_chain_of_thousands_is_one_flat_alternative(deals: TableSchema) -> None:
    """IN lists that an engine writes as ORs do not exhaust the stack."""
    chain = functools.reduce(operator.or_, (field("Stars") == n for n in range(2000)))
    assert from_expression(chain, deals).predicate == Or(
        tuple(Compare("stars", "=", n) for n in range(2000))
    )


def _leaf() -> st.SearchStrategy[pc.Expression]:
    words = st.sampled_from(["a", "A", "50%", "a\nb", "Open", "Won", None])
    numbers = st.sampled_from([0, 1, 1.004, -3.5, 2**40, Decimal("0.1")])
    moments = st.sampled_from([NEW_YEAR, NEW_YEAR + dt.timedelta(milliseconds=1)])
    compare = st.sampled_from([pc.equal, pc.not_equal, pc.less, pc.less_equal, pc.greater])
    texts = st.tuples(compare, st.sampled_from(["Name", "Status"]), words)
    values = st.tuples(compare, st.sampled_from(["Amount", "Stars"]), numbers)
    times = st.tuples(compare, st.just("Due date"), moments)
    sets = st.tuples(st.lists(words, max_size=3), st.booleans())
    return st.one_of(
        (texts | values | times).map(lambda parts: parts[0](field(parts[1]), parts[2])),
        sets.map(lambda parts: pc.is_in(field("Name"), pa.array(parts[0], pa.string()),
                                        skip_nulls=parts[1])),
        st.sampled_from([["Open"], ["Open", None]]).map(
            lambda names: pc.if_else(field("Status").is_valid(), field("Status").isin(names), NULL)
        ),
        st.sampled_from([field("Done"), field("Tags").is_null(), field("Name").is_valid(), NULL]),
        st.sampled_from(["%a%", "A_", "50%"]).map(lambda text: pc.match_like(field("Name"), text)),
        st.just(UPPER_IS_X),
    )  # fmt: skip


EXPRESSIONS = st.recursive(
    _leaf(),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] & pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
        inner.map(lambda one: ~one),
    ),
    max_leaves=5,
)


@given(data=st.data(), expression=EXPRESSIONS)
def test_the_predicate_holds_wherever_the_expression_is_true(
    data: st.DataObject,
    expression: pc.Expression,
    deals: TableSchema,
    rows: st.SearchStrategy[list[Any]],
    to_batch: ToBatch,
) -> None:
    """It never says less; and when it claims to be complete, it says the same of each row."""
    batch = to_batch(deals, data.draw(rows))
    found = from_expression(expression, deals)
    exact = found.mask(batch).to_pylist()
    assert found.apply(batch).equals(batch.filter(pa.array(exact, pa.bool_())))
    if found.predicate is None:
        return
    broad = mask(found.predicate, batch).to_pylist()
    if found.complete:
        assert broad == exact
    assert all(wide for wide, wanted in zip(broad, exact, strict=True) if wanted)


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        (field("Amoun") > 5, "no column 'Amoun'", "amount"),
        (field(1) > 5, "by its position", "Use its name"),
        (field("Amount") == "x", "cannot be applied", None),
        (field("Site", "txt") == "x", "cannot be applied", None),
        (field("Due date") > NEW_YEAR.replace(tzinfo=None), "cannot be applied", "aware datetimes"),
        (field("Amount") + 1, "not true or false", "Compare it"),
    ],
)
def test_mistakes_are_found_before_any_row_is_read(
    expression: pc.Expression, message: str, hint: str | None, deals: TableSchema
) -> None:
    """Unknown columns and types that do not fit are QueryErrors with a remedy."""
    with pytest.raises(QueryError, match=message) as caught:
        from_expression(expression, deals)
    assert hint is None or hint in str(caught.value.hint)


def test_names_are_looked_up_by_id_then_lark_name_then_sql_name() -> None:
    """A field's Lark name beats another's SQL name, unless the caller says whose names are used."""
    fields = [Field("fld1", "A B", 1, "Text"), Field("fld2", "a_b", 1, "Text")]
    schema = build_schema("base", "tbl", fields)
    assert [column.name for column in schema.columns] == ["a_b", "a_b_fld2"]
    wanted = field("a_b") == "x"
    assert from_expression(wanted, schema).columns == {"a_b_fld2"}
    sql_names = {column.name: column.name for column in schema.columns}
    assert from_expression(wanted, schema, names=sql_names).columns == {"a_b"}
    batch = pa.record_batch({"record_id": ["r"], "a_b": ["x"], "a_b_fld2": ["y"]})
    assert from_expression(wanted, schema).mask(batch).to_pylist() == [False]
    assert from_expression(wanted, schema, names=sql_names).mask(batch).to_pylist() == [True]


def test_an_expression_that_cannot_be_decoded_is_still_applied(
    deals: TableSchema,
    to_batch: ToBatch,
    rows: st.SearchStrategy[list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When Arrow changes its private form, nothing is pushed and every column is read."""

    def broken(_: Any) -> Any:
        raise pa.ArrowInvalid("a form of tomorrow")

    monkeypatch.setattr(pa.ipc, "open_file", broken)
    found = from_expression((field("fldAmount") > 5) & (field("Due date") > NEW_YEAR), deals)
    everything = frozenset({"record_id", *(column.name for column in deals.columns)})
    assert (found.predicate, found.complete) == (None, False)
    assert found.columns == everything
    assert found.mask(to_batch(deals, [])).to_pylist() == []


def test_long_expressions_are_shown_short(deals: TableSchema) -> None:
    """The text is one line of a bearable length."""
    text = from_expression(field("Name").isin([f"value {n}" for n in range(90)]), deals).text
    assert len(text) <= 200
    assert "\n" not in text


class _Spy(ds.Dataset):  # type: ignore[misc]  # pyarrow is untyped
    """A dataset that records the filters an engine pushes into it."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.filters: list[pc.Expression] = []

    @property
    def schema(self) -> pa.Schema:
        return self.table.schema

    def scanner(self, columns: list[str] | None = None, **options: Any) -> ds.Scanner:
        if options.get("filter") is not None:
            self.filters.append(options["filter"])
        return ds.dataset(self.table).scanner(columns=columns, filter=options.get("filter"))


ASKED = [
    "name = 'x'",
    "amount < 500 AND stars >= 3",
    "status IN ('Open', 'Won')",
    "status NOT IN ('Open', 'Won', 'Lost')",
    "due_date >= TIMESTAMPTZ '2024-01-01 00:00:00.0005+00'",
    "name <> 'x'",
    "stars BETWEEN 2 AND 4 AND name IS NOT NULL",
    "tel IS NULL OR name = 'x'",
    "done = true",
    f"name IN {tuple(f'v{number}' for number in range(60))}",
]


def test_every_filter_that_duckdb_pushes_is_understood(deals: TableSchema) -> None:
    """DuckDB leaves filtering to a dataset that offers it; all of it can be pushed on to Lark."""
    spy = _Spy(deals.to_arrow("sql").empty_table())
    names = {name: name for name in spy.schema.names}
    with duckdb.connect() as connection:
        connection.register("deals", spy)
        for condition in ASKED:
            connection.execute(f"SELECT record_id FROM deals WHERE {condition}").fetchall()
    found = [from_expression(pushed, deals, names=names) for pushed in spy.filters]
    assert len(found) >= len(ASKED) // 2
    assert [item.text for item in found if item.predicate is None or not item.complete] == []
