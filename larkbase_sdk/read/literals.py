"""Binding of Python values to the kind of values a column holds, exactly or not at all."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from larkbase_sdk.errors import QueryError

if TYPE_CHECKING:
    from larkbase_sdk.read.operands import Kind, Operand
    from larkbase_sdk.read.predicate import Value

_HOLDS: dict[Kind, str] = {
    "text": "text",
    "number": "numbers",
    "boolean": "true or false",
    "time": "times",
    "texts": "lists of texts",
    "people": "lists of people or chats",
    "links": "links to records",
    "other": "nested values",
}
_HINTS: dict[Kind, str] = {
    "text": "Write text in single quotes: 'Open'.",
    "number": "Write numbers without quotes: 10.5.",
    "boolean": "Compare it with TRUE or FALSE, or write the bare column.",
    "time": "Write times as '2024-12-31' or '2024-12-31 23:59:59+08:00'; without an offset "
    "they are UTC.",
    "texts": "Use list_contains({path}, 'option').",
    "people": "Use list_contains({path}, 'ou_…') with the id of a person or chat.",
    "links": "Use list_contains({path}, 'rec…') with the id of a record.",
    "other": "Only IS NULL and IS NOT NULL can be asked of it.",
}
_MAX_EXPONENT = 400
_FINER_THAN_MICROSECONDS = re.compile(r"[.,]\d{6}\d*[1-9]")


def bind(value: object, target: Operand) -> Value:
    """Return ``value`` as a predicate's value for this operand.

    Numbers stay exact. Times become aware datetimes in UTC: a text is read as ISO 8601, a date is
    its midnight, and without an offset UTC is meant.

    Raises:
        QueryError: the operand holds other values; the hint says how to write one of its own.
    """
    bound = _bound(value, target.kind)
    if bound is None:
        shown = repr(value) if isinstance(value, str) else str(value)
        msg = f'"{target.path}" holds {_HOLDS[target.kind]} and cannot be compared with {shown}.'
        raise QueryError(msg, hint=hint_for(target))
    return bound


def hint_for(target: Operand) -> str:
    """Return how a condition on this operand is written."""
    import pyarrow.types as pt

    if target.kind == "other" and pt.is_struct(target.type):
        members = ", ".join(f"{target.path}.{field.name}" for field in target.type)
        return f"Compare one of its members: {members}."
    return _HINTS[target.kind].format(path=target.path)


def _bound(value: object, kind: Kind) -> Value | None:
    match kind, value:
        case "text", str():
            return value
        case "boolean", bool():
            return value
        case "number", bool():
            return None
        case "number", int() | float() | Decimal():
            return value if _is_reasonable(value) else None
        case "time", str() | dt.date():
            return to_instant(value)
        case _:
            return None


def _is_reasonable(number: float | Decimal) -> bool:
    exact = Decimal(number)
    return exact.is_finite() and abs(exact.adjusted()) <= _MAX_EXPONENT


def to_instant(value: str | dt.date) -> dt.datetime | None:
    """Return a time in UTC; a text is read as ISO 8601, and UTC is meant without an offset.

    None when the text is no time, or when the time is finer than microseconds or outside the
    years 1 to 9999 in UTC.
    """
    if isinstance(value, str):
        parsed = _parse_time(value)
        if parsed is None:
            return None
        value = parsed
    if not isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    if value.tzinfo is None:
        return value.replace(tzinfo=dt.UTC)
    try:
        return value.astimezone(dt.UTC)
    except OverflowError:
        return None


def _parse_time(text: str) -> dt.datetime | None:
    # The standard parser cuts digits after the sixth, which could turn < into =.
    if _FINER_THAN_MICROSECONDS.search(text):
        return None
    try:
        return dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
