"""The project's own functions behind the endpoint: the rows of a direct read, in every flow."""

from __future__ import annotations

import json
import os

import boto3
import pyarrow as pa
import pytest

from larkbase_sdk.emulator.emulator import LarkEmulator
from larkbase_sdk.errors import NotFound, PermissionDenied
from larkbase_sdk.profile import Credentials
from larkbase_server.local.functions import CRAWLER, ProjectFunctions
from larkbase_server.local.lambda_endpoint import LambdaEndpoint
from larkbase_server.local.query import LocalAthena
from larkbase_server.local.table_scan import ReadSettings
from larkbase_server.local.validator import Validator
from larkbase_server.local.workbench import SPILL_BUCKET, Sources, open_local_athena

BUCKET = "connector-spill"
SQL = (
    'SELECT "$reserved_record_id" AS id, order_no, amount, ordered, tags FROM {table} '
    "WHERE amount >= 2 AND status IS NOT NULL ORDER BY amount DESC"
)


@pytest.fixture(scope="module")
def lark():
    """An emulator with a base, a metadata table and a folder that name it."""
    with LarkEmulator() as running:
        crm = running.database("CRM")
        crm.table(
            "Orders",
            fields=[
                "Order No",
                ("Amount", "Number"),
                ("Status", "SingleSelect", {"options": ["Open", "Paid"]}),
                ("Ordered", "DateTime"),
                ("Tags", "MultiSelect", {"options": ["gift", "urgent"]}),
            ],
            rows=[
                {
                    "Order No": f"A-{n}",
                    "Amount": n / 2 if n % 7 else None,
                    "Status": ["Open", "Paid", None][n % 3],
                    "Ordered": 1_735_689_600_000 + n * 3_600_123,
                    "Tags": ["gift"] if n % 2 else None,
                }
                for n in range(40)
            ],
        )
        names = {"id": [crm.app_token], "name": ["crm"]}
        running.sources = {
            "tables": running.database("Metadata").table("databases", names),
            "folder": running.drive.folder("Sales"),
        }
        running.sources["folder"].add(crm)
        yield running


@pytest.fixture
def environment(lark, aws, monkeypatch):
    """An environment as a Lambda function has it: no flow is on but Glue's."""
    for name in [name for name in os.environ if name.startswith(("default_", "ACTIVATE_"))]:
        monkeypatch.delenv(name)
    settings = {
        "LARK_DOMAIN": lark.url,
        "LARK_APP_ID": lark.app_id,
        "LARK_APP_SECRET": lark.app_secret,
        "LARK_RATE": "1000",
        "LARK_RETRIES": "0",
        "spill_bucket": BUCKET,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    aws.client("s3").create_bucket(Bucket=BUCKET)
    lark.calls.clear()
    return monkeypatch


@pytest.fixture
def here(environment):
    """Start the functions of this project and a local Athena in front of them."""
    started = []

    def start(read=None):
        project = ProjectFunctions()
        endpoint = LambdaEndpoint(project.handlers())
        athena = LocalAthena(None, endpoint.url, read=read, lark_calls=project.lark_calls)
        started.extend([athena.close, endpoint.stop])
        athena.endpoint_url = endpoint.url
        return athena

    yield start
    for stop in started:
        stop()


def base_flow(environment, lark):
    table = lark.sources["tables"]
    environment.setenv("default_does_activate_lark_base_source", "true")
    environment.setenv("default_lark_base_sources", f"{table.base.app_token}:{table.table_id}")
    return "lark_base.crm.orders"


def drive_flow(environment, lark):
    environment.setenv("default_does_activate_lark_drive_source", "true")
    environment.setenv("default_lark_drive_sources", lark.sources["folder"].token)
    return "lark_base.crm.orders"


def query_flow(environment, lark):
    environment.setenv("default_does_activate_experimental_feature", "true")
    base = lark.database("CRM")
    return f'"{base.app_token}"."{base.table("Orders").table_id}"'


FLOWS = {"base": base_flow, "drive": drive_flow, "query": query_flow}


def crawled(url, lark):
    """Crawl the metadata table, as a client of Lambda does it; return the function's answer."""
    table = lark.sources["tables"]
    ids = {
        "larkBaseDataSourceId": table.base.app_token,
        "larkTableDataSourceId": table.table_id,
    }
    client = boto3.client("lambda", endpoint_url=url)
    payload = json.dumps({"handlerType": "LARK_BASE", "payload": ids})
    return json.loads(client.invoke(FunctionName=CRAWLER, Payload=payload)["Payload"].read())


def read_directly(lark):
    """Return the rows that the statement means, read without Athena."""
    with lark.connect() as client:
        scan = client.table(lark.database("CRM").table("Orders").url).scan(
            columns=["record_id", "Order No", "Amount", "Ordered", "Tags"],
            where="amount >= 2 AND status IS NOT NULL",
            order_by=["-Amount"],
        )
        table = scan.to_arrow(names="sql")
    times = table.schema.get_field_index("ordered")
    table = table.set_column(times, "ordered", table["ordered"].cast(pa.timestamp("ms")))
    return table.rename_columns(["id", *table.column_names[1:]]).to_pylist()


def variables():
    return {name: text for name, text in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


class TestFlows:
    """Wherever a table's name comes from, its rows are the same."""

    @pytest.mark.parametrize("spilled", [False, True], ids=["inline", "spilled"])
    @pytest.mark.parametrize("flow", ["glue", *FLOWS])
    def test_rows_are_those_of_a_direct_read(self, here, environment, lark, flow, spilled):
        """Spilled or not."""
        read = ReadSettings(max_block_size=65_536, max_inline_block_size=1) if spilled else None
        table = FLOWS[flow](environment, lark) if flow in FLOWS else "lark_base.crm.orders"
        athena = here(read)
        if flow == "glue":
            assert crawled(athena.endpoint_url, lark)["status"] == "Success"

        result = athena.query(SQL.format(table=table))

        assert result.table.to_pylist() == read_directly(lark)
        assert result.table.num_rows > 10
        assert (result.stats.spilled_blocks > 0) is spilled

    def test_a_limit_costs_one_page_of_lark(self, here, environment, lark):
        """And the figures count the calls to Lark, those for names included."""
        table = base_flow(environment, lark)
        athena = here()
        athena.query(f"DESCRIBE {table}")
        lark.calls.clear()

        result = athena.query(f"SELECT order_no FROM {table} LIMIT 3")

        assert result.table.num_rows == 3
        assert lark.calls.count("search") == 1
        assert result.stats.lark_calls == len(lark.calls.list)

    def test_the_validator_finds_nothing_wrong(self, here, environment, lark):
        """The project's own connector passes every check."""
        base_flow(environment, lark)

        report = Validator(here(), seed=5).run("crm", "orders")

        assert [str(check) for check in report.checks if check.status != "ok"] == []


class TestErrors:
    """Lark's errors arrive as the query's."""

    def test_code_and_hint_arrive(self, here, environment, lark):
        """Apart from the message, as in every other door."""
        table = base_flow(environment, lark)
        athena = here()
        athena.query(f"DESCRIBE {table}")
        lark.fail(code=91403, endpoint="search")

        with pytest.raises(PermissionDenied) as caught:
            athena.query(f"SELECT order_no FROM {table}")

        error = caught.value
        assert (error.code, error.hint is not None, error.log_id is not None) == (91403, True, True)
        assert "Hint:" not in error.message

    def test_an_unknown_table_and_a_hidden_one_are_told_alike(self, here, environment, lark):
        """Nobody learns what a list hides."""
        base_flow(environment, lark)
        environment.setenv("default_blacklist_tables", "crm:orders")
        athena = here()

        for name in ("crm.orders", "crm.nothing"):
            with pytest.raises(NotFound, match=f"^Table not found: {name}$"):
                athena.query(f"SELECT * FROM lark_base.{name}")


class TestWorkbench:
    """Everything that is missing is started, and taken away again."""

    @pytest.fixture
    def bare(self, lark, monkeypatch):
        """An environment without AWS and without Lark."""
        for name in list(os.environ):
            if name.startswith(("AWS_", "LARK_", "default_", "spill_")):
                monkeypatch.delenv(name)
        return variables()

    def test_with_credentials_and_a_source_alone_it_works(self, lark, bare):
        """An emulator of AWS runs meanwhile; the environment is afterwards as it was."""
        told = []
        table = lark.sources["tables"]
        sources = Sources(tables=[f"{table.base.app_token}:{table.table_id}"])
        credentials = Credentials(lark.app_id, lark.app_secret, domain=lark.url)

        with open_local_athena(credentials=credentials, sources=sources, say=told.append) as athena:
            result = athena.query("SELECT count(*) AS n FROM lark_base.crm.orders")
            inside = {name: os.environ.get(name) for name in ("spill_bucket", "LARK_APP_ID")}

        assert result.table.to_pylist() == [{"n": 40}]
        assert inside == {"spill_bucket": SPILL_BUCKET, "LARK_APP_ID": lark.app_id}
        assert variables() == bare
        assert [text.partition(":")[0] for text in told] == ["no AWS_ENDPOINT_URL is set"]

    def test_without_a_source_ids_name_tables(self, lark, bare):
        """Since nothing else could."""
        told = []
        credentials = Credentials(lark.app_id, lark.app_secret, domain=lark.url)
        base = lark.database("CRM")
        name = f'"{base.app_token}"."{base.table("Orders").table_id}"'

        with open_local_athena(credentials=credentials, say=told.append) as athena:
            result = athena.query(f"SELECT count(*) AS n FROM {name}")

        assert result.table.to_pylist() == [{"n": 40}]
        assert told[1] == 'no source of tables is set: name them as "<base id>"."<table id>"'

    def test_an_aws_that_is_named_is_used(self, lark, environment, aws):
        """Nothing is started, and nothing told."""
        told = []
        base_flow(environment, lark)

        with open_local_athena(say=told.append) as athena:
            athena.query("SELECT order_no FROM crm.orders")

        assert told == []
        assert aws.calls.count("athena", "StartQueryExecution") == 1
