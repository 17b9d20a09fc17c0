"""The messages of the protocol's own library, of every serde version, are read and written."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from larkbase_server.protocol.messages import read_request, read_response, write_message
from larkbase_server.protocol.typed_values import python_values
from larkbase_server.protocol.value_sets import AllOrNoneValueSet, EquatableValueSet, SortedRangeSet
from larkbase_server.protocol.versions import answer_version

AT_LEAST = 100
ARROW = ("schema", "outputSchema")


def version_of(name: str) -> int:
    """Return the version in which a golden file was written; files beside the folders fit all."""
    found = re.search(r"v(\d)/", name)
    return int(found[1]) if found else 6


def read(name: str, data: Any) -> Any:
    return read_request(data) if "Request" in name else read_response(data)


def differences(golden: Any, written: Any, path: str = "$") -> Iterator[str]:
    """Yield where two JSON values differ; Arrow data by content, block names not at all."""
    if isinstance(golden, dict) and isinstance(written, dict):
        if list(golden) != list(written):
            yield f"{path}: {list(golden)} became {list(written)}"
        elif "aId" in golden:
            yield from [] if same_rows(golden, written) else [path]
        else:
            for key in golden:
                yield from differences(golden[key], written[key], f"{path}.{key}")
    elif isinstance(golden, list) and isinstance(written, list) and len(golden) == len(written):
        for index, pair in enumerate(zip(golden, written, strict=True)):
            yield from differences(*pair, f"{path}[{index}]")
    elif path.endswith(ARROW):
        yield from [] if same_schema(golden, written) else [path]
    elif golden != written or type(golden) is not type(written):
        yield f"{path}: {golden!r} became {written!r}"


def schema_of(text: str) -> pa.Schema:
    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text)))


def same_schema(one: str, other: str) -> bool:
    """Return whether two schemas have equal columns, metadata and framing."""
    same_framing = one.startswith("/////") == other.startswith("/////")
    return same_framing and schema_of(one).equals(schema_of(other), check_metadata=True)


def same_rows(one: dict[str, str], other: dict[str, str]) -> bool:
    """Return whether two blocks have equal schemas, rows and framing, decoded by pyarrow alone."""
    records = (one["records"], other["records"])
    if not same_schema(one["schema"], other["schema"]):
        return False
    if not all(records):
        return records == ("", "")
    schema = schema_of(one["schema"])
    batches = [
        pa.ipc.read_record_batch(pa.py_buffer(base64.b64decode(text)), schema) for text in records
    ]
    same_framing = records[0].startswith("/////") == records[1].startswith("/////")
    return same_framing and batches[0].equals(batches[1])


def test_every_golden_message_is_written_as_it_was_read(golden):
    """Same keys in the same order, same values, same rows, same framing."""
    problems = {}
    for name, data in golden.items():
        version = version_of(name)
        if version > 1 and "ForwardsCompatible" not in name:
            found = list(differences(data, write_message(read(name, data), version)))
            problems.update({name: found} if found else {})

    assert problems == {}


def test_every_golden_message_survives_writing_and_reading(golden):
    """Messages of every version, the first included, are equal after a round trip."""
    unequal = []
    for name, data in golden.items():
        message = read(name, data)
        newest = max(version_of(name), 6 if "v1/" in name else 2)
        if read(name, write_message(message, newest)) != message:
            unequal.append(name)

    assert unequal == []
    assert len(golden) >= AT_LEAST


def comparable(data: Any) -> Any:
    """Return JSON without what version 1 does not say: half of the identity, and ``all``."""
    if isinstance(data, dict):
        unsaid = ("all", "id", "principal") if "nullAllowed" in data or "arn" in data else ()
        return {key: comparable(item) for key, item in data.items() if key not in unsaid}
    return [comparable(item) for item in data] if isinstance(data, list) else data


def test_all_versions_of_a_message_mean_the_same(golden):
    """Version 1 names members and types in its own way, but says what version 6 says."""
    problems = {}
    for name, data in golden.items():
        if "sdk-generated/v1/" in name:
            newest = golden[name.replace("/v1/", "/v6/")]
            first, last = (
                comparable(write_message(read(name, item), 6)) for item in (data, newest)
            )
            found = list(differences(last, first))
            problems.update({name: found} if found else {})

    assert problems == {}


def test_unknown_keys_at_the_end_are_ignored(golden):
    """A newer sender may add members."""
    for name in ("PingRequest", "PingResponse"):
        newer = golden[f"{name}ForwardsCompatible.json"]

        assert "newField" in newer
        assert read(name, newer) == read(name, golden[f"{name}.json"])


def test_requests_are_answered_in_the_newest_version_that_fits(golden):
    """No request names its version; its members and its framing tell."""
    expected = {
        "Ping": {1: 2, 2: 6, 4: 6, 5: 6, 6: 6},
        "ListTables": {1: 2, 2: 6, 4: 6, 5: 6, 6: 6},
        "GetTable": {1: 2, 2: 4, 4: 4, 5: 6, 6: 6},
        "GetTableLayout": {1: 2, 2: 2, 4: 4, 5: 5, 6: 6},
        "GetSplits": {1: 2, 2: 2, 4: 4, 5: 5, 6: 6},
        "ReadRecords": {1: 2, 2: 2, 4: 4, 5: 5, 6: 6},
        "UserDefinedFunction": {1: 2, 2: 2, 4: 6, 5: 6, 6: 6},
    }
    wrong = {}
    for name, data in golden.items():
        kind = re.sub(r".*/|Request.*", "", name)
        if "Request" in name and kind in expected:
            wanted = expected[kind][version_of(name)]
            if answer_version(data) != wanted:
                wrong[name] = answer_version(data)

    assert wrong == {}


def test_the_value_sets_of_the_oldest_golden_request_are_understood(golden):
    """col3 > -10000.0, col4 is not one of a list, col5 says nothing about values."""
    request = read_request(golden["v2/GetSplitsRequest.json"])
    summary = request.constraints.summary
    above, others, unknown = summary["col3"], summary["col4"], summary["col5"]

    assert isinstance(above, SortedRangeSet)
    assert [(item.low.value, item.low.inclusive, item.high.value) for item in above.ranges] == [
        (-10000.0, False, None)
    ]
    assert not above.null_allowed
    assert isinstance(others, EquatableValueSet)
    assert (others.values, others.white_list, others.null_allowed) == ((1.1,), False, True)
    assert isinstance(unknown, AllOrNoneValueSet)
    assert unknown.null_allowed


def test_order_limit_and_expressions_are_understood(golden):
    """The members that version 4 added."""
    request = read_request(golden["v4/ReadRecordsRequest.json"])
    demands = request.constraints
    call = demands.expression[0]

    assert [(item.column_name, item.descending, item.nulls_first) for item in demands.order_by] == [
        ("col3", False, True),
        ("col2", True, True),
    ]
    assert demands.limit is None
    assert call.function_name == "$greater_than"
    assert call.arguments[0].arguments[1].values == (10,)


def test_moments_of_the_sample_block_keep_their_time_of_day(golden):
    """date64 keeps milliseconds, and the packed form loses its zone only."""
    block = read_response(golden["sdk-generated/v6/ReadRecordsResponse.json"]).records
    dates, zoned = (python_values(block.column(name)) for name in ("c_dt", "c_tsms"))

    assert dates[1] is None
    assert dates == zoned
    assert dates[0].isoformat() == "2023-11-14T22:13:20.123000+00:00"
