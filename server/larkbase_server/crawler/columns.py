"""Columns of one table in Glue before and after: which is which, which type stays, what differs."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from larkbase_sdk.schema.glue import (
    FIELD_ID,
    FIELD_NAME,
    UI_TYPE,
    ColumnOrigin,
    GlueColumn,
    origin_of,
)
from larkbase_sdk.schema.lookups import NO_TARGET, innermost

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OWN = frozenset({FIELD_ID, FIELD_NAME, UI_TYPE})


class _Before:
    """Columns by the field that they stand for; those that name no field by their own name."""

    def __init__(self, columns: Sequence[GlueColumn]) -> None:
        fields = [origin_of(column).field_id for column in columns]
        pairs = list(zip(fields, columns, strict=True))
        self._by_field = {field_id: column for field_id, column in pairs if field_id}
        self._by_name = {column.name: column for field_id, column in pairs if not field_id}

    def find(self, column: GlueColumn) -> GlueColumn | None:
        field_id = origin_of(column).field_id
        return self._by_field.get(field_id) or self._by_name.get(column.name)


def declared_columns(
    wanted: Sequence[GlueColumn],
    before: Sequence[GlueColumn],
    *,
    retype: bool = False,
    unsure: bool = False,
) -> tuple[GlueColumn, ...]:
    """Return the columns that a table is to have, given those that it had.

    A field keeps its column when it is renamed. The type that the catalogue declares stays as
    long as the catalogue does not name another Lark type for the field, because queries rely on
    it; further column parameters stay in any case.

    Args:
        wanted: The columns as a new table would declare them.
        before: The columns that the catalogue has.
        retype: Declare all types as a new table would.
        unsure: Whether a lookup without a target may have one that could not be read now.
    """
    known = _Before(before)
    found = ((column, known.find(column)) for column in wanted)
    return tuple(
        column if old is None else _declared(column, old, retype=retype, unsure=unsure)
        for column, old in found
    )


def _declared(column: GlueColumn, old: GlueColumn, *, retype: bool, unsure: bool) -> GlueColumn:
    new_origin, old_origin = origin_of(column), origin_of(old)
    if unsure and old_origin.lark_type and innermost(new_origin.lark_type) == NO_TARGET:
        column = _with_lark_type(column, old_origin)
        new_origin = old_origin
    same = not old_origin.lark_type or old_origin.lark_type == new_origin.lark_type
    others = {name: value for name, value in old.parameters.items() if name not in _OWN}
    return replace(
        column,
        type=old.type if same and not retype else column.type,
        parameters=MappingProxyType({**others, **column.parameters}),
    )


def _with_lark_type(column: GlueColumn, old: ColumnOrigin) -> GlueColumn:
    """Return the column with the Lark type, and its place in comment and parameters, of ``old``."""
    parameters = {**column.parameters, UI_TYPE: old.lark_type}
    origin = replace(origin_of(column), lark_type=old.lark_type)
    return replace(column, comment=origin.comment(), parameters=MappingProxyType(parameters))


def column_differences(before: Sequence[GlueColumn], after: Sequence[GlueColumn]) -> list[str]:
    """Return what changes from one list of columns to the other, in words; empty for nothing.

    Column parameters that are missing before are no difference, since older catalogues have none.
    """
    known = _Before(before)
    found: list[str] = []
    kept: list[GlueColumn] = []
    for column in after:
        old = known.find(column)
        if old is None:
            found.append(f"column added: {column.name} ({column.type})")
        else:
            kept.append(old)
            found.extend(_changes(old, column))
    found.extend(f"column removed: {old.name}" for old in before if old not in kept)
    if kept != [old for old in before if old in kept]:
        found.append("order of columns")
    return found


def _changes(old: GlueColumn, new: GlueColumn) -> Iterator[str]:
    if old.name != new.name:
        yield f"column renamed: {old.name} → {new.name}"
    if old.type != new.type:
        yield f"type of {new.name}: {old.type} → {new.type}"
    stale = any(
        old.parameters.get(name, new.parameters.get(name)) != new.parameters.get(name)
        for name in _OWN
    )
    if old.comment != new.comment or stale:
        yield f"comment of {new.name}"
