"""Whatever is sent to the server, the rows are those that SQL means over the cells.

Random rows are put into the emulator, random conditions are read with push-down, and DuckDB
answers the same condition over the same Python values. Each switch of the emulator, which makes
it behave in another of the ways that Lark may behave, runs alone and in random pairs.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
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

# -- random rows -------------------------------------------------------------------------------

TEXTS = [
    "a",
    "A",
    "b",
    " a",
    "a ",
    "ab",
    "aB",
    "ba",
    "a%b",
    "a_b",
    "a'b",
    "x\ny",
    "客户",
    "é",
    "0",
    "1.0",
]
OPTIONS = ["a", "A", "b", "twice", "twice", "客户"]
TAGS = ["a", "A", "b", "c"]
LINKS = ["first", "second", "third"]  # stand for the ids of three linked records
PHONES = ["+6281", "081", "110"]
NUMBERS = [0.0, 1.0, 1.04, 1.05, 0.96, 0.95, -1.0, -0.04, 12.34, 1e9, 123456789.125, 1e-7]
MIDNIGHT = dt.datetime(2026, 2, 28, 17, tzinfo=dt.UTC)  # in Jakarta, where the base is
STEPS = [
    0,
    1,
    -1,
    500,
    86_400_000,
    86_399_999,
    -86_400_000,
    -86_400_001,
    43_200_000,
    7 * 86_400_000,
]
TIMES = [MIDNIGHT + dt.timedelta(milliseconds=step) for step in STEPS]

FIELDS = [
    ("text", "Text"), ("num", "Number", {"formatter": "0.0"}),
    ("share", "Progress", {"formatter": "0%"}), ("stars", "Rating"),
    ("pick", "SingleSelect", {"options": OPTIONS}), ("tags", "MultiSelect", {"options": TAGS}),
    ("day", "DateTime"), ("done", "Checkbox"), ("phone", "Phone"), ("code", "Barcode"),
    ("no", "AutoNumber"), ("calc", "Formula", {"result": "Number", "declared": True}),
    ("word", "Formula", {"result": "Text", "declared": True}),
]  # fmt: skip


def maybe(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values)


ROW = st.fixed_dictionaries({
    "text": maybe(TEXTS), "num": maybe(NUMBERS), "share": maybe([0.0, 0.004, 0.005, 0.5, 1.0]),
    "stars": maybe([1, 2, 5]), "pick": maybe(OPTIONS),
    "tags": st.none() | st.lists(st.sampled_from(TAGS), min_size=1, max_size=3, unique=True),
    "day": maybe(TIMES), "done": maybe([True, False]), "phone": maybe(PHONES), "code": maybe(TEXTS),
    "calc": maybe(NUMBERS), "word": maybe(TEXTS),
    "who": st.none() | st.lists(st.sampled_from(LINKS), min_size=1, max_size=2, unique=True),
})  # fmt: skip
ROWS = st.lists(ROW, max_size=10) | st.lists(ROW, min_size=8, max_size=12)

# -- random conditions -------------------------------------------------------------------------

OPERATORS = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def literal(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return (
            f"TIMESTAMP '{value.replace(tzinfo=None).isoformat(sep=' ', timespec='milliseconds')}'"
        )
    return quoted(value) if isinstance(value, str) else format(Decimal(repr(value)), "f")


LITERALS: dict[str, list[Any]] = {
    "text": [*TEXTS, "zz"], "num": [*NUMBERS, 1.049, 0.949999], "share": [0.0, 0.005, 0.0049, 0.5],
    "stars": [0, 1, 2, 3, 5.5], "pick": [*OPTIONS, "none such"],
    "day": [*TIMES, MIDNIGHT.replace(hour=0)],
    "phone": PHONES, "code": TEXTS, "no": ["1", "2", "10"], "calc": NUMBERS, "word": TEXTS,
}  # fmt: skip
TEXT_COLUMNS = ["text", "code", "pick", "phone", "word"]
RANGE_COLUMNS = ["num", "share", "stars", "day", "text", "calc"]
PATTERN_PIECES = ["%", "_", "a", "A", "b", "客", "\n", " "]
PATTERNS = st.lists(st.sampled_from(PATTERN_PIECES), max_size=4).map("".join)
TRUTHS = ["done", "done = true", "done = false", "NOT done", "done IS NOT TRUE"]


@st.composite
def comparisons(draw: st.DrawFn, columns: list[str]) -> str:
    column = draw(st.sampled_from(columns))
    return f"{column} {draw(OPERATORS)} {literal(draw(st.sampled_from(LITERALS[column])))}"


@st.composite
def lists(draw: st.DrawFn, columns: list[str]) -> str:
    column = draw(st.sampled_from(columns))
    values = draw(st.lists(st.sampled_from(LITERALS[column]), min_size=1, max_size=3))
    texts = [literal(value) for value in values] + draw(st.sampled_from([[], [], ["NULL"]]))
    return f"{column} {draw(st.sampled_from(['IN', 'NOT IN']))} ({', '.join(texts)})"


@st.composite
def ranges(draw: st.DrawFn, columns: list[str]) -> str:
    column = draw(st.sampled_from(columns))
    low, high = (draw(st.sampled_from(LITERALS[column])) for _ in range(2))
    return f"{column} BETWEEN {literal(low)} AND {literal(high)}"


@st.composite
def patterns(draw: st.DrawFn, columns: list[str]) -> str:
    word = draw(st.sampled_from(["LIKE", "NOT LIKE", "ILIKE"]))
    return f"{draw(st.sampled_from(columns))} {word} {quoted(draw(PATTERNS))}"


def leaves(columns: list[str]) -> st.SearchStrategy[str]:
    """Return conditions of one test each over some of the columns."""

    def among(wanted: list[str]) -> list[str]:
        return [column for column in columns if column in wanted]

    kinds = [
        st.builds("{} IS {}NULL".format, st.sampled_from(columns), st.sampled_from(["", "NOT "]))
    ]
    for make, wanted in (
        (comparisons, list(LITERALS)), (lists, list(LITERALS)),
        (ranges, RANGE_COLUMNS), (patterns, TEXT_COLUMNS),
    ):  # fmt: skip
        if among(wanted):
            kinds.append(make(among(wanted)))
    if "done" in columns:
        kinds.append(st.sampled_from(TRUTHS))
    if "tags" in columns:
        kinds.append(st.sampled_from(TAGS).map(lambda tag: f"list_contains(tags, {quoted(tag)})"))
    if "who" in columns:
        kinds.append(st.sampled_from(LINKS).map(lambda link: f"list_contains(who, '{{{link}}}')"))
    return st.one_of(kinds)


def conditions(columns: list[str]) -> st.SearchStrategy[str]:
    """Return conditions over some of the columns, many of them of a single test."""
    single = leaves(columns)
    nested = st.recursive(
        single,
        lambda inner: st.one_of(
            st.builds("({} AND {})".format, inner, inner),
            st.builds("({} OR {})".format, inner, inner),
            inner.map("(NOT {})".format),
        ),
        max_leaves=5,
    )
    return single | nested


COLUMNS = [*(field[0] for field in FIELDS), "who"]
CONDITIONS = conditions(COLUMNS)
CONCERNED = {
    "empty_links": ["who"], "empty_result": ["calc", "word"], "single_result": ["calc", "word"],
    "result_type": ["calc", "word"], "formula_filter": ["calc", "word"],
    "date_compare": ["day"], "time_zone_missing": ["day"],
    "number_compares_displayed": ["num", "share", "stars"],
    "checkbox_false_matches_untouched": ["done", "pick"], "multiselect_is": ["tags", "pick"],
    "contains_values": ["tags", "text"], "unknown_option": ["pick", "tags"],
    "inferred_operators": ["phone", "code", "no"],
    "text_case_sensitive": ["text", "code", "phone"], "text_trims": ["text", "code", "phone"],
    "text_loses_multisegment": ["text", "code"], "text_newlines": ["text", "code"],
}  # fmt: skip


def concerned(switch: str) -> st.SearchStrategy[list[str]]:
    """Return several conditions, over the columns that a switch concerns where it concerns few."""
    return st.lists(conditions(CONCERNED.get(switch, COLUMNS)), min_size=1, max_size=3)


# -- the two answers ---------------------------------------------------------------------------

TRUTH_TYPES = pa.schema([
    ("position", pa.int64()), ("text", pa.string()), ("num", pa.float64()), ("share", pa.float64()),
    ("stars", pa.int8()), ("pick", pa.string()), ("tags", pa.list_(pa.string())),
    ("day", pa.timestamp("ms")), ("done", pa.bool_()), ("phone", pa.string()),
    ("code", pa.string()), ("no", pa.string()), ("calc", pa.float64()), ("word", pa.string()),
    ("who", pa.list_(pa.string())),
])  # fmt: skip


def _options(pushed: bool) -> Options:
    """Pages of four rows, at a rate that only a server of this machine allows."""
    return Options(page_size=4, text_pushdown=pushed, rate=100_000)


class Both:
    """A table in the emulator, read through the library, and DuckDB over the same values."""

    def __init__(self) -> None:
        self.emulator = LarkEmulator()
        base = self.emulator.database("P")
        linked = base.table("L", {"Name": LINKS})
        self.links = dict(zip(LINKS, (r["record_id"] for r in linked.records), strict=True))
        self.made = base.table("T", fields=[*FIELDS, ("who", "SingleLink", {"table": linked})])
        self.readers = {
            pushed: self.emulator.connect(options=_options(pushed)) for pushed in (True, False)
        }
        self.duckdb = duckdb.connect()
        # DuckDB 1.5 takes what it knows of a column without values for a proof that no row of it
        # fulfils ``a = 0 OR a IS DISTINCT FROM 0``; asked row by row it answers rightly.
        self.duckdb.execute("SET disabled_optimizers = 'filter_pushdown'")

    def close(self) -> None:
        for lark in self.readers.values():
            lark.close()
        self.emulator.stop()

    def fill(self, rows: list[dict[str, Any]]) -> None:
        self.made.delete([record["record_id"] for record in self.made.records])
        rows = [{**row, "who": row["who"] and [self.links[w] for w in row["who"]]} for row in rows]
        self.ids = self.made.insert(rows)
        numbers = {r["record_id"]: r["fields"].get("no") for r in self.made.records}
        truth = [
            {
                **row,
                "position": position,
                "done": bool(row["done"]),
                "no": numbers[record_id],
                "day": row["day"] and row["day"].replace(tzinfo=None),
            }
            for position, (row, record_id) in enumerate(zip(rows, self.ids, strict=True))
        ]
        # DuckDB pushes conditions into Arrow tables it scans; its own tables it filters itself.
        self.duckdb.register("given", pa.Table.from_pylist(truth, TRUTH_TYPES))
        self.duckdb.execute("CREATE OR REPLACE TABLE truth AS FROM given")

    def expected(self, condition: str, order: str = "") -> list[str]:
        query = f"SELECT position FROM truth WHERE {self.named(condition)} {order}"
        found = self.duckdb.execute(query).fetchall()
        return [self.ids[position] for (position,) in found]

    def named(self, condition: str) -> str:
        """Return a condition with the ids of the linked records instead of what stands for them."""
        for link, record_id in self.links.items():
            condition = condition.replace(f"{{{link}}}", record_id)
        return condition

    def read(self, switches: dict[str, Any], where: str, **scan: Any) -> list[str]:
        self.emulator.switches.reset()
        for name, value in switches.items():
            setattr(self.emulator.switches, name, value)
        lark = self.readers[not TEXT_LOSING & switches.keys()]
        table = lark.table("P.T")
        found = table.to_arrow(columns=["text"], where=self.named(where), **scan)
        return found.column(0).to_pylist()


@pytest.fixture(scope="module")
def both():
    pair = Both()
    yield pair
    pair.close()


def check(
    both: Both, switches: dict[str, Any], rows: list[dict[str, Any]], wanted: list[str]
) -> None:
    both.fill(rows)

    found = {condition: sorted(both.read(switches, where=condition)) for condition in wanted}

    assert found == {condition: sorted(both.expected(condition)) for condition in wanted}


@given(rows=ROWS, wanted=st.lists(CONDITIONS, min_size=1, max_size=3))
def test_a_condition_means_what_sql_means(both, rows, wanted):
    """With every switch at its default."""
    check(both, {}, rows, wanted)


@pytest.mark.parametrize(("switch", "value"), VARIANTS, ids=[f"{n}={v}" for n, v in VARIANTS])
@given(data=st.data(), rows=ROWS)
def test_a_condition_means_the_same_under_every_switch(both, switch, value, data, rows):
    """However the server answers the open questions, the rows are the same."""
    check(both, {switch: value}, rows, data.draw(concerned(switch)))


@given(
    pair=st.lists(st.sampled_from(VARIANTS), min_size=2, max_size=2, unique_by=lambda one: one[0]),
    data=st.data(),
    rows=ROWS,
)
def test_a_condition_means_the_same_under_two_switches(both, pair, data, rows):
    """Pairs of switches do not undo each other's safety."""
    for name, _ in pair:
        check(both, dict(pair), rows, data.draw(concerned(name)))


@given(
    variant=st.none() | st.sampled_from(VARIANTS), rows=ROWS, condition=CONDITIONS,
    column=st.sampled_from(["num", "day", "stars", "text"]), descending=st.booleans(),
    limit=st.integers(1, 6),
)  # fmt: skip
def test_the_first_rows_of_an_order_are_the_first(
    both, variant, rows, condition, column, descending, limit
):
    """Top-n with a condition: the keys are those of a full sort, however the server sorts."""
    both.fill(rows)
    switches = dict([variant]) if variant else {}
    key = f"-{column}" if descending else column
    direction = "DESC" if descending else "ASC"
    ordered = both.expected(condition, f"ORDER BY {column} {direction} NULLS LAST LIMIT {limit}")
    keys = dict(zip(both.ids, [row[column] for row in rows], strict=True))

    found = both.read(switches, where=condition, order_by=key, limit=limit)

    assert [keys[record_id] for record_id in found] == [keys[record_id] for record_id in ordered]
    assert set(found) <= set(both.expected(condition))


@given(
    variant=st.none() | st.sampled_from(VARIANTS),
    rows=ROWS,
    condition=CONDITIONS,
    limit=st.integers(0, 6),
)
def test_a_limit_gives_as_many_matching_rows_as_there_are(both, variant, rows, condition, limit):
    """Never fewer than wanted while more match, and only matching ones."""
    both.fill(rows)
    matching = both.expected(condition)

    found = both.read(dict([variant]) if variant else {}, where=condition, limit=limit)

    assert len(found) == len(set(found)) == min(limit, len(matching))
    assert set(found) <= set(matching)
