"""Views of a table: their own filter, order and hidden fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from larkbase_sdk.emulator.ids import stable_id


@dataclass(frozen=True, slots=True)
class ViewCondition:
    """A condition of a view; the field goes by id."""

    field_id: str
    field_type: int
    operator: str
    value: tuple[str, ...]


@dataclass(slots=True)
class EmulatedView:
    """A view; ``condition_omitted`` says that the service hides some of its conditions."""

    view_id: str
    name: str
    view_type: str = "grid"
    conjunction: str = "and"
    conditions: list[ViewCondition] = field(default_factory=list)
    sort: list[tuple[str, bool]] = field(default_factory=list)
    hidden_fields: list[str] = field(default_factory=list)
    level: str = "Public"
    owner: str = ""
    condition_omitted: bool = False

    def listed(self) -> dict[str, Any]:
        """Return the item of "list views"."""
        item = {
            "view_id": self.view_id,
            "view_name": self.name,
            "view_public_level": self.level,
            "view_type": self.view_type,
        }
        return {**item, "view_private_owner_id": self.owner} if self.owner else item

    def described(self) -> dict[str, Any]:
        """Return ``data.view`` of "get view": values are JSON text there."""
        conditions = [
            {
                "condition_id": stable_id("con", 7, self.view_id, index),
                "field_id": condition.field_id,
                "field_type": condition.field_type,
                "operator": condition.operator,
                "value": orjson.dumps(condition.value).decode(),
            }
            for index, condition in enumerate(self.conditions)
        ]
        filter_info = {
            "condition_omitted": self.condition_omitted or None,
            "conditions": conditions,
            "conjunction": self.conjunction,
        }
        shown = {
            "filter_info": filter_info if conditions else None,
            "hidden_fields": self.hidden_fields or None,
        }
        return {
            "property": shown,
            "view_id": self.view_id,
            "view_name": self.name,
            "view_type": self.view_type,
        }
