"""The filter builder: a column, an operator that fits its type, and a value, as SQL text."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Literal

from larkbase_sdk.errors import QueryError
from larkbase_sdk.notebook.statements import text_literal
from larkbase_sdk.read.literals import to_instant
from larkbase_sdk.read.operands import LINKED, Kind, kind_of
from larkbase_sdk.read.patterns import ESCAPE, quote_pattern
from larkbase_sdk.read.where import parse_where
from larkbase_sdk.sql.identifiers import identifier

if TYPE_CHECKING:
    from larkbase_sdk.schema.table_schema import Column, TableSchema

Match = Literal["all", "any"]

_EMPTINESS = {"is empty": "{column} IS NULL", "is not empty": "{column} IS NOT NULL"}
_EQUALITY = {"is": "{column} = {value}", "is not": "{column} <> {value}"}
_OPERATORS: dict[Kind, dict[str, str]] = {
    "text": _EQUALITY
    | {
        "contains": "{column} LIKE {value}",
        "does not contain": "{column} NOT LIKE {value}",
        "starts with": "{column} LIKE {value}",
        "ends with": "{column} LIKE {value}",
    },
    "number": {sign: f"{{column}} {sign} {{value}}" for sign in ("=", "<>", "<", "<=", ">", ">=")},
    "boolean": {"is true": "{column} = TRUE", "is false": "{column} = FALSE"},
    "time": {
        "on the day": "({column} >= {value} AND {column} < {next_day})",
        "before": "{column} < {value}",
        "at or before": "{column} <= {value}",
        "after": "{column} > {value}",
        "at or after": "{column} >= {value}",
    },
    "texts": {
        "has": "list_contains({column}, {value})",
        "has not": "NOT list_contains({column}, {value})",
    },
    "links": {
        "links to": f"list_contains({{column}}.{LINKED}, {{value}})",
    },
    "people": {},
    "other": {},
}
_AROUND = {
    "contains": "%{}%",
    "does not contain": "%{}%",
    "starts with": "{}%",
    "ends with": "%{}",
}
_MIDNIGHT = dt.time()


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of the builder.

    Attributes:
        column: SQL name of the column.
        operator: One of ``operators`` of that column.
        value: What was typed; empty for operators that take none.
    """

    column: str
    operator: str
    value: str = ""


def operators(column: Column) -> tuple[str, ...]:
    """Return the operators that fit a column, in words; no call."""
    own = tuple(_OPERATORS[kind_of(column.arrow_type)])
    # An empty checkbox is an unticked one.
    return own if column.filter_family == "checkbox" else own + tuple(_EMPTINESS)


def takes_value(operator: str) -> bool:
    """Tell whether a value stands beside an operator."""
    return operator not in _EMPTINESS and operator not in _OPERATORS["boolean"]


def condition_sql(condition: Condition, schema: TableSchema) -> str:
    """Return the SQL text of one condition, as after WHERE; no call.

    Raises:
        QueryError: when the column is unknown, or the operator or value does not fit it; the
            hint says what does.
    """
    column = schema.sql_column(condition.column)
    template = (_OPERATORS[kind_of(column.arrow_type)] | _EMPTINESS).get(condition.operator)
    if template is None or condition.operator not in operators(column):
        msg = f'"{column.lark_name}" cannot be asked whether it {condition.operator!r}.'
        raise QueryError(msg, hint=f"Operators: {', '.join(operators(column))}.")
    text = template.format(column=identifier(column.name), **_values(condition, column))
    if condition.operator in _AROUND and ESCAPE in text:
        text += f" ESCAPE '{ESCAPE}'"
    parse_where(text, schema)
    return text


def where_sql(conditions: tuple[Condition, ...], match: Match, schema: TableSchema) -> str | None:
    """Return the SQL text of several conditions that all hold, or any of them; None for none.

    Raises:
        QueryError: as for one condition.
    """
    if not conditions:
        return None
    word = " AND " if match == "all" else " OR "
    return word.join(condition_sql(condition, schema) for condition in conditions)


def _values(condition: Condition, column: Column) -> dict[str, str]:
    """Return what a template's value stands for."""
    if not takes_value(condition.operator):
        return {}
    match kind_of(column.arrow_type):
        case "number":
            return {"value": _number(condition.value, column)}
        case "time":
            return _times(condition, column)
        case _:
            around = _AROUND.get(condition.operator)
            if around is None:
                return {"value": text_literal(condition.value)}
            return {"value": text_literal(around.format(quote_pattern(condition.value)))}


def _number(text: str, column: Column) -> str:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        msg = f'"{column.lark_name}" holds numbers, and {text!r} is none.'
        raise QueryError(msg, hint="Write digits, with a point before the decimals: 10.5.")
    return f"{number:f}"


def _times(condition: Condition, column: Column) -> dict[str, str]:
    moment = to_instant(condition.value.strip())
    if moment is None or moment.year == dt.MAXYEAR:
        msg = f'"{column.lark_name}" holds times, and {condition.value!r} is none.'
        raise QueryError(msg, hint="Write 2024-12-31 or 2024-12-31 23:59:59; times are UTC.")
    if condition.operator != "on the day":
        return {"value": _time_literal(moment)}
    day = dt.datetime.combine(moment.date(), _MIDNIGHT)
    return {"value": _time_literal(day), "next_day": _time_literal(day + dt.timedelta(days=1))}


def _time_literal(moment: dt.datetime) -> str:
    text = moment.replace(tzinfo=None).isoformat(sep=" ")
    return f"TIMESTAMP {text_literal(text)}"
