"""Short forms of link and lookup properties, turned into Lark's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator.fields import ParsedSpec, make_field, parse_spec

if TYPE_CHECKING:
    from larkbase_sdk.emulator.table import EmulatedTable


def settle_property(table: EmulatedTable, spec: ParsedSpec) -> ParsedSpec:
    """Return the description with ``table``, ``back`` and ``field`` replaced by ids.

    Lark's own form, which names the table by its id, gets the members that Lark adds.
    """
    given = dict(spec.property or {})
    named = given.pop("table", given.get("table_id"))
    if named is None:
        return spec
    target = table.base.find_table(named) if isinstance(named, str) else named
    if target is None and "table_id" in given:
        return spec
    if target is None:
        msg = f"The base {table.base.name!r} has no table {named!r} to link to"
        raise KeyError(msg)
    if spec.kind.ui_type == "Lookup":
        return replace(spec, property=_lookup(table, target, given))
    settled = {"table_name": target.name, **given, "table_id": target.table_id}
    back = settled.pop("back", None)
    if spec.kind.ui_type == "DuplexLink" and "back_field_id" not in settled:
        name = str(back or settled.get("back_field_name") or table.name)
        settled.update(_back_field(table, target, spec, name))
    return replace(spec, property=settled)


def _back_field(
    table: EmulatedTable, target: EmulatedTable, spec: ParsedSpec, name: str
) -> dict[str, Any]:
    if target.find_field(name) is not None:
        msg = f"The table {target.name!r} already has a field {name!r}"
        raise ValueError(msg)
    back_property = {
        "back_field_id": spec.field_id,
        "back_field_name": spec.name,
        "table_id": table.table_id,
        "table_name": table.name,
    }
    described = replace(parse_spec((name, "DuplexLink")), property=back_property)
    back = make_field(described, target.base.fresh_id("fld", 7, target.table_id, name))
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
