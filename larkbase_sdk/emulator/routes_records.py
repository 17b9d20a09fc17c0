"""Reading records by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator.answers import invalid_field, wrong_type
from larkbase_sdk.emulator.render import Look, render_records
from larkbase_sdk.emulator.request import ApiRequest, list_member, text_member
from larkbase_sdk.emulator.search import readable_fields

if TYPE_CHECKING:
    from larkbase_sdk.emulator.table import EmulatedTable

MAX_IDS = 100


def batch_get(request: ApiRequest) -> dict[str, Any]:
    """Return ``data`` of "batch get records"; repeated ids are accepted and answered once."""
    table = request.table()
    body = request.body()
    ids = list_member(body, "record_ids", MAX_IDS)
    if not ids:
        raise invalid_field(member="record_ids", why="the min len is 1")
    if not all(isinstance(record_id, str) for record_id in ids):
        raise wrong_type(member="record_ids", value=ids)
    look = Look(
        request.user_id_type(text_member(body, "user_id_type")),
        body.get("automatic_fields") is True,
    )
    found, absent, forbidden = _sort_out(table, list(dict.fromkeys(ids)))
    records = render_records(table, found, readable_fields(table), look)
    if body.get("with_shared_url") is True:
        for record in records:
            record["shared_url"] = f"{table.base.tenant.url}/record/{record['record_id'][3:]}"
    return {
        "absent_record_ids": absent,
        "forbidden_record_ids": forbidden,
        "records": records,
    }


def _sort_out(table: EmulatedTable, ids: list[str]) -> tuple[list[int], list[str], list[str]]:
    found, absent, forbidden = [], [], []
    access = table.base.access
    blocked = access == "none" or (access == "role" and table.role_hides_rows)
    for record_id in ids:
        position = table.rows.position(record_id)
        if position is None:
            absent.append(record_id)
        elif blocked:
            forbidden.append(record_id)
        else:
            found.append(position)
    return found, absent, forbidden
