"""Which flows the connector's settings switch on, under every name of each variable."""

from __future__ import annotations

from typing import Any

import pytest

from larkbase_sdk.catalog.chain import ChainCatalog
from larkbase_sdk.errors import NotFound
from larkbase_server.flows import open_catalog
from larkbase_server.settings import ConnectorSettings

FLOW_4 = {"default_does_activate_experimental_feature": "true"}
COLUMNS = ["database_name", "table_name", "lark_base_id", "lark_table_id"]


class World:
    """One table for each flow, all of them in Lark."""

    def __init__(self, lark: Any, lark_emulator: Any, aws: Any) -> None:
        self._lark, self.emulator, self.aws = lark, lark_emulator, aws
        self.crawled, self.listed, self.filed, self.typed = map(
            self._table, ("Crawled", "Listed", "Filed", "Typed")
        )
        self.folder = lark_emulator.drive.folder("Reports")
        self.folder.add(self.filed.base)
        self.sheet = lark_emulator.database("Metadata").table(
            "databases", {"id": [self.listed.base.app_token], "name": ["listed"]}
        )
        self.into_glue("crawled", self.crawled)
        aws.client("s3").create_bucket(Bucket="spill")

    def _table(self, name: str) -> Any:
        return self.emulator.database(name).table("Orders", {f"of {name}": ["x"]})

    def into_glue(self, database: str, table: Any) -> None:
        """Write a table into Glue as a crawler would."""
        glue = self.aws.client("glue")
        location = "lark-base-flag/CrawlingMethod=LarkBase/DataSource=b:t/Base=x"
        glue.create_database(DatabaseInput={"Name": database, "LocationUri": location})
        parameters = {
            "classification": "lark-base-flag",
            "larkBaseId": table.base.app_token,
            "larkTableId": table.table_id,
        }
        columns = [{"Name": "in_glue", "Type": "string"}]
        glue.create_table(
            DatabaseName=database,
            TableInput={
                "Name": "orders",
                "Parameters": parameters,
                "StorageDescriptor": {"Columns": columns},
            },
        )

    def catalog(self, **environ: str) -> ChainCatalog:
        """The catalogue of a connector with this environment."""
        settings = ConnectorSettings.from_environ(environ)
        assert settings.warnings == ()
        return open_catalog(settings, self._lark.api)


@pytest.fixture
def world(lark, lark_emulator, aws) -> World:
    return World(lark, lark_emulator, aws)


def found(catalog):
    return [item.sql_name for item in catalog.databases()]


def test_without_any_setting_only_glue_is_asked(world):
    """Flow 1 is on unless it is switched off."""
    catalog = world.catalog()

    assert found(catalog) == ["crawled"]
    assert catalog.schema(catalog.table("crawled", "orders")).columns[0].name == "in_glue"


@pytest.mark.parametrize("value", ["true", "yes", "", "1"])
def test_glue_can_be_switched_off(world, value):
    """By any value but false, as in the federation SDK."""
    catalog = open_catalog(ConnectorSettings.from_environ({"disable_glue": value}), world._lark.api)

    assert found(catalog) == []
    with pytest.raises(NotFound, match=r"Table not found: crawled\.orders"):
        catalog.table("crawled", "orders")
    assert world.aws.calls.count("glue", "GetDatabases") == 0


@pytest.mark.parametrize("form", ["canonical", "documented"])
def test_flow_2_under_either_family_of_names(world, form):
    """The pair of ids may be one variable or two."""
    base, table = world.sheet.base.app_token, world.sheet.table_id
    environ = {
        "canonical": {
            "default_does_activate_lark_base_source": "true",
            "default_lark_base_sources": f"{base}:{table}",
        },
        "documented": {
            "ACTIVATE_LARK_BASE_SOURCE": "TRUE",
            "LARK_BASE_DATA_SOURCE_ID": base,
            "LARK_TABLE_DATA_SOURCE_ID": table,
        },
    }[form]

    catalog = world.catalog(**environ)

    assert found(catalog) == ["crawled", "listed"]
    assert catalog.table("listed", "orders").table_id == world.listed.table_id


@pytest.mark.parametrize(
    ("flag", "folders"),
    [
        ("default_does_activate_lark_drive_source", "default_lark_drive_sources"),
        ("ACTIVATE_LARK_DRIVE_SOURCE", "LARK_FOLDER_TOKEN_DATA_SOURCE"),
        ("ACTIVATE_LARK_DRIVE_SOURCE", "lark_drive_id_data_source"),
    ],
)
def test_flow_3_under_every_name(world, flag, folders):
    """The folder's bases are databases."""
    catalog = world.catalog(**{flag: "true", folders: world.folder.token})

    assert found(catalog) == ["crawled", "filed"]
    assert catalog.table("filed", "orders").table_id == world.filed.table_id


def test_sources_of_a_flow_that_is_off_are_not_read(world, lark_emulator):
    """The flag decides, not the list."""
    lark_emulator.calls.clear()

    catalog = world.catalog(
        default_lark_base_sources=f"{world.sheet.base.app_token}:{world.sheet.table_id}",
        default_lark_drive_sources=world.folder.token,
    )

    assert found(catalog) == ["crawled"]
    assert lark_emulator.calls.list == []


class TestFlow4:
    """Ids in the query, then the metadata table in Athena."""

    def start(self, world, sql):
        return world.aws.athena.start_running(sql)

    def test_ids_in_the_query(self, world):
        """Found with this flag alone."""
        ids = (world.typed.base.app_token, world.typed.table_id)
        query = self.start(world, 'SELECT * FROM lark."{}"."{}"'.format(*ids))

        catalog = world.catalog(**FLOW_4, disable_glue="true").for_query(query)

        table = catalog.table(*(text.lower() for text in ids))
        assert (table.base_id, table.table_id) == ids
        assert [column.name for column in catalog.schema(table).columns] == ["of_typed"]

    def test_the_metadata_table_is_the_one_that_the_settings_name(self, world):
        """Its result goes to the spill location when no other place is set."""
        row = dict(zip(COLUMNS, ("shop", "orders", world.typed.base.app_token,
                                 world.typed.table_id), strict=True))  # fmt: skip
        world.aws.athena.table("meta", "lark_metadata_mappings", [row])
        catalog = world.catalog(
            **FLOW_4,
            LARK_METADATA_DATABASE="meta",
            LARK_METADATA_TABLE="lark_metadata_mappings",
            LARK_METADATA_POLL="0.01",
            spill_bucket="spill",
            spill_prefix="athena-spill",
        )

        table = catalog.for_query("").table("shop", "orders")

        assert table.table_id == world.typed.table_id
        (query,) = world.aws.athena.queries
        assert query.output[0] == "spill"
        assert query.output[1].startswith("athena-spill/")

    def test_without_the_flag_the_query_is_not_read(self, world):
        """Each flow has its own flag."""
        ids = (world.typed.base.app_token, world.typed.table_id)
        query = self.start(world, "SELECT * FROM lark.{}.{}".format(*ids))

        with pytest.raises(NotFound):
            world.catalog().for_query(query).table(*(text.lower() for text in ids))
        assert world.aws.calls.count("athena") == 0


def test_all_flows_together(world):
    """Listed: Glue first. Looked up: metadata tables and folders before Glue."""
    world.into_glue("filed", world.crawled)
    catalog = world.catalog(
        default_does_activate_lark_base_source="true",
        default_lark_base_sources=f"{world.sheet.base.app_token}:{world.sheet.table_id}",
        default_does_activate_lark_drive_source="true",
        default_lark_drive_sources=world.folder.token,
        default_does_activate_experimental_feature="true",
        default_blacklist_tables="listed:orders",
    )

    assert found(catalog) == ["crawled", "filed", "listed"]
    assert catalog.table("filed", "orders").table_id == world.filed.table_id
    assert catalog.tables("listed") == []


def test_every_call_to_glue_names_the_catalogue_of_the_settings(world):
    """The account may be another one."""
    world.catalog(glue_catalog="210987654321").databases()

    calls = world.aws.calls.named("glue", "GetDatabases")
    assert {call.parameters.get("CatalogId") for call in calls} == {"210987654321"}
