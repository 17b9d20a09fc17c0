"""What DuckDB wants of a table goes to Lark as far as it can, and the answer is what SQL means."""

from __future__ import annotations

import datetime as dt
import warnings

import pyarrow as pa
import pytest

import larkbase_sdk as larkbase
from larkbase_sdk import Options

ROWS = 1203
FILTERS = [
    ("status = 'Open'", lambda r: r["status"] == "Open", True),
    ("status IN ('Open', 'Paid')", lambda r: r["status"] in ("Open", "Paid"), True),
    ("status NOT IN ('Open', 'Paid')", lambda r: r["status"] == "Shipped", True),
    ("status <> 'Open'", lambda r: r["status"] != "Open", True),
    ("amount > 149.5", lambda r: r["amount"] is not None and r["amount"] > 149.5, True),
    ("amount < 0.5", lambda r: r["amount"] is not None and r["amount"] < 0.5, True),
    ("amount = 12.5", lambda r: r["amount"] == 12.5, True),
    ("amount BETWEEN 10 AND 12", lambda r: 10 <= (r["amount"] or 0) <= 12, True),
    ("amount IS NULL", lambda r: r["amount"] is None, True),
    ("amount IS NOT NULL", lambda r: r["amount"] is not None, True),
    ("order_no LIKE 'A-00%'", lambda r: r["order_no"] < "A-01", True),
    ("order_no = 'A-0007' OR amount > 150", lambda r: r["order_no"] == "A-0007"
     or (r["amount"] or 0) > 150, True),
    ("gift", lambda r: r["gift"], True),
    ("gift = true", lambda r: r["gift"], True),
    ("NOT gift", lambda r: not r["gift"], False),
    ("ordered >= TIMESTAMPTZ '2026-02-19 00:00:00+00'",
     lambda r: r["ordered"] >= dt.datetime(2026, 2, 19, tzinfo=dt.UTC), True),
    ("ordered < '2026-01-02'",
     lambda r: r["ordered"] < dt.datetime(2026, 1, 2, tzinfo=dt.UTC), True),
    ("ordered = DATE '2026-01-02'",
     lambda r: r["ordered"] == dt.datetime(2026, 1, 2, tzinfo=dt.UTC), True),
    ("ordered < '2026-01-02 00:00:00.0005'",
     lambda r: r["ordered"] <= dt.datetime(2026, 1, 2, tzinfo=dt.UTC), True),
    ("ordered IN ('2026-01-02 00:00:00.000001', '2026-01-03')",
     lambda r: r["ordered"] == dt.datetime(2026, 1, 3, tzinfo=dt.UTC), True),
    ("list_contains(tags, 'urgent')", lambda r: "urgent" in (r["tags"] or ()), True),
    ("(amount = 1 OR amount IS DISTINCT FROM 2)", lambda r: r["amount"] != 2, True),
    ("lower(status) = 'open'", lambda r: r["status"] == "Open", False),
    ("amount * 2 = 25", lambda r: r["amount"] == 12.5, False),
    ("amount % 100 = 7 AND status = 'Paid'", lambda r: r["status"] == "Paid"
     and r["amount"] is not None and r["amount"] % 100 == 7, True),
]  # fmt: skip


@pytest.fixture(scope="module")
def orders(filled):
    """Every row of the table, as Python values."""
    with filled.connect() as lark:
        return lark.table("CRM.Orders").to_arrow(names="sql").to_pylist()


def ids(rows, wanted):
    return sorted(row["record_id"] for row in rows if wanted(row))


class TestConditions:
    """Every form of a condition gives the right rows, over one table and inside a join."""

    @pytest.mark.parametrize(("sql", "wanted", "pushed"), FILTERS, ids=[f[0] for f in FILTERS])
    def test_over_one_table(self, lark, lark_emulator, orders, sql, wanted, pushed):
        """The whole condition goes to the core, in forms that DuckDB does not push too."""
        lark_emulator.calls.clear()
        result = lark.sql(f"SELECT record_id FROM crm.orders WHERE {sql}")

        assert sorted(result.to_arrow()["record_id"].to_pylist()) == ids(orders, wanted)
        filters = {"filter" in call.body for call in lark_emulator.calls.named("search")}
        assert filters == {pushed}

    @pytest.mark.parametrize(("sql", "wanted", "pushed"), FILTERS, ids=[f[0] for f in FILTERS])
    def test_inside_a_join(self, lark, orders, sql, wanted, pushed):
        """What DuckDB itself pushes is decoded, and what it keeps stays right."""
        del pushed
        result = lark.sql(
            f"WITH o AS (SELECT * FROM crm.orders WHERE {sql}) "
            "SELECT o.record_id FROM o LEFT JOIN crm.customers c "
            "ON c.record_id = o.customer.link_record_ids[1]"
        )

        assert sorted(result.to_arrow()["record_id"].to_pylist()) == ids(orders, wanted)

    @pytest.mark.parametrize(
        ("table", "column"),
        [
            ("crm.orders o", "o.order_no"),
            ("crm.orders", "orders.order_no"),
            ("crm.orders", "crm.orders.order_no"),
        ],
    )
    def test_columns_may_carry_the_name_of_their_table(self, orders, searches, table, column):
        """In forms that only the core pushes."""
        sql = f"SELECT record_id FROM {table} WHERE {column} LIKE 'A-00%'"
        result, (call,) = searches(sql)

        found = sorted(result.to_arrow()["record_id"].to_pylist())
        assert found == ids(orders, lambda r: r["order_no"] < "A-01")
        assert "A-00" in str(call.body["filter"])

    def test_parameters_are_pushed_too(self, orders, searches):
        """By position and by name; the text never holds their values."""
        positions = "SELECT record_id FROM crm.orders WHERE status = ? AND order_no LIKE ?"
        names = "SELECT record_id FROM crm.orders WHERE status = $s AND order_no LIKE $o"
        expected = ids(orders, lambda r: r["status"] == "Open" and r["order_no"] < "A-01")

        for text, values in (
            (positions, ["Open", "A-00%"]),
            (names, {"s": "Open", "o": "A-00%"}),
        ):
            result, (call,) = searches(text, values)
            assert sorted(result.to_arrow()["record_id"].to_pylist()) == expected
            assert "Open" in str(call.body["filter"])
            assert "A-00" in str(call.body["filter"])

    @pytest.mark.parametrize(
        ("text", "values"),
        [
            ("SELECT record_id FROM crm.orders JOIN few USING (status) WHERE amount > 149.5", None),
            ("SELECT record_id FROM crm.orders JOIN few USING (status) WHERE amount > ?", [149.5]),
            (("SELECT o.record_id FROM few, crm.orders o WHERE o.amount > 149.5 "
             "AND o.status = few.status"), None),
            (("SELECT o.record_id FROM crm.orders o LEFT JOIN few USING (status) "
             "WHERE amount > 149.5 AND few.status IS NOT NULL"), None),
            (("WITH o AS (SELECT * FROM crm.orders WHERE amount > 149.5) "
             "SELECT o.record_id FROM o SEMI JOIN few USING (status)"), None),
        ],
    )  # fmt: skip
    def test_a_condition_beside_other_tables_goes_to_lark(self, orders, searches, text, values):
        """Whichever forms the release of DuckDB pushes by itself: none reads all rows."""
        few = {"few": pa.table({"status": ["Open", "Paid"]})}
        result, calls = searches(text, values, variables=few)

        found = sorted(result.to_arrow()["record_id"].to_pylist())
        assert found == ids(
            orders, lambda r: (r["amount"] or 0) > 149.5 and r["status"] in ("Open", "Paid")
        )
        assert all("isGreater" in str(call.body["filter"]) for call in calls)
        assert result.stats.rows_read <= 6

    @pytest.mark.parametrize(
        "text",
        [
            (
                "SELECT count(*) FROM few f LEFT JOIN crm.orders o ON o.status = f.status "
                "AND o.amount > 1 WHERE o.amount IS NULL"
            ),
            (
                "SELECT count(*) FROM few f FULL JOIN crm.orders o ON o.status = f.status "
                "WHERE o.amount IS NULL"
            ),
            (
                "SELECT count(*) FROM crm.orders o RIGHT JOIN few f ON o.status = f.status "
                "AND o.amount > 1 WHERE o.amount IS NULL"
            ),
        ],
    )
    def test_rows_without_a_match_stay_without_one(self, lark, searches, text):
        """An outer join finds the same matches: a condition on its result is none on the table."""
        few = {"few": pa.table({"status": ["Open", "Lost"]})}
        rows = lark.table("CRM.Orders").to_arrow(names="sql")
        here = lark.sql(text.replace("crm.orders", "rows"), variables={**few, "rows": rows})
        result, _ = searches(text, variables=few)

        assert result.to_arrow().to_pylist() == here.to_arrow().to_pylist()

    def test_parameters_before_the_condition_are_none_of_it(self, lark, orders):
        """The value of DISTINCT ON stands first and is not taken for that of the condition."""
        sql = "SELECT DISTINCT ON (amount + ?) record_id FROM crm.orders WHERE amount > ?"
        found = lark.sql(sql, [1000, 149.5]).to_arrow()["record_id"].to_pylist()

        assert sorted(found) == ids(orders, lambda r: (r["amount"] or 0) > 149.5)

    def test_a_sample_is_drawn_from_all_rows(self, searches):
        """DuckDB draws it before the condition, so the condition must not choose what it sees."""
        sample = "USING SAMPLE reservoir(600 ROWS) REPEATABLE (7)"
        result, calls = searches(f"SELECT * FROM crm.orders WHERE status = 'Open' {sample}")

        assert not any("filter" in call.body for call in calls)
        assert 0 < result.to_arrow().num_rows < 401

    def test_a_refused_filter_is_done_here(self, lark, lark_emulator, orders):
        """With a warning, in the thread of the engine too."""
        lark_emulator.switches.refuse_filters = 1254018

        with pytest.warns(larkbase.PushdownRefused):
            result = lark.sql("SELECT record_id FROM crm.orders WHERE amount = 12.5")
        expected = ids(orders, lambda r: r["amount"] == 12.5)
        assert result.to_arrow()["record_id"].to_pylist() == expected

    def test_columns_reach_the_server(self, lark, searches, crm):
        """Only what the statement looks at is fetched."""
        _, (call, *_) = searches("SELECT sum(amount) FROM crm.orders WHERE status = 'Open'")

        assert sorted(call.body["field_names"]) == ["Amount", "Status"]


class TestLimits:
    """LIMIT stops the calls, but only where that cannot change the answer."""

    def test_ten_rows_cost_one_page_of_ten(self, lark, searches, crm):
        """The shape of the statement is known before it runs."""
        _, calls = searches("SELECT * FROM crm.orders LIMIT 10")

        assert [call.query["page_size"] for call in calls] == ["10"]

    def test_rows_passed_over_are_read_too(self, lark, orders, crm):
        """OFFSET counts."""
        result = lark.sql("SELECT record_id FROM crm.orders LIMIT 3 OFFSET 4")

        found = result.to_arrow()["record_id"].to_pylist()
        assert found == [row["record_id"] for row in orders[4:7]]
        assert result.stats.rows_read == 7

    def test_a_limit_after_a_condition_gives_all_its_rows(self, lark, orders):
        """Whether Lark, the core or DuckDB checks the condition."""
        for condition in ("order_no LIKE '%9'", "lower(status) = 'open'", "amount % 2 = 0"):
            sql = f"SELECT record_id FROM crm.orders WHERE {condition} LIMIT 20"
            assert len(lark.sql(sql)) == 20, condition

    def test_an_aggregate_is_not_cut_short(self, lark, crm):
        """LIMIT counts the rows of the result, not those of the table."""
        sql = "SELECT histogram(status) AS h FROM crm.orders LIMIT 1"

        (row,) = lark.sql(sql).to_arrow().to_pylist()
        assert dict(row["h"]) == {"Open": 401, "Paid": 401, "Shipped": 401}

    def test_the_caller_can_limit_any_question(self, lark, searches, crm):
        """As the magic does; a smaller limit of the statement stays."""
        for text, rows in (("SELECT * FROM crm.orders", 4), ("FROM crm.orders LIMIT 2; -- é", 2)):
            result, calls = searches(text, limit=4)

            assert len(result) == rows
            assert [call.query["page_size"] for call in calls] == [str(rows)]

    def test_other_statements_stop_early_too(self, lark, searches, crm, monkeypatch):
        """Where the shape is not known, DuckDB stops asking."""
        monkeypatch.setattr(lark.options, "concurrency", 1)
        _, calls = searches("SELECT * FROM (SELECT upper(order_no) FROM crm.orders) LIMIT 3")

        assert len(calls) < 3


class TestOrder:
    """ORDER BY … LIMIT over one table asks the server for the first rows where it can."""

    @pytest.mark.parametrize("direction", ["ASC", "DESC"])
    @pytest.mark.parametrize("column", ["amount", "ordered"])
    def test_the_first_rows_come_from_the_server(self, lark, orders, searches, column, direction):
        """One page instead of three; empty cells come last in both directions."""
        result, calls = searches(
            f"SELECT {column} FROM crm.orders ORDER BY {column} {direction} LIMIT 5"
        )

        values = [row[column] for row in orders if row[column] is not None]
        expected = sorted(values, reverse=direction == "DESC")[:5]
        assert result.to_arrow()[column].to_pylist() == expected
        assert len(calls) == 1
        assert calls[0].body["sort"] == [
            {"field_name": column.title(), "desc": direction == "DESC"}
        ]

    def test_with_a_condition(self, lark, orders, searches):
        """The condition is checked before the rows are counted."""
        sql = (
            "SELECT amount FROM crm.orders WHERE order_no LIKE '%5' AND status <> 'Open' "
            "ORDER BY amount DESC LIMIT 3"
        )
        result, _ = searches(sql)

        wanted = [
            row["amount"]
            for row in orders
            if row["order_no"].endswith("5") and row["status"] != "Open" and row["amount"]
        ]
        assert result.to_arrow()["amount"].to_pylist() == sorted(wanted, reverse=True)[:3]

    @pytest.mark.parametrize(
        "order", ["status DESC", "amount NULLS FIRST", "lower(order_no)", "amount + 1"]
    )
    def test_other_orders_read_everything(self, lark, searches, crm, order):
        """Where Lark's order is not the order of the values, all rows are sorted here."""
        _, calls = searches(f"SELECT order_no FROM crm.orders ORDER BY {order} LIMIT 2")

        assert len(calls) == 3
        assert not any("sort" in call.body for call in calls)

    def test_a_new_name_is_not_the_column(self, lark, orders):
        """An alias that hides a column is what ORDER BY means."""
        sql = "SELECT -amount AS amount FROM crm.orders ORDER BY amount LIMIT 2"

        highest = sorted((r["amount"] for r in orders if r["amount"]), reverse=True)[:2]
        assert lark.sql(sql).to_arrow()["amount"].to_pylist() == [-value for value in highest]


class TestCount:
    """count(*) comes from Lark's total only where it can be trusted."""

    def test_of_a_whole_table_it_is_one_call_for_one_row(self, lark, searches, crm):
        """The total of a search for a single row."""
        result, calls = searches("SELECT count(*) AS n FROM crm.orders")

        assert result.to_arrow().to_pydict() == {"n": [ROWS]}
        assert [call.query["page_size"] for call in calls] == ["1"]

    def test_without_trust_ids_are_read(self, lark_emulator, crm):
        """``trust_total`` off reads one narrow column."""
        with lark_emulator.connect(options=Options(trust_total=False)) as lark:
            lark_emulator.switches.total = "off_by_one"
            result = lark.sql("SELECT count(*) AS n FROM crm.orders")

        assert result.to_arrow().to_pydict() == {"n": [ROWS]}
        assert result.stats.rows_read == ROWS

    def test_with_advanced_permissions_ids_are_read(self, lark, lark_emulator, crm):
        """The total might count rows that may not be seen."""
        base = lark_emulator.database("Advanced")
        base.access = "manage"
        base.table("T", fields=["Name"], rows=[{"Name": "x"}] * 3)

        result = lark.sql("SELECT count(*) AS n FROM advanced.t")

        assert (result.to_arrow()["n"][0].as_py(), result.stats.rows_read) == (3, 3)

    @pytest.mark.parametrize(
        ("sql", "expected"),
        [
            ("SELECT count(*) FROM crm.orders WHERE status = 'Open'", 401),
            ("SELECT count(amount) FROM crm.orders", 802),
            ("SELECT count(DISTINCT status) FROM crm.orders", 3),
            ("SELECT count(*) FILTER (gift) FROM crm.orders", 241),
        ],
    )
    def test_any_other_count_reads(self, lark, crm, sql, expected):
        """A condition, a column, a filter: rows are read and counted here."""
        assert lark.sql(sql).to_arrow().column(0).to_pylist() == [expected]


class TestSharing:
    """A statement that asks for a table more than once reads it once."""

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT count(*) FROM crm.orders a JOIN crm.orders b USING (record_id)",
            "SELECT count(*) FROM crm.orders a JOIN CRM.Orders b ON a.order_no = b.order_no",
            "WITH o AS (FROM crm.orders) SELECT count(*) FROM o a JOIN o b USING (record_id)",
            "SELECT count(*) FROM (FROM crm.orders UNION FROM (FROM crm.orders WHERE gift))",
            "SELECT count(*) FROM crm.orders WHERE status IN (SELECT status FROM crm.orders)",
        ],
    )
    def test_a_self_join_reads_once(self, lark, searches, crm, sql):
        """Three pages, whatever columns and conditions each side has."""
        result, calls = searches(sql)

        assert result.to_arrow().column(0).to_pylist() == [ROWS]
        assert len(calls) == 3

    def test_sides_with_the_same_condition_share_what_matches(self, lark, searches, crm):
        """Nothing but the matching rows travels, once."""
        sql = (
            "SELECT count(*) FROM crm.orders a JOIN crm.orders b USING (record_id) "
            "WHERE a.status = 'Open' AND b.status = 'Open' AND b.amount < 50"
        )
        result, calls = searches(sql)

        assert result.to_arrow().column(0).to_pylist() == [134]
        rows = sum(int(scan.rows) for scan in result.explain().scans)
        assert rows <= 401 + 134
        assert all("filter" in call.body for call in calls)

    def test_sides_with_different_conditions_each_get_their_rows(self, lark, crm):
        """A shared or a separate read, never the rows of the other side."""
        sql = (
            "SELECT count(DISTINCT a.record_id), count(DISTINCT b.record_id) "
            "FROM crm.orders a, crm.orders b WHERE a.status = 'Open' AND b.status = 'Paid' "
            "AND a.amount < 2 AND b.amount < 3"
        )

        (row,) = lark.sql(sql).to_arrow().to_pylist()
        assert list(row.values()) == [6, 8]

    def test_a_broken_read_is_an_error_of_every_side(self, lark, lark_emulator, crm):
        """No side takes the rows before the break for all rows."""
        lark.table("CRM.Orders").count()
        lark_emulator.fail(91403, endpoint="search", after=1)

        with pytest.raises(larkbase.PermissionDenied) as caught:
            lark.sql("SELECT count(*) FROM crm.orders a JOIN crm.orders b USING (record_id)")
        assert caught.value.code == 91403

    def test_a_read_too_large_to_be_kept_is_made_again(self, lark, searches, crm, monkeypatch):
        """Memory is bounded: the answer is the same, at the price of calls."""
        monkeypatch.setattr("larkbase_sdk.sql.sharing.MOST_BYTES", 1)
        result, calls = searches(
            "SELECT count(*) FROM crm.orders a JOIN crm.orders b USING (record_id)"
        )

        assert result.to_arrow().column(0).to_pylist() == [ROWS]
        assert len(calls) == 6


def test_an_error_inside_a_scan_arrives_as_itself(lark, lark_emulator, crm):
    """With code and log id, not wrapped in DuckDB's, and never as an early end."""
    lark.table("CRM.Orders").count()
    lark_emulator.fail(91403, endpoint="search", after=1)

    with pytest.raises(larkbase.PermissionDenied) as caught:
        lark.sql("SELECT sum(amount) FROM crm.orders WHERE lower(status) = 'open'")
    assert (caught.value.code, caught.value.__cause__) == (91403, None)
    assert lark.sql("SELECT count(*) FROM crm.orders").to_arrow().column(0).to_pylist() == [ROWS]


def test_a_field_renamed_meanwhile_is_found(lark, lark_emulator):
    """What cannot be answered with remembered fields is asked once more with fresh ones."""
    table = lark_emulator.database("Renamed").table("T", fields=["Old"], rows=[{"Old": "x"}] * 3)
    lark.sql("SELECT count(old) FROM renamed.t")
    table.rename_field("Old", "New")

    assert lark.sql("SELECT count(new) FROM renamed.t").to_arrow().column(0).to_pylist() == [3]
    with pytest.raises(larkbase.QueryError, match='column "old" not found'):
        lark.sql("SELECT count(old) FROM renamed.t")


def test_a_warning_of_a_join_names_its_table(lark, lark_emulator):
    """Of two tables only one is meant."""
    base = lark_emulator.database("Joined")
    base.table("Orders", {"Name": ["x"]})
    base.table("Hidden", fields=["Name"], rows=[])
    base.access = "role"

    with pytest.warns(larkbase.EmptyBecauseRestricted) as told:
        lark.sql(
            "SELECT * FROM joined.orders o LEFT JOIN joined.hidden h ON o.name = h.name"
        ).to_arrow()
    assert [str(item.message).partition(":")[0] for item in told] == ["Joined.Hidden"]


def test_a_warning_made_an_error_ends_the_statement(lark, lark_emulator):
    """It comes from the engine's thread as the error it was made."""
    lark_emulator.database("Empty").table("T", fields=["Name"], rows=[])
    lark_emulator.database("Empty").access = "role"

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(larkbase.EmptyBecauseRestricted):
            lark.sql("SELECT name FROM empty.t")
