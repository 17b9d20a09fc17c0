"""Whatever reaches Lark of a statement, its answer is DuckDB's over all rows read before.

Random rows are put into the emulator and read whole, with every switch at its default; then
random statements over the table are answered with push-down, under random switches that make the
emulator behave in another of the ways that Lark may behave.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk import Options
from larkbase_sdk.testing import SWITCH_VARIANTS, TEXT_LOSING, LarkEmulator

pytestmark = [
    pytest.mark.filterwarnings("ignore::larkbase_sdk.PushdownRefused"),
    pytest.mark.filterwarnings("ignore::larkbase_sdk.TableChanged"),
]

VARIANTS = [(name, value) for name, values in SWITCH_VARIANTS.items() for value in values]

TEXTS = ["a", "A", "b", " a", "a ", "ab", "a%b", "a_b", "a'b", "x\ny", "客户", "é", "0"]
OPTIONS = ["a", "A", "b", "客户"]
TAGS = ["a", "A", "b"]
NUMBERS = [0.0, 1.0, 1.04, 1.05, 0.96, -1.0, -0.04, 12.34, 1e9, 1e-7]
MIDNIGHT = dt.datetime(2026, 2, 28, 17, tzinfo=dt.UTC)  # in Jakarta, where the base is
STEPS = [0, 1, -1, 500, 86_400_000, 86_399_999, -86_400_000, -86_400_001]
TIMES = [MIDNIGHT + dt.timedelta(milliseconds=step) for step in STEPS]
FIELDS = [
    ("text", "Text"),
    ("num", "Number", {"formatter": "0.0"}),
    ("stars", "Rating"),
    ("pick", "SingleSelect", {"options": OPTIONS}),
    ("tags", "MultiSelect", {"options": TAGS}),
    ("day", "DateTime"),
    ("done", "Checkbox"),
    ("calc", "Formula", {"result": "Number", "declared": True}),
]


def maybe(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values)


ROW = st.fixed_dictionaries({
    "text": maybe(TEXTS), "num": maybe(NUMBERS), "stars": maybe([1, 2, 5]), "pick": maybe(OPTIONS),
    "tags": st.none() | st.lists(st.sampled_from(TAGS), min_size=1, max_size=2, unique=True),
    "day": maybe(TIMES), "done": maybe([True, False]), "calc": maybe(NUMBERS),
})  # fmt: skip
ROWS = st.lists(ROW, max_size=12)

LITERALS: dict[str, list[Any]] = {
    "text": [*TEXTS, "zz"], "num": [*NUMBERS, 1.049], "stars": [0, 1, 2, 3], "calc": NUMBERS,
    "pick": [*OPTIONS, "none such"], "day": TIMES,
}  # fmt: skip
OPERATORS = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])


def literal(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return f"TIMESTAMPTZ '{value.isoformat(sep=' ', timespec='milliseconds')}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return format(Decimal(repr(value)), "f")


@st.composite
def leaves(draw: st.DrawFn) -> str:
    """Return a test of one column, or of an expression that only DuckDB knows."""
    column = draw(st.sampled_from(sorted(LITERALS)))
    values = [literal(draw(st.sampled_from(LITERALS[column]))) for _ in range(2)]
    pattern = literal(draw(st.sampled_from(["a%", "%a", "%a%", "_", "a\\_b", "%", "客%"])))
    return draw(
        st.sampled_from([
            f"{column} {draw(OPERATORS)} {values[0]}",
            f"T.{column} {draw(OPERATORS)} {values[0]}",
            f"{column} IN ({values[0]}, {values[1]})",
            f"{column} NOT IN ({values[0]}, {values[1]})",
            f"{column} BETWEEN {values[0]} AND {values[1]}",
            f"{column} IS DISTINCT FROM {values[0]}",
            f"{column} IS NULL",
            f"{column} IS NOT NULL",
            f"text LIKE {pattern}",
            f"text NOT LIKE {pattern}",
            f"pick ILIKE {pattern}",
            "done",
            "NOT done",
            "done IS NOT TRUE",
            "list_contains(tags, 'a')",
            "len(tags) > 1",
            "num > stars",
            "num + 1 >= 2",
            "lower(text) = 'a'",
            "coalesce(num, calc) > 1",
            "CASE WHEN done THEN num > 1 ELSE stars > 1 END",
            "date_trunc('day', day) = day",
        ])
    )  # fmt: skip


CONDITIONS = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        inner.map("(NOT {})".format),
    ),
    max_leaves=4,
)
VARIANT = st.none() | st.sampled_from(VARIANTS)


class Both:
    """The same rows in the emulator and in a table of DuckDB's own."""

    def __init__(self) -> None:
        self.emulator = LarkEmulator()
        base = self.emulator.database("P")
        base.time_zone = "Asia/Jakarta"
        self.made = base.table("T", fields=FIELDS)
        base.table("U", {"k": ["a", "A", "b", None], "weight": [1, 2, None, 4]})
        self.plain = self.emulator.connect(options=Options(page_size=5))
        self.careful = self.emulator.connect(options=Options(page_size=5, text_pushdown=False))
        self.duckdb = duckdb.connect()
        self.duckdb.execute("SET TimeZone = 'UTC'")
        # DuckDB 1.5 takes what it knows of a column without values for a proof that no row of it
        # fulfils ``a = 0 OR a IS DISTINCT FROM 0``; asked row by row it answers rightly.
        self.duckdb.execute("SET disabled_optimizers = 'filter_pushdown'")

    def close(self) -> None:
        self.plain.close()
        self.careful.close()
        self.emulator.stop()
        self.duckdb.close()

    def fill(self, rows: list[dict[str, Any]]) -> None:
        self.emulator.switches.reset()
        self.made.delete([record["record_id"] for record in self.made.records])
        self.made.insert(rows)
        self.duckdb.register("read", self.plain.table("P.T").to_arrow(names="sql"))
        # DuckDB filters its own tables itself; conditions on the Arrow table would be pushed.
        self.duckdb.execute("CREATE SCHEMA IF NOT EXISTS p")
        self.duckdb.execute("CREATE OR REPLACE TABLE p.t AS FROM read")
        self.duckdb.register("other", self.plain.table("P.U").to_arrow(names="sql"))
        self.duckdb.execute("CREATE OR REPLACE TABLE p.u AS FROM other")

    def ask(self, sql: str, variant: tuple[str, Any] | None) -> list[tuple[Any, ...]]:
        self.emulator.switches.reset()
        if variant is not None:
            setattr(self.emulator.switches, *variant)
        lark = self.careful if variant is not None and variant[0] in TEXT_LOSING else self.plain
        table = lark.sql(sql).to_arrow()
        return [tuple(row.values()) for row in table.to_pylist()]

    def expected(self, sql: str) -> list[tuple[Any, ...]]:
        return self.duckdb.execute(sql).fetchall()


@pytest.fixture(scope="module")
def both():
    pair = Both()
    yield pair
    pair.close()


@given(rows=ROWS, condition=CONDITIONS, variant=VARIANT)
def test_a_condition_gives_the_rows_that_duckdb_gives(both, rows, condition, variant):
    """Over one table, and where DuckDB alone decides what is pushed."""
    both.fill(rows)
    expected = sorted(both.expected(f"SELECT record_id FROM p.t WHERE {condition}"))

    one = both.ask(f"SELECT record_id FROM p.t WHERE {condition}", variant)
    joined = both.ask(
        f"SELECT t.record_id FROM p.t AS T SEMI JOIN (SELECT 1 AS one) ON TRUE WHERE {condition}",
        variant,
    )

    assert (sorted(one), sorted(joined)) == (expected, expected)


@given(
    rows=ROWS, condition=CONDITIONS, variant=VARIANT,
    source=st.sampled_from([
        "p.t AS T, p.u WHERE u.k = T.pick AND {}",
        "p.u JOIN p.t AS T ON u.k = T.pick WHERE u.weight > 1 AND {}",
        "p.t AS T LEFT JOIN p.u ON u.k = T.pick WHERE {}",
        "p.t AS T LEFT JOIN p.u ON u.k = T.pick WHERE k IS NULL AND {}",
        "p.t AS T LEFT JOIN p.u ON u.k = T.pick CROSS JOIN range(1) WHERE {}",
        "p.u LEFT JOIN p.t AS T ON u.k = T.pick WHERE {}",
        "p.u LEFT JOIN p.t AS T ON u.k = T.pick LEFT JOIN range(1) ON TRUE WHERE {}",
        "p.t AS T RIGHT JOIN p.u ON u.k = T.pick WHERE {}",
        "p.t AS T FULL JOIN p.u ON u.k = T.pick WHERE {}",
        "p.t AS T SEMI JOIN p.u ON u.k = T.pick WHERE {}",
        "p.t AS T ANTI JOIN p.u ON u.k = T.pick WHERE {}",
        "(SELECT * FROM p.t AS T WHERE {}) AS T FULL JOIN p.u ON u.k = T.pick",
        "p.t AS T WHERE EXISTS (SELECT 1 FROM p.u WHERE u.k = T.pick AND {})",
    ]),
)  # fmt: skip
def test_a_condition_beside_other_tables_gives_the_rows_that_duckdb_gives(
    both, rows, condition, variant, source
):
    """Also where a join makes rows of NULLs, to which the condition applies as well."""
    both.fill(rows)
    sql = f"SELECT T.record_id FROM {source.format(condition)} ORDER BY ALL"

    assert both.ask(sql, variant) == both.expected(sql)


@given(rows=ROWS, condition=CONDITIONS, limit=st.integers(0, 5), offset=st.integers(0, 3))
def test_a_limit_gives_as_many_rows_as_there_are(both, rows, condition, limit, offset):
    """And only rows for which the condition is true."""
    both.fill(rows)
    matching = both.expected(f"SELECT record_id FROM p.t WHERE {condition}")

    sql = f"SELECT record_id FROM p.t WHERE {condition} LIMIT {limit} OFFSET {offset}"
    found = both.ask(sql, None)

    assert len(set(found)) == len(found) == max(0, min(limit, len(matching) - offset))
    assert set(found) <= set(matching)


@given(
    rows=ROWS, condition=CONDITIONS, variant=VARIANT, limit=st.integers(1, 5),
    column=st.sampled_from(["num", "day", "stars", "text", "calc"]),
    direction=st.sampled_from(["", "DESC", "DESC NULLS LAST", "NULLS FIRST"]),
)  # fmt: skip
def test_the_first_rows_of_an_order_have_the_first_keys(
    both, rows, condition, variant, limit, column, direction
):
    """Whoever sorts."""
    both.fill(rows)
    sql = f"SELECT {column} FROM p.t WHERE {condition} ORDER BY {column} {direction} LIMIT {limit}"

    assert both.ask(sql, variant) == both.expected(sql)


@given(rows=ROWS, condition=CONDITIONS, variant=VARIANT)
def test_groups_and_counts_are_those_of_duckdb(both, rows, condition, variant):
    """Aggregates over what the condition leaves, and a self-join that shares its pages."""
    both.fill(rows)

    join = "a JOIN p.t b ON a.record_id = b.record_id OR a.pick = b.pick"
    for sql in (
        f"SELECT count(*), count(num), min(day), max(text) FROM p.t WHERE {condition}",
        f"SELECT pick, count(*) AS n FROM p.t WHERE {condition} GROUP BY ALL ORDER BY ALL",
        "SELECT count(*) FROM p.t",
        f"WITH q AS (SELECT * FROM p.t WHERE {condition}) SELECT count(*) FROM q {join}",
    ):
        if variant is None or variant[0] != "total":
            assert both.ask(sql, variant) == both.expected(sql), sql
