"""What a condition's column is: its path, its kind of values, and the arrays that hold them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.predicate import split_member
from larkbase_sdk.schema.naming import RECORD_ID

if TYPE_CHECKING:
    import pyarrow as pa

    from larkbase_sdk.schema.table_schema import TableSchema

Kind = Literal["text", "number", "boolean", "time", "texts", "people", "links", "other"]
"""``texts``, ``people`` and ``links`` are searched for an element; ``other`` has NULL tests only.
"""

LINKED = "link_record_ids"


@dataclass(frozen=True, slots=True)
class Operand:
    """A column, or a member of one, that a condition tests.

    Attributes:
        path: SQL name, or ``column.member``.
        type: Arrow type of the values.
        kind: What can be asked of the values.
    """

    path: str
    type: pa.DataType
    kind: Kind


def operand(schema: TableSchema, name: str, member: str = "") -> Operand:
    """Return the operand for a SQL name, with a member when the column is a structure.

    Letter case does not matter. ``record_id`` is the record id.

    Raises:
        QueryError: no such column or member; the hint names similar ones.
    """
    import pyarrow as pa

    if name.lower() == RECORD_ID:
        path, dtype = RECORD_ID, pa.string()
    else:
        column = schema.sql_column(name)
        path, dtype = column.name, column.arrow_type
    if member:
        index = _member_index(path, dtype, member)
        path, dtype = f"{path}.{dtype.field(index).name}", dtype.field(index).type
    return Operand(path, dtype, kind_of(dtype))


def _member_index(path: str, dtype: pa.DataType, member: str) -> int:
    import pyarrow.types as pt

    names = [field.name for field in dtype] if pt.is_struct(dtype) else []
    found = [index for index, name in enumerate(names) if name.lower() == member.lower()]
    if found:
        return found[0]
    msg = f'"{path}" has no member "{member}".'
    near = difflib.get_close_matches(member.lower(), names, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Its members: {', '.join(names) or 'none'}."
    raise QueryError(msg, hint=hint, context={"member": member})


def kind_of(dtype: pa.DataType) -> Kind:
    """Return what can be asked of values of an Arrow type."""
    import pyarrow.types as pt

    if pt.is_string(dtype):
        return "text"
    if pt.is_boolean(dtype):
        return "boolean"
    if pt.is_integer(dtype) or pt.is_floating(dtype) or pt.is_decimal(dtype):
        return "number"
    if pt.is_timestamp(dtype) or pt.is_date(dtype):
        return "time"
    if pt.is_list(dtype):
        return _kind_of_list(dtype.value_type)
    if pt.is_struct(dtype) and dtype.get_field_index(LINKED) >= 0:
        return "links"
    return "other"


def _kind_of_list(element: pa.DataType) -> Kind:
    import pyarrow.types as pt

    if pt.is_string(element):
        return "texts"
    if pt.is_struct(element) and element.get_field_index("id") >= 0:
        return "people"
    return "other"


def values_of(batch: pa.RecordBatch, path: str) -> pa.Array:
    """Return the array behind a path; a member of a NULL structure is NULL.

    Raises:
        KeyError: the batch has no such column.
    """
    import pyarrow.compute as pc

    column, member = split_member(path)
    array = batch.column(column)
    return pc.struct_field(array, member) if member else array
