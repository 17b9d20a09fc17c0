"""Whatever arrives as an event, the connector answers it or refuses it in Athena's words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.testing import LarkEmulator
from larkbase_server.athena.function import ConnectorFunction
from larkbase_server.protocol import discovery, planning
from larkbase_server.protocol.arrow_types import ArrowType
from larkbase_server.protocol.constraints import Constraints
from larkbase_server.protocol.faults import FederationException
from larkbase_server.protocol.identity import TableName
from larkbase_server.protocol.messages import read_response, write_message
from larkbase_server.protocol.records import ReadRecordsRequest
from larkbase_server.protocol.value_sets import Range, SortedRangeSet

WHO = {"query_id": "1f7c1a0e-0000-4000-8000-000000000001", "catalog_name": "lark"}
TABLE = {**WHO, "table_name": TableName("crm", "orders")}
COLUMNS = pa.schema([("no", pa.string()), ("amount", pa.float64())])


@pytest.fixture(scope="module")
def connector() -> Iterator[ConnectorFunction]:
    """A connector whose folder holds one base."""
    with LarkEmulator(app_secret="s3cret-of-the-connector") as emulator:
        base = emulator.database("CRM")
        base.table("Orders", {"No": ["a", "b"], "Amount": [1.5, None]})
        folder = emulator.drive.folder("Sales")
        folder.add(base)
        yield ConnectorFunction(
            {
                "LARK_APP_ID": emulator.app_id,
                "LARK_APP_SECRET": emulator.app_secret,
                "LARK_DOMAIN": emulator.url,
                "LARK_RETRIES": "0",
                "LARK_RATE": "1000",
                "disable_glue": "true",
                "default_does_activate_lark_drive_source": "true",
                "default_lark_drive_sources": folder.token,
            }
        )


@pytest.fixture(scope="module")
def requests(connector: ConnectorFunction) -> dict[str, dict[str, Any]]:
    """A good request of each kind, as JSON."""
    text = pa.string()
    point = Range.point("a", text)
    wanted = SortedRangeSet(ArrowType.of(text), (point,), null_allowed=False)
    constraints = Constraints(summary={"no": wanted}, limit=5)
    splits = planning.GetSplitsRequest(
        **TABLE, partitions=planning.single_partition(), constraints=constraints
    )
    answer = read_response(connector.run(write_message(splits, 5), None))
    made = [
        discovery.PingRequest(**WHO),
        discovery.GetDataSourceCapabilitiesRequest(**WHO),
        discovery.ListSchemasRequest(**WHO),
        discovery.ListTablesRequest(**WHO, schema_name="crm"),
        planning.GetTableRequest(**TABLE),
        planning.GetTableLayoutRequest(**TABLE, constraints=constraints, schema=pa.schema([])),
        splits,
        ReadRecordsRequest(
            **TABLE, schema=COLUMNS, split=next(iter(answer.splits)), constraints=constraints
        ),
    ]
    return {type(item).__name__: json.loads(json.dumps(write_message(item, 5))) for item in made}


KINDS = (
    "PingRequest",
    "GetDataSourceCapabilitiesRequest",
    "ListSchemasRequest",
    "ListTablesRequest",
    "GetTableRequest",
    "GetTableLayoutRequest",
    "GetSplitsRequest",
    "ReadRecordsRequest",
)


def answered(connector: ConnectorFunction, event: Any) -> bool:
    """Whether an event was answered; fails for a refusal that is none of Athena's."""
    try:
        answer = connector.run(event, None)
    except FederationException as error:
        refusal = f"{error!r}"
    else:
        json.dumps(answer)
        return True
    assert "s3cret-of-the-connector" not in refusal
    return False


@pytest.mark.parametrize("kind", KINDS)
def test_the_good_request_is_answered(connector, requests, kind):
    """Without it the next test would prove little."""
    assert answered(connector, requests[kind])


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_request_that_is_wrong_in_places_ends_well(connector, requests, changed, kind, data):
    """Members of other kinds, unknown tables, foreign splits, keys that cannot be used."""
    answered(connector, data.draw(changed(requests[kind])))


@given(data=st.data())
def test_any_event_ends_well(connector, any_json, data):
    """Also one that names a request and holds nothing of it."""
    kinds = st.sampled_from([*KINDS, "UserDefinedFunctionRequest", "NewRequest"])
    members = st.dictionaries(st.text(max_size=8), any_json, max_size=3)
    named = st.builds(lambda kind, rest: {"@type": kind, **rest}, kinds, members)

    answered(connector, data.draw(any_json | named))
