"""Messages that we make ourselves: key order of every version, round trips, lenient reading."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from larkbase_server.protocol import capabilities
from larkbase_server.protocol.arrow_types import ArrowType
from larkbase_server.protocol.constraints import Constraints, OrderByField, QueryPlan
from larkbase_server.protocol.discovery import (
    GetDataSourceCapabilitiesRequest,
    GetDataSourceCapabilitiesResponse,
    ListSchemasRequest,
    ListSchemasResponse,
    ListTablesRequest,
    ListTablesResponse,
    PingRequest,
    PingResponse,
)
from larkbase_server.protocol.errors import UnsupportedVersion
from larkbase_server.protocol.expressions import (
    ConstantExpression,
    FunctionCallExpression,
    VariableExpression,
)
from larkbase_server.protocol.faults import FunctionError
from larkbase_server.protocol.identity import Identity, TableName
from larkbase_server.protocol.messages import read_request, read_response, write_message
from larkbase_server.protocol.planning import (
    GetSplitsRequest,
    GetSplitsResponse,
    GetTableLayoutRequest,
    GetTableLayoutResponse,
    GetTableRequest,
    GetTableResponse,
    single_partition,
)
from larkbase_server.protocol.records import (
    ReadRecordsRequest,
    ReadRecordsResponse,
    RemoteReadRecordsResponse,
    UserDefinedFunctionRequest,
    UserDefinedFunctionResponse,
)
from larkbase_server.protocol.splits import EncryptionKey, S3SpillLocation, Split
from larkbase_server.protocol.value_blocks import ValueBlock
from larkbase_server.protocol.value_sets import (
    AllOrNoneValueSet,
    EquatableValueSet,
    Range,
    SortedRangeSet,
)
from larkbase_server.protocol.versions import NEWEST, OLDEST, answer_version, common_version

VERSIONS = range(OLDEST, NEWEST + 1)
INT = pa.int32()
TABLE = TableName("crm", "orders")
SCHEMA = pa.schema([("status", pa.string()), ("amount", pa.float64())], metadata={"k": "v"})
ROWS = pa.record_batch({"status": ["open", None], "amount": [1.5, None]}).cast(SCHEMA)
KEY = EncryptionKey(bytes(32), bytes(12))
PLACE = S3SpillLocation("bucket", "prefix/query/split")
SPLITS = (
    Split(spill_location=PLACE, encryption_key=KEY, properties={"part": "1"}),
    Split(properties={"part": "2"}),
)
IDENTITY = Identity(
    account="123456789012",
    arn="arn:aws:iam::123456789012:user/u",
    tags={"team": "x"},
    groups=("g",),
)
SUMMARY = {
    "amount": SortedRangeSet(
        ArrowType.of(pa.float64()),
        (
            Range.between(pa.float64(), high=-1.0, high_inclusive=False),
            Range.point(2.0, pa.float64()),
            Range.between(pa.float64(), low=7.5),
        ),
        null_allowed=True,
    ),
    "status": EquatableValueSet(ValueBlock(pa.string(), ("open", "won")), white_list=False),
    "tags": AllOrNoneValueSet(ArrowType.of(pa.list_(pa.string())), null_allowed=True),
}
BY_VERSION = {
    2: Constraints(summary=SUMMARY),
    4: Constraints(
        summary=SUMMARY,
        expression=(
            FunctionCallExpression(
                ArrowType.of(pa.bool_()),
                "$equal",
                (
                    VariableExpression("amount", ArrowType.of(INT)),
                    ConstantExpression(ValueBlock(INT, (5,)), ArrowType.of(INT)),
                ),
            ),
        ),
        order_by=(OrderByField("amount", "DESC_NULLS_LAST"),),
        limit=10,
    ),
}
BY_VERSION[3] = BY_VERSION[2]
BY_VERSION[5] = replace(BY_VERSION[4], query_passthrough={"schemaFunctionName": "SYSTEM.QUERY"})
BY_VERSION[6] = replace(BY_VERSION[5], query_plan=QueryPlan("0.65.0", "AAAA"))

COMMON = {"identity": IDENTITY, "query_id": "query", "catalog_name": "catalog"}


def messages(version: int) -> list[Any]:
    """Return one message of every kind, as rich as the version allows."""
    demands = BY_VERSION[version]
    arguments = demands.query_passthrough
    table = COMMON | {"table_name": TABLE}
    return [
        PingRequest(**COMMON),
        PingResponse.to(PingRequest(**COMMON), "lark"),
        ListSchemasRequest(**COMMON),
        ListSchemasResponse(catalog_name="catalog", schemas=("crm", "hr")),
        ListTablesRequest(**COMMON, schema_name="crm", next_token="t", page_size=25),
        ListTablesRequest(**COMMON),
        ListTablesResponse(tables=(TABLE,), catalog_name="catalog", next_token="t"),
        GetTableRequest(**table, query_passthrough=arguments),
        GetTableResponse(
            catalog_name="catalog", table_name=TABLE, schema=SCHEMA, partition_columns=("status",)
        ),
        GetTableLayoutRequest(
            **table, constraints=demands, schema=SCHEMA, partition_columns=("status",)
        ),
        GetTableLayoutResponse(
            catalog_name="catalog", table_name=TABLE, partitions=single_partition()
        ),
        GetSplitsRequest(
            **table,
            partitions=single_partition(),
            partition_columns=("status",),
            constraints=demands,
            continuation_token="3",
        ),
        GetSplitsResponse(catalog_name="catalog", splits=SPLITS, continuation_token="4"),
        ReadRecordsRequest(
            **table,
            schema=SCHEMA,
            split=SPLITS[0],
            constraints=demands,
            max_block_size=16_000_000,
            max_inline_block_size=5_242_880,
        ),
        ReadRecordsResponse(catalog_name="catalog", records=ROWS),
        RemoteReadRecordsResponse(
            catalog_name="catalog",
            schema=SCHEMA,
            remote_blocks=(PLACE.block(0), PLACE.block(1)),
            encryption_key=KEY,
        ),
        UserDefinedFunctionRequest(
            identity=IDENTITY, input_records=ROWS, output_schema=SCHEMA, method_name="m"
        ),
        UserDefinedFunctionResponse(records=ROWS, method_name="m"),
        GetDataSourceCapabilitiesRequest(**COMMON),
        GetDataSourceCapabilitiesResponse(
            catalog_name="catalog",
            capabilities={**capabilities.LIMIT, **capabilities.TOP_N, **capabilities.FILTER},
        ),
        FunctionError(message="no", error_type="E", stack_trace=("a", "b")),
    ]


KEYS = {
    "PingRequest": "identity catalogName queryId",
    "PingResponse": "catalogName queryId sourceType capabilities serDeVersion",
    "ListSchemasRequest": "identity queryId catalogName",
    "ListSchemasResponse": "catalogName schemas",
    "ListTablesRequest": "identity queryId catalogName schemaName nextToken pageSize",
    "ListTablesResponse": "tables catalogName nextToken",
    "GetTableRequest": "identity queryId catalogName tableName queryPassthroughArguments",
    "GetTableResponse": "catalogName tableName schema partitionColumns",
    "GetTableLayoutRequest": "identity queryId catalogName tableName constraints schema "
    "partitionColumns",
    "GetTableLayoutResponse": "catalogName tableName partitions",
    "GetSplitsRequest": "identity queryId catalogName tableName partitions partitionColumns "
    "constraints continuationToken",
    "GetSplitsResponse": "catalogName splits continuationToken",
    "ReadRecordsRequest": "identity queryId catalogName tableName schema split constraints "
    "maxBlockSize maxInlineBlockSize",
    "ReadRecordsResponse": "catalogName records",
    "RemoteReadRecordsResponse": "catalogName schema remoteBlocks encryptionKey",
    "UserDefinedFunctionRequest": "identity inputRecords outputSchema methodName functionType",
    "UserDefinedFunctionResponse": "records methodName",
    "GetDataSourceCapabilitiesRequest": "identity queryId catalogName",
    "GetDataSourceCapabilitiesResponse": "catalogName capabilities",
}
CONSTRAINT_KEYS = "summary expression orderByClause limit queryPassthroughArguments queryPlan"
CONSTRAINTS_SINCE = {2: 1, 3: 1, 4: 4, 5: 5, 6: 6}


def read(message: Any, data: Any) -> Any:
    return read_request(data) if "Request" in type(message).__name__ else read_response(data)


def shuffled(data: Any, chance: random.Random) -> Any:
    """Return JSON with its keys in another order, and a key that nobody knows in every object."""
    if isinstance(data, dict):
        items = [(key, shuffled(item, chance)) for key, item in data.items()]
        chance.shuffle(items)
        maps = ("tags", "configOptions", "properties", "capabilities", "summary", "limit")
        extended = [
            (key, {"unknownKey": 1, **item} if isinstance(item, dict) and key not in maps
             and not key.startswith("queryPassthrough") and "subType" not in str(item) else item)
            for key, item in items
        ]  # fmt: skip
        return dict(extended)
    return [shuffled(item, chance) for item in data] if isinstance(data, list) else data


@pytest.mark.parametrize("version", VERSIONS)
def test_every_message_survives_its_own_json(version):
    """Reading what was written gives an equal message, in every version that is written."""
    made = messages(version)
    texts = [json.dumps(write_message(message, version)) for message in made]

    assert [read(message, text) for message, text in zip(made, texts, strict=True)] == made


@pytest.mark.parametrize("version", VERSIONS)
def test_keys_stand_in_the_order_that_athena_insists_on(version):
    """The reader of the other side is a streaming parser: a key out of place fails the query."""
    for message in messages(version):
        name = type(message).__name__
        if name in KEYS:
            data = write_message(message, version)
            expected = ["@type", *KEYS[name].split()]
            if name == "GetTableRequest" and version < 5:
                expected.remove("queryPassthroughArguments")

            assert list(data) == expected
            if "constraints" in data:
                expected = CONSTRAINT_KEYS.split()[: CONSTRAINTS_SINCE[version]]
                assert list(data["constraints"]) == expected


@pytest.mark.parametrize("version", VERSIONS)
def test_the_order_of_keys_is_irrelevant_when_reading(version):
    """Reordered and extended JSON gives the same message."""
    chance = random.Random(version)
    for message in messages(version):
        if isinstance(message, FunctionError):
            continue
        data = shuffled(write_message(message, version), chance)

        assert read(message, {"unknownKey": [1], **data}) == message


def test_messages_are_read_from_bytes_texts_and_objects():
    """The Lambda runtime hands over an object, an endpoint bytes."""
    request = ListTablesRequest(**COMMON, schema_name="crm")
    data = write_message(request, 6)
    text = json.dumps(data)

    assert read_request(data) == read_request(text) == read_request(text.encode()) == request


@pytest.mark.parametrize("version", VERSIONS)
def test_arrow_messages_are_framed_as_the_version_frames_them(version):
    """The continuation marker came with version 3."""
    records = write_message(ReadRecordsResponse(catalog_name="c", records=ROWS), version)["records"]

    marked = version >= 3
    assert records["schema"].startswith("/////") is marked
    assert records["records"].startswith("/////") is marked


@pytest.mark.parametrize(("version", "metadata"), [(2, "V4"), (3, "V5"), (6, "V5")])
def test_arrow_messages_have_the_metadata_version_of_their_time(version, metadata):
    """Java's reader of the old framing knows V4 only."""
    records = write_message(ReadRecordsResponse(catalog_name="c", records=ROWS), version)["records"]
    messages = [
        pa.ipc.read_message(pa.py_buffer(base64.b64decode(records[name])))
        for name in ("schema", "records")
    ]

    assert [message.type for message in messages] == ["schema", "record batch"]
    assert [message.metadata_version.name for message in messages] == [metadata, metadata]


def test_a_request_is_answered_in_its_own_version():
    """Where a version shows in the shape, it is found again; where not, the newest is right."""
    for version in VERSIONS:
        for message in messages(version):
            if hasattr(message, "constraints"):
                assert answer_version(write_message(message, version)) == version
            elif isinstance(message, PingRequest):
                assert answer_version(write_message(message, version)) == NEWEST


def test_missing_and_null_optional_members_get_their_defaults():
    """A request with no more than the necessary is understood."""
    bare = {
        "@type": "ReadRecordsRequest",
        "queryId": "query",
        "catalogName": "catalog",
        "tableName": {"schemaName": "crm", "tableName": "orders"},
        "schema": write_message(messages(6)[8], 6)["schema"],
        "split": {"spillLocation": None, "properties": {"a": 1, "b": True, "c": None}},
        "constraints": {"summary": None, "limit": None},
        "identity": {"id": "UNKNOWN", "account": None},
    }

    assert read_request(bare) == ReadRecordsRequest(
        query_id="query",
        catalog_name="catalog",
        table_name=TABLE,
        schema=SCHEMA,
        split=Split(properties={"a": "1", "b": "true"}),
    )


def test_block_sizes_are_texts_on_the_wire_and_numbers_are_read_too():
    """Version 1 wrote numbers, later versions write decimal texts."""
    request = messages(6)[13]
    data = write_message(request, 6)

    assert (data["maxBlockSize"], data["maxInlineBlockSize"]) == ("16000000", "5242880")
    assert read_request({**data, "maxBlockSize": 16_000_000}) == request


def test_unlimited_is_minus_one_on_the_wire():
    """A limit or page size that is None here is -1 there."""
    data = write_message(ListTablesRequest(**COMMON), 6)
    demands = write_message(GetTableLayoutRequest(**COMMON, table_name=TABLE, schema=SCHEMA), 6)

    assert data["pageSize"] == -1
    assert demands["constraints"]["limit"] == -1
    assert read_request({**data, "pageSize": 0}).page_size == 0


def test_a_version_refuses_what_it_cannot_say():
    """A member that is dropped in silence could change the answer."""
    table = COMMON | {"table_name": TABLE}
    native = GetTableRequest(**table, query_passthrough={"QUERY": "x"})
    limited = GetTableLayoutRequest(**table, constraints=Constraints(limit=1), schema=SCHEMA)
    planned = GetTableLayoutRequest(
        **table, constraints=Constraints(query_plan=QueryPlan("1", "AAAA")), schema=SCHEMA
    )

    for message, version in ((native, 4), (limited, 3), (planned, 5)):
        with pytest.raises(UnsupportedVersion, match=f"Serde version {version} has no member"):
            write_message(message, version)


@pytest.mark.parametrize(("reported", "common"), [(2, 2), (5, 5), (6, 6), (99, 6)])
def test_both_sides_use_the_newest_common_version(reported, common):
    """The caller takes the lower of its own version and the connector's."""
    assert common_version(reported) == common


def test_a_ping_answer_without_a_version_means_the_first():
    """Connectors of the preview did not report one."""
    answer = read_response({"@type": "PingResponse", "catalogName": "c", "queryId": "q"})

    assert answer.serde_version == 1
    with pytest.raises(UnsupportedVersion):
        common_version(answer.serde_version)


def test_a_ping_is_answered_with_the_versions_that_this_connector_has():
    """Serde version 5: everything but Substrait plans."""
    answer = PingResponse.to(PingRequest(catalog_name="c", query_id="q"), "lark")

    assert write_message(answer, 6) == {
        "@type": "PingResponse",
        "catalogName": "c",
        "queryId": "q",
        "sourceType": "lark",
        "capabilities": 24,
        "serDeVersion": 5,
    }


def test_capabilities_have_the_names_that_athena_knows():
    """One of the names is in capitals and one misspelt, and both must be so."""
    declared = GetDataSourceCapabilitiesResponse(
        catalog_name="c",
        capabilities={
            **capabilities.LIMIT,
            **capabilities.TOP_N,
            **capabilities.FILTER,
            **capabilities.HINTS,
            **capabilities.expressions("$and"),
            **capabilities.passthrough("system", "query", "QUERY"),
        },
    )
    data = write_message(declared, 6)["capabilities"]

    assert {name: [item["subType"] for item in items] for name, items in data.items()} == {
        "supports_limit_pushdown": ["integer_constant"],
        "supports_top_n_pushdown": ["SUPPORTS_ORDER_BY"],
        "supports_filter_pushdown": [
            "sorted_range_set",
            "equatable_range_set",
            "all_or_none_value_set",
            "nullable_comparison",
        ],
        "data_source_hints": ["non_default_collate"],
        "supports_complex_expression_pushdown": ["supported_function_expression_types"],
        "SYSTEM.QUERY": [
            "query_passthrough_schema",
            "query_passthrough_name",
            "query_passthrough_arguments",
        ],
    }
    assert data["SYSTEM.QUERY"][2]["properties"] == ["QUERY"]


def test_an_error_of_the_function_is_read_in_place_of_an_answer():
    """From Java it has a cause, from Python a request id that nobody needs."""
    payload = {
        "errorMessage": "no such table",
        "errorType": "EntityNotFoundException",
        "requestId": "r",
        "stackTrace": ["a", ["b", 1]],
        "cause": {"errorMessage": "below", "errorType": "E"},
    }

    assert read_response(payload) == FunctionError(
        message="no such table",
        error_type="EntityNotFoundException",
        stack_trace=("a", ["b", 1]),
        cause=FunctionError(message="below", error_type="E"),
    )
    assert list(write_message(FunctionError(message="m"), 6)) == [
        "errorMessage",
        "errorType",
        "stackTrace",
    ]


def test_no_key_token_or_cell_is_shown():
    """Whoever logs a message by accident reveals nothing."""
    identity = Identity(config_options={"fas_token": "very-secret"})
    key = EncryptionKey(b"0123456789abcdef", b"nonce-nonce!")
    request = ReadRecordsRequest(
        **COMMON | {"identity": identity},
        table_name=TABLE,
        schema=SCHEMA,
        split=Split(spill_location=PLACE, encryption_key=key),
    )
    shown = repr(request) + repr(ReadRecordsResponse(catalog_name="c", records=ROWS))

    assert "EncryptionKey(128 bits)" in shown
    for hidden in ("very-secret", "0123456789abcdef", "nonce-nonce", "1.5"):
        assert hidden not in shown
