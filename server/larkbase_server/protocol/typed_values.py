"""Python values of wire arrays and back, with the moments that pyarrow would cut or misread.

On the wire date64 holds milliseconds with the time of day, and a timestamp with a zone holds
Presto's packed form. Both become aware datetimes in UTC here, at every depth of nested values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from larkbase_server.protocol.errors import MalformedMessage
from larkbase_server.protocol.moments import (
    day_of,
    days_of,
    millis_of,
    moment_of,
    pack,
    unpack,
)

Convert = Callable[[Any], Any]


def python_values(array: pa.Array) -> list[Any]:
    """Return the values as Python objects; moments are aware datetimes in UTC.

    Returns:
        bool, int, float, Decimal, str, bytes, date, datetime, or list, dict and list of pairs
        (map) of those; None for NULL.
    """
    convert = _reader(array.type)
    if convert is None:
        return list(array.to_pylist())
    return [_unless_null(convert, item) for item in array.view(_storage(array.type)).to_pylist()]


def wire_array(values: Sequence[Any], data_type: pa.DataType) -> pa.Array:
    """Return the wire array of Python values; the reverse of ``python_values``.

    Raises:
        MalformedMessage: when a value does not fit the type.
    """
    convert = _writer(data_type)
    if convert is not None:
        values = [_unless_null(convert, item) for item in values]
    try:
        return pa.array(values, _storage(data_type)).view(data_type)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        msg = f"A value does not fit the Arrow type {data_type}."
        raise MalformedMessage(msg) from error


def _unless_null(convert: Convert, value: Any) -> Any:
    return None if value is None else convert(value)


def _is_packed(data_type: pa.DataType) -> bool:
    return pa.types.is_timestamp(data_type) and data_type.tz is not None


def _storage(data_type: pa.DataType) -> pa.DataType:
    """Return the type whose values pyarrow converts without changing them."""
    types = pa.types
    if types.is_date64(data_type) or _is_packed(data_type):
        return pa.int64()
    if types.is_date32(data_type):
        return pa.int32()
    if types.is_list(data_type):
        return pa.list_(data_type.value_field.with_type(_storage(data_type.value_type)))
    if types.is_struct(data_type):
        return pa.struct([item.with_type(_storage(item.type)) for item in data_type])
    if types.is_map(data_type):
        return pa.map_(
            data_type.key_field.with_type(_storage(data_type.key_type)),
            data_type.item_field.with_type(_storage(data_type.item_type)),
        )
    return data_type


def _reader(data_type: pa.DataType) -> Convert | None:
    types = pa.types
    if types.is_date64(data_type):
        return moment_of
    if types.is_date32(data_type):
        return day_of
    if _is_packed(data_type):
        return lambda packed: moment_of(unpack(packed))
    return _nested(data_type, _reader)


def _writer(data_type: pa.DataType) -> Convert | None:
    types = pa.types
    if types.is_date64(data_type):
        return millis_of
    if types.is_date32(data_type):
        return days_of
    if _is_packed(data_type):
        return lambda moment: pack(millis_of(moment))
    return _nested(data_type, _writer)


def _nested(
    data_type: pa.DataType, make: Callable[[pa.DataType], Convert | None]
) -> Convert | None:
    types = pa.types
    if types.is_list(data_type):
        return _of_items(make(data_type.value_type))
    if types.is_struct(data_type):
        return _of_members({item.name: make(item.type) for item in data_type})
    if types.is_map(data_type):
        return _of_pairs(make(data_type.key_type), make(data_type.item_type))
    return None


def _of_items(convert: Convert | None) -> Convert | None:
    if convert is None:
        return None
    return lambda items: [_unless_null(convert, item) for item in items]


def _of_members(converts: Mapping[str, Convert | None]) -> Convert | None:
    needed = {name: convert for name, convert in converts.items() if convert is not None}
    if not needed:
        return None

    def convert_members(value: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: _unless_null(needed[name], item) if name in needed else item
            for name, item in value.items()
        }

    return convert_members


def _of_pairs(key: Convert | None, item: Convert | None) -> Convert | None:
    if key is None and item is None:
        return None

    def same(value: Any) -> Any:
        return value

    of_key, of_item = key or same, item or same

    def convert_pairs(pairs: Any) -> list[tuple[Any, Any]]:
        entries = pairs.items() if isinstance(pairs, Mapping) else pairs
        return [(of_key(one), _unless_null(of_item, other)) for one, other in entries]

    return convert_pairs
