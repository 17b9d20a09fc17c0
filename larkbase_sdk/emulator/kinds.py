"""What the emulator knows of each field type: number, family, defaults and who may write it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

Family = Literal[
    "text", "number", "single", "multi", "date", "checkbox", "person", "chat", "phone", "url",
    "attachment", "link", "location", "autonumber", "result", "silent", "unknown",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A field type; ``automatic`` cells are filled by the service, ``silent`` ones never read."""

    ui_type: str
    type: int
    family: Family
    property: MappingProxyType[str, Any] | None = None
    automatic: bool = False


def _kind(
    ui_type: str,
    number: int,
    family: Family,
    default: dict[str, Any] | None = None,
    *,
    automatic: bool = False,
) -> Kind:
    frozen = MappingProxyType(default) if default is not None else None
    return Kind(ui_type, number, family, frozen, automatic)


_DATE = {"date_formatter": "yyyy/MM/dd"}
_PLAIN_SERIAL = {"auto_serial": {"type": "auto_increment_number"}}

KINDS: dict[str, Kind] = {
    kind.ui_type: kind
    for kind in (
        _kind("Text", 1, "text"),
        _kind("Email", 1, "text"),
        _kind("Barcode", 1, "text", {"allowed_edit_modes": {"manual": True, "scan": True}}),
        _kind("Number", 2, "number", {"formatter": "0.0"}),
        _kind("Progress", 2, "number",
              {"formatter": "0%", "max": 1, "min": 0, "range_customize": False}),
        _kind("Currency", 2, "number", {"currency_code": "USD", "formatter": "0.00"}),
        _kind("Rating", 2, "number",
              {"formatter": "0", "max": 5, "min": 1, "rating": {"symbol": "star"}}),
        _kind("SingleSelect", 3, "single", {"options": []}),
        _kind("MultiSelect", 4, "multi", {"options": []}),
        _kind("DateTime", 5, "date", {"auto_fill": False, **_DATE}),
        _kind("Checkbox", 7, "checkbox"),
        _kind("User", 11, "person", {"multiple": True}),
        _kind("Phone", 13, "phone"),
        _kind("Url", 15, "url"),
        _kind("Attachment", 17, "attachment"),
        _kind("SingleLink", 18, "link", {"multiple": True}),
        _kind("Lookup", 19, "result"),
        _kind("Formula", 20, "result", {"formatter": ""}),
        _kind("DuplexLink", 21, "link", {"multiple": True}),
        _kind("Location", 22, "location", {"location": {"input_type": "not_limit"}}),
        _kind("GroupChat", 23, "chat", {"multiple": True}),
        _kind("Stage", 24, "silent"),
        _kind("CreatedTime", 1001, "date", _DATE, automatic=True),
        _kind("ModifiedTime", 1002, "date", _DATE, automatic=True),
        _kind("CreatedUser", 1003, "person", automatic=True),
        _kind("ModifiedUser", 1004, "person", automatic=True),
        _kind("AutoNumber", 1005, "autonumber", _PLAIN_SERIAL, automatic=True),
        _kind("Button", 3001, "silent"),
    )
}  # fmt: skip
"""Every documented field type by its ui type."""

_FIRST_OF_NUMBER: dict[int, str] = {}
for _ui_type, _each in KINDS.items():
    _FIRST_OF_NUMBER.setdefault(_each.type, _ui_type)


def kind_of(ui_type: str | None, number: int | None = None) -> Kind:
    """Return the kind of a ui type, or of a type number; both unknown give a future type."""
    if ui_type in KINDS:
        return KINDS[ui_type]
    if ui_type is None and number in _FIRST_OF_NUMBER:
        return KINDS[_FIRST_OF_NUMBER[number]]
    return Kind(ui_type or f"Type{number}", number or 9001, "unknown")
