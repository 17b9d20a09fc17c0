"""Messages from JSON and to JSON, by the name in their ``@type``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from larkbase_server.protocol import discovery
from larkbase_server.protocol.answer_size import check_answer
from larkbase_server.protocol.codecs import write_tagged
from larkbase_server.protocol.errors import MalformedMessage, UnknownMessage
from larkbase_server.protocol.faults import FunctionError
from larkbase_server.protocol.shape import read_shape, write_shape
from larkbase_server.protocol.versions import check_version

if TYPE_CHECKING:
    from larkbase_server.protocol import planning, records

    Request = (
        discovery.PingRequest
        | discovery.ListSchemasRequest
        | discovery.ListTablesRequest
        | discovery.GetDataSourceCapabilitiesRequest
        | planning.GetTableRequest
        | planning.GetTableLayoutRequest
        | planning.GetSplitsRequest
        | records.ReadRecordsRequest
        | records.UserDefinedFunctionRequest
    )
    Response = (
        discovery.PingResponse
        | discovery.ListSchemasResponse
        | discovery.ListTablesResponse
        | discovery.GetDataSourceCapabilitiesResponse
        | planning.GetTableResponse
        | planning.GetTableLayoutResponse
        | planning.GetSplitsResponse
        | records.ReadRecordsResponse
        | records.RemoteReadRecordsResponse
        | records.UserDefinedFunctionResponse
        | FunctionError
    )

Payload = Mapping[str, Any] | bytes | str
"""A message as the Lambda runtime hands it over, or its JSON text."""


def read_request(payload: Payload) -> Request:
    """Return the request of an event; the serde version need not be known.

    Raises:
        MalformedMessage: when it is no JSON object or a member is missing or of a wrong kind.
        UnknownMessage: when it is no request of the protocol.
    """
    data = _json_object(payload)
    found: Request = _read(data, "request", discovery.REQUESTS)
    return found


def read_response(payload: Payload) -> Response:
    """Return the response of a payload, or the ``FunctionError`` that Lambda put in its place.

    Raises:
        MalformedMessage: when it is no JSON object or a member is missing or of a wrong kind.
        UnknownMessage: when it is no response of the protocol.
    """
    data = _json_object(payload)
    found: Response
    if "@type" not in data and "errorMessage" in data:
        found = read_shape(FunctionError, data, "FunctionError")
    else:
        found = _read(data, "response", discovery.RESPONSES)
    return found


def write_message(message: Request | Response, version: int) -> dict[str, Any]:
    """Return the JSON object of a message, its keys in the order that Athena insists on.

    Args:
        message: A request or a response.
        version: The serde version to write, such as ``answer_version`` found it.

    Raises:
        UnsupportedVersion: when the version cannot be written or cannot say what the message holds.
        UnsupportedArrowType: when a schema holds a type that Athena cannot read.
    """
    check_version(version)
    if isinstance(message, FunctionError):
        return write_shape(message, version)
    return write_tagged(message, version)


def write_answer(message: Response, version: int) -> dict[str, Any]:
    """Return what ``write_message`` returns, after a check that Lambda would let it pass.

    Raises:
        AnswerTooLarge: when it would not.
        UnsupportedVersion: as ``write_message`` does.
        UnsupportedArrowType: as ``write_message`` does.
    """
    answer = write_message(message, version)
    check_answer(answer)
    return answer


def _json_object(payload: Payload) -> Mapping[str, Any]:
    data: Any = payload
    if isinstance(payload, bytes | str):
        try:
            data = json.loads(payload)
        except ValueError as error:
            msg = "The message is no JSON; it may have been cut off."
            raise MalformedMessage(msg) from error
    if not isinstance(data, Mapping):
        msg = "The message must be a JSON object."
        raise MalformedMessage(msg)
    return data


def _read(data: Mapping[str, Any], kind: str, light: tuple[type[Any], ...]) -> Any:
    name = data.get("@type")
    if not isinstance(name, str):
        msg = f"The {kind} lacks the member '@type'."
        raise MalformedMessage(msg)
    owner = next((item for item in light if item.__name__ == name), None) or _with_arrow(kind).get(
        name
    )
    if owner is None:
        msg = f"{name!r} is no {kind} of the Athena federation protocol."
        raise UnknownMessage(msg)
    return read_shape(owner, data, name)


@cache
def _with_arrow(kind: str) -> dict[str, type[Any]]:
    """Return the messages that need pyarrow, which a Ping does not wait for."""
    from larkbase_server.protocol import planning, records

    owners = {
        "request": planning.REQUESTS + records.REQUESTS,
        "response": planning.RESPONSES + records.RESPONSES,
    }[kind]
    return {owner.__name__: owner for owner in owners}
