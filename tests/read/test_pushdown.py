"""What is sent to the server loses no wanted row, however the server reads what is not documented.

`Server` is a model of Lark's documented filters, written from the documentation alone. Where that
is silent, it has variants, and a filter has to be right under every one of them.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.api.models import Field
from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.evaluate import mask
from larkbase_sdk.read.predicate import And, Compare, Constant, In, Not, Or, Predicate
from larkbase_sdk.read.pushdown import Pushed, push, render_filter
from larkbase_sdk.read.where import parse_where
from larkbase_sdk.schema.table_schema import TableSchema, build_schema

ToBatch = Callable[[TableSchema, Sequence[Any]], pa.RecordBatch]
Row = Mapping[str, Any]

MS = pa.timestamp("ms", tz="UTC")
SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = [SHANGHAI, ZoneInfo("America/Sao_Paulo"), ZoneInfo("Pacific/Kiritimati"),
         ZoneInfo("Etc/GMT+12"), ZoneInfo("Australia/Lord_Howe"), dt.UTC]  # fmt: skip
EMPTINESS = {"isEmpty", "isNotEmpty"}
# Operators that Lark documents for each type and nobody saw refused.
ALLOWED = {
    "Name": EMPTINESS | {"is", "isNot", "contains", "doesNotContain"},
    "Amount": EMPTINESS | {"is", "isNot", "isGreater", "isLess", "isGreaterEqual", "isLessEqual"},
    "Stars": EMPTINESS | {"is", "isNot", "isGreater", "isLess", "isGreaterEqual", "isLessEqual"},
    "Status": EMPTINESS | {"is", "isNot"},
    "Tags": EMPTINESS | {"contains", "doesNotContain"},
    "Due date": EMPTINESS | {"is", "isGreater", "isLess"},
    "Done": {"is"},
    "Owner": EMPTINESS | {"is", "isNot", "contains", "doesNotContain"},
    "Tel": EMPTINESS | {"is"},
    "Site": EMPTINESS | {"is", "contains"},
    "Files": EMPTINESS,
    "Customer": EMPTINESS | {"is", "isNot", "contains", "doesNotContain"},
    "No": {"is", "isGreater", "isLess"},
}


class InvalidFilter(Exception):
    """The server refuses the filter, which the reader answers by scanning without one."""


@dataclass(frozen=True)
class Server:
    """A server that fills the gaps of the documentation in one of the possible ways."""

    zone: dt.tzinfo
    options: Mapping[str, str]
    fold_text: bool
    displayed_numbers: bool
    whole_days: bool
    unknown_option: str

    def keeps(self, filter_: Mapping[str, Any], row: Row) -> bool:
        """Whether a row passes a filter as it is sent."""
        combine = all if filter_["conjunction"] == "and" else any
        own = [self._holds(item, row) for item in filter_["conditions"]]
        return combine([*own, *(self.keeps(child, row) for child in filter_.get("children", ()))])

    def _holds(self, condition: Mapping[str, Any], row: Row) -> bool:
        name, operator, value = condition["field_name"], condition["operator"], condition["value"]
        if operator not in ALLOWED[name]:
            raise InvalidFilter(condition)
        cell = row.get(name.lower().replace(" ", "_"))
        if operator in EMPTINESS:
            assert value == []
            return (cell is None) is (operator == "isEmpty")
        return _TYPES[name](self, cell, operator, value)

    def _text(self, cell: str | None, operator: str, value: list[str]) -> bool:
        (sought,) = value
        if cell is None or not sought:
            return False
        found, wanted = self._fold(cell), self._fold(sought)
        return wanted in found if operator == "contains" else wanted == found

    def _fold(self, text: str) -> str:
        return text.strip().casefold() if self.fold_text else text

    def _number(self, cell: float | None, operator: str, value: list[str]) -> bool:
        (text,) = value
        if cell is None or "e" in text.lower():
            return False
        shown = Decimal(cell)
        if self.displayed_numbers:
            shown = shown.quantize(Decimal("0.01"), ROUND_HALF_UP)
        return shown > Decimal(text) if operator == "isGreater" else shown < Decimal(text)

    def _stars(self, cell: int | None, operator: str, value: list[str]) -> bool:
        return self._number(cell, operator, value)

    def _options(self, cell: Any, operator: str, value: list[str]) -> bool:
        (sought,) = value
        found = [
            key for key, name in self.options.items() if self._fold(name) == self._fold(sought)
        ]
        if not found:
            if self.unknown_option == "refused":
                raise InvalidFilter(sought)
            return self.unknown_option == "everything"
        return found[0] in ([cell] if isinstance(cell, str) else cell or [])

    def _date(self, cell: int | None, operator: str, value: list[str]) -> bool:
        keyword, moment = value
        assert keyword == "ExactDate"
        if cell is None:
            return False
        day, row_day = self._day(int(moment)), self._day(cell)
        if operator == "is":
            return row_day == day
        midnight = dt.datetime.combine(day, dt.time(), self.zone).timestamp() * 1000
        if operator == "isLess":
            return cell < midnight
        return row_day > day if self.whole_days else cell > midnight

    def _day(self, moment: int) -> dt.date:
        return dt.datetime.fromtimestamp(moment / 1000, self.zone).date()

    def _ticked(self, cell: bool | None, operator: str, value: list[str]) -> bool:
        return value == ["true"] and cell is True

    def _ids(self, cell: list[str] | None, operator: str, value: list[str]) -> bool:
        (sought,) = value
        return sought in (cell or [])

    def _counter(self, cell: str, operator: str, value: list[str]) -> bool:
        return int(cell) == int(value[0])


_TYPES: dict[str, Callable[[Server, Any, str, list[str]], bool]] = {
    "Name": Server._text,
    "Amount": Server._number,
    "Stars": Server._stars,
    "Status": Server._options,
    "Tags": Server._options,
    "Due date": Server._date,
    "Done": Server._ticked,
    "Owner": Server._ids,
    "Tel": Server._text,
    "Site": Server._text,
    "Customer": Server._ids,
    "No": Server._counter,
}
VARIANTS = list(
    itertools.product(
        [False, True], [False, True], [False, True], ["refused", "nothing", "everything"]
    )
)


@given(data=st.data())
def test_every_wanted_row_passes_the_filter(
    data: st.DataObject,
    deals: TableSchema,
    options_now: Mapping[str, str],
    rows: st.SearchStrategy[list[Row]],
    conditions: st.SearchStrategy[str],
    to_batch: ToBatch,
) -> None:
    """Whatever the server does where its documentation is silent, no row is lost.

    The filter also keeps to Lark's limits and operators, and a filter that claims to be exact
    lets no other row through.
    """
    zone = data.draw(st.sampled_from(ZONES))
    known = data.draw(st.booleans())
    predicate = parse_where(data.draw(conditions), deals)
    pushed = push(predicate, deals, zone=zone if known else None, text_pushdown=True)
    records = data.draw(rows)
    wanted = mask(predicate, to_batch(deals, records)).to_pylist()
    if pushed.empty:
        assert not any(wanted)
    if pushed.filter is None:
        return
    sent = render_filter(pushed.filter, deals)
    _check_limits(sent)
    for fold_text, displayed, whole_days, unknown in VARIANTS:
        server = Server(zone, options_now, fold_text, displayed, whole_days, unknown)
        _check_rows(server, sent, records, wanted, pushed)


def _check_rows(
    server: Server,
    sent: Mapping[str, Any],
    records: Sequence[Row],
    wanted: Sequence[bool | None],
    pushed: Pushed,
) -> None:
    try:
        passed = [server.keeps(sent, row) for row in records]
    except InvalidFilter:
        return
    lost = [
        row for row, want, came in zip(records, wanted, passed, strict=True) if want and not came
    ]
    assert lost == []
    if pushed.exact and server.unknown_option != "everything":
        assert passed == [want is True for want in wanted]


def _check_limits(sent: Mapping[str, Any]) -> None:
    lists = [sent, *sent.get("children", ())]
    assert sum(len(one["conditions"]) for one in lists) <= 50
    assert len(json.dumps(sent, ensure_ascii=False)) <= 2000
    assert all("children" not in child for child in sent.get("children", ()))
    assert not (sent.get("children") and sent["conditions"])
    for one in lists:
        assert one["conjunction"] in ("and", "or")
        for condition in one["conditions"]:
            assert condition["operator"] in ALLOWED[condition["field_name"]]


@given(
    value=st.floats(-1e19, 1e19) | st.sampled_from([0.1, 1e15 + 0.3, 123456789012345.67, -2.5]),
    op=st.sampled_from(["=", "<", "<=", ">", ">="]),
    formatter=st.sampled_from(["0", "0.0", "0.00", "0.0000", "0%", "0.00%", "1,000", "$1,000.00"]),
)
def test_numbers_that_the_server_rounds_or_cuts_are_not_lost(
    value: float, op: Any, formatter: str
) -> None:
    """A cell equal to the literal passes, displayed or cut to 15 digits, up or down."""
    schema = build_schema(
        "base", "tbl", [Field("fld1", "N", 2, "Number", property={"formatter": formatter})]
    )
    pushed = push(Compare("n", op, value), schema, zone=None, text_pushdown=True)
    unit = schema.columns[0].unit()
    exact = Decimal(value)
    digits = 15 - 1 - exact.adjusted() if exact else 15
    seen = [exact, exact.quantize(unit, ROUND_HALF_UP), exact - unit / 2, exact + unit / 2,
            Decimal(math.floor(exact.scaleb(digits))).scaleb(-digits)]  # fmt: skip
    assert pushed.filter is not None
    for condition in pushed.filter["conditions"]:
        bound = Decimal(condition["value"][0])
        assert "E" not in condition["value"][0].upper()
        compare = Decimal.__gt__ if condition["operator"] == "isGreater" else Decimal.__lt__
        lower_or_equal = "<" in op and condition["operator"] == "isLess"
        assert lower_or_equal or condition["operator"] == "isGreater" or op == "="
        assert all(compare(number, bound) for number in seen)


CHANGES = [
    (ZoneInfo("America/Sao_Paulo"), dt.datetime(2018, 11, 4, 3, tzinfo=dt.UTC)),  # no midnight
    (ZoneInfo("Asia/Beirut"), dt.datetime(2024, 3, 30, 22, tzinfo=dt.UTC)),  # no midnight
    (ZoneInfo("America/Havana"), dt.datetime(2024, 11, 3, 5, tzinfo=dt.UTC)),  # two midnights
    (ZoneInfo("Pacific/Apia"), dt.datetime(2011, 12, 30, 10, tzinfo=dt.UTC)),  # a missing day
    (ZoneInfo("Australia/Lord_Howe"), dt.datetime(2024, 4, 6, 15, tzinfo=dt.UTC)),
]
AROUND = st.integers(-72 * 60, 72 * 60).map(lambda minutes: dt.timedelta(minutes=minutes))


@given(
    change=st.sampled_from(CHANGES),
    cell=AROUND,
    literal=AROUND,
    op=st.sampled_from(["=", "<", "<=", ">", ">="]),
    known=st.booleans(),
    whole_days=st.booleans(),
)
def test_days_that_the_clocks_change_lose_no_row(
    change: tuple[ZoneInfo, dt.datetime],
    cell: dt.timedelta,
    literal: dt.timedelta,
    op: Any,
    known: bool,
    whole_days: bool,
    deals: TableSchema,
    options_now: Mapping[str, str],
) -> None:
    """A skipped or repeated midnight, and even a skipped day, keeps every wanted row."""
    zone, moment = change
    predicate = Compare("due_date", op, moment + literal)
    found = mask(predicate, pa.record_batch({"due_date": pa.array([moment + cell], MS)}))
    pushed = push(predicate, deals, zone=zone if known else None, text_pushdown=True)
    server = Server(zone, options_now, False, False, whole_days, "refused")
    row = {"due_date": int((moment + cell).timestamp() * 1000)}
    assert pushed.filter is not None
    assert server.keeps(render_filter(pushed.filter, deals), row) or not found[0].as_py()


def test_numbers_cut_to_whole_ones_are_looked_for_one_further(decimal_deals: TableSchema) -> None:
    """A rating displayed with a decimal place may have lost it here; a decimal has not."""
    rating = Field("fld1", "R", 2, "Rating", property={"formatter": "0.0"})
    schema = build_schema("base", "tbl", [rating])
    assert _push("r = 3", schema).sent == ("R > 2 and R < 4",)
    assert _push("amount = 3", decimal_deals).sent == ("Amount > 2.99 and Amount < 3.01",)
    assert _push("amount IS NULL", decimal_deals).filter is None


def _push(text: str, schema: TableSchema, **settings: Any) -> Pushed:
    usual: dict[str, Any] = {"zone": SHANGHAI, "text_pushdown": True}
    return push(parse_where(text, schema), schema, **usual | settings)


def _one(name: str, operator: str, *value: str) -> dict[str, Any]:
    return {"field_name": name, "operator": operator, "value": list(value)}


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("name = 'x'", [_one("Name", "is", "x")]),
        ("name <> 'x'", [_one("Name", "isNotEmpty")]),
        ("NOT (name LIKE '%x%')", [_one("Name", "isNotEmpty")]),
        ("name LIKE '%x%'", [_one("Name", "contains", "x")]),
        ("name LIKE 'x%'", [_one("Name", "contains", "x")]),
        ("name LIKE '%x_long%y'", [_one("Name", "contains", "long")]),
        ("name LIKE 'x'", [_one("Name", "is", "x")]),
        ("name LIKE '%'", [_one("Name", "isNotEmpty")]),
        ("name IS NULL", [_one("Name", "isEmpty")]),
        ("amount = 5", [_one("Amount", "isGreater", "4.99"), _one("Amount", "isLess", "5.01")]),
        ("amount > 5 AND amount <= 7.5",
         [_one("Amount", "isGreater", "4.99"), _one("Amount", "isLess", "7.51")]),
        ("amount >= 0.01", [_one("Amount", "isGreater", "0")]),
        ("amount < 1e3", [_one("Amount", "isLess", "1000.01")]),
        ("amount > 0.123456789012345678", [_one("Amount", "isGreater", "0.113456789012345")]),
        ("amount <> 5", [_one("Amount", "isNotEmpty")]),
        ("amount IS NULL", [_one("Amount", "isEmpty")]),
        ("stars = 3", [_one("Stars", "isGreater", "2"), _one("Stars", "isLess", "4")]),
        ("status = 'Open'", [_one("Status", "is", "Open")]),
        ("status <> 'Open'", [_one("Status", "isNotEmpty")]),
        ("list_contains(tags, 'Open')", [_one("Tags", "contains", "Open")]),
        ("NOT list_contains(tags, 'Open')", [_one("Tags", "isNotEmpty")]),
        ("due_date >= '2024-01-02'", [_one("Due date", "isGreater", "ExactDate", "1704081600000")]),
        ("due_date < '2024-01-02'", [_one("Due date", "isLess", "ExactDate", "1704254400000")]),
        ("due_date = '2024-01-02'", [_one("Due date", "is", "ExactDate", "1704153600000")]),
        ("due_date <> '2024-01-02'", [_one("Due date", "isNotEmpty")]),
        ("done", [_one("Done", "is", "true")]),
        ("done <> false", [_one("Done", "is", "true")]),
        ("done NOT IN (false)", [_one("Done", "is", "true")]),
        ("list_contains(owner, 'ou_1')", [_one("Owner", "contains", "ou_1")]),
        ("tel = '+8613112345678'", [_one("Tel", "is", "+8613112345678")]),
        ("tel IS NOT NULL", [_one("Tel", "isNotEmpty")]),
        ("site.text = 'Home'", [_one("Site", "is", "Home")]),
        ("site.text LIKE '%ome%'", [_one("Site", "contains", "ome")]),
        ("site.text IS NOT NULL", [_one("Site", "isNotEmpty")]),
        ("site.link <> 'x'", [_one("Site", "isNotEmpty")]),
        ("files IS NULL", [_one("Files", "isEmpty")]),
        ("list_contains(customer, 'rec1')", [_one("Customer", "contains", "rec1")]),
        ("no = '17'", [_one("No", "is", "17")]),
        ("name IS NOT NULL AND name = 'x'", [_one("Name", "is", "x")]),
        ("NOT (name = 'x' OR NOT done)", [_one("Name", "isNotEmpty"), _one("Done", "is", "true")]),
    ],
)  # fmt: skip
def test_each_type_is_asked_in_its_own_way(
    text: str, conditions: list[dict[str, Any]], deals: TableSchema
) -> None:
    """The conditions sent for each type of field and each kind of test."""
    pushed = _push(text, deals)
    assert pushed.filter is not None
    assert render_filter(pushed.filter, deals) == {"conjunction": "and", "conditions": conditions}
    assert pushed.kept == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("total = 'x'", "Lark cannot filter by formulas"),
        ("total IS NULL", "Lark cannot filter by formulas"),
        ("code = 'A001'", "Lark cannot filter by this AutoNumber field"),
        ("record_id = 'rec1'", "Lark cannot filter by record id"),
        ("name = ''", "Lark may read this text in another way"),
        ("name = ' x'", "Lark may read this text in another way"),
        ("name = 'a\nb'", "Lark may read this text in another way"),
        ("name IN ('x', 'a\u200b')", "Lark may read this text in another way"),
        ("name LIKE '% x'", "Lark may read this text in another way"),
        ("name ILIKE '%x%'", "whether Lark ignores letter case is not known"),
        ("name < 'x'", "Lark has no such condition for Text"),
        ("status = 'Added'", "'Added' is not the name of exactly one option"),
        ("status IN ('Open', 'Added')", "'Added' is not the name of exactly one option"),
        ("status = 'Twice'", "'Twice' is not the name of exactly one option"),
        ("status = 'case'", "several options are spelled like 'case'"),
        ("list_contains(tags, 'Twice')", "'Twice' is not the name of exactly one option"),
        ("status LIKE 'O%'", "Lark has no such condition for SingleSelect"),
        ("done = false", "Lark may not find checkboxes that were never touched"),
        ("done IS NULL", "Lark has no such condition for Checkbox"),
        ("tel = '030 123'", "Lark may write this phone number in another way"),
        ("tel LIKE '030%'", "Lark has no such condition for Phone"),
        ("site.link = 'x'", "Lark cannot filter by this member"),
        ("site.text IS NULL", "a cell that is not empty can lack this member"),
        ("no > '5'", "Lark has no such condition for AutoNumber"),
        ("no = 'A5'", "Lark compares only whole numbers with it"),
        ("no IS NULL", "Lark cannot tell its empty cells"),
        ("no <> '5'", "Lark cannot tell its empty cells"),
        ("stars IS NULL", "numbers that its type cannot hold are NULL as well"),
        ("amount > 1e20", "the number is too large to be sent"),
        ("due_date > '1969-12-31'", "times before 1970 or beyond the calendar are not sent"),
        ("due_date = '1969-12-31'", "times before 1970 are not sent"),
        ("due_date < '9999-12-31'", "times before 1970 or beyond the calendar are not sent"),
        ("due_date = '9999-12-31 23:59:59'", "times beyond the calendar are not sent"),
    ],
)
def test_what_could_lose_rows_is_kept_with_its_reason(
    text: str, reason: str, deals: TableSchema
) -> None:
    """Nothing is sent, and the reason is one that a reader of the plan understands."""
    pushed = _push(text, deals)
    assert (pushed.filter, pushed.sent, pushed.exact) == (None, (), False)
    (kept,) = pushed.kept
    assert kept.endswith(f": {reason}")


def test_switching_text_off_leaves_options_and_null_tests(deals: TableSchema) -> None:
    """Only texts are no longer compared by the server."""
    text = "name = 'x' AND status = 'Open' AND tel = '110' AND site.text LIKE 'x%' AND name IS NULL"
    pushed = _push(text, deals, text_pushdown=False)
    assert pushed.sent == ('Status is "Open"', "Name is empty")
    assert pushed.kept == (
        "name = 'x': comparing texts on the server is switched off",
        "tel = '110': comparing texts on the server is switched off",
        "site.text LIKE 'x%': comparing texts on the server is switched off",
    )


def test_an_unknown_zone_widens_dates(deals: TableSchema) -> None:
    """Two days on each side, and no "is", since a day is not known."""
    day = 86_400_000
    moment = 1_704_153_600_000
    pushed = _push("due_date IN ('2024-01-02', '2024-01-05')", deals, zone=None)
    assert pushed.filter is not None
    assert render_filter(pushed.filter, deals)["conditions"] == [
        _one("Due date", "isGreater", "ExactDate", str(moment - 2 * day)),
        _one("Due date", "isLess", "ExactDate", str(moment + 5 * day)),
    ]


def test_numbers_in_a_list_leave_out_the_gaps_between(deals: TableSchema) -> None:
    """Ranges cannot be joined by OR inside an AND, so the gaps are excluded instead."""
    pushed = _push("amount IN (100, 1, 1.005)", deals)
    assert pushed.filter is not None
    assert render_filter(pushed.filter, deals) == {
        "conjunction": "and",
        "conditions": [],
        "children": [
            {"conjunction": "and", "conditions": [
                _one("Amount", "isGreater", "0.99"), _one("Amount", "isLess", "100.01")]},
            {"conjunction": "or", "conditions": [
                _one("Amount", "isLess", "1.015"), _one("Amount", "isGreater", "99.99")]},
        ],
    }  # fmt: skip


def test_alternatives_are_one_list_or_children(deals: TableSchema) -> None:
    """One OR alone is a flat list; beside other conditions everything moves into children."""
    either = [_one("Status", "is", "Open"), _one("Done", "is", "true")]
    alone = _push("status = 'Open' OR done", deals).filter
    both = _push("(status = 'Open' OR done) AND name = 'x'", deals).filter
    assert alone is not None
    assert both is not None
    assert render_filter(alone, deals) == {"conjunction": "or", "conditions": either}
    assert render_filter(both, deals) == {
        "conjunction": "and",
        "conditions": [],
        "children": [
            {"conjunction": "and", "conditions": [_one("Name", "is", "x")]},
            {"conjunction": "or", "conditions": either},
        ],
    }


def test_an_alternative_that_cannot_be_sent_keeps_the_whole_or(deals: TableSchema) -> None:
    """Half an OR would lose the rows of the other half; half an AND loses none."""
    assert _push("status = 'Open' OR total = 'x'", deals).filter is None
    pushed = _push("done OR (status = 'Open' AND total = 'x')", deals)
    assert pushed.sent == ('Done is true or Status is "Open"',)
    assert not pushed.exact


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("status = 'Open'", True),
        ("status IN ('Open', 'Won') AND done", True),
        ("status = 'Open' OR name IS NULL", True),
        ("list_contains(tags, 'Open') AND list_contains(customer, 'rec1')", True),
        ("files IS NOT NULL", True),
        ("1 = 1", True),
        ("status <> 'Open'", False),
        ("name = 'x'", False),
        ("amount > 5", False),
        ("due_date > '2024-01-01'", False),
        ("site.text IS NOT NULL", False),
        ("status = 'Open' AND total = 'x'", False),
    ],
)
def test_exact_means_that_no_other_row_comes(text: str, exact: bool, deals: TableSchema) -> None:
    """Only documented behaviour of options, ids, checkboxes and NULL tests counts as exact."""
    assert _push(text, deals).exact is exact


@pytest.mark.parametrize("text", ["FALSE", "NULL", "name = NULL", "done AND 1 > 2",
                                  "amount NOT IN (1, NULL)"])  # fmt: skip
def test_a_condition_that_never_holds_is_known_to_be_empty(text: str, deals: TableSchema) -> None:
    """No call is needed to find no rows."""
    assert _push(text, deals) == Pushed(None, empty=True)


def test_a_filter_stays_within_the_limits_and_keeps_the_most_selective(deals: TableSchema) -> None:
    """Fifty conditions at most; an or-group goes only as a whole."""
    many = ", ".join(f"'v{number}'" for number in range(45))
    few = " AND ".join(f"name LIKE '%{number}%'" for number in range(10))
    pushed = _push(f"name IN ({many}) AND {few} AND amount <> 3 AND status = 'Open'", deals)
    assert pushed.filter is not None
    _check_limits(render_filter(pushed.filter, deals))
    assert pushed.sent == (
        *(f'Name contains "{number}"' for number in range(10)),
        "Amount is not empty",
        'Status is "Open"',
    )
    assert pushed.kept == (
        "name IN ('v0', 'v1', 'v2', 'v3', 'v4', … 40 more): the filter would be too long",
    )


def test_a_tangle_of_alternatives_stays_small(deals: TableSchema) -> None:
    """Distributing OR over AND is bounded; what is left is still a superset."""
    parts = [And((Compare("amount", ">", n), Compare("stars", "<", n))) for n in range(8)]
    pushed = push(Or(tuple(parts)), deals, zone=None, text_pushdown=True)
    assert pushed.filter is not None
    _check_limits(render_filter(pushed.filter, deals))


def test_texts_speak_lark_names_and_plain_words(deals: TableSchema) -> None:
    """The plan shows what is sent and what is not."""
    text = (
        "status IN ('Open', 'Won') AND amount > 1000 AND due_date >= '2024-01-02' AND done "
        "AND NOT (total LIKE 'it''s%' OR code IS NULL) AND stars NOT IN (1, 2)"
    )
    pushed = _push(text, deals)
    assert pushed.sent == (
        'Status is "Open" or Status is "Won"',
        "Amount > 999.99",
        "Due date > 2024-01-01",
        "Done is true",
        "Stars is not empty",
    )
    assert pushed.kept == (
        "NOT total LIKE 'it''s%': Lark cannot filter by formulas",
        "code IS NOT NULL: Lark cannot filter by this AutoNumber field",
    )
    assert pushed.columns == {"fldStatus", "fldAmount", "fldDue", "fldDone", "fldStars"}


def test_a_filter_finds_its_fields_after_a_rename(deals: TableSchema) -> None:
    """A filter names fields by id until it is sent, so a new name reaches it."""
    pushed = _push("name = 'x'", deals)
    renamed = build_schema("base", "tblDeals", [Field("fldName", "Title", 1, "Text")])
    assert pushed.filter == {
        "conjunction": "and",
        "conditions": [{"field_id": "fldName", "operator": "is", "value": ["x"]}],
    }
    assert render_filter(pushed.filter, renamed)["conditions"] == [_one("Title", "is", "x")]
    gone = build_schema("base", "tblDeals", [Field("fldOther", "Other", 1, "Text")])
    with pytest.raises(QueryError, match="fldName"):
        render_filter(pushed.filter, gone)


@pytest.mark.parametrize(
    "predicate",
    [
        Compare("name", "=", 5),
        Compare("amount", "=", "5"),
        Compare("due_date", "=", 5),
        Compare("due_date", "<", "2024"),
        Compare("amount", "<", "5"),
        In("status", (True,)),
        Not(In("done", ("x",))),
        Constant(True),
    ],
)
def test_values_of_another_type_are_not_sent(predicate: Predicate, deals: TableSchema) -> None:
    """A maker of predicates that binds values wrongly gets no wrong filter for it."""
    assert push(predicate, deals, zone=SHANGHAI, text_pushdown=True).filter is None


def test_no_predicate_needs_no_filter(deals: TableSchema) -> None:
    """All rows are wanted, and all come: that is exact."""
    assert push(None, deals, zone=None, text_pushdown=True) == Pushed(None, exact=True)
