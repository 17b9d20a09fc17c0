"""Answers about what there is: capabilities, schemas, tables, columns, partitions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from larkbase_server.protocol.capabilities import FILTER, LIMIT, TOP_N
from larkbase_server.protocol.discovery import (
    GetDataSourceCapabilitiesResponse,
    ListSchemasResponse,
    ListTablesResponse,
)
from larkbase_server.protocol.errors import MalformedMessage
from larkbase_server.protocol.identity import TableName

if TYPE_CHECKING:
    from collections.abc import Iterable

    from larkbase_server.athena.connector import Connector
    from larkbase_server.protocol.discovery import (
        GetDataSourceCapabilitiesRequest,
        ListSchemasRequest,
        ListTablesRequest,
    )
    from larkbase_server.protocol.planning import (
        GetTableLayoutRequest,
        GetTableLayoutResponse,
        GetTableRequest,
        GetTableResponse,
    )


def capabilities(
    connector: Connector, request: GetDataSourceCapabilitiesRequest
) -> GetDataSourceCapabilitiesResponse:
    """Return what is pushed down, which is then applied exactly; no call."""
    declared = {} if connector.settings.capabilities == "none" else {**FILTER, **LIMIT, **TOP_N}
    return GetDataSourceCapabilitiesResponse(
        catalog_name=request.catalog_name, capabilities=declared
    )


def schemas(connector: Connector, request: ListSchemasRequest) -> ListSchemasResponse:
    """Return the databases of every flow, Glue's first."""
    found = connector.catalog.for_query(request.query_id).databases()
    return ListSchemasResponse(
        catalog_name=request.catalog_name, schemas=_lower(item.sql_name for item in found)
    )


def tables(connector: Connector, request: ListTablesRequest) -> ListTablesResponse:
    """Return the tables of a database that may be seen, sorted, or a page of them.

    A token names the last table of the page before, so that tables that come and go meanwhile
    move no others between the pages.

    Raises:
        NotFound: when there is no such database.
        MalformedMessage: when the token is none of this connector.
    """
    found = _tables(connector, request)
    if request.next_token is not None:
        last = _read_token(request.next_token)
        found = [item for item in found if item > last]
    size = request.page_size or len(found)
    more = len(found) > size
    page = found[:size]
    return ListTablesResponse(
        catalog_name=request.catalog_name,
        tables=tuple(TableName(*item) for item in page),
        next_token=json.dumps(page[-1]) if more else None,
    )


def _tables(connector: Connector, request: ListTablesRequest) -> list[tuple[str, str]]:
    catalog = connector.catalog.for_query(request.query_id)
    wanted = request.schema_name
    names = [item.sql_name for item in catalog.databases()] if wanted is None else [wanted]
    return sorted(
        (schema, table) for schema in names
        for table in _lower(item.sql_name for item in catalog.tables(schema))
    )  # fmt: skip


def _lower(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.lower() for name in names))


def _read_token(token: str) -> tuple[str, str]:
    try:
        schema, table = json.loads(token)
    except (TypeError, ValueError):
        msg = "The token of the next page is none of this connector."
        raise MalformedMessage(msg) from None
    return str(schema), str(table)


def table(connector: Connector, request: GetTableRequest) -> GetTableResponse:
    """Return the columns of a table, the reserved ones last; it has no partition columns."""
    from larkbase_server.athena.lookup import find
    from larkbase_server.athena.tables import athena_table
    from larkbase_server.protocol.planning import GetTableResponse

    found = find(connector, request.query_id, request.table_name)
    return GetTableResponse(
        catalog_name=request.catalog_name,
        table_name=request.table_name,
        schema=athena_table(found.schema()).wire,
    )


def layout(connector: Connector, request: GetTableLayoutRequest) -> GetTableLayoutResponse:
    """Return the one partition that every table is, once it is known that it may be read."""
    from larkbase_server.athena.lookup import find
    from larkbase_server.protocol.planning import GetTableLayoutResponse, single_partition

    find(connector, request.query_id, request.table_name)
    return GetTableLayoutResponse(
        catalog_name=request.catalog_name,
        table_name=request.table_name,
        partitions=single_partition(),
    )
