"""Flow 4: ids in the running query, and the metadata table in Athena."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from larkbase_sdk.catalog.athena import AthenaMetadata
from larkbase_sdk.catalog.athena_table import LarkIds, MetadataTable, MetadataTableQuery
from larkbase_sdk.catalog.metadata import Metadata
from larkbase_sdk.errors import (
    NotFound,
    PermissionDenied,
    QueryError,
    ServiceError,
    SourceSkipped,
)
from larkbase_sdk.options import Options

COLUMNS = ["database_name", "table_name", "lark_base_id", "lark_table_id"]


class Time:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def orders(lark_emulator):
    """A table in Lark."""
    return lark_emulator.database("CRM").table("Orders", {"No": ["a1"]})


@pytest.fixture
def athena(aws):
    """AWS with a bucket for results and one running query counter."""
    aws.client("s3").create_bucket(Bucket="spill")
    return aws.athena


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def query_of(aws, athena, time) -> Callable[..., MetadataTableQuery]:
    def make(**where: Any) -> MetadataTableQuery:
        table = MetadataTable(**{"output": "s3://spill/athena", **where})
        return MetadataTableQuery(table, aws.client("athena"), clock=time.clock, sleep=time.sleep)

    return make


@pytest.fixture
def flow(lark, aws, athena, query_of) -> AthenaMetadata:
    """Flow 4 as the connector builds it, over a metadata table that need not exist."""
    options = Options(name_style="ascii")
    metadata = Metadata(lark.api.bitable, options, reserved=())
    return AthenaMetadata(metadata, options, client=aws.client("athena"), table=query_of())


def fill(athena, *rows, columns=COLUMNS, name="metadata_catalog"):
    """Make the metadata table, from tuples in the order of the columns."""
    made = [dict(zip(columns, row, strict=True)) for row in rows]
    athena.table("lark_base", name, made, columns=columns)


def operations(aws):
    return [call.operation for call in aws.calls.named("athena")]


class TestIdsInTheQuery:
    """The query names base and table by their ids."""

    def test_the_letter_case_comes_from_the_text(self, flow, aws, athena, orders, lark_emulator):
        """Athena hands over lower case; one call brings the spelling, and one the fields."""
        ids = (orders.base.app_token, orders.table_id)
        query = flow.for_query(athena.start_running('SELECT * FROM "lark"."{}"."{}"'.format(*ids)))
        lowered = [text.lower() for text in ids]

        table = query.table(*lowered)
        assert (table.base_id, table.table_id, table.source) == (*ids, "query text")
        assert operations(aws) == ["GetQueryExecution"]
        assert [column.name for column in query.schema(table).columns] == ["no"]

    def test_the_text_is_read_once_a_query_and_the_fields_every_time(
        self, flow, aws, athena, orders, lark_emulator
    ):
        """A field added between two requests is seen."""
        ids = (orders.base.app_token, orders.table_id)
        query = flow.for_query(athena.start_running("SELECT * FROM {}.{}".format(*ids)))
        table = query.table(*(text.lower() for text in ids))
        query.schema(table)
        orders.add_field("Amount", "Number")

        again = query.table(*(text.lower() for text in ids))
        assert [column.name for column in query.schema(again).columns] == ["no", "amount"]
        assert operations(aws) == ["GetQueryExecution"]
        assert lark_emulator.calls.count("fields") == 2

    def test_the_database_may_be_that_of_the_session(self, flow, aws, athena, orders):
        """Where the query was started in the base, it names the table alone."""
        ids = (orders.base.app_token, orders.table_id)
        athena.answer(lambda sql, parameters: (["a"], []))
        started = aws.client("athena").start_query_execution(
            QueryString=f"SELECT * FROM {ids[1]}",
            QueryExecutionContext={"Catalog": "lark", "Database": ids[0]},
            ResultConfiguration={"OutputLocation": "s3://spill/"},
        )
        query = flow.for_query(started["QueryExecutionId"])

        assert query.table(*(text.lower() for text in ids)).base_id == ids[0]

    def test_two_spellings_are_an_error(self, flow, athena, orders):
        """Nothing is guessed."""
        base, table = orders.base.app_token, orders.table_id
        query = flow.for_query(
            athena.start_running(f"SELECT * FROM {base}.{table} JOIN {base.lower()}.{table}")
        )
        with pytest.raises(QueryError, match="spells one table in different ways"):
            query.find_table(base.lower(), table.lower())

    def test_names_that_are_no_ids_cost_no_look_at_the_query(self, flow, aws, athena):
        """The metadata table is asked at once."""
        fill(athena, ("crm", "orders", "bascnABC", "tblXYZ"))
        query = flow.for_query(athena.start_running("SELECT * FROM crm.orders"))

        assert query.table("crm", "orders").table_id == "tblXYZ"
        assert operations(aws)[0] == "StartQueryExecution"

    def test_with_ids_in_the_query_the_metadata_table_is_not_asked(self, flow, aws, athena, orders):
        """Whatever it says."""
        ids = (orders.base.app_token, orders.table_id)
        lowered = [text.lower() for text in ids]
        fill(athena, (*lowered, "other", "other"))
        query = flow.for_query(athena.start_running("SELECT * FROM {}.{}".format(*ids)))

        assert query.table(*lowered).base_id == ids[0]
        assert "StartQueryExecution" not in operations(aws)

    def test_ids_that_the_text_does_not_hold_are_told(self, flow, athena, orders):
        """As when a view names them, whose text nobody shows."""
        query = flow.for_query(athena.start_running("SELECT * FROM some.view"))
        athena.table("lark_base", "metadata_catalog", [], columns=COLUMNS)

        with pytest.warns(SourceSkipped, match="a view or prepared statement hides it"):
            assert query.find_table(orders.base.app_token, orders.table_id) is None

    def test_an_unknown_query_is_told_and_says_nothing(self, flow, orders):
        """Athena describes tables without a query, too; then the other flows count."""
        query = flow.for_query("11111111-2222-3333-4444-555555555555")
        ids = [orders.base.app_token.lower(), orders.table_id.lower()]

        with pytest.warns(SourceSkipped) as told:
            assert query.find_table(*ids) is None
        texts = "\n".join(str(item.message) for item in told)
        assert "the text of query 11111111-" in texts
        assert "was not found" in texts

    def test_a_query_that_may_not_be_read_is_an_error(self, flow, aws, athena, orders):
        """The hint names the permission."""
        aws.fail("athena", "GetQueryExecution", "AccessDeniedException", times=None)
        query = flow.for_query(athena.start_running("SELECT 1"))

        with pytest.raises(PermissionDenied) as caught:
            query.find_table(orders.base.app_token, orders.table_id)
        assert caught.value.hint == "Give the role athena:GetQueryExecution."

    def test_it_lists_nothing(self, flow):
        """Names come from the query."""
        query = flow.for_query("any")

        assert query.databases() == ()
        assert query.find_tables("crm") is None
        with pytest.raises(NotFound):
            query.tables("crm")


class TestMetadataTable:
    """A table in Athena says which Lark table a name stands for."""

    def test_a_row_gives_both_ids(self, query_of, athena):
        """Names are compared without regard to letter case."""
        fill(
            athena,
            ("Sales_Data", "ORDERS", "bascnABC", "tblXYZ"),
            ("sales_data", "customers", "bascnABC", "tblDEF"),
        )

        assert query_of().find("sales_data", "orders") == LarkIds("bascnABC", "tblXYZ")
        assert query_of().find("SALES_DATA", "Customers") == LarkIds("bascnABC", "tblDEF")
        assert query_of().find("sales_data", "items") is None

    def test_the_base_column_goes_by_two_names(self, query_of, athena):
        """Other columns are ignored."""
        columns = ["id", "database_name", "table_name", "lark_base_app_token", "lark_table_id"]
        fill(athena, ("1", "crm", "orders", " bascnABC ", "tblXYZ"), columns=columns)

        assert query_of().find("crm", "orders") == LarkIds("bascnABC", "tblXYZ")

    def test_names_are_literals_and_never_sql(self, query_of, aws, athena):
        """Quotes in a name select nothing and end nothing."""
        fill(athena, ("it's", "a' OR '1'='1", "b1", "t1"), ("crm", "orders", "b2", "t2"))

        assert query_of().find("crm' OR 'a'='a", "orders' --") is None
        assert query_of().find("it's", "a' OR '1'='1") == LarkIds("b1", "t1")
        (_, call) = aws.calls.named("athena", "StartQueryExecution")
        assert call.parameters["ExecutionParameters"] == ["'it''s'", "'a'' or ''1''=''1'"]
        assert "crm" not in call.parameters["QueryString"]

    def test_where_it_is_can_be_set(self, query_of, aws, athena):
        """Names with quotes stay names."""
        athena.table('my "db"', "names", [dict(zip(COLUMNS, "dtbl", strict=True))], catalog="Cat")
        aws.client("athena").create_work_group(Name="small")
        where = {"catalog": "Cat", "database": 'my "db"', "table": "names", "workgroup": "small"}

        assert query_of(**where).find("d", "t") == LarkIds("b", "l")
        (call,) = aws.calls.named("athena", "StartQueryExecution")
        assert call.parameters["WorkGroup"] == "small"
        assert call.parameters["ResultConfiguration"] == {"OutputLocation": "s3://spill/athena"}

    def test_rows_that_contradict_each_other_are_an_error(self, query_of, athena):
        """Equal rows are not."""
        row = ("crm", "orders", "bascnABC", "tblXYZ")
        fill(athena, row, row, ("crm", "orders", "bascnABC", ""))
        assert query_of().find("crm", "orders") == LarkIds("bascnABC", "tblXYZ")

        fill(athena, row, ("crm", "orders", "bascnABC", "tblOther"))
        with pytest.raises(QueryError, match=r"crm\.orders stands for more than one Lark table"):
            query_of().find("crm", "orders")

    def test_a_running_query_is_looked_at_step_by_step(self, query_of, aws, athena, time):
        """Every two seconds until it has ended."""
        fill(athena, ("crm", "orders", "b", "t"))
        athena.outcome(polls=3)

        assert query_of().find("crm", "orders") == LarkIds("b", "t")
        assert time.now == 6.0
        assert "StopQueryExecution" not in operations(aws)

    def test_a_query_that_takes_too_long_is_stopped(self, query_of, aws, athena, time):
        """After the limit, not later; the error says how to allow more."""
        fill(athena, ("crm", "orders", "b", "t"))
        athena.outcome("RUNNING")

        with pytest.raises(ServiceError, match="took longer than 60 s") as caught:
            query_of().find("crm", "orders")
        assert time.now <= 60
        assert "LARK_METADATA_TIMEOUT" in caught.value.hint
        assert operations(aws)[-1] == "StopQueryExecution"
        assert athena.queries[-1].state == "CANCELLED"

    def test_an_abandoned_query_is_stopped(self, query_of, aws, athena, time):
        """As by Ctrl-C while waiting."""
        fill(athena, ("crm", "orders", "b", "t"))
        athena.outcome("RUNNING")

        def interrupted(seconds):
            raise KeyboardInterrupt

        time.sleep = interrupted
        with pytest.raises(KeyboardInterrupt):
            query_of().find("crm", "orders")
        assert athena.queries[-1].state == "CANCELLED"

    def test_a_query_that_cannot_be_stopped_keeps_its_own_error(self, query_of, aws, athena):
        """The reason for stopping matters more."""
        fill(athena, ("crm", "orders", "b", "t"))
        athena.outcome("RUNNING")
        aws.fail("athena", "StopQueryExecution", "AccessDeniedException")

        with pytest.raises(ServiceError, match="took longer"):
            query_of().find("crm", "orders")

    @pytest.mark.parametrize(
        ("state", "reason", "text"),
        [
            ("FAILED", "GENERIC_INTERNAL_ERROR: boom", "was failed: GENERIC_INTERNAL_ERROR: boom"),
            ("CANCELLED", "", "was cancelled: Athena gives no reason"),
        ],
    )
    def test_a_query_that_ends_otherwise_is_an_error(self, query_of, athena, state, reason, text):
        """With Athena's reason."""
        fill(athena, ("crm", "orders", "b", "t"))
        athena.outcome(state, reason)

        with pytest.raises(ServiceError, match=text):
            query_of().find("crm", "orders")

    def test_a_missing_metadata_table_is_told_and_not_asked_again(self, flow, aws, athena):
        """Whoever uses ids in queries only needs none."""
        query = flow.for_query(athena.start_running("SELECT * FROM crm.orders"))

        with pytest.warns(SourceSkipped, match="the metadata table AwsDataCatalog.lark_base"):
            assert query.find_table("crm", "orders") is None
        assert query.find_table("crm", "items") is None
        assert operations(aws).count("StartQueryExecution") == 1

    def test_a_role_that_may_not_start_queries_is_an_error(self, flow, aws, athena):
        """The hint names the permission."""
        aws.fail("athena", "StartQueryExecution", "AccessDeniedException", times=None)

        with pytest.raises(PermissionDenied) as caught:
            flow.for_query("any").find_table("crm", "orders")
        assert caught.value.hint == "Give the role athena:StartQueryExecution."

    def test_a_row_is_remembered_and_a_missing_one_asked_for_again(self, flow, aws, athena):
        """One query in Athena for all requests of a user's query."""
        fill(athena, ("crm", "orders", "b", "t"))
        query = flow.for_query("any")
        assert query.find_table("crm", "items") is None
        assert query.find_table("crm", "orders").base_id == "b"
        assert query.find_table("CRM", "Orders").base_id == "b"
        assert operations(aws).count("StartQueryExecution") == 2

        fill(athena, ("crm", "items", "b", "t2"))
        assert query.find_table("crm", "items").table_id == "t2"
