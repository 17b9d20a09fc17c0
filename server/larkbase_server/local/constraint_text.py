"""Constraints as the protocol's validator takes them: ``status=Open,amount>=10,closed=``."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.literals import to_instant
from larkbase_sdk.read.predicate import Compare, IsNull, Not

if TYPE_CHECKING:
    import pyarrow as pa

    from larkbase_sdk.read.predicate import CompareOp, Predicate
    from larkbase_server.local.conditions import Conditions
    from larkbase_server.local.domains import Domain

_TEST = re.compile(r"\s*(?P<column>.+?)\s*(?P<op>!=|>=|<=|=|>|<)\s*(?P<value>.*?)\s*", re.DOTALL)
_OPERATORS: dict[str, CompareOp] = {
    "=": "=", "!=": "<>", ">": ">", ">=": ">=", "<": "<", "<=": "<=",
}  # fmt: skip


def parse_constraints(text: str, schema: pa.Schema, conditions: Conditions) -> dict[str, Domain]:
    """Return the domains by column that a text demands; several tests of a column all hold.

    An empty value is NULL: ``c=`` are the rows without a value, ``c!=`` those with one.

    Raises:
        QueryError: a part is no test, its column is unknown, or its value is of another type.
    """
    found: dict[str, Domain] = {}
    for part in filter(str.strip, text.split(",")):
        name, predicate = _test(part, schema)
        domain = conditions.of_predicate(name, predicate)
        if domain is None:
            msg = f"The constraint {part.strip()!r} does not fit the column {name!r}."
            raise QueryError(msg, hint=f"It holds {schema.field(name).type}.")
        found[name] = domain.intersection(found.get(name, domain))
    return found


def _test(part: str, schema: pa.Schema) -> tuple[str, Predicate]:
    match = _TEST.fullmatch(part)
    if match is None:
        msg = f"The constraint {part.strip()!r} cannot be read."
        raise QueryError(msg, hint="Write such as status=Open,amount>=10,closed=")
    name, op, text = match["column"].lower(), match["op"], match["value"]
    if name not in schema.names:
        msg = f"There is no column {name!r}."
        raise QueryError(msg, hint=f"Columns: {', '.join(schema.names)}.")
    if text:
        return name, Compare(name, _OPERATORS[op], _value(text, schema.field(name).type))
    if op not in ("=", "!="):
        msg = f"The constraint {part.strip()!r} compares with no value."
        raise QueryError(msg, hint=f"{name}= means IS NULL, {name}!= means IS NOT NULL.")
    return name, IsNull(name) if op == "=" else Not(IsNull(name))


def _value(text: str, data_type: pa.DataType) -> Any:
    """Return the value that a text is for a column; the text itself when it is none."""
    import pyarrow.types as pt

    if pt.is_boolean(data_type) and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if pt.is_date64(data_type):
        return to_instant(text) or text
    if pt.is_integer(data_type) or pt.is_floating(data_type) or pt.is_decimal(data_type):
        try:
            return Decimal(text)
        except InvalidOperation:
            return text
    return text
