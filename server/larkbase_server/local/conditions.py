"""Conditions over the columns of a federated table, as predicates with values of the wire's types.

They are read by the same core as everybody's conditions; what it cannot read is no error here,
but a condition that the engine keeps for itself.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from larkbase_sdk.api.models import Field
from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.predicate import And, Compare, In, Not, Or, columns_of, conjuncts
from larkbase_sdk.read.serialised import Call, FieldRef, decode_expression
from larkbase_sdk.read.translation import Translator
from larkbase_sdk.read.where import parse_where
from larkbase_sdk.schema.field_types import UNKNOWN
from larkbase_sdk.schema.table_schema import Column, TableSchema
from larkbase_server.local.domains import Domain, domain_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    import pyarrow.compute as pc

    from larkbase_sdk.read.constants import SqlNode
    from larkbase_sdk.read.predicate import Predicate
    from larkbase_sdk.read.serialised import Node

_MILLISECOND = 1000
_FLOAT_EXACT = 2**53


class _UnfitError(Exception):
    """A value that the column's type cannot hold exactly."""


class Conditions:
    """Reads conditions over the columns of one table.

    Args:
        schema: The columns as the connector reported them.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._types = {item.name: item.type for item in schema}
        self._columns = _as_core_schema(schema)

    def of_sql(self, condition: SqlNode) -> dict[str, Domain] | None:
        """Return the domains by column whose conjunction is a condition; None without such.

        Args:
            condition: A parsed condition, its columns without the name of their table.
        """
        try:
            predicate = parse_where(condition.sql(dialect="duckdb"), self._columns)
        except QueryError:
            return None
        return self._domains(predicate)

    def of_predicate(self, column: str, predicate: Predicate) -> Domain | None:
        """Return the domain that a predicate over one column means; None without such."""
        return (self._domains(predicate) or {}).get(column)

    def columns_of(self, expression: pc.Expression) -> frozenset[str]:
        """Return the columns that a pushed filter looks at; all of them if it cannot be read."""
        try:
            return frozenset(_columns(decode_expression(expression)))
        except ValueError:
            return frozenset(self._types)

    def of_expression(self, expression: pc.Expression) -> tuple[dict[str, Domain], bool]:
        """Return the domains that a pushed filter implies, and whether they are all of it."""
        try:
            tree = decode_expression(expression)
        except ValueError:
            return {}, False
        reader = Translator(self._columns, {name: name for name in self._types})
        exact = reader.exact(tree)
        predicate = exact if exact is not None else reader.superset(tree)
        found: dict[str, Domain] = {}
        complete = exact is not None
        for part in conjuncts(predicate):
            domains = self._domains(part)
            complete = complete and domains is not None
            for name, domain in (domains or {}).items():
                found[name] = domain.intersection(found.get(name, domain))
        return found, complete

    def _domains(self, predicate: Predicate) -> dict[str, Domain] | None:
        found: dict[str, Domain] = {}
        try:
            for part in conjuncts(predicate):
                names = columns_of(part)
                if len(names) != 1:
                    return None
                (name,) = names
                domain = domain_of(_fitted(part, name, self._types[name]))
                found[name] = domain.intersection(found.get(name, domain))
        except (_UnfitError, TypeError, KeyError):
            return None
        return found


def _columns(node: Node) -> Iterator[str]:
    if isinstance(node, FieldRef):
        yield node.names[0]
    elif isinstance(node, Call):
        for operand in node.operands:
            yield from _columns(operand)


def _as_core_schema(schema: pa.Schema) -> TableSchema:
    """Return the columns in the core's terms, which read conditions over any columns."""
    columns = tuple(
        Column(
            name=item.name,
            field=Field(field_id="", name=item.name, type=0, ui_type=""),
            lark_type="",
            result=UNKNOWN,
            wrapper=None,
            arrow_type=item.type,
            glue_type="",
        )
        for item in schema
    )
    return TableSchema("", "", "", columns)


def _fitted(predicate: Predicate, name: str, data_type: pa.DataType) -> Predicate:
    """Return the predicate with its values as values of the column's type.

    Raises:
        _UnfitError: when one is none.
    """
    match predicate:
        case Compare(column, _, value):
            if column != name:
                raise _UnfitError  # a member of a structure
            return replace(predicate, value=None if value is None else _fit(value, data_type))
        case In(column, values):
            if column != name:
                raise _UnfitError
            return replace(predicate, values=tuple(_fit(value, data_type) for value in values))
        case And(operands) | Or(operands):
            return replace(
                predicate, operands=tuple(_fitted(part, name, data_type) for part in operands)
            )
        case Not(operand):
            return Not(_fitted(operand, name, data_type))
        case _:
            if getattr(predicate, "column", name) != name:
                raise _UnfitError
            return predicate


def _fit(value: Any, data_type: pa.DataType) -> Any:
    """Return the value that the wire carries for a literal, exactly the same one.

    Raises:
        _UnfitError: when there is none.
    """
    import pyarrow.types as pt

    if pt.is_string(data_type) and isinstance(value, str):
        return value
    if pt.is_boolean(data_type) and isinstance(value, bool):
        return value
    if (pt.is_date64(data_type) or pt.is_timestamp(data_type)) and isinstance(value, dt.datetime):
        return _whole_milliseconds(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _fit_number(value, data_type)
    raise _UnfitError


def _whole_milliseconds(value: dt.datetime) -> dt.datetime:
    if value.microsecond % _MILLISECOND:
        raise _UnfitError
    return value


def _fit_number(value: float | Decimal, data_type: pa.DataType) -> int | float | Decimal:
    import pyarrow as pa
    import pyarrow.types as pt

    if pt.is_float64(data_type):
        # An engine compares decimals with doubles as doubles, but whole numbers must stay exact.
        if isinstance(value, int) and abs(value) > _FLOAT_EXACT:
            raise _UnfitError
        return float(value)
    if isinstance(value, float) and not value.is_integer():
        raise _UnfitError
    exact = Decimal(value)
    try:
        if pt.is_integer(data_type) and exact == exact.to_integral_value():
            return int(pa.scalar(int(exact), data_type).as_py())
        if pt.is_decimal128(data_type):
            return Decimal(pa.scalar(exact, data_type).as_py())
    except pa.ArrowException as error:
        raise _UnfitError from error
    raise _UnfitError
