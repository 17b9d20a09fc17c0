"""The sample base Field Types: one field of every type, in filled and in empty rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from larkbase_sdk.emulator.base import EmulatedBase
    from larkbase_sdk.emulator.table import EmulatedTable
    from larkbase_sdk.emulator.tenant import Tenant

_CUSTOM_SERIAL = {"auto_serial": {"type": "custom", "options": [
    {"type": "fixed_text", "value": "FT"}, {"type": "system_number", "value": "9"}]}}  # fmt: skip
_PLACE = {
    "address": "1 Harbour Road", "adname": "Old Port", "cityname": "Jakarta",
    "full_address": "Warehouse, 1 Harbour Road, Old Port, Jakarta",
    "location": "106.827153,-6.175392", "name": "Warehouse", "pname": "Jakarta",
}  # fmt: skip


def fill_field_types(tenant: Tenant) -> EmulatedBase:
    """Build the base and return it."""
    base = tenant.database("Field Types")
    base.formula_type = 2
    table = base.table("All types", fields=["Text"])
    other = base.table("Other", {"Name": ["one", "two"], "Value": [1, 2.5]})
    _add_fields(table, other)
    table.insert([_filled(other), {}, {"Text": "only a text"}, _odd(other)])
    return base


def _add_fields(table: EmulatedTable, other: EmulatedTable) -> None:
    plain = ["Email", "Barcode", "Number", "Progress", "Currency", "Rating", "DateTime",
             "Checkbox", "User", "Phone", "Url", "Attachment", "Location", "GroupChat",
             "CreatedTime", "ModifiedTime", "CreatedUser", "ModifiedUser", "AutoNumber",
             "Stage", "Button"]  # fmt: skip
    for ui_type in plain:
        table.add_field(ui_type, ui_type)
    table.add_field("SingleSelect", "SingleSelect", {"options": ["a", "b"]})
    table.add_field("MultiSelect", "MultiSelect", {"options": ["a", "b", "c"]})
    table.add_field("SingleLink", "SingleLink", {"table": other})
    table.add_field("DuplexLink", "DuplexLink", {"table": other, "back": "All types"})
    table.add_field("Lookup", "Lookup",
                    {"table": other, "field": "Name", "link": "SingleLink"})  # fmt: skip
    table.add_field("Formula", "Formula", {"result": "Number", "declared": True})
    table.add_field("Formula undeclared", "Formula", {"result": "Text"})
    table.add_field("AutoNumber custom", "AutoNumber", _CUSTOM_SERIAL)
    table.add_field("Duration", "Duration")


def _filled(other: EmulatedTable) -> dict[str, Any]:
    ids = other.rows.ids([0, 1])
    return {
        "Text": "some text", "Email": "user@example.com", "Barcode": "FS0001",
        "Number": 2323.2323, "Progress": 0.66, "Currency": 1, "Rating": 3,
        "DateTime": datetime(2025, 1, 15, 8, 30, tzinfo=UTC), "Checkbox": True,
        "User": ["Ann Lee", "Budi Santoso"], "Phone": "+6281234567890",
        "Url": {"link": "https://www.example.com/", "text": "a page"},
        "Attachment": [("note.txt", b"an attached note\n")], "Location": _PLACE,
        "GroupChat": ["Sales team"], "SingleSelect": "a", "MultiSelect": ["a", "b"],
        "SingleLink": ids[:1], "DuplexLink": ids,
        "Lookup": ["one"], "Formula": 20, "Formula undeclared": "ok",
        "Duration": {"hours": 1, "minutes": 30},
    }  # fmt: skip


def _odd(other: EmulatedTable) -> dict[str, Any]:
    """Return a row of legal but unusual cells."""
    return {
        "Text": [
            {"text": "see ", "type": "text"},
            {"link": "https://www.example.com/", "text": "a link", "type": "url"},
            {"text": "\nand a second line", "type": "text"},
        ],
        "Number": -0.00000123, "Checkbox": False, "MultiSelect": ["c"],
        "Lookup": ["one", "two"], "SingleLink": other.rows.ids([0, 1]),
        "Formula": {"type": 1, "value": [{"text": "存在错误", "type": "text"}]},
        "Duration": "2 h",
    }  # fmt: skip
