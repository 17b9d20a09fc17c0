"""Convert one JSON cell, of whatever shape, to a Python value that fits a declared Arrow type.

This is the complete statement of the value rules; the kernels are a fast path for the usual
shapes and must give the same values.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from larkbase_sdk.errors import UnsupportedField

if TYPE_CHECKING:
    from larkbase_sdk.schema.table_schema import Column

Note = Callable[[str], None]
"""Takes the reason why a cell, or a part of it, became NULL; a reason never holds cell data."""

Converter = Callable[[Any, Note], Any]
"""Takes what JSON holds and a note taker; returns a value that ``pyarrow.array`` accepts."""

FIRST_MILLI = -62_135_596_800_000
LAST_MILLI = 253_402_300_799_999
"""The years 1 to 9999, beyond which neither Python nor pandas has a date."""

_NUMBER_TEXT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_MILLIS_PER_DAY = 86_400_000
_LARGEST_EXPONENT = 400
"""Beyond every double; a text in plain notation could fill the memory from here on."""

OLDER_MEMBERS = {"record_ids": "link_record_ids"}
"""Catalogues from before October 2025 name the member of a link as the older list call does."""

_LINK = "link_record_ids"
_WRAPPER_ONLY = {"type", "ui_type"}
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


class _CellError(ValueError):
    """The reason why a value does not fit a type."""


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
    except _CellError as error:
        msg = f'The column "{column.name}" is declared as {error}, which no Lark cell can fill.'
        raise UnsupportedField(msg, hint="Declare another type, such as string.") from error
    if column.wrapper is not None:
        convert = _unwrapping(convert, column.arrow_type)
    elif column.result.shape == "checkbox":
        return _checkbox(convert)
    return lambda value, note: _cell(convert, value, note)


def _cell(convert: Converter, value: Any, note: Note) -> Any:
    if value in (None, "") or (isinstance(value, dict) and _holds_nothing(value)):
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
    except _CellError as error:
        note(str(error))
        return None


def _checkbox(convert: Converter) -> Converter:
    """A checkbox knows no third state: everything that is not true is false."""

    def checked(value: Any, note: Note) -> Any:
        try:
            state = _truth(value, note)
        except _CellError:
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
            raise _CellError(msg)
        return convert(value, note)

    return unwrapped


def _is_wrapper(cell: Any) -> bool:
    return isinstance(cell, dict) and ("value" in cell or cell.keys() <= _WRAPPER_ONLY)


def _converter(target: pa.DataType) -> Converter:
    """Return the converter to a type; _CellError names a type that has none."""
    for matches, make in _MAKERS:
        if matches(target):
            return make(target)
    raise _CellError(str(target))


def _text(value: Any, _: Note) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return _number_text(value)
    joined = _segment_text(value)
    if joined is not None or _holds_nothing(value):
        return joined
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=float)
    except RecursionError:
        msg = "the value is nested too deep"
        raise _CellError(msg) from None


def _segment_text(value: Any) -> str | None:
    """Return the joined text of a segment or of a list of segments; None for anything else."""
    parts = value if isinstance(value, list) else [value]
    texts = [_one_segment(part) for part in parts if part is not None]
    return None if None in texts or not texts else "".join(map(str, texts))


def _one_segment(part: Any) -> str | None:
    if not isinstance(part, dict) or "text" not in part:
        return None
    text = part["text"]
    if isinstance(text, (list, dict)):
        return None
    return "" if text is None else _text(text, _ignore)


def _ignore(_: str) -> None:
    """Take a note that cannot come."""


def _holds_nothing(value: Any) -> bool:
    members = value.values() if isinstance(value, dict) else value
    return all(member is None or member in ([], {}) for member in members)


def _number_text(value: float | Decimal) -> str:
    """Return a number in plain notation, without exponent and without needless zeros."""
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        return str(value)
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _single(value: Any) -> Any:
    """Reduce segments and one-element lists to the one value that a scalar type can take."""
    while isinstance(value, (list, dict)):
        if _holds_nothing(value):
            return None
        text = _segment_text(value)
        if text is not None:
            return text
        if isinstance(value, dict):
            msg = "an object stands where a single value is expected"
            raise _CellError(msg)
        if len(value) > 1:
            msg = "several values stand where one is expected"
            raise _CellError(msg)
        value = value[0]
    return value


def _number(value: Any) -> int | float | Decimal | None:
    """Return a finite number; None for a blank text."""
    value = _single(value)
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, bool):
        msg = "true or false stands where a number is expected"
        raise _CellError(msg)
    if isinstance(value, float) and not math.isfinite(value):
        msg = "the number is not finite"
        raise _CellError(msg)
    return value  # type: ignore[no-any-return]  # JSON holds nothing else than numbers here


def _parsed(text: str) -> Decimal | None:
    text = text.strip()
    if not text:
        return None
    if not _NUMBER_TEXT.fullmatch(text):
        msg = "the text is not a number"
        raise _CellError(msg)
    return Decimal(text)


def _double(target: pa.DataType) -> Converter:
    narrow = pa.types.is_float32(target)

    def convert(value: Any, _: Note) -> float | None:
        number = _number(value)
        if number is None:
            return None
        try:
            result = float(number)
            if narrow:
                struct.pack("<f", result)
        except OverflowError:
            result = math.inf
        if math.isinf(result):
            raise _out_of_range(target)
        return result

    return convert


def _out_of_range(target: pa.DataType) -> _CellError:
    return _CellError(f"the number is outside the range of {target}")


def _decimal(target: pa.DataType) -> Converter:
    whole_digits = target.precision - target.scale
    unit = Decimal(1).scaleb(-target.scale)
    limit = Decimal(1).scaleb(whole_digits)
    context = Context(prec=target.precision + 2, rounding=ROUND_HALF_UP)

    def convert(value: Any, _: Note) -> Decimal | None:
        number = _number(value)
        if number is None:
            return None
        exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
        if exact.copy_abs() >= limit:
            raise _out_of_range(target)
        rounded = context.quantize(exact, unit)
        if rounded.copy_abs() >= limit:
            raise _out_of_range(target)
        return rounded

    return convert


def _integer(target: pa.DataType) -> Converter:
    most = 1 << (target.bit_width - 1)

    def convert(value: Any, _: Note) -> int | None:
        value = _single(value)
        number = int(value) if isinstance(value, bool) else _number(value)
        if number is None:
            return None
        if not -most <= number < most:
            raise _out_of_range(target)
        if number != int(number):
            msg = "the number is not whole"
            raise _CellError(msg)
        return int(number)

    return convert


def _truth(value: Any, _: Note) -> bool | None:
    value = _single(value)
    if value is None or isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return bool(value == 1)
    word = value.strip().lower()
    if word and word not in _TRUTH:
        msg = "the text is neither true nor false"
        raise _CellError(msg)
    return _TRUTH.get(word)


def is_millis(target: pa.DataType) -> bool:
    """Whether a type counts milliseconds, the only unit in which Lark sends times."""
    return pa.types.is_timestamp(target) and target.unit == "ms"


def _millis(value: Any, _: Note) -> int | None:
    number = _number(value)
    if number is None:
        return None
    if not FIRST_MILLI <= number <= LAST_MILLI:
        msg = "the time is outside the years 1 to 9999"
        raise _CellError(msg)
    return math.floor(number)


def _days(value: Any, note: Note) -> int | None:
    millis = _millis(value, note)
    return None if millis is None else millis // _MILLIS_PER_DAY


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
            raise _CellError(msg)
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


def _bytes(_: pa.DataType) -> Converter:
    def convert(value: Any, note: Note) -> bytes | None:
        text = _text(value, note)
        return None if text is None else text.encode()

    return convert


def _map(target: pa.DataType) -> Converter:
    make_key, make_item = _converter(target.key_type), _converter(target.item_type)

    def convert(value: Any, note: Note) -> list[tuple[Any, Any]]:
        if not isinstance(value, dict):
            msg = "a value stands where an object is expected"
            raise _CellError(msg)
        pairs = ((_part(make_key, key, note), item) for key, item in value.items())
        return [(key, _part(make_item, item, note)) for key, item in pairs if key is not None]

    return convert


_MAKERS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Converter]], ...] = (
    (pa.types.is_string, lambda _: _text),
    (pa.types.is_floating, _double),
    (pa.types.is_decimal, _decimal),
    (pa.types.is_integer, _integer),
    (pa.types.is_boolean, lambda _: _truth),
    (is_millis, lambda _: _millis),
    (pa.types.is_date32, lambda _: _days),
    (pa.types.is_list, _list),
    (pa.types.is_struct, _record),
    (pa.types.is_map, _map),
    (pa.types.is_binary, _bytes),
)
