"""``larkbase athena serve | query | validate``: data on stdout, the rest on stderr, exit codes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass

import boto3
import pyarrow as pa
import pytest
from athena_fake import FUNCTION

from larkbase_sdk.cli import main
from larkbase_sdk.emulator.emulator import LarkEmulator

CATALOG = f"--catalog=lark_base={FUNCTION}"


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def rows(self):
        """What went to stdout, as NDJSON."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def run(fake, aws_here, endpoint, monkeypatch, tmp_path, capfdbinary):
    """Run ``larkbase athena`` with nobody's settings; Lambda is the endpoint of the fake."""
    for name in list(os.environ):
        if name.startswith(("LARK_", "default_", "spill_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LARKBASE_CACHE_DIR", str(tmp_path / "larkbase"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", endpoint)

    def ended(*arguments):
        code = main(["athena", *arguments])
        out, err = capfdbinary.readouterr()
        return Ended(code, out.decode(), err.decode())

    return ended


class TestQuery:
    """``athena query`` answers through the messages of a connector."""

    def test_rows_go_to_stdout_and_figures_to_stderr(self, run):
        """Rows as NDJSON in a pipe."""
        ended = run("query", CATALOG, "SELECT order_no, rating FROM crm.orders WHERE rating > 3")

        assert ended.code == 0
        assert ended.rows == [{"order_no": "A-1", "rating": 5}, {"order_no": "A-5", "rating": 4}]
        assert ended.err.startswith("✓ 2 rows, 6 messages, ")

    @pytest.mark.parametrize(
        ("chosen", "text"),
        [
            ("table", "order_no  rating\nA-1       5\n"),
            ("csv", '"order_no","rating"\n"A-1",5\n'),
            ("json", '[\n{"order_no":"A-1","rating":5}\n]\n'),
        ],
    )
    def test_formats_are_those_of_other_commands(self, run, chosen, text):
        """Table, CSV and JSON."""
        sql = "SELECT order_no, rating FROM orders WHERE rating = 5"

        assert run("query", CATALOG, "--database=crm", "-q", "-f", chosen, sql).out == text

    def test_a_dash_reads_the_statement_from_stdin(self, run, monkeypatch):
        """As the command query does."""
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"SELECT 1 AS x")))

        assert run("query", CATALOG, "-").rows == [{"x": 1}]

    def test_explain_shows_what_is_handed_over_and_reads_no_row(self, run, fake):
        """As text for people, as rows for programs."""
        sql = "SELECT order_no FROM crm.orders WHERE rating = 5 LIMIT 1"
        shown = run("query", CATALOG, "--explain", "-f", "table", sql)
        for_programs = run("query", CATALOG, "--explain", sql)

        assert shown.out.splitlines() == [
            "lark_base.crm.orders",
            "  columns: order_no",
            "  handed over: rating = 5",
            "  limit: 1 rows of each split",
            "  splits: 1",
        ]
        (row,) = for_programs.rows
        assert (row["conditions"], row["limit"]) == (["rating = 5"], 1)
        assert "ReadRecords" not in fake.names

    def test_explain_of_a_statement_without_tables_says_so(self, run):
        """SHOW asks no table."""
        ended = run("query", CATALOG, "--explain", "-f", "table", "SHOW DATABASES")

        assert ended.out == "No table of a connector is read.\n"

    def test_stats_tell_the_cost_on_stderr(self, run):
        """One figure a line; calls to Lark are unknown when the function runs elsewhere."""
        ended = run("query", CATALOG, "--stats", "SELECT count(*) AS n FROM crm.orders")

        assert ended.rows == [{"n": 6}]
        lines = dict(line.strip().split(": ", 1) for line in ended.err.splitlines()[:-1])
        assert lines.keys() == {
            "query", "messages", "splits", "rows read", "spilled", "calls to Lark",
        }  # fmt: skip
        assert (lines["splits"], lines["rows read"]) == ("1", "6")
        assert (lines["spilled"], lines["calls to Lark"]) == ("0 blocks, 0 bytes", "unknown")
        assert lines["messages"].startswith("GetDataSourceCapabilities 1, GetSplits 1, GetTable 1")

    def test_catalogues_may_be_several(self, run, fake):
        """Each with a function of its own."""
        fake.tables["shop", "targets"] = pa.table({"no": ["A-1"]})

        ended = run(
            "query", CATALOG, f"--catalog=other={FUNCTION}", "--database=crm",
            "SELECT o.rating FROM orders o JOIN other.shop.targets t ON t.no = o.order_no",
        )  # fmt: skip

        assert ended.rows == [{"rating": 5}]

    @pytest.mark.parametrize("catalog", ["=x", "a=", ""])
    def test_a_catalogue_that_cannot_be_used_is_a_usage_error(self, run, catalog):
        """Without a name or without a function."""
        ended = run("query", f"--catalog={catalog}", "SELECT 1")

        assert ended.code == 2
        assert "Write NAME or NAME=FUNCTION" in ended.err

    @pytest.mark.parametrize(
        ("kind", "code"),
        [
            ("EntityNotFoundException", 2),
            ("InvalidInputException", 2),
            ("AccessDeniedException", 3),
            ("InvalidCredentialsException", 3),
            ("OperationTimeoutException", 4),
            ("InternalServiceException", 1),
            ("ValueError", 1),
        ],
    )
    def test_exit_codes_are_those_of_other_commands(self, run, fake, kind, code):
        """And Lark's code and the hint are on stderr."""

        def refuse(_):
            raise type(kind, (Exception,), {})("It went wrong. (Lark 91403)\n  Hint: mend it")

        fake.change["ReadRecords"] = refuse

        ended = run("query", CATALOG, "SELECT order_no FROM crm.orders")

        assert (ended.code, ended.out) == (code, "")
        assert "It went wrong. (Lark 91403)\n  Hint: mend it\n" in ended.err

    def test_the_connector_of_this_process_needs_credentials(self, run):
        """Only that one does."""
        ended = run("query", "SELECT 1")

        assert ended.code == 3
        assert "No credentials" in ended.err

    def test_with_nothing_configured_an_emulator_of_aws_is_started(self, run, monkeypatch):
        """Which is said; the connector of this process reads the base that a link names."""
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        monkeypatch.delenv("AWS_ENDPOINT_URL_LAMBDA")
        with LarkEmulator() as lark:
            crm = lark.database("CRM")
            crm.table("Orders", {"Order No": ["A-1", "A-2"], "Amount": [1, 2]})
            source = lark.database("Metadata").table(
                "databases", {"id": [crm.app_token], "name": ["crm"]}
            )
            monkeypatch.setenv("LARK_APP_ID", lark.app_id)
            monkeypatch.setenv("LARK_APP_SECRET", lark.app_secret)
            ended = run(
                "query", f"--domain={lark.url}", f"--base-table={source.url}",
                "SELECT amount FROM lark_base.crm.orders WHERE order_no = 'A-2'",
            )  # fmt: skip
            missing = run(
                "query", f"--domain={lark.url}", f"--base-table={source.url}",
                "SELECT * FROM lark_base.crm.ordres",
            )  # fmt: skip

        assert ended.rows == [{"amount": 2.0}]
        assert ended.err.splitlines()[0] == (
            "no AWS_ENDPOINT_URL is set: an emulator of AWS runs in this process, its Glue is empty"
        )
        assert (missing.code, missing.err.splitlines()[1:]) == (
            2,
            ["NotFound: Table not found: crm.ordres"],
        )

    def test_a_source_of_the_wrong_kind_is_a_usage_error(self, run):
        """The message says which option takes it."""
        ended = run("query", "--base-table=fldABC", "SELECT 1")

        assert ended.code == 2
        assert "--base-table does not take the folder fldABC." in ended.err


class TestValidate:
    """``athena validate`` reports every check, and its exit code tells whether one failed."""

    @pytest.fixture(autouse=True)
    def small(self, fake, spilling):
        spilling.tables = {("crm", "lines"): pa.table({"no": [1, 2]})}

    def test_a_sound_connector_passes(self, run):
        """Exit code 0, and a tick a line."""
        ended = run("validate", f"--function={FUNCTION}", "--seed=1", "-f", "table")

        assert ended.code == 0
        assert ended.out.splitlines()[0] == "✓ Ping: fake, serde version 5"
        assert {line[0] for line in ended.out.splitlines()} == {"✓"}
        assert ended.err.startswith("✓ fake-connector passed ")

    def test_programs_get_a_row_a_check(self, run):
        """With step, status and detail."""
        ended = run("validate", f"--function={FUNCTION}", "--planning-only")

        assert [row["status"] for row in ended.rows] == ["ok"] * len(ended.rows)
        assert [row["step"] for row in ended.rows][:2] == ["Ping", "Capabilities"]

    def test_a_failed_check_is_exit_code_1_and_can_be_repeated(self, run, fake):
        """By the seed that is told."""
        fake.change["Ping"] = lambda answer: {**answer, "queryId": "other"}

        ended = run("validate", f"--function={FUNCTION}", "--planning-only", "--seed=7")

        assert ended.code == 1
        assert ended.rows[0]["status"] == "failed"
        assert ended.err == "1 check failed; --seed 7 repeats them\n"

    def test_constraints_are_carried(self, run, fake):
        """Reads have only the rows that they leave."""
        ended = run(
            "validate", f"--function={FUNCTION}", "--schema=crm", "--table=lines",
            "--constraints=no>1",
        )  # fmt: skip

        assert ended.code == 0
        assert [row["detail"] for row in ended.rows if row["step"] == "ReadRecords"] == [
            "1 rows, 0 blocks spilled"
        ]

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            (["--table=lines"], "--table needs --schema."),
            (["--constraints=no>1"], "--constraints needs --table."),
            (["--schema=crm", "--table=lines", "--constraints=x=1"], "There is no column 'x'."),
        ],
    )
    def test_options_that_do_not_go_together_are_a_usage_error(self, run, options, text):
        """Which one is missing is told."""
        ended = run("validate", f"--function={FUNCTION}", *options)

        assert ended.code == 2
        assert text in ended.err

    def test_a_function_that_is_not_there_is_told(self, run):
        """As Lambda tells it."""
        ended = run("validate", "--function=nobody")

        assert ended.code == 2
        assert "Function not found" in ended.err


def test_serve_runs_both_functions_until_it_is_told_to_stop(tmp_path):
    """The line on stdout is what leads clients of AWS there."""
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith(("LARK", "default_"))
    }
    environment |= {
        "LARK_APP_ID": "cli_x",
        "LARK_APP_SECRET": "secret-of-x",
        "LARKBASE_CACHE_DIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "larkbase_sdk.cli", "athena", "serve", "--port=0"]
    with subprocess.Popen(
        [*command, "--connector=mine"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            name, _, url = process.stdout.readline().strip().partition("=")
            client = boto3.client(
                "lambda",
                endpoint_url=url,
                region_name="us-east-1",
                aws_access_key_id="any",
                aws_secret_access_key="any",
            )
            ping = {"@type": "PingRequest", "identity": {}, "catalogName": "c", "queryId": "q"}
            answer = client.invoke(FunctionName="mine", Payload=json.dumps(ping))
            pong = json.loads(answer["Payload"].read())
            refused = client.invoke(FunctionName="larkbase-crawler", Payload="{}")
            error = json.loads(refused["Payload"].read())
            client.close()
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()

    assert name == "AWS_ENDPOINT_URL_LAMBDA"
    assert (pong["@type"], pong["sourceType"]) == ("PingResponse", "lark-base")
    assert error["errorType"] == "ConfigurationError"
    assert (process.returncode, out) == (0, "")
    assert err.splitlines()[0] == f"✓ mine and larkbase-crawler at {url}; Ctrl-C stops them"
    assert err.splitlines()[-1] == "✓ stopped"
    assert "secret-of-x" not in err
