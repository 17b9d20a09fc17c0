"""A result is read once, kept, shown without calls and escaped, and converts to every library."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import larkbase_sdk as larkbase
from larkbase_sdk.errors import ConfigurationError, QueryError

SCRIPT = "<script>alert('x')</script>"


@pytest.fixture
def result(lark, crm):
    return lark.sql("SELECT order_no, amount, ordered FROM crm.orders ORDER BY ordered LIMIT 2")


def test_it_is_read_once(result, lark_emulator):
    """Showing and converting it again calls nothing."""
    lark_emulator.calls.clear()

    for _ in range(2):
        repr(result)
        result._repr_html_()
        result.to_pandas()
        result.to_polars()
        result.to_reader().read_all()
        result.relation.fetchall()
        result.explain()
    assert lark_emulator.calls.list == []


def test_it_converts_to_every_library(result):
    """With the same rows and nullable types."""
    expected = ["A-0000", "A-0001"]

    assert len(result) == 2
    assert result.columns == ["order_no", "amount", "ordered"]
    assert result.to_arrow()["order_no"].to_pylist() == expected
    assert result.to_reader().read_all() == result.to_arrow()
    assert result.to_polars()["order_no"].to_list() == expected
    assert pa.table(result) == result.to_arrow()
    assert pl.DataFrame(result)["order_no"].to_list() == expected
    frame = result.to_pandas()
    assert list(frame["order_no"]) == expected
    assert isinstance(frame["amount"].dtype, pd.ArrowDtype)
    assert frame.attrs["larkbase"]["sql"].startswith("SELECT order_no")
    assert str(result.to_pandas(dtype_backend="numpy_nullable")["amount"].dtype) == "Float64"
    assert result.relation.filter("amount > 0").fetchall()[0][0] == "A-0001"


def test_times_are_utc(result, lark):
    """In the result, in DuckDB's functions, and elsewhere only on request."""
    assert str(result.to_arrow().schema.field("ordered").type) == "timestamp[us, tz=UTC]"
    assert result.to_pandas(timezone="Asia/Jakarta")["ordered"][0].hour == 7
    sql = "SELECT hour(TIMESTAMPTZ '2026-01-01 05:00:00+07') AS h, typeof(now()) AS t"
    assert lark.sql(sql).to_arrow().to_pylist() == [{"h": 22, "t": "TIMESTAMP WITH TIME ZONE"}]
    assert result.relation.fetchall()[0][2] == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def test_dates_beyond_the_calendar_of_python_are_shown_and_converted(lark):
    """DuckDB knows the year 10000: the result is shown, and Arrow and polars hold it."""
    result = lark.sql("SELECT DATE '9999-12-31' + 1 AS due, [DATE '9999-12-31' + 1] AS all_due")

    assert repr(result).splitlines()[1].split() == ["10000-01-01", '["10000-01-01"]']
    assert "<td>10000-01-01</td>" in result._repr_html_()
    assert result.to_arrow()["due"].cast(pa.int32()).to_pylist() == [2932897]
    assert result.to_polars()["due"].dt.year().to_list() == [10000]
    with pytest.raises(ConfigurationError, match=r"(?s)as numpy_nullable: year 10000.*pyarrow"):
        result.to_pandas(dtype_backend="numpy_nullable")


def test_polars_refuses_intervals_by_their_column(lark):
    """The difference of two times is an interval, for which polars has no type."""
    result = lark.sql("SELECT TIMESTAMP '2026-01-02' - TIMESTAMP '2026-01-01' AS took")

    with pytest.raises(QueryError, match=r'(?s)polars has no type .*"took".*epoch\(took\)'):
        result.to_polars()


def test_columns_of_the_same_name_are_told_apart(lark, crm):
    """A join of two record ids keeps both."""
    result = lark.sql(
        "SELECT a.record_id, b.record_id, 1 AS record_id_1 "
        "FROM crm.customers a, crm.customers b LIMIT 1"
    )

    assert result.columns == ["record_id", "record_id_1", "record_id_1_1"]
    assert list(result.to_pandas().columns) == result.columns
    assert len(result.to_polars().columns) == 3


def test_types_are_those_of_the_table_even_without_rows(lark, crm):
    """An empty answer is typed by the fields."""
    schema = lark.sql("SELECT * FROM crm.orders WHERE FALSE").to_arrow().schema

    assert [str(kind) for kind in schema.types] == [
        "string", "string", "double", "string", "timestamp[us, tz=UTC]", "bool",
        "struct<link_record_ids: list<l: string>>", "list<l: string>",
    ]  # fmt: skip


def test_stats_tell_what_it_cost(lark, crm):
    """Calls, rows on both sides, and what Lark did of it."""
    lark.sql("SELECT * FROM crm.orders LIMIT 0")
    stats = lark.sql("SELECT amount FROM crm.orders WHERE status = 'Open' LIMIT 5").stats

    assert (stats.calls, stats.rows_returned) == (1, 5)
    assert 5 <= stats.rows_read <= 500
    assert stats.pushed == ('CRM.Orders: Status is "Open"', "CRM.Orders: stop after 5")
    assert stats.seconds > 0


def test_the_explanation_tells_each_reading(lark, crm):
    """By table, with what came; the same is known before, with what it would cost."""
    sql = (
        "SELECT c.region, sum(o.amount) FROM crm.orders o "
        "JOIN crm.customers c ON c.record_id = o.customer.link_record_ids[1] "
        "WHERE o.status = 'Open' AND o.amount % 2 = 0 GROUP BY ALL"
    )

    before, after = lark.explain(sql), lark.sql(sql).explain()

    assert not before.done
    assert after.done
    by_label = {scan.label: scan for scan in before.scans}
    orders = by_label["CRM.Orders"]
    assert orders.on_server == ('Status is "Open"',)
    assert (orders.rows, orders.calls, orders.fields_read) == (401, 1, 3)
    assert before.rows == 401 + 12
    assert {scan.label: scan.rows for scan in after.scans} == {
        "CRM.Orders": 401,
        "CRM.Customers": 12,
    }
    text = repr(before)
    assert "Scan CRM.Orders  3 of 7 fields · at most 401 rows · 1 call" in text
    assert '  on the server   Status is "Open"' in text
    assert "  in this process everything else, in DuckDB" in text
    assert "401 rows came" in repr(after)


def test_explaining_reads_no_records(lark, lark_emulator, crm):
    """One call for one row a reading, to know how many there are; none for what is shared."""
    lark.sql("SELECT 1 FROM crm.orders LIMIT 0")
    lark_emulator.calls.clear()

    plan = lark.explain("SELECT count(*) FROM crm.orders a JOIN crm.orders b USING (record_id)")

    sizes = [call.query["page_size"] for call in lark_emulator.calls.named("search")]
    assert sizes == ["1"]
    assert [(scan.rows, scan.calls) for scan in plan.scans] == [(1203, 3)]
    assert lark.explain("SELECT count(*) FROM crm.orders").scans[0].on_server == ("total",)


@pytest.mark.parametrize("sql", ["COPY (FROM crm.orders) TO 'x.csv'", "EXPLAIN FROM crm.orders"])
def test_only_questions_are_explained(lark, crm, sql, tmp_path, monkeypatch):
    """Nothing is written by an explanation."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(larkbase.QueryError, match="cannot be explained"):
        lark.explain(sql)
    assert list(tmp_path.iterdir()) == []


def test_mistakes_are_told_by_an_explanation_too(lark, crm):
    """The same message as when it runs."""
    with pytest.raises(larkbase.QueryError, match='column "amout" not found'):
        lark.explain("SELECT amout FROM crm.orders")


class TestDisplay:
    """What people see of a result."""

    def test_markup_of_the_service_is_escaped(self, lark, lark_emulator):
        """In cells, names of columns, and the statement of an explanation."""
        lark_emulator.database("Shown").table(
            "T", fields=["Name"], rows=[{"Name": SCRIPT}, {"Name": None}]
        )
        text = SCRIPT.replace("'", "''")
        result = lark.sql(f"SELECT name AS \"{SCRIPT}\", '{text}' AS url FROM shown.t")

        for html in (result._repr_html_(), result.explain()._repr_html_()):
            assert "<script" not in html.lower()
            assert "&lt;script&gt;" in html
        assert "<th>url</th>" in result._repr_html_()

    def test_a_notebook_shows_columns_under_their_headings(self, lark):
        """Numbers stand to the right, with their heading; an empty cell is a dash."""
        html = lark.sql("SELECT 'a' AS word, 1.5 AS size UNION ALL SELECT NULL, 10")._repr_html_()
        right = " style='text-align:right'"

        assert f"<tr><th>word</th><th{right}>size</th></tr>" in html
        assert f"<tr><td>a</td><td{right}>1.5</td></tr>" in html
        assert f"<tr><td>–</td><td{right}>10.0</td></tr>" in html

    def test_a_notebook_shows_each_table_of_an_explanation_by_itself(self, lark, crm):
        """Its heading says what is read; below it stands what happens."""
        html = lark.explain("SELECT order_no FROM crm.orders")._repr_html_()
        head, scan = html.split("<div>")[1:]
        scan, _, rest = scan.partition("</div>")

        assert "<pre>SELECT order_no FROM crm.orders</pre>" in head
        assert "<strong>Scan CRM.Orders  1 of " in scan
        assert "<td style='text-align:left'>on the server</td>" in scan
        assert "everything else, in DuckDB" in rest

    def test_the_text_is_a_table_with_its_cost(self, lark, crm):
        """At most twenty rows; empty cells are dashes."""
        shown = repr(lark.sql("SELECT order_no, amount, tags FROM crm.orders ORDER BY order_no"))

        lines = shown.splitlines()
        assert lines[0].split() == ["order_no", "amount", "tags"]
        assert lines[3].split() == ["A-0002", "–", "–"]
        assert len(lines) == 1 + 20 + 1
        assert lines[-1].startswith("20 of 1203 rows · ")
        assert repr(lark.sql("SELECT name FROM crm.customers WHERE FALSE")).startswith(
            "name\n0 rows"
        )
