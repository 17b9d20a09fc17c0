"""Decide how a scan is read: which fields, which server filter, which order, when to stop.

Two rules keep every answer right (see `pushdown.py` for the third):

* a view sent to the server is ignored by Lark as soon as a filter or a sort is sent too, so the
  view's own conditions are merged into the filter, or no filter is sent at all;
* the server sorts only to find the first rows sooner, and only by types whose order in Lark is
  the order of their values (numbers and dates, empty cells last).

Nothing here calls the network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import UnsupportedField
from larkbase_sdk.read.plan import Part, ReadPlan, Residual, SortKey
from larkbase_sdk.read.predicate import conjunction
from larkbase_sdk.read.pushdown import Pushed, combine_view, merge_view, push
from larkbase_sdk.schema.naming import RECORD_ID

if TYPE_CHECKING:
    import datetime as dt

    from larkbase_sdk.api.models import View
    from larkbase_sdk.options import Options
    from larkbase_sdk.schema.table_schema import Column, TableSchema


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What a caller asks for, with every name already a SQL name of the schema."""

    columns: tuple[str, ...]
    residual: Residual = field(default_factory=Residual)
    view: View | None = None
    order: tuple[SortKey, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class _Server:
    """The server's share of a read."""

    filter: dict[str, Any] | None
    view_id: str | None = None
    within_view: str | None = None
    merged_view: str | None = None
    sent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def plan_read(
    schema: TableSchema, request: ScanRequest, options: Options, zone: dt.tzinfo | None
) -> ReadPlan:
    """Return the plan of one scan.

    Args:
        schema: The table's schema.
        request: What is wanted.
        options: Page size and push-down switches.
        zone: Time zone of the base, or None when it is unknown (dates are widened more).

    Raises:
        UnsupportedField: when rows are to be ordered by a list or a struct.
    """
    _check_order(schema, request.order)
    superset = _superset(request.residual)
    pushed = push(superset, schema, zone=zone, text_pushdown=options.text_pushdown)
    needed = _needed(schema, request)
    server = _with_view(pushed, request.view, schema, needed)
    through_view = server.view_id or server.within_view
    sort = () if through_view else _server_sort(schema, request)
    part = Part(
        base_id=schema.base_id,
        table_id=schema.table_id,
        fields=tuple(column.field_id for column in needed),
        filter=server.filter,
        view_id=server.view_id,
        within_view=server.within_view,
        merged_view=server.merged_view,
        sort=sort,
        order=request.order,
        limit=0 if pushed.empty else request.limit,
        page_size=_page_size(request, pushed, server, options.page_size),
    )
    notes = (*server.notes, *_order_notes(request, sort))
    if pushed.empty:
        notes = ("the condition is true for no row: nothing is read",)
    return ReadPlan(
        schema,
        (part,),
        request.columns,
        request.residual,
        sent=(*server.sent, *pushed.sent) if server.filter else (),
        kept=_kept(pushed, server, request.residual),
        notes=notes,
    )


def _superset(residual: Residual) -> Any:
    translated = residual.expression.predicate if residual.expression is not None else None
    return conjunction(residual.predicate, translated)


def _check_order(schema: TableSchema, order: tuple[SortKey, ...]) -> None:
    import pyarrow as pa

    for key in order:
        if key.column == RECORD_ID:
            continue
        if pa.types.is_nested(schema.sql_column(key.column).arrow_type):
            msg = f"Rows cannot be ordered by {key.column}: its cells are lists or structures."
            raise UnsupportedField(msg, hint="Order by a column of plain values.")


def _with_view(
    pushed: Pushed, view: View | None, schema: TableSchema, needed: tuple[Column, ...]
) -> _Server:
    """Bring a view and a filter together, although Lark takes only one of them."""
    if view is None:
        return _Server(pushed.filter)
    if view.complete and not view.conditions:
        note = f'view "{view.name}" has no filter of its own: all rows are in it'
        return _Server(pushed.filter, notes=(note,))
    merged = merge_view(view, schema)
    combined = combine_view(merged, pushed.filter) if merged is not None else None
    if combined is not None:
        sent = f'the conditions of view "{view.name}"'
        return _Server(combined, merged_view=view.view_id, sent=(sent,))
    if any(column.field_id in view.hidden_fields for column in needed):
        note = f'view "{view.name}" hides a column that is wanted: its record ids are read first'
        return _Server(pushed.filter, within_view=view.view_id, notes=(note,))
    note = f'read through view "{view.name}", whose conditions cannot be sent as a filter'
    return _Server(None, view_id=view.view_id, notes=(note,))


def _needed(schema: TableSchema, request: ScanRequest) -> tuple[Column, ...]:
    """Return the columns to read: those wanted and those that conditions and order look at."""
    names = {*request.columns, *request.residual.columns, *(key.column for key in request.order)}
    needed = tuple(column for column in schema.columns if column.name in names)
    return needed or (narrowest(schema),) if schema.columns else ()


_NARROW = ("checkbox", "number", "millis", "text", "segments", "texts", "url")


def narrowest(schema: TableSchema) -> Column:
    """Return the column whose cells are shortest, for reads that want record ids only.

    Lark treats an empty list of field names as "all fields", so one column is always asked for.
    """

    def width(column: Column) -> int:
        shape = column.result.shape
        return _NARROW.index(shape) if column.wrapper is None and shape in _NARROW else 99

    return min(schema.columns, key=width)


def _server_sort(schema: TableSchema, request: ScanRequest) -> tuple[tuple[str, bool], ...]:
    if request.limit is None or not request.order:
        return ()
    keys = [
        (schema.sql_column(key.column), key.descending)
        for key in request.order
        if key.column != RECORD_ID
    ]
    if request.order[0].column == RECORD_ID or not keys[0][0].sortable:
        return ()
    return tuple((column.field_id, descending) for column, descending in keys if column.sortable)


def _page_size(request: ScanRequest, pushed: Pushed, server: _Server, most: int) -> int:
    """Ask for no more rows than wanted, but only when every row sent counts towards the limit."""
    if request.limit is None or request.order:
        return most
    every_row_counts = server.within_view is None and (
        not request.residual or (pushed.exact and server.filter is not None)
    )
    return max(1, min(request.limit, most)) if every_row_counts else most


def _kept(pushed: Pushed, server: _Server, residual: Residual) -> tuple[str, ...]:
    kept = pushed.kept if server.filter else (*pushed.sent, *pushed.kept)
    if residual.expression is not None:
        kept = (*kept, f"{residual.expression.text} (a pyarrow expression)")
    return kept


def _order_notes(request: ScanRequest, sort: tuple[tuple[str, bool], ...]) -> tuple[str, ...]:
    if not request.order or sort:
        return ()
    keys = ", ".join(key.column + (" desc" if key.descending else "") for key in request.order)
    why = (
        "its order in Lark is not the order of its values"
        if request.limit is not None
        else ("all rows are wanted")
    )
    return (f"sorted here by {keys}: {why}",)
