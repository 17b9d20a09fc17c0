"""The table of Lark's field types: how each one is typed, shaped, filtered and sorted."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_sdk.api.models import Field

Shape = Literal[
    "segments",
    "text",
    "number",
    "checkbox",
    "millis",
    "texts",
    "persons",
    "chats",
    "attachments",
    "links",
    "url",
    "location",
    "unknown",
]
"""How a cell looks in the JSON of the search call."""

FilterFamily = Literal[
    "text",
    "phone",
    "number",
    "select",
    "multiselect",
    "date",
    "checkbox",
    "people",
    "url",
    "presence",
    "autonumber",
    "none",
]
"""Which conditions Lark's search call accepts; ``presence`` allows only the NULL tests."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """One ui type of Lark.

    Attributes:
        ui_type: Lark's name of it, such as ``SingleSelect``.
        type: Lark's number of it; several ui types can share one.
        glue: Type text in the Glue Data Catalog.
        shape: How a cell looks in JSON.
        filter_family: Which conditions the search call accepts.
        sortable: Whether Lark sorts it in the order of the Arrow values.
        skip_reason: Why fields of this type become no column; empty for all others.
    """

    ui_type: str
    type: int
    glue: str
    shape: Shape
    filter_family: FilterFamily
    sortable: bool = False
    skip_reason: str = ""


_PERSON = "struct<avatar_url:string,email:string,en_name:string,id:string,name:string>"
_CHAT = "struct<avatar_url:string,id:string,name:string>"
_FILE = "struct<file_token:string,name:string,size:int,tmp_url:string,type:string,url:string>"
_LINK = "struct<link_record_ids:array<string>>"
_URL = "struct<link:string,text:string,type:string>"
_LOCATION = (
    "struct<address:string,adname:string,cityname:string,full_address:string,"
    "location:string,name:string,pname:string>"
)
_NOT_RETURNED = "the search call returns no values for it"

# Numbers and shapes: field guide and "record data structure" page of Lark's documentation; that
# a Stage field is listed but never returned was seen live.
_ROWS = (
    FieldType("Text", 1, "string", "segments", "text"),
    FieldType("Email", 1, "string", "segments", "text"),
    FieldType("Barcode", 1, "string", "segments", "text"),
    FieldType("Number", 2, "decimal", "number", "number", sortable=True),
    FieldType("Progress", 2, "decimal", "number", "number", sortable=True),
    FieldType("Currency", 2, "decimal", "number", "number", sortable=True),
    FieldType("Rating", 2, "tinyint", "number", "number", sortable=True),
    FieldType("SingleSelect", 3, "string", "text", "select"),
    FieldType("MultiSelect", 4, "array<string>", "texts", "multiselect"),
    FieldType("DateTime", 5, "timestamp", "millis", "date", sortable=True),
    FieldType("Checkbox", 7, "boolean", "checkbox", "checkbox"),
    FieldType("User", 11, f"array<{_PERSON}>", "persons", "people"),
    FieldType("Phone", 13, "string", "text", "phone"),
    FieldType("Url", 15, _URL, "url", "url"),
    FieldType("Attachment", 17, f"array<{_FILE}>", "attachments", "presence"),
    FieldType("SingleLink", 18, _LINK, "links", "people"),
    FieldType("Lookup", 19, "array<string>", "unknown", "none"),
    FieldType("Formula", 20, "string", "unknown", "none"),
    FieldType("DuplexLink", 21, _LINK, "links", "people"),
    FieldType("Location", 22, _LOCATION, "location", "presence"),
    FieldType("GroupChat", 23, f"array<{_CHAT}>", "chats", "people"),
    FieldType("Stage", 24, "string", "unknown", "none", skip_reason=_NOT_RETURNED),
    FieldType("CreatedTime", 1001, "timestamp", "millis", "date", sortable=True),
    FieldType("ModifiedTime", 1002, "timestamp", "millis", "date", sortable=True),
    FieldType("CreatedUser", 1003, f"array<{_PERSON}>", "persons", "people"),
    FieldType("ModifiedUser", 1004, f"array<{_PERSON}>", "persons", "people"),
    FieldType("AutoNumber", 1005, "string", "text", "autonumber"),
    FieldType("Button", 3001, "string", "unknown", "none", skip_reason="a button holds no value"),
)

FIELD_TYPES: Mapping[str, FieldType] = MappingProxyType({row.ui_type: row for row in _ROWS})
"""Every ui type by Lark's own name."""

UNKNOWN = FieldType("unknown", 0, "string", "unknown", "none")
"""Stands for every type that is not in the table: its cells become a string of JSON."""

TEXT = FIELD_TYPES["Text"]
NUMBER = FIELD_TYPES["Number"]
FORMULA = FIELD_TYPES["Formula"]
LOOKUP = FIELD_TYPES["Lookup"]

_BY_NAME = {row.ui_type.lower(): row for row in _ROWS}
# Reversed, so that the first row of a number wins: 1 is Text and 2 is Number.
_BY_NUMBER = {row.type: row for row in reversed(_ROWS)}


def find_type(ui_type: str, number: int = 0) -> FieldType:
    """Return the type of this name (letter case ignored); the number counts only without a name.

    A name that is not in the table gives ``UNKNOWN`` even when its number is: a new ui type may
    use a known number with cells of another shape.
    """
    if ui_type:
        return _BY_NAME.get(ui_type.lower(), UNKNOWN)
    return _BY_NUMBER.get(number, UNKNOWN)


def field_type_of(field: Field) -> FieldType:
    """Return the type of a field, ``UNKNOWN`` when it is not in the table."""
    return find_type(field.ui_type, field.type)
