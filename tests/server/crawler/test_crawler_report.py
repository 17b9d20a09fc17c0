"""The report of a crawl as text, for people in front of a terminal."""

from __future__ import annotations

from larkbase_server.crawler.result import Change, CrawlResult


def test_the_difference_is_told_table_by_table():
    """Counts, then what changes and why, one reason a line; then failures and notes."""
    result = CrawlResult(
        "metadata table b:t",
        dry_run=True,
        ends=(
            Change("kept", "crm"),
            Change("updated", "crm", "orders", ("column added: note (string)", "order of columns")),
            Change("kept", "crm", "customers"),
            Change("created", "客户", "", ("new",)),
        ),
        failures=('database "shop": no',),
        notes=("1 row: nothing is in it.",),
    )

    assert str(result) == "\n".join(
        [
            "Would do: metadata table b:t",
            "databases: 1 created, 1 kept",
            "tables: 1 updated, 1 kept",
            "  updated crm.orders  column added: note (string)",
            "                      order of columns",
            "  created 客户        new",
            'failed: database "shop": no',
            "note: 1 row: nothing is in it.",
        ]
    )


def test_an_unchanged_catalogue_is_a_short_report():
    """Only what was kept is counted."""
    result = CrawlResult("folder fldcn1", dry_run=False, ends=(Change("kept", "crm"),))

    assert str(result) == "Success: folder fldcn1\ndatabases: 1 kept\ntables: none"


def test_an_empty_source_is_told(world):
    """Also when there is nothing in Glue that could have been deleted."""
    source = world.source_table(["id", "name"], [])

    result = world.crawl(source)

    assert (result["status"], result["notes"]) == (
        "Success",
        [f"The {world.label(source)} names no database, so nothing is deleted."],
    )
