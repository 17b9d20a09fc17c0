"""What Athena hands to a connector of a query: value sets, limit and order, as far as declared.

What is sent and what the engine applies again:

- A value set is sent only of a kind that the capabilities declare: sorted ranges for types that
  have an order, equatable sets where only these are declared and the values can be counted, and
  all-or-none sets for nested types.
- A condition that a declared sorted or equatable set says completely is the connector's business
  alone, as the protocol has it; the engine does not apply it again, so a connector that filters
  too little or too much is found out. That needs ``nullable_comparison`` too, without which nobody
  promised what happens to NULL.
- Everything else stays with the engine, all-or-none sets included: on the wire ``IS NULL`` and
  "nothing" of such a set cannot be told from each other by every reader.
- A limit is sent only when every condition of its query block was handed over in this way, and
  with an order only when that is declared. The engine limits and orders again: every split may
  return so many rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from larkbase_server.protocol.arrow_types import ArrowType
from larkbase_server.protocol.value_blocks import ValueBlock
from larkbase_server.protocol.value_sets import (
    AllOrNoneValueSet,
    EquatableValueSet,
    Marker,
    Range,
    SortedRangeSet,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from larkbase_server.local.domains import Cut, Domain
    from larkbase_server.protocol.capabilities import Capabilities
    from larkbase_server.protocol.value_sets import ValueSet


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a connector declared that it can do.

    Attributes:
        ranges: Sorted range sets.
        equatable: Equatable sets.
        all_or_none: All-or-none sets.
        nullable: NULL as the sets say.
        limit: At most so many rows of each split.
        top_n: The first rows in an order.
    """

    ranges: bool = False
    equatable: bool = False
    all_or_none: bool = False
    nullable: bool = False
    limit: bool = False
    top_n: bool = False

    @classmethod
    def of(cls, declared: Capabilities) -> Abilities:
        """Return what the capabilities declare."""

        def has(group: str, sub_type: str) -> bool:
            return any(item.sub_type == sub_type for item in declared.get(group, ()))

        filters = "supports_filter_pushdown"
        return cls(
            ranges=has(filters, "sorted_range_set"),
            equatable=has(filters, "equatable_range_set"),
            all_or_none=has(filters, "all_or_none_value_set"),
            nullable=has(filters, "nullable_comparison"),
            limit=has("supports_limit_pushdown", "integer_constant"),
            top_n=has("supports_top_n_pushdown", "SUPPORTS_ORDER_BY"),
        )

    def value_set(self, domain: Domain, data_type: pa.DataType) -> ValueSet | None:
        """Return the set to send for a column's domain; None when nothing can or need be sent."""
        import pyarrow.types as pt

        if domain.is_all:
            return None
        if pt.is_nested(data_type):
            return _all_or_none(domain, data_type) if self.all_or_none else None
        if self.ranges:
            return _sorted_ranges(domain, data_type)
        return _equatable(domain, data_type) if self.equatable else None

    def is_trusted(self, values: ValueSet | None) -> bool:
        """Tell whether a set that is sent is the connector's business alone."""
        return values is not None and self.nullable and not isinstance(values, AllOrNoneValueSet)


def value_sets(
    domains: Mapping[str, Domain], schema: pa.Schema, abilities: Abilities
) -> dict[str, ValueSet]:
    """Return the sets to send, by column."""
    sets = {
        name: abilities.value_set(domain, schema.field(name).type)
        for name, domain in domains.items()
    }
    return {name: values for name, values in sets.items() if values is not None}


def _sorted_ranges(domain: Domain, data_type: pa.DataType) -> SortedRangeSet:
    ranges = tuple(
        Range(_marker(low, data_type, low=True), _marker(high, data_type, low=False))
        for low, high in domain.spans
    )
    return SortedRangeSet(ArrowType.of(data_type), ranges, domain.null)


def _marker(cut: Cut, data_type: pa.DataType, *, low: bool) -> Marker:
    if cut.infinite:
        return Marker.open(data_type, "ABOVE" if low else "BELOW")
    outside = cut.above if low else not cut.above
    if not outside:
        return Marker.at(cut.value, data_type)
    return Marker.at(cut.value, data_type, "ABOVE" if low else "BELOW")


def _equatable(domain: Domain, data_type: pa.DataType) -> EquatableValueSet | None:
    listed = domain.points()
    if listed is not None:
        return _listed(listed, data_type, white_list=True, null=domain.null)
    others = domain.complement().points()
    if not others:
        return None
    return _listed(others, data_type, white_list=False, null=domain.null)


def _listed(
    values: tuple[Any, ...], data_type: pa.DataType, *, white_list: bool, null: bool
) -> EquatableValueSet:
    return EquatableValueSet(ValueBlock(data_type, values), white_list, null)


def _all_or_none(domain: Domain, data_type: pa.DataType) -> AllOrNoneValueSet:
    # Java writes "all" as false unless NULL is allowed too.
    everything = domain.has_all_values and domain.null
    return AllOrNoneValueSet(ArrowType.of(data_type), everything, domain.null)
