"""The Glue catalogue: what a crawler wrote is found and read, what others wrote is not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from larkbase_sdk.catalog.glue import GlueCatalog
from larkbase_sdk.catalog.metadata import Metadata
from larkbase_sdk.errors import (
    AuthenticationError,
    NetworkError,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    SourceSkipped,
)
from larkbase_sdk.options import Options
from larkbase_sdk.read.pages import ReadContext
from larkbase_sdk.read.plan import Residual
from larkbase_sdk.read.planner import ScanRequest, plan_read
from larkbase_sdk.read.reader import read_part


@pytest.fixture
def orders(lark_emulator):
    """A Lark table with a few types."""
    return lark_emulator.database("CRM").table(
        "Orders",
        fields=[("Order No", "Text"), ("Amount", "Number"), ("Owner", "User"), ("Link", "Url")],
        rows=[
            {"Order No": "a1", "Amount": 2.5, "Owner": ["Ann"], "Link": "https://x.example/"},
            {"Order No": "a2"},
        ],
    )


class Writer:
    """Writes into Glue what a crawler would."""

    def __init__(self, aws: Any, orders: Any) -> None:
        self.glue = aws.client("glue")
        self.base_id = orders.base.app_token
        self.orders = orders

    def database(self, name: str, location: str | None = None) -> None:
        """A database of the crawler, unless another location is given."""
        ours = f"lark-base-flag/CrawlingMethod=LarkBase/DataSource=b:t/Base={self.base_id}"
        where = ours if location is None else location
        given = {"LocationUri": where} if where else {}
        self.glue.create_database(DatabaseInput={"Name": name, **given})

    def comment(self, field: Any, lark_type: str = "") -> str:
        """The comment of the column for a field."""
        return (
            f"LarkBaseId={self.base_id}/LarkBaseTableId={self.orders.table_id}"
            f"/LarkBaseFieldId={field.field_id}/LarkBaseFieldName={field.name}"
            f"/LarkBaseFieldType={lark_type or field.ui_type}"
        )

    def column(self, name: str, kind: str, lark_name: str = "") -> dict[str, str]:
        """The column for a field of the table."""
        comment = self.comment(self.orders.field(lark_name)) if lark_name else ""
        return {"Name": name, "Type": kind, "Comment": comment}

    def table(
        self,
        database: str,
        name: str,
        columns: list[dict[str, str]] | None = None,
        **parameters: str,
    ) -> None:
        """A table of the crawler; parameters may be replaced, or left out with ""."""
        ours = {
            "classification": "lark-base-flag",
            "crawlingMethod": "LarkBase",
            "larkBaseId": self.base_id,
            "larkTableId": self.orders.table_id,
        }
        chosen = {key: value for key, value in {**ours, **parameters}.items() if value}
        self.glue.create_table(
            DatabaseName=database,
            TableInput={
                "Name": name,
                "TableType": "LARK_BASE_TABLE",
                "Parameters": chosen,
                "StorageDescriptor": {
                    "Columns": [self.column("order_no", "string", "Order No")]
                    if columns is None
                    else columns
                },
            },
        )


@pytest.fixture
def writer(aws, orders) -> Writer:
    return Writer(aws, orders)


@pytest.fixture
def catalog_of(lark, aws) -> Callable[..., GlueCatalog]:
    def make(*, of_lark: bool = True, **more: Any) -> GlueCatalog:
        options = Options(name_style="ascii", **more.pop("options", {}))
        metadata = Metadata(lark.api.bitable, options, reserved=()) if of_lark else None
        return GlueCatalog(metadata, options, **{"client": aws.client("glue"), **more})

    return make


@pytest.fixture
def catalog(catalog_of) -> GlueCatalog:
    return catalog_of()


def names(items):
    return [item.sql_name for item in items]


def calls_of(aws):
    return [call.operation for call in aws.calls.list if call.service == "glue"]


class TestFinding:
    """Databases and tables that are ours."""

    def test_databases_with_our_flag_are_listed(self, catalog, writer):
        """Their base is in their location; others stay unseen."""
        writer.database("crm")
        writer.database("other", "s3://bucket/other")
        writer.database("without", "")

        assert [(item.sql_name, item.base_id, item.source) for item in catalog.databases()] == [
            ("crm", writer.base_id, "glue")
        ]

    def test_tables_with_our_classification_are_listed(self, catalog, writer):
        """The flag within the text, or the word of the older documents."""
        writer.database("crm")
        writer.table("crm", "a")
        writer.table("crm", "b", classification="x lark-base-flag y")
        writer.table("crm", "c", classification="lark-base")
        writer.table("crm", "d", classification="lark-base-export")
        writer.table("crm", "e", classification="csv")
        writer.table("crm", "f", classification="")

        assert names(catalog.tables("CRM")) == ["a", "b", "c"]
        assert catalog.table("Crm", "C").table_id == writer.orders.table_id
        with pytest.raises(NotFound, match='No table "e" in Glue database "crm"'):
            catalog.table("crm", "e")

    def test_a_foreign_database_is_not_entered(self, catalog, writer):
        """Even when a table in it carries our classification."""
        writer.database("other", "s3://bucket/other")
        writer.table("other", "orders")

        assert catalog.find_tables("other") is None
        assert catalog.find_table("other", "orders") is None
        with pytest.raises(NotFound, match='No database "other" in Glue'):
            catalog.tables("other")

    def test_a_view_in_our_database_is_not_ours(self, catalog, writer):
        """It has no classification."""
        writer.database("crm")
        writer.glue.create_table(
            DatabaseName="crm",
            TableInput={
                "Name": "orders",
                "TableType": "VIRTUAL_VIEW",
                "ViewOriginalText": "/* Presto View: e30= */",
                "Parameters": {"presto_view": "true"},
                "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "string"}]},
            },
        )

        assert catalog.tables("crm") == ()
        assert catalog.find_table("crm", "orders") is None

    def test_long_lists_are_read_to_the_end(self, catalog, writer, aws):
        """Glue answers in pages of 100."""
        for number in range(103):
            writer.database(f"db{number:03}")
            writer.table("db000", f"t{number:03}")

        assert names(catalog.databases()) == [f"db{number:03}" for number in range(103)]
        assert names(catalog.tables("db000")) == [f"t{number:03}" for number in range(103)]
        assert calls_of(aws).count("GetDatabases") > 1
        assert calls_of(aws).count("GetTables") > 1

    def test_a_table_without_ids_is_left_out_and_told(self, catalog, writer):
        """The others are there; ids may also come from the comments of the columns."""
        writer.database("crm")
        writer.table("crm", "a", [writer.column("x", "string")], larkTableId="")
        writer.table("crm", "b", larkBaseId="", larkTableId="")

        with pytest.warns(SourceSkipped, match=r"Glue table crm\.a: its parameters larkBaseId"):
            (table,) = catalog.tables("crm")
        assert (table.sql_name, table.base_id, table.table_id) == (
            "b",
            writer.base_id,
            writer.orders.table_id,
        )
        assert catalog.find_table("crm", "a") is None

    def test_the_catalogue_of_another_account_can_be_read(self, catalog_of, writer, aws):
        """Every call names it."""
        catalog = catalog_of(catalog_id="123456789012")
        writer.database("crm")
        writer.table("crm", "orders")
        aws.calls.clear()

        catalog.databases()
        catalog.table("crm", "orders")
        catalog.tables("crm")
        assert {call.parameters.get("CatalogId") for call in aws.calls.list} == {"123456789012"}


class TestRemembering:
    """Answers of Glue are kept for a while."""

    def test_one_table_costs_two_calls_and_then_none(self, catalog, writer, aws):
        """Its database, then itself."""
        writer.database("crm")
        writer.table("crm", "orders")
        aws.calls.clear()

        catalog.table("crm", "orders")
        assert calls_of(aws) == ["GetDatabase", "GetTable"]
        catalog.table("CRM", "ORDERS")
        assert len(aws.calls.list) == 2

    def test_listed_tables_are_known(self, catalog, writer, aws):
        """Athena asks for each table right after the list."""
        writer.database("crm")
        writer.table("crm", "orders")
        catalog.databases()
        catalog.tables("crm")
        aws.calls.clear()

        assert catalog.table("crm", "orders").base_id == writer.base_id
        assert calls_of(aws) == []

    def test_a_table_that_was_missed_is_asked_for_again(self, catalog, writer):
        """As when the crawler ran meanwhile."""
        writer.database("crm")
        assert catalog.tables("crm") == ()
        assert catalog.find_table("crm", "orders") is None

        writer.table("crm", "orders")
        assert catalog.table("crm", "orders").sql_name == "orders"

    def test_refresh_forgets_everything(self, catalog, writer):
        """A deleted table is gone."""
        writer.database("crm")
        writer.table("crm", "orders")
        assert names(catalog.tables("crm")) == ["orders"]
        writer.glue.delete_table(DatabaseName="crm", Name="orders")

        catalog.refresh()
        assert catalog.tables("crm") == ()


class TestSchemas:
    """Names and types are those that Glue declares."""

    def rows(self, lark, schema):
        options = Options()
        request = ScanRequest(tuple(column.name for column in schema.columns))
        plan = plan_read(schema, request, options, None)
        context = ReadContext(lark.api.bitable, options)
        batches = read_part(context, plan.parts[0], schema, Residual())
        return pa.Table.from_batches(batches).drop_columns("record_id").to_pylist()

    def test_records_are_read_through_the_catalogue(self, catalog, writer, lark):
        """From the Glue table to the cells in Lark."""
        writer.database("crm")
        writer.table(
            "crm",
            "orders",
            [
                writer.column("order_no", "string", "Order No"),
                writer.column("amount", "decimal", "Amount"),
            ],
        )

        schema = catalog.schema(catalog.table("crm", "orders"))
        assert self.rows(lark, schema) == [
            {"order_no": "a1", "amount": 2.5},
            {"order_no": "a2", "amount": None},
        ]

    def test_older_column_types_are_kept(self, catalog, writer, lark):
        """A catalogue from before October 2025 gets the structs that it declares."""
        writer.database("crm")
        writer.table(
            "crm",
            "orders",
            [
                writer.column(
                    "owner",
                    "array<struct<email:string,en_name:string,id:string,name:string>>",
                    "Owner",
                ),
                writer.column("link", "struct<link:string,text:string>", "Link"),
            ],
        )

        schema = catalog.schema(catalog.table("crm", "orders"))
        (owner,) = self.rows(lark, schema)[0]["owner"]
        assert list(owner) == ["email", "en_name", "id", "name"]
        assert owner["name"] == "Ann"
        assert self.rows(lark, schema)[0]["link"] == {
            "link": "https://x.example/",
            "text": "https://x.example/",
        }

    def test_a_field_renamed_after_the_crawl_is_still_found(self, catalog, writer, lark):
        """By the id in its comment; the name in SQL stays."""
        writer.database("crm")
        writer.table("crm", "orders")
        writer.orders.rename_field("Order No", "Number of the order")

        schema = catalog.schema(catalog.table("crm", "orders"))
        assert schema.columns[0].lark_name == "Number of the order"
        assert self.rows(lark, schema) == [{"order_no": "a1"}, {"order_no": "a2"}]

    def test_without_metadata_lark_is_not_asked(self, catalog_of, writer, lark_emulator):
        """The comments are taken at their word."""
        writer.database("crm")
        writer.table("crm", "orders")
        catalog = catalog_of(of_lark=False)
        lark_emulator.calls.clear()

        schema = catalog.schema(catalog.table("crm", "orders"))
        assert [(c.name, c.lark_name) for c in schema.columns] == [("order_no", "Order No")]
        assert lark_emulator.calls.count() == 0

    def test_a_table_gone_from_lark_still_has_its_schema(self, catalog, writer):
        """With a warning; reading it is an error of its own."""
        writer.database("crm")
        writer.table("crm", "orders")
        writer.orders.base.remove_table("Orders")

        with pytest.warns(SourceSkipped, match=r"the present fields of Glue table crm\.orders"):
            schema = catalog.schema(catalog.table("crm", "orders"))
        assert [column.name for column in schema.columns] == ["order_no"]

    def test_a_fresh_schema_shows_what_the_crawler_changed(self, catalog, writer):
        """And the fields as Lark lists them now."""
        writer.database("crm")
        writer.table("crm", "orders")
        table = catalog.table("crm", "orders")
        assert names_of(catalog.schema(table)) == ["order_no"]
        writer.glue.delete_table(DatabaseName="crm", Name="orders")
        writer.table(
            "crm",
            "orders",
            [
                writer.column("order_no", "string", "Order No"),
                writer.column("amount", "decimal", "Amount"),
            ],
        )

        assert names_of(catalog.schema(table)) == ["order_no"]
        assert names_of(catalog.schema(table, fresh=True)) == ["order_no", "amount"]


def names_of(schema):
    return [column.name for column in schema.columns]


class TestFaults:
    """What a user sees when AWS refuses."""

    @pytest.mark.parametrize(
        ("code", "error", "text", "hint"),
        [
            (
                "AccessDeniedException",
                PermissionDenied,
                "AWS does not allow glue:GetDatabases",
                "Give the role glue:GetDatabases.",
            ),
            (
                "ThrottlingException",
                RateLimited,
                "AWS keeps refusing glue:GetDatabases because of the rate of calls",
                "Try again in a moment.",
            ),
            (
                "ExpiredTokenException",
                AuthenticationError,
                "refuses the credentials",
                "AWS_PROFILE",
            ),
            ("InternalServiceException", ServiceError, "AWS refuses glue:GetDatabases", ""),
        ],
    )
    def test_refusals_say_what_to_do(self, catalog, aws, code, error, text, hint):
        """They are errors, never an empty list."""
        aws.fail("glue", "GetDatabases", code, times=None)

        with pytest.raises(error, match=text) as caught:
            catalog.databases()
        assert hint in (caught.value.hint or "")
        assert caught.value.context["aws_code"] == code

    def test_a_refusal_of_lake_formation_says_where_to_grant(self, catalog, aws):
        """Its code is that of a missing permission in IAM."""
        text = "Insufficient Lake Formation permission(s): Required Describe on crm"
        aws.fail("glue", "GetDatabases", "AccessDeniedException", message=text)

        with pytest.raises(PermissionDenied, match=r"Required Describe on crm") as caught:
            catalog.databases()
        assert (caught.value.hint or "").startswith("Grant it to the role in Lake Formation")

    def test_throttling_is_waited_for(self, catalog_of, writer, aws):
        """A client of our own repeats what AWS refuses for its rate."""
        writer.database("crm")
        aws.fail("glue", "GetDatabases", "ThrottlingException", times=1)

        assert names(catalog_of(client=None).databases()) == ["crm"]

    def test_a_refusal_in_the_middle_of_a_list_is_an_error(self, catalog, writer, aws):
        """The pages before it are not the list."""
        for number in range(103):
            writer.database(f"db{number}")
        aws.fail("glue", "GetDatabases", "AccessDeniedException", after=1)

        with pytest.raises(PermissionDenied):
            catalog.databases()

    def test_no_answer_is_a_network_error(self, catalog_of, monkeypatch):
        """As without a route to AWS."""
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        import boto3
        from botocore.config import Config

        client = boto3.client("glue", config=Config(retries={"total_max_attempts": 1}))
        with pytest.raises(NetworkError, match="No answer came from glue"):
            catalog_of(client=client).databases()
