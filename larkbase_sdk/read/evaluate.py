"""The exact value of a predicate for each row of a record batch: TRUE, FALSE or NULL."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.comparison import compare, is_one_of
from larkbase_sdk.read.operands import LINKED, kind_of, values_of
from larkbase_sdk.read.patterns import parse_pattern, to_regex
from larkbase_sdk.read.predicate import (
    And,
    Compare,
    Constant,
    Contains,
    In,
    IsNull,
    Like,
    Not,
    Or,
    Predicate,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa


def mask(predicate: Predicate, batch: pa.RecordBatch) -> pa.BooleanArray:
    """Return what the predicate is for each row; NULL stays NULL.

    Values are compared as SQL does: text by code points, numbers by size (a double with the
    double next to the literal), times in full although cells end at milliseconds.

    Args:
        predicate: A predicate whose values fit the types of the columns, see ``literals.bind``.
        batch: Rows whose columns carry SQL names.

    Raises:
        KeyError: the batch lacks a column.
        QueryError: a column's type cannot be asked this.
    """
    import pyarrow.compute as pc

    match predicate:
        case Constant(value):
            return _constant(value, len(batch))
        case Not(operand):
            return pc.invert(mask(operand, batch))
        case And(operands):
            return _fold(pc.and_kleene, operands, batch, empty=True)
        case Or(operands):
            return _fold(pc.or_kleene, operands, batch, empty=False)
        case IsNull(column):
            return pc.is_null(values_of(batch, column))
        case In(_, (), False):
            return _constant(False, len(batch))
        case _:
            return _test(predicate, values_of(batch, predicate.column))


def _fold(
    combine: Callable[[pa.Array, pa.Array], pa.Array],
    operands: Sequence[Predicate],
    batch: pa.RecordBatch,
    *,
    empty: bool,
) -> pa.BooleanArray:
    masks = [mask(operand, batch) for operand in operands]
    return functools.reduce(combine, masks) if masks else _constant(empty, len(batch))


def _constant(value: bool | None, length: int) -> pa.BooleanArray:
    import pyarrow as pa

    return pa.repeat(pa.scalar(value, pa.bool_()), length)


def _test(predicate: Compare | In | Like | Contains, array: pa.Array) -> pa.BooleanArray:
    match predicate:
        case Compare(_, _, None):
            return _constant(None, len(array))
        case Compare(_, op, value):
            return compare(array, op, value)
        case In(_, values, has_null):
            return _in(array, values, has_null=has_null)
        case Like():
            return _like(array, predicate)
        case Contains(column, value):
            return _contains(column, array, value)


def _in(array: pa.Array, values: tuple[object, ...], *, has_null: bool) -> pa.BooleanArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    found = is_one_of(array, values)
    if not has_null:
        return found
    return pc.if_else(found, found, pa.scalar(None, pa.bool_()))


def _like(array: pa.Array, like: Like) -> pa.BooleanArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        parts = parse_pattern(like.pattern, like.escape)
    except ValueError as error:
        msg = f"The pattern {like.pattern!r} cannot be read: {error}."
        raise QueryError(msg) from error
    if like.ignore_case:
        # Both sides are lowered alike, since the regular expression folds case by other rules.
        array = pc.utf8_lower(array)
        parts = [
            (sign, pc.utf8_lower(pa.scalar(text)).as_py() if text else "") for sign, text in parts
        ]
    return pc.match_substring_regex(array, to_regex(parts))


def _contains(column: str, array: pa.Array, value: str) -> pa.BooleanArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    lists = _lists_of_text(column, array)
    elements = pc.list_flatten(lists)
    if pa.types.is_struct(elements.type):
        elements = pc.struct_field(elements, "id")
    rows = pc.list_parent_indices(lists).filter(pc.equal(elements, value))
    found = pc.is_in(pa.array(range(len(lists)), rows.type), value_set=rows)
    return pc.if_else(pc.is_valid(lists), found, pa.scalar(None, pa.bool_()))


def _lists_of_text(column: str, array: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    kind = kind_of(array.type)
    if kind == "links":
        return pc.struct_field(array, LINKED)
    if kind not in ("texts", "people"):
        msg = f'"{column}" holds no list of texts, people, chats or links.'
        raise QueryError(msg)
    return array
