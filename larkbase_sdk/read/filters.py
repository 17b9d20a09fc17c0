"""The JSON shape of Lark's record filters, with fields by id until a filter is sent.

A filter holds either one flat list or, for a mix of AND and OR, one level of ``children``; what
Lark does with both at once is not known (filter guide of Lark's documentation), so everything
moves into children then. Fields go by id under ``field_id``, so that a field renamed after
planning is still found; `render_filter` turns ids into the names that the search call takes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from larkbase_sdk.read.conditions import Condition, Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from larkbase_sdk.schema.table_schema import TableSchema

MOST_CONDITIONS = 50
"""Conditions of one filter (search page of Lark's documentation)."""

MOST_CHARACTERS = 2000
"""Characters of a filter's JSON text (advice for error 1254107)."""


def encode(groups: Iterable[Group]) -> dict[str, Any] | None:
    """Return the filter that asks for one condition of each group; None without groups."""
    distinct = list(dict.fromkeys(groups))
    singles = [group[0] for group in distinct if len(group) == 1]
    choices = [group for group in distinct if len(group) > 1]
    if not choices:
        return _flat("and", singles) if singles else None
    if len(choices) == 1 and not singles:
        return _flat("or", choices[0])
    children = [_flat("and", singles)] if singles else []
    children += [_flat("or", group) for group in choices]
    return {"conjunction": "and", "conditions": [], "children": children}


def _flat(conjunction: str, conditions: Iterable[Condition]) -> dict[str, Any]:
    return {
        "conjunction": conjunction,
        "conditions": [condition.to_json() for condition in conditions],
    }


def groups_of(filter_: Mapping[str, Any] | None) -> list[Group]:
    """Return the groups that `encode` wrote as this filter."""
    if filter_ is None:
        return []
    if filter_.get("children"):
        return [group for child in filter_["children"] for group in groups_of(child)]
    conditions = [Condition.from_json(item) for item in filter_["conditions"]]
    if filter_["conjunction"] == "or":
        return [tuple(conditions)]
    return [(condition,) for condition in conditions]


def fits(filter_: Mapping[str, Any] | None, schema: TableSchema | None = None) -> bool:
    """Whether a filter, or none, keeps to Lark's limits; names count only with a schema."""
    if filter_ is None:
        return True
    count = sum(len(group) for group in groups_of(filter_))
    sent = filter_ if schema is None else render_filter(filter_, schema)
    text = json.dumps(sent, ensure_ascii=False)
    return count <= MOST_CONDITIONS and len(text) <= MOST_CHARACTERS


def render_filter(filter_: Mapping[str, Any], schema: TableSchema) -> dict[str, Any]:
    """Return the filter as the search call takes it, with the fields' names of this schema.

    Raises:
        QueryError: the schema lacks a field of the filter.
    """
    rendered: dict[str, Any] = {
        "conjunction": filter_["conjunction"],
        "conditions": [_render(item, schema) for item in filter_["conditions"]],
    }
    if "children" in filter_:
        rendered["children"] = [render_filter(child, schema) for child in filter_["children"]]
    return rendered


def _render(condition: Mapping[str, Any], schema: TableSchema) -> dict[str, Any]:
    return {
        "field_name": schema.column(condition["field_id"]).lark_name,
        "operator": condition["operator"],
        "value": list(condition["value"]),
    }
