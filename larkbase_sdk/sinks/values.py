"""Cells as Python values and as text, also where Python has no value for them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import QueryError

if TYPE_CHECKING:
    import pyarrow as pa

_EPOCH = dt.date(1970, 1, 1)
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097
"""After so many years the calendar begins anew, with the same leap years."""

_DAY = 86_400
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_KNOWN_SECONDS = 62_000_000_000
"""So far from 1970, to about the year 3934, pyarrow writes every time rightly; from the year
32768 on it writes another one."""


def plain_values(column: pa.Array | pa.ChunkedArray) -> list[Any]:
    """Return cells as Python values; dates and times beyond Python's calendar as ISO 8601 text."""
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):
        return [_plain_value(cell) for cell in column]


def plain_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the rows of a batch with cells as of ``plain_values``."""
    columns = [plain_values(column) for column in batch.columns]
    names = batch.schema.names
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain_value(cell: Any) -> Any:
    """Return a cell of any type; of a nested one only what Python cannot hold becomes text."""
    import pyarrow as pa

    try:
        return cell.as_py()
    except (OverflowError, ValueError):
        kind = cell.type
        if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
            return moment_text(cell.value, kind)
        if pa.types.is_struct(kind):
            return {name: _plain_value(member) for name, member in cell.items()}
        if pa.types.is_map(kind):
            return [tuple(map(_plain_value, pair.values())) for pair in cell.values]
        if pa.types.is_nested(kind):
            return [_plain_value(item) for item in cell.values]
        raise


def times_as_text(column: pa.Array) -> pa.Array:
    """Return times as ISO 8601 text in UTC, with all digits that their type has."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = _KNOWN_SECONDS * _PER_SECOND[column.type.unit]
    ends = pc.min_max(column.cast(pa.int64())).as_py()
    if ends["min"] is None or (ends["min"] >= -known and ends["max"] <= known):
        return pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
    texts = [moment_text(cell.value, cell.type) if cell.is_valid else None for cell in column]
    return pa.array(texts, pa.string())


def moment_text(value: int, kind: pa.DataType) -> str:
    """Return a date or a time of Arrow as ISO 8601 text, such as ``10000-01-01``.

    Args:
        value: What Arrow stores: days, or the type's parts of a second, since 1970 in UTC.
        kind: ``date32``, ``date64`` or a timestamp.
    """
    import pyarrow as pa

    if pa.types.is_date32(kind):
        return _date_text(value)
    if pa.types.is_date64(kind):
        return _date_text(value // (_DAY * 1000))
    parts = _PER_SECOND[kind.unit]
    seconds, part = divmod(value, parts)
    days, second = divmod(seconds, _DAY)
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    digits = f".{part + parts}"[2:]
    return f"{_date_text(days)}T{clock}{digits and '.' + digits}Z"


def _date_text(days: int) -> str:
    cycles, rest = divmod(days, _CYCLE_DAYS)
    found = _EPOCH + dt.timedelta(rest)
    year = found.year + cycles * _CYCLE_YEARS
    return f"{'-' if year < 0 else ''}{abs(year):04}-{found:%m-%d}"


def json_text(value: Any) -> str:
    """Return what JSON has no form for as text: intervals in ISO 8601, bytes as their characters.

    For ``orjson.dumps(…, default=json_text)``.
    """
    if isinstance(value, bytes):
        return bytes_text(value)
    return interval_text(value) if hasattr(value, "nanoseconds") else str(value)


def bytes_text(value: bytes) -> str:
    r"""Return bytes as the characters that they are in UTF-8, and as ``\xff`` what is none."""
    return value.decode("utf-8", "backslashreplace")


def interval_text(value: pa.MonthDayNano) -> str:
    """Return an interval as an ISO 8601 duration, such as ``P1M2DT3.5S``."""
    seconds, rest = divmod(abs(value.nanoseconds), 10**9)
    sign = "-" if value.nanoseconds < 0 else ""
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return f"P{value.months}M{value.days}DT{sign}{seconds}{fraction}S"


def refuse_intervals(schema: pa.Schema, form: str) -> None:
    """Raise a QueryError when a column holds intervals, which this form of data does not know."""
    for field in schema:
        if "month_day_nano_interval" in str(field.type):
            msg = f'{form} has no type for the intervals of "{field.name}".'
            hint = f"Make something else of it in the statement, such as epoch({field.name})."
            raise QueryError(msg, hint=hint)
