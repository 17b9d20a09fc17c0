"""The schema of a stored table as JSON: Lark's fields as they were, and their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from larkbase_sdk.api.models import Field
from larkbase_sdk.schema.arrow_types import arrow_type
from larkbase_sdk.schema.field_types import find_type
from larkbase_sdk.schema.table_schema import Column, SkippedField, TableSchema
from larkbase_sdk.snapshot.manifest import FORMAT

if TYPE_CHECKING:
    from larkbase_sdk.options import NumberType


def schema_to_json(schema: TableSchema, number_type: NumberType) -> dict[str, Any]:
    """Return a schema as JSON values."""
    return {
        "format": FORMAT,
        "table_id": schema.table_id,
        "base_id": schema.base_id,
        "table_name": schema.table_name,
        "number_type": number_type,
        "columns": [
            {
                "name": column.name,
                "lark_type": column.lark_type,
                "result": column.result.ui_type,
                "wrapper": column.wrapper,
                "glue_type": column.glue_type,
                "field": _field_to_json(column.field),
            }
            for column in schema.columns
        ],
        "skipped": [
            {"reason": item.reason, "field": _field_to_json(item.field)} for item in schema.skipped
        ],
    }


def schema_from_json(data: dict[str, Any]) -> TableSchema:
    """Return the schema that ``schema_to_json`` wrote.

    Raises:
        KeyError, TypeError, ValueError: when it is something else.
    """
    number_type: NumberType = "decimal" if data["number_type"] == "decimal" else "double"
    columns = [
        Column(
            name=item["name"],
            field=Field.parse(item["field"]),
            lark_type=item["lark_type"],
            result=find_type(item["result"]),
            wrapper=item["wrapper"],
            arrow_type=arrow_type(item["glue_type"], number_type),
            glue_type=item["glue_type"],
        )
        for item in data["columns"]
    ]
    skipped = [SkippedField(Field.parse(item["field"]), item["reason"]) for item in data["skipped"]]
    return TableSchema(
        data["base_id"], data["table_id"], data["table_name"], tuple(columns), tuple(skipped)
    )


def _field_to_json(field: Field) -> dict[str, Any]:
    """Return a field as Lark lists it."""
    return {
        "field_id": field.field_id,
        "field_name": field.name,
        "type": field.type,
        "ui_type": field.ui_type,
        "is_primary": field.is_primary,
        "is_hidden": field.is_hidden,
        "property": dict(field.property),
        "description": field.description,
    }
