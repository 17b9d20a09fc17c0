"""``larkbase glue``: the difference first, then the catalogue, and the way to take it out again."""

from __future__ import annotations

import io
import json
import signal
import sys

import pytest

import larkbase_server.crawler

DENIED = "AccessDeniedException"


@pytest.fixture
def source(emulator, aws, orders):
    """A metadata table that names the base CRM."""
    base = emulator.database("Metadata")
    return base.table("databases", {"id": [orders.base.app_token], "name": ["Shop"]})


@pytest.fixture
def glue(aws):
    """A client of the Glue that the commands write to."""
    return aws.client("glue")


def ids(table):
    return f"{table.base.app_token}:{table.table_id}"


def tables(glue, database="shop"):
    return [table["Name"] for table in glue.get_tables(DatabaseName=database)["TableList"]]


@pytest.fixture
def says(monkeypatch):
    """Lets a person at a terminal answer."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    return lambda answer: monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))


class TestCrawl:
    """``glue crawl`` does what the crawler's Lambda function does."""

    def test_a_dry_run_shows_the_difference_table_by_table_and_writes_nothing(
        self, run, aws, source
    ):
        """The next command is the one that writes."""
        ended = run("glue", "crawl", "--base-table", ids(source), "--dry-run", "-f", "table")

        assert ended.code == 0
        assert ended.text.splitlines() == [
            f"Would do: metadata table {ids(source)}",
            "databases: 1 created",
            "tables: 1 created",
            "  created shop         new",
            "  created shop.orders  new, 6 columns",
        ]
        assert ended.err.splitlines() == [
            "✓ dry run: 1 table created, 5 calls to Lark",
            f"→ next: larkbase glue crawl --base-table {ids(source)}   (writes it)",
        ]
        assert aws.calls.writes("glue") == []

    def test_a_crawl_writes_and_programs_get_the_answer_of_the_lambda_function(
        self, run, emulator, glue, source, monkeypatch
    ):
        """The same object, whoever crawls."""
        ended = run("glue", "crawl", "--base-table", ids(source))

        (row,) = ended.rows
        assert ended.code == 0
        assert (row["status"], row["tables"]["created"]) == ("Success", 1)
        assert tables(glue) == ["orders"]
        larkbase_server.crawler._function.cache_clear()
        keys = ("larkBaseDataSourceId", "larkTableDataSourceId")
        payload = dict(zip(keys, ids(source).split(":"), strict=True))
        answer = larkbase_server.crawler.handler(payload, None)
        larkbase_server.crawler._function.cache_clear()
        assert answer.keys() == row.keys()
        assert answer["tables"]["kept"] == 1

    def test_a_second_crawl_has_nothing_to_do(self, run, aws, source):
        """And writes nothing."""
        run("glue", "crawl", "--base-table", ids(source))
        aws.calls.clear()

        ended = run("glue", "crawl", "--base-table", ids(source), "-f", "table")

        assert ended.text.splitlines()[1:] == ["databases: 1 kept", "tables: 1 kept"]
        assert aws.calls.writes("glue") == []

    @pytest.mark.parametrize("form", ["ids", "link", "wiki"])
    def test_a_metadata_table_goes_by_ids_link_or_wiki_link(self, run, emulator, source, form):
        """All of them are the same source in Glue."""
        node = emulator.drive.wiki_node(source.base)
        text = {
            "ids": ids(source),
            "link": source.url,
            "wiki": f"{emulator.url}/wiki/{node}?table={source.table_id}",
        }[form]

        (row,) = run("glue", "crawl", "--base-table", text, "--dry-run").rows

        assert row["source"] == f"metadata table {ids(source)}"

    @pytest.mark.parametrize("form", ["token", "url"])
    def test_a_folder_goes_by_token_or_link(self, run, emulator, glue, orders, aws, form):
        """A base in it is a database."""
        folder = emulator.drive.folder("Sales")
        folder.add(orders.base)

        ended = run("glue", "crawl", "--folder", getattr(folder, form))

        assert ended.rows[0]["source"] == f"folder {folder.token}"
        assert tables(glue, "crm") == ["orders"]

    def test_retype_declares_types_anew(self, run, glue, source):
        """A type that stood there stays without it."""
        run("glue", "crawl", "--base-table", ids(source))
        table = glue.get_table(DatabaseName="shop", Name="orders")["Table"]
        columns = table["StorageDescriptor"]["Columns"]
        columns[1]["Type"] = "double"
        taken = ("Name", "TableType", "Parameters", "StorageDescriptor")
        glue.update_table(DatabaseName="shop", TableInput={name: table[name] for name in taken})

        kept = run("glue", "crawl", "--base-table", ids(source))
        tried = run("glue", "crawl", "--base-table", ids(source), "--dry-run", "--retype")

        assert kept.rows[0]["tables"]["kept"] == 1
        assert tried.rows[0]["changes"][0]["reasons"] == ["type of amount: double → decimal"]
        assert f"larkbase glue crawl --base-table {ids(source)} --retype   (writes" in tried.err

    def test_names_are_those_that_athena_takes(self, run, emulator, glue, source, aws):
        """In ascii style, though notebooks keep the letters of every script."""
        emulator.database("CRM").table("客户", {"名": ["x"]})

        run("glue", "crawl", "--base-table", ids(source))

        assert tables(glue) == ["__", "orders"]

    def test_settings_of_the_crawler_count(self, run, glue, source, monkeypatch):
        """Those of its Lambda function, under the same names; a text that is none is told."""
        monkeypatch.setenv("LARK_LAKE_FORMATION", "on")
        monkeypatch.setenv("default_lark_lookup_max_depth", "deep")

        ended = run("glue", "crawl", "--base-table", ids(source))

        assert glue.get_database(Name="shop")["Database"]["CreateTableDefaultPermissions"] == []
        assert 'warning: default_lark_lookup_max_depth: "deep" is not a whole' in ended.err
        assert ended.err.count("warning: ") == 1

    @pytest.mark.parametrize("way", ["option", "setting"])
    def test_the_catalogue_of_another_account(self, run, aws, source, way, monkeypatch):
        """Every call to Glue names it."""
        options = ("--catalog-id", "210987654321") if way == "option" else ()
        if way == "setting":
            monkeypatch.setenv("glue_catalog", "210987654321")

        run("glue", "crawl", "--base-table", ids(source), "--dry-run", *options)

        calls = aws.calls.named("glue")
        assert {call.parameters["CatalogId"] for call in calls} == {"210987654321"}
        assert calls != []

    def test_what_failed_is_told_and_the_rest_is_done(self, run, emulator, glue, source, orders):
        """Exit code 1, as for every service error."""
        emulator.database("CRM").table("Other", {"Name": ["x"]})
        emulator.fail(1254302, endpoint="fields", path=orders.table_id)

        ended = run("glue", "crawl", "--base-table", ids(source), "-f", "table")

        assert ended.code == 1
        assert ended.text.startswith(f"Partial: metadata table {ids(source)}\n")
        assert 'failed: table "shop.orders": The app cli_dem… may not read' in ended.text
        assert tables(glue) == ["other"]

    def test_a_source_that_cannot_be_read_is_an_error(self, run, emulator, aws, source):
        """Nothing is written, and the exit code says whose turn it is."""
        source.base.shared = False

        ended = run("glue", "crawl", "--base-table", ids(source))

        assert (ended.code, ended.out) == (3, b"")
        assert ended.err.startswith("PermissionDenied: ")
        assert aws.calls.writes("glue") == []

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ((), "Neither --base-table nor --folder."),
            (("--folder", "fldcn1", "--base-table", "b:t"), "Both --base-table and --folder."),
            (("--base-table", "bascn1"), "'bascn1' names no metadata table."),
        ],
    )
    def test_it_must_be_said_what_is_crawled(self, run, aws, options, problem):
        """One thing, in a form that names it."""
        ended = run("glue", "crawl", *options)

        assert (ended.code, ended.err.splitlines()[0]) == (2, f"ConfigurationError: {problem}")
        assert aws.calls.list == []

    def test_aws_may_refuse(self, run, aws, source):
        """The permission that is missing is named."""
        aws.fail("glue", "GetDatabases", DENIED)

        ended = run("glue", "crawl", "--base-table", ids(source))

        assert ended.code == 3
        assert ended.err.startswith("PermissionDenied: AWS does not allow glue:GetDatabases")
        assert "Hint: Give the role glue:GetDatabases." in ended.err


class TestLs:
    """``glue ls`` shows what crawlers wrote."""

    def test_databases_come_with_the_source_that_drop_takes(
        self, run, emulator, glue, source, orders
    ):
        """What is not of Lark is left out; Lark is not asked."""
        folder = emulator.drive.folder("Sales")
        folder.add(orders.base, "Deals")
        run("glue", "crawl", "--base-table", ids(source))
        run("glue", "crawl", "--folder", folder.token)
        glue.create_database(DatabaseInput={"Name": "other", "LocationUri": "s3://bucket/other"})
        emulator.calls.clear()

        ended = run("glue", "ls")

        assert ended.rows == [
            {"database": "deals", "source": folder.token, "method": "LarkDrive"},
            {"database": "shop", "source": ids(source), "method": "LarkBase"},
        ]
        assert ended.err == "→ next: larkbase glue ls deals\n"
        assert emulator.calls.list == []

    def test_tables_come_with_their_ids(self, run, glue, source, orders):
        """Of one database."""
        run("glue", "crawl", "--base-table", ids(source))
        glue.create_table(DatabaseName="shop", TableInput={"Name": "a_view"})

        expected = {"table": "orders", "id": orders.table_id, "base": orders.base.app_token}
        assert run("glue", "ls", "shop").rows == [{**expected, "columns": 6}]

    def test_a_database_that_is_not_there(self, run, source):
        """A near name is offered."""
        run("glue", "crawl", "--base-table", ids(source))

        ended = run("glue", "ls", "shpo")

        assert ended.code == 2
        assert 'did you mean "shop"?' in ended.err

    def test_an_empty_catalogue(self, run, aws):
        """People get a sentence."""
        ended = run("glue", "ls", "--format", "table")

        assert (ended.code, ended.text) == (0, "Glue has no database that was made from Lark.\n")


class TestDrop:
    """``glue drop`` removes what is ours, after showing it."""

    @pytest.fixture
    def crawled(self, run, glue, source, capfdbinary):
        """A catalogue with one source of ours and a foreign table beside it."""
        run("glue", "crawl", "--base-table", ids(source))
        glue.create_database(DatabaseInput={"Name": "other"})
        return source

    def test_without_a_terminal_it_only_shows_what_it_would_delete(self, run, aws, crawled):
        """And says what to add."""
        aws.calls.clear()

        ended = run("glue", "drop", "--source", ids(crawled))

        (row,) = ended.rows
        assert (ended.code, row["dryRun"], row["tables"]["deleted"]) == (2, True, 1)
        assert "ConfigurationError: Nothing was deleted, since nobody could be asked." in ended.err
        assert "Add --yes" in ended.err
        assert aws.calls.writes("glue") == []

    @pytest.mark.parametrize("form", ["ids", "link"])
    def test_with_yes_it_deletes(self, run, emulator, glue, crawled, form):
        """One report; Lark is not asked."""
        emulator.calls.clear()

        text = ids(crawled) if form == "ids" else crawled.url
        ended = run("glue", "drop", "--source", text, "--yes")

        (row,) = ended.rows
        assert (ended.code, row["dryRun"], row["status"]) == (0, False, "Success")
        assert [item["Name"] for item in glue.get_databases()["DatabaseList"]] == ["other"]
        assert ended.err == "✓ 1 table deleted\n"
        assert emulator.calls.list == []

    @pytest.mark.parametrize(("answer", "left"), [("y", 1), ("yes", 1), ("n", 2), ("", 2)])
    def test_a_person_is_asked(self, run, glue, crawled, says, answer, left):
        """Only yes deletes; the question goes to stderr."""
        says(answer)

        ended = run("glue", "drop", "--source", ids(crawled), "--format", "table")

        assert ended.code == 0
        assert ended.text.startswith(f"Would do: metadata table {ids(crawled)}\n")
        assert ended.err.startswith("Delete 1 table and 1 database? [y/N] ")
        assert len(glue.get_databases()["DatabaseList"]) == left

    def test_a_source_that_nothing_was_made_from(self, run, glue, crawled):
        """There is nothing to ask."""
        ended = run("glue", "drop", "--source", "fldcnOther")

        assert (ended.code, ended.err) == (0, "✓ there is nothing to delete\n")
        assert len(glue.get_databases()["DatabaseList"]) == 2

    @pytest.mark.parametrize(
        ("source", "problem"),
        [
            ("bascn1:", "'bascn1:' names no source of databases."),
            ("https://acme.larksuite.com/base/bascn1", "This link names no source of databases"),
            ("https://acme.larksuite.com/wiki/wikcn1", "This link names no source of databases"),
        ],
    )
    def test_a_text_that_names_no_source(self, run, aws, source, problem):
        """Before any call."""
        ended = run("glue", "drop", "--source", source, "--yes")

        assert ended.code == 2
        assert ended.err.startswith(f"ConfigurationError: {problem}")
        assert aws.calls.list == []


class TestWithoutBoto3:
    """The base install has no AWS."""

    @pytest.mark.parametrize(
        "command",
        [
            ("glue", "crawl", "--folder", "fldcn1"),
            ("glue", "ls"),
            ("glue", "ls", "crm"),
            ("glue", "drop", "--source", "fldcn1"),
            ("migrate", "glue-to-base-source"),
            ("migrate", "verify", "--folder", "fldcn1"),
            ("ls", "--catalog", "glue"),
        ],
        ids=" ".join,
    )
    def test_the_install_line_is_given(self, run, monkeypatch, command):
        """As a hint, with the exit code of wrong usage."""
        for name in ("boto3", "botocore", "botocore.config", "botocore.exceptions"):
            monkeypatch.setitem(sys.modules, name, None)

        ended = run(*command)

        assert (ended.code, ended.out) == (2, b"")
        assert ended.err == (
            "ConfigurationError: boto3 is not installed.\n  Hint: pip install 'larkbase-sdk[aws]'\n"
        )

    def test_the_emulator_of_aws_gives_its_own(self, run, monkeypatch):
        """It needs moto too; a command that ends leaves Ctrl-C as it was."""
        monkeypatch.setitem(sys.modules, "moto", None)
        before = signal.getsignal(signal.SIGINT)

        ended = run("aws-emulator", "--port", "0")

        assert signal.getsignal(signal.SIGINT) is before
        assert (ended.code, ended.out) == (2, b"")
        assert "Hint: pip install 'larkbase-sdk[emulator]'" in ended.err


def test_the_report_fits_every_format(run, source, tmp_path):
    """A nested answer is one row, whatever is asked for."""
    for name in ("json", "ndjson", "csv", "parquet", "arrow"):
        ended = run("glue", "crawl", "--base-table", ids(source), "--dry-run", "-f", name)
        assert (ended.code, bool(ended.out)) == (0, True), ended.err
    (row,) = json.loads(
        run("glue", "crawl", "--base-table", ids(source), "--dry-run", "-f", "json").text
    )
    assert [change["table"] for change in row["changes"]] == [None, "orders"]
