"""Writing: bases, tables, fields, views and records, with the service's read/write asymmetry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from larkbase_sdk.emulator.answers import ApiError, invalid_field, wrong_type
from larkbase_sdk.emulator.base import EmulatedBase
from larkbase_sdk.emulator.cells import CellError
from larkbase_sdk.emulator.ids import stable_id
from larkbase_sdk.emulator.request import ApiRequest, list_member, text_member
from larkbase_sdk.emulator.routes_metadata import describe_field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_sdk.emulator.fields import EmulatedField
    from larkbase_sdk.emulator.table import EmulatedTable

MAX_RECORDS = 1000
MAX_OPTIONS = 20_000
_BLANK_ROWS = 10


def create_base(request: ApiRequest) -> dict[str, Any]:
    """Create a base; as the service does, with a default table that holds blank rows."""
    tenant = request.tenant
    body = request.body()
    name = text_member(body, "name") or "Untitled base"
    folder_token = text_member(body, "folder_token")
    folder = tenant.drive.folders.get(folder_token) if folder_token else tenant.drive.root
    if folder is None:
        raise ApiError(1061003)
    token = stable_id("", 27, "created base", name, len(tenant.bases))
    base = tenant.add_base(EmulatedBase(tenant, name, token))
    folder.add(base)
    base.time_zone = text_member(body, "time_zone") or base.time_zone
    table = base.table("Table", fields=["Text", ("Single option", "SingleSelect")])
    table.insert({} for _ in range(_BLANK_ROWS))
    told = {
        "app_token": base.app_token,
        "default_table_id": table.table_id,
        "folder_token": folder_token,
        "name": name,
        "time_zone": base.time_zone,
        "url": base.url,
    }
    return {"app": told}


def create_table(request: ApiRequest) -> dict[str, Any]:
    """Create a table with its fields; the first field is the primary one."""
    base = request.base()
    wanted = request.body().get("table")
    if not isinstance(wanted, dict):
        raise wrong_type(member="table", value=wanted)
    name = text_member(wanted, "name")
    if not name:
        raise invalid_field(member="table.name", why="the field is required")
    if base.find_table(name) is not None:
        raise ApiError(1254013)
    specs = list_member(wanted, "fields", 300) or [{"field_name": "Text", "type": 1}]
    table = base.add_table(name)
    try:
        for spec in specs:
            _add_field(table, spec)
    except ApiError:
        base.remove_table(table.table_id)
        raise
    if text_member(wanted, "default_view_name"):
        table.views[0].name = wanted["default_view_name"]
    return {
        "default_view_id": table.views[0].view_id,
        "field_id_list": [field.field_id for field in table.fields],
        "table_id": table.table_id,
    }


def create_field(request: ApiRequest) -> dict[str, Any]:
    """Create a field; the answer shows the description as an object."""
    table = _writable_table(request)
    field = _add_field(table, request.body())
    told = describe_field(field, request.switches)
    if field.description:
        told["description"] = {"disable_sync": False, "text": field.description}
    return {"field": told}


def _add_field(table: EmulatedTable, spec: Any) -> EmulatedField:
    if not isinstance(spec, dict):
        raise wrong_type(member="fields", value=spec)
    name = spec.get("field_name")
    if not isinstance(name, str) or not name.strip():
        raise invalid_field(member="field_name", why="the field is required")
    if not isinstance(spec.get("type"), int):
        raise invalid_field(member="type", why="the field is required")
    _check_property(spec)
    if table.find_field(name.strip()) is not None:
        raise ApiError(1254014)
    known = ("field_name", "type", "ui_type", "property", "description")
    try:
        return table.add_field({key: spec[key] for key in known if key in spec})
    except (KeyError, ValueError) as error:
        raise ApiError(1254001, detail=str(error)) from None


def _check_property(spec: Mapping[str, Any]) -> None:
    text_member(spec, "ui_type")
    shown = spec.get("property")
    if shown is None:
        return
    if not isinstance(shown, dict):
        raise wrong_type(member="property", value=shown)
    text_member(shown, "table_id")
    if not all(isinstance(option, dict) for option in list_member(shown, "options", MAX_OPTIONS)):
        raise wrong_type(member="options", value=shown["options"])


def create_view(request: ApiRequest) -> dict[str, Any]:
    """Create an empty view."""
    table = _writable_table(request)
    body = request.body()
    name = text_member(body, "view_name")
    if not name:
        raise invalid_field(member="view_name", why="the field is required")
    kind = text_member(body, "view_type", "grid")
    return {"view": table.view(name, view_type=kind).listed()}


def create_record(request: ApiRequest) -> dict[str, Any]:
    """Create a record; the answer echoes the cells as written."""
    table = _writable_table(request)
    _check_client_token(request)
    fields = _fields_of(request.body(), table)
    record_id = _insert(table, [fields])[0]
    return {"record": _echo(record_id, fields)}


def batch_create(request: ApiRequest) -> dict[str, Any]:
    """Create up to 1000 records, all or none."""
    table = _writable_table(request)
    _check_client_token(request)
    records = _records(request)
    written = [_fields_of(record, table) for record in records]
    ids = _insert(table, written)
    return {"records": [_echo(*pair) for pair in zip(ids, written, strict=True)]}


def update_record(request: ApiRequest) -> dict[str, Any]:
    """Change cells of one record."""
    table = _writable_table(request)
    fields = _fields_of(request.body(), table)
    record_id = request.path["record_id"]
    _update(table, {record_id: fields})
    return {"record": _echo(record_id, fields)}


def batch_update(request: ApiRequest) -> dict[str, Any]:
    """Change cells of up to 1000 records."""
    table = _writable_table(request)
    changes = {}
    for record in _records(request):
        changes[text_member(record, "record_id")] = _fields_of(record, table)
    _update(table, changes)
    return {"records": [_echo(*pair) for pair in changes.items()]}


def delete_record(request: ApiRequest) -> dict[str, Any]:
    """Delete one record."""
    table = _writable_table(request)
    record_id = request.path["record_id"]
    if table.rows.position(record_id) is None:
        raise ApiError(1254043)
    table.delete([record_id])
    return {"deleted": True, "record_id": record_id}


def batch_delete(request: ApiRequest) -> dict[str, Any]:
    """Delete up to 500 records, all or none."""
    table = _writable_table(request)
    ids = list_member(request.body(), "records", 500)
    if any(not isinstance(one, str) for one in ids):
        raise wrong_type(member="records", value=ids)
    if any(table.rows.position(record_id) is None for record_id in ids):
        raise ApiError(1254043)
    table.delete(ids)
    return {"records": [{"deleted": True, "record_id": record_id} for record_id in ids]}


def _writable_table(request: ApiRequest) -> EmulatedTable:
    table = request.table()
    if table.base.access in ("none", "role"):
        raise ApiError(1254302, status=403)
    if not table.rows.writable:
        # Tables synchronised from elsewhere can only be read.
        raise ApiError(1254304)
    return table


def _check_client_token(request: ApiRequest) -> None:
    token = request.param("client_token")
    if not token:
        return
    try:
        UUID(token)
    except ValueError:
        raise ApiError(1254037) from None


def _records(request: ApiRequest) -> list[dict[str, Any]]:
    records = request.body().get("records")
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise wrong_type(member="records", value=records)
    if len(records) > MAX_RECORDS:
        raise ApiError(1254104)
    return records


def _fields_of(record: Mapping[str, Any], table: EmulatedTable) -> dict[str, Any]:
    fields = record.get("fields")
    if not isinstance(fields, dict):
        raise wrong_type(member="fields", value=fields)
    by_name = {field.name: field for field in table.fields}
    for name in fields:
        if name not in by_name:
            raise ApiError(1254045)
        if by_name[name].kind.automatic or by_name[name].kind.family in ("result", "silent"):
            raise ApiError(1254015)
    return fields


def _insert(table: EmulatedTable, rows: list[dict[str, Any]]) -> list[str]:
    try:
        return table.insert(rows)
    except CellError as error:
        raise ApiError(error.code, detail=str(error)) from None


def _update(table: EmulatedTable, changes: Mapping[str, dict[str, Any]]) -> None:
    if any(table.rows.position(record_id) is None for record_id in changes):
        raise ApiError(1254043)
    try:
        for fields in changes.values():
            table.converted(fields)
        for record_id, fields in changes.items():
            table.update(record_id, fields)
    except CellError as error:
        raise ApiError(error.code, detail=str(error)) from None


def _echo(record_id: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"fields": fields, "id": record_id, "record_id": record_id}
