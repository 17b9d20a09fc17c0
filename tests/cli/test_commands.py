"""Every verb does what it says: data on stdout, the rest on stderr, a hint for what comes next."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

from larkbase_sdk import __version__

ORDER_NUMBERS = ["A-1", "A-2", "A-3"]


def test_the_version_is_data(run):
    """``--version`` writes one line to stdout."""
    ended = run("--version")

    assert (ended.code, ended.text, ended.err) == (0, f"larkbase {__version__}\n", "")


class TestLs:
    """``ls`` lists databases, or the tables of one."""

    def test_without_a_name_it_lists_the_databases(self, run, emulator, orders):
        """The Drive root of the app is where they are found."""
        ended = run("ls")

        assert ended.code == 0
        assert [(row["database"], row["source"]) for row in ended.rows] == [("CRM", "drive root")]
        assert ended.err == "→ next: larkbase ls CRM\n"

    def test_without_any_database_it_says_what_to_paste(self, run):
        """An app that nobody shared a base with gets told how to go on."""
        ended = run("ls", "--format", "table")

        assert (ended.code, ended.text) == (0, "No database is known.\n")
        assert "larkbase ls '<paste the link of a base>'" in ended.err

    def test_with_a_name_it_lists_the_tables(self, run, orders):
        """The number of fields and the primary field come with the name."""
        ended = run("ls", "CRM")

        expected = {"table": "Orders", "id": orders.table_id, "fields": 6, "primary": "OrderNo"}
        assert (ended.code, ended.rows) == (0, [expected])
        assert ended.err == "→ next: larkbase head CRM.Orders\n"

    def test_rows_are_counted_on_request(self, run, emulator, orders):
        """``--rows`` costs a search; without it no record is read."""
        run("ls", "CRM")
        assert emulator.calls.count("search") == 0

        ended = run("ls", "CRM", "--rows")

        assert [row["rows"] for row in ended.rows] == [3]
        assert emulator.calls.count("search") == 1

    def test_a_link_fits_where_a_name_fits(self, run, orders):
        """The hint then names the table by a link too, since its name would be unknown."""
        orders.base.tenant.drive.remove(orders.base.app_token)

        ended = run("ls", orders.base.url)

        assert [row["table"] for row in ended.rows] == ["Orders"]
        assert f"larkbase head '{orders.base.url}?table={orders.table_id}'" in ended.err

    def test_people_get_aligned_columns(self, run, orders):
        """The table format has headings in upper case."""
        ended = run("ls", "CRM", "--format", "table")

        heading, row = ended.text.splitlines()
        assert heading.split() == ["TABLE", "ID", "FIELDS", "PRIMARY"]
        assert row.split() == ["Orders", orders.table_id, "6", "OrderNo"]

    def test_a_table_that_may_not_be_read_is_told_and_does_not_hide_the_others(
        self, run, emulator, orders
    ):
        """A refusal of one table is a warning, its row stays."""
        emulator.database("CRM").table("Other", {"Name": ["x"]})
        emulator.fail(1254302, endpoint="fields", path=orders.table_id)

        ended = run("ls", "CRM")

        assert ended.code == 0
        assert [(row["table"], row["fields"]) for row in ended.rows] == [
            ("Orders", None),
            ("Other", 1),
        ]
        assert ended.err.startswith('warning: Left out the fields of table "Orders": ')

    def test_a_table_that_cannot_be_counted_is_told_and_stays(self, run, emulator, orders):
        """Its fields are known all the same."""
        emulator.fail(1254302, endpoint="search", path=orders.table_id)

        ended = run("ls", "CRM", "--rows")

        assert ended.code == 0
        assert [(row["rows"], row["fields"]) for row in ended.rows] == [(None, 6)]
        assert ended.err.startswith('warning: The rows of table "Orders" cannot be counted: ')


class TestSchema:
    """``schema`` shows the columns."""

    def test_it_shows_both_names_and_types(self, run, orders):
        """SQL speaks SQL names, people know Lark's."""
        ended = run("schema", "CRM.Orders")

        shown = [(row["name"], row["sql"], row["type"]) for row in ended.rows]
        assert ended.code == 0
        assert shown[:2] == [("OrderNo", "orderno", "Text"), ("Amount", "amount", "Number")]
        assert ended.err.endswith("→ next: larkbase head CRM.Orders\n")

    def test_a_field_that_is_no_column_is_told(self, run, orders):
        """A button holds no value; nothing vanishes without a word."""
        orders.add_field("Go", "Button")

        ended = run("schema", "CRM.Orders")

        assert "Go" not in [row["name"] for row in ended.rows]
        assert "no column: Go (a button holds no value)" in ended.err

    def test_names_with_dots_are_quoted_as_in_sql(self, run, emulator):
        """A dot inside quotes does not part database and table."""
        emulator.database("My base 1.0").table("Price. list", {"Name": ["x"]})

        ended = run("schema", '"My base 1.0"."Price. list"')

        assert [row["name"] for row in ended.rows] == ["Name"]


class TestHead:
    """``head`` shows the first rows."""

    def test_in_a_pipe_it_writes_ndjson(self, run, orders):
        """Times are ISO 8601 in UTC, lists are lists, empty cells are null."""
        ended = run("head", "CRM.Orders", "-n", "2")

        first, second = ended.rows
        assert ended.code == 0
        assert {**first, "record_id": None} == {
            "record_id": None,
            "OrderNo": "A-1",
            "Amount": 12.5,
            "Status": "Open",
            "Ordered": "2025-01-01T00:00:00.000Z",
            "Total, net": 10.0,
            "Tags": ["gift", "urgent"],
        }
        assert (second["Amount"], second["Ordered"], second["Tags"]) == (None, None, None)

    def test_sql_names_on_request(self, run, orders):
        """``--names sql`` names the columns as conditions do."""
        ended = run("head", "CRM.Orders", "--names", "sql")

        assert list(ended.rows[0])[:3] == ["record_id", "orderno", "amount"]

    def test_it_says_what_it_cost(self, run, orders):
        """The summary and the hint are on stderr."""
        ended = run("head", "CRM.Orders")

        summary, hint = ended.err.splitlines()
        assert summary.startswith("✓ 3 rows, ")
        assert " calls, " in summary
        assert hint == "→ next: larkbase export CRM.Orders --to rows.parquet   (every row)"

    def test_quiet_leaves_data_only(self, run, orders):
        """``-q`` is for scripts."""
        ended = run("head", "CRM.Orders", "-q")

        assert (len(ended.rows), ended.err) == (3, "")

    def test_no_rows_are_asked_for(self, run, orders):
        """A table format without rows still shows the columns."""
        ended = run("head", "CRM.Orders", "-n", "0", "--format", "table")

        assert ended.text.split() == [
            "record_id", "OrderNo", "Amount", "Status", "Ordered", "Total,", "net", "Tags",
        ]  # fmt: skip

    def test_a_table_in_the_default_base_needs_no_database(self, run, orders, monkeypatch):
        """``LARKBASE_URL`` names the default base."""
        monkeypatch.setenv("LARKBASE_URL", orders.base.url)

        assert len(run("head", "Orders").rows) == 3


class TestStdout:
    """Every format goes to stdout, binary ones included."""

    def test_json_is_one_array(self, run, orders):
        """The array is readable as a whole."""
        ended = run("export", "CRM.Orders", "--format", "json", "--columns", "OrderNo")

        assert [row["OrderNo"] for row in json.loads(ended.out)] == ORDER_NUMBERS

    def test_json_without_rows_is_an_empty_array(self, run, orders):
        """No rows are no broken document."""
        ended = run("export", "CRM.Orders", "--format", "json", "--where", "amount > 100")

        assert json.loads(ended.out) == []

    def test_csv_has_a_heading(self, run, orders):
        """Lists are JSON and empty cells are empty."""
        ended = run("export", "CRM.Orders", "--format", "csv", "--columns", "OrderNo,Tags")

        assert pa.csv.read_csv(io.BytesIO(ended.out)).column("Tags").to_pylist() == [
            '["gift","urgent"]', "", "",
        ]  # fmt: skip

    def test_parquet_is_binary(self, run, orders):
        """A redirected stdout holds a whole Parquet file."""
        ended = run("export", "CRM.Orders", "--format", "parquet")

        table = pa.parquet.read_table(io.BytesIO(ended.out))
        assert table.column("OrderNo").to_pylist() == ORDER_NUMBERS

    def test_arrow_is_a_stream(self, run, orders):
        """Arrow on stdout is the form for streams."""
        ended = run("head", "CRM.Orders", "--format", "arrow")

        table = pa.ipc.open_stream(ended.out).read_all()
        assert table.column("Amount").to_pylist() == [12.5, None, 7.0]

    @pytest.mark.parametrize("chosen", ["csv", "parquet", "arrow", "json"])
    def test_facts_about_tables_come_in_every_format_too(self, run, orders, chosen):
        """``ls`` feeds other programs as well as people."""
        ended = run("ls", "CRM", "--format", chosen)

        assert ended.code == 0
        assert b"Orders" in ended.out


class TestExport:
    """``export`` writes rows to a file whose suffix is its format."""

    @pytest.mark.parametrize(
        ("name", "read"),
        [
            ("rows.parquet", lambda path: pa.parquet.read_table(path).to_pylist()),
            ("rows.arrow", lambda path: pa.ipc.open_file(path).read_all().to_pylist()),
            ("rows.feather", lambda path: pa.feather.read_table(path).to_pylist()),
            ("rows.csv", lambda path: pa.csv.read_csv(path).to_pylist()),
            ("rows.json", lambda path: json.loads(path.read_bytes())),
            (
                "rows.ndjson",
                lambda path: [json.loads(line) for line in path.read_bytes().splitlines()],
            ),
        ],
    )
    def test_the_suffix_is_the_format(self, run, orders, tmp_path, name, read):
        """What is written can be read by the usual readers, and stdout stays empty."""
        path = tmp_path / name

        ended = run("export", "CRM.Orders", "--to", str(path))

        assert (ended.code, ended.out) == (0, b"")
        assert [row["OrderNo"] for row in read(path)] == ORDER_NUMBERS
        assert f"✓ 3 rows in {path}, " in ended.err

    def test_it_takes_conditions_columns_orders_and_limits(self, run, orders):
        """Columns with commas in their names are quoted."""
        ended = run(
            "export", "CRM.Orders", "--where", "status = 'Open'", "--columns",
            'OrderNo,"Total, net"', "--order-by", '-"Total, net"', "--limit", "1",
        )  # fmt: skip

        (row,) = ended.rows
        assert (ended.code, row["OrderNo"], row["Total, net"]) == (0, "A-3", 30.0)

    def test_it_takes_a_view(self, run, orders):
        """The rows are those of the view."""
        orders.view("Paid ones", conditions=[("Status", "is", ["Paid"])])

        ended = run("export", "CRM.Orders", "--view", "Paid ones")

        assert [row["OrderNo"] for row in ended.rows] == ["A-2"]

    def test_an_unknown_suffix_is_refused_before_any_call(self, run, emulator, orders, tmp_path):
        """The message lists the suffixes."""
        ended = run("export", "CRM.Orders", "--to", str(tmp_path / "rows.xlsx"))

        assert ended.code == 2
        assert ".parquet, .csv" in ended.err
        assert emulator.calls.count() == 0

    def test_a_folder_that_is_missing_is_refused_before_any_call(
        self, run, emulator, orders, tmp_path
    ):
        """A mistyped path costs nothing."""
        ended = run("export", "CRM.Orders", "--to", str(tmp_path / "nowhere" / "rows.csv"))

        assert ended.code == 2
        assert f'There is no folder "{tmp_path / "nowhere"}".' in ended.err
        assert emulator.calls.count() == 0

    def test_a_folder_in_the_place_of_a_file_is_refused_before_any_call(
        self, run, emulator, orders, tmp_path
    ):
        """Nothing is written beside it."""
        (tmp_path / "rows.csv").mkdir()

        ended = run("export", "CRM.Orders", "--to", str(tmp_path / "rows.csv"))

        assert ended.code == 2
        assert ended.err.startswith(f'ConfigurationError: "{tmp_path / "rows.csv"}" is a folder.')
        assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]
        assert emulator.calls.count() == 0

    def test_a_link_to_a_file_stays_a_link(self, run, orders, tmp_path):
        """The rows go where it leads, in every format."""
        for suffix in ("csv", "ndjson", "arrow"):
            file, link = tmp_path / f"today.{suffix}", tmp_path / f"latest.{suffix}"
            link.symlink_to(file)

            assert run("export", "CRM.Orders", "--to", str(link)).code == 0
            assert (link.is_symlink(), file.stat().st_size > 0) == (True, True)

    def test_a_file_that_cannot_be_written_is_a_usage_error(self, run, orders, tmp_path):
        """The system's own reason, without a traceback."""
        ended = run("export", "CRM.Orders", "--to", str(tmp_path / ("x" * 252 + ".csv")))

        assert ended.code == 2
        assert ended.err.startswith("OSError: File name too long: ")
        assert list(tmp_path.iterdir()) == []


class TestExplain:
    """``explain`` tells the plan before it costs anything."""

    def test_people_read_text(self, run, orders):
        """What is sent and what is checked here."""
        wanted = ("--where", "amount > 5", "--limit", "2")
        ended = run("explain", "CRM.Orders", *wanted, "--format", "table")

        assert ended.code == 0
        assert ended.text.startswith("Scan CRM.Orders")
        assert "on the server" in ended.text
        hint = "larkbase export CRM.Orders --where 'amount > 5' --limit 2 --to rows.parquet"
        assert hint in ended.err

    def test_programs_read_one_object(self, run, orders):
        """The numbers are numbers."""
        (row,) = run("explain", "CRM.Orders", "--where", "amount > 5").rows

        assert (row["table"], row["fields_total"], row["calls"]) == ("CRM.Orders", 6, 1)


class TestAttachments:
    """``attachments`` downloads files into a folder."""

    @pytest.fixture
    def photos(self, emulator):
        return emulator.database("CRM").table(
            "Products",
            fields=["SKU", ("Photo", "Attachment")],
            rows=[{"SKU": "P-1", "Photo": [("front.png", b"front"), ("back.png", b"back side")]}],
        )

    def test_the_files_are_there_and_listed(self, run, photos, tmp_path):
        """One row a file, with its path and digest."""
        ended = run("attachments", "CRM.Products", "Photo", str(tmp_path / "photos"))

        assert ended.code == 0
        assert [(row["name"], row["bytes"], row["status"]) for row in ended.rows] == [
            ("front.png", 5, "downloaded"),
            ("back.png", 9, "downloaded"),
        ]
        assert len(list((tmp_path / "photos").iterdir())) == 2
        assert f"✓ 2 files in {tmp_path / 'photos'}, " in ended.err

    def test_a_file_that_fails_makes_the_command_fail(self, run, emulator, photos, tmp_path):
        """The others are there; the exit code tells a script."""
        emulator.fail(1254303, endpoint="media")

        ended = run("attachments", "CRM.Products", "Photo", str(tmp_path), "--workers", "1")

        assert ended.code == 1
        first, second = ended.rows
        assert first["status"].startswith("failed: ")
        assert (first["path"], second["status"]) == (None, "downloaded")
        assert "warning: 1 of 2 files could not be downloaded" in ended.err

    def test_a_column_without_files_is_a_usage_error(self, run, photos, tmp_path):
        """The hint names the columns that hold files."""
        ended = run("attachments", "CRM.Products", "SKU", str(tmp_path))

        assert ended.code == 2
        assert ended.err.startswith('UnsupportedField: The column "SKU" holds no files')
        assert "Hint: Columns with files: Photo." in ended.err


class TestDoctor:
    """``doctor`` checks and tells what to mend."""

    def test_when_all_is_well_it_exits_with_0(self, run, orders):
        """Each check is a row for programs."""
        ended = run("doctor")

        assert ended.code == 0
        assert {row["status"] for row in ended.rows} == {"ok"}

    def test_a_base_that_is_not_shared_exits_with_3(self, run, orders):
        """The hint names the dialog that mends it."""
        orders.base.shared = False

        ended = run("doctor", orders.base.url, "--format", "table")

        assert ended.code == 3
        assert f"✗ base {orders.base.app_token}: " in ended.text
        assert "Add document app" in ended.text

    def test_bad_credentials_are_a_finding_too(self, run, monkeypatch):
        """Even without a connection there is a report."""
        monkeypatch.setenv("LARK_APP_SECRET", "not-the-secret")

        ended = run("doctor", "--format", "table")

        assert ended.code == 3
        assert "✗ credentials: The app secret was refused" in ended.text


class TestQuery:
    """SQL over databases, links and local files; the verb may be left out."""

    @pytest.mark.parametrize("verb", [(), ("query",)])
    def test_a_statement_is_answered(self, run, orders, verb):
        """Rows on stdout under the names of the statement, the cost and a hint on stderr."""
        sql = "SELECT status, count(*) AS n FROM crm.orders GROUP BY 1 ORDER BY n DESC"
        ended = run(*verb, sql)

        assert ended.code == 0
        assert ended.rows == [{"status": "Open", "n": 2}, {"status": "Paid", "n": 1}]
        assert ended.err.startswith("✓ 2 rows, ")
        assert f"→ next: larkbase explain '{sql}'" in ended.err

    def test_the_statement_may_come_from_stdin(self, run, orders, monkeypatch):
        """As in ``larkbase query - < report.sql --format csv``."""
        text = "\ufeffSELECT orderno\nFROM crm.orders; -- 客户\n"
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode()), "ascii"))
        ended = run("query", "-", "--format", "csv")

        assert ended.text.replace('"', "").split() == ["orderno", *ORDER_NUMBERS]
        assert "→ next" not in ended.err

    def test_bytes_that_are_no_text_are_told(self, run, orders, monkeypatch):
        """Neither in a file nor as an argument, which Python then holds as surrogates."""
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"SELECT '\xe9'")))

        for argument in ("-", "SELECT '\udce9'"):
            ended = run("query", argument)
            assert (ended.code, ended.text) == (2, "")
            assert ended.err.startswith("ConfigurationError: The statement is not UTF-8 text.")

    def test_people_get_a_table(self, run, orders):
        """Columns of the same name are told apart."""
        ended = run(
            "--format", "table", "SELECT amount, amount FROM crm.orders ORDER BY amount LIMIT 1"
        )

        assert [line.split() for line in ended.text.splitlines()] == [
            ["amount", "amount_1"],
            ["7.0", "7.0"],
        ]

    def test_a_link_is_a_table_and_its_base_the_default(self, run, orders):
        """Names alone are then tables of that base."""
        sql = f'SELECT count(*) AS n FROM "{orders.url}" JOIN orders USING (record_id)'

        assert run(sql).rows == [{"n": 3}]

    def test_files_are_joined_and_written(self, run, orders, tmp_path):
        """``COPY … TO`` writes a file of DuckDB's formats."""
        (tmp_path / "names.csv").write_text("orderno,name\nA-1,first\n")
        sql = f"SELECT name FROM crm.orders JOIN '{tmp_path}/names.csv' USING (orderno)"

        assert run(f"COPY ({sql}) TO '{tmp_path}/out.parquet'").rows == [{"rows": 1}]
        assert pyarrow.parquet.read_table(tmp_path / "out.parquet")["name"].to_pylist() == ["first"]

    @pytest.mark.parametrize(
        ("sql", "message"),
        [
            ("SELECT amout FROM crm.orders", 'did you mean "amount"?'),
            ("SELECT * FROM crm.ordres", 'did you mean "orders"?'),
            ("SELECT 1; SELECT 2", "several statements"),
        ],
    )
    def test_a_mistake_is_a_usage_error(self, run, orders, sql, message):
        """One message with near names and a caret, and exit code 2."""
        ended = run(sql)

        assert (ended.code, ended.text) == (2, "")
        assert ended.err.startswith("QueryError: ")
        assert message in ended.err

    @pytest.mark.parametrize("verb", ["query", "athena query"])
    def test_a_terminal_gives_no_statement(self, run, orders, monkeypatch, verb):
        """Nobody waits for a text that was to come from a file."""
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        ended = run(*verb.split(), "-")

        assert ended.code == 2
        assert f"larkbase {verb} - < report.sql" in ended.err

    def test_explain_tells_what_would_be_read(self, run, orders, emulator):
        """One row a reading; no records are read but one to count them."""
        sql = "SELECT sum(amount) FROM crm.orders WHERE status = 'Open'"
        (row,) = run("explain", sql).rows

        assert (row["table"], row["on_server"]) == ("CRM.Orders", ['Status is "Open"'])
        assert (row["rows"], row["calls"], row["fields_read"]) == (2, 1, 2)
        assert [call.query["page_size"] for call in emulator.calls.named("search")] == ["1"]
        text = run("explain", sql, "--format", "table").text
        assert text.startswith("Scan CRM.Orders  2 of 6 fields · at most 2 rows · 1 call")

    def test_explain_takes_no_options_of_a_table_with_a_statement(self, run, orders):
        """The statement says it itself."""
        ended = run("explain", "SELECT * FROM crm.orders", "--limit", "3")

        assert ended.code == 2
        assert "--limit is for tables" in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("head",),
        ("head", "CRM.Orders", "--format", "xml"),
        ("head", "CRM.Orders", "-n", "-1"),
        ("head", "CRM.Orders", "--names", "short"),
        ("export", "CRM.Orders", "--columns", 'A,"B'),
        ("export", "CRM.Orders", "--columns", "A,,B"),
        ("head", "CRM.Orders", "--app-secret", "s"),
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_wrong_usage_exits_with_2(run, emulator, orders, arguments):
    """Nothing is written to stdout and no record is read."""
    ended = run(*arguments)

    assert (ended.code, ended.out) == (2, b"")
    assert ended.err != ""
    assert emulator.calls.count("search") == 0
