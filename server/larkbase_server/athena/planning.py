"""How a query's read is planned: Athena's constraints in, the core's plan out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from larkbase_sdk.read.plan import Residual
from larkbase_sdk.read.planner import ScanRequest, narrowest, plan_read
from larkbase_sdk.read.zones import base_zone
from larkbase_sdk.schema.naming import RECORD_ID
from larkbase_server.athena.constraints import Demand, demand_of
from larkbase_server.athena.tables import athena_table

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from larkbase_sdk.catalog.catalog import CatalogTable
    from larkbase_sdk.read.plan import ReadPlan, SortKey
    from larkbase_sdk.schema.table_schema import TableSchema
    from larkbase_server.athena.connector import Connector
    from larkbase_server.athena.tables import AthenaTable
    from larkbase_server.protocol.constraints import Constraints


def plan_for(
    connector: Connector,
    table: CatalogTable,
    schema: TableSchema,
    constraints: Constraints,
    columns: Sequence[str] = (),
) -> ReadPlan:
    """Return how the rows that a query demands are read, as one part.

    At most one call, for the time zone of the base, and only for conditions on dates.

    Args:
        connector: Settings and Lark.
        table: The table, as the catalogue found it.
        schema: Its schema, as the catalogue gives it.
        constraints: The query's demands.
        columns: Athena's names of the columns wanted. Whoever asks for splits does not know
            them; then the part names no fields but those that conditions and order look at,
            and the reader of the split adds the columns of its request.

    Returns:
        The plan. Its ``schema`` holds the columns that can be read, under the core's names; its
        ``residual`` is the exact condition.

    Raises:
        QueryError: when a condition or a column names no column of the table, or cannot be
            applied.
    """
    known = athena_table(schema)
    demand = demand_for(connector, constraints, known)
    wanted = [known.origin(name).name for name in columns]
    request = ScanRequest(
        columns=tuple(dict.fromkeys(name for name in wanted if name not in ("", RECORD_ID))),
        residual=Residual(demand.predicate),
        order=demand.order,
        limit=demand.limit,
    )
    zone = _zone(connector, table, known.schema, request.residual)
    plan = plan_read(known.schema, request, connector.settings.options(), zone)
    needed = fields_of(known, {*request.columns, *looked_at(request.residual, demand.order)})
    return replace(plan, parts=tuple(replace(part, fields=needed) for part in plan.parts))


def demand_for(connector: Connector, constraints: Constraints, table: AthenaTable) -> Demand:
    """Return what the connector has to apply: everything, or nothing when it declares nothing.

    Raises:
        QueryError: when a condition cannot be applied.
    """
    if connector.settings.capabilities == "none":
        return Demand()
    return demand_of(constraints, table)


def looked_at(residual: Residual, order: Iterable[SortKey]) -> set[str]:
    """Return the core's names of the columns that the exact condition and the order look at."""
    return {*residual.columns, *(key.column for key in order)} - {RECORD_ID}


def fields_of(table: AthenaTable, names: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of the fields behind the core's names, in the order of the table."""
    wanted = frozenset(names)
    return tuple(column.field_id for column in table.schema.columns if column.name in wanted)


def at_least_one(table: AthenaTable, fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields to name in a call: Lark takes an empty list for all fields."""
    if fields or not table.schema.columns:
        return fields
    return (narrowest(table.schema).field_id,)


def _zone(
    connector: Connector, table: CatalogTable, schema: TableSchema, residual: Residual
) -> dt.tzinfo | None:
    """Return the base's time zone, which only conditions on dates need."""
    names = residual.columns - {RECORD_ID}
    if all(schema.sql_column(name).filter_family != "date" for name in names):
        return None
    info = connector.base_info(table.base_id)
    return base_zone(
        info.time_zone if info is not None else "", feishu=connector.api.domain.is_feishu
    )
