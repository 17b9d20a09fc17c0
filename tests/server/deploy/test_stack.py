"""What the template creates works together: roles aside, as far as an emulated AWS goes."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from larkbase_sdk.testing import LarkEmulator
from larkbase_server.deploy.contents import CONNECTOR, CRAWLER
from larkbase_server.deploy.local_runtime import LocalRuntime
from larkbase_server.deploy.templates import TemplateFormat, template_text
from larkbase_server.local.lambda_endpoint import LambdaEndpoint
from larkbase_server.local.query import LocalAthena
from larkbase_server.settings import ConnectorSettings, CrawlerSettings

SECRET = "larkbase/lark-app"
STACK = "lark"


@pytest.fixture
def lark() -> Iterator[LarkEmulator]:
    """A Lark with a base, and with a metadata table that names it."""
    with LarkEmulator() as emulator:
        orders = emulator.database("CRM").table(
            "Orders", {"OrderNo": ["A-1", "A-2", "A-3"], "Amount": [12.5, None, 7]}
        )
        emulator.database("Metadata").table(
            "databases", {"id": [orders.base.app_token], "name": ["Shop"]}
        )
        yield emulator


@pytest.fixture
def sources(lark: LarkEmulator) -> tuple[str, str]:
    """Base and table id of the metadata table."""
    base = next(base for base in lark.bases if base.name == "Metadata")
    return base.app_token, base.tables[0].table_id


@pytest.fixture
def deployed(aws: Any, lark: LarkEmulator, sources: tuple[str, str]) -> Any:
    """A stack of the CloudFormation template with everything switched on."""
    content = {"lark_app_id": lark.app_id, "lark_app_secret": lark.app_secret}
    aws.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps(content))
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="my-bucket")
    for key in ("connector.zip", "crawler.zip"):
        s3.put_object(Bucket="my-bucket", Key=key, Body=empty_zip())
    payload = {
        "handlerType": "LARK_BASE",
        "payload": dict(
            zip(("larkBaseDataSourceId", "larkTableDataSourceId"), sources, strict=True)
        ),
    }
    parameters = {
        "SpillBucket": "my-bucket",
        "ConnectorCodeS3Bucket": "my-bucket",
        "ConnectorCodeS3Key": "connector.zip",
        "CrawlerCodeS3Bucket": "my-bucket",
        "CrawlerCodeS3Key": "crawler.zip",
        "LarkAppSecretManager": SECRET,
        "ActivateLarkBaseSource": "true",
        "LarkBaseSources": ":".join(sources),
        "ActivateExperimentalFeature": "true",
        "LarkMetadataBucket": "metadata-bucket",
        "CrawlerSchedule": "rate(1 hour)",
        "CrawlerPayload": json.dumps(payload),
        "KMSKeyId": aws.client("kms").create_key()["KeyMetadata"]["KeyId"],
    }
    with warnings.catch_warnings():
        # The emulator leaves AWS::Athena::DataCatalog out, and says so.
        warnings.simplefilter("ignore", UserWarning)
        aws.client("cloudformation").create_stack(
            StackName=STACK,
            TemplateBody=template_text(TemplateFormat.CLOUDFORMATION),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": text} for name, text in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM"],
        )
    return aws


def empty_zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("empty.txt", "")
    return content.getvalue()


def environment(aws: Any, function: str) -> dict[str, str]:
    found = aws.client("lambda").get_function_configuration(FunctionName=f"{STACK}-{function}")
    # AWS makes texts of parameters that are numbers; the emulator does not.
    return {name: str(text) for name, text in found["Environment"]["Variables"].items()}


def test_packages_answer_athena_with_the_settings_of_a_stack(deployed, lark, runnable):
    """The crawler with its scheduled payload, then SQL through the connector's messages."""
    check_settings(deployed)
    where = {**deployed.environment(), "LARK_DOMAIN": lark.url}
    (target,) = deployed.client("events").list_targets_by_rule(Rule=timer(deployed))["Targets"]

    with ExitStack() as stack:

        def start(task: Any, function: Any) -> Any:
            process = LocalRuntime(
                runnable.python,
                task,
                runnable.libraries,
                function.handler,
                environment(deployed, function.name) | where,
            )
            stack.enter_context(process)
            return lambda event, _context: answer(process, event)

        crawler = start(runnable.crawler, CRAWLER)
        connector = start(runnable.connector, CONNECTOR)
        endpoint = stack.enter_context(LambdaEndpoint({f"{STACK}-connector": connector}))
        athena = stack.enter_context(LocalAthena({"lark": f"{STACK}-connector"}, endpoint.url))

        crawled = crawler(json.loads(target["Input"]), None)
        databases = athena.query("SHOW DATABASES").table.to_pydict()
        rows = athena.query(
            "SELECT orderno, amount FROM lark.shop.orders WHERE amount > 5 ORDER BY amount"
        ).table.to_pydict()

    assert crawled["status"] == "Success"
    assert list(databases.values()) == [["shop"]]
    assert rows == {"orderno": ["A-3", "A-1"], "amount": [7.0, 12.5]}


def check_settings(aws: Any) -> None:
    """Every variable is understood without a warning, and those that people set arrive."""
    connector = ConnectorSettings.from_environ(environment(aws, "connector"))
    crawler = CrawlerSettings.from_environ(environment(aws, "crawler"))

    assert (connector.warnings, crawler.warnings) == ((), ())
    assert connector.secret_name == crawler.secret_name == SECRET
    assert (connector.spill_bucket, connector.spill_prefix) == ("my-bucket", "athena-spill")
    assert connector.base_source_active
    assert connector.experimental_active
    assert not connector.disable_glue
    assert connector.kms_key_id


def timer(aws: Any) -> str:
    (rule,) = aws.client("events").list_rules()["Rules"]
    return rule["Name"]


def answer(process: LocalRuntime, event: Any) -> Any:
    outcome = process.invoke(event)
    assert not outcome.failed, outcome.payload
    return outcome.payload
