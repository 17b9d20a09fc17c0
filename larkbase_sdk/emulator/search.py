"""Searching records: which rows, in which order, which columns, which page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from larkbase_sdk.emulator.answers import ApiError, invalid_field, wrong_type
from larkbase_sdk.emulator.clock import day_of, zone_of
from larkbase_sdk.emulator.conditions import Condition, Rules
from larkbase_sdk.emulator.filters import Filter, compile_filter, parse_filter, select
from larkbase_sdk.emulator.ids import number_of
from larkbase_sdk.emulator.paging import PageTokens
from larkbase_sdk.emulator.render import Look, render_records
from larkbase_sdk.emulator.request import ApiRequest, list_member, text_member
from larkbase_sdk.emulator.sorting import SortKey, order, parse_sort

if TYPE_CHECKING:
    from collections.abc import Sequence

    from larkbase_sdk.emulator.fields import EmulatedField
    from larkbase_sdk.emulator.table import EmulatedTable
    from larkbase_sdk.emulator.views import EmulatedView

MAX_PAGE = 500
MAX_FIELD_NAMES = 200
_CACHED_ORDERS = 64


@dataclass(frozen=True, slots=True)
class Query:
    """A search body after every check."""

    wanted: Filter | None
    sort: tuple[SortKey, ...]
    fields: tuple[EmulatedField, ...]
    view: EmulatedView | None
    look: Look


class Searcher:
    """Answers searches; remembers the order of rows of recent queries until the table changes."""

    def __init__(self) -> None:
        self.tokens = PageTokens()
        self._orders: dict[Any, Sequence[int]] = {}

    def search(self, request: ApiRequest, *, empty_page: bool = False) -> dict[str, Any]:
        """Return ``data`` of a search.

        Args:
            request: The request.
            empty_page: Answer without rows, with a token that leads to the page asked for.

        Raises:
            ApiError: as the service refuses it.
        """
        table = request.table()
        switches = request.switches
        body = request.body()
        size = self._size(request, body)
        query = parse_query(request, table, body)
        token = request.param("page_token")
        offset = self.tokens.read(token, size, unissued=switches.unissued_tokens)
        positions = self._positions(request, table, query)
        if empty_page:
            token = self.tokens.disguise(offset, size, opaque=switches.opaque_tokens)
            return {"has_more": True, "items": [], "page_token": token, "total": len(positions)}
        page = positions[offset : offset + size]
        items = render_records(table, page, query.fields, query.look)
        data = self._paging(request, table, positions, offset, size)
        _put_items(data, items, switches.empty_items)
        if data["has_more"]:
            _edit(table, switches.edit_between_pages)
        return data

    def _size(self, request: ApiRequest, body: dict[str, Any]) -> int:
        text = request.param("page_size")
        if not text and request.switches.page_size_in_body:
            text = str(body.get("page_size") or "")
        return request.page_size(text, 20, MAX_PAGE, above=request.switches.page_size_above_max)

    def _paging(
        self,
        request: ApiRequest,
        table: EmulatedTable,
        positions: Sequence[int],
        offset: int,
        size: int,
    ) -> dict[str, Any]:
        switches = request.switches
        more = offset + size < len(positions)
        data: dict[str, Any] = {"has_more": more}
        if switches.stuck_page_token and more:
            offset = 0
        if more or switches.last_page_token == "present":  # noqa: S105 - a choice, no password
            data["page_token"] = self.tokens.make(
                offset + size, size, opaque=switches.opaque_tokens
            )
        elif switches.last_page_token == "empty":  # noqa: S105 - a choice, no password
            data["page_token"] = ""
        totals = {
            "exact": len(positions),
            "unfiltered": len(table.rows),
            "off_by_one": len(positions) + 1,
            "drifting": len(positions) + offset // size % 3,
        }
        if switches.total in totals:
            data["total"] = totals[switches.total]
        return data

    def _positions(self, request: ApiRequest, table: EmulatedTable, query: Query) -> Sequence[int]:
        hidden = _rows_hidden(table)
        if hidden:
            if request.switches.advanced_search == "refuse":
                raise ApiError(1254302)
            return []
        rules = rules_of(request, table, query.look.user_id_type)
        key = (
            table.base.app_token, table.table_id, table.revision, request.switches.version,
            rules.today, query.look.user_id_type, _signature(query),
        )  # fmt: skip
        found = self._orders.get(key)
        if found is None:
            found = _find(table, query, rules)
            if len(self._orders) >= _CACHED_ORDERS:
                self._orders.clear()
            self._orders[key] = found
        return found


def _signature(query: Query) -> Any:
    view = query.view
    conditions: tuple[Any, ...] = ()
    if query.wanted is not None:
        conditions = (
            query.wanted.conjunction,
            _parts(query.wanted.conditions),
            *((group.conjunction, _parts(group.conditions)) for group in query.wanted.children),
        )
    sort = tuple((key.field.field_id, key.descending) for key in query.sort)
    return conditions, sort, view.view_id if view is not None else None


def _parts(conditions: tuple[Condition, ...]) -> tuple[Any, ...]:
    return tuple((c.field.field_id, c.operator, c.values) for c in conditions)


def _put_items(data: dict[str, Any], items: list[dict[str, Any]], empty: str) -> None:
    if items or empty == "list":
        data["items"] = items
    elif empty == "null":
        data["items"] = None


def _edit(table: EmulatedTable, kind: str) -> None:
    if not table.rows.writable:
        return
    if kind in ("insert", "append", "replace"):
        table.copy_last_row(first=kind == "insert")
    if kind in ("delete", "replace"):
        table.delete(table.rows.ids([0]))
    if kind == "move":
        table.move_first_row_last()


def rules_of(request: ApiRequest, table: EmulatedTable, user_id_type: str) -> Rules:
    """Return what the meaning of a filter depends on, now and for this base."""
    zone = zone_of(table.base.time_zone)
    today = day_of(request.tenant.clock.now_ms(), zone)
    return Rules(request.switches, zone, today, request.tenant.directory, user_id_type)


def _rows_hidden(table: EmulatedTable) -> bool:
    access = table.base.access
    return access == "none" or (access == "role" and table.role_hides_rows)


def readable_fields(table: EmulatedTable) -> list[EmulatedField]:
    """Return the fields whose cells the app may see."""
    if table.base.access not in ("role", "none"):
        return list(table.fields)
    return [field for field in table.fields if field.name not in table.role_hidden_fields]


def parse_query(request: ApiRequest, table: EmulatedTable, body: dict[str, Any]) -> Query:
    """Return the checked parts of a search body.

    Raises:
        ApiError: as the service refuses it.
    """
    switches = request.switches
    fields = {field.name: field for field in readable_fields(table)}
    projection = _projection(body, fields, table)
    searchable = fields
    if projection is not None and switches.field_names_hide_filter_columns:
        searchable = {field.name: field for field in projection}

    def find(name: str) -> EmulatedField:
        if name not in searchable:
            raise ApiError(switches.unknown_field_code)
        return searchable[name]

    wanted = parse_filter(body.get("filter"), switches, find)
    sort = parse_sort(body.get("sort"), switches, find)
    view = _view(body, table, ignored=wanted is not None or bool(sort))
    shown = _shown(projection, list(fields.values()), view, switches.view_hides_columns)
    automatic = body.get("automatic_fields") or False
    if not isinstance(automatic, bool):
        raise wrong_type(member="automatic_fields", value=automatic)
    return Query(wanted, sort, tuple(shown), view, Look(request.user_id_type(), automatic))


def _projection(
    body: dict[str, Any], fields: dict[str, EmulatedField], table: EmulatedTable
) -> list[EmulatedField] | None:
    names = list_member(body, "field_names", MAX_FIELD_NAMES)
    if not names:
        return None
    if not all(isinstance(name, str) for name in names):
        raise wrong_type(member="field_names", value=names)
    unknown = [name for name in names if name not in fields]
    if any(field.name in unknown for field in table.fields):
        # A column that advanced permissions hide is answered as in a filter.
        raise ApiError(1254045)
    if unknown:
        raise ApiError(1254024, detail=f"field_names: {orjson.dumps(unknown).decode()} not found")
    return [fields[name] for name in dict.fromkeys(names)]


def _view(body: dict[str, Any], table: EmulatedTable, *, ignored: bool) -> EmulatedView | None:
    view_id = text_member(body, "view_id")
    if len(view_id) > 50:
        raise invalid_field(member="view_id", why="the max len is 50")
    if not view_id or ignored:
        return None
    for view in table.views:
        if view.view_id == view_id:
            return view
    raise ApiError(1254042)


def _shown(
    projection: list[EmulatedField] | None,
    fields: list[EmulatedField],
    view: EmulatedView | None,
    hiding: str,
) -> list[EmulatedField]:
    chosen = projection if projection is not None else fields
    drops = hiding == "always" or (hiding == "unless_named" and projection is None)
    if view is None or not drops:
        return chosen
    return [field for field in chosen if field.field_id not in view.hidden_fields]


def _find(table: EmulatedTable, query: Query, rules: Rules) -> Sequence[int]:
    wanted, sort = query.wanted, query.sort
    if query.view is not None:
        wanted, sort = _view_parts(table, query.view)
        rules = replace(rules, own_of_view=True)
    positions = _default_order(table, rules.switches.default_order)
    if wanted is not None:
        compiled = compile_filter(wanted, rules)
        positions = select(compiled, positions, table.rows.values)
    if sort:
        positions = order(sort, positions, table.rows.values, rules.switches)
    return positions


def _default_order(table: EmulatedTable, kind: str) -> Sequence[int]:
    positions = range(len(table.rows))
    if kind == "newest":
        return positions[::-1]
    if kind == "shuffled":
        names = table.rows.ids(positions)
        return sorted(positions, key=lambda position: number_of(names[position]))
    return positions


def _view_parts(
    table: EmulatedTable, view: EmulatedView
) -> tuple[Filter | None, tuple[SortKey, ...]]:
    fields = {field.field_id: field for field in table.fields}
    conditions = tuple(
        Condition(fields[c.field_id], c.operator, c.value)
        for c in view.conditions
        if c.field_id in fields
    )
    wanted = Filter(view.conjunction, conditions) if conditions else None
    sort = tuple(
        SortKey(fields[field_id], descending)
        for field_id, descending in view.sort
        if field_id in fields
    )
    return wanted, sort
