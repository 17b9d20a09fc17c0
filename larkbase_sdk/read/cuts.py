"""The exact local condition of one part of a read, and the server filter that goes with it.

The cuts of the parts of one read share out all values of one column: every part takes some, and
the last one, the rest, takes whatever no other part takes: empty cells, options and numbers that
came later, values that no type holds. So a row belongs to exactly one part, whatever the server
sends; the filter only spares rows, and is sent only while the field is as the filter needs it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import PermissionDenied, PushdownRefused, ServiceError
from larkbase_sdk.read.conditions import Condition, NotSendable, Settings
from larkbase_sdk.read.families import conditions_for
from larkbase_sdk.read.filters import encode, groups_of
from larkbase_sdk.read.predicate import Compare, In
from larkbase_sdk.schema.field_types import field_type_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from larkbase_sdk.api.models import Field
    from larkbase_sdk.read.conditions import Group
    from larkbase_sdk.read.pages import ReadContext
    from larkbase_sdk.read.plan import Part
    from larkbase_sdk.read.predicate import CompareOp
    from larkbase_sdk.schema.table_schema import Column, TableSchema

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_COUNTER = "^[0-9]{1,15}$"
# With an unknown zone the bounds of dates are wider, and hold in whatever zone the base is.
_SETTINGS = Settings(zone=None, text_pushdown=True)


@dataclass(frozen=True, slots=True)
class Cut:
    """Which values of a column a part takes: those from a number to another, or some options.

    Dates are milliseconds since 1970, auto numbers their counters.

    Attributes:
        field: Id of the field.
        low: Lowest value that is taken.
        high: Lowest value that is no longer taken.
        options: Names of the options that are taken, instead of a range.
        rest: Turns it round: every row that the cut would not take otherwise, empty cells too.
    """

    field: str
    low: float = 0
    high: float = 0
    options: tuple[str, ...] = ()
    rest: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the cut as plain JSON values."""
        taken = {"options": list(self.options)} if self.options else {
            "low": self.low, "high": self.high,
        }  # fmt: skip
        return {"field": self.field, **taken, "rest": self.rest}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Cut:
        """Read what ``to_dict`` wrote."""
        return cls(
            field=data["field"],
            low=data.get("low", 0),
            high=data.get("high", 0),
            options=tuple(data.get("options", ())),
            rest=bool(data.get("rest")),
        )

    def mask(self, column: Column, cells: pa.Array) -> pa.BooleanArray:
        """Return for each cell whether the part takes its row; never NULL.

        Args:
            column: The column of the cut.
            cells: Cells of that column.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        from larkbase_sdk.read.comparison import compare

        if self.options:
            found = pc.is_in(cells, value_set=pa.array(self.options, cells.type))
        else:
            keys = keys_of(column, cells)
            found = pc.and_(compare(keys, ">=", self.low), compare(keys, "<", self.high))
        found = pc.fill_null(found, False)
        return pc.invert(found) if self.rest else found


def keys_of(column: Column, cells: pa.Array) -> pa.Array:
    """Return the numbers by which the cells of a number, date or auto number are cut."""
    import pyarrow as pa
    import pyarrow.compute as pc

    match column.result.filter_family:
        case "date":
            return cells.cast(pa.timestamp("ms", "UTC")).cast(pa.int64())
        case "autonumber":
            plain = pc.fill_null(pc.match_substring_regex(cells, _COUNTER), False)
            # Older versions of pyarrow try to cast what stands where a cell is NULL.
            numbers = pc.if_else(plain, cells, pa.scalar("0", cells.type)).cast(pa.int64())
            return pc.if_else(plain, numbers, pa.scalar(None, pa.int64()))
        case _:
            return cells


def conditions_of(cut: Cut, column: Column) -> tuple[Group, ...]:
    """Return conditions that hold for every row of a cut, all of them groups to be joined by AND.

    Args:
        cut: The cut.
        column: Its column, with what Lark says of the field now.

    Raises:
        NotSendable: the server cannot check it, such as an option that is gone.
    """
    if cut.options:
        return _of_options(cut, column)
    if cut.rest:
        empty = Condition(cut.field, "isEmpty")
        return ((empty, *bounds(column, "<", cut.low), *bounds(column, ">=", cut.high)),)
    sides = (*bounds(column, ">=", cut.low), *bounds(column, "<", cut.high))
    return tuple((condition,) for condition in sides)


def bounds(column: Column, side: CompareOp, key: float) -> tuple[Condition, ...]:
    """Return at most one condition, which holds for the rows on one side (``<``, ``>=``) of a key.

    None is needed above and below the lowest counter, since a counter is never negative.

    Raises:
        NotSendable: the server cannot check it.
    """
    if column.filter_family == "autonumber":
        if key <= 0:
            return ()
        counter = int(key)
        text, operator = (counter, "isLess") if side == "<" else (counter - 1, "isGreater")
        return (Condition(column.field_id, operator, (str(text),)),)
    value = moment(key) if column.filter_family == "date" else key
    test = Compare(column.name, side, value)
    groups = conditions_for(test, column, _SETTINGS, negated=False).groups
    return tuple(condition for group in groups for condition in group)


def moment(key: float) -> dt.datetime:
    """Return the time that is a key of a date."""
    return _EPOCH + dt.timedelta(milliseconds=key)


def _of_options(cut: Cut, column: Column) -> tuple[Group, ...]:
    """Ask for the options, or for everything but them.

    "Is not" is right only while each name is that of exactly one option, which the check of the
    names before it makes sure of; whether it finds empty cells is not left to the server.
    """
    test = In(column.name, cut.options)
    (group,) = conditions_for(test, column, _SETTINGS, negated=False).groups
    if not cut.rest:
        return (group,)
    empty = Condition(cut.field, "isEmpty")
    return tuple((Condition(cut.field, "isNot", item.value), empty) for item in group)


def cut_part(part: Part, cut: Cut, column: Column) -> Part:
    """Return the piece of a part that a cut takes, with the column's field among those read.

    Raises:
        NotSendable: the server cannot check it.
    """
    groups = [*groups_of(part.filter), *conditions_of(cut, column)]
    fields = tuple(dict.fromkeys([*part.fields, column.field_id]))
    return replace(part, fields=fields, filter=encode(groups), cut=cut)


def in_force(context: ReadContext, part: Part, schema: TableSchema) -> tuple[Part, TableSchema]:
    """Return the part to read now and the schema to read it with; one call if it has a cut.

    When the field has changed since the part was planned (another formatter, an option renamed),
    so that the filter of the cut may lose rows, the part is read without a filter.

    Warns:
        PushdownRefused: the whole table is read for the part.
    """
    if part.cut is None:
        return part, schema
    fields = listed_fields(context, part)
    schema = with_present_fields(schema, fields)
    column = schema.by_id(part.cut.field)
    if part.filter is None or _holds(part, column, fields):
        return part, schema
    context.warn(
        f'The field "{column.lark_name}" is no longer as it was when the parts of this read were '
        "planned, so the whole table is read for a part.",
        PushdownRefused,
    )
    return part.without_filter(), schema


def _holds(part: Part, column: Column, fields: Mapping[str, Field]) -> bool:
    """Whether the filter of a part is the one that would be made now."""
    if part.cut is None or not is_as_listed(column, fields):
        return False
    try:
        wanted = conditions_of(part.cut, column)
    except NotSendable:
        return False
    return set(wanted) <= set(groups_of(part.filter))


def listed_fields(context: ReadContext, part: Part) -> dict[str, Field]:
    """Return by id what Lark says of the fields now; nothing when it may not be read; one call."""
    try:
        listed = context.bitable.fields(part.base_id, part.table_id)
    except PermissionDenied:
        return {}
    return {item.field_id: item for item in listed}


def with_present_fields(schema: TableSchema, fields: Mapping[str, Field]) -> TableSchema:
    """Return the schema with what Lark says of the fields now; SQL names and types stay."""
    columns = tuple(
        replace(column, field=fields.get(column.field_id, column.field))
        for column in schema.columns
    )
    return replace(schema, columns=columns)


def is_as_listed(column: Column, fields: Mapping[str, Field]) -> bool:
    """Whether the field of a column is listed, and still of the type that the column has."""
    found = fields.get(column.field_id)
    return found is not None and field_type_of(found) is column.result


def take(part: Part, schema: TableSchema, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows of a batch that belong to a part: all of them when it has no cut.

    Raises:
        ServiceError: an auto number that is no number came in a range of numbers, so that the
            rest of the read cannot know that it is to take the row.
    """
    if part.cut is None:
        return batch
    column = schema.by_id(part.cut.field)
    cells = batch.column(column.name)
    if part.filter is not None and not part.cut.rest and not part.cut.options:
        _check_counters(column, cells)
    return batch.filter(part.cut.mask(column, cells))


def _check_counters(column: Column, cells: pa.Array) -> None:
    if column.result.filter_family != "autonumber":
        return
    if keys_of(column, cells).null_count > cells.null_count:
        msg = (
            f'The table cannot be read in parts by "{column.lark_name}": a cell holds a text '
            "that is no number, and Lark counts it as one."
        )
        raise ServiceError(msg, hint="Read the table in one part (LARK_SPLIT_STRATEGY=off).")
