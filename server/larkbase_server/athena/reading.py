"""The rows of a split, exactly those that the query demands, in the columns it asks for."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from larkbase_sdk.errors import NotFound, QueryError
from larkbase_sdk.read.count import server_total
from larkbase_sdk.read.plan import Part, Residual
from larkbase_sdk.read.reader import read_part
from larkbase_server.athena.errors import with_hint
from larkbase_server.athena.lookup import Found, find
from larkbase_server.athena.planning import at_least_one, demand_for, fields_of, looked_at
from larkbase_server.athena.splits import SplitProperties
from larkbase_server.athena.tables import AthenaTable, athena_table
from larkbase_server.protocol.answers import records_answer
from larkbase_server.protocol.faults import OperationTimeoutException
from larkbase_server.protocol.framing import without_columns
from larkbase_server.protocol.wire_batches import to_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from larkbase_sdk.read.pages import ReadContext
    from larkbase_server.athena.connector import Connector
    from larkbase_server.athena.tables import Origin
    from larkbase_server.protocol.records import (
        ReadRecordsRequest,
        ReadRecordsResponse,
        RemoteReadRecordsResponse,
    )

_LAST_MOMENT = 5_000
"""Milliseconds before the end of the function's time in which its last blocks are written, ..."""

_LAST_SHARE = 0.1
"""... or this share of the time that there was at the beginning, if that is less."""

_ROWS_AT_ONCE = 100_000
_RUN_AGAIN = "Run the query again."
_TIME_HINT = (
    "Let the function run longer (at most 900 seconds), ask for fewer rows or columns, or allow "
    "parallel splits."
)


def records(
    connector: Connector, request: ReadRecordsRequest, context: Any, on_rows: Callable[[int], None]
) -> ReadRecordsResponse | RemoteReadRecordsResponse:
    """Return the rows of a split, inline or where their blocks are.

    Args:
        connector: Settings, Lark and the catalogue.
        request: What Athena asks for.
        context: Lambda's context, or None.
        on_rows: Called with the number of rows so far.

    Raises:
        NotFound: when the table is gone or hidden.
        QueryError: when the table is not what the query was planned for.
        OperationTimeoutException: when the function's time ends before the rows do.
        LarkBaseError: Lark's error; blocks that were written before it count for nothing.
        ProtocolError: when a block cannot be written.
    """
    rows = SplitReader(connector, request).rows(context, on_rows)
    return records_answer(request, rows, connector.spilling)


class SplitReader:
    """Reads one split; makes no call before the first row is asked for."""

    def __init__(self, connector: Connector, request: ReadRecordsRequest) -> None:
        self._connector = connector
        self._request = request
        self._properties = SplitProperties.from_properties(request.split.properties)
        self._options = connector.options(self._properties.splits)

    def rows(self, context: Any, on_rows: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        """Yield the rows in the schema of the request; the arguments are those of ``records``.

        Raises:
            OperationTimeoutException: when the function's time ends before the rows do.
            LarkBaseError: as ``records``.
        """
        time_left = _time_left_of(context)
        last_moment = min(_LAST_MOMENT, time_left() * _LAST_SHARE)
        count = 0
        for batch in self._with_second_try(self._found()):
            count += len(batch)
            on_rows(count)
            if time_left() <= last_moment:
                msg = f"The function's time is nearly over after {count:,} rows."
                raise OperationTimeoutException(with_hint(msg, _TIME_HINT))
            yield batch

    def _with_second_try(self, found: Found) -> Iterator[pa.RecordBatch]:
        """Yield the rows.

        What remembered fields do not know, or Lark does not know any more, is looked for among
        fresh ones once, before the first row.
        """
        rows = self._rows(found, fresh=False)
        try:
            first = next(rows, None)
        except (NotFound, QueryError):
            yield from self._rows(found, fresh=True)
            return
        if first is not None:
            yield first
            yield from rows

    def _found(self) -> Found:
        """Return the table that the split was planned for."""
        name, part = self._request.table_name, self._properties.part
        for attempt in range(2):
            found = find(self._connector, self._request.query_id, name)
            if (found.table.base_id, found.table.table_id) == (part.base_id, part.table_id):
                return found
            if not attempt:
                # What is remembered here may be older than what the plan was made from.
                self._connector.catalog.refresh()
        msg = f"{name.schema_name}.{name.table_name} is another table than the query planned with."
        raise QueryError(msg, hint=_RUN_AGAIN)

    def _rows(self, found: Found, *, fresh: bool) -> Iterator[pa.RecordBatch]:
        table = athena_table(found.schema(fresh=fresh))
        origins = self._origins(table)
        demand = demand_for(self._connector, self._request.constraints, table)
        residual = Residual(demand.predicate)
        names = {origin.name for origin in origins} | looked_at(residual, self._part.order)
        names.discard("")
        part = self._with_fields(table, names)
        context = self._connector.read_context(found.table, found.catalog, self._options)
        if not names and not residual:
            total = self._total(context, part, table)
            if total is not None:
                yield from self._alike(total, origins)
                return
        for batch in read_part(context, part, table.schema, residual):
            yield self._batch(len(batch), origins, batch)

    @property
    def _part(self) -> Part:
        return self._properties.part

    def _origins(self, table: AthenaTable) -> list[Origin]:
        """Return where the wanted columns come from."""
        origins = [table.origin(item.name) for item in self._request.schema]
        if not table.covers(self._request.schema):
            msg = "Columns of the table have other types than the query was planned with."
            raise QueryError(msg, hint=_RUN_AGAIN)
        return origins

    def _with_fields(self, table: AthenaTable, names: set[str]) -> Part:
        """Return the part with the fields that the plan, the conditions or the query need."""
        wanted = {*self._part.fields, *fields_of(table, names)}
        fields = tuple(
            column.field_id for column in table.schema.columns if column.field_id in wanted
        )
        if len(fields) < len(wanted):
            msg = "A field that the query was planned with is no column of the table now."
            raise QueryError(msg, hint=_RUN_AGAIN)
        return replace(self._part, fields=at_least_one(table, fields))

    def _total(self, context: ReadContext, part: Part, table: AthenaTable) -> int | None:
        """Return Lark's own count when the rows are wanted for nothing but their number."""
        plain = part.filter is None and self._properties.splits == 1 and part.limit != 0
        if not plain or not self._options.trust_total:
            return None
        info = self._connector.base_info(part.base_id)
        if info is None or info.is_advanced:
            return None
        total = server_total(context, part, table.schema)
        return total if total is None or part.limit is None else min(total, part.limit)

    def _alike(self, total: int, origins: list[Origin]) -> Iterator[pa.RecordBatch]:
        """Yield so many rows, all of which hold the same."""
        for start in range(0, total, _ROWS_AT_ONCE):
            yield self._batch(min(_ROWS_AT_ONCE, total - start), origins, None)

    def _batch(
        self, rows: int, origins: list[Origin], batch: pa.RecordBatch | None
    ) -> pa.RecordBatch:
        """Return rows as the request wants them."""
        schema = self._request.schema
        if not len(schema):
            return without_columns(rows)
        columns = [
            _repeated(origin, item.type, rows) if batch is None or not origin.name
            else batch.column(origin.name)
            for origin, item in zip(origins, schema, strict=True)
        ]  # fmt: skip
        return to_wire(columns, schema)


def _time_left_of(context: Any) -> Callable[[], float]:
    """Return what tells the milliseconds that are left; without a context they never end."""
    if context is None:
        return lambda: math.inf
    return cast("Callable[[], float]", context.get_remaining_time_in_millis)


def _repeated(origin: Origin, data_type: pa.DataType, rows: int) -> pa.Array:
    if origin.constant is None:
        return pa.nulls(rows, data_type)
    return pa.repeat(pa.scalar(origin.constant, data_type), rows)
