"""Constraints: what a query demands of the rows, and how many of them it wants in which order."""
# ruff: noqa: RUF009 - member() returns a dataclasses.field

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from larkbase_server.protocol.codecs import COUNT, TEXT, TEXT_MAP, choice, list_of, map_of
from larkbase_server.protocol.expressions import EXPRESSION, Expression
from larkbase_server.protocol.shape import codec_of, member, optional
from larkbase_server.protocol.value_sets import VALUE_SET, ValueSet

if TYPE_CHECKING:
    from collections.abc import Mapping

Direction = Literal["ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"]
_DIRECTIONS = ("ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST")


@dataclass(frozen=True, slots=True)
class OrderByField:
    """One column of an ORDER BY."""

    column_name: str = member("columnName", TEXT)
    direction: Direction = member("direction", choice(*_DIRECTIONS))

    @property
    def descending(self) -> bool:
        """Whether large values come first."""
        return self.direction.startswith("DESC")

    @property
    def nulls_first(self) -> bool:
        """Whether NULL comes before all values."""
        return self.direction.endswith("NULLS_FIRST")


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """A Substrait plan; ``plan`` is its base64 text, which nothing here reads."""

    version: str = member("substraitVersion", TEXT, default="")
    plan: str = member("substraitPlan", TEXT, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """A query's demands; all of them hold at the same time.

    Attributes:
        summary: A value set by column; a column that is absent may hold anything.
        expression: Further conditions, only of functions that the connector declared.
        order_by: The order in which ``limit`` counts; empty for any.
        limit: The most rows, or None. With ``order_by`` it means the first rows of that order.
        query_passthrough: Arguments of a native query; empty for an ordinary one.
        query_plan: A Substrait plan, or None.
    """

    summary: Mapping[str, ValueSet] = member("summary", map_of(VALUE_SET), default_factory=dict)
    expression: tuple[Expression, ...] = member(
        "expression", list_of(EXPRESSION), since=4, default=()
    )
    order_by: tuple[OrderByField, ...] = member(
        "orderByClause", list_of(codec_of(lambda: OrderByField)), since=4, default=()
    )
    limit: int | None = member("limit", COUNT, since=4, default=None)
    query_passthrough: Mapping[str, str] = member(
        "queryPassthroughArguments", TEXT_MAP, since=5, default_factory=dict
    )
    query_plan: QueryPlan | None = member(
        "queryPlan", optional(codec_of(lambda: QueryPlan)), since=6, default=None
    )


CONSTRAINTS = codec_of(lambda: Constraints)
