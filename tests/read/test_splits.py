"""A large read is divided into parts of about the same size, at the price of a few questions."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from larkbase_sdk import Lark, NotFound, Options, PushdownRefused, ServiceError
from larkbase_sdk.explanation import explain_plan
from larkbase_sdk.read.count import Glance
from larkbase_sdk.read.filters import fits
from larkbase_sdk.read.plan import Part, ReadPlan
from larkbase_sdk.read.reader import read_part
from larkbase_sdk.read.splits import most_probes, split_plan
from larkbase_sdk.scan import Scan
from larkbase_sdk.testing import LarkEmulator

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
ROWS = 1200
SPLIT_KEY = "$reserved_split_key"


@pytest.fixture
def lark(lark_emulator: LarkEmulator) -> Iterator[Lark]:
    """A client that reads pages of 100 rows, as fast as it can."""
    with lark_emulator.connect(options=Options(page_size=100, rate=5000)) as client:
        yield client


@pytest.fixture
def make(lark_emulator: LarkEmulator) -> Any:
    """Makes the table T of base B, with a text and the columns that are named, some cells empty."""

    def build(*names: str, rows: int = ROWS, empty: float = 0.1, **columns: Any) -> Any:
        chance = random.Random(7)
        fields = [("Name", "Text"), *(FIELDS[name] for name in names), *columns.values()]
        table = lark_emulator.database("B").table("T", fields=fields)
        table.insert(
            {"Name": f"n{number}"}
            | {name: CELLS[name](chance, number) for name in names if chance.random() >= empty}
            for number in range(rows)
        )
        return table

    return build


FIELDS: dict[str, Any] = {
    "No": ("No", "AutoNumber"),
    "Made": ("Made", "CreatedTime"),
    "Day": ("Day", "DateTime"),
    "Amount": ("Amount", "Number", {"formatter": "0.00"}),
    "Share": ("Share", "Progress", {"formatter": "0.0%"}),
    "Status": ("Status", "SingleSelect", {"options": ["Open", "Won", "Lost", "Late", "Kept"]}),
    SPLIT_KEY: (SPLIT_KEY, "Number", {"formatter": "0"}),
}
CELLS: dict[str, Any] = {
    "No": lambda _chance, number: str(3 * number + number // 400 * 5000),
    "Made": lambda _chance, number: START + number * DAY / 10,
    "Day": lambda chance, _: START + chance.randrange(200) * DAY,
    "Amount": lambda chance, _: round(chance.lognormvariate(3, 2), 2),
    "Share": lambda chance, _: chance.betavariate(2, 5),
    "Status": lambda chance, _: chance.choices(
        ["Open", "Won", "Lost", "Late", "Kept"], [6, 5, 4, 3, 2]
    )[0],
    SPLIT_KEY: lambda chance, _: chance.randrange(1, 400),
}


def scan_of(lark: Lark, **kwargs: Any) -> Scan:
    return lark.table("B.T").scan(columns=["Name"], **kwargs)


def divided(scan: Scan, most: int = 4, **kwargs: Any) -> ReadPlan:
    return split_plan(scan.plan(), scan.read_context(), most=most, **kwargs)


def ids_of(scan: Scan, plan: ReadPlan, part: Part) -> list[str]:
    """Read a part as another process would, from its JSON."""
    sent = Part.from_dict(json.loads(json.dumps(part.to_dict())))
    batches = read_part(scan.read_context(), sent, plan.schema, plan.residual)
    return [record_id for batch in batches for record_id in batch.column("record_id").to_pylist()]


def in_parts(scan: Scan, plan: ReadPlan) -> list[list[str]]:
    return [ids_of(scan, plan, part) for part in plan.parts]


def assert_complete(parts: list[list[str]], scan: Scan) -> None:
    """Every row of the whole read is in one part, once."""
    together = sorted(record_id for part in parts for record_id in part)
    assert together == sorted(scan.to_arrow().column("record_id").to_pylist())


def chosen(plan: ReadPlan) -> str | None:
    """Return the name of the column that a plan is divided by."""
    cut = plan.parts[0].cut
    return None if cut is None else plan.schema.by_id(cut.field).lark_name


# -- even parts --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("most", [2, 4, 5])
def test_parts_are_of_about_the_same_size(make, lark, name, most):
    """None holds more than 1.5 times its even share, whatever gaps and duplicates there are."""
    make(name)
    scan = scan_of(lark)

    plan = divided(scan, most)

    parts = in_parts(scan, plan)
    assert chosen(plan) == name
    assert len(parts) == most
    assert max(map(len, parts)) <= 1.5 * ROWS / most
    assert_complete(parts, scan)


@pytest.mark.parametrize("name", ["Day", "Amount", "Status", SPLIT_KEY])
def test_empty_cells_are_a_part_of_their_own_when_they_are_many(make, lark, name):
    """With half the cells empty, one part holds these and the other three share the rest."""
    table = make(name, empty=0.5)
    scan = scan_of(lark)

    parts = in_parts(scan, divided(scan))

    empty = {row["record_id"] for row in table.records if name not in row["fields"]}
    assert set(parts[-1]) == empty
    assert len(parts) == 4
    assert max(map(len, parts[:-1])) <= 1.5 * (ROWS - len(empty)) / 3


def test_the_conditions_of_the_read_go_with_those_of_the_parts(make, lark, lark_emulator):
    """Each part asks the server for both, and reads no more than its own rows."""
    make("No", "Status")
    scan = scan_of(lark, where="status = 'Open' AND name LIKE '%1%'")
    plan = divided(scan, minimum_rows=100)
    lark_emulator.calls.clear()

    parts = in_parts(scan, plan)

    assert len(parts) == 2
    assert_complete(parts, scan)
    filters = [call.body["filter"] for call in lark_emulator.calls.named("search")]
    assert [names_in(filters[0]), names_in(filters[1])] == [{"Status", "Name", "No"}] * 2


def names_in(filter_: dict[str, Any]) -> set[str]:
    """Return the names of the fields in a filter as it was sent."""
    inner = [name for child in filter_.get("children", ()) for name in names_in(child)]
    return {one["field_name"] for one in filter_["conditions"]} | set(inner)


def test_a_read_within_a_view_is_divided_when_its_conditions_can_be_sent(make, lark):
    """The rows of all parts are those of the view."""
    table = make("No", "Status")
    table.view("Open ones", conditions=[("Status", "is", ["Open"])])
    scan = scan_of(lark, view="Open ones")

    plan = divided(scan, minimum_rows=100)

    parts = in_parts(scan, plan)
    assert len(parts) > 1
    assert_complete(parts, scan)


def test_the_key_column_is_read_but_not_part_of_the_result(make, lark):
    """A column that is not wanted is fetched for the cut; the output stays as it was."""
    make("No")
    scan = scan_of(lark)
    whole = scan.plan()

    plan = divided(scan)

    assert plan.output == whole.output == ("name",)
    assert {part.fields for part in plan.parts} == {
        (*whole.parts[0].fields, plan.schema.column("No").field_id)
    }


# -- when a read is divided --------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "parts", "calls"), [(0, 1, 1), (500, 1, 1), (501, 2, 13)])
def test_only_a_read_of_more_than_500_rows_is_divided(lark_emulator, make, rows, parts, calls):
    """A smaller one costs the one call that counts it; no part is smaller than a page."""
    make("No", rows=rows, empty=0)
    with lark_emulator.connect(options=Options(rate=5000)) as client:
        scan = scan_of(client)
        scan.plan()
        lark_emulator.calls.clear()

        plan = divided(scan, 100)

    assert len(plan.parts) == parts
    assert len(lark_emulator.calls.list) <= calls


@pytest.mark.parametrize(
    "kwargs", [{"limit": 900}, {"order_by": "name"}, {"order_by": "no", "limit": 9}], ids=str
)
def test_a_read_with_an_order_or_a_limit_is_not_divided(make, lark, lark_emulator, kwargs):
    """Its parts could not know where the others end; nothing is asked."""
    make("No")
    scan = scan_of(lark, **kwargs)
    plan = scan.plan()
    lark_emulator.calls.clear()

    assert divided(scan) == plan
    assert lark_emulator.calls.list == []


def test_a_read_through_a_view_is_not_divided(make, lark):
    """Lark would ignore the view as soon as a filter is sent."""
    table = make("No")
    table.add_field("Calc", "Formula", {"result": "Text", "declared": True})
    table.view("By formula", conditions=[("Calc", "isEmpty", [])])
    scan = scan_of(lark, view="By formula")

    assert divided(scan, minimum_rows=0) == scan.plan()


@pytest.mark.parametrize(
    "kwargs", [{"strategy": "off"}, {"most": 1}, {"strategy": "reserved"}], ids=str
)
def test_a_read_that_must_not_be_divided_costs_no_call(make, lark, lark_emulator, kwargs):
    """Switched off, one part wanted, or no split key in the table."""
    make("No")
    scan = scan_of(lark)
    plan = scan.plan()
    lark_emulator.calls.clear()

    assert divided(scan, **kwargs) == plan
    assert lark_emulator.calls.list == []


# -- the column --------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["auto", "reserved"])
def test_the_split_key_goes_before_every_other_column(make, lark, strategy):
    """Also when it has gaps, duplicates and empty cells and others have none."""
    make("No", SPLIT_KEY, "Status")
    scan = scan_of(lark)

    plan = divided(scan, strategy=strategy)

    assert chosen(plan) == SPLIT_KEY
    assert_complete(in_parts(scan, plan), scan)


@pytest.mark.parametrize(
    ("ui_type", "property_", "cell"),
    [
        ("AutoNumber", None, lambda number: str(number // 2)),
        ("CreatedTime", None, lambda number: START + number % 90 * DAY),
        ("DateTime", None, lambda number: START + number % 90 * DAY),
        ("Currency", {"formatter": "0.00"}, lambda number: number % 97 / 4),
        ("SingleSelect", {"options": list("abcdefg")}, lambda number: "abcdefg"[number % 7]),
        ("Text", None, lambda number: f"{number:05}"),
        ("Formula", {"result": "Number", "declared": True}, float),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_split_key_may_be_of_any_type_that_lark_filters_by_range(
    make, lark, ui_type, property_, cell
):
    """With a key of another type the read stays whole, or another column is taken."""
    table = make(key=(SPLIT_KEY, ui_type, property_))
    for number, record in enumerate(table.records):
        table.update(record["record_id"], {SPLIT_KEY: cell(number)})
    scan = scan_of(lark)

    plan = divided(scan, strategy="reserved")

    assert chosen(plan) == (None if ui_type in ("Text", "Formula") else SPLIT_KEY)
    assert_complete(in_parts(scan, plan), scan)


@pytest.mark.parametrize(("strategy", "expected"), [("auto", "No"), ("reserved", None)])
def test_a_split_key_that_does_not_divide_is_passed_over(make, lark, strategy, expected):
    """When all rows have the same key, another column is taken, or none if only it may be."""
    table = make("No", SPLIT_KEY)
    for record in table.records:
        table.update(record["record_id"], {SPLIT_KEY: 1})
    scan = scan_of(lark)

    assert chosen(divided(scan, strategy=strategy)) == expected


def test_columns_that_nobody_edits_come_first(make, lark):
    """Auto number, created time, then dates, numbers and options."""
    table = make("Status", "Amount", "Day", "Made", "No")
    order = []
    for _ in FIELDS.keys() - {"Share", SPLIT_KEY}:
        lark.refresh()
        name = chosen(divided(scan_of(lark)))
        order.append(name)
        table.delete_field(name)

    assert order == ["No", "Made", "Day", "Amount", "Status"]


@pytest.mark.parametrize(
    ("ui_type", "property_"),
    [
        ("ModifiedTime", None),
        ("Rating", None),
        ("Text", None),
        ("MultiSelect", {"options": ["a", "b"]}),
        ("SingleSelect", {"options": ["a", "b", "b"]}),
        ("SingleSelect", {"options": ["a", "A"]}),
        ("SingleSelect", {"options": [str(number) for number in range(21)]}),
        ("Formula", {"result": "Number", "declared": True}),
        ("AutoNumber", {"auto_serial": {"type": "custom", "options": [
            {"type": "fixed_text", "value": "A"}, {"type": "system_number", "value": "4"}]}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_column_whose_values_the_server_may_see_otherwise_never_divides(
    make, lark, ui_type, property_
):
    """Nor does one that changes with every edit, or with more options than a filter takes."""
    make(rows=600, other=("Other", ui_type, property_))

    plan = divided(scan_of(lark))

    assert chosen(plan) is None
    assert plan.notes == ("read in one part: no column shares out the rows evenly",)


def test_an_auto_number_that_is_no_number_rules_its_column_out(make, lark):
    """No range would find the row, and the counts show it."""
    table = make("No", "Made", empty=0)
    table.update(table.records[5]["record_id"], {"No": "A-7"})
    scan = scan_of(lark)

    plan = divided(scan)

    assert chosen(plan) == "Made"
    assert_complete(in_parts(scan, plan), scan)


@pytest.mark.parametrize("total", ["unfiltered", "off_by_one", "absent"])
def test_counts_that_do_not_add_up_divide_nothing(make, lark, lark_emulator, total):
    """A read is left whole rather than divided blindly."""
    make("No", "Status")
    lark_emulator.switches.total = total
    scan = scan_of(lark)

    assert chosen(divided(scan)) is None


def test_counts_that_are_not_trusted_still_guide(make, lark_emulator):
    """They make no part wrong, so that nothing but its size hangs on them."""
    make("No")
    doubting = Options(page_size=100, rate=5000, trust_total=False)
    with lark_emulator.connect(options=doubting) as client:
        scan = scan_of(client)
        plan = divided(scan)

        assert chosen(plan) == "No"
        assert_complete(in_parts(scan, plan), scan)


@pytest.mark.parametrize("switch", ["refuse_filters", "refuse_sorts", "max_filter_chars"])
def test_questions_that_lark_refuses_divide_nothing(make, lark, lark_emulator, switch):
    """Without a warning: the read itself goes as it would have gone."""
    make("No")
    value = {"refuse_filters": 1254018, "refuse_sorts": 1254016, "max_filter_chars": 0}[switch]
    setattr(lark_emulator.switches, switch, value)

    assert chosen(divided(scan_of(lark))) is None


def test_a_field_list_that_may_not_be_read_divides_nothing(make, lark, lark_emulator):
    """What the fields are now is not known then."""
    make("No")
    scan = scan_of(lark)
    scan.plan()
    lark_emulator.fail(code=1254302, endpoint="fields", times=1)

    assert chosen(divided(scan)) is None


def test_a_filter_that_is_nearly_full_stays_within_the_limits(make, lark):
    """What does not fit beside the conditions of the read is not divided by."""
    make("No", "Status", empty=0)
    wanted = ", ".join(f"'n{number}'" for number in range(700, 748))
    scan = scan_of(lark, where=f"name IN ({wanted}) OR name IS NULL")

    plan = divided(scan, minimum_rows=10)

    assert all(fits(part.filter, plan.schema) for part in plan.parts)
    assert_complete(in_parts(scan, plan), scan)


def test_questions_are_few_however_many_columns_there_are(make, lark, lark_emulator):
    """The one that counts the rows and 16 more for two parts, also when no column serves."""
    table = make(rows=600)
    for number in range(12):
        table.add_field(f"Constant {number}", "Number")
        table.add_field(f"Option {number}", "SingleSelect", {"options": ["a", "b"]})
    for record in table.records:
        table.update(record["record_id"], {f"Constant {number}": 1 for number in range(12)})
    scan = scan_of(lark)
    scan.plan()
    lark_emulator.calls.clear()

    plan = divided(scan, 2)

    assert chosen(plan) is None
    assert lark_emulator.calls.count("search") == 1 + most_probes(2, 6) == 17


# -- what is told and handed on ----------------------------------------------------------------


def test_the_notes_tell_the_column_and_the_parts(lark, lark_emulator):
    """In the words of the table."""
    sizes = {"Open": 60, "Won": 50, "Lost": 40, "Late": 30, "Kept": 20}
    table = lark_emulator.database("B").table("T", fields=[("Name", "Text"), FIELDS["Status"]])
    table.insert({"Status": name} for name, size in sizes.items() for _ in range(size))

    plan = divided(scan_of(lark), minimum_rows=0)

    assert plan.notes == (
        'read in 2 parts by "Status"',
        'part 1: Status is "Won" or "Lost", about 90 rows',
        "part 2: all other rows, about 110 rows",
    )


def test_the_notes_count_what_is_read_for_a_part(lark, lark_emulator):
    """Bounds of dates reach a few days further on the server than the part does."""
    table = lark_emulator.database("B").table("T", fields=[("Name", "Text"), FIELDS["Day"]])
    table.insert({"Day": START + day * DAY} for day in range(300))

    plan = divided(scan_of(lark), minimum_rows=0)

    assert plan.notes == (
        'read in 3 parts by "Day"',
        "part 1: 2026-04-11 <= Day < 2026-07-20, about 104 rows",
        "part 2: Day >= 2026-07-20, about 102 rows",
        "part 3: all other rows, about 102 rows",
    )
    assert [len(part) for part in in_parts(scan_of(lark), plan)] == [100, 100, 100]


def test_an_explanation_tells_the_parts(make, lark):
    """They are notes of the plan, which its explanation shows."""
    make("No")
    plan = divided(scan_of(lark))

    told = explain_plan("B.T", plan, [Glance(None, None)], lark.api.http).lines()

    assert [text for name, text in told if name == "note"] == list(plan.notes)
    assert plan.notes[0] == 'read in 4 parts by "No"'


def test_the_same_answers_give_the_same_parts(make, lark):
    """Whoever plans again gets the same, and a part is small."""
    make("Amount", "Status")
    scan = scan_of(lark)

    first, second = divided(scan), divided(scan)

    assert first == second
    assert max(len(json.dumps(part.to_dict())) for part in first.parts) < 900


def test_a_part_without_a_cut_is_read_as_before(make, lark, lark_emulator):
    """A read that is not divided asks for no field list."""
    make("No", rows=50)
    scan = scan_of(lark)
    plan = scan.plan()
    lark_emulator.calls.clear()

    ids_of(scan, plan, plan.parts[0])

    assert [call.endpoint for call in lark_emulator.calls.list] == ["search"]


def test_a_name_that_is_out_of_date_divides_nothing(make, lark):
    """Lark refuses to count by it; the read itself learns the new name."""
    table = make("No")
    scan = scan_of(lark)
    plan = scan.plan()
    table.rename_field("Name", "Title")

    assert split_plan(plan, scan.read_context(), most=4) == plan


# -- changes between planning and reading ------------------------------------------------------


def test_an_option_renamed_meanwhile_loses_and_repeats_no_row(make, lark):
    """The parts that name it read the whole table instead, and say so."""
    table = make("Status")
    scan = scan_of(lark)
    plan = divided(scan)
    table.rename_option("Status", "Won", "Signed")

    with pytest.warns(PushdownRefused, match='"Status" is no longer as it was'):
        parts = in_parts(scan, plan)

    assert_complete(parts, scan)


def test_an_option_added_meanwhile_is_read_with_the_rest(make, lark, lark_emulator):
    """No filter is given up for it."""
    table = make("Status")
    scan = scan_of(lark)
    plan = divided(scan)
    table.insert([{"Status": "Brand new"}])
    lark_emulator.calls.clear()

    parts = in_parts(scan, plan)

    assert table.records[-1]["record_id"] in parts[-1]
    assert all("filter" in call.body for call in lark_emulator.calls.named("search"))
    assert_complete(parts, scan)


def test_a_number_shown_with_fewer_digits_meanwhile_loses_no_row(make, lark, lark_emulator):
    """Lark may compare what it displays, so that bounds made for more digits are too tight."""
    table = make("Amount")
    lark_emulator.switches.number_compares_displayed = True
    scan = scan_of(lark)
    plan = divided(scan)
    table.field("Amount").property["formatter"] = "0"
    table.touch()

    with pytest.warns(PushdownRefused, match="Amount"):
        parts = in_parts(scan, plan)

    assert_complete(parts, scan)


def test_a_field_renamed_meanwhile_is_still_divided_by(make, lark, lark_emulator):
    """Parts name fields by id; the filter goes under the new name at once."""
    table = make("No")
    scan = scan_of(lark)
    plan = divided(scan)
    table.rename_field("No", "Number of the row")
    lark_emulator.calls.clear()

    parts = in_parts(scan, plan)

    filters = [call.body["filter"] for call in lark_emulator.calls.named("search")]
    assert {name for filter_ in filters for name in names_in(filter_)} == {"Number of the row"}
    lark.refresh()
    assert_complete(parts, scan)


def test_auto_numbers_written_another_way_meanwhile_lose_no_row(make, lark):
    """Texts that are no counters any more are read with the rest."""
    table = make("No", empty=0)
    scan = scan_of(lark)
    plan = divided(scan)
    rule = [{"type": "fixed_text", "value": "A"}, {"type": "system_number", "value": "4"}]
    table.field("No").property["auto_serial"] = {"type": "custom", "options": rule}
    for record in table.records:
        table.update(record["record_id"], {"No": "A" + record["fields"]["No"].zfill(4)})

    with pytest.warns(PushdownRefused, match="No"):
        parts = in_parts(scan, plan)

    assert [len(part) for part in parts] == [0, 0, 0, ROWS]
    assert_complete(parts, scan)


def test_a_field_list_that_may_not_be_read_any_more_loses_no_row(make, lark, lark_emulator):
    """The part is read without a filter."""
    make("No")
    scan = scan_of(lark)
    plan = divided(scan)
    expected = in_parts(scan, plan)
    lark_emulator.fail(code=1254302, endpoint="fields", times=len(plan.parts))

    with pytest.warns(PushdownRefused, match="No"):
        parts = in_parts(scan, plan)

    assert [sorted(part) for part in parts] == [sorted(part) for part in expected]


def test_a_field_deleted_meanwhile_is_an_error(make, lark):
    """Nobody could tell the parts apart."""
    table = make("No")
    scan = scan_of(lark)
    plan = divided(scan)
    table.delete_field("No")

    with (
        pytest.warns(PushdownRefused),
        pytest.raises(NotFound, match='"No" is no longer in table'),
    ):
        in_parts(scan, plan)


def test_a_counter_that_only_lark_can_read_is_an_error(make, lark):
    """The part that would have to take the row is not the one that gets it."""
    table = make("No", empty=0)
    scan = scan_of(lark)
    plan = divided(scan)
    odd = ids_of(scan, plan, plan.parts[1])[0]
    counters = {row["record_id"]: row["fields"]["No"] for row in table.records}
    table.update(odd, {"No": counters[odd].zfill(16)})

    with pytest.raises(ServiceError, match='in parts by "No"') as caught:
        in_parts(scan, plan)

    assert caught.value.hint == "Read the table in one part (LARK_SPLIT_STRATEGY=off)."


# -- odd values --------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::larkbase_sdk.CellNotConverted")
@pytest.mark.parametrize("number_type", ["double", "decimal"])
def test_numbers_that_no_column_holds_are_read_with_the_rest(make, lark_emulator, number_type):
    """As decimals they are NULL, and Lark still finds them above or below all others."""
    table = make("Amount")
    scale = Options(page_size=100, rate=5000, number_type=number_type)
    with lark_emulator.connect(options=scale) as client:
        scan = scan_of(client)
        plan = divided(scan)
        added = table.insert([{"Amount": 1e25}, {"Amount": -1e25}, {"Amount": 1e15}])

        parts = in_parts(scan, plan)

        assert set(added) <= set(parts[-1])
        assert_complete(parts, scan)


def test_many_numbers_beyond_all_ranges_are_read_once(make, lark):
    """No range reaches into what the rest takes."""
    table = make("Amount")
    table.insert({"Amount": 1e15} for _ in range(ROWS))
    scan = scan_of(lark)

    plan = divided(scan)

    assert chosen(plan) == "Amount"
    assert_complete(in_parts(scan, plan), scan)


def test_dates_before_1970_are_read_with_the_rest(make, lark):
    """Lark's filters are not asked about them."""
    table = make("Day")
    table.insert([{"Day": dt.datetime(1815, 6, 18, tzinfo=dt.UTC)} for _ in range(30)])
    scan = scan_of(lark)

    plan = divided(scan)

    parts = in_parts(scan, plan)
    assert chosen(plan) == "Day"
    assert {row["record_id"] for row in table.records[-30:]} <= set(parts[-1])
    assert_complete(parts, scan)


def test_lines_that_split_a_day_go_to_one_part_in_every_zone(make, lark, lark_emulator):
    """Bounds are days of an unknown zone; the cut is a moment."""
    table = make("Day")
    for hour in range(-30, 30):
        moment = START + 100 * DAY + dt.timedelta(hours=hour)
        table.insert([{"Day": moment}, {"Day": moment - dt.timedelta(milliseconds=1)}])
    for zone in ("Asia/Jakarta", "America/Los_Angeles", "Pacific/Kiritimati"):
        lark_emulator.database("B").time_zone = zone
        scan = scan_of(lark)

        assert_complete(in_parts(scan, divided(scan)), scan)
