"""Which Arrow types Athena can read, at every depth of a column."""

from __future__ import annotations

import pyarrow as pa

from larkbase_server.protocol.errors import UnsupportedArrowType

_PLAIN = (
    pa.bool_(),
    pa.int8(),
    pa.int16(),
    pa.int32(),
    pa.int64(),
    pa.float32(),
    pa.float64(),
    pa.string(),
    pa.binary(),
    pa.date32(),
    pa.date64(),
)
_HINTS = {
    "timestamp": "use date64, which Athena shows as timestamp(3)",
    "struct": "a struct needs at least one member",
    "dictionary": "the protocol has no dictionaries, so decode the column",
}


def check_schema(schema: pa.Schema) -> None:
    """Check that Athena can read every column; one that it cannot spoils the whole table.

    Raises:
        UnsupportedArrowType: names the first column that it cannot read, and what to use instead.
    """
    for column in schema:
        found = unsupported_part(column.type)
        if found is not None:
            hint = next((text for key, text in _HINTS.items() if str(found).startswith(key)), "")
            msg = f"Athena cannot read the Arrow type {found} of the column {column.name!r}"
            raise UnsupportedArrowType(f"{msg}: {hint}." if hint else f"{msg}.")


def unsupported_part(data_type: pa.DataType) -> pa.DataType | None:
    """Return the innermost type that Athena cannot read, or None when it reads them all.

    Timestamps in microseconds count as unreadable: the protocol lists them, but its own library
    fails to write them.
    """
    types = pa.types
    if data_type in _PLAIN or types.is_decimal128(data_type):
        return None
    if types.is_timestamp(data_type):
        return None if data_type.unit == "ms" and data_type.tz is not None else data_type
    if types.is_list(data_type):
        return unsupported_part(data_type.value_type)
    if types.is_map(data_type):
        return unsupported_part(data_type.key_type) or unsupported_part(data_type.item_type)
    if types.is_struct(data_type) and data_type.num_fields:
        parts = (unsupported_part(item.type) for item in data_type)
        return next((part for part in parts if part is not None), None)
    return data_type
