"""All flows together: their order, their mixtures, the access lists, and one of them failing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from larkbase_sdk.catalog.access import AccessLists
from larkbase_sdk.catalog.athena import AthenaMetadata
from larkbase_sdk.catalog.athena_table import MetadataTable, MetadataTableQuery
from larkbase_sdk.catalog.base_source import LarkBaseSource
from larkbase_sdk.catalog.bases import BasesCatalog
from larkbase_sdk.catalog.chain import ChainCatalog
from larkbase_sdk.catalog.drive_source import LarkDriveSource
from larkbase_sdk.catalog.glue import GlueCatalog
from larkbase_sdk.catalog.metadata import Metadata
from larkbase_sdk.errors import (
    AuthenticationError,
    NotFound,
    PermissionDenied,
    RateLimited,
    SourceSkipped,
)
from larkbase_sdk.options import Options


class World:
    """A Lark tenant and a Glue catalogue, with one table for each flow."""

    def __init__(self, lark: Any, lark_emulator: Any, aws: Any) -> None:
        self.lark, self.emulator, self.aws = lark, lark_emulator, aws
        self.glue = aws.client("glue")
        aws.client("s3").create_bucket(Bucket="spill")
        self.sheet = lark_emulator.database("Metadata").table(
            "databases", fields=[("id", "Text"), ("name", "Text")]
        )
        self.folder = lark_emulator.drive.folder("athena_tables")

    def base(self, name: str, *tables: str) -> Any:
        """A base whose tables have one column, named after the table."""
        base = self.emulator.database(name)
        for table in tables:
            base.table(table, {f"of {base.name}": ["x"]})
        return base

    def in_sheet(self, base: Any, name: str) -> None:
        """A row in the metadata table."""
        self.sheet.insert([{"id": base.app_token, "name": name}])

    def in_glue(self, base: Any, database: str, *tables: str) -> None:
        """What the crawler writes for some of a base's tables."""
        location = f"lark-base-flag/CrawlingMethod=LarkBase/DataSource=b:t/Base={base.app_token}"
        self.glue.create_database(DatabaseInput={"Name": database, "LocationUri": location})
        for name in tables:
            self.glue.create_table(
                DatabaseName=database,
                TableInput={
                    "Name": name.lower(),
                    "Parameters": {
                        "classification": "lark-base-flag",
                        "larkBaseId": base.app_token,
                        "larkTableId": base.find_table(name).table_id,
                    },
                    "StorageDescriptor": {"Columns": [{"Name": "in_glue", "Type": "string"}]},
                },
            )

    def chain(
        self,
        flows: str = "1234",
        whitelist: str = "",
        blacklist: str = "",
        **table: Any,
    ) -> ChainCatalog:
        """The catalogue of the connector with these flows switched on."""
        api, options = self.lark.api, Options(name_style="ascii")
        metadata = Metadata(api.bitable, options, reserved=())
        sources: list[Any] = []
        if "2" in flows:
            ids = (self.sheet.base.app_token, self.sheet.table_id)
            sources.append(LarkBaseSource(api.bitable, options, *ids))
        if "3" in flows:
            sources.append(LarkDriveSource(api.drive, self.folder.token))
        athena = self.aws.client("athena")
        asked = MetadataTable(**{"output": "s3://spill/", **table})
        query = MetadataTableQuery(asked, athena, sleep=lambda seconds: None)
        return ChainCatalog(
            glue=GlueCatalog(metadata, options, client=self.glue) if "1" in flows else None,
            bases=BasesCatalog(metadata, options, sources) if sources else None,
            athena=AthenaMetadata(metadata, options, client=athena, table=query)
            if "4" in flows
            else None,
            access=AccessLists.parse(whitelist, blacklist),
        )


@pytest.fixture
def world(lark, lark_emulator, aws) -> World:
    return World(lark, lark_emulator, aws)


@pytest.fixture
def shared(world) -> Callable[..., World]:
    """One database ``crm`` that Glue and the metadata table both know, each with its own base."""
    crawled = world.base("Crawled", "Orders", "Items")
    live = world.base("Live", "Orders", "People")
    world.in_glue(crawled, "crm", "Orders", "Items")
    world.in_sheet(live, "CRM")
    return world


def names(items):
    return [item.sql_name for item in items]


class TestLists:
    """Glue first, then what is not there yet."""

    def test_databases_of_all_flows(self, world):
        """Each name once, letter case ignored; Flow 4 adds none."""
        base = world.base("HR", "Staff")
        world.in_glue(base, "zebra")
        world.in_glue(base, "hr")
        world.in_sheet(base, "Sales")
        world.in_sheet(base, "HR")
        world.folder.add(world.base("Stock", "Items"))

        chain = world.chain()
        assert [(item.sql_name, item.source.partition(" ")[0]) for item in chain.databases()] == [
            ("hr", "glue"),
            ("zebra", "glue"),
            ("sales", "metadata"),
            ("stock", "folder"),
        ]
        assert names(chain.for_query("any").databases()) == names(chain.databases())

    @pytest.mark.parametrize(
        ("flows", "listed"),
        [
            ("1", ["glue"]),
            ("2", ["sheet"]),
            ("3", ["drive"]),
            ("4", []),
            ("23", ["sheet", "drive"]),
        ],
    )
    def test_each_flow_alone_and_mixed(self, world, flows, listed):
        """Only what is switched on."""
        world.in_glue(world.base("Glue"), "glue")
        world.in_sheet(world.base("Sheet"), "Sheet")
        world.folder.add(world.base("Drive"))

        assert names(world.chain(flows).databases()) == listed

    def test_tables_of_one_database_in_two_flows(self, shared):
        """Glue's, then the others; one that both know is the one that a query reads."""
        chain = shared.chain()

        listed = chain.tables("CRM")
        assert names(listed) == ["items", "orders", "people"]
        assert listed[1] == chain.table("crm", "orders")

    def test_an_unknown_database_is_an_error(self, world):
        """Not an empty list."""
        with pytest.raises(NotFound, match="Database not found: nowhere"):
            world.chain("123").tables("nowhere")


class TestOneTable:
    """Mapping, then the query, then Glue."""

    def columns(self, chain, *names):
        return [column.name for column in chain.schema(chain.table(*names)).columns]

    def test_metadata_tables_and_folders_go_before_glue(self, shared):
        """Glue has what they do not know; each table has the schema of its flow."""
        chain = shared.chain()

        assert self.columns(chain, "crm", "orders") == ["of_live"]
        assert self.columns(chain, "crm", "people") == ["of_live"]
        assert self.columns(chain, "crm", "items") == ["in_glue"]
        assert self.columns(shared.chain("1"), "crm", "orders") == ["in_glue"]

    def test_glue_is_not_asked_for_what_others_know(self, shared, aws):
        """Nor is Athena."""
        chain = shared.chain()
        aws.calls.clear()

        chain.table("crm", "people")
        assert aws.calls.list == []

    def test_a_table_of_glue_is_looked_for_elsewhere_once(self, shared):
        """Metadata tables are not listed again at every request for a table that Glue has."""
        chain = shared.chain("12")
        first = chain.table("crm", "items")
        before = shared.emulator.calls.count()

        assert chain.table("CRM", "Items") == first
        assert shared.emulator.calls.count() == before

    def test_a_table_that_moved_from_glue_to_lark_is_found_at_once(self, shared):
        """Whoever is the last to know a name, an unknown one is looked for everywhere again."""
        chain = shared.chain("12")
        assert chain.table("crm", "items").source == "glue"
        shared.glue.delete_table(DatabaseName="crm", Name="items")
        chain.glue.refresh()
        shared.base("Live", "Items")

        assert chain.table("crm", "items").base_id == shared.base("Live").app_token

    def test_ids_in_the_query_go_before_glue(self, world):
        """A Glue table of the very same name is not meant."""
        base = world.base("CRM", "Orders")
        ids = (base.app_token, base.find_table("Orders").table_id)
        lowered = [text.lower() for text in ids]
        other = world.base("Other", ids[1])
        world.in_glue(other, lowered[0], ids[1])
        running = world.aws.athena.start_running("SELECT * FROM {}.{}".format(*ids))

        chain = world.chain()
        assert self.columns(chain.for_query(running), *lowered) == ["of_crm"]
        assert self.columns(chain, *lowered) == ["in_glue"]

    def test_flow_4_works_alone(self, world):
        """With its own switch only."""
        base = world.base("CRM", "Orders")
        ids = (base.app_token, base.find_table("Orders").table_id)
        running = world.aws.athena.start_running('SELECT * FROM "{}"."{}"'.format(*ids))

        chain = world.chain("4").for_query(running)
        assert self.columns(chain, *(text.lower() for text in ids)) == ["of_crm"]

    def test_a_metadata_table_in_athena_goes_before_glue(self, shared):
        """Here it says that ``crm.items`` is a table of another base."""
        other = shared.base("Other", "Items")
        row = ("crm", "items", other.app_token, other.find_table("Items").table_id)
        columns = ["database_name", "table_name", "lark_base_app_token", "lark_table_id"]
        shared.aws.athena.table(
            "lark_base", "metadata_catalog", [dict(zip(columns, row, strict=True))]
        )

        chain = shared.chain().for_query("any")
        assert self.columns(chain, "crm", "items") == ["of_other"]

    def test_an_unknown_table_is_an_error_with_its_name(self, shared):
        """The text that Athena shows."""
        with pytest.raises(NotFound) as caught:
            shared.chain("123").table("crm", "nothing")
        assert caught.value.message == "Table not found: crm.nothing"

    def test_the_schema_of_a_flow_that_is_off_is_refused(self, shared):
        """As when a setting changed between two requests."""
        table = shared.chain("1").table("crm", "items")

        with pytest.raises(NotFound, match="flow that is off"):
            shared.chain("4").schema(table)

    def test_refresh_reaches_every_flow(self, shared):
        """A new database in Glue and a new row are seen."""
        chain = shared.chain()
        assert names(chain.databases()) == ["crm"]
        base = shared.base("New", "T")
        shared.in_glue(base, "new_in_glue")
        shared.in_sheet(base, "new in sheet")

        chain.refresh()
        assert names(chain.databases()) == ["crm", "new_in_glue", "new_in_sheet"]


class TestAccessLists:
    """Hidden tables do not exist, whichever flow knows them."""

    @pytest.mark.parametrize("flows", ["1", "2", "12", "1234"])
    def test_hidden_tables_are_neither_listed_nor_found(self, shared, flows):
        """The blacklist wins over the whitelist; other databases are untouched."""
        lists = {"whitelist": "CRM:Orders,crm:items,crm:people", "blacklist": "Crm:ORDERS"}
        chain = shared.chain(flows, **lists).for_query("any")

        assert "orders" not in names(chain.tables("crm"))
        assert names(chain.tables("crm"))
        with pytest.raises(NotFound) as caught:
            chain.table("crm", "orders")
        assert caught.value.message == "Table not found: crm.orders"

    def test_a_whitelist_hides_the_other_tables_of_its_database(self, shared):
        """And only there."""
        shared.folder.add(shared.base("Stock", "Items"))
        chain = shared.chain(whitelist="crm:people")

        assert names(chain.tables("crm")) == ["people"]
        assert names(chain.tables("stock")) == ["items"]

    def test_ids_in_the_query_are_hidden_too(self, world, aws):
        """Before anything is asked."""
        base = world.base("CRM", "Orders")
        ids = (base.app_token, base.find_table("Orders").table_id)
        chain = world.chain("4", blacklist="{}:{}".format(*ids)).for_query("any")
        aws.calls.clear()

        with pytest.raises(NotFound, match="Table not found"):
            chain.table(*(text.lower() for text in ids))
        assert aws.calls.list == []


class TestFaults:
    """One flow that fails does not take the others down."""

    def test_without_a_right_to_glue_the_others_are_listed(self, shared, aws):
        """Who uses metadata tables alone needs no permission for Glue."""
        aws.fail("glue", "GetDatabases", "AccessDeniedException", times=None)
        aws.fail("glue", "GetDatabase", "AccessDeniedException", times=None)
        chain = shared.chain("12")

        with pytest.warns(SourceSkipped, match="the databases of Glue: AWS does not allow glue"):
            assert names(chain.databases()) == ["crm"]
        with pytest.warns(SourceSkipped, match='the tables of database "crm" in Glue'):
            assert names(chain.tables("crm")) == ["orders", "people"]
        assert chain.table("crm", "people").name == "People"
        with pytest.raises(NotFound) as caught:
            chain.table("crm", "items")
        assert "Could not be read: Glue (AWS does not allow glue:GetDatabase" in caught.value.hint

    def test_with_glue_alone_its_refusal_is_the_error(self, shared, aws):
        """Nothing looks empty."""
        aws.fail("glue", "GetDatabases", "AccessDeniedException", times=None)
        aws.fail("glue", "GetDatabase", "AccessDeniedException", times=None)
        chain = shared.chain("1")

        for step in (
            chain.databases,
            lambda: chain.tables("crm"),
            lambda: chain.table("crm", "orders"),
        ):
            with pytest.raises(PermissionDenied, match="AWS does not allow glue:"):
                step()

    def test_a_throttled_glue_is_an_error_of_the_whole(self, shared, aws):
        """It would be there in a moment, and nobody wants half a list till then."""
        aws.fail("glue", "GetDatabases", "ThrottlingException", times=None)

        with pytest.raises(RateLimited):
            shared.chain().databases()

    def test_without_a_right_to_athena_glue_is_still_read(self, shared, aws):
        """Flow 4 by ids needs no right to start queries."""
        aws.fail("athena", "StartQueryExecution", "AccessDeniedException", times=None)
        chain = shared.chain().for_query("any")

        with pytest.warns(SourceSkipped, match="the ids in the running query: AWS does not allow"):
            assert chain.table("crm", "items").source == "glue"
        with pytest.raises(NotFound, match=r"Table not found: crm\.nothing") as caught:
            chain.table("crm", "nothing")
        assert "athena:StartQueryExecution" in caught.value.hint

    def test_a_source_that_could_not_be_read_is_named_with_what_is_missed(self, shared):
        """The table may well be in it."""
        shared.folder.shared = False
        chain = shared.chain("23")

        with pytest.warns(SourceSkipped), pytest.raises(NotFound) as caught:
            chain.table("stock", "items")
        assert caught.value.hint == f"Could not be read: folder {shared.folder.token}."

    def test_a_deleted_base_is_an_error_of_its_own_tables(self, shared):
        """Never a table of the same name from elsewhere."""
        shared.emulator.database("Live").shared = False
        chain = shared.chain()

        with pytest.raises(PermissionDenied, match="91403"):
            chain.table("crm", "items")
        assert names(chain.databases()) == ["crm"]

    def test_refused_credentials_of_lark_are_an_error_of_the_whole(self, shared):
        """Whatever Glue knows."""
        shared.emulator.fail(99991661, endpoint="fields", times=None)

        with pytest.raises(AuthenticationError):
            shared.chain().databases()
