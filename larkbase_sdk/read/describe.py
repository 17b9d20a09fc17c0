"""Predicates and filter conditions as short texts for people."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

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
    from larkbase_sdk.read.conditions import Condition

_MOST_PARTS = 5
_WORDS = {
    "is": "is",
    "isNot": "is not",
    "contains": "contains",
    "doesNotContain": "does not contain",
    "isEmpty": "is empty",
    "isNotEmpty": "is not empty",
    "isGreater": ">",
    "isGreaterEqual": ">=",
    "isLess": "<",
    "isLessEqual": "<=",
}
_ORDERINGS = frozenset({">", ">=", "<", "<="})


def describe(predicate: Predicate) -> str:
    """Return a predicate as SQL-like text; long lists are cut."""
    match predicate:
        case And(operands):
            return _join(" AND ", operands)
        case Or(operands):
            return _join(" OR ", operands)
        case Not(In(column, values, has_null)):
            return f"{column} NOT IN {_values(values, has_null=has_null)}"
        case Not(IsNull(column)):
            return f"{column} IS NOT NULL"
        case Not(operand):
            return f"NOT {_enclosed(operand)}"
        case Constant(value):
            return _literal(value)
        case _:
            return _describe_test(predicate)


def _describe_test(test: Compare | In | Like | Contains | IsNull) -> str:
    match test:
        case Compare(column, op, value):
            return f"{column} {op} {_literal(value)}"
        case In(column, values, has_null):
            return f"{column} IN {_values(values, has_null=has_null)}"
        case Like(column, pattern, escape, ignore_case):
            suffix = f" ESCAPE {_literal(escape)}" if escape and escape in pattern else ""
            word = "ILIKE" if ignore_case else "LIKE"
            return f"{column} {word} {_literal(pattern)}{suffix}"
        case Contains(column, value):
            return f"list_contains({column}, {_literal(value)})"
        case IsNull(column):
            return f"{column} IS NULL"


def _join(word: str, operands: tuple[Predicate, ...]) -> str:
    shown = [_enclosed(operand) for operand in operands[:_MOST_PARTS]]
    if len(operands) > _MOST_PARTS:
        shown.append(f"… {len(operands) - _MOST_PARTS} more")
    return word.join(shown)


def _enclosed(predicate: Predicate) -> str:
    text = describe(predicate)
    return f"({text})" if isinstance(predicate, And | Or) else text


def _values(values: tuple[object, ...], *, has_null: bool) -> str:
    shown = [_literal(value) for value in values[:_MOST_PARTS]]
    if len(values) > _MOST_PARTS:
        shown.append(f"… {len(values) - _MOST_PARTS} more")
    return f"({', '.join([*shown, 'NULL'] if has_null else shown)})"


def _literal(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).upper()
        case str():
            return "'" + value.replace("'", "''") + "'"
        case dt.datetime():
            return f"'{value.replace(tzinfo=None).isoformat(sep=' ')}'"
        case _:
            return str(value)


def describe_condition(condition: Condition, name: str, zone: dt.tzinfo | None) -> str:
    """Return a condition of a Lark filter as text, such as ``Status is "Open"``.

    Args:
        condition: The condition.
        name: Lark's name of its field.
        zone: Zone in which days are shown; UTC when None.
    """
    word = _WORDS.get(condition.operator, condition.operator)
    match condition.value:
        case ():
            return f"{name} {word}"
        case ("ExactDate", moment):
            day = dt.datetime.fromtimestamp(int(moment) / 1000, zone or dt.UTC).date()
            return f"{name} {word} {day}"
        case ("true" | "false" as value,):
            return f"{name} {word} {value}"
        case values:
            shown = values if word in _ORDERINGS else [f'"{value}"' for value in values]
            return f"{name} {word} {', '.join(shown)}"
