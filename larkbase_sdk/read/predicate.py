"""Conditions over the columns of a table, with SQL's three-valued logic.

A predicate is a small immutable tree. It is made from SQL text (`where.py`), from a pyarrow
expression (`expressions.py`) or from Athena's constraints, and it is used twice: translated to a
Lark filter (`pushdown.py`) and evaluated exactly over record batches (`evaluate.py`).

Column names are SQL names of a `TableSchema`, or ``record_id``; a member of a structure is written
``column.member``. Values are Python values: ``str``, ``bool``, ``int``, ``float``,
``decimal.Decimal`` or an aware ``datetime.datetime`` in UTC.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Value = str | bool | int | float | Decimal | dt.datetime
CompareOp = Literal["=", "<>", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Compare:
    """``column op value``; NULL when the cell is NULL or the value is None."""

    column: str
    op: CompareOp
    value: Value | None


@dataclass(frozen=True, slots=True)
class In:
    """``column IN (values)``; with ``has_null`` a cell that matches nothing gives NULL.

    FALSE for every row, also for NULL cells, when there is neither a value nor ``has_null``.
    """

    column: str
    values: tuple[Value, ...]
    has_null: bool = False


@dataclass(frozen=True, slots=True)
class Like:
    """``column LIKE pattern``: ``%`` any text, ``_`` one character, ``escape`` quotes both."""

    column: str
    pattern: str
    escape: str | None = None
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Contains:
    """The list in ``column`` holds ``value``: an element, a person's id or a linked record id.

    NULL when the cell is NULL.
    """

    column: str
    value: str


@dataclass(frozen=True, slots=True)
class IsNull:
    """``column IS NULL``; never NULL itself."""

    column: str


@dataclass(frozen=True, slots=True)
class And:
    """All operands hold (Kleene)."""

    operands: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any operand holds (Kleene)."""

    operands: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The operand does not hold; NULL stays NULL."""

    operand: Predicate


@dataclass(frozen=True, slots=True)
class Constant:
    """TRUE, FALSE or NULL for every row."""

    value: bool | None


Test = Compare | In | Like | Contains | IsNull
"""The predicates that look at one column."""

Predicate = Test | And | Or | Not | Constant


def columns_of(predicate: Predicate) -> frozenset[str]:
    """Return the SQL names of the columns that a predicate looks at, whole columns only."""
    return frozenset(split_member(name)[0] for name in _columns(predicate))


def split_member(name: str) -> tuple[str, str]:
    """Return the column and the member of ``column.member``; the member is "" without one."""
    column, _, member = name.partition(".")
    return column, member


def _columns(predicate: Predicate) -> Iterator[str]:
    match predicate:
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _columns(operand)
        case Not(operand):
            yield from _columns(operand)
        case Constant():
            return
        case _:
            yield predicate.column


def conjuncts(predicate: Predicate | None) -> tuple[Predicate, ...]:
    """Return the parts that must all hold, flattening nested ANDs; () for None."""
    if predicate is None:
        return ()
    if isinstance(predicate, And):
        return tuple(part for operand in predicate.operands for part in conjuncts(operand))
    return (predicate,)


def conjunction(*parts: Predicate | None) -> Predicate | None:
    """Return one predicate that holds when all parts hold; None when there is no part."""
    flat = tuple(item for part in parts for item in conjuncts(part))
    if not flat:
        return None
    return flat[0] if len(flat) == 1 else And(flat)
