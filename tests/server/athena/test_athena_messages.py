"""The handler's messages: Ping, capabilities, versions, key order, and what a Ping costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from larkbase_server.protocol.capabilities import FILTER, LIMIT, TOP_N
from larkbase_server.protocol.discovery import PingRequest, PingResponse
from larkbase_server.protocol.messages import read_request, write_message
from larkbase_server.protocol.versions import CONTINUATION


def test_a_ping_says_what_the_function_is(engine):
    """The name of the source, the protocol's older number, the serde version."""
    assert engine.ping() == PingResponse(
        catalog_name="lark",
        query_id=engine.query_id,
        source_type="lark-base",
        capabilities=24,
        serde_version=5,
    )


def test_a_ping_touches_neither_lark_nor_aws(world, engine):
    """Not even a setting that cannot be read matters to it."""
    world.set(LARK_RATE="fast", default_secret_manager_lark_app_key="")
    world.aws.calls.clear()

    engine.ping()

    assert (world.lark.calls.list, world.aws.calls.list) == ([], [])


def test_a_ping_loads_nothing_heavy():
    """What a cold start waits for: no Arrow, no HTTP, no AWS."""
    event = write_message(PingRequest(query_id="q", catalog_name="c"), 5)
    heavy = ["pyarrow", "requests", "boto3", "botocore", "orjson", "numpy", "cryptography"]
    code = f"""
import sys
from larkbase_server.athena import handler
assert handler({event!r}, None)["@type"] == "PingResponse"
assert not set({heavy!r}) & set(sys.modules), set({heavy!r}) & set(sys.modules)
assert "larkbase_server.settings" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_filters_limits_and_first_rows_are_declared(engine):
    """And nothing else: no expressions, no native queries, no hints."""
    assert engine.capabilities() == {**FILTER, **LIMIT, **TOP_N}


def test_nothing_is_declared_when_the_setting_says_so(world, engine):
    """Then Athena filters and sorts by itself."""
    world.set(LARK_CAPABILITIES="none")

    assert engine.capabilities() == {}


@pytest.mark.parametrize("version", [2, 3, 4, 5, 6])
def test_every_serde_version_is_understood_and_answered_alike(sales, engine, version):
    """From a Ping to the rows; the framing of Arrow messages follows the caller's."""
    engine.version = version

    rows = engine.select("sales.orders", ["order_no"])

    assert [row["order_no"] for row in rows] == ["A1", "A2", "A3", None, "A5"]
    schemas = [answer["schema"] for answer in engine.answers if "schema" in answer]
    framed = {text.startswith(CONTINUATION) for text in schemas}
    assert framed == {True}  # a GetTable holds no Arrow message that would tell an older version
    records = engine.answers[-1]["records"]["schema"]
    assert records.startswith(CONTINUATION) == (version > 2)


def test_a_caller_of_the_first_version_is_answered_in_the_second(sales, engine):
    """Its messages have other keys and wrapped schemas."""
    schema = engine.table("sales.orders")
    event = {
        "@type": "GetTableRequest",
        "requestType": "GET_TABLE",
        "identity": {"principalTags": {}, "arn": "x", "account": "1", "iamGroups": []},
        "queryId": engine.query_id,
        "catalogName": "lark",
        "tableName": {"schemaName": "sales", "tableName": "orders"},
    }

    answer = engine.invoke(event)

    assert not answer["schema"].startswith(CONTINUATION)
    assert answer["partitionColumns"] == []
    from larkbase_server.protocol.messages import read_response

    assert read_response(answer).schema == schema


KEYS = {
    "PingResponse": "@type catalogName queryId sourceType capabilities serDeVersion",
    "ListSchemasResponse": "@type catalogName schemas",
    "ListTablesResponse": "@type tables catalogName nextToken",
    "GetTableResponse": "@type catalogName tableName schema partitionColumns",
    "GetTableLayoutResponse": "@type catalogName tableName partitions",
    "GetSplitsResponse": "@type catalogName splits continuationToken",
    "ReadRecordsResponse": "@type catalogName records",
    "RemoteReadRecordsResponse": "@type catalogName schema remoteBlocks encryptionKey",
    "GetDataSourceCapabilitiesResponse": "@type catalogName capabilities",
}


def test_the_keys_of_every_answer_are_in_the_order_that_athena_insists_on(sales, engine):
    """Its reader fails on any other."""
    engine.ping(), engine.capabilities(), engine.schemas(), engine.tables("sales")
    engine.select("sales.orders")
    engine.select("sales.orders", inline=1)

    found = {answer["@type"]: " ".join(answer) for answer in engine.answers}

    assert found == KEYS


def test_requests_in_any_key_order_and_with_unknown_keys_are_read(sales, engine):
    """Only Athena's own reader is strict."""
    from larkbase_server.protocol import planning

    event = write_message(planning.GetTableRequest(**engine.about("sales.orders")), 5)
    turned = {"new": {"x": 1}, **dict(reversed(event.items()))}

    assert engine.invoke(turned) == engine.invoke(event)


def test_golden_requests_end_as_answers_or_as_documented_errors(sales, engine, reference):
    """Whatever the protocol's own library writes is taken, never as an unexpected failure."""
    from larkbase_server.protocol.faults import FederationException, InternalServiceException

    folder = reference / "athena-serde"
    if not folder.is_dir():
        pytest.skip(f"no golden messages at {folder}")
    outcomes = set()
    for path in sorted(folder.rglob("*Request*.json")):
        event = json.loads(path.read_text(encoding="utf-8"))
        read_request(event)
        try:
            outcomes.add(engine.invoke(event)["@type"])
        except InternalServiceException:
            raise
        except FederationException as error:
            outcomes.add(type(error).__name__)

    assert outcomes == {
        "PingResponse",
        "ListSchemasResponse",
        "GetDataSourceCapabilitiesResponse",
        "EntityNotFoundException",
        "InvalidInputException",
        "OperationNotSupportedException",
    }
