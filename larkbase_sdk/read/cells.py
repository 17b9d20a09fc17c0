"""Convert one JSON cell, of whatever shape, to a Python value that fits a declared Arrow type.

Together with the rules for single values (``scalars.py``) this states completely what a cell
becomes; the kernels are a fast path for the usual shapes and must give the same values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from larkbase_sdk.errors import UnsupportedField
from larkbase_sdk.read.scalars import (
    CellError,
    Converter,
    Note,
    bytes_converter,
    decimal_converter,
    double_converter,
    holds_nothing,
    integer_converter,
    is_millis,
    to_days,
    to_millis,
    to_text,
    to_truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_sdk.schema.table_schema import Column

OLDER_MEMBERS = {"record_ids": "link_record_ids"}
"""Catalogues from before October 2025 name the member of a link as the older list call does."""

_LINK = "link_record_ids"
_WRAPPER_ONLY = {"type", "ui_type"}


def cell_converter(column: Column) -> Converter:
    """Return the function that converts cells of a column to its Arrow type.

    The function never raises: what cannot be converted is None and noted. An empty cell (None,
    an empty text or list, an object without any value) is None, except that an empty checkbox
    is false. Timestamps are returned as milliseconds and dates as days since 1970 in UTC.

    Raises:
        UnsupportedField: no cell can become a value of the declared type.
    """
    try:
        convert = _converter(column.arrow_type)
    except CellError as error:
        msg = f'The column "{column.name}" is declared as {error}, which no Lark cell can fill.'
        raise UnsupportedField(msg, hint="Declare another type, such as string.") from error
    if column.wrapper is not None:
        convert = _unwrapping(convert, column.arrow_type)
    elif column.result.shape == "checkbox":
        return _checkbox(convert)
    return lambda value, note: _cell(convert, value, note)


def _cell(convert: Converter, value: Any, note: Note) -> Any:
    if value in (None, "") or (isinstance(value, dict) and holds_nothing(value)):
        return None
    result = _part(convert, value, note)
    return None if _is_empty(result) else result


def _is_empty(result: Any) -> bool:
    if isinstance(result, dict):
        return all(member is None or member == [] for member in result.values())
    return result is None or result in ("", [], b"")


def _part(convert: Converter, value: Any, note: Note) -> Any:
    """Convert a cell, an element or a member; only that part is None when it does not fit."""
    if value is None:
        return None
    try:
        return convert(value, note)
    except CellError as error:
        note(str(error))
        return None


def _checkbox(convert: Converter) -> Converter:
    """A checkbox knows no third state: everything that is not true is false."""

    def checked(value: Any, note: Note) -> Any:
        try:
            state = to_truth(value, note)
        except CellError:
            state = False
        return _part(convert, bool(state), note)

    return checked


def _unwrapping(convert: Converter, target: pa.DataType) -> Converter:
    """Take the wrapper ``{type, value}`` off the cell of a formula or lookup.

    A formula has one result. Where several come, segments are joined, the ids of links are put
    together, other texts are shown as a JSON list, and everything else is NULL with a note,
    because no choice between them would be right.
    """
    is_list = pa.types.is_list(target)
    is_record = pa.types.is_struct(target) and not _link_member(target)

    def unwrapped(cell: Any, note: Note) -> Any:
        value = cell.get("value") if _is_wrapper(cell) else cell
        if is_list or not isinstance(value, list):
            return None if value in (None, "") else convert(value, note)
        if len(value) == 1:
            return None if value[0] is None else convert(value[0], note)
        if is_record and len(value) > 1:
            msg = "the formula gives several values where one is expected"
            raise CellError(msg)
        return convert(value, note)

    return unwrapped


def _is_wrapper(cell: Any) -> bool:
    return isinstance(cell, dict) and ("value" in cell or cell.keys() <= _WRAPPER_ONLY)


def _converter(target: pa.DataType) -> Converter:
    """Return the converter to a type; CellError names a type that has none."""
    for matches, make in _MAKERS:
        if matches(target):
            return make(target)
    raise CellError(str(target))


def _list(target: pa.DataType) -> Converter:
    element = _converter(target.value_type)

    def convert(value: Any, note: Note) -> list[Any]:
        if isinstance(value, list):
            return [_part(element, item, note) for item in value]
        return [_part(element, value, note)]

    return convert


def _record(target: pa.DataType) -> Converter:
    members = [(member.name, _converter(member.type)) for member in target]
    link = _link_member(target)

    def convert(value: Any, note: Note) -> dict[str, Any] | None:
        if link:
            value = _one_link(value, link)
        if isinstance(value, list):
            value = next((item for item in value if item is not None), None)
        if value is None:
            return None
        if not isinstance(value, dict):
            msg = "a single value stands where an object is expected"
            raise CellError(msg)
        return {name: _part(make, _member(value, name), note) for name, make in members}

    return convert


def _member(value: dict[str, Any], name: str) -> Any:
    return value.get(name, value.get(OLDER_MEMBERS.get(name, name)))


def _link_member(target: pa.DataType) -> str | None:
    """Return the member that holds the record ids when the type is that of a link."""
    names = [member.name for member in target]
    return next((name for name in names if OLDER_MEMBERS.get(name, name) == _LINK), None)


def _one_link(value: Any, name: str) -> Any:
    """Bring ids, lists of ids and lists of links into the form of one link."""
    if isinstance(value, str):
        return {name: [value]} if value else None
    if not isinstance(value, list) or (len(value) == 1 and isinstance(value[0], dict)):
        return value
    ids: list[Any] = []
    for item in value:
        found = _member(item, name) if isinstance(item, dict) else item
        ids += found if isinstance(found, list) else [found]
    return {name: [found for found in ids if found is not None]}


def _map(target: pa.DataType) -> Converter:
    make_key, make_item = _converter(target.key_type), _converter(target.item_type)

    def convert(value: Any, note: Note) -> list[tuple[Any, Any]]:
        if not isinstance(value, dict):
            msg = "a value stands where an object is expected"
            raise CellError(msg)
        pairs = ((_part(make_key, key, note), item) for key, item in value.items())
        return [(key, _part(make_item, item, note)) for key, item in pairs if key is not None]

    return convert


_MAKERS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Converter]], ...] = (
    (pa.types.is_string, lambda _: to_text),
    (pa.types.is_floating, double_converter),
    (pa.types.is_decimal, decimal_converter),
    (pa.types.is_integer, integer_converter),
    (pa.types.is_boolean, lambda _: to_truth),
    (is_millis, lambda _: to_millis),
    (pa.types.is_date32, lambda _: to_days),
    (pa.types.is_list, _list),
    (pa.types.is_struct, _record),
    (pa.types.is_map, _map),
    (pa.types.is_binary, bytes_converter),
)
