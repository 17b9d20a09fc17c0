"""``larkbase migrate``: from Glue to a metadata table, and whether both show the same."""

from __future__ import annotations

import csv
import io
import json

import pytest

COLUMNS = [
    "database_name",
    "database_lark_base_id",
    "table_name",
    "table_lark_base_id",
    "table_lark_table_id",
]


def ids(table):
    return f"{table.base.app_token}:{table.table_id}"


@pytest.fixture
def source(emulator, aws, orders):
    """A metadata table that names two bases."""
    stock = emulator.database("Stock")
    stock.table("Items", {"Item": ["Bolt"], "Left": [7]})
    base = emulator.database("Metadata")
    tokens = [orders.base.app_token, stock.app_token]
    return base.table("databases", {"id": tokens, "name": ["shop", "stock"]})


@pytest.fixture
def crawled(run, source):
    """The same, after a crawl."""
    assert run("glue", "crawl", "--base-table", ids(source)).code == 0
    return source


def expected(emulator):
    orders = emulator.database("CRM").table("Orders")
    items = emulator.database("Stock").table("Items")
    pairs = [("shop", "orders", orders), ("stock", "items", items)]
    return [
        dict(
            zip(
                COLUMNS,
                (database, table.base.app_token, name, table.base.app_token, table.table_id),
                strict=True,
            )
        )
        for database, name, table in pairs
    ]


class TestRows:
    """``migrate glue-to-base-source`` makes the rows of a metadata table."""

    def test_as_csv(self, run, emulator, crawled):
        """With the headings that the metadata table has."""
        ended = run("migrate", "glue-to-base-source", "--format", "csv")

        assert list(csv.DictReader(io.StringIO(ended.text))) == expected(emulator)
        assert ended.err.startswith(
            "✓ 2 rows\n→ next: larkbase migrate glue-to-base-source --write"
        )

    def test_as_json_of_some_databases(self, run, emulator, crawled):
        """Lark is not asked."""
        emulator.calls.clear()

        ended = run("migrate", "glue-to-base-source", "--format", "json", "--database", "stock")

        assert json.loads(ended.text) == expected(emulator)[1:]
        assert emulator.calls.list == []

    def test_a_database_that_is_not_there(self, run, crawled):
        """A near name is offered."""
        ended = run("migrate", "glue-to-base-source", "--database", "stokc")

        assert (ended.code, ended.out) == (2, b"")
        assert 'did you mean "stock"?' in ended.err


class TestWrite:
    """``--write`` puts them into Lark."""

    def test_the_link_of_a_base_makes_a_table(self, run, emulator, crawled):
        """The setting that lets the connector read it is given."""
        ended = run("migrate", "glue-to-base-source", "--write", crawled.base.url)

        made = crawled.base.find_table("athena_metadata")
        assert ended.rows == [{"source": ids(made), "created": 2, "known": 0}]
        done, hint = ended.err.splitlines()
        assert done == "✓ 2 rows written, 0 were there"
        assert hint.startswith(f"→ next: larkbase migrate verify --base-table {ids(made)}   (")
        assert f"default_lark_base_sources={ids(made)} lets the connector read it" in hint
        listed = run("ls", "shop", "--catalog", ids(made))
        assert [row["table"] for row in listed.rows] == ["orders"]

    def test_the_link_of_the_table_adds_what_is_missing(self, run, crawled):
        """A second time nothing is."""
        run("migrate", "glue-to-base-source", "--database", "shop", "--write", crawled.base.url)
        made = crawled.base.find_table("athena_metadata")

        again = run("migrate", "glue-to-base-source", "--write", made.url)

        assert again.rows == [{"source": ids(made), "created": 1, "known": 1}]

    def test_a_table_without_the_columns_is_refused(self, run, emulator, crawled):
        """Nothing is written."""
        ended = run("migrate", "glue-to-base-source", "--write", crawled.url)

        assert ended.code == 2
        assert "lacks the columns database_name" in ended.err
        assert emulator.calls.count("batch_create") == 0

    @pytest.mark.parametrize(
        ("target", "problem"),
        [
            ("Metadata", "'Metadata' is no link."),
            ("https://evil.example/base/bascn1", "no host of Lark"),
        ],
    )
    def test_what_is_no_link_of_ours_is_refused(self, run, emulator, crawled, target, problem):
        """Before anything is written."""
        ended = run("migrate", "glue-to-base-source", "--write", target)

        assert ended.code == 2
        assert problem in ended.err
        assert emulator.calls.count("create_table") == 0


class TestVerify:
    """``migrate verify`` compares what both flows show."""

    def test_flows_that_agree(self, run, crawled):
        """Exit code 0, and the numbers of rows for programs."""
        ended = run("migrate", "verify", "--base-table", ids(crawled))

        (row,) = ended.rows
        assert (ended.code, row["agrees"]) == (0, True)
        assert [(t["table"], t["glueRows"], t["directRows"]) for t in row["tables"]] == [
            ("orders", 3, 3),
            ("items", 1, 1),
        ]
        assert ended.err.startswith("✓ 2 tables compared, ")

    def test_flows_that_differ(self, run, emulator, crawled):
        """Exit code 1, and one line for each difference."""
        emulator.database("Stock").table("Items").add_field("Place", "Text")
        emulator.database("CRM").table("New", {"A": ["x"]})

        ended = run("migrate", "verify", "--base-table", ids(crawled), "--format", "table")

        assert ended.code == 1
        assert ended.text.splitlines() == [
            "1 of 3 tables are the same in both flows.",
            "  stock.items: column place: only directly",
            "  shop.new: only directly",
        ]

    def test_rows_need_not_be_counted(self, run, emulator, crawled):
        """That is what costs most; the metadata table itself is read all the same."""
        emulator.calls.clear()

        ended = run("migrate", "verify", "--base-table", ids(crawled), "--no-rows")

        assert ended.rows[0]["tables"][0]["glueRows"] is None
        assert emulator.calls.count("search") == 1

    def test_a_folder(self, run, emulator, orders, aws):
        """Flow 3 is compared in the same way."""
        folder = emulator.drive.folder("Sales")
        folder.add(orders.base)
        run("glue", "crawl", "--folder", folder.token)

        assert run("migrate", "verify", "--folder", folder.url).code == 0

    def test_something_to_compare_with_must_be_named(self, run, aws):
        """Before any call."""
        ended = run("migrate", "verify")

        assert ended.code == 2
        assert ended.err.startswith("ConfigurationError: Neither --base-table nor --folder.")
        assert aws.calls.list == []


def test_there_and_back(run, emulator, aws, source):
    """Glue, a metadata table made from it, a crawl of that table: names and ids stay."""
    run("glue", "crawl", "--base-table", ids(source))
    before = run("migrate", "glue-to-base-source").rows
    run("migrate", "glue-to-base-source", "--write", source.base.url)
    made = source.base.find_table("athena_metadata")
    assert run("migrate", "verify", "--base-table", ids(made)).code == 0
    run("glue", "drop", "--source", ids(source), "--yes")
    assert run("migrate", "glue-to-base-source").rows == []

    run("glue", "crawl", "--base-table", ids(made))

    assert run("migrate", "glue-to-base-source").rows == before
