"""Checks that an answer has the shape that Athena's own reader insists on.

This project's reader is lenient; Athena's fails on keys that are missing or out of order. So that
no connector passes here and fails there, an answer is compared with what it would be if it were
written anew: the same keys in the same order in every object, with further keys only after the
last one of the outermost.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from larkbase_server.protocol.errors import MalformedMessage
from larkbase_server.protocol.framing import empty_batch
from larkbase_server.protocol.messages import read_response, write_message
from larkbase_server.protocol.records import ReadRecordsResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_server.protocol.messages import Response


def read_strictly(data: Mapping[str, Any], version: int) -> Response:
    """Return the response of a JSON object, or the ``FunctionError`` in its place.

    Raises:
        MalformedMessage: when Athena could not read it.
        UnknownMessage: when it is no response of the protocol.
        UnsupportedArrowType: when a column is of a type that Athena cannot read.
    """
    response = read_response(data)
    if "@type" not in data:
        return response
    wanted = write_message(_without_rows(response), version)
    name = str(data["@type"])
    _compare(data, wanted, name, list(data)[: len(wanted)])
    return response


def _without_rows(response: Response) -> Response:
    """Return the response with no rows, which say nothing about keys and would cost time."""
    if isinstance(response, ReadRecordsResponse):
        return replace(response, records=empty_batch(response.records.schema))
    return response


def _compare(found: Any, wanted: Any, path: str, keys: list[str] | None = None) -> None:
    if isinstance(wanted, dict):
        given = list(found) if keys is None else keys
        if given != list(wanted):
            msg = (
                f"{path} has the keys {', '.join(given)}; "
                f"Athena reads {', '.join(wanted)}, in this order."
            )
            raise MalformedMessage(msg)
        for key, value in wanted.items():
            _compare(found[key], value, f"{path}.{key}")
    elif isinstance(wanted, list):
        for index, (one, other) in enumerate(zip(found, wanted, strict=True)):
            _compare(one, other, f"{path}[{index}]")
