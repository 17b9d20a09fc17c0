"""Bad input gets one message, one hint and a documented exit code: no traceback, no lost rows."""

from __future__ import annotations

import json
import logging
import socket

import pytest

from larkbase_sdk.options import options


def refused(ended, code, kind):
    """Check what every refusal has in common and return its first line and its hint."""
    assert "Traceback" not in ended.err
    lines = ended.err.splitlines()
    hint = next((line for line in lines if line.startswith("  Hint: ")), "")
    first = next(line for line in lines if not line.startswith(("warning: ", "  ")))
    assert (ended.code, first.partition(":")[0]) == (code, kind)
    return first, hint.removeprefix("  Hint: ")


def search_page(*records):
    """Return the body of a search answer with these records, all of them."""
    items = [
        {"record_id": f"rec{number}", "fields": fields} for number, fields in enumerate(records)
    ]
    data = {"has_more": False, "items": items, "total": len(items)}
    return {"code": 0, "data": data, "msg": "success"}


class TestCredentials:
    """Exit code 3: credentials or access."""

    def test_a_wrong_secret(self, run, monkeypatch):
        """The app is named, the secret never shown."""
        monkeypatch.setenv("LARK_APP_SECRET", "wrong-secret-value")

        ended = run("ls")

        first, hint = refused(ended, 3, "AuthenticationError")
        assert "secret was refused for app cli_dem…" in first
        assert "feishu.cn and larksuite.com apps are not interchangeable" in hint
        assert "wrong-secret-value" not in ended.err

    def test_no_credentials(self, run, emulator, monkeypatch):
        """The hint tells three ways to go on; nothing is called."""
        monkeypatch.delenv("LARK_APP_ID")
        monkeypatch.delenv("LARK_APP_SECRET")

        first, hint = refused(run("ls"), 3, "ConfigurationError")

        assert first == (
            "ConfigurationError: No credentials: the environment has none and no profile is stored."
        )
        assert "larkbase login" in hint
        assert emulator.calls.count() == 0

    def test_half_given_credentials(self, run, monkeypatch):
        """An id without a secret names what is missing."""
        monkeypatch.delenv("LARK_APP_SECRET")

        first, _ = refused(run("ls"), 3, "ConfigurationError")

        assert "LARK_APP_ID is set, but LARK_APP_SECRET is missing." in first

    def test_an_unknown_profile(self, run):
        """The profiles that are there are listed."""
        first, hint = refused(run("ls", "--profile", "work"), 3, "ConfigurationError")

        assert 'no stored profile "work"' in first
        assert "Stored profiles: none." in hint


class TestNetwork:
    """Exit code 4: no usable answer."""

    @pytest.fixture
    def closed_port(self):
        """An address of this machine at which nothing listens."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            yield taken.getsockname()[1]

    def test_nothing_listens_at_the_domain(self, run, monkeypatch, closed_port):
        """The host is named and the setting that chooses it."""
        monkeypatch.setenv("LARK_DOMAIN", f"http://127.0.0.1:{closed_port}")

        first, hint = refused(run("ls"), 4, "NetworkError")

        assert "127.0.0.1" in first
        assert "connection refused" in first
        assert "LARK_DOMAIN" in hint

    def test_a_malformed_page(self, run, emulator, orders):
        """A page that is no JSON is an error, not an empty table."""
        body = '{"code":0,"data":{"items":[{"rec'
        emulator.fail(body=body, content_type="application/json", endpoint="search")

        ended = run("head", "CRM.Orders")

        refused(ended, 4, "NetworkError")
        assert ended.out == b""

    def test_a_page_that_breaks_off_leaves_no_file(self, run, emulator, orders, tmp_path):
        """A file appears only when it is complete."""
        emulator.fail(truncate=True, endpoint="search", times=None)

        ended = run("export", "CRM.Orders", "--to", str(tmp_path / "rows.csv"))

        refused(ended, 4, "NetworkError")
        assert list(tmp_path.glob("*.csv*")) == []

    def test_an_answer_of_another_server(self, run, emulator):
        """A gateway's page is told apart from Lark's answer."""
        emulator.fail(body="<html>sign in</html>", content_type="text/html", endpoint="root_folder")

        first, _ = refused(run("ls"), 4, "NetworkError")

        assert "text/html instead of an answer of Lark" in first


class TestLinks:
    """Links are checked before anything is sent."""

    def test_a_link_to_a_foreign_host(self, run, emulator):
        """Credentials do not leave for a host that is not Lark's: no call at all."""
        ended = run("head", "https://larksuite.com.evil.example/base/NQRxbRkBMa6OnZsjtERcxhNWnNh")

        first, hint = refused(ended, 2, "ConfigurationError")
        assert "larksuite.com.evil.example, which is no host of Lark" in first
        assert "redentials go only to Lark" in hint
        assert emulator.calls.count() == 0

    @pytest.mark.parametrize(
        ("table", "what"),
        [("blkAbc123", "a dashboard"), ("wkfAbc123", "a workflow"), ("ldxAbc123", "a document")],
    )
    def test_a_link_to_another_part_of_a_base(self, run, emulator, orders, table, what):
        """The message says what the link shows and which one to copy."""
        ended = run("head", f"{orders.base.url}?table={table}")

        first, hint = refused(ended, 2, "ConfigurationError")
        assert f"the link of {what}" in first
        assert "?table=tbl…" in hint
        assert emulator.calls.count() == 0

    def test_a_wiki_link_works(self, run, emulator, orders):
        """A base in a wiki has no /base/ link of its own."""
        node = emulator.drive.wiki_node(orders.base)

        ended = run("head", f"{emulator.url}/wiki/{node}?table={orders.table_id}")

        assert (ended.code, len(ended.rows)) == (0, 3)

    def test_a_wiki_page_without_a_base(self, run, emulator):
        """The message says what the page shows instead."""
        node = emulator.drive.wiki_node("docxAbc", "Minutes", "docx")

        first, _ = refused(run("ls", f"{emulator.url}/wiki/{node}"), 2, "ConfigurationError")

        assert 'The wiki page "Minutes" holds a docx, not a base.' in first


class TestNames:
    """Exit code 2: what was asked for is not there."""

    def test_an_unknown_base(self, run, emulator):
        """A base that is not shared looks the same to Lark, so the hint says both."""
        ended = run("ls", f"{emulator.url}/base/NQRxbRkBMa6OnZsjtERcxhNWnNh")

        first, hint = refused(ended, 2, "NotFound")
        assert "finds no base NQRxbRkBMa6OnZsjtERcxhNWnNh" in first
        assert "Add document app" in hint

    def test_an_unknown_database(self, run, orders):
        """A near name is offered."""
        first, hint = refused(run("ls", "CRN"), 2, "NotFound")

        assert first == 'NotFound: No database "CRN".'
        assert 'did you mean "CRM"?' in hint

    def test_an_unknown_table(self, run, orders):
        """A near name is offered, and the others are listed."""
        first, hint = refused(run("head", "CRM.Ordres"), 2, "NotFound")

        assert first == 'NotFound: No table "Ordres" in database "CRM".'
        assert hint == 'did you mean "Orders"? Tables: Orders (1)'

    @pytest.mark.parametrize("option", ["--columns", "--order-by"])
    def test_an_unknown_field(self, run, orders, option):
        """A near name is offered."""
        first, hint = refused(run("export", "CRM.Orders", option, "Amuont"), 2, "QueryError")

        assert "no column 'Amuont'" in first
        assert "did you mean 'amount'?" in hint.lower()

    def test_a_condition_on_an_unknown_field(self, run, emulator, orders):
        """The place in the text is marked, and no record is read."""
        ended = run("export", "CRM.Orders", "--where", "amuont > 5")

        first, hint = refused(ended, 2, "QueryError")
        assert "amuont" in first
        assert "amount" in hint
        assert "^" in ended.err
        assert emulator.calls.count("search") == 0

    def test_a_condition_that_is_no_sql(self, run, orders):
        """A mistake in the text is a usage error."""
        refused(run("export", "CRM.Orders", "--where", "status = = 'Open'"), 2, "QueryError")

    def test_an_unknown_view(self, run, orders):
        """The views that are there are listed."""
        first, hint = refused(run("export", "CRM.Orders", "--view", "Openn"), 2, "NotFound")

        assert first == 'NotFound: No view "Openn" in table "CRM.Orders".'
        assert "Grid" in hint


class TestAccess:
    """What the app may not see is an error or a warning, never fewer rows in silence."""

    def test_a_base_that_is_not_shared(self, run, orders):
        """Lark's code is shown, and the dialog that mends it."""
        orders.base.shared = False

        first, hint = refused(run("head", "CRM.Orders"), 3, "PermissionDenied")

        assert "(Lark 91403, log " in first
        assert "Add document app" in hint

    def test_a_missing_scope_is_named(self, run, emulator, orders):
        """Lark's own list of scopes reaches the reader."""
        emulator.fail(99991672, endpoint="tables")

        first, hint = refused(run("ls", "CRM"), 3, "PermissionDenied")

        assert "One of these is enough: bitable:app:readonly, " in first
        assert "publish a new version" in hint

    def test_advanced_permissions_with_no_rows_warn(self, run, orders):
        """An empty answer may mean hidden rows: one warning line, exit code 0."""
        orders.base.access = "role"
        orders.role_hides_rows = True

        ended = run("head", "CRM.Orders", "-q")

        assert (ended.code, ended.out) == (0, b"")
        (line,) = ended.err.splitlines()
        assert line.startswith("warning: ")
        assert "advanced permissions" in line


class TestData:
    """Odd data is shown or told, and no row is dropped."""

    def test_an_unknown_field_type(self, run, emulator, orders):
        """Its cells become JSON text, announced once."""
        fields = [
            {"field_id": "fld1", "field_name": "OrderNo", "type": 1, "ui_type": "Text",
             "is_primary": True},
            {"field_id": "fld2", "field_name": "Mood", "type": 4711, "ui_type": "Hologram"},
        ]  # fmt: skip
        listed = {"has_more": False, "items": fields, "total": 2}
        emulator.fail(body={"code": 0, "data": listed, "msg": "success"}, endpoint="fields")
        page = search_page({"Mood": {"hue": 3}, "OrderNo": [{"text": "A-1", "type": "text"}]}, {})
        emulator.fail(body=page, endpoint="search")

        ended = run("head", "CRM.Orders", "-q")

        first, second = ended.rows
        assert ended.code == 0
        assert (first["OrderNo"], json.loads(first["Mood"])) == ("A-1", {"hue": 3})
        assert (second["OrderNo"], second["Mood"]) == (None, None)
        (line,) = ended.err.splitlines()
        assert line.startswith("warning: The field 'Mood' has the type 'Hologram'")

    def test_a_cell_of_the_wrong_type(self, run, emulator, orders):
        """The cell is empty with one warning for its column; its row stays."""
        page = search_page({"Amount": {"not": "a number"}}, {"Amount": 5}, {"Amount": "many"})
        emulator.fail(body=page, endpoint="search")

        ended = run("head", "CRM.Orders", "-q")

        assert ended.code == 0
        assert [row["Amount"] for row in ended.rows] == [None, 5.0, None]
        (line,) = ended.err.splitlines()
        assert line.startswith("warning: ")
        assert "amount" in line

    def test_a_service_error_exits_with_1(self, run, emulator, orders):
        """What is not the caller's doing has a code of its own, and no rows."""
        emulator.fail(1254002, endpoint="search")

        ended = run("head", "CRM.Orders")

        refused(ended, 1, "ServiceError")
        assert ended.out == b""

    def test_an_escape_sequence_in_a_name_cannot_steer_the_terminal(self, run, emulator):
        """Names come from the service; a terminal shows their control signs as text."""
        emulator.database("CRM").table("evil\x1b[2Jtable", {"Name": ["x"]})

        shown = run("ls", "CRM", "--format", "table")
        failed = run("head", "CRM.evil")

        assert "\x1b" not in shown.text + shown.err + failed.err
        assert "evil\\x1b[2Jtable" in shown.text


class TestSettings:
    """Settings that cannot work are told before any call."""

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("SELECT", "1"), 'Hint: Put it in quotes: larkbase "SELECT …"'),
            (("from", "crm.orders", "-q"), 'Hint: Put it in quotes: larkbase "from …"'),
            (("query", "reports/May.sql"), "Hint: larkbase query - < reports/May.sql"),
        ],
    )
    def test_a_statement_that_is_none(self, run, emulator, arguments, told):
        """Cut into words by the shell, or the name of its file; nothing is called."""
        ended = run(*arguments)

        assert (ended.code, ended.out) == (2, b"")
        assert told in ended.err
        assert emulator.calls.count() == 0

    def test_a_default_link_that_is_none(self, run, emulator, monkeypatch):
        """The error names the variable."""
        monkeypatch.setenv("LARKBASE_URL", "crm")

        ended = run("ls")

        assert ended.code == 2
        assert ended.err.startswith(
            "ConfigurationError: The environment variable LARKBASE_URL cannot be used. "
        )

    def test_an_unknown_log_level(self, run, emulator, monkeypatch):
        """The levels are named."""
        monkeypatch.setenv("LARKBASE_LOG", "loud")

        first, hint = refused(run("ls"), 2, "ConfigurationError")

        assert "LARKBASE_LOG cannot be 'loud'" in first
        assert hint == "Use debug, info or warning."
        assert emulator.calls.count() == 0

    def test_log_lines_go_to_stderr(self, run, orders, monkeypatch):
        """``LARKBASE_LOG=debug`` shows the calls and no secret."""
        monkeypatch.setenv("LARKBASE_LOG", "debug")

        ended = run("ls")

        assert [row["database"] for row in ended.rows] == ["CRM"]
        assert "DEBUG larkbase: GET /open-apis/bitable" not in ended.text
        assert "DEBUG larkbase: " in ended.err
        assert "demo-secret" not in ended.err

    def test_log_lines_are_harmless(self, run, emulator, monkeypatch):
        """A name can neither steer the terminal nor look like another log line."""
        monkeypatch.setenv("LARKBASE_LOG", "debug")
        emulator.database("B\x1b]0;title\x07\x9b").table("Notes", {"Note": ["a"]})
        emulator.fail(code=91402, msg="gone\x1b[2J\nERROR larkbase: forged", times=None)

        ended = run("ls", emulator.bases[0].url)

        assert "Traceback" in ended.err
        assert not {"\x1b", "\x07", "\x9b"} & set(ended.err)
        assert emulator.app_secret not in ended.err

    def test_a_log_line_is_one_line(self, run, emulator, monkeypatch):
        """What a program logs in the name of this one cannot forge a second line."""
        monkeypatch.setenv("LARKBASE_LOG", "info")
        monkeypatch.setattr(
            options, "on_call", lambda _: logging.getLogger("larkbase").info("a\nERROR b\x1b[2J")
        )
        emulator.database("CRM")

        assert "INFO larkbase: a ERROR b\\x1b[2J\n" in run("ls").err

    def test_a_domain_that_is_none(self, run, emulator):
        """A word that is no host is refused before any call."""
        refused(run("ls", "--domain", "larkk"), 2, "ConfigurationError")

        assert emulator.calls.count() == 0
