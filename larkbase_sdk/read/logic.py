"""Rewriting of predicates by the laws of SQL's three-valued logic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.read.predicate import (
    And,
    Compare,
    CompareOp,
    Constant,
    Contains,
    In,
    IsNull,
    Like,
    Not,
    Or,
    Predicate,
    Test,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

TRUE = Constant(True)
FALSE = Constant(False)

OPPOSITE: dict[CompareOp, CompareOp] = {
    "=": "<>",
    "<>": "=",
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "<=": ">",
}
"""The operator that holds exactly when the other one does not, NULL aside."""

MIRRORED: dict[CompareOp, CompareOp] = {
    "=": "=",
    "<>": "<>",
    "<": ">",
    ">=": "<=",
    ">": "<",
    "<=": ">=",
}
"""The operator that says the same with its two sides exchanged."""


def normal_form(predicate: Predicate) -> Predicate:
    """Return a predicate that is TRUE for the same rows, with every NOT moved inwards.

    What is left of NOT stands directly around an In, Like, Contains or IsNull. Constants are
    folded: TRUE and FALSE occur only as the whole result, and an AND or OR has no operand of its
    own kind. Rows for which the predicate is FALSE or NULL are not told apart.
    """
    return _holds(predicate, wanted=True)


def is_true(predicate: Predicate) -> Predicate:
    """Return ``predicate IS TRUE``: it holds for the same rows and is FALSE for all others."""
    return _total(normal_form(predicate))


def is_false(predicate: Predicate) -> Predicate:
    """Return ``predicate IS FALSE``, which is never NULL itself."""
    return is_true(Not(predicate))


def is_null(predicate: Predicate) -> Predicate:
    """Return ``predicate IS NULL`` for a whole predicate: it is neither TRUE nor FALSE."""
    return Not(Or((is_true(predicate), is_false(predicate))))


def _holds(predicate: Predicate, *, wanted: bool) -> Predicate:
    match predicate:
        case Constant(value):
            return Constant(value is wanted)
        case Not(operand):
            return _holds(operand, wanted=not wanted)
        case And(operands) | Or(operands):
            parts = [_holds(operand, wanted=wanted) for operand in operands]
            return _all(parts) if isinstance(predicate, And) is wanted else _any(parts)
        case Compare(column, op, value):
            if value is None:
                return FALSE
            return predicate if wanted else Compare(column, OPPOSITE[op], value)
        case In():
            return _holds_in(predicate, wanted=wanted)
        case _:
            return predicate if wanted else Not(predicate)


def _holds_in(predicate: In, *, wanted: bool) -> Predicate:
    if not predicate.values:
        return Constant(not wanted and not predicate.has_null)
    if wanted:
        return In(predicate.column, predicate.values)
    return FALSE if predicate.has_null else Not(predicate)


def _all(parts: Iterable[Predicate]) -> Predicate:
    flat: list[Predicate] = []
    for part in parts:
        if part == FALSE:
            return FALSE
        if part != TRUE:
            flat.extend(part.operands if isinstance(part, And) else (part,))
    flat = _without_implied(flat)
    return And(tuple(flat)) if len(flat) > 1 else (flat or [TRUE])[0]


def _without_implied(parts: list[Predicate]) -> list[Predicate]:
    """Drop ``c IS NOT NULL`` beside another test of ``c``, none of which holds for NULL."""
    tested = {
        leaf.column
        for leaf in (part.operand if isinstance(part, Not) else part for part in parts)
        if isinstance(leaf, Compare | In | Like | Contains)
    }
    return [
        part
        for part in parts
        if not (
            isinstance(part, Not)
            and isinstance(part.operand, IsNull)
            and part.operand.column in tested
        )
    ]


def _any(parts: Iterable[Predicate]) -> Predicate:
    flat: list[Predicate] = []
    for part in parts:
        if part == TRUE:
            return TRUE
        if part != FALSE:
            flat.extend(part.operands if isinstance(part, Or) else (part,))
    flat = _with_joined_lists(flat)
    return Or(tuple(flat)) if len(flat) > 1 else (flat or [FALSE])[0]


def _with_joined_lists(parts: list[Predicate]) -> list[Predicate]:
    """Make ``c = 1 OR c = 2 OR c IN (3)`` one IN."""
    found: dict[str, list[Value]] = {}
    joined: dict[object, Predicate] = {}
    for position, part in enumerate(parts):
        match part:
            case Compare(column, "=", value) if value is not None:
                values: tuple[Value, ...] = (value,)
            case In(column, values, False):
                pass
            case _:
                joined[position] = part
                continue
        known = found.setdefault(column, [])
        known += values
        single = len(known) == 1
        joined[column] = Compare(column, "=", known[0]) if single else In(column, tuple(known))
    return list(joined.values())


def _total(predicate: Predicate) -> Predicate:
    """Make each test of a normal form FALSE instead of NULL, by asking for a value as well."""
    match predicate:
        case And(operands):
            return And(tuple(_total(operand) for operand in operands))
        case Or(operands):
            return Or(tuple(_total(operand) for operand in operands))
        case Constant() | IsNull() | Not(IsNull()):
            return predicate
        case _:
            return And((predicate, Not(IsNull(leaf_of(predicate)[0].column))))


def leaf_of(predicate: Predicate) -> tuple[Test, bool]:
    """Return the test of a leaf of a normal form, and whether it is negated."""
    negated = isinstance(predicate, Not)
    leaf = predicate.operand if isinstance(predicate, Not) else predicate
    if isinstance(leaf, And | Or | Not | Constant):
        msg = f"{predicate} is no leaf of a normal form"
        raise TypeError(msg)
    return leaf, negated
