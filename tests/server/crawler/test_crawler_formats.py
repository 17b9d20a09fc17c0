"""What stands in the catalogue: the older crawler's formats to the letter, and its older types."""

from __future__ import annotations

from typing import Any

import pytest

from larkbase_sdk.catalog.glue import GlueCatalog
from larkbase_sdk.catalog.metadata import Metadata
from larkbase_sdk.emulator.sample_types import fill_field_types
from larkbase_sdk.options import Options

PERSON = "struct<avatar_url:string,email:string,en_name:string,id:string,name:string>"
OLD_PERSON = "struct<email:string,en_name:string,id:string,name:string>"
OLD_FIRST_PERSON = "struct<id:string,name:string,en_name:string,email:string>"
FILE = "struct<file_token:string,name:string,size:int,tmp_url:string,type:string,url:string>"
OLD_LINK = (
    "array<struct<record_ids:array<string>,table_id:string,text:string,text_arr:array<string>,"
    "type:string>>"
)
LINK = "struct<link_record_ids:array<string>>"
PLACE = (
    "struct<address:string,adname:string,cityname:string,full_address:string,location:string,"
    "name:string,pname:string>"
)

# SQL name, Lark name, type in the comment, present type, type before October 2025.
ALL_TYPES = [
    ("text", "Text", "Text", "string", ""),
    ("email", "Email", "Email", "string", ""),
    ("barcode", "Barcode", "Barcode", "string", ""),
    ("number", "Number", "Number", "decimal", ""),
    ("progress", "Progress", "Progress", "decimal", ""),
    ("currency", "Currency", "Currency", "decimal", ""),
    ("rating", "Rating", "Rating", "tinyint", ""),
    ("datetime", "DateTime", "DateTime", "timestamp", ""),
    ("checkbox", "Checkbox", "Checkbox", "boolean", ""),
    ("user", "User", "User", f"array<{PERSON}>", f"array<{OLD_PERSON}>"),
    ("phone", "Phone", "Phone", "string", ""),
    ("url", "Url", "Url", "struct<link:string,text:string,type:string>",
     "struct<link:string,text:string>"),
    ("attachment", "Attachment", "Attachment", f"array<{FILE}>", ""),
    ("location", "Location", "Location", PLACE, ""),
    ("groupchat", "GroupChat", "GroupChat",
     "array<struct<avatar_url:string,id:string,name:string>>", ""),
    ("createdtime", "CreatedTime", "CreatedTime", "timestamp", ""),
    ("modifiedtime", "ModifiedTime", "ModifiedTime", "timestamp", ""),
    ("createduser", "CreatedUser", "CreatedUser", f"array<{PERSON}>", OLD_FIRST_PERSON),
    ("modifieduser", "ModifiedUser", "ModifiedUser", f"array<{PERSON}>", OLD_FIRST_PERSON),
    ("autonumber", "AutoNumber", "AutoNumber", "string", ""),
    ("singleselect", "SingleSelect", "SingleSelect", "string", ""),
    ("multiselect", "MultiSelect", "MultiSelect", "array<string>", ""),
    ("singlelink", "SingleLink", "SingleLink", LINK, OLD_LINK),
    ("duplexlink", "DuplexLink", "DuplexLink", LINK, OLD_LINK),
    ("lookup", "Lookup", "Lookup<Text>", "array<string>", ""),
    ("formula", "Formula", "Formula<Number>", "decimal", ""),
    ("formula_undeclared", "Formula undeclared", "Formula<Text>", "string", ""),
    ("autonumber_custom", "AutoNumber custom", "AutoNumber", "string", ""),
]  # fmt: skip
OTHER = [
    ("name", "Name", "Text", "string", ""),
    ("value", "Value", "Number", "decimal", ""),
    ("all_types", "All types", "DuplexLink", LINK, OLD_LINK),
    ("sum_of", "Sum / of", "Formula<Number>", "decimal", ""),
    ("seen", "Seen", "Lookup<Formula>", "array<string>", ""),
    ("seen_again", "Seen again", "Lookup<Lookup<Formula>>", "array<string>", ""),
    ("nowhere", "Nowhere", "Lookup<NULL>", "array<string>", ""),
]
OTHER[3] = ("sum___of", *OTHER[3][1:])


@pytest.fixture
def types(world) -> Any:
    """The sample base with a field of every type, in a metadata table as ``types``."""
    base = fill_field_types(world.lark._tenant)
    base.table("All types").delete_field("Duration")
    other = base.table("Other")
    other.add_field("Sum / of", "Formula", {"result": "Number", "declared": True})
    other.add_field("Seen", "Lookup", {"table": other, "field": "Sum / of"})
    other.add_field("Seen again", "Lookup", {"table": other, "field": "Seen"})
    other.add_field("Nowhere", "Lookup")
    return world.bases(types="Field Types")


def older_column(table: Any, row: tuple[str, ...], *, old_types: bool) -> dict[str, str]:
    """A column as the older crawler wrote it."""
    name, lark_name, lark_type, glue_type, old_type = row
    comment = (
        f"LarkBaseId={table.base.app_token}/LarkBaseTableId={table.table_id}"
        f"/LarkBaseFieldId={table.field(lark_name).field_id}/LarkBaseFieldName={lark_name}"
        f"/LarkBaseFieldType={lark_type}"
    )
    declared = old_type or glue_type if old_types else glue_type
    return {"Name": name, "Type": declared, "Comment": comment}


def write_as_the_older_crawler(world: Any, source: Any, *, old_types: bool) -> None:
    """Write the catalogue of the base Field Types, by hand."""
    base = world.lark.database("Field Types")
    data_source = f"{source.base.app_token}:{source.table_id}"
    location = (
        f"lark-base-flag/CrawlingMethod=LarkBase/DataSource={data_source}/Base={base.app_token}"
    )
    permissions = [
        {
            "Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
            "Permissions": ["ALL"],
        }
    ]
    world.glue.create_database(
        DatabaseInput={
            "Name": "types",
            "LocationUri": location,
            "CreateTableDefaultPermissions": permissions,
        }
    )
    for name, lark_name, rows in (("all_types", "All types", ALL_TYPES), ("other", "Other", OTHER)):
        table = base.table(lark_name)
        world.glue.create_table(
            DatabaseName="types",
            TableInput={
                "Name": name,
                "TableType": "LARK_BASE_TABLE",
                "Parameters": {
                    "classification": "lark-base-flag",
                    "crawlingMethod": "LarkBase",
                    "larkBaseId": base.app_token,
                    "larkTableId": table.table_id,
                    "larkBaseDataSourceId": source.base.app_token,
                    "larkTableDataSourceId": source.table_id,
                },
                "StorageDescriptor": {
                    "Columns": [older_column(table, row, old_types=old_types) for row in rows],
                    "Location": f"{location}/Table={table.table_id}",
                    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                },
            },
        )


class TestOlderCatalogue:
    """A catalogue that the older crawler wrote."""

    @pytest.mark.parametrize("old_types", [False, True])
    def test_the_first_crawl_changes_nothing(self, world, types, old_types):
        """No write, whether it declares today's types or those of before October 2025."""
        write_as_the_older_crawler(world, types, old_types=old_types)
        before = world.snapshot()
        world.aws.calls.clear()

        result = world.crawl(types)

        assert (result["status"], result["changes"], result["notes"]) == ("Success", [], [])
        assert world.aws.calls.writes("glue") == []
        assert world.snapshot() == before

    def test_what_our_crawler_writes_is_what_it_wrote(self, world, types):
        """Into an empty catalogue; only column parameters are new."""
        write_as_the_older_crawler(world, types, old_types=False)
        theirs = self.comparable(world.snapshot())
        world.glue.delete_database(Name="types")

        world.crawl(types)

        assert self.comparable(world.snapshot()) == theirs

    def comparable(self, snapshot):
        """Everything but times, versions and the column parameters."""
        database, tables = snapshot["types"]
        shown = {name: dict(table) for name, table in tables.items()}
        for table in shown.values():
            columns = table["StorageDescriptor"]["Columns"]
            table["StorageDescriptor"] = {
                **table["StorageDescriptor"],
                "Columns": [
                    {key: column[key] for key in ("Name", "Type", "Comment")} for column in columns
                ],
            }
            for key in ("CreateTime", "UpdateTime", "VersionId"):
                table.pop(key, None)
            if not table.get("PartitionKeys"):
                table.pop("PartitionKeys", None)
        return {key: value for key, value in database.items() if key != "CreateTime"}, shown

    def test_retype_declares_todays_types(self, world, types):
        """Also a lookup of a formula, by the formula's result; the next crawl keeps that."""
        write_as_the_older_crawler(world, types, old_types=True)

        result = world.crawl(types, retype=True)

        assert result["tables"]["updated"] == 2
        assert world.columns("types", "all_types") == {row[0]: row[3] for row in ALL_TYPES}
        seen = {"seen": "array<decimal>", "seen_again": "array<decimal>"}
        assert world.columns("types", "other") == {row[0]: row[3] for row in OTHER} | seen
        assert world.crawl(types)["changes"] == []
        assert world.crawl(types, retype=True)["changes"] == []

    def test_the_declared_type_stays_when_the_field_is_renamed(self, world, types):
        """Queries know the type; only the name and the comment follow Lark."""
        write_as_the_older_crawler(world, types, old_types=True)
        world.lark.database("Field Types").table("All types").rename_field("User", "Owner")

        result = world.crawl(types)

        expected = {row[0]: row[4] or row[3] for row in ALL_TYPES}
        declared = expected.pop("user")
        assert world.columns("types", "all_types") == {**expected, "owner": declared}
        assert [change["reasons"] for change in result["changes"]] == [
            ["column renamed: user → owner", "comment of owner"]
        ]

    def test_the_declared_type_follows_when_larks_own_type_changes(self, world, types):
        """Law of the catalogue: a new type in Lark is a new type here, for that column alone."""
        write_as_the_older_crawler(world, types, old_types=True)
        field = world.lark.database("Field Types").table("All types").field("CreatedUser")
        field.ui_type = "User"

        result = world.crawl(types)

        expected = {row[0]: row[4] or row[3] for row in ALL_TYPES}
        assert world.columns("types", "all_types") == {
            **expected,
            "createduser": f"array<{PERSON}>",
        }
        assert result["changes"][0]["reasons"] == [
            f"type of createduser: {OLD_FIRST_PERSON} → array<{PERSON}>",
            "comment of createduser",
        ]

    def test_a_lost_comment_is_written_again_and_the_declared_type_stays(self, world, types):
        """Without a comment nothing says that Lark's type changed."""
        write_as_the_older_crawler(world, types, old_types=True)
        table = world.tables("types")["all_types"]
        storage = table["StorageDescriptor"]
        user = next(column for column in storage["Columns"] if column["Name"] == "user")
        user["Comment"] = "the owner"
        world.glue.update_table(
            DatabaseName="types",
            TableInput={
                "Name": "all_types",
                "TableType": table["TableType"],
                "Parameters": table["Parameters"],
                "StorageDescriptor": storage,
            },
        )

        result = world.crawl(types)

        assert [change["reasons"] for change in result["changes"]] == [["comment of user"]]
        assert world.columns("types", "all_types")["user"] == f"array<{OLD_PERSON}>"


class TestFormats:
    """Databases and tables as they are written."""

    def test_a_base_crawl(self, world, crm):
        """Every member of a database and a table."""
        world.crawl(crm)
        base = world.lark.database("CRM")
        orders = base.table("Orders")
        location = (
            f"lark-base-flag/CrawlingMethod=LarkBase/DataSource={crm.base.app_token}:{crm.table_id}"
            f"/Base={base.app_token}"
        )

        database = world.databases()["crm"]
        table = world.tables("crm")["orders"]

        assert database["LocationUri"] == location
        assert table["TableType"] == "LARK_BASE_TABLE"
        assert table["Parameters"] == {
            "classification": "lark-base-flag",
            "crawlingMethod": "LarkBase",
            "larkBaseId": base.app_token,
            "larkTableId": orders.table_id,
            "larkBaseDataSourceId": crm.base.app_token,
            "larkTableDataSourceId": crm.table_id,
        }
        assert table["StorageDescriptor"]["Location"] == f"{location}/Table={orders.table_id}"
        assert table["PartitionKeys"] == []
        assert table["StorageDescriptor"]["Columns"][1] == {
            "Name": "amount",
            "Type": "decimal",
            "Comment": f"LarkBaseId={base.app_token}/LarkBaseTableId={orders.table_id}"
            f"/LarkBaseFieldId={orders.field('Amount').field_id}/LarkBaseFieldName=Amount"
            "/LarkBaseFieldType=Number",
            "Parameters": {
                "larkFieldId": orders.field("Amount").field_id,
                "larkFieldName": "Amount",
                "larkUIType": "Number",
            },
        }

    def test_a_drive_crawl(self, world, crm):
        """A base in the folder: key is the base; a sub-folder: key is the sub-folder."""
        folder = world.lark.drive.folder("Reports")
        folder.add(world.lark.database("CRM"))
        inner = folder.folder("Inner")
        inner.add(crm.base)
        world.crawl(folder)
        start = f"lark-base-flag/CrawlingMethod=LarkDrive/DataSource={folder.token}/Base="

        locations = {name: data["LocationUri"] for name, data in world.databases().items()}
        assert locations == {
            "crm": start + world.lark.database("CRM").app_token,
            "inner": start + inner.token,
        }
        table = world.tables("inner")["metadata"]
        assert (
            table["StorageDescriptor"]["Location"] == f"{start}{inner.token}/Table={crm.table_id}"
        )
        assert table["Parameters"] == {
            "classification": "lark-base-flag",
            "crawlingMethod": "LarkDrive",
            "larkBaseId": crm.base.app_token,
            "larkTableId": crm.table_id,
            "larkDriveFolderToken": folder.token,
        }

    def test_new_databases_grant_nothing_under_lake_formation(self, world, crm, monkeypatch):
        """``LARK_LAKE_FORMATION`` leaves all permissions to Lake Formation."""
        monkeypatch.setenv("LARK_LAKE_FORMATION", "on")
        world.crawl(crm)

        [call] = world.aws.calls.named("glue", "CreateDatabase")
        assert call.parameters["DatabaseInput"]["CreateTableDefaultPermissions"] == []

    def test_buttons_and_stages_and_formulas_of_them_are_left_out(self, world):
        """The search call returns no values for them."""
        base = world.lark.database("CRM")
        base.table("Leads", fields=["Name", ("Go", "Button"), ("Where", "Stage")])
        base.table("Leads").add_field("F", "Formula", {"result": "Button", "declared": True})
        world.crawl(world.bases("CRM"))

        assert world.columns("crm", "leads") == {"name": "string"}

    def test_a_reserved_name_is_an_ordinary_column(self, world):
        """Reserved columns are not stored in Glue, so a field may have such a name."""
        world.lark.database("CRM").table(
            "T", fields=["Record ID", ("$reserved_split_key", "Number"), "$reserved_record_id"]
        )
        world.crawl(world.bases("CRM"))

        assert world.columns("crm", "t") == {
            "record_id": "string",
            "$reserved_split_key": "decimal",
            "$reserved_record_id": "string",
        }

    def test_circular_and_deep_lookups_end(self, world):
        """A circle of lookups, and a chain longer than the limit, have no type."""
        base = world.lark.database("CRM")
        table = base.table("T", fields=["Name"])
        first = table.add_field("A", "Lookup", {"table": table, "field": "Name"})
        second = table.add_field("B", "Lookup", {"table": table, "field": "A"})
        first.property["target_field"] = second.field_id
        world.crawl(world.bases("CRM"))

        comments = [
            column["Comment"].rpartition("=")[2]
            for column in world.tables("crm")["t"]["StorageDescriptor"]["Columns"]
        ]
        assert comments == ["Text", "Lookup<Lookup<NULL>>", "Lookup<Lookup<NULL>>"]
        assert world.columns("crm", "t")["a"] == "array<string>"

    @pytest.mark.parametrize(
        "name",
        ["a/b/LarkBaseFieldType=Number", "two\nlines", "名" * 120, "x" * 400, "tab\tand 100%"],
    )
    def test_unusual_names_survive_and_lead_back_to_the_field(self, world, name):
        """Slashes, line breaks and names too long for a comment."""
        table = world.lark.database("CRM").table("T", fields=["Id"])
        field = table.add_field(name, "Number")
        source = world.bases("CRM")

        assert world.crawl(source)["status"] == "Success"
        assert world.crawl(source)["changes"] == []

        with world.lark.connect() as lark:
            options = Options(name_style="ascii")
            metadata = Metadata(lark.api.bitable, options)
            for known in (metadata, None):
                catalog = GlueCatalog(known, options, client=world.glue)
                column = catalog.schema(catalog.table("crm", "t")).columns[1]
                assert (column.field_id, column.lark_name) == (field.field_id, name)

    def test_long_names_of_databases_and_tables_are_cut(self, world):
        """Glue takes 255 characters; the id keeps cut names apart."""
        base = world.lark.database("CRM")
        base.table("t" * 300, {"A": [1]})
        world.crawl(world.source_table(["id", "name"], [{"id": base.app_token, "name": "d" * 300}]))

        [(database, [table])] = world.names().items()
        assert len(database) == len(table) == 255
        assert database.endswith("_" + base.app_token.lower())
        assert table.endswith("_" + base.tables[0].table_id.lower())
