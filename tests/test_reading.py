"""Reading a table: nothing is lost, nothing is repeated, and nothing more than needed is asked."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import larkbase_sdk as larkbase
from larkbase_sdk import Options
from larkbase_sdk.read import pages

UTC = dt.UTC


@pytest.fixture
def numbers(lark_emulator):
    """A table of 1,203 rows: No 0…1202, Group a/b/c, every third Amount empty."""
    rows = range(1203)
    return lark_emulator.database("CRM").table(
        "Numbers",
        fields=[
            ("No", "Number"),
            ("Group", "SingleSelect", {"options": ["a", "b", "c"]}),
            ("Amount", "Number", {"formatter": "0.00"}),
        ],
        rows=[
            {"No": n, "Group": "abc"[n % 3], "Amount": None if n % 3 == 2 else n / 8} for n in rows
        ],
    )


@pytest.fixture
def table(lark, numbers):
    return lark.table("CRM.Numbers")


def numbers_of(result: pa.Table) -> list[float]:
    return result.column("No").to_pylist()


def searches(emulator):
    return emulator.calls.named("search")


def test_a_table_is_read_whole_and_typed(table, numbers):
    """Every row comes once, in record order, with the types of its fields."""
    result = table.to_arrow()

    assert result.column_names == ["record_id", "No", "Group", "Amount"]
    assert [str(kind) for kind in result.schema.types] == ["string", "double", "string", "double"]
    assert numbers_of(result) == list(range(1203))
    assert result.column("record_id").to_pylist() == [r["record_id"] for r in numbers.records]
    assert result.column("Amount").null_count == 401


def test_a_read_takes_one_call_per_500_rows(table, lark_emulator):
    """1,203 rows cost three calls, each naming the fields it wants."""
    table.to_arrow()

    calls = searches(lark_emulator)
    assert [call.query["page_size"] for call in calls] == ["500"] * 3
    assert calls[0].body == {"field_names": ["No", "Group", "Amount"]}


def test_only_the_columns_asked_for_are_fetched(table, lark_emulator):
    """A projection reaches the server; the order of columns is the caller's."""
    result = table.to_arrow(columns=["Amount", "no"], limit=1)

    assert result.column_names == ["record_id", "Amount", "No"]
    assert searches(lark_emulator)[0].body == {"field_names": ["No", "Amount"]}


def test_a_limit_stops_the_calls(table, lark_emulator):
    """Ten rows cost one page of ten."""
    assert numbers_of(table.to_arrow(limit=10)) == list(range(10))
    assert [call.query["page_size"] for call in searches(lark_emulator)] == ["10"]


def test_a_limit_beyond_every_table_is_none(table):
    """A number that no machine word holds is a limit like any other."""
    assert len(table.to_arrow(limit=2**70)) == table.count()


def test_a_limit_after_a_local_condition_reads_on_until_it_is_met(table, lark_emulator):
    """What the server cannot filter does not make a limit come short."""
    result = table.to_arrow(
        where=pc.bit_wise_and(pc.field("No").cast("int64"), 511) == 511, limit=2
    )

    assert numbers_of(result) == [511, 1023]
    assert len(searches(lark_emulator)) == 3


def test_a_condition_runs_on_the_server_and_again_here(table, lark_emulator):
    """Only matching rows travel, although number bounds are sent wider than written."""
    result = table.to_arrow(where="amount >= 100 AND amount < 100.5 AND \"group\" = 'b'")

    expected = [n for n in range(1203) if n % 3 == 1 and 100 <= n / 8 < 100.5]
    assert numbers_of(result) == expected
    assert searches(lark_emulator)[0].body["filter"]["conjunction"] == "and"


def test_a_condition_that_is_never_true_makes_no_search(table, lark_emulator):
    """``1 = 0`` gives the types and no rows; the record id is a column like any other."""
    record_id = table.to_arrow(limit=1).column(0)[0].as_py()
    lark_emulator.calls.clear()

    assert len(table.to_arrow(where="no = 1 AND FALSE")) == 0
    assert searches(lark_emulator) == []
    assert numbers_of(table.to_arrow(where=f"record_id = '{record_id}'")) == [0]


def test_a_limit_of_nothing_makes_no_search(table, lark_emulator):
    """``limit=0`` gives the types and no rows, without asking for any."""
    result = table.to_arrow(limit=0)

    assert (len(result), result.column_names[0]) == (0, "record_id")
    assert searches(lark_emulator) == []


@pytest.mark.parametrize("limit", [-1, 1.5, "3", "many", float("nan"), float("inf"), [1], True])
def test_a_limit_that_is_no_number_of_rows_is_refused(table, limit):
    """Whatever it is, the error says what a limit can be."""
    with pytest.raises(larkbase.QueryError, match="A limit cannot be"):
        table.scan(limit=limit)


def test_one_column_needs_no_list(table):
    """A name alone is one column, as in ``order_by``."""
    assert table.to_arrow(columns="Amount", limit=1).column_names == ["record_id", "Amount"]


def test_a_reader_fetches_a_page_when_it_is_asked_for(table, lark_emulator):
    """Stopping to read stops the calls."""
    reader = table.to_reader()
    assert searches(lark_emulator) == []

    first = reader.read_next_batch()

    assert len(first) == 500
    assert len(searches(lark_emulator)) == 1


def test_an_error_in_the_middle_arrives_as_itself(table, lark_emulator):
    """A read that breaks off raises Lark's error; it never ends early as if complete."""
    lark_emulator.fail(91403, endpoint="search", after=1)

    with pytest.raises(larkbase.PermissionDenied) as caught:
        table.to_arrow()
    assert caught.value.code == 91403


def test_rows_repeated_between_pages_come_once(table, lark_emulator):
    """A row inserted in front while we read shifts the pages; nothing is doubled or lost."""
    lark_emulator.switches.edit_between_pages = "insert"

    result = table.to_arrow()
    ids = result.column("record_id").to_pylist()
    assert len(ids) == len(set(ids))
    assert set(range(1203)) <= set(numbers_of(result))


def test_rows_deleted_between_pages_hide_no_others(table, numbers, lark_emulator):
    """A deletion moves rows over the page border, where a plain walk would miss them."""
    lark_emulator.switches.edit_between_pages = "delete"

    result = table.to_arrow()
    ids = result.column("record_id").to_pylist()
    assert len(numbers.records) < 1203
    assert {record["record_id"] for record in numbers.records} <= set(ids)
    assert len(ids) == len(set(ids))


def test_the_same_token_twice_is_an_error_and_no_endless_loop(table, lark_emulator):
    """A server that names the same next page for ever is not followed."""
    lark_emulator.switches.stuck_page_token = True

    with pytest.raises(larkbase.ServiceError, match="same page token"):
        table.to_arrow()


@pytest.mark.parametrize("tokens", [["a", "b"], [str(n) for n in range(30)]])
def test_pages_that_never_bring_a_row_are_no_endless_loop(
    table, lark_emulator, monkeypatch, tokens
):
    """A server that promises more rows, under ever other tokens, is not followed for ever."""
    monkeypatch.setattr(pages, "MOST_IDLE_PAGES", 20)
    for n in range(30):
        token = tokens[n % len(tokens)]
        data = {"items": [], "has_more": True, "page_token": token, "total": 9}
        lark_emulator.fail(endpoint="search", body={"code": 0, "data": data})

    with pytest.raises(larkbase.ServiceError, match="the last 20 pages held none"):
        table.to_arrow()


@pytest.mark.parametrize("code", [1254018, 1254107, 9499, 99992402])
def test_a_refused_filter_is_done_here(table, lark_emulator, code):
    """Whatever reason Lark gives, the same rows come, with a warning that says so."""
    lark_emulator.switches.refuse_filters = code

    with pytest.warns(larkbase.PushdownRefused, match=str(code)):
        result = table.to_arrow(where="no = 7")
    assert numbers_of(result) == [7]


def test_a_filter_refused_in_the_middle_is_an_error(table, lark_emulator):
    """Pages of two different questions are never mixed."""
    lark_emulator.fail(1254018, endpoint="search", after=1)

    with pytest.raises(larkbase.QueryError):
        table.to_arrow(where="no >= 0")


class TestOrder:
    """ORDER BY, with empties last in both directions."""

    def test_the_first_rows_of_an_order_cost_few_pages(self, table, lark_emulator):
        """The server sorts; one page is enough to be sure."""
        result = table.to_arrow(order_by="-No", limit=3)

        assert numbers_of(result) == [1202, 1201, 1200]
        assert [call.body["sort"] for call in searches(lark_emulator)] == [
            [{"field_name": "No", "desc": True}]
        ]

    def test_empties_come_last_both_ways(self, table):
        """An empty cell is neither the smallest nor the largest."""
        up = table.to_arrow(order_by="Amount").column("Amount").to_pylist()
        down = table.to_arrow(order_by="-Amount").column("Amount").to_pylist()

        assert up[802:] == down[802:] == [None] * 401
        assert up[:802] == sorted(up[:802]) == down[:802][::-1]

    @pytest.mark.parametrize("switch", [{}, {"sort_by_displayed": True}, {"refuse_sorts": 1254016}])
    @pytest.mark.filterwarnings("ignore::larkbase_sdk.PushdownRefused")
    def test_the_first_rows_are_right_however_the_server_sorts(self, lark, lark_emulator, switch):
        """Sorting by displayed values, or not at all, changes nothing."""
        values = [1.04, 1.01, 0.96, 3.0, None, 1.02, 2.99, 0.99]
        lark_emulator.database("CRM").table(
            "Close", fields=[("V", "Number", {"formatter": "0"})], rows=[{"V": v} for v in values]
        )
        for name, value in switch.items():
            setattr(lark_emulator.switches, name, value)
        table = lark.table("CRM.Close")

        for limit in range(1, 9):
            for order, reverse in (("V", False), ("-V", True)):
                expected = [*sorted((v for v in values if v is not None), reverse=reverse), None]
                result = table.to_arrow(order_by=order, limit=limit)
                assert result.column("V").to_pylist() == expected[:limit]

    @pytest.mark.filterwarnings("ignore::larkbase_sdk.CellNotConverted")
    def test_numbers_that_a_decimal_cannot_hold_hide_no_others(self, lark_emulator):
        """They are NULL here and come last, wherever the server puts them, so reading goes on."""
        values = [1e21] * 5 + [3.0, 1.0, None, 2.0, 5.0] + [-1e21] * 5
        lark_emulator.database("CRM").table("Wide", {"V": values})
        options = Options(number_type="decimal", page_size=5, progress=False)
        with lark_emulator.connect(options=options) as lark:
            table = lark.table("CRM.Wide")
            found = {
                order: table.to_arrow(order_by=order, limit=5).column("V").to_pylist()
                for order in ("V", "-V")
            }

        assert found == {"V": [1, 2, 3, 5, None], "-V": [5, 3, 2, 1, None]}

    def test_text_is_sorted_here(self, table, lark_emulator):
        """Lark's order of texts is not the order of their values, so it is not used."""
        result = table.to_arrow(order_by=("Group", "-No"), limit=2, columns=["No"])

        assert numbers_of(result) == [1200, 1197]
        assert "sort" not in searches(lark_emulator)[0].body

    def test_the_record_id_is_a_column_to_order_by(self, table, numbers, lark_emulator):
        """It comes first in every result; Lark cannot sort by it, so it is done here."""
        ids = [record["record_id"] for record in numbers.records]

        for order, expected in (("record_id", sorted(ids)), ("-record_id", sorted(ids)[::-1])):
            result = table.to_arrow(order_by=order, limit=2, columns=["No"])
            assert result.column(0).to_pylist() == expected[:2]
        assert "sort" not in searches(lark_emulator)[0].body
        ties = table.to_arrow(order_by=("Amount", "-record_id"), limit=1, columns=["No"])
        assert numbers_of(ties) == [0]

    def test_a_direction_as_in_sql_is_told_how_to_write_it(self, table):
        """Instead of a column that does not exist."""
        for order, wanted in (("Amount DESC", "-Amount"), ("Amount asc", "Amount")):
            with pytest.raises(larkbase.QueryError, match="direction") as caught:
                table.to_arrow(order_by=order)
            assert str(caught.value.hint).startswith(f'Write "{wanted}";')

    def test_lists_have_no_order(self, lark, lark_emulator):
        """Ordering by a list is refused instead of guessed."""
        lark_emulator.database("CRM").table(
            "T", fields=[("Tags", "MultiSelect", {"options": ["a"]})]
        )

        with pytest.raises(larkbase.UnsupportedField, match="tags"):
            lark.table("CRM.T").to_arrow(order_by="Tags")


class TestViews:
    """Lark ignores a view as soon as a filter is sent, so the two are brought together."""

    @pytest.fixture
    def views(self, numbers):
        numbers.view("Only b", conditions=[("Group", "is", ["b"])])
        numbers.view(
            "B or big",
            conditions=[("Group", "is", ["b"]), ("No", "isGreater", ["1200"])],
            conjunction="or",
            hidden=["Amount"],
        )
        numbers.view("All", hidden=["Amount"])

    @pytest.mark.parametrize(
        ("view", "expected"),
        [
            ("Only b", [n for n in range(1203) if n % 3 == 1]),
            ("B or big", [n for n in range(1203) if n % 3 == 1 or n > 1200]),
            ("All", list(range(1203))),
        ],
    )
    def test_a_view_gives_its_rows_and_all_their_cells(self, table, views, view, expected):
        """A view chooses rows; columns that it hides still have their values."""
        result = table.to_arrow(view=view)

        assert numbers_of(result) == expected
        assert result.column("Amount").to_pylist() == [
            None if n % 3 == 2 else n / 8 for n in expected
        ]

    def test_a_view_and_a_condition_both_count(self, table, views, lark_emulator):
        """Both travel in one filter."""
        result = table.to_arrow(view="B or big", where="no > 1190")

        assert numbers_of(result) == [1192, 1195, 1198, 1201, 1202]
        assert "view_id" not in searches(lark_emulator)[0].body
        assert len(searches(lark_emulator)) == 1

    @pytest.mark.parametrize("code", [1254018, 1254045])
    @pytest.mark.parametrize("view", ["Only b", "B or big"])
    @pytest.mark.filterwarnings("ignore::larkbase_sdk.PushdownRefused")
    def test_a_refused_filter_does_not_lose_the_view(self, table, views, lark_emulator, view, code):
        """The view's conditions went with the filter, so its rows are found another way."""
        lark_emulator.fail(code, endpoint="search", times=2 if code == 1254045 else 1)

        result = table.to_arrow(view=view, where="no >= 1198")
        expected = [1198, 1201] if view == "Only b" else [1198, 1201, 1202]
        assert numbers_of(result) == expected

    @pytest.mark.parametrize("hides", ["unless_named", "always", "never"])
    def test_a_view_whose_conditions_cannot_be_sent(self, lark, lark_emulator, hides):
        """Its rows are found through the view itself, hidden columns included."""
        lark_emulator.switches.view_hides_columns = hides
        made = lark_emulator.database("CRM").table(
            "F",
            fields=[
                ("No", "Number"),
                ("Double", "Formula", {"result": "Number", "declared": True}),
            ],
            rows=[{"No": n, "Double": 2 * n} for n in range(10)],
        )
        made.view("Big", conditions=[("Double", "isGreater", ["9"])], hidden=["No"])
        table = lark.table("CRM.F")

        assert numbers_of(table.to_arrow(view="Big", where="no < 8")) == [5, 6, 7]

    def test_an_unknown_view_is_named_with_its_neighbours(self, table, views):
        """The error helps to find the right one."""
        with pytest.raises(larkbase.NotFound, match='did you mean "Only b"'):
            table.to_arrow(view="Only B ")

    def test_a_link_that_names_no_view_says_so(self, table, views):
        """The link of the table alone chooses no rows."""
        with pytest.raises(larkbase.ConfigurationError, match="names no view"):
            table.to_arrow(view=table.url)

    def test_the_link_of_another_tables_view_is_refused(self, lark, lark_emulator, table, views):
        """Views have ids of their own in each table; a link says which table it means."""
        other = lark_emulator.database("CRM").table("Other", {"x": ["y"]})
        view = table.views[0].view_id

        with pytest.raises(larkbase.ConfigurationError, match="another table"):
            table.to_arrow(view=f"{other.url}&view={view}")


class TestCount:
    """Counting costs one call only where Lark's total can be trusted."""

    def test_a_plain_count_is_one_search_of_one_row(self, table, lark_emulator):
        """The total of an unfiltered search is the count."""
        assert table.count() == 1203
        assert [call.query["page_size"] for call in searches(lark_emulator)] == ["1"]

    def test_a_condition_is_counted_row_by_row(self, table):
        """A total under a filter counts what the server let through, which may be more."""
        assert table.count(where="amount < 1") == 6

    def test_a_limit_bounds_the_count(self, table):
        """A scan with a limit counts no more rows than it would give."""
        assert table.scan(limit=5).count() == 5
        assert table.scan(where="no >= 1200", limit=2).count() == 2

    @pytest.mark.parametrize("total", ["off_by_one", "absent"])
    @pytest.mark.filterwarnings("ignore::larkbase_sdk.TableChanged")
    def test_without_trust_the_ids_are_read(self, numbers, lark_emulator, total):
        """``trust_total`` off makes the count independent of what Lark claims."""
        lark_emulator.switches.total = total
        with lark_emulator.connect(options=Options(trust_total=False)) as lark:
            assert lark.table("CRM.Numbers").count() == 1203

    def test_with_advanced_permissions_the_ids_are_read(self, table, numbers, lark_emulator):
        """The total may count rows that the app cannot read."""
        lark_emulator.database("CRM").access = "manage"

        assert table.count() == 1203
        assert [call.query["page_size"] for call in searches(lark_emulator)] == ["500"] * 3


class TestFieldsThatMove:
    """Fields are renamed and deleted while clients remember their names."""

    def test_a_renamed_field_is_still_found(self, table, numbers):
        """A read follows the field's id; the result keeps the name it was asked by."""
        _ = table.schema
        numbers.rename_field("Amount", "Price")

        result = table.to_arrow(columns=["No", "Amount"], where="amount = 101")
        assert numbers_of(result) == [808]

    def test_a_renamed_field_is_still_found_among_very_many(self, lark, lark_emulator):
        """More names than a search takes are not sent, so Lark cannot refuse an old one."""
        made = lark_emulator.database("CRM").table(
            "Wide",
            fields=[(f"F{n}", "Number") for n in range(230)],
            rows=[{f"F{n}": n for n in range(230)}],
        )
        table = lark.table("CRM.Wide")
        _ = table.schema
        made.rename_field("F5", "Five")

        assert table.to_arrow().to_pylist()[0]["F5"] == 5.0

    def test_a_deleted_field_is_an_error_that_names_it(self, table, numbers):
        """Its cells do not silently become NULL."""
        _ = table.schema
        numbers.delete_field("Amount")

        with pytest.raises(larkbase.NotFound, match='"Amount" is no longer in table "Numbers"'):
            table.to_arrow()


class TestBusyService:
    """Lark answers late, too much or not yet."""

    def test_a_heavy_page_is_asked_for_in_smaller_ones(self, table, lark_emulator):
        """Where tokens are offsets the page size shrinks until the answer fits."""
        lark_emulator.switches.max_response_bytes = 20_000

        result = table.to_arrow()
        sizes = [int(call.query["page_size"]) for call in searches(lark_emulator)]
        assert numbers_of(result) == list(range(1203))
        assert sizes[0] == 500
        assert min(sizes) < 500

    def test_rows_hidden_by_advanced_permissions_are_not_passed_over(self, lark, lark_emulator):
        """An empty answer of a restricted base comes with a warning."""
        base = lark_emulator.database("HR")
        base.table("Staff", {"Name": ["Ann"]}).role_hides_rows = True
        base.access = "role"

        with pytest.warns(larkbase.EmptyBecauseRestricted, match="can manage") as told:
            assert len(lark.table("HR.Staff").to_arrow()) == 0
        assert str(told[0].message).startswith("HR.Staff: No rows came, ")


def test_a_cell_of_the_wrong_type_is_null_with_a_warning(lark, lark_emulator):
    """One odd cell costs one cell, never its row."""
    made = lark_emulator.database("CRM").table("Odd", {"N": [1.0, 2.0]})
    made.insert([{"N": 3.0}])
    lark_emulator.fail(
        endpoint="search",
        body={
            "code": 0,
            "msg": "success",
            "data": {
                "has_more": False,
                "total": 2,
                "items": [
                    {"record_id": "rec1", "fields": {"N": 1}},
                    {"record_id": "rec2", "fields": {"N": {"odd": True}}},
                ],
            },
        },
    )

    with pytest.warns(larkbase.CellNotConverted, match='"n"'):
        result = lark.table("CRM.Odd").to_arrow()
    assert result.to_pylist() == [{"record_id": "rec1", "N": 1.0}, {"record_id": "rec2", "N": None}]


def test_strict_reading_refuses_such_a_cell(lark_emulator):
    """``strict`` turns the NULL into an error."""
    lark_emulator.database("CRM").table("Odd", {"N": [1.0]})
    with lark_emulator.connect(options=Options(strict=True)) as lark:
        table = lark.table("CRM.Odd")
        lark_emulator.fail(
            endpoint="search",
            body={
                "code": 0,
                "data": {
                    "has_more": False,
                    "items": [{"record_id": "rec2", "fields": {"N": {"odd": True}}}],
                },
            },
        )

        with pytest.raises(larkbase.LarkBaseError, match="rec2"):
            table.to_arrow()


def test_a_throttled_page_is_waited_for(table, lark_emulator):
    """Refusals because of the rate are repeated within the usual bounds, page after page."""
    lark_emulator.throttle(times=3, reset=0, endpoint="search")

    assert numbers_of(table.to_arrow(limit=600)) == list(range(600))
