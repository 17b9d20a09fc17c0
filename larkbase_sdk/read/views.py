"""A view's own conditions as a filter, because Lark ignores the view once a filter is sent.

These conditions are not checked again here, so only those are taken that mean the same in a
filter beyond doubt; for all others the view has to be read as a view.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from larkbase_sdk.read.conditions import Condition
from larkbase_sdk.read.filters import encode, fits, groups_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_sdk.api.models import View, ViewCondition
    from larkbase_sdk.schema.field_types import FilterFamily
    from larkbase_sdk.schema.table_schema import Column, TableSchema

_EMPTINESS = frozenset({"isEmpty", "isNotEmpty"})
_EQUALITY = frozenset({"is", "isNot"})
_MEMBERSHIP = frozenset({"contains", "doesNotContain"})
_ORDER = frozenset({"isGreater", "isLess"})
_ORDER_OR_EQUAL = frozenset({"isGreaterEqual", "isLessEqual"})

_OPERATORS: dict[FilterFamily, frozenset[str]] = {
    "text": _EMPTINESS | _EQUALITY | _MEMBERSHIP,
    "phone": _EMPTINESS | {"is"},
    "number": _EMPTINESS | _EQUALITY | _ORDER | _ORDER_OR_EQUAL,
    "select": _EMPTINESS | _EQUALITY,
    "multiselect": _EMPTINESS | _MEMBERSHIP,
    "date": _EMPTINESS | _ORDER | {"is"},
    "checkbox": frozenset({"is"}),
    "people": _EMPTINESS | _EQUALITY | _MEMBERSHIP,
    "url": _EMPTINESS | {"is"},
    "presence": _EMPTINESS,
}

_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_ID = re.compile(r"(ou|oc)_\w+|rec\w+")
_DAYS = frozenset({"Today", "Tomorrow", "Yesterday"})
_PERIODS = frozenset(
    {
        "CurrentWeek",
        "LastWeek",
        "CurrentMonth",
        "LastMonth",
        "TheLastWeek",
        "TheNextWeek",
        "TheLastMonth",
        "TheNextMonth",
    }
)


def merge_view(view: View, schema: TableSchema) -> dict[str, Any] | None:
    """Return the view's own conditions as a filter with its fields by id; makes no call.

    A view without conditions gives a filter without conditions, which `combine_view` leaves out.
    None when the conditions are incomplete, too many, or one of them cannot be sent: an unknown
    field, a formula or lookup, an operator or value that a search filter may read differently.
    """
    if not view.complete or view.conjunction not in ("and", "or"):
        return None
    conditions = [_translate(condition, schema) for condition in view.conditions]
    known = [condition for condition in conditions if condition is not None]
    if len(known) < len(conditions):
        return None
    group = [(condition,) for condition in known]
    filter_ = encode(group if view.conjunction == "and" else [tuple(known)] if known else [])
    if filter_ is None:
        return {"conjunction": "and", "conditions": []}
    return filter_ if fits(filter_, schema) else None


def combine_view(
    view_filter: Mapping[str, Any], filter_: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Return one filter that asks for a view's conditions and for those of another filter.

    None when there is nothing to ask for, or when it would exceed Lark's limits.
    """
    combined = encode([*groups_of(view_filter), *groups_of(filter_)])
    return combined if fits(combined) else None


def _translate(condition: ViewCondition, schema: TableSchema) -> Condition | None:
    column = next(
        (item for item in schema.columns if item.field_id and item.field_id == condition.field_id),
        None,
    )
    if column is None or column.field.type != condition.field_type:
        return None
    if condition.operator not in _OPERATORS.get(column.filter_family, ()):
        return None
    if condition.operator in _EMPTINESS:
        return Condition(column.field_id, condition.operator)
    value = _value(column, condition.operator, condition.value)
    return None if value is None else Condition(column.field_id, condition.operator, value)


def _value(column: Column, operator: str, values: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the value as a filter takes it; None when that is not certain."""
    if column.filter_family == "date":
        return values if _is_day(operator, values) else None
    if len(values) != 1:
        # Whether several values mean any or all of them is not known.
        return None
    value = values[0]
    match column.filter_family:
        case "select" | "multiselect":
            return _option_name(column, value)
        case "number":
            certain = _DECIMAL.fullmatch(value) is not None
        case "people":
            certain = _ID.fullmatch(value) is not None
        case "checkbox":
            # Whether a filter for "false" finds checkboxes that were never touched is not known.
            certain = value == "true"
        case _:
            certain = value != ""
    return values if certain else None


def _is_day(operator: str, values: tuple[str, ...]) -> bool:
    match values:
        case ("ExactDate", moment):
            return moment.isascii() and moment.isdecimal()
        case (keyword,):
            return keyword in _DAYS or (keyword in _PERIODS and operator == "is")
        case _:
            return False


def _option_name(column: Column, option: str) -> tuple[str, ...] | None:
    """Return the name of an option, which views give by id and filters take by name."""
    options = column.field.property.get("options") or ()
    names = {str(item.get("id")): str(item.get("name") or "") for item in options}
    name = names.get(option, option)
    return (name,) if column.has_one_option(name) else None
