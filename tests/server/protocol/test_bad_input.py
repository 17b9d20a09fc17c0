"""Broken messages end as errors of this room with a clear text, never as something else."""

from __future__ import annotations

import base64
import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_server.protocol import errors, faults
from larkbase_server.protocol.errors import (
    MalformedMessage,
    ProtocolError,
    UnknownMessage,
    UnsupportedArrowType,
    UnsupportedVersion,
)
from larkbase_server.protocol.identity import TableName
from larkbase_server.protocol.messages import read_request, read_response, write_message
from larkbase_server.protocol.planning import GetTableResponse, single_partition
from larkbase_server.protocol.records import ReadRecordsResponse
from larkbase_server.protocol.spill import read_spilled

SCHEMA = pa.schema([("id", pa.int64()), ("text", pa.string())])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda item: st.lists(item) | st.dictionaries(st.text(), item),
    max_leaves=10,
)


@pytest.fixture
def wire(read_request: Any) -> dict[str, Any]:
    """A good ReadRecordsRequest as JSON."""
    return write_message(read_request(SCHEMA), 6)


@given(st.data())
def test_json_that_is_cut_off_is_refused(wire, data):
    """Wherever the cut is."""
    text = json.dumps(wire)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]

    with pytest.raises(MalformedMessage):
        read_request(cut)


@pytest.mark.parametrize("payload", [b"\xff\xfe{", "[]", "null", '"PingRequest"', b"", "{}", "NaN"])
def test_what_is_no_message_is_refused(payload):
    """Other JSON, no JSON, no text."""
    with pytest.raises(MalformedMessage):
        read_request(payload)
    with pytest.raises(MalformedMessage):
        read_response(payload)


@pytest.mark.parametrize("kind", ["GetPartitionsRequest", "PingResponse", "", "pingrequest"])
def test_an_unknown_request_type_is_refused_by_name(kind):
    """A response is no request either."""
    with pytest.raises(UnknownMessage, match=f"'{kind}' is no request"):
        read_request({"@type": kind})


def test_an_unknown_response_type_is_refused_by_name():
    """A request is no response."""
    with pytest.raises(UnknownMessage, match="'PingRequest' is no response"):
        read_response({"@type": "PingRequest"})


@pytest.mark.parametrize("version", [-1, 0, 1, 7, 99])
def test_versions_that_cannot_be_written_are_refused(version):
    """The first is only read, and the next is not known yet."""
    message = GetTableResponse(catalog_name="c", table_name=TableName("s", "t"), schema=SCHEMA)

    with pytest.raises(UnsupportedVersion, match=f"version {version} cannot be written"):
        write_message(message, version)


@pytest.mark.parametrize("name", ["queryId", "catalogName", "tableName", "schema", "split"])
def test_a_missing_member_is_named(wire, name):
    """Those without which nothing can be answered."""
    del wire[name]

    with pytest.raises(MalformedMessage, match=f"ReadRecordsRequest lacks the member '{name}'"):
        read_request(wire)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("queryId", 7, "queryId must be a text"),
        ("tableName", "orders", "tableName must be a JSON object"),
        ("schema", "/////", "schema must be base64"),
        ("schema", "客户", "schema must be base64"),
        ("schema", base64.b64encode(b"no Arrow at all").decode(), "no Arrow schema"),
        ("schema", "", "no Arrow schema"),
        ("schema", {"schema": 1}, "schema must be a text"),
        ("maxBlockSize", "many", "maxBlockSize must be a whole number"),
        ("maxBlockSize", 1.5, "maxBlockSize must be a whole number"),
        ("maxBlockSize", True, "maxBlockSize must be a whole number"),
        ("split", {"properties": []}, "split.properties must be a JSON object"),
        ("split", {"properties": {"a": []}}, "split.properties.a must be a text"),
        ("split", {"spillLocation": {"@type": "Disk"}}, "one of S3SpillLocation"),
        ("constraints", {"summary": {"c": {"@type": "Odd"}}}, "summary.c must be one of Sorted"),
        ("constraints", {"summary": {"c": None}}, "summary.c must be a JSON object"),
        ("constraints", {"orderByClause": [{"columnName": "c", "direction": "UP"}]}, "one of ASC"),
        ("constraints", {"orderByClause": {}}, "orderByClause must be a JSON list"),
        ("constraints", {"expression": [{"@type": "Odd"}]}, r"expression\[0\] must be one of"),
    ],
)
def test_a_member_of_the_wrong_kind_is_named(wire, name, value, message):
    """With its path."""
    wire[name] = value

    with pytest.raises(MalformedMessage, match=message):
        read_request(wire)


@pytest.mark.parametrize("keep", [0, 3, 10, 40, -8])
def test_a_schema_that_is_cut_off_is_refused(wire, keep):
    """Inside the base64, where JSON does not notice."""
    raw = base64.b64decode(wire["schema"])
    wire["schema"] = base64.b64encode(raw[:keep]).decode()

    with pytest.raises(MalformedMessage, match="no Arrow schema"):
        read_request(wire)


@pytest.mark.parametrize("keep", [3, 10, 100, -8])
def test_rows_that_are_cut_off_are_refused(keep):
    """Fewer rows never come out."""
    batch = pa.record_batch({"id": pa.array(range(100), pa.int64()), "text": ["x"] * 100})
    data = write_message(ReadRecordsResponse(catalog_name="c", records=batch), 6)
    raw = base64.b64decode(data["records"]["records"])
    data["records"]["records"] = base64.b64encode(raw[:keep]).decode()

    with pytest.raises(MalformedMessage, match=r"records\.records is no Arrow record batch"):
        read_response(data)


def test_rows_that_point_outside_their_data_are_refused():
    """Otherwise reading them would read foreign memory."""
    batch = pa.record_batch({"text": ["ab"]})
    raw = bytes(batch.serialize())
    offsets = (0).to_bytes(4, "little") + (2).to_bytes(4, "little")
    wrong = raw.replace(offsets, offsets[:4] + (2**20).to_bytes(4, "little"))

    assert wrong != raw
    with pytest.raises(MalformedMessage, match="no Arrow record batch"):
        read_spilled(wrong, batch.schema, None)


def test_rows_of_another_schema_are_refused():
    """A spilled object that does not belong to the answer."""
    other = pa.record_batch({"a": pa.array([1], pa.int8())})

    with pytest.raises(MalformedMessage, match="spilled block"):
        read_spilled(bytes(other.serialize()), SCHEMA, None)


def test_a_block_without_a_schema_is_refused():
    """Records alone cannot be read."""
    data = {"@type": "ReadRecordsResponse", "catalogName": "c", "records": {"records": ""}}

    with pytest.raises(MalformedMessage, match="lacks the member 'schema'"):
        read_response(data)
    with pytest.raises(MalformedMessage, match="must be a block"):
        read_response({**data, "records": "x"})


def test_a_type_that_athena_cannot_read_never_leaves():
    """Neither as a schema nor as a block."""
    odd = pa.record_batch({"odd": pa.array([1], pa.uint8())})
    table = TableName("s", "t")

    with pytest.raises(UnsupportedArrowType, match=r"uint8 of the column 'odd'"):
        write_message(GetTableResponse(catalog_name="c", table_name=table, schema=odd.schema), 6)
    with pytest.raises(UnsupportedArrowType, match=r"uint8 of the column 'odd'"):
        write_message(ReadRecordsResponse(catalog_name="c", records=odd), 6)


@given(JSON_VALUES)
def test_any_value_for_any_member_is_read_or_refused(wire, value):
    """No other exception ever comes out of reading."""
    for name in wire:
        try:
            read_request({**wire, name: value})
        except ProtocolError:
            continue


def test_a_table_without_partitions_has_one_row():
    """As the protocol's library makes it; the number means nothing."""
    assert single_partition().to_pydict() == {"partitionId": [1]}
    assert single_partition().schema.field(0).type == pa.int32()


def test_pandas_notes_do_not_travel():
    """They cost bytes in every block."""
    schema = SCHEMA.with_metadata({"pandas": "{…}", "comment": "kept"})
    table = TableName("s", "t")
    data = write_message(GetTableResponse(catalog_name="c", table_name=table, schema=schema), 6)

    assert read_response(data).schema.metadata == {b"comment": b"kept"}


def test_every_error_becomes_an_exception_that_athena_knows():
    """Named by its code; the text is the error's own."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    protocol_errors = [kind for kind in kinds if issubclass(kind, ProtocolError)]

    assert len(protocol_errors) == 10
    for kind in protocol_errors:
        fault = faults.fault_of(kind("what happened"))

        assert type(fault).__name__ == kind.code
        assert str(fault) == "what happened"
    assert set(faults.FAULTS) == {
        "AccessDeniedException",
        "EntityNotFoundException",
        "InvalidCredentialsException",
        "InvalidInputException",
        "InvalidResponseException",
        "OperationTimeoutException",
        "OperationNotSupportedException",
        "InternalServiceException",
        "PartialFailureException",
        "ThrottlingException",
    }
