"""Whether a table of a snapshot is read in full, kept as it is, or refreshed; and why.

A table is kept only when its revision and the base's time of change both stand still and nothing
in it is computed. It is refreshed, by reading the rows changed since the last time, only where
every change of a cell moves the time of modification of its row. Everything else, and every doubt,
means reading it in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_sdk.schema.table_schema import Column, TableSchema
    from larkbase_sdk.snapshot.manifest import TableEntry

Action = Literal["read", "keep", "refresh"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done with a table, and the reason in words."""

    action: Action
    why: str


@dataclass(frozen=True, slots=True)
class Present:
    """The state of a table in Lark before it is read.

    Attributes:
        revision: Its revision, 0 when unknown.
        modified: When its base was last changed, 0 when unknown.
        revisions: Revisions of the tables of its base, by id.
        where: The condition that its rows are to fulfil, or None.
        trusted: Whether Lark's count of its rows can be trusted.
        identity: Who reads.
    """

    revision: int
    modified: int
    revisions: Mapping[str, int]
    where: str | None
    trusted: bool
    identity: str


def reason_to_read(before: TableEntry, present: Present) -> str | None:
    """Return why what was stored before is of no use, or None."""
    if before.where != present.where:
        return "its condition is another one"
    if before.identity != present.identity:
        return "somebody else, who may see other rows, read it last"
    return "rows may have been missing last time" if before.doubtful else None


def stands_still(before: TableEntry, schema: TableSchema, present: Present) -> bool:
    """Tell whether a table is the same as when it was stored."""
    known = bool(present.modified and present.revision)
    same = (before.modified, before.revision) == (present.modified, present.revision)
    return known and same and computed_column(schema) is None


def computed_column(schema: TableSchema) -> Column | None:
    """Return the first column whose values change without the table, or None."""
    return next((column for column in schema.columns if column.is_computed), None)


def reason_against_refresh(
    before: TableEntry, stored: TableSchema, fresh: TableSchema, present: Present
) -> str | None:
    """Return why a table cannot be refreshed by reading changed rows only; None when it can."""
    if present.where is not None:
        return "rows may leave the condition"
    if not present.trusted:
        return "Lark's count of its rows cannot be trusted"
    return _reason_in_columns(before, fresh, present) or (
        None if same_cells(stored, fresh) else "its fields changed"
    )


def _reason_in_columns(before: TableEntry, fresh: TableSchema, present: Present) -> str | None:
    if modified_column(fresh) is None:
        return "it has no field with the time of the last change"
    computed = computed_column(fresh)
    if computed is not None:
        return f'"{computed.lark_name}" changes without the time of the last change'
    for column in fresh.columns:
        if column.lark_type == "DuplexLink":
            return f'"{column.lark_name}" changes together with another table'
        target = linked_table(column)
        if target and not _unmoved(target, before, present):
            return f'the table that "{column.lark_name}" points to changed'
    return None


def _unmoved(table_id: str, before: TableEntry, present: Present) -> bool:
    """Tell whether no row of a table was deleted, which would empty links to it."""
    revision = present.revisions.get(table_id)
    return revision is not None and revision == before.linked.get(table_id)


def modified_column(schema: TableSchema) -> Column | None:
    """Return the first column with the time of the last change of a row, or None."""
    return next((c for c in schema.columns if c.lark_type == "ModifiedTime"), None)


def linked_table(column: Column) -> str:
    """Return the id of the table that a link column points to; "" for other columns."""
    return str(column.field.property.get("table_id") or "") if _is_link(column) else ""


def _is_link(column: Column) -> bool:
    return column.wrapper is None and column.result.shape == "links"


def same_cells(stored: TableSchema, fresh: TableSchema) -> bool:
    """Tell whether the fields are such that cells that nobody edited read as before.

    A further option of a select field changes no cell; a renamed one does.
    """
    if stored.to_arrow("sql") != fresh.to_arrow("sql"):
        return False
    return all(map(_same_field, stored.columns, fresh.columns))


def _same_field(stored: Column, fresh: Column) -> bool:
    if (stored.field_id, stored.lark_type) != (fresh.field_id, fresh.lark_type):
        return False
    old, new = dict(stored.field.property), dict(fresh.field.property)
    known, present = _options(old), _options(new)
    return old == new and all(present.get(key) == name for key, name in known.items())


def _options(settings: dict[str, object]) -> dict[object, object]:
    """Take the options out of a field's property, as names by id."""
    options = settings.pop("options", None)
    if not isinstance(options, list):
        return {}
    return {item.get("id"): item.get("name") for item in options if isinstance(item, dict)}
