"""Convert one JSON value to a text, number, truth value or time of a declared Arrow type."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import pyarrow as pa

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

_TRUTH = {"true": True, "1": True, "false": False, "0": False}


class CellError(ValueError):
    """The reason why a value does not fit a type."""


def to_text(value: Any, _: Note) -> str | None:
    """Return a text: segments joined, numbers in plain notation, other lists and objects as JSON.

    Raises:
        CellError: the value is nested too deep to be written.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return _number_text(value)
    joined = _segment_text(value)
    if joined is not None or holds_nothing(value):
        return joined
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=float)
    except RecursionError:
        msg = "the value is nested too deep"
        raise CellError(msg) from None


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
    return "" if text is None else to_text(text, _ignore)


def _ignore(_: str) -> None:
    """Take a note that cannot come."""


def holds_nothing(value: Any) -> bool:
    """Whether a list or an object holds nothing but nulls and empty lists and objects."""
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
        if holds_nothing(value):
            return None
        text = _segment_text(value)
        if text is not None:
            return text
        if isinstance(value, dict):
            msg = "an object stands where a single value is expected"
            raise CellError(msg)
        if len(value) > 1:
            msg = "several values stand where one is expected"
            raise CellError(msg)
        value = value[0]
    return value


def _number(value: Any) -> int | float | Decimal | None:
    """Return a finite number; None for a blank text."""
    value = _single(value)
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, bool):
        msg = "true or false stands where a number is expected"
        raise CellError(msg)
    if isinstance(value, float) and not math.isfinite(value):
        msg = "the number is not finite"
        raise CellError(msg)
    return value  # type: ignore[no-any-return]  # JSON holds nothing else than numbers here


def _parsed(text: str) -> Decimal | None:
    text = text.strip()
    if not text:
        return None
    if not _NUMBER_TEXT.fullmatch(text):
        msg = "the text is not a number"
        raise CellError(msg)
    return Decimal(text)


def double_converter(target: pa.DataType) -> Converter:
    """Return the converter of numbers and numeric text to float64 or float32."""
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


def _out_of_range(target: pa.DataType) -> CellError:
    return CellError(f"the number is outside the range of {target}")


def decimal_converter(target: pa.DataType) -> Converter:
    """Return the converter to a decimal type, built from the number's text, rounded half up."""
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


def integer_converter(target: pa.DataType) -> Converter:
    """Return the converter to a signed integer type; true is 1, false is 0, nothing is cut."""
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
            raise CellError(msg)
        return int(number)

    return convert


def to_truth(value: Any, _: Note) -> bool | None:
    """Return true for true, 1 and their texts, false for other numbers; None for a blank text.

    Raises:
        CellError: for any other text, and for several values.
    """
    value = _single(value)
    if value is None or isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return bool(value == 1)
    word = value.strip().lower()
    if word and word not in _TRUTH:
        msg = "the text is neither true nor false"
        raise CellError(msg)
    return _TRUTH.get(word)


def is_millis(target: pa.DataType) -> bool:
    """Whether a type counts milliseconds, the only unit in which Lark sends times."""
    return bool(pa.types.is_timestamp(target) and target.unit == "ms")


def to_millis(value: Any, _: Note) -> int | None:
    """Return whole milliseconds since 1970 in UTC from a number or numeric text of any size.

    Raises:
        CellError: for what is no number, and for times outside the years 1 to 9999.
    """
    number = _number(value)
    if number is None:
        return None
    if not FIRST_MILLI <= number <= LAST_MILLI:
        msg = "the time is outside the years 1 to 9999"
        raise CellError(msg)
    return math.floor(number)


def to_days(value: Any, note: Note) -> int | None:
    """Return the days since 1970 in UTC, by the rules of ``to_millis``."""
    millis = to_millis(value, note)
    return None if millis is None else millis // _MILLIS_PER_DAY


def bytes_converter(_: pa.DataType) -> Converter:
    """Return the converter to the UTF-8 bytes of the text."""

    def convert(value: Any, note: Note) -> bytes | None:
        text = to_text(value, note)
        return None if text is None else text.encode()

    return convert
