"""Records as search and batch get show them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson

from larkbase_sdk.emulator.fields import EmulatedField
from larkbase_sdk.emulator.kinds import kind_of
from larkbase_sdk.emulator.table import EmulatedTable

_LINKS, _PEOPLE, _ATTACHMENT = (18, 21), (11, 1003, 1004), 17
_REWRITTEN = frozenset({*_LINKS, *_PEOPLE, _ATTACHMENT})
_EMPTY_LINK: dict[str, Any] = {"link_record_ids": None}


@dataclass(frozen=True, slots=True)
class Look:
    """How the caller wants records shown."""

    user_id_type: str = "open_id"
    automatic: bool = False


def render_records(
    table: EmulatedTable, positions: Sequence[int], fields: Sequence[EmulatedField], look: Look
) -> list[dict[str, Any]]:
    """Return the records at some positions with these fields; empty cells are left out."""
    shown = sorted((f for f in fields if f.kind.family != "silent"), key=lambda f: f.name)
    names = [field.name for field in shown]
    columns = [_column(table, field, positions, look) for field in shown]
    links = sum(field.kind.family == "link" for field in shown)
    rows: Iterable[tuple[Any, ...]] = zip(*columns, strict=True)
    if not columns:
        rows = [()] * len(positions)
    items: list[dict[str, Any]] = []
    for record_id, cells in zip(table.rows.ids(positions), rows, strict=True):
        filled = {n: c for n, c in zip(names, cells, strict=True) if c is not None}
        if len(filled) <= links and all(cell is _EMPTY_LINK for cell in filled.values()):
            # A record without any value has no members at all (seen live).
            filled = {}
        items.append({"fields": filled, "record_id": record_id})
    if look.automatic:
        _add_system(items, table, positions, look)
    if table.base.tenant.switches.record_url:
        for item in items:
            item["record_url"] = f"{table.base.tenant.url}/record/{item['record_id'][3:]}"
    return [dict(sorted(item.items())) for item in items] if look.automatic else items


def _add_system(
    items: list[dict[str, Any]], table: EmulatedTable, positions: Sequence[int], look: Look
) -> None:
    person = partial(_person, table=table, look=look)
    for item, position in zip(items, positions, strict=True):
        system = table.rows.system(position)
        item["created_by"] = person(system.created_by)
        item["created_time"] = system.created_time
        item["last_modified_by"] = person(system.last_modified_by)
        item["last_modified_time"] = system.last_modified_time


def _column(
    table: EmulatedTable, field: EmulatedField, positions: Sequence[int], look: Look
) -> list[Any]:
    cells = table.rows.values(field.field_id, positions)
    finish = _FINISHERS.get(field.kind.family)
    return cells if finish is None else finish(cells, table, field, look)


Finisher = Callable[[list[Any], EmulatedTable, EmulatedField, Look], list[Any]]


def _links(cells: list[Any], table: EmulatedTable, _field: EmulatedField, _look: Look) -> list[Any]:
    mode = table.base.tenant.switches.empty_links
    if mode == "absent":
        return cells
    every = mode == "null"
    return [
        _EMPTY_LINK if cell is None and (every or i % 2) else cell for i, cell in enumerate(cells)
    ]


def _people(cells: list[Any], table: EmulatedTable, _field: EmulatedField, look: Look) -> list[Any]:
    if look.user_id_type == "open_id" and table.base.tenant.switches.contact_scopes:
        return cells
    person = partial(_person, table=table, look=look)
    return [None if cell is None else [person(one) for one in cell] for cell in cells]


def _person(cell: dict[str, Any], *, table: EmulatedTable, look: Look) -> dict[str, Any]:
    tenant = table.base.tenant
    shown = dict(cell) if tenant.switches.contact_scopes else {"id": cell["id"]}
    if look.user_id_type != "open_id":
        shown["id"] = tenant.directory.person(cell["id"]).id_of(look.user_id_type)
    return shown


def _attachments(
    cells: list[Any], table: EmulatedTable, _field: EmulatedField, _look: Look
) -> list[Any]:
    extra = _permission(table)
    origin = table.base.tenant.url
    return [
        None if cell is None else [_attachment(one, origin, extra) for one in cell]
        for cell in cells
    ]


def _permission(table: EmulatedTable) -> str:
    if not table.base.is_advanced:
        return ""
    told = {"bitablePerm": {"tableId": table.table_id, "rev": table.base.revision}}
    return quote(orjson.dumps(told).decode(), safe="")


def _attachment(one: dict[str, Any], origin: str, extra: str) -> dict[str, Any]:
    medias = f"{origin}/open-apis/drive/v1/medias"
    token = one["file_token"]
    tail = f"&extra={extra}" if extra else ""
    return {
        "file_token": token,
        "name": one["name"],
        "size": one["size"],
        "tmp_url": f"{medias}/batch_get_tmp_download_url?file_tokens={token}{tail}",
        "type": one["type"],
        "url": f"{medias}/{token}/download" + (f"?extra={extra}" if extra else ""),
    }


def _results(cells: list[Any], table: EmulatedTable, field: EmulatedField, look: Look) -> list[Any]:
    switches = table.base.tenant.switches
    usual = (switches.empty_result, switches.single_result, switches.result_type)
    if usual != ("absent", "list", "present"):
        return [_result(cell, table, field, look) for cell in cells]
    return [
        cell
        if cell is None or cell.get("type") not in _REWRITTEN
        else _result(cell, table, field, look)
        for cell in cells
    ]


def _result(cell: Any, table: EmulatedTable, field: EmulatedField, look: Look) -> Any:
    switches = table.base.tenant.switches
    if cell is None:
        if switches.empty_result == "absent":
            return None
        empty: Any = [] if switches.empty_result == "empty_list" else None
        cell = {"type": kind_of(field.result).type, "value": empty}
    value = cell["value"]
    if isinstance(value, list):
        value = _result_elements(value, cell.get("type"), table, field, look)
        if switches.single_result == "bare" and len(value) == 1:
            value = value[0]
    if switches.result_type == "absent" or "type" not in cell:
        return {"value": value}
    return {"type": cell["type"], "value": value}


def _result_elements(
    value: list[Any], kind: Any, table: EmulatedTable, field: EmulatedField, look: Look
) -> list[Any]:
    if kind in _LINKS and table.base.tenant.switches.lookup_links == "objects":
        return [{"link_record_ids": value}] if value else value
    if kind in _PEOPLE:
        return _people([value], table, field, look)[0] or []
    if kind == _ATTACHMENT:
        return _attachments([value], table, field, look)[0] or []
    return value


_FINISHERS: dict[str, Finisher] = {
    "link": _links,
    "person": _people,
    "attachment": _attachments,
    "result": _results,
}
