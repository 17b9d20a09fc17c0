"""From Glue to a metadata table and back: rows, comparison, and the end of the old catalogue."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from larkbase_sdk.catalog.base_source import LarkBaseSource
from larkbase_sdk.catalog.bases import BasesCatalog
from larkbase_sdk.catalog.glue import GlueCatalog
from larkbase_sdk.catalog.metadata import Metadata
from larkbase_sdk.errors import ConfigurationError, NotFound
from larkbase_sdk.options import Options
from larkbase_server.crawler.crawl import drop
from larkbase_server.crawler.migrate import (
    COLUMNS,
    glue_to_base_source,
    rows_as_csv,
    rows_as_json,
    write_rows,
)
from larkbase_server.crawler.source import CrawlSource
from larkbase_server.crawler.verify import verify

LINK = "struct<link_record_ids:array<string>>"
OLD_LINK = "array<struct<record_ids:array<string>>>"
OPTIONS = Options(name_style="ascii", rate=1000, retries=0)


@pytest.fixture
def glue_catalog(world, lark) -> GlueCatalog:
    """Flow 1 over the world's Glue."""
    return GlueCatalog(Metadata(lark.api.bitable, OPTIONS), OPTIONS, client=world.glue)


@pytest.fixture
def direct(lark) -> Any:
    """Makes Flow 2 of a metadata table."""

    def make(base_id: str, table_id: str) -> BasesCatalog:
        source = LarkBaseSource(lark.api.bitable, OPTIONS, base_id, table_id)
        return BasesCatalog(Metadata(lark.api.bitable, OPTIONS, reserved=()), OPTIONS, [source])

    return make


def row(database: str, base: Any, name: str, table: Any) -> dict[str, str]:
    values = (database, base.app_token, name, base.app_token, table.table_id)
    return dict(zip(COLUMNS, values, strict=True))


class TestRows:
    """The rows of a metadata table that shows what Glue shows."""

    def test_one_row_a_table_under_the_names_of_glue(self, world, crm, glue_catalog):
        """Names stay, whatever the tables are called in Lark now; foreign tables are left out."""
        world.crawl(crm)
        world.glue.create_table(DatabaseName="crm", TableInput={"Name": "report"})
        base = world.lark.database("CRM")
        base.table("Orders").name = "Sales Orders"

        rows = glue_to_base_source(glue_catalog)

        assert rows == [
            row("crm", base, "customers", base.table("Customers")),
            row("crm", base, "orders", base.table("Sales Orders")),
        ]
        assert list(csv.DictReader(io.StringIO(rows_as_csv(rows)))) == rows
        assert json.loads(rows_as_json(rows)) == rows

    def test_some_databases_only(self, world, crm, glue_catalog):
        """By name; a name that is not there is an error."""
        world.lark.database("Shop").table("Items", {"Item": ["Bolt"]})
        world.bases("Shop")
        world.crawl(crm)

        rows = glue_to_base_source(glue_catalog, ["shop"])

        assert [item["table_name"] for item in rows] == ["items"]
        with pytest.raises(NotFound, match="shopp"):
            glue_to_base_source(glue_catalog, ["shopp"])


class TestWrite:
    """Rows go into a base through Lark's API."""

    @pytest.fixture
    def rows(self, world, crm, glue_catalog):
        world.crawl(crm)
        return glue_to_base_source(glue_catalog)

    def test_a_table_is_made_when_none_is_named(self, world, lark, crm, rows):
        """Its entry for the connector's settings is in the answer."""
        written = write_rows(lark.api, OPTIONS, rows, crm.base.app_token)

        made = crm.base.find_table("athena_metadata")
        assert written.setting == f"{crm.base.app_token}:{made.table_id}"
        assert (written.created, written.known) == (2, 0)
        assert [
            {name: cell[0]["text"] for name, cell in record["fields"].items()}
            for record in made.records
        ] == rows

    def test_rows_that_are_there_are_not_written_again(self, world, lark, crm, rows):
        """Column names in any letter case; a second run adds what is missing."""
        table = crm.base.table("meta", fields=[name.upper() for name in COLUMNS])
        ids = (crm.base.app_token, table.table_id)

        first = write_rows(lark.api, OPTIONS, rows[:1], *ids)
        second = write_rows(lark.api, OPTIONS, rows, *ids)

        assert (first.created, second.created, second.known) == (1, 1, 1)
        assert len(table) == 2

    def test_a_table_without_the_columns_is_refused(self, world, lark, crm, rows):
        """The missing ones are named, nothing is written."""
        with pytest.raises(ConfigurationError, match="lacks the columns database_name, "):
            write_rows(lark.api, OPTIONS, rows, crm.base.app_token, crm.table_id)

        assert len(crm) == 1


class TestVerify:
    """Both flows, table by table."""

    @pytest.fixture
    def moved(self, world, lark, crm, glue_catalog, direct):
        world.crawl(crm)
        rows = glue_to_base_source(glue_catalog)
        written = write_rows(lark.api, OPTIONS, rows, crm.base.app_token)
        return lambda: verify(lark, glue_catalog, direct(written.base_id, written.table_id))

    def test_a_faithful_move_agrees(self, moved):
        """The same names, ids, columns, types and rows."""
        result = moved()

        assert result.agrees
        assert str(result) == "2 of 2 tables are the same in both flows."
        assert [(item.table, item.glue_rows, item.direct_rows) for item in result.tables] == [
            ("customers", 2, 2),
            ("orders", 3, 3),
        ]

    def test_every_difference_is_told(self, world, moved):
        """Older types, columns that came or went, tables that only one flow knows."""
        base = world.lark.database("CRM")
        columns = world.tables("crm")["orders"]["StorageDescriptor"]
        columns["Columns"][2]["Type"] = OLD_LINK
        world.rewrite("crm", "orders", StorageDescriptor=columns)
        base.table("Customers").add_field("City")
        base.table("Customers").delete_field("Vip")
        world.glue.create_table(
            DatabaseName="crm",
            TableInput={
                "Name": "more",
                "Parameters": {
                    "classification": "lark-base-flag",
                    "larkBaseId": base.app_token,
                    "larkTableId": "tblGone",
                },
            },
        )

        result = moved()

        assert not result.agrees
        assert {item["table"]: item["differences"] for item in result.to_dict()["tables"]} == {
            "customers": ["column vip: only in Glue", "column city: only directly"],
            "more": ["only in Glue"],
            "orders": [f"type of customer: {OLD_LINK} in Glue, {LINK} directly"],
        }

    def test_a_table_that_cannot_be_read_is_a_difference(self, world, moved):
        """The error stands there; the other tables are compared."""
        orders = world.lark.database("CRM").table("Orders")
        world.lark.fail(1254302, path=orders.table_id, times=None, endpoint="search")
        world.lark.database("CRM").access = "manage"

        differences = {item.table: item.differences for item in moved().tables}

        assert differences["customers"] == ()
        assert "Lark 1254302" in differences["orders"][0]

    def test_a_table_that_leads_elsewhere_is_a_difference(
        self, world, lark, crm, direct, glue_catalog
    ):
        """Another table behind it is told, and its number of rows."""
        world.crawl(crm)
        rows = glue_to_base_source(glue_catalog)
        rows[0]["table_lark_table_id"] = rows[1]["table_lark_table_id"]
        written = write_rows(lark.api, OPTIONS, rows, crm.base.app_token)

        result = verify(lark, glue_catalog, direct(written.base_id, written.table_id))

        [customers, _] = result.tables
        assert customers.differences[0].startswith("table_id: tbl")
        assert customers.differences[-1] == "2 rows in Glue, 3 directly"


class TestThereAndBack:
    """The reverse of the migration is a crawl of the metadata table."""

    def test_a_crawl_of_the_written_table_gives_the_same_catalogue(
        self, world, lark, crm, glue_catalog
    ):
        """After the old entries are dropped, since names are never taken from another source."""
        world.crawl(crm)
        before = {name: world.columns("crm", name) for name in world.names()["crm"]}
        written = write_rows(
            lark.api, OPTIONS, glue_to_base_source(glue_catalog), crm.base.app_token
        )
        back = world.payload(crm.base.find_table(written.table_id))
        assert world.invoke(back)["status"] == "Failed"

        dropped = drop(world.source_of(crm), world.calls(), dry_run=False)
        assert world.invoke(back)["status"] == "Success"

        assert dropped.tables["deleted"] == 2
        assert {name: world.columns("crm", name) for name in world.names()["crm"]} == before


class TestDrop:
    """The end of what one source made."""

    @pytest.fixture
    def filled(self, world, crm):
        world.crawl(crm)
        folder = world.lark.drive.folder("Reports")
        folder.add_shortcut(world.lark.database("CRM"), "shared")
        world.crawl(folder)
        return crm

    def test_a_dry_run_comes_first_and_writes_nothing(self, world, filled):
        """It is the default."""
        before = world.snapshot()

        result = drop(world.source_of(filled), world.calls())

        assert result.dry_run
        assert (result.databases["deleted"], result.tables["deleted"]) == (1, 2)
        assert world.snapshot() == before

    def test_only_this_source_goes(self, world, filled):
        """Databases of other sources, foreign databases and foreign tables stay."""
        world.glue.create_database(DatabaseInput={"Name": "warehouse"})
        world.glue.create_table(DatabaseName="crm", TableInput={"Name": "report"})

        result = drop(CrawlSource.parse(world.source_of(filled).data_source), world.calls(),
                      dry_run=False)  # fmt: skip

        assert result.status == "Success"
        assert world.names() == {
            "crm": ["report"],
            "shared": ["customers", "orders"],
            "warehouse": [],
        }

    def test_a_source_that_made_nothing(self, world, filled):
        """Nothing happens."""
        result = drop(CrawlSource.parse("fldcnNone"), world.calls(), dry_run=False)

        assert (result.status, result.ends) == ("Success", ())

    @pytest.mark.parametrize("text", ["", " ", "b:", ":t", "a:b:"])
    def test_a_source_is_a_pair_of_ids_or_a_folder_token(self, text):
        """Anything else would match nothing, or too much."""
        if text == "a:b:":
            assert CrawlSource.parse(text) == CrawlSource("LarkBase", "a:b:")
            return
        with pytest.raises(ConfigurationError, match="names no source"):
            CrawlSource.parse(text)
