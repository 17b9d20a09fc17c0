"""Read the body of a records call: in one go into Arrow, or piece by piece into plain JSON.

pyarrow's reader is the fast way and refuses much; the plain way survives every body that is JSON
at all, and tells what is wrong with the others.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.json as pj

from larkbase_sdk.api.answers import MalformedBody

RECORD_ID = "record_id"
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Layout:
    """The members of ``data`` in the answer of one call.

    Attributes:
        records: Name of the list of records.
        extras: Names and types of the other members that are read.
    """

    records: str
    extras: tuple[tuple[str, pa.DataType], ...]


def read_columns(body: bytes, options: pj.ParseOptions) -> Any:
    """Return ``data`` as a struct array of one row, or None when the plain way must be taken.

    Args:
        body: The bytes of the answer; the result keeps no reference to them.
        options: The wanted members of ``data`` with their types.
    """
    if not _is_object(body) or not _is_utf8(body):
        return None
    read_options = pj.ReadOptions(use_threads=False, block_size=len(body) + 1)
    try:
        table = pj.read_json(
            pa.BufferReader(body), read_options=read_options, parse_options=options
        )
    except pa.ArrowInvalid:
        return None
    data = table.column(0)
    return data.chunk(0) if len(data) == 1 and not data.null_count else None


def _is_object(body: bytes) -> bool:
    # A bare null crashes the process inside pyarrow's reader (seen with pyarrow 26).
    return body.lstrip().startswith(b"{") and body.rstrip().endswith(b"}")


def _is_utf8(body: bytes) -> bool:
    # pyarrow's reader does not check it, and whoever uses such an array fails much later.
    if body.isascii():
        return True
    ends = pa.array([0, len(body)], pa.int32()).buffers()[1]
    try:
        pa.StringArray.from_buffers(1, ends, pa.py_buffer(body)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def read_members(body: bytes, *, exact: bool) -> dict[str, Any]:
    """Return the ``data`` of the answer as plain JSON; with ``exact``, fractions as Decimal.

    Raises:
        MalformedBody: the body is no JSON, or holds no ``data``.
    """
    answer = _parse(body, exact=exact)
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        msg = "the answer holds no data"
        raise MalformedBody(msg)
    return data


def _parse(body: bytes, *, exact: bool) -> Any:
    if not exact:
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass  # such as a lone surrogate, which the standard library accepts
    text = body.decode("utf-8-sig", "replace")
    try:
        answer = json.loads(text, parse_float=Decimal if exact else None)
        return _encodable(answer) if _ESCAPED_SURROGATE.search(text) else answer
    except (ValueError, RecursionError):
        msg = f"the answer of {len(body)} bytes is not JSON"
        raise MalformedBody(msg) from None


def _encodable(value: Any) -> Any:
    """Replace lone surrogates, which no UTF-8 text can hold, by the replacement character."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return value


def rows_of(members: dict[str, Any], layout: Layout) -> list[dict[str, Any]]:
    """Return the records among the members of ``data``, each with an id and an object of cells.

    Raises:
        MalformedBody: the records are no list, or one has no id or no object of cells.
    """
    rows = members.get(layout.records)
    if rows is None:
        return []
    if not isinstance(rows, list):
        msg = f"{layout.records} is not a list"
        raise MalformedBody(msg)
    return [_row(row) for row in rows]


def _row(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict) or not isinstance(row.get(RECORD_ID), str):
        msg = "a record has no id"
        raise MalformedBody(msg)
    fields = row.get("fields")
    if fields is None:
        return row | {"fields": {}}
    if not isinstance(fields, dict):
        msg = "the fields of a record are no object"
        raise MalformedBody(msg)
    return row
