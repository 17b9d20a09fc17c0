"""Expressions: conditions that no value set can say, sent only for functions that are declared."""
# ruff: noqa: RUF009 - member() returns a dataclasses.field

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from larkbase_server.protocol.arrow_types import ARROW_TYPE, ArrowType
from larkbase_server.protocol.codecs import TEXT, list_of, tagged
from larkbase_server.protocol.shape import Codec, member
from larkbase_server.protocol.value_blocks import VALUE_BLOCK, ValueBlock

FUNCTIONS = (
    "$and",
    "$or",
    "$not",
    "$is_null",
    "$nullif",
    "$equal",
    "$not_equal",
    "$less_than",
    "$less_than_or_equal",
    "$greater_than",
    "$greater_than_or_equal",
    "$is_distinct_from",
    "$add",
    "$subtract",
    "$multiply",
    "$divide",
    "$modulus",
    "$negate",
    "$like_pattern",
    "$in",
    "$array",
)
"""Every function that the protocol has."""


def _read_name(value: Any, path: str) -> str:
    name = value.get("functionName") if isinstance(value, Mapping) else value
    return str(TEXT.read(name, path))


_FUNCTION_NAME = Codec(_read_name, lambda value, _: {"functionName": value})
_EXPRESSION = tagged(
    lambda: {
        owner.__name__: owner
        for owner in (FunctionCallExpression, VariableExpression, ConstantExpression)
    },
    aliases={
        "functionCall": "FunctionCallExpression",
        "variable": "VariableExpression",
        "constant": "ConstantExpression",
    },
)


@dataclass(frozen=True, slots=True)
class FunctionCallExpression:
    """A function applied to expressions; ``function_name`` begins with a dollar sign."""

    type: ArrowType = member("type", ARROW_TYPE)
    function_name: str = member("functionName", _FUNCTION_NAME)
    arguments: tuple[Expression, ...] = member("arguments", list_of(_EXPRESSION), default=())


@dataclass(frozen=True, slots=True)
class VariableExpression:
    """A column."""

    column_name: str = member("columnName", TEXT)
    type: ArrowType = member("type", ARROW_TYPE)


@dataclass(frozen=True, slots=True)
class ConstantExpression:
    """A literal, or several for an array."""

    block: ValueBlock = member("valueBlock", VALUE_BLOCK)
    type: ArrowType = member("type", ARROW_TYPE)

    @property
    def values(self) -> tuple[Any, ...]:
        """The literals in Python."""
        return self.block.values


Expression = FunctionCallExpression | VariableExpression | ConstantExpression
EXPRESSION = _EXPRESSION
