"""Glue as a source of the notebook and the command line: Flow 1 without Athena."""

from __future__ import annotations

import json

import pytest

from larkbase_sdk.cli import main
from larkbase_sdk.errors import PermissionDenied, SourceSkipped


@pytest.fixture
def crawled(lark_emulator, aws, monkeypatch):
    """A base that was crawled through a metadata table, and lies in no folder."""
    from larkbase_server import crawler

    crawler._function.cache_clear()
    base = lark_emulator.database("CRM")
    base.table("Orders", {"Order No": ["a1", "a2"], "Amount": [1.5, None]})
    base.table("Customers", {"Name": ["Ann"]})
    metadata = lark_emulator.database("Metadata")
    table = metadata.table("databases", {"id": [base.app_token], "name": ["Sales CRM"]})
    for item in (base, metadata):
        lark_emulator.drive.remove(item.app_token)
    monkeypatch.setenv("LARK_APP_ID", lark_emulator.app_id)
    monkeypatch.setenv("LARK_APP_SECRET", lark_emulator.app_secret)
    monkeypatch.setenv("LARK_DOMAIN", lark_emulator.url)
    payload = {
        "larkBaseDataSourceId": metadata.app_token,
        "larkTableDataSourceId": table.table_id,
    }
    assert crawler.handler(payload, None)["status"] == "Success"
    yield base
    crawler._function.cache_clear()


@pytest.fixture
def connected(lark_emulator, crawled):
    lark = lark_emulator.connect(catalog="glue")
    yield lark
    lark.close()


def test_the_databases_of_glue_are_databases_of_the_notebook(connected, crawled, aws):
    """Under their names in Glue, with Glue in the source column, and no call to Lark for them."""
    assert connected.databases.rows() == [
        {"name": "sales_crm", "id": crawled.app_token, "source": "glue", "tables": 2, "url": ""}
    ]
    assert list(connected.databases["sales_crm"].tables) == ["customers", "orders"]


def test_a_table_of_glue_reads_what_lark_holds(connected):
    """Fields and types are those that Lark lists now."""
    frame = connected.table("sales_crm.orders").to_arrow().drop_columns("record_id")

    assert frame.to_pydict() == {"Order No": ["a1", "a2"], "Amount": [1.5, None]}


def test_glue_can_be_added_later(lark_emulator, crawled):
    """``lark.add`` reads it at once and returns its databases."""
    lark = lark_emulator.connect()
    added = lark.add("glue", catalog=True)

    assert list(added) == ["sales_crm"]
    lark.close()


def test_the_command_line_lists_glue(lark_emulator, crawled, capsys):
    """``larkbase ls --catalog glue``."""
    assert main(["ls", "--catalog", "glue", "--format", "json", "-q"]) == 0

    listed = json.loads(capsys.readouterr().out)
    assert [(row["database"], row["source"]) for row in listed] == [("sales_crm", "glue")]


def test_a_glue_that_may_not_be_read_leaves_the_other_sources(lark_emulator, crawled, aws):
    """What AWS refused is told, and other databases are listed."""
    lark = lark_emulator.connect(url=crawled.url, catalog="glue")
    aws.fail("glue", "GetDatabases", "AccessDeniedException")

    with pytest.warns(SourceSkipped, match="the Glue Data Catalog"):
        assert list(lark.databases) == ["CRM"]
    lark.close()


def test_adding_a_glue_that_may_not_be_read_fails(lark_emulator, crawled, aws):
    """And leaves the client as it was."""
    lark = lark_emulator.connect()
    aws.fail("glue", "GetDatabases", "AccessDeniedException")

    with pytest.raises(PermissionDenied, match="GetDatabases"):
        lark.add("glue", catalog=True)
    assert list(lark.databases) == []
    lark.close()
