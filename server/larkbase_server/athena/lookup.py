"""The table that a request names, as the flows and the access lists of the connector have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from larkbase_sdk.catalog.catalog import CatalogTable
    from larkbase_sdk.catalog.chain import ChainCatalog
    from larkbase_sdk.schema.table_schema import TableSchema
    from larkbase_server.athena.connector import Connector
    from larkbase_server.protocol.identity import TableName


@dataclass(frozen=True, slots=True)
class Found:
    """A table that a query may read.

    Attributes:
        catalog: The catalogue as the running query sees it.
        table: The table.
    """

    catalog: ChainCatalog
    table: CatalogTable

    def schema(self, *, fresh: bool = False) -> TableSchema:
        """Return the schema of the table; with ``fresh`` its fields are read again."""
        return self.catalog.schema(self.table, fresh=fresh)


def find(connector: Connector, query_id: str, name: TableName) -> Found:
    """Return the table of a request; calls Glue, Lark or Athena for what is not remembered.

    Raises:
        NotFound: when it is hidden or nobody knows it: ``Table not found: <schema>.<table>``.
        LarkBaseError: when the flow that knows it cannot read it.
    """
    catalog = connector.catalog.for_query(query_id)
    table = catalog.table(name.schema_name, name.table_name)
    connector.metadata.remember(table.base_id, table.table_id, name=table.name, url=table.url)
    return Found(catalog, table)
