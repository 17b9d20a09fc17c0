"""Tables named by the running query itself, or by a metadata table in Athena (Flow 4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from larkbase_sdk.catalog.athena_table import LarkIds, MetadataTableQuery
from larkbase_sdk.catalog.aws import aws_errors, open_client
from larkbase_sdk.catalog.catalog import CatalogTable
from larkbase_sdk.catalog.names import no_such
from larkbase_sdk.catalog.query_text import spelling
from larkbase_sdk.catalog.skipping import Skipped, SkipReport
from larkbase_sdk.errors import NotFound, ServiceError
from larkbase_sdk.ttl_cache import TtlCache

if TYPE_CHECKING:
    from larkbase_sdk.catalog.catalog import CatalogDatabase
    from larkbase_sdk.catalog.metadata import Metadata
    from larkbase_sdk.options import Options
    from larkbase_sdk.schema.table_schema import TableSchema

_BASE_ID = re.compile(r"[a-z0-9]{15,}", re.ASCII | re.IGNORECASE)
_TABLE_ID = re.compile(r"tbl[a-z0-9]{6,}", re.ASCII | re.IGNORECASE)
# Lark's ids are longer, but nobody promised a length; shorter ones are names of people's tables.

_QUERIES = 100


@dataclass(frozen=True, slots=True)
class _Query:
    """The text of a query and the database that it was started in."""

    text: str
    database: str


class AthenaMetadata:
    """Finds the ids of tables for queries in Athena; lists no databases and no tables.

    A query may name ``"<base id>"."<table id>"``. Athena hands the names over in lower case, so
    the text of the running query is read for their spelling. When it holds no ids, the metadata
    table is asked. The fields of a table are read anew for every schema.

    Args:
        metadata: What Lark says of the tables.
        options: How long texts of queries and rows of the metadata table are remembered.
        client: A boto3 client of Athena; one is made at the first call when None.
        table: Asks the metadata table; None when there is none.
    """

    def __init__(
        self,
        metadata: Metadata,
        options: Options,
        *,
        client: Any = None,
        table: MetadataTableQuery | None = None,
    ) -> None:
        self._metadata = metadata
        self._client = client
        self._table = table
        self._report = SkipReport()
        self._queries: TtlCache[str, _Query] = TtlCache(lambda: options.metadata_ttl, most=_QUERIES)
        self._rows: TtlCache[tuple[str, str], LarkIds] = TtlCache(lambda: options.metadata_ttl)
        self._no_table: TtlCache[None, bool] = TtlCache(lambda: options.metadata_ttl)

    def for_query(self, query_id: str) -> QueryCatalog:
        """Return the catalogue of one running query; no call."""
        return QueryCatalog(self, query_id)

    def find_table(self, query_id: str, database: str, name: str) -> CatalogTable | None:
        """Return the table that a running query means by these names; None when it says nothing.

        Costs a call for the text of a query when the names look like ids, else a query over the
        metadata table.

        Raises:
            QueryError: the query spells one table in two ways, or the rows of the metadata table
                contradict each other.
            PermissionDenied: AWS does not allow to read the query, or to ask the table.
            ServiceError: the query over the metadata table failed or took too long.
        """
        ids = self._ids_in_text(query_id, database, name)
        source = "query text"
        if ids is None:
            ids, source = self._ids_in_table(database, name), "metadata table in Athena"
        if ids is None:
            return None
        return CatalogTable(
            database=database,
            name=name,
            sql_name=name,
            base_id=ids.base_id,
            table_id=ids.table_id,
            source=source,
            volatile=True,
        )

    def _ids_in_text(self, query_id: str, database: str, name: str) -> LarkIds | None:
        if not _BASE_ID.fullmatch(database) or not _TABLE_ID.fullmatch(name) or not query_id:
            return None
        query = self._queries.get(query_id, lambda: self._read_query(query_id))
        found = spelling(query.text, database, name, query.database)
        if found is None and query.text:
            reason = "the query's text does not name it; a view or prepared statement hides it."
            self._report.tell([Skipped(f"the ids {database}.{name}", reason)])
        return LarkIds(*found) if found is not None else None

    def _read_query(self, query_id: str) -> _Query:
        try:
            with aws_errors("athena"):
                answer = self._athena.get_query_execution(QueryExecutionId=query_id)
        except ServiceError as error:
            if error.context.get("aws_code") != "InvalidRequestException":
                raise
            # Not every request comes from a query: Athena also describes tables on its own.
            self._report.tell([Skipped.because(f"the text of query {query_id}", error)])
            return _Query("", "")
        query = answer["QueryExecution"]
        context = query.get("QueryExecutionContext") or {}
        return _Query(str(query.get("Query") or ""), str(context.get("Database") or ""))

    def _ids_in_table(self, database: str, name: str) -> LarkIds | None:
        if self._table is None or self._no_table.is_fresh(None):
            return None
        key = (database.lower(), name.lower())
        if self._rows.is_fresh(key):
            return self._rows.peek(key)
        try:
            found = self._table.find(*key)
        except NotFound as error:
            self._no_table.put(None, True)
            self._report.tell([Skipped.because(self._table.where.label, error)])
            return None
        if found is not None:
            self._rows.put(key, found)
        return found

    def schema(self, table: CatalogTable) -> TableSchema:
        """Return the schema of a table from all its fields, which are read now."""
        return self._metadata.fresh_schema(table.base_id, table.table_id, table.name)

    def refresh(self) -> None:
        """Forget queries and rows; no call."""
        self._queries.forget()
        self._rows.forget()
        self._no_table.forget()
        self._report.forget()

    @property
    def _athena(self) -> Any:
        if self._client is None:
            self._client = open_client("athena")
        return self._client


@dataclass(frozen=True, slots=True)
class QueryCatalog:
    """What one running query names; a ``Catalog`` that lists nothing."""

    metadata: AthenaMetadata
    query_id: str

    def databases(self) -> tuple[CatalogDatabase, ...]:
        """Return nothing: names come from the query."""
        return ()

    def tables(self, database: str) -> tuple[CatalogTable, ...]:
        """Refuse: names come from the query.

        Raises:
            NotFound: always.
        """
        msg = "database"
        raise no_such(msg, database, "that the query could list", [])

    def find_tables(self, database: str) -> None:  # noqa: ARG002 (the other catalogues need it)
        """Return None: names come from the query."""
        return

    def table(self, database: str, name: str) -> CatalogTable:
        """Return the table that the query means by these names.

        Raises:
            NotFound: neither the query nor the metadata table says which table it is.
            LarkBaseError: as ``AthenaMetadata.find_table``.
        """
        found = self.find_table(database, name)
        if found is None:
            msg = "table"
            raise no_such(msg, f"{database}.{name}", "that the query names by ids", [])
        return found

    def find_table(self, database: str, name: str) -> CatalogTable | None:
        """Return the table that the query means by these names, or None."""
        return self.metadata.find_table(self.query_id, database, name)

    def schema(self, table: CatalogTable, *, fresh: bool = False) -> TableSchema:  # noqa: ARG002
        """Return the schema of a table from its fields, which are read anew each time."""
        return self.metadata.schema(table)

    def refresh(self) -> None:
        """Forget what AWS answered; no call."""
        self.metadata.refresh()
