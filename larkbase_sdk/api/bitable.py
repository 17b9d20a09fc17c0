"""The calls that concern one base: its tables, fields, views and records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from larkbase_sdk.api.endpoints import (
    BATCH_GET,
    GET_BASE,
    GET_VIEW,
    LIST_FIELDS,
    LIST_TABLES,
    LIST_VIEWS,
    SEARCH_RECORDS,
)
from larkbase_sdk.api.models import BaseInfo, Field, TableInfo, View, ViewCondition, ViewInfo
from larkbase_sdk.api.paging import list_all, read_item

if TYPE_CHECKING:
    import threading

    from larkbase_sdk.api.http import Http

T = TypeVar("T")

_OPERATORS_WITHOUT_VALUE = frozenset({"isEmpty", "isNotEmpty"})


class Bitable:
    """Bitable v1, the read side; every method but ``remember`` calls the network.

    All methods raise what ``Http.call`` raises: NotFound for an unknown id, PermissionDenied
    without access, and so on.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    def remember(self, app: str, table: str = "", *, name: str = "", url: str = "") -> None:
        """Keep how people know a base or table, for errors about it; no call."""
        self._http.remember(app, table, name=name, url=url)

    def base(self, app: str) -> BaseInfo:
        """Return what Lark says of a base: one call."""
        data = self._http.call(GET_BASE, path={"app": app})
        return read_item(GET_BASE, BaseInfo.parse, data.get("app"))

    def tables(self, app: str) -> list[TableInfo]:
        """Return the tables of a base in Lark's order: one call per 100."""
        found = list_all(self._http, LIST_TABLES, TableInfo.parse, path={"app": app})
        return _once(found, lambda table: table.table_id)

    def fields(self, app: str, table: str) -> list[Field]:
        """Return the fields of a table in Lark's order: one call per 100."""
        path = {"app": app, "table": table}
        found = list_all(self._http, LIST_FIELDS, Field.parse, path=path)
        return _once(found, lambda field: field.field_id)

    def views(self, app: str, table: str) -> list[ViewInfo]:
        """Return the views of a table in Lark's order: one call per 100."""
        path = {"app": app, "table": table}
        found = list_all(self._http, LIST_VIEWS, ViewInfo.parse, path=path)
        return _once(found, lambda view: view.view_id)

    def view(self, app: str, table: str, view_id: str) -> View:
        """Return a view with its own filter and hidden fields: one call."""
        path = {"app": app, "table": table, "view": view_id}
        data = self._http.call(GET_VIEW, path=path)
        return read_item(GET_VIEW, read_view, data.get("view"))

    def search(
        self,
        app: str,
        table: str,
        body: dict[str, Any],
        *,
        page_size: int,
        parse: Callable[[bytes], T],
        page_token: str | None = None,
        repeat_once: Collection[int] = (),
        repeat_never: Collection[int] = (),
        stop: threading.Event | None = None,
    ) -> T:
        """Return what ``parse`` makes of one page of records: one call.

        Args:
            app: Token of the base.
            table: Id of the table.
            body: Filter, sort, field names, view id; may be empty.
            page_size: Rows of the page, at most 500.
            parse: Reads the whole body; may raise ``MalformedBody``.
            page_token: Token of the page. It goes into the query: in the body Lark ignores it
                and sends the first page for ever (seen live).
            repeat_once: Codes after which the caller asks for something else, so that one
                repeat is enough.
            repeat_never: Codes after which it does so at once.
            stop: Ends the call's waits once it is set, because nobody needs the page any more.
        """
        return self._http.call_parsed(
            SEARCH_RECORDS,
            path={"app": app, "table": table},
            query={"page_size": page_size, "page_token": page_token},
            body=body,
            repeat_once=repeat_once,
            repeat_never=repeat_never,
            stop=stop,
            parse=parse,
        )

    def batch_get(
        self,
        app: str,
        table: str,
        record_ids: Sequence[str],
        *,
        parse: Callable[[bytes], T],
        stop: threading.Event | None = None,
    ) -> T:
        """Return what ``parse`` makes of up to 100 records asked for by id: one call.

        ``stop`` ends the call's waits once it is set, because nobody needs the records any more.

        Raises:
            ValueError: for more ids than Lark takes.
        """
        most = BATCH_GET.page_size or 0
        if not 0 < len(record_ids) <= most:
            msg = f"a batch holds 1 to {most} record ids, not {len(record_ids)}"
            raise ValueError(msg)
        return self._http.call_parsed(
            BATCH_GET,
            path={"app": app, "table": table},
            body={"record_ids": list(record_ids)},
            stop=stop,
            parse=parse,
        )


def _once(items: list[T], id_of: Callable[[T], str]) -> list[T]:
    """Return each item once: pages overlap when somebody moves things between two calls."""
    found: dict[str, T] = {}
    for item in items:
        found.setdefault(id_of(item), item)
    return list(found.values())


def read_view(data: Mapping[str, Any]) -> View:
    """Read ``data.view`` of "get view"; what cannot be read makes the view incomplete.

    Makes no call.
    """
    shown = data.get("property")
    settings = shown if isinstance(shown, Mapping) else {}
    found = settings.get("filter_info")
    conjunction, conditions, readable = _read_filter(found) if found else ("and", (), True)
    hidden = settings.get("hidden_fields") or []
    return View(
        view_id=str(data.get("view_id") or ""),
        name=str(data.get("view_name") or ""),
        view_type=str(data.get("view_type") or ""),
        conjunction=conjunction,
        conditions=conditions,
        hidden_fields=frozenset(map(str, hidden)) if isinstance(hidden, list) else frozenset(),
        complete=readable and isinstance(shown, Mapping),
    )


_FILTER_MEMBERS = frozenset({"conjunction", "conditions", "condition_omitted"})


def _read_filter(found: Any) -> tuple[str, tuple[ViewCondition, ...], bool]:
    """Return conjunction, conditions, and whether they say all that the view's filter says."""
    if not isinstance(found, Mapping):
        return "and", (), False
    conjunction = str(found.get("conjunction") or "and").lower()
    items = found.get("conditions") or []
    listed = items if isinstance(items, list) else []
    conditions = [_read_condition(item) for item in listed]
    complete = (
        conjunction in {"and", "or"}
        and isinstance(items, list)
        and not found.get("condition_omitted")
        and None not in conditions
        and not any(found[name] for name in found.keys() - _FILTER_MEMBERS)
    )
    return conjunction, tuple(item for item in conditions if item is not None), complete


def _read_condition(item: Any) -> ViewCondition | None:
    if not isinstance(item, Mapping):
        return None
    field_id, operator = item.get("field_id"), item.get("operator")
    value = _read_value(item.get("value"))
    if not isinstance(field_id, str) or not isinstance(operator, str) or value is None:
        return None
    if not value and operator not in _OPERATORS_WITHOUT_VALUE:
        return None
    field_type = item.get("field_type")
    return ViewCondition(
        field_id, field_type if isinstance(field_type, int) else 0, operator, value
    )


def _read_value(value: Any) -> tuple[str, ...] | None:
    """Decode a value, which comes as the JSON text of an array; None when it is something else."""
    if isinstance(value, str) and value.strip():
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    members = value if isinstance(value, list) else [value]
    texts = [_text(member) for member in members if member not in (None, "")]
    return None if None in texts else tuple(text for text in texts if text is not None)


def _text(member: Any) -> str | None:
    if isinstance(member, bool):
        return str(member).lower()
    return str(member) if isinstance(member, str | int | float) else None
