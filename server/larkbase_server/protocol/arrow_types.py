"""How value sets and expressions name Arrow types in JSON: ``{"@type": "Int", "bitWidth": 32}``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from larkbase_server.protocol.codecs import must_be
from larkbase_server.protocol.errors import UnsupportedArrowType
from larkbase_server.protocol.shape import Codec

_PARAMETERS: dict[str, tuple[str, ...]] = {
    "Int": ("bitWidth", "isSigned"),
    "FloatingPoint": ("precision",),
    "Utf8": (),
    "Binary": (),
    "Bool": (),
    "Null": (),
    "Decimal": ("precision", "scale"),
    "Date": ("unit",),
    "Timestamp": ("unit", "timezone"),
    "Time": ("unit", "bitWidth"),
    "Interval": ("unit",),
    "FixedSizeBinary": ("byteWidth",),
    "FixedSizeList": ("listSize",),
    "Struct": (),
    "List": (),
    "Map": (),
    "Union": ("mode", "typeIds"),
}
_NAMES = {name.lower(): name for name in _PARAMETERS}
_UNITS = {"s": "SECOND", "ms": "MILLISECOND", "us": "MICROSECOND", "ns": "NANOSECOND"}


@dataclass(frozen=True, slots=True)
class ArrowType:
    """The name of an Arrow type; it says nothing of the children of a nested type.

    Attributes:
        name: Such as ``Int`` or ``Timestamp``.
        parameters: Their values, in the order in which the wire lists them.
    """

    name: str
    parameters: tuple[Any, ...] = ()

    @classmethod
    def of(cls, data_type: pa.DataType) -> ArrowType:
        """Return the name of a type that Athena can read.

        Raises:
            UnsupportedArrowType: when it has none here.
        """
        found = _simple(data_type) or _with_parameters(data_type)
        if found is None:
            msg = f"Athena has no name for the Arrow type {data_type}."
            raise UnsupportedArrowType(msg)
        return found


def _simple(data_type: pa.DataType) -> ArrowType | None:
    types = pa.types
    checks = {
        "Utf8": types.is_string,
        "Binary": types.is_binary,
        "Bool": types.is_boolean,
        "Null": types.is_null,
        "Struct": types.is_struct,
        "List": types.is_list,
        "Map": types.is_map,
    }
    return next((ArrowType(name) for name, check in checks.items() if check(data_type)), None)


def _with_parameters(data_type: pa.DataType) -> ArrowType | None:
    types = pa.types
    if types.is_integer(data_type):
        return ArrowType("Int", (data_type.bit_width, types.is_signed_integer(data_type)))
    if types.is_floating(data_type):
        precision = {16: "HALF", 32: "SINGLE", 64: "DOUBLE"}[data_type.bit_width]
        return ArrowType("FloatingPoint", (precision,))
    if types.is_decimal(data_type):
        return ArrowType("Decimal", (data_type.precision, data_type.scale))
    if types.is_date(data_type):
        return ArrowType("Date", ("DAY" if types.is_date32(data_type) else "MILLISECOND",))
    if types.is_timestamp(data_type):
        return ArrowType("Timestamp", (_UNITS[data_type.unit], data_type.tz))
    return None


def _read(value: Any, path: str) -> ArrowType:
    if not isinstance(value, Mapping):
        must_be("an Arrow type", path)
    given = value.get("@type", value.get("name"))
    if not isinstance(given, str):
        must_be("an Arrow type with a name", path)
    name = _NAMES.get(given.lower(), given)
    parameters = (value.get(key) for key in _PARAMETERS.get(name, ()))
    return ArrowType(
        name, tuple(tuple(item) if isinstance(item, list) else item for item in parameters)
    )


def _write(value: ArrowType, _: int) -> dict[str, Any]:
    keys = _PARAMETERS.get(value.name, ())
    parameters = (list(item) if isinstance(item, tuple) else item for item in value.parameters)
    return {"@type": value.name, **dict(zip(keys, parameters, strict=True))}


ARROW_TYPE = Codec(_read, _write)
