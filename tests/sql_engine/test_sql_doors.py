"""Other tools read through the same door: datasets, DuckDB connections and files."""

from __future__ import annotations

import duckdb
import polars as pl
import pyarrow.compute as pc
import pytest

import larkbase_sdk as larkbase

ROWS = 1203


@pytest.fixture
def orders(lark, crm):
    return lark.table("CRM.Orders")


class TestDataset:
    """``to_dataset`` pushes what an engine asks for, and is right."""

    def test_polars_pushes_and_is_right(self, orders, lark_emulator):
        """Columns and conditions under Lark's own names."""
        lazy = pl.scan_pyarrow_dataset(orders.to_dataset())
        lark_emulator.calls.clear()

        found = (
            lazy.filter((pl.col("Status") == "Open") & (pl.col("Amount") > 140))
            .select("Order No", "Amount")
            .collect()
        )

        expected = orders.to_polars(where="status = 'Open' AND amount > 140")
        assert found.equals(expected.select("Order No", "Amount"))
        filters = [call.body.get("filter") for call in lark_emulator.calls.named("search")]
        assert "Open" in str(filters[0])

    @pytest.mark.parametrize(
        "condition",
        [
            pl.col("Order No").str.starts_with("A-00"),
            pl.col("Amount").is_null(),
            pl.col("Status").is_in(["Open", "Paid"]) | (pl.col("Amount") > 100),
            ~pl.col("Gift"),
            pl.col("Ordered") >= pl.datetime(2026, 2, 1, time_zone="UTC"),
            pl.col("Tags").list.contains("urgent"),
        ],
        ids=str,
    )
    def test_every_condition_of_polars_is_right(self, orders, condition):
        """Whatever polars pushes of it."""
        found = pl.scan_pyarrow_dataset(orders.to_dataset()).filter(condition).collect()

        assert found.equals(orders.to_polars().filter(condition))

    def test_pyarrow_reads_what_it_needs(self, orders, lark_emulator):
        """Head stops after a page, a filter reaches Lark."""
        dataset = orders.to_dataset()
        lark_emulator.calls.clear()

        assert dataset.schema.names[:3] == ["record_id", "Order No", "Amount"]
        assert len(dataset.head(3)) == 3
        assert dataset.count_rows(filter=pc.field("Status") == "Open") == 401
        table = dataset.to_table(columns=["Order No"], filter=pc.field("Amount") == 12.5)
        assert table.to_pydict() == {"Order No": ["A-0100"]}
        assert '"12.' in str(lark_emulator.calls.named("search")[-1].body).replace("'", '"')

    def test_names_and_scans(self, orders):
        """SQL names on request; a scan's own columns, conditions and limit stay."""
        dataset = orders.to_dataset(
            names="sql", columns=["Amount", "Status"], where="gift", limit=50
        )

        assert dataset.schema.names == ["record_id", "amount", "status"]
        table = dataset.to_table(filter=pc.field("status") == "Open")
        whole = orders.to_arrow(columns=["Amount", "Status"], where="gift", limit=50, names="sql")
        assert table.num_rows == whole.filter(pc.field("status") == "Open").num_rows > 0

    def test_a_lark_name_that_is_anothers_sql_name(self, lark, lark_emulator):
        """Each engine's names mean what its schema says."""
        lark_emulator.database("Crossed").table(
            "T", fields=["a b", "a_b"], rows=[{"a b": "x", "a_b": "y"}, {"a b": "y", "a_b": "x"}]
        )
        table = lark.table("Crossed.T")

        second = table.schema.columns[1].name
        found = table.to_dataset().to_table(filter=pc.field("a_b") == "x")
        assert found["a b"].to_pylist() == ["y"]
        found = table.to_dataset(names="sql").to_table(filter=pc.field("a_b") == "x")
        assert found[second].to_pylist() == ["y"]
        sql = (
            "SELECT count(*) FROM crossed.t a JOIN crossed.t b USING (record_id) WHERE a.a_b = 'x'"
        )
        assert lark.sql(sql).to_arrow().column(0).to_pylist() == [1]

    def test_an_error_arrives_as_itself(self, orders, lark_emulator):
        """Python libraries raise Lark's error."""
        dataset = orders.to_dataset()
        lark_emulator.fail(91403, endpoint="search", after=1)

        with pytest.raises(larkbase.PermissionDenied):
            dataset.to_table()


class TestConnection:
    """``connection`` has everything attached for tools that want a DuckDB connection."""

    @pytest.fixture
    def connection(self, lark, crm):
        with lark.connection() as connection:
            yield connection

    def test_tables_are_read_by_each_query(self, connection, lark_emulator):
        """With push-down, in schemas called like the databases."""
        lark_emulator.calls.clear()

        sql = "SELECT count(*) FROM CRM.Orders WHERE status = 'Open'"
        assert connection.sql(sql).fetchall() == [(401,)]
        assert "filter" in lark_emulator.calls.named("search")[0].body
        frame = connection.sql("SELECT 1 AS n").df()
        assert connection.sql("SELECT count(*) FROM crm.customers, frame").fetchall() == [(12,)]
        del frame

    def test_attaching_reads_no_records(self, lark, lark_emulator, crm):
        """Lists of tables and fields only; the catalogue is attached too."""
        with lark.connection() as connection:
            assert lark_emulator.calls.count("search") == 0
            sql = "SELECT name FROM larkbase.tables WHERE database = 'crm' ORDER BY 1"
            assert connection.sql(sql).fetchall() == [("customers",), ("orders",)]

    def test_times_are_utc(self, connection):
        """As in ``lark.sql``."""
        assert connection.sql("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
        first = connection.sql("SELECT min(ordered) FROM crm.orders").fetchall()
        assert str(first[0][0]) == "2026-01-01 00:00:00+00:00"

    def test_tables_of_the_default_base_need_no_database(self, lark_emulator, crm):
        """As in ``lark.sql``."""
        with lark_emulator.connect(url=crm.url) as lark, lark.connection() as connection:
            assert connection.sql("SELECT count(*) FROM orders").fetchall() == [(ROWS,)]

    def test_what_cannot_be_attached_is_told(self, another):
        """A base without access, and one called like a database of DuckDB; the others are there."""
        for name in ("Memory", "Closed", "Open"):
            another.database(name).table("T", fields=["Name"], rows=[{"Name": "x"}])
        closed = another.database("Closed").app_token
        another.fail(91403, endpoint="fields", path=closed, times=None)

        with (
            another.connect() as lark,
            pytest.warns(larkbase.SourceSkipped) as told,
            lark.connection() as connection,
        ):
            assert connection.sql('SELECT count(*) FROM "open".t').fetchall() == [(1,)]
        texts = " ".join(str(item.message) for item in told)
        assert '"memory"' in texts
        assert "91403" in texts

    def test_an_error_of_lark_keeps_its_text(self, connection, lark_emulator):
        """Wrapped in DuckDB's, since nobody else runs the query."""
        lark_emulator.fail(91403, endpoint="search")

        with pytest.raises(duckdb.Error, match="91403"):
            connection.sql("SELECT sum(amount) FROM crm.orders").fetchall()


class TestFile:
    """``to_duckdb`` writes a table of a DuckDB file."""

    def test_a_table_is_written_whole(self, orders, tmp_path):
        """Under SQL names, beside other tables, replacing its own."""
        path = orders.to_duckdb(tmp_path / "my.duckdb", where="gift")
        orders.to_duckdb(path, table="opened", where="status = 'Open'", names="lark")
        orders.to_duckdb(path)

        with duckdb.connect(str(path)) as connection:
            assert connection.sql("SELECT count(*), sum(amount) FROM orders").fetchall() == [
                (ROWS, orders.to_arrow()["Amount"].to_pandas().sum())
            ]
            assert connection.sql('SELECT count("Order No") FROM opened').fetchall() == [(401,)]

    def test_an_error_leaves_the_table_as_it_was(self, orders, tmp_path, lark_emulator):
        """And arrives as itself."""
        path = orders.to_duckdb(tmp_path / "my.duckdb", where="gift")
        lark_emulator.fail(91403, endpoint="search", after=1)

        with pytest.raises(larkbase.PermissionDenied):
            orders.to_duckdb(path)
        with duckdb.connect(str(path)) as connection:
            assert connection.sql("SELECT count(*) FROM orders").fetchall() == [(241,)]

    def test_a_file_that_is_none_is_told(self, orders, tmp_path):
        """A folder that is not there, a file of another kind."""
        with pytest.raises(larkbase.ConfigurationError, match="no folder"):
            orders.to_duckdb(tmp_path / "nothing" / "my.duckdb")
        other = tmp_path / "other.duckdb"
        other.write_text("not a database, but long enough to have a header" * 300)
        with pytest.raises(larkbase.ConfigurationError, match="cannot be opened"):
            orders.to_duckdb(other)
