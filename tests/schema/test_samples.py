"""Field lists as Lark documents and sends them become schemas."""

from __future__ import annotations

import pyarrow as pa

from larkbase_sdk.api.models import Field
from larkbase_sdk.schema.table_schema import build_schema


def fields_of_sample(data) -> list[Field]:
    """The fields of a captured answer."""
    return [Field.parse(item) for item in data["data"]["items"]]


def test_the_documented_field_list_becomes_a_schema(sample):
    """All types in one table: names, types and the conditions that can be sent."""
    fields = fields_of_sample(sample("fields-list-all-types.json"))
    schema = build_schema("bas", "tbl", fields, style="ascii")
    assert schema.skipped == ()
    assert [column.lark_name for column in schema.columns] == [field.name for field in fields]
    assert len({column.name for column in schema.columns}) == len(fields)
    assert {column.lark_type: column.filter_family for column in schema.columns} == {
        "Text": "text",
        "User": "people",
        "SingleSelect": "select",
        "MultiSelect": "multiselect",
        "GroupChat": "people",
        "DateTime": "date",
        "Attachment": "presence",
        "Checkbox": "checkbox",
        "Url": "url",
        "Phone": "phone",
        "SingleLink": "people",
        "DuplexLink": "people",
        "Location": "presence",
        "Formula<Text>": "none",
        "CreatedTime": "date",
        "CreatedUser": "people",
        "ModifiedUser": "people",
        "ModifiedTime": "date",
        "Barcode": "text",
        "Lookup<NULL>": "none",
        "AutoNumber": "autonumber",
        "Currency": "number",
        "Progress": "number",
        "Rating": "number",
    }


def test_a_captured_field_list_becomes_a_schema(sample):
    """With a composed auto number and a lookup that counts."""
    fields = fields_of_sample(sample("fields-list-captured.json"))
    target = Field("fldkol320H", "what", 1, "Text")
    schema = build_schema("bas", "tbl", fields, fields_of={"tbl36h41v2pW3EMZ": [target]}.get)
    found = [(item.name, item.lark_type, item.arrow_type) for item in schema.columns]
    assert found == [
        ("event_id", "AutoNumber", pa.string()),
        ("status", "SingleSelect", pa.string()),
        ("timeline", "DuplexLink", pa.struct({"link_record_ids": pa.list_(pa.string())})),
        ("tags", "MultiSelect", pa.list_(pa.string())),
        ("created_on", "DateTime", pa.timestamp("ms", tz="UTC")),
        ("timeline_count", "Lookup<Text>", pa.list_(pa.float64())),
    ]
    assert schema.primary is schema.columns[0]
    assert schema.columns[0].filter_family == "none"
    assert schema.columns[1].options == ("open", "closed")
