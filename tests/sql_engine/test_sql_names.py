"""Names in SQL: databases, tables, links, files and variables, and what a wrong name is told."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import larkbase_sdk as larkbase

ROWS = 1203


def values(result, column=0):
    return result.to_arrow().column(column).to_pylist()


class TestTables:
    """A table goes by its SQL names, or by its link."""

    @pytest.mark.parametrize("name", ["crm.orders", "CRM.Orders", '"crm"."ORDERS"', "Crm.oRDERS"])
    def test_letter_case_does_not_matter(self, lark, crm, name):
        """DuckDB ignores it, and so does the catalogue."""
        assert values(lark.sql(f"SELECT count(*) FROM {name}")) == [ROWS]

    def test_columns_may_carry_the_name_of_their_table(self, lark, crm):
        """With and without the database, in the order of the table after the record id."""
        result = lark.sql(
            "SELECT orders.record_id, crm.orders.order_no FROM crm.orders "
            "WHERE crm.orders.order_no = 'A-0001' AND orders.status = 'Paid'"
        )

        assert values(result, 1) == ["A-0001"]
        assert lark.sql("FROM crm.orders LIMIT 0").columns == [
            "record_id", "order_no", "amount", "status", "ordered", "gift", "customer", "tags",
        ]  # fmt: skip

    def test_only_the_tables_of_the_statement_are_looked_at(self, lark, lark_emulator, crm):
        """Fields of other tables and records of none are read for it."""
        lark.sql("SELECT * FROM crm.customers LIMIT 1")

        assert lark_emulator.calls.count("fields") == 1
        assert lark_emulator.calls.count("search") == 1

    def test_a_link_is_a_table(self, lark, crm):
        """Quoted as a name or as a text, as DuckDB allows for files."""
        url = crm.table("Orders").url

        assert values(lark.sql(f'SELECT count(*) FROM "{url}"')) == [ROWS]
        assert values(lark.sql(f"SELECT count(*) FROM '{url}' WHERE gift")) == [241]

    def test_the_view_of_a_link_counts(self, lark, crm):
        """A link copied while a view was open gives the rows of that view."""
        orders = lark.table(crm.table("Orders").url)
        view = next(view for view in orders.views if view.name == "Open ones")

        sql = f'SELECT status, count(*) FROM "{orders.url}&view={view.view_id}" GROUP BY ALL'
        assert lark.sql(sql).to_arrow().to_pylist() == [{"status": "Open", "count_star()": 401}]

    def test_a_link_to_another_host_is_refused_before_any_call(self, lark, lark_emulator):
        """Credentials do not follow pasted text."""
        with pytest.raises(larkbase.ConfigurationError, match="no host of Lark"):
            lark.sql('FROM "https://evil.example/base/NQRxb4Vt2aX3xSs1YzZk5pQwErT?table=tblx"')
        assert {call.endpoint for call in lark_emulator.calls.list} <= {"token"}

    def test_tables_of_the_default_base_need_no_database(self, lark_emulator, crm):
        """The base of the link that the client was connected with."""
        with lark_emulator.connect(url=crm.url) as lark:
            sql = "SELECT count(*) FROM orders o JOIN customers c ON c.record_id = o.record_id"
            assert values(lark.sql(sql)) == [0]
            with pytest.raises(larkbase.QueryError, match='No table "ordres"') as caught:
                lark.sql("FROM ordres")
        assert 'did you mean "orders"?' in caught.value.hint

    def test_common_table_expressions_come_first(self, lark_emulator, crm):
        """Unless one is being defined: inside it the name is still the table's."""
        with lark_emulator.connect(url=crm.url) as lark:
            sql = "WITH orders AS (SELECT * FROM orders WHERE gift) SELECT count(*) FROM orders"
            assert values(lark.sql(sql)) == [241]
            assert values(lark.sql("WITH orders AS (SELECT 1) SELECT count(*) FROM orders")) == [1]

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT x'41'::blob, count(*) FROM crm.orders",
            "SELECT x'41'::blob, count(*) FROM crm.orders WHERE ? = 1",
            "SELECT x'41'::blob, count(*) FROM crm.orders JOIN crm.customers c USING (record_id)",
        ],
    )
    def test_statements_that_only_duckdb_can_parse(self, lark, crm, sql):
        """Their tables are found without the parser."""
        expected = 0 if "JOIN" in sql else ROWS

        assert values(lark.sql(sql, [1] if "?" in sql else None), 1) == [expected]

    def test_a_table_may_be_new(self, lark, lark_emulator):
        """The remembered list is read again before a name is refused."""
        base = lark_emulator.database("Growing")
        base.table("One", fields=["Name"], rows=[])
        lark.sql("FROM growing.one")
        base.table("Two", fields=["Name"], rows=[{"Name": "x"}])

        assert values(lark.sql("SELECT count(*) FROM growing.two")) == [1]

    def test_awkward_names_are_quoted(self, another):
        """Quotes, dots and Chinese in names; a database called like one of DuckDB's."""
        base = another.database("客户 2.0")
        base.table('A "B"', fields=["名 称", "Select"], rows=[{"名 称": "x", "Select": "y"}])
        for name in ("Memory", "Main"):
            another.database(name).table("T", fields=["Name"], rows=[{"Name": name}])

        with another.connect() as lark:
            (row,) = lark.sql('SELECT 名_称, "select" FROM 客户_2_0.a__b_').to_arrow().to_pylist()
            assert row == {"名_称": "x", "select": "y"}
            assert values(lark.sql("SELECT memory.t.name FROM memory.t")) == ["Memory"]
            assert values(lark.sql("SELECT main.t.name FROM main.t")) == ["Main"]

    def test_a_base_called_like_a_database_of_duckdb(self, another):
        """Its name is taken, its link is not."""
        made = another.database("Temp").table("T", fields=["Name"], rows=[{"Name": "x"}])

        with another.connect() as lark:
            with pytest.raises(larkbase.QueryError, match="a database of DuckDB") as caught:
                lark.sql("SELECT * FROM temp.t")
            assert "link" in caught.value.hint
            assert values(lark.sql(f'SELECT name FROM "{made.url}"')) == ["x"]
            assert len(lark.sql("SELECT * FROM information_schema.tables")) == 0


class TestVariables:
    """Local tables are found by name, and never in place of Lark's."""

    def test_frames_of_every_kind(self, lark, crm):
        """pandas, polars, pyarrow, DuckDB, and the result of another statement."""
        table = pa.table({"region": ["Java", "Bali"], "target": [5, 7]})
        frames = {
            "pandas": table.to_pandas(),
            "arrow_backed": table.to_pandas(types_mapper=pd.ArrowDtype),
            "polars": pl.DataFrame(table),
            "lazy": pl.LazyFrame(table),
            "table": table,
            "batch": table.to_batches()[0],
            "reader": table.to_reader(),
            "relation": duckdb.connect().from_arrow(table),
        }
        frames["result"] = lark.sql("SELECT * FROM t", variables={"t": table})

        for kind, targets in frames.items():
            result = lark.sql(
                "SELECT c.region, any_value(t.target) AS target, count(*) AS n "
                "FROM crm.customers c JOIN targets t USING (region) GROUP BY 1 ORDER BY 1"
            )
            del targets
            expected = {"region": ["Bali", "Java"], "target": [7, 5], "n": [6, 6]}
            assert result.to_arrow().to_pydict() == expected, kind

    def test_a_reader_may_be_named_twice(self, lark):
        """It gives its rows once; the statement finds them in every place."""
        rows = pa.table({"n": [1, 2, 6]})

        for sql, expected in (
            ("SELECT count(*) FROM reader a JOIN reader b USING (n)", 3),
            ("SELECT n FROM reader WHERE n > (SELECT avg(n) FROM reader)", 6),
        ):
            reader = rows.to_reader()
            assert values(lark.sql(sql)) == [expected]
            del reader

    def test_times_of_a_variable_are_compared_to_the_microsecond(self, lark):
        """Though they are kept in milliseconds, which DuckDB would compare a cut time with."""
        kept = pa.table({"t": pa.array([0, 1], pa.timestamp("ms", "UTC"))})

        sql = "SELECT count(*) FROM kept WHERE t < '1970-01-01 00:00:00.0005'"
        assert values(lark.sql(sql)) == [1]
        del kept

    def test_globals_count_after_locals(self, lark):
        """As names do in Python."""
        assert values(lark.sql("SELECT n FROM MODULE_FRAME")) == [1]
        MODULE_FRAME = pa.table({"n": [2]})  # noqa: N806
        assert values(lark.sql("SELECT n FROM MODULE_FRAME")) == [2]
        del MODULE_FRAME

    def test_a_named_index_is_a_column(self, lark, crm):
        """The frames of ``to_pandas`` have the record id as their index."""
        frame = lark.table("CRM.Customers").to_pandas()

        sql = "SELECT count(*) FROM frame JOIN crm.customers USING (record_id, name)"
        assert values(lark.sql(sql)) == [len(frame)] == [12]

    def test_a_frame_with_mixed_cells_is_read_by_duckdb(self, lark):
        """What Arrow cannot type is text."""
        odd = pd.DataFrame({"x": [1, "a", None]})

        assert len(lark.sql("FROM odd")) == len(odd)

    def test_tables_and_scans_of_ours(self, lark, crm):
        """A variable that holds a table is that table, with what a scan takes of it."""
        orders = lark.table("CRM.Orders")
        few = orders.scan(columns=["Order No", "Amount"], where="status = 'Open'", limit=20)

        assert values(lark.sql("SELECT count(*) FROM orders WHERE gift")) == [241]
        assert lark.sql("FROM few").columns == ["record_id", "order_no", "amount"]
        assert values(lark.sql("SELECT count(*) FROM few")) == [20]
        assert values(lark.sql("SELECT count(*) FROM few WHERE amount < 3")) == [8]
        assert len(lark.sql("SELECT * FROM few a JOIN few b USING (record_id, amount)")) == 20
        assert lark.explain("FROM few").scans[0].on_server[-1] == "stop after 20"
        del few

    def test_scans_that_look_alike_are_told_apart(self, lark, crm):
        """pyarrow shows only the ends of a long list in an expression."""
        orders = lark.table("CRM.Orders")
        wanted = [f"A-{n:04}" for n in range(60)]
        first = orders.scan(where=pc.field("Order No").isin([*wanted[:10], "x", *wanted[40:]]))
        second = orders.scan(where=pc.field("Order No").isin([*wanted[:10], "y", *wanted[40:]]))
        assert repr(first) == repr(second)
        second = orders.scan(where=pc.field("Order No").isin([*wanted[:10], *wanted[39:]]))

        sql = "SELECT (SELECT count(*) FROM first), (SELECT count(*) FROM second)"
        (row,) = lark.sql(sql).to_arrow().to_pylist()
        assert list(row.values()) == [30, 31]
        del first, second

    def test_a_name_of_two_things_is_refused(self, lark_emulator, crm):
        """Neither the frame nor the table is taken in silence."""
        orders = pa.table({"n": [1]})
        with (
            lark_emulator.connect(url=crm.url) as lark,
            pytest.raises(larkbase.QueryError, match="both a table of the default"),
        ):
            lark.sql("FROM orders")
        del orders

    def test_other_variables_are_no_tables(self, lark, crm):
        """A number called like a wrong table is not in the way of the message."""
        nothing, series, kind = 5, pl.Series([1]), pa.Table

        for name in ("nothing", "series", "kind"):
            with pytest.raises(larkbase.QueryError, match=f'No table "{name}"'):
                lark.sql(f"FROM {name}")
        del nothing, series, kind

    def test_frames_never_stand_for_tables_of_a_database(self, lark, crm):
        """A local variable changes nothing about a name with a database."""
        orders = pa.table({"n": [1]})

        assert values(lark.sql("SELECT count(*) FROM crm.orders")) == [ROWS]
        del orders


MODULE_FRAME = pa.table({"n": [1]})


def test_files_are_tables(lark, crm, tmp_path):
    """Parquet and CSV by their paths, joined with Lark tables; COPY writes one."""
    pq.write_table(pa.table({"region": ["Java"], "target": [5]}), tmp_path / "targets.parquet")
    (tmp_path / "more.csv").write_text("region,extra\nBali,1\n")

    sql = f"SELECT count(*) FROM crm.customers JOIN '{tmp_path}/targets.parquet' USING (region)"
    assert values(lark.sql(sql)) == [6]
    sql = f"SELECT count(*) FROM crm.customers JOIN '{tmp_path}/*.csv' USING (region)"
    assert values(lark.sql(sql)) == [6]
    copied = lark.sql(f"COPY (FROM crm.orders WHERE gift) TO '{tmp_path}/gifts.parquet'")
    assert values(copied) == [241]
    assert pq.read_table(tmp_path / "gifts.parquet").num_rows == 241
    with pytest.raises(larkbase.QueryError, match="No files found"):
        lark.sql(f"FROM '{tmp_path}/nothing.parquet'")


class TestCatalogue:
    """The database ``larkbase`` is the catalogue itself."""

    def test_databases_tables_and_fields(self, lark, lark_emulator):
        """By SQL name, with Lark's own beside it."""
        base = lark_emulator.database("Facts 1")
        target = base.table("Target", fields=["Name"], rows=[])
        link = ("To", "SingleLink", {"table": target})
        look = ("Look", "Lookup", {"table": target, "field": "Name", "link": "To"})
        made = base.table("My Table", fields=["My Field", link, look])

        (row,) = (
            lark.sql("SELECT name, lark_name, id FROM larkbase.databases WHERE name = 'facts_1'")
            .to_arrow()
            .to_pylist()
        )
        assert row == {"name": "facts_1", "lark_name": "Facts 1", "id": base.app_token}
        (row,) = (
            lark.sql("SELECT database, lark_name, id FROM larkbase.tables WHERE name = 'my_table'")
            .to_arrow()
            .to_pylist()
        )
        assert row == {"database": "facts_1", "lark_name": "My Table", "id": made.table_id}
        (row,) = (
            lark.sql(
                "SELECT name, lark_type, arrow_type FROM larkbase.fields "
                "WHERE type = 'lookup' AND database = 'facts_1'"
            )
            .to_arrow()
            .to_pylist()
        )
        assert (row["name"], row["lark_type"]) == ("look", "Lookup<Text>")

    def test_another_table_there_is_unknown(self, lark):
        """The three are named."""
        with pytest.raises(larkbase.QueryError, match='No table "columns"') as caught:
            lark.sql("FROM larkbase.columns")
        assert "databases, tables, fields" in caught.value.hint


class TestMistakes:
    """One short message with near names and a caret under the place."""

    @pytest.mark.parametrize(
        ("sql", "message", "hints"),
        [
            ("SELECT sum(amout) FROM crm.orders", 'column "amout" not found in CRM.Orders.',
             ['did you mean "amount"?', "    SELECT sum(amout) FROM crm.orders",
              "               ^"]),
            ("SELECT o.amout FROM crm.orders o", 'column "amout" not found in CRM.Orders.',
             ['did you mean "amount"?']),
            ('SELECT "Order No" FROM crm.orders', 'column "Order No" not found in CRM.Orders.',
             ['did you mean "order_no"?']),
            ("SELECT '客户', ordr_no FROM crm.orders", 'column "ordr_no" not found in CRM.Orders.',
             ["    SELECT '客户', ordr_no FROM crm.orders", "                   ^"]),
            ("SELECT zzz FROM crm.orders JOIN crm.customers USING (record_id)",
             'column "zzz" not found in CRM.Orders or CRM.Customers.', []),
            ('SELECT "$reserved_record_id" FROM crm.orders',
             'column "$reserved_record_id" not found in CRM.Orders.',
             ['did you mean "record_id"?']),
            ("SELECT $reserved_record_id FROM crm.orders",
             'column "$reserved_record_id" not found.', ['did you mean "record_id"?']),
            ('SELECT "$reserved_base_id" FROM crm.orders', '"$reserved_base_id" not found',
             ["Only Athena"]),
            ('SELECT * FROM crm.orders WHERE status = "Open"', 'column "Open" not found',
             ["Text is written in single quotes: 'Open'."]),
            ("SELECT * FROM crm.ordres", 'No table "ordres" in database crm.',
             ['did you mean "orders"?', "    SELECT * FROM crm.ordres", "                  ^"]),
            ("SELECT * FROM cmr.orders", 'No database "cmr".', ['did you mean "crm"?']),
            ("SELECT * FROM orders", 'No table "orders".', ["did you mean crm.orders?"]),
            ("SELECT * FROM nothing", 'No table "nothing".', ["Write database.table"]),
            ("SELECT * FROM lark.crm.orders", "has three parts", ["database.table"]),
            ("SELEC 1", "cannot be read as SQL", ["    SELEC 1", "    ^"]),
            ("SELECT * FROM crm.orders WHERE", "cannot be read as SQL", []),
            ("SELECT '客户', FROM FROM", "cannot be read as SQL", ["                        ^"]),
            ("", "holds no statement", []),
            ("-- nothing", "holds no statement", []),
            ("SELECT 1; SELECT 2", "several statements", []),
            ("CREATE TABLE x AS SELECT 1", "CREATE statement changes", ["lark.connection()"]),
            ("SET threads = 1", "SET statement changes", ["lark.connection()"]),
            ("SELECT nofunction(amount) FROM crm.orders", "nofunction does not exist",
             ["           ^"]),
            ("SELECT CAST(order_no AS INT) FROM crm.orders", "Could not convert", []),
            ("SELECT amount + order_no FROM crm.orders", "No function matches", []),
            ("SELECT customer.nothing FROM crm.orders", 'Could not find key "nothing"', []),
            ("SELECT ? FROM crm.orders", "no value for the parameter", ["lark.sql(text, [1000])"]),
            ("SELECT $x FROM crm.orders", "no value for the parameter", []),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )  # fmt: skip
    def test_a_mistake_is_told(self, lark, crm, sql, message, hints):
        """It is a QueryError, never DuckDB's own."""
        lark.sql("SELECT 1 FROM crm.orders, crm.customers LIMIT 0")

        with pytest.raises(larkbase.QueryError) as caught:
            lark.sql(sql)

        assert message in caught.value.message
        lines = (caught.value.hint or "").splitlines()
        for hint in hints:
            # A caret counts only in its place.
            assert hint in lines if hint.endswith("^") else any(hint in line for line in lines)
        assert "duckdb" not in str(caught.value).lower() or "DuckDB connection" in str(caught.value)

    def test_an_exact_lark_name_of_a_table_is_understood_and_refused(self, lark, lark_emulator):
        """SQL speaks SQL names, so that the text also runs in Athena."""
        lark_emulator.database("My Base").table("My Orders", fields=["Name"], rows=[])

        with pytest.raises(larkbase.QueryError) as caught:
            lark.sql('FROM my_base."My Orders"')
        assert 'did you mean "my_orders"?' in caught.value.hint
        with pytest.raises(larkbase.QueryError) as caught:
            lark.sql('FROM "My Base".my_orders')
        assert 'did you mean "my_base"?' in caught.value.hint

    @pytest.mark.parametrize("params", [[1], {"x": 1}])
    def test_a_value_too_many_is_told(self, lark, params):
        """Nothing is dropped in silence."""
        with pytest.raises(larkbase.QueryError, match="more values than parameters"):
            lark.sql("SELECT 1", params)

    @pytest.mark.parametrize("params", ["text", 5, b"x", {1}])
    def test_values_come_as_list_or_dict(self, lark, params):
        """A lone text would be taken for a list of letters."""
        with pytest.raises(larkbase.QueryError, match="a list or a dict"):
            lark.sql("SELECT ?", params)

    def test_values_are_never_text(self, lark, crm):
        """Whatever a value holds, it is a value."""
        hostile = "' OR 1=1; DROP TABLE x; --"

        assert values(lark.sql("SELECT count(*) FROM crm.orders WHERE status = ?", [hostile])) == [
            0
        ]
        assert values(lark.sql("SELECT $x AS x", {"x": hostile})) == [hostile]

    def test_values_of_numpy_and_pandas(self, lark, crm):
        """Scalars and arrays as they come out of frames."""
        frame = pd.DataFrame({"n": [12], "x": [12.5], "flag": [True]})

        result = lark.sql(
            "SELECT count(*) FROM crm.orders "
            "WHERE amount IN (?, ?) AND ? AND status IN (FROM unnest(?))",
            [frame["n"][0], frame["x"][0], frame["flag"][0], pd.Series(["Open", "Paid"])],
        )
        assert values(result) == [2]

    @pytest.mark.parametrize("text", ["1E+2", "1.0E+2", "1E2", "-1E+2", "12.5", "0E+3", "1E+22"])
    def test_a_decimal_is_the_same_number_in_any_form(self, lark, crm, text):
        """Decimal(100).normalize() is 1E+2, which is 100 and not 1.00."""
        value = Decimal(text)

        assert values(lark.sql("SELECT ?::DOUBLE", [value])) == [float(value)]
        assert values(lark.sql("SELECT $x[1]::DOUBLE", {"x": [value]})) == [float(value)]
        found = lark.sql("SELECT count(*) FROM crm.orders WHERE amount < ?", [value])
        plain = lark.sql(f"SELECT count(*) FROM crm.orders WHERE amount < {value:f}")
        assert values(found) == values(plain)
