"""Constants of a parsed SQL text as Python values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.literals import to_instant

SqlNode = Any
"""A node of sqlglot's tree, whose classes have other names and parents in other releases."""

SqlValue = str | bool | int | Decimal | dt.date | None
"""Texts, truth values, exact numbers, dates, aware times in UTC, and NULL."""

_INSTANTS = frozenset({"TIMESTAMP", "TIMESTAMPNTZ", "TIMESTAMPTZ", "TIMESTAMPLTZ", "DATETIME"})
_TEXTS = frozenset({"TEXT", "VARCHAR", "CHAR", "NVARCHAR"})


@dataclass(frozen=True, slots=True)
class SqlConstant:
    """A constant; its value is None for NULL."""

    value: SqlValue


def constant_of(node: SqlNode) -> SqlConstant | None:
    """Return the constant that a node is; None when it is something else.

    Literals, negative numbers, TRUE, FALSE, NULL, and casts of text to a date, a time or text.

    Raises:
        QueryError: a cast of a text that is no date or time.
    """
    from sqlglot import exp

    node = node.unnest()
    if type(node) is exp.Cast:
        return _cast(node)
    if isinstance(node, exp.Neg):
        inner = constant_of(node.this)
        if inner is None or isinstance(inner.value, bool):
            return None
        return SqlConstant(-inner.value) if isinstance(inner.value, int | Decimal) else None
    if isinstance(node, exp.Literal):
        return SqlConstant(node.this if node.is_string else _number(node.this))
    if isinstance(node, exp.Boolean):
        return SqlConstant(bool(node.this))
    return SqlConstant(None) if isinstance(node, exp.Null) else None


def compare_constants(left: SqlValue, right: SqlValue) -> int | None:
    """Return -1, 0 or 1 as SQL orders two constants; None when they are of different kinds."""
    same_kind = (_is_number(left) and _is_number(right)) or type(left) is type(right)
    if left is None or right is None or not same_kind:
        return None
    return (left > right) - (left < right)  # type: ignore[operator]  # of the same kind


def _is_number(value: SqlValue) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _number(text: str) -> int | Decimal:
    return int(text) if text.isdigit() else Decimal(text)


def _cast(node: SqlNode) -> SqlConstant | None:
    extra = [key for key, value in node.args.items() if value and key not in ("this", "to")]
    source, target = constant_of(node.this), node.args["to"]
    if source is None or extra or not isinstance(source.value, str | None) or target.expressions:
        return None
    name = target.this.name if hasattr(target.this, "name") else ""
    if name not in _INSTANTS | _TEXTS | {"DATE"}:
        return None
    if source.value is None or name in _TEXTS:
        return source
    instant = to_instant(source.value)
    is_date = instant is not None and instant.time() == dt.time() and len(source.value) <= 10
    if instant is None or (name == "DATE" and not is_date):
        msg = f"{source.value!r} is no {'date' if name == 'DATE' else 'time'}."
        raise QueryError(msg, hint="Write DATE '2024-12-31' or TIMESTAMP '2024-12-31 23:59:59'.")
    return SqlConstant(instant)
