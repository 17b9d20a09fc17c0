"""What a connector can declare about push-down; a declared one is then its own responsibility."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from larkbase_server.protocol.codecs import TEXT, list_of, map_of
from larkbase_server.protocol.shape import codec_of, member


@dataclass(frozen=True, slots=True)
class Capability:
    """One kind of push-down, with its details."""

    sub_type: str = member("subType", TEXT)
    properties: tuple[str, ...] = member("properties", list_of(TEXT), default=())


Capabilities = Mapping[str, tuple[Capability, ...]]
"""Capabilities by the name of their group."""

CAPABILITIES = map_of(list_of(codec_of(lambda: Capability)))

LIMIT: Capabilities = {"supports_limit_pushdown": (Capability("integer_constant"),)}
"""At most ``limit`` rows of each split are returned."""

TOP_N: Capabilities = {"supports_top_n_pushdown": (Capability("SUPPORTS_ORDER_BY"),)}
"""The first ``limit`` rows of each split in the demanded order are returned."""

FILTER: Capabilities = {
    "supports_filter_pushdown": (
        Capability("sorted_range_set"),
        Capability("equatable_range_set"),
        Capability("all_or_none_value_set"),
        Capability("nullable_comparison"),
    )
}
"""Every value set is applied, exactly."""

HINTS: Capabilities = {"data_source_hints": (Capability("non_default_collate"),)}
"""The source orders texts in another way than Athena."""


def expressions(*functions: str) -> Capabilities:
    """Return the capability to apply expressions of these functions."""
    sub_type = "supported_function_expression_types"
    return {"supports_complex_expression_pushdown": (Capability(sub_type, functions),)}


def passthrough(schema: str, name: str, *arguments: str) -> Capabilities:
    """Return the capability to run native queries as ``TABLE(catalog.schema.name(…))``."""
    return {
        f"{schema}.{name}".upper(): (
            Capability("query_passthrough_schema", (schema,)),
            Capability("query_passthrough_name", (name,)),
            Capability("query_passthrough_arguments", arguments),
        )
    }
