"""A snapshot reads like the base it was taken from, without a call."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

import larkbase_sdk as larkbase
from larkbase_sdk import Options, QueryError, SnapshotError

UTC = dt.UTC


@pytest.fixture(scope="module")
def demo():
    """The sample data, live."""
    with larkbase.demo() as lark:
        yield lark


@pytest.fixture(scope="module")
def live(demo) -> larkbase.Database:
    """The sample base CRM."""
    return demo.databases["CRM"]


@pytest.fixture(scope="module")
def folder(live, tmp_path_factory):
    """Where the sample base is stored."""
    path = tmp_path_factory.mktemp("snapshot") / "crm"
    live.snapshot(path)
    return path


@pytest.fixture
def snap(folder) -> larkbase.Snapshot:
    return larkbase.open_snapshot(folder)


@pytest.fixture
def orders(snap) -> larkbase.Table:
    return snap.tables["Orders"]


class TestSameAnswers:
    """The methods of tables and scans give what they give live."""

    @pytest.mark.filterwarnings("ignore::larkbase_sdk.LarkBaseWarning")
    def test_every_type_of_field(self, demo, tmp_path):
        """Rows and columns of one table with every field type."""
        base = demo.databases["Field Types"]
        snap = base.snapshot(tmp_path / "types")
        table = base.tables["All types"]
        assert snap.tables["All types"].to_arrow() == table.to_arrow()
        assert snap.tables["All types"].schema == table.schema

    @pytest.mark.parametrize(
        "read",
        [
            lambda t: t.to_arrow(names="sql"),
            lambda t: t.to_arrow(columns=["Status", "amount"], where="amount > 100"),
            lambda t: t.to_arrow(where=pc.field("Amount") > 100, limit=5),
            lambda t: t.to_arrow(order_by=["-Amount", "OrderNo"], limit=7),
            lambda t: t.to_arrow(columns="record_id", order_by="-OrderDate"),
            lambda t: t.to_arrow(limit=0),
            lambda t: t.to_arrow(expand={"Customer": ["Name", "Region"]}, limit=20),
            lambda t: t.to_reader(columns=["OrderNo"]).read_all(),
            lambda t: pa.table(t.scan(where="status = 'Open'")),
            lambda t: t.to_dataset().to_table(filter=pc.field("Amount") > 3000),
            lambda t: t.schema.to_arrow("sql"),
        ],
    )  # fmt: skip
    def test_arrow(self, live, orders, read):
        """The same rows in the same order."""
        assert read(orders) == read(live.tables["Orders"])

    @pytest.mark.parametrize(
        "read",
        [
            lambda t: t.head(),
            lambda t: t.to_pandas(where="amount IS NULL OR status <> 'Open'"),
            lambda t: t.to_pandas(dtype_backend="numpy_nullable", index=None, limit=9),
            lambda t: t.to_pandas(expand="Customer", explode=True, timezone="Asia/Jakarta"),
            lambda t: t.to_pandas(max_age="1h"),
        ],
    )
    def test_pandas(self, live, orders, read, monkeypatch, tmp_path):
        """Frames are equal, types and index included."""
        monkeypatch.setenv("LARKBASE_CACHE_DIR", str(tmp_path))
        pd.testing.assert_frame_equal(read(orders), read(live.tables["Orders"]))

    def test_counts(self, live, orders):
        """With and without a condition or a limit."""
        table = live.tables["Orders"]
        assert orders.count() == table.count()
        assert orders.count(where="amount > 100") == table.count(where="amount > 100")
        assert orders.scan(limit=3).count() == 3

    def test_files(self, orders, tmp_path):
        """Sinks are the same."""
        assert orders.to_csv(tmp_path / "o.csv", limit=2).read_text().startswith('"record_id"')
        assert orders.to_parquet(tmp_path / "o.parquet").exists()

    def test_attachments_are_listed_but_not_there(self, orders, tmp_path):
        """A snapshot holds no files; the error says where they are."""
        files = orders.attachments("Contract")
        assert len(files) > 0
        with pytest.raises(SnapshotError, match=r"needs Lark itself[\s\S]*live table"):
            files.download(tmp_path / "files")

    def test_provenance(self, folder, orders):
        """A result says from which snapshot it comes and when the rows were read."""
        facts = orders.head().attrs["larkbase"]
        assert facts["snapshot"] == str(folder)
        assert facts["read_at"] == orders.entry.read_from


class TestLookingAround:
    """Databases, tables and columns as a client shows them."""

    def test_names(self, live, snap):
        """By name, SQL name, id and link."""
        table = live.tables["Orders"]
        references = ["Orders", "orders", "CRM.Orders", "crm.orders", table.id, table.url]
        assert {snap.table(reference).id for reference in references} == {table.id}
        assert list(snap.databases) == ["CRM"]
        assert snap.databases["CRM"].tables.Orders.id == table.id
        assert snap.database(live.url).name == "CRM"
        assert snap.schema["Orders"] == table.schema
        assert snap.search("customer name") == [("CRM", "Orders", "Customer name")]

    def test_unknown_names(self, snap):
        """With near names."""
        with pytest.raises(larkbase.NotFound, match='did you mean "Orders"'):
            snap.tables["Ordres"]
        with pytest.raises(larkbase.NotFound, match='No database "HR"'):
            snap.databases["HR"]
        with pytest.raises(QueryError, match="'amount'"):
            snap.tables["Orders"].to_arrow(columns=["Amuont"])

    def test_views_are_not_stored(self, orders):
        """Rows of a view cannot be made up."""
        with pytest.raises(QueryError, match=r"keeps no views[\s\S]*condition"):
            orders.to_arrow(view="Open orders")
        assert orders.views == []

    def test_a_snapshot_of_a_snapshot(self, snap, tmp_path):
        """It would say nothing new."""
        with pytest.raises(SnapshotError, match="a snapshot already"):
            snap.databases["CRM"].snapshot(tmp_path)

    def test_explanations(self, orders):
        """A plan says that nothing is asked of Lark."""
        plan = orders.scan(where="amount > 5", columns=["OrderNo"]).explain()
        assert (plan.calls, plan.rows, plan.here) == (0, 1200, ("amount > 5",))
        assert "no call" in repr(plan)
        assert "for the check" in repr(plan)

    def test_displays(self, snap, orders):
        """As text and as HTML."""
        assert "Snapshot of CRM" in repr(snap)
        assert "Orders" in snap._repr_html_()
        assert "1200 rows" in repr(orders)
        assert "OrderNo" in orders._repr_html_()

    def test_displays_escape_what_the_service_says(self, lark, lark_emulator, tmp_path):
        """Names may hold HTML."""
        lark_emulator.database("<b>X</b>").table("<script>", {"<i>": ["x"]})
        snap = lark.databases["<b>X</b>"].snapshot(tmp_path / "x")
        html = snap._repr_html_() + snap.tables["<script>"]._repr_html_()
        assert "<script>" not in html
        assert "<b>X" not in html
        assert "<i>" not in html


class TestSql:
    """The same statements as over the live base."""

    @pytest.mark.filterwarnings("ignore::larkbase_sdk.UnknownFieldType")
    @pytest.mark.parametrize(
        "text",
        [
            "SELECT status, count(*) AS n, max(amount) AS s FROM crm.orders GROUP BY 1 ORDER BY 1",
            "SELECT * FROM crm.orders WHERE amount > 3000 ORDER BY record_id",
            "SELECT * FROM crm.orders WHERE orderdate < TIMESTAMPTZ '2025-01-03' ORDER BY 1",
            """SELECT c.region, min(o.amount) AS s FROM crm.orders o JOIN crm.customers c
            ON c.record_id = o.customer.link_record_ids[1] GROUP BY 1 ORDER BY 1""",
            "SELECT a.orderno FROM crm.orders a JOIN crm.orders b USING (orderno) ORDER BY 1",
            "SELECT name, lark_name, type FROM larkbase.fields ORDER BY ALL",
        ],
    )
    def test_live_and_stored_are_equal(self, demo, snap, text):
        """Values and types, to the cell."""
        expected = demo.sql(text).to_arrow()
        if "larkbase.fields" in text:
            expected = demo.sql(text.replace("ORDER", "WHERE database = 'crm' ORDER")).to_arrow()
        assert snap.sql(text).to_arrow() == expected

    def test_times_are_compared_to_the_microsecond(self, snap, orders):
        """Although Lark, and so the file, knows only milliseconds."""
        (first,) = snap.sql("SELECT min(orderdate) AS t FROM orders").to_arrow()["t"].to_pylist()
        later = first + dt.timedelta(microseconds=500)
        text = "SELECT count(*) AS n FROM orders a SEMI JOIN (SELECT 1) ON TRUE WHERE orderdate < ?"

        found = orders.count(where=f"orderdate = '{first.isoformat()}'")
        assert snap.sql(text, [later]).to_arrow().to_pylist() == [{"n": found}]

    def test_names_parameters_and_variables(self, snap, live):
        """Tables without a database, links, values and local frames."""
        regions = pd.DataFrame({"region": ["Java"], "target": [10]})  # noqa: F841 (read by name)
        text = "SELECT target FROM customers JOIN regions USING (region) LIMIT 1"
        assert snap.sql(text).to_arrow().to_pylist() == [{"target": 10}]
        assert len(snap.sql("FROM orders WHERE amount > ?", [3000])) > 0
        url = live.tables["Products"].url.partition("&view=")[0]
        assert snap.sql(f'SELECT count(*) AS n FROM "{url}"').to_arrow().to_pylist() == [{"n": 24}]

    def test_a_stored_table_joins_a_live_one(self, demo, orders):
        """By the name of its variable."""
        stored = orders  # noqa: F841 (read by name)
        text = "SELECT count(*) AS n FROM stored s JOIN crm.orders o USING (record_id)"
        assert demo.sql(text).to_arrow().to_pylist() == [{"n": 1200}]

    def test_mistakes(self, snap):
        """Near names, as live."""
        with pytest.raises(QueryError, match=r"column .amuont. not found[\s\S]*amount"):
            snap.sql("SELECT amuont FROM orders")
        with pytest.raises(QueryError, match=r"No table .ordres.[\s\S]*orders"):
            snap.sql("SELECT * FROM crm.ordres")

    def test_explain_and_connection(self, snap):
        """What reads, and a connection for other tools."""
        assert "read from this machine" in repr(snap.explain("SELECT status FROM orders"))
        connection = snap.connection()
        assert connection.execute("SELECT count(*) FROM crm.orders").fetchone() == (1200,)
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1200,)

    def test_a_damaged_file(self, live, tmp_path):
        """It is told as damage, not as a mistake in the statement."""
        snap = live.snapshot(tmp_path / "crm", tables=["Customers"])
        path = snap.tables["Customers"].path
        body = bytearray(path.read_bytes())
        body[200] ^= 0xFF
        path.write_bytes(body)
        with pytest.raises(SnapshotError, match="is damaged"):
            snap.sql("SELECT * FROM customers")


CONDITIONS = [
    "amount {op} {number}", "discount {op} {number}", "status {op} 'Open'", "gift",
    "status IN ('Open', 'Paid', NULL)", "list_contains(tags, 'gift')", "comment IS NULL",
    "orderdate {op} TIMESTAMP '2025-01-0{digit} 17:00:00'", "comment LIKE '%call%'",
    "orderno LIKE 'A-0{digit}%'", "net {op} {number}", "customer IS NOT NULL",
    "shipped BETWEEN TIMESTAMP '2025-01-01' AND TIMESTAMP '2025-01-0{digit}'",
]  # fmt: skip


@st.composite
def conditions(draw: st.DrawFn) -> str:
    parts = []
    for text in draw(st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=3)):
        filled = text.format(
            op=draw(st.sampled_from(["=", "<>", "<", ">="])),
            number=draw(st.sampled_from([0, 0.05, 100.5, 2782.74, 4000])),
            digit=draw(st.integers(1, 9)),
        )
        parts.append(f"NOT ({filled})" if draw(st.booleans()) else f"({filled})")
    return draw(st.sampled_from([" AND ", " OR "])).join(parts)


@given(
    where=conditions(),
    order=st.lists(st.sampled_from(["Amount", "-OrderDate", "Status", "record_id"]), max_size=2),
    limit=st.none() | st.integers(0, 1300),
    columns=st.none() | st.lists(st.sampled_from(["OrderNo", "Tags", "Net"]), max_size=2),
)
def test_any_scan_gives_the_live_rows(live, folder, where, order, limit, columns):
    """Conditions mean the same over files and over Lark."""
    given = {"where": where, "order_by": order, "limit": limit, "columns": columns}
    stored = larkbase.open_snapshot(folder).tables["Orders"]
    found, expected = (t.to_arrow(**given) for t in (stored, live.tables["Orders"]))
    assert found == expected


class TestOffline:
    """Where the network is forbidden, a snapshot still answers, and a live call says why not."""

    def test_nothing_of_a_snapshot_calls(self, folder, lark_emulator):
        """No session is opened, no host is looked up: a call would be refused at once."""
        code = (
            "import sys, larkbase_sdk as larkbase\n"
            "snap = larkbase.open_snapshot(sys.argv[1])\n"
            "print(snap.sql('SELECT count(*) AS n FROM orders').to_arrow().to_pylist())\n"
            "print(snap.tables['Orders'].count(where='amount > 100'))\n"
            "print('requests' in sys.modules)\n"
            "try:\n"
            "    larkbase.connect(app_id='cli_a', app_secret='secret', domain=sys.argv[2])\n"
            "except larkbase.ConfigurationError as error:\n"
            "    print(error)\n"
        )
        result = subprocess.run(
            [sys.executable, "-c", code, str(folder), lark_emulator.url],
            env={"LARKBASE_OFFLINE": "1", "PATH": ""},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        count, some, requests, *told = result.stdout.splitlines()
        assert count == "[{'n': 1200}]"
        assert int(some) > 0
        assert requests == "False"
        assert "Network calls are switched off." in told[0]
        assert "LARKBASE_OFFLINE" in told[1]
        assert lark_emulator.calls.count() == 0

    def test_an_open_client_goes_offline(self, lark_emulator):
        """The option counts from the next call on."""
        lark_emulator.database("CRM").table("Orders", {"OrderNo": ["A-1"]})
        options = Options()
        with lark_emulator.connect(options=options) as lark:
            options.offline = True
            calls = lark_emulator.calls.count()
            with pytest.raises(larkbase.ConfigurationError, match="switched off"):
                lark.table("CRM.Orders").head()
            assert lark_emulator.calls.count() == calls


def test_what_any_reader_of_parquet_sees(folder: Any):
    """Types survive without larkbase: times in UTC, lists and structures as such."""
    import duckdb

    path = next((folder / "tables").glob("orders-*.parquet"))
    found = duckdb.sql(f"SELECT orderdate, tags FROM '{path}' WHERE orderno = 'A-0002'")
    assert found.types[0] == "TIMESTAMP WITH TIME ZONE"
    assert found.types[1] == "VARCHAR[]"
