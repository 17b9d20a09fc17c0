"""Reading the structure of bases: base, tables, fields and views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator.answers import ApiError

if TYPE_CHECKING:
    from larkbase_sdk.emulator.fields import EmulatedField
    from larkbase_sdk.emulator.request import ApiRequest
    from larkbase_sdk.emulator.switches import Switches
    from larkbase_sdk.emulator.table import EmulatedTable
    from larkbase_sdk.emulator.views import EmulatedView


def get_base(request: ApiRequest) -> dict[str, Any]:
    """Return ``data`` of "get base"."""
    return {"app": request.base().info()}


def list_tables(request: ApiRequest) -> dict[str, Any]:
    """Return ``data`` of "list tables"."""
    base = request.base()
    if base.access == "none":
        raise ApiError(1254302)
    page, paging = request.list_page(base.tables, [table.table_id for table in base.tables])
    items = [
        {"name": table.name, "revision": table.revision, "table_id": table.table_id}
        for table in page
    ]
    return {"items": items, **paging}


def list_fields(request: ApiRequest) -> dict[str, Any]:
    """Return ``data`` of "list fields"."""
    table = _readable_table(request)
    view_id = request.param("view_id")
    view = _view(table, view_id) if view_id else None
    page, paging = request.list_page(table.fields, [field.field_id for field in table.fields])
    as_segments = request.param("text_field_as_array") == "true"
    items = []
    for field in page:
        item = describe_field(field, request.switches, as_segments=as_segments)
        if view is not None:
            item["is_hidden"] = field.field_id in view.hidden_fields
        items.append(item)
    return {"items": items, **paging}


def list_views(request: ApiRequest) -> dict[str, Any]:
    """Return ``data`` of "list views"."""
    table = _readable_table(request)
    page, paging = request.list_page(table.views, [view.view_id for view in table.views])
    return {"items": [view.listed() for view in page], **paging}


def get_view(request: ApiRequest) -> dict[str, Any]:
    """Return ``data`` of "get view"."""
    table = _readable_table(request)
    return {"view": _view(table, request.path["view_id"]).described()}


def describe_field(
    field: EmulatedField, switches: Switches, *, as_segments: bool = False
) -> dict[str, Any]:
    """Return a field as "list fields" shows it; ``description`` is missing when not set."""
    shown = field.property
    if field.ui_type == "Lookup" and switches.lookup_property == "null":
        shown = None
    item: dict[str, Any] = {
        "field_id": field.field_id,
        "field_name": field.name,
        "is_primary": field.is_primary,
        "property": shown,
        "type": field.kind.type,
        "ui_type": field.ui_type,
    }
    if field.description:
        item["description"] = _description(field.description, switches, as_segments=as_segments)
    return item


def _description(text: str, switches: Switches, *, as_segments: bool) -> Any:
    if as_segments or switches.description_shape == "segments":
        return [{"text": text, "type": "text"}]
    if switches.description_shape == "object":
        return {"disable_sync": False, "text": text}
    return text


def _readable_table(request: ApiRequest) -> EmulatedTable:
    table = request.table()
    if table.base.access == "none":
        raise ApiError(1254302)
    return table


def _view(table: EmulatedTable, view_id: str) -> EmulatedView:
    for view in table.views:
        if view.view_id == view_id:
            return view
    raise ApiError(1254042)
