"""Messages without Arrow data: ping, capabilities, schemas and tables.

They are apart from the others so that a Ping is answered before pyarrow is loaded.
"""
# ruff: noqa: RUF009 - member() returns a dataclasses.field

from __future__ import annotations

from dataclasses import dataclass

from larkbase_server.protocol.capabilities import CAPABILITIES, Capabilities
from larkbase_server.protocol.codecs import COUNT, INTEGER, TEXT, list_of
from larkbase_server.protocol.identity import IDENTITY, TABLE_NAME, Identity, TableName
from larkbase_server.protocol.shape import member, optional
from larkbase_server.protocol.versions import CAPABILITIES as SERDE_CAPABILITIES
from larkbase_server.protocol.versions import REPORTED


@dataclass(frozen=True, slots=True, kw_only=True)
class PingRequest:
    """Asks what the function is."""

    identity: Identity = member("identity", IDENTITY, default=Identity())
    catalog_name: str = member("catalogName", TEXT)
    query_id: str = member("queryId", TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class PingResponse:
    """Says what the function is.

    Attributes:
        source_type: A short name of the data source.
        capabilities: The protocol's older version number.
        serde_version: The newest serde version it understands; a missing one means 1.
    """

    catalog_name: str = member("catalogName", TEXT)
    query_id: str = member("queryId", TEXT)
    source_type: str = member("sourceType", TEXT, default="")
    capabilities: int = member("capabilities", INTEGER, default=0)
    serde_version: int = member("serDeVersion", INTEGER, default=1)

    @classmethod
    def to(cls, request: PingRequest, source_type: str) -> PingResponse:
        """Return this connector's answer to a request."""
        return cls(
            catalog_name=request.catalog_name,
            query_id=request.query_id,
            source_type=source_type,
            capabilities=SERDE_CAPABILITIES,
            serde_version=REPORTED,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSchemasRequest:
    """Asks for the schemas of a catalogue."""

    identity: Identity = member("identity", IDENTITY, default=Identity())
    query_id: str = member("queryId", TEXT)
    catalog_name: str = member("catalogName", TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSchemasResponse:
    """The names of the schemas, in lower case."""

    catalog_name: str = member("catalogName", TEXT)
    schemas: tuple[str, ...] = member("schemas", list_of(TEXT), default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTablesRequest:
    """Asks for the tables of a schema.

    Attributes:
        next_token: Where the last page ended; None for the first.
        page_size: The most tables to return, or None for all from the token on.
    """

    identity: Identity = member("identity", IDENTITY, default=Identity())
    query_id: str = member("queryId", TEXT)
    catalog_name: str = member("catalogName", TEXT)
    schema_name: str | None = member("schemaName", optional(TEXT), default=None)
    next_token: str | None = member("nextToken", optional(TEXT), default=None)
    page_size: int | None = member("pageSize", COUNT, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTablesResponse:
    """One page of tables; ``next_token`` is None on the last."""

    tables: tuple[TableName, ...] = member("tables", list_of(TABLE_NAME), default=())
    catalog_name: str = member("catalogName", TEXT)
    next_token: str | None = member("nextToken", optional(TEXT), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetDataSourceCapabilitiesRequest:
    """Asks what may be pushed down; sent from serde version 4 on."""

    identity: Identity = member("identity", IDENTITY, default=Identity())
    query_id: str = member("queryId", TEXT)
    catalog_name: str = member("catalogName", TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class GetDataSourceCapabilitiesResponse:
    """What may be pushed down; an empty object, nothing, is always right."""

    catalog_name: str = member("catalogName", TEXT)
    capabilities: Capabilities = member("capabilities", CAPABILITIES, default_factory=dict)


REQUESTS = (
    PingRequest,
    ListSchemasRequest,
    ListTablesRequest,
    GetDataSourceCapabilitiesRequest,
)
RESPONSES = (
    PingResponse,
    ListSchemasResponse,
    ListTablesResponse,
    GetDataSourceCapabilitiesResponse,
)
