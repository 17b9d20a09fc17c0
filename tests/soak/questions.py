"""Random conditions as SQL text, and what they mean over known rows, said a second time."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from world import STATUSES, Row

Truth = Callable[[Row], bool | None]


@dataclass(frozen=True)
class Condition:
    """A condition of SQL and its meaning: true, false, or None for unknown."""

    sql: str
    holds: Truth


def condition(dice: random.Random, depth: int = 2) -> Condition:
    """Return a random condition over the orders."""
    if depth == 0 or dice.random() < 0.4:
        return dice.choice(_LEAVES)(dice)
    first, second = condition(dice, depth - 1), condition(dice, depth - 1)
    kind = dice.choice(["AND", "OR", "NOT"])
    if kind == "NOT":
        return Condition(f"NOT ({first.sql})", lambda row: _not(first.holds(row)))
    join = _and if kind == "AND" else _or
    return Condition(
        f"({first.sql}) {kind} ({second.sql})",
        lambda row: join(first.holds(row), second.holds(row)),
    )


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _and(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _or(one: bool | None, other: bool | None) -> bool | None:
    if one or other:
        return True
    return None if one is None or other is None else False


def _compared(column: str, operator: str, literal: str, value: Any) -> Condition:
    tests: dict[str, Callable[[Any], bool]] = {
        "=": lambda cell: cell == value,
        "<>": lambda cell: cell != value,
        "<": lambda cell: cell < value,
        ">=": lambda cell: cell >= value,
    }
    test = tests[operator]
    return Condition(
        f"{column} {operator} {literal}",
        lambda row: None if row[column] is None else test(row[column]),
    )


def _number(dice: random.Random) -> Condition:
    column = dice.choice(["amount", "qty"])
    value = round(dice.random() * 5000, 2) if column == "amount" else float(dice.randrange(12))
    return _compared(column, dice.choice(["=", "<>", "<", ">="]), repr(value), value)


def _status(dice: random.Random) -> Condition:
    value = dice.choice(STATUSES)
    return _compared("status", dice.choice(["=", "<>"]), f"'{value}'", value)


def _statuses(dice: random.Random) -> Condition:
    values = dice.sample(STATUSES, 2)
    listed = ", ".join(f"'{value}'" for value in values)
    return Condition(
        f"status IN ({listed})",
        lambda row: None if row["status"] is None else row["status"] in values,
    )


def _day(dice: random.Random) -> Condition:
    value = dt.datetime(2025, dice.randrange(1, 13), dice.randrange(1, 28), tzinfo=dt.UTC)
    literal = f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S}'"
    return _compared("day", dice.choice(["<", ">="]), literal, value)


def _paid(dice: random.Random) -> Condition:
    return Condition("paid", lambda row: row["paid"])


def _buyer(dice: random.Random) -> Condition:
    value = f"Customer {dice.randrange(330)}"
    return _compared("buyer", dice.choice(["=", "<>"]), f"'{value}'", value)


def _empty(dice: random.Random) -> Condition:
    column = dice.choice(["amount", "status", "day", "buyer"])
    if dice.random() < 0.5:
        return Condition(f"{column} IS NULL", lambda row: row[column] is None)
    return Condition(f"{column} IS NOT NULL", lambda row: row[column] is not None)


_LEAVES: tuple[Callable[[random.Random], Condition], ...] = (
    _number,
    _number,
    _status,
    _statuses,
    _day,
    _paid,
    _buyer,
    _empty,
)
