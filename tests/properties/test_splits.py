"""The parts of a split read give every row of the whole read exactly once.

Random rows are put into the emulator and read as a whole and in parts: in parts by random cuts of
every kind, and in those that the planner makes. Neither the server's answers to open questions nor
what happens to fields, options and rows between planning and reading makes a difference.
"""

from __future__ import annotations

import datetime as dt
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from larkbase_sdk import Options
from larkbase_sdk.read.cuts import Cut, cut_part
from larkbase_sdk.read.plan import Part, ReadPlan
from larkbase_sdk.read.reader import read_part
from larkbase_sdk.read.splits import most_probes, split_plan
from larkbase_sdk.scan import Scan
from larkbase_sdk.testing import SWITCH_VARIANTS, TEXT_LOSING, LarkEmulator

pytestmark = [
    pytest.mark.filterwarnings("ignore::larkbase_sdk.PushdownRefused"),
    pytest.mark.filterwarnings("ignore::larkbase_sdk.TableChanged"),
    pytest.mark.filterwarnings("ignore::larkbase_sdk.CellNotConverted"),
]

VARIANTS = [(name, value) for name, values in SWITCH_VARIANTS.items() for value in values]
# The switches that a filter, a sort or a count can notice.
NOTICED = [
    (name, value)
    for name, value in VARIANTS
    if name
    in {
        *("inferred_operators", "conditions_with_children", "field_names_hide_filter_columns"),
        *("total", "max_filter_chars", "refuse_filters", "refuse_sorts", "sort_by_displayed"),
        *("unknown_option", "number_compares_displayed", "date_compare", "isnot_matches_empty"),
    }
]
# Those that decide which rows a filter lets through, with the columns that they concern.
DECISIVE: list[tuple[str, Any, list[str]]] = [
    ("date_compare", "whole_day", ["day", "made"]),
    ("number_compares_displayed", True, ["num"]),
    ("unknown_option", "refuse", ["pick"]),
    ("isnot_matches_empty", False, ["pick"]),
]

# -- random tables -----------------------------------------------------------------------------

DAY = 86_400_000
MIDNIGHT = int(dt.datetime(2026, 2, 28, 17, tzinfo=dt.UTC).timestamp()) * 1000  # in Jakarta
STEPS = [0, 1, -1, DAY, -DAY, DAY - 1, 9 * DAY, -30 * DAY, DAY // 2]
TIMES = [MIDNIGHT + step for step in STEPS]
ODD_TIMES = [0, -5 * DAY, 9_999_999_999_999, 253_402_300_800_000]
NUMBERS = [0.0, 1.0, 1.04, 1.05, 1.06, 0.96, 0.95, -1.0, -0.04, 12.34, 1e9, 123456789.125, 1e-7]
ODD_NUMBERS = [1e16, -1e17, 1e25, -1e300]
OPTIONS = ["a", "b", "c", "客户"]
COUNTERS = [*map(str, range(1, 14)), "007", "999"]

FIELDS = {
    "no": ("no", "AutoNumber"),
    "num": ("num", "Number", {"formatter": "0.0"}),
    "day": ("day", "DateTime"),
    "made": ("made", "CreatedTime"),
    "pick": ("pick", "SingleSelect", {"options": OPTIONS}),
}
GHOST = "ghost"


def maybe(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values)


def rows_of(
    numbers: list[Any], times: list[Any], counters: list[Any], options: list[Any]
) -> st.SearchStrategy[Any]:
    row = st.fixed_dictionaries({
        "name": maybe(["x", "y"]), "no": st.sampled_from(counters), "num": maybe(numbers),
        "day": maybe(times), "made": st.sampled_from(times), "pick": maybe(options),
    })  # fmt: skip
    return st.lists(row, min_size=6, max_size=24) | st.lists(row, min_size=18, max_size=24)


PLAIN_ROWS = rows_of(NUMBERS, TIMES, COUNTERS, OPTIONS)
ODD_ROWS = rows_of(
    [*NUMBERS, *ODD_NUMBERS], [*TIMES, *ODD_TIMES], [*COUNTERS, ""], [*OPTIONS, GHOST]
)
# Nothing can be sent for these, so only the planner sees to it that no row is lost.
UNCOUNTABLE_ROWS = rows_of(NUMBERS, TIMES, [*COUNTERS, "A-7", "7.5", "-3"], OPTIONS)
ROWS = PLAIN_ROWS | ODD_ROWS
CONDITIONS = [
    None, "num > 0.5", "num IS NULL", "NOT (num > 1) AND day IS NOT NULL", "pick = 'a'",
    "pick IN ('a', 'b') OR num < 1", "pick <> 'b'", "no = '3'", "name LIKE 'x%'",
    "day >= TIMESTAMP '2026-02-28 17:00:00' AND num IS NOT NULL",
]  # fmt: skip


class Tables:
    """Tables of one text column and one to split by, and one with all of these columns."""

    def __init__(self) -> None:
        self.emulator = LarkEmulator()
        self.readers = {
            (pushed, number): self.emulator.connect(
                options=Options(page_size=4, rate=5000, text_pushdown=pushed, number_type=number)
            )
            for pushed in (True, False)
            for number in ("double", "decimal")
        }
        self.made = 0

    def close(self) -> None:
        for lark in self.readers.values():
            lark.close()
        self.emulator.stop()

    def reset(self, switches: dict[str, Any]) -> None:
        self.emulator.switches.reset()
        for name, value in switches.items():
            setattr(self.emulator.switches, name, value)

    def table(self, rows: list[dict[str, Any]], columns: list[str]) -> Any:
        """Return a new table with these of the columns."""
        self.made += 1
        base = self.emulator.database(f"P{self.made}")
        fields = [("name", "Text"), *(FIELDS[name] for name in columns)]
        table = base.table("T", fields=fields)
        wanted = {"name", *columns}
        ids = table.insert(
            {key: value for key, value in row.items() if key in wanted and value != GHOST}
            for row in rows
        )
        for record_id, row in zip(ids, rows, strict=True):
            if "pick" in columns and row["pick"] == GHOST:
                put(table, record_id, "pick", GHOST)
        return table

    def scan(self, table: Any, where: str | None, switches: dict[str, Any], number: str) -> Scan:
        lark = self.readers[not TEXT_LOSING & switches.keys(), number]
        return lark.table(table.url).scan(columns=["name"], where=where)


def put(table: Any, record_id: str, name: str, cell: Any) -> None:
    """Store a cell that no call would write."""
    table.rows.rows[table.rows.position(record_id)].cells[table.field(name).field_id] = cell
    table.touch()


@pytest.fixture(scope="module")
def tables():
    made = Tables()
    yield made
    made.close()


# -- reading -----------------------------------------------------------------------------------


def whole(scan: Scan) -> list[tuple[Any, ...]]:
    table = scan.to_arrow()
    return sorted(zip(table.column(0).to_pylist(), map(str, table.column(1)), strict=True))


def one(scan: Scan, plan: ReadPlan, part: Part) -> list[tuple[Any, ...]]:
    """Read a part as another process would: from its JSON."""
    sent = Part.from_dict(json.loads(json.dumps(part.to_dict())))
    assert sent == part
    return [
        pair
        for batch in read_part(scan.read_context(), sent, plan.schema, plan.residual)
        for pair in zip(
            batch.column("record_id").to_pylist(), map(str, batch.column("name")), strict=True
        )
    ]


def in_parts(scan: Scan, plan: ReadPlan, data: st.DataObject) -> list[tuple[Any, ...]]:
    """Read the parts in any order, one of them twice, and return all rows."""
    order = data.draw(st.permutations(range(len(plan.parts))), "order of the parts")
    found = {number: one(scan, plan, plan.parts[number]) for number in order}
    assert one(scan, plan, plan.parts[order[0]]) == found[order[0]]
    return sorted(pair for rows in found.values() for pair in rows)


def switches_of(variant: tuple[str, Any] | None) -> dict[str, Any]:
    return dict([variant]) if variant else {}


# -- random cuts -------------------------------------------------------------------------------

EDGES: dict[str, list[float]] = {
    "no": [0, 1, 2, 3, 7, 8, 12, 500, 10**15 - 1],
    "num": [-1e15, -1.0, -0.04, 0.0, 0.95, 1.0, 1.049, 1.05, 12.34, 1e9, 1e15],
    "day": [*TIMES, MIDNIGHT + 5 * DAY, 6 * DAY, 115_000 * DAY],
}
EDGES["made"] = EDGES["day"]


@st.composite
def cuts(draw: st.DrawFn, column: str, field_id: str) -> list[Cut]:
    """Return cuts by ranges or by options, the rest last."""
    if column == "pick":
        places = [draw(st.integers(0, 3)) for _ in OPTIONS]
        groups = [
            tuple(name for name, own in zip(OPTIONS, places, strict=True) if own == place)
            for place in range(1, 4)
        ]
        groups = [group for group in groups if group]
        assume(groups)
        named = tuple(name for group in groups for name in group)
        return [
            *(Cut(field_id, options=group) for group in groups),
            Cut(field_id, options=named, rest=True),
        ]
    edges = sorted(draw(st.sets(st.sampled_from(EDGES[column]), min_size=2, max_size=4)))
    ranges = [Cut(field_id, low, high) for low, high in pairwise(edges)]
    return [*ranges, Cut(field_id, edges[0], edges[-1], rest=True)]


def check_cuts(
    tables: Tables,
    switches: dict[str, Any],
    rows: list[dict[str, Any]],
    data: st.DataObject,
    columns: list[str],
) -> None:
    column = data.draw(st.sampled_from(columns), "column")
    table = tables.table(rows, list(FIELDS))
    tables.reset(switches)
    number = data.draw(st.sampled_from(["double", "decimal"]), "number type")
    scan = tables.scan(table, data.draw(st.sampled_from(CONDITIONS), "where"), switches, number)
    plan = scan.plan()
    found = plan.schema.column(column)
    drawn = data.draw(cuts(column, found.field_id), "cuts")
    parts = tuple(cut_part(plan.parts[0], cut, found) for cut in drawn)

    together = in_parts(scan, ReadPlan(plan.schema, parts, plan.output, plan.residual), data)

    assert together == whole(scan)


@given(variant=st.none() | st.sampled_from(NOTICED), rows=ROWS, data=st.data())
def test_any_cuts_share_out_all_rows(tables, variant, rows, data):
    """Ranges and options, at any values, with duplicates, gaps, empty and odd cells."""
    check_cuts(tables, switches_of(variant), rows, data, list(FIELDS))


@pytest.mark.parametrize(("switch", "value", "columns"), DECISIVE, ids=[one[0] for one in DECISIVE])
@given(rows=ROWS, data=st.data())
def test_any_cuts_share_out_all_rows_however_lark_compares(
    tables, switch, value, columns, rows, data
):
    """Each row belongs to one part, and the server sends it for that one."""
    check_cuts(tables, {switch: value}, rows, data, columns)


# -- the planner's parts -----------------------------------------------------------------------

SPLIT_BY = [["no"], ["num"], ["day"], ["made"], ["pick"], list(FIELDS)]


def kind_of(plan: ReadPlan) -> str:
    cut = plan.parts[0].cut
    return "nothing" if cut is None else plan.schema.by_id(cut.field).lark_name


@st.composite
def plans(draw: st.DrawFn, tables: Tables, switches: dict[str, Any], rows: Any) -> Any:
    """Return a table, a scan of it and its split plan, with the calls that planning took."""
    table = tables.table(rows, draw(st.sampled_from(SPLIT_BY)))
    tables.reset(switches)
    number = draw(st.sampled_from(["double", "decimal"]))
    where = draw(st.sampled_from([None, None, "name = 'x'", "name IS NULL"]))
    scan = tables.scan(table, where, switches, number)
    plan = scan.plan()
    most = draw(st.integers(2, 5))
    before = tables.emulator.calls.count("search")
    split = split_plan(plan, scan.read_context(), most=most, minimum_rows=0)
    calls = tables.emulator.calls.count("search") - before
    assert len(split.parts) <= most
    assert calls <= 1 + most_probes(most, len(rows) // 4 + 1)
    event(f"{len(split.parts)} parts by {kind_of(split)}")
    return table, scan, split


@given(
    variant=st.none() | st.sampled_from(NOTICED) | st.sampled_from(VARIANTS),
    rows=ROWS | UNCOUNTABLE_ROWS,
    data=st.data(),
)
def test_the_planned_parts_share_out_all_rows(tables, variant, rows, data):
    """Whatever column is chosen, and whatever the counts were worth."""
    _, scan, plan = data.draw(plans(tables, switches_of(variant), rows))

    together = in_parts(scan, plan, data)

    assert together == whole(scan)


def rename_field(table: Any) -> None:
    name = next(field.name for field in table.fields if field.name != "name")
    table.rename_field(name, "renamed")


def change_property(table: Any) -> None:
    """Show numbers with fewer digits, rename options, or write auto numbers another way."""
    for field in table.fields:
        if field.ui_type == "Number":
            field.property["formatter"] = "0"
        if field.ui_type == "AutoNumber":
            rule = [{"type": "fixed_text", "value": "A-"}, {"type": "system_number", "value": "3"}]
            field.property["auto_serial"] = {"type": "custom", "options": rule}
            for row in table.rows.rows:
                row.cells[field.field_id] = "A-" + str(row.cells[field.field_id]).zfill(3)
        if field.ui_type == "SingleSelect":
            for option in OPTIONS[1:]:
                table.rename_option(field.name, option, f"{option} renamed")
    table.touch()


def swap_options(table: Any) -> None:
    for field in table.fields:
        if field.ui_type == "SingleSelect" and "b" in field.options:
            for old, new in (("a", "between"), ("b", "a"), ("between", "b")):
                table.rename_option(field.name, old, new)


def add_rows(table: Any) -> None:
    cells = {"no": "10000000", "num": -77.7, "day": 115_500 * DAY, "pick": "new option"}
    known = {field.name for field in table.fields}
    table.insert([{key: value for key, value in cells.items() if key in known}, {}], first=True)


def delete_rows(table: Any) -> None:
    table.delete([record["record_id"] for record in table.records[1::3]])


def edit_cells(table: Any) -> None:
    for record in table.records[::2]:
        table.update(record["record_id"], {"name": "edited"})
    for record in table.records[::3]:
        if table.find_field("num") is not None:
            table.update(record["record_id"], {"num": 3.14})


CHANGES = [rename_field, change_property, swap_options, add_rows, delete_rows, edit_cells]


@given(
    changes=st.lists(st.sampled_from(CHANGES), min_size=1, max_size=3, unique=True),
    variant=st.none() | st.sampled_from(NOTICED),
    rows=ROWS | UNCOUNTABLE_ROWS,
    data=st.data(),
)
def test_the_parts_share_out_the_rows_that_there_are_when_they_are_read(
    tables, changes, variant, rows, data
):
    """Fields, options, formats and rows may change between planning and reading."""
    table, scan, plan = data.draw(plans(tables, switches_of(variant), rows))
    for change in changes:
        change(table)

    together = in_parts(scan, plan, data)

    assert together == whole(scan)


def edit_names(table: Any) -> None:
    for record in table.records[::2]:
        table.update(record["record_id"], {"name": "edited"})


@given(rows=ROWS | UNCOUNTABLE_ROWS, data=st.data())
def test_a_row_that_keeps_its_value_is_read_once_while_others_come_and_go(tables, rows, data):
    """Rows are added, deleted and edited between the parts; those that stay come exactly once."""
    table, scan, plan = data.draw(plans(tables, {}, rows))
    before = {record["record_id"] for record in table.records}
    found = []

    for part in plan.parts:
        found += [record_id for record_id, _ in one(scan, plan, part)]
        data.draw(st.sampled_from([add_rows, delete_rows, edit_names]))(table)

    stayed = before & {record["record_id"] for record in table.records}
    if not plan.residual:
        assert stayed <= set(found)
    assert len(found) == len(set(found))
