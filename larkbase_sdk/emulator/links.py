"""Short forms of link and lookup properties, turned into Lark's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator.fields import ParsedSpec, make_field, parse_spec

if TYPE_CHECKING:
    from larkbase_sdk.emulator.table import EmulatedTable


def settle_property(table: EmulatedTable, spec: ParsedSpec) -> ParsedSpec:
    """Return the description with ``table``, ``back`` and ``field`` replaced by ids."""
    given = dict(spec.property or {})
    if "table" not in given:
        return spec
    target = given.pop("table")
    target = table.base.find_table(target) if isinstance(target, str) else target
    if target is None:
        msg = f"The base {table.base.name!r} has no such table to link to"
        raise KeyError(msg)
    if spec.kind.ui_type == "Lookup":
        return replace(spec, property=_lookup(table, target, given))
    settled = {**given, "table_id": target.table_id, "table_name": target.name}
    back = settled.pop("back", None)
    if spec.kind.ui_type == "DuplexLink":
        settled.update(_back_field(table, target, spec, back or table.name))
    return replace(spec, property=settled)


def _back_field(
    table: EmulatedTable, target: EmulatedTable, spec: ParsedSpec, name: str
) -> dict[str, Any]:
    here = make_field(replace(spec, property=None), table.table_id)
    back_property = {
        "back_field_id": here.field_id,
        "back_field_name": spec.name,
        "table_id": table.table_id,
        "table_name": table.name,
    }
    back = make_field(
        replace(parse_spec((name, "DuplexLink")), property=back_property), target.table_id
    )
    target.fields.append(back)
    target.touch()
    return {"back_field_id": back.field_id, "back_field_name": name}


def _lookup(table: EmulatedTable, target: EmulatedTable, given: dict[str, Any]) -> dict[str, Any]:
    field_ref = given.pop("field", None)
    column = target.find_field(str(field_ref))
    target_field = column.field_id if column is not None else str(field_ref)
    link = table.find_field(str(given.pop("link", "")))
    condition = {
        "field_id": link.field_id if link is not None else "",
        "field_type": link.kind.type if link is not None else 18,
        "operator": "is",
        "value": None,
    }
    if "result" not in given and column is not None:
        given["result"] = column.result if column.kind.family == "result" else column.ui_type
    return {
        "filter_info": {
            "conditions": {"children": [condition], "conjunction": "and"},
            "target_table": target.table_id,
        },
        "formatter": "",
        "formula": f"bitable::$table[{target.table_id}].$column[{target_field}]",
        "roll_up": 0,
        "target_field": target_field,
        **given,
    }
