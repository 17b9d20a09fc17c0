"""Databases and tables that a crawler wrote into the Glue Data Catalog (Flow 1, the read side)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from larkbase_sdk.catalog.aws import aws_errors, open_client
from larkbase_sdk.catalog.catalog import CatalogDatabase, CatalogTable
from larkbase_sdk.catalog.names import no_such
from larkbase_sdk.catalog.skipping import OWN_FAULTS, Skipped, SkipReport
from larkbase_sdk.errors import NotFound
from larkbase_sdk.schema.glue import GlueColumn, origin_of, schema_from_glue
from larkbase_sdk.ttl_cache import TtlCache

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from larkbase_sdk.api.models import Field
    from larkbase_sdk.catalog.metadata import Metadata
    from larkbase_sdk.options import Options
    from larkbase_sdk.schema.table_schema import TableSchema

FLAG = "lark-base-flag"
"""What the location of a database and the classification of a table hold when they are ours."""

DOCUMENTED_CLASSIFICATION = "lark-base"
"""The classification that older documents name; it must be the whole text."""

_BASE = re.compile(r"/Base=([^/]+)")


def is_lark_database(data: Mapping[str, Any]) -> bool:
    """Tell whether a database, as Glue's API answers it, was made from a Lark base."""
    return FLAG in str(data.get("LocationUri") or "")


def is_lark_table(data: Mapping[str, Any]) -> bool:
    """Tell whether a table, as Glue's API answers it, was made from a Lark table."""
    classification = str((data.get("Parameters") or {}).get("classification") or "")
    return FLAG in classification or classification == DOCUMENTED_CLASSIFICATION


class GlueCatalog:
    """What our crawler, or the older Java crawler, wrote; everything else is not seen.

    Answers of Glue are remembered for ``options.metadata_ttl`` seconds; a table that is not
    among them is asked for.

    Args:
        metadata: What Lark says of the tables now, so that a field renamed after the crawl is
            still found. None takes the column comments at their word.
        options: Time to live and number type.
        client: A boto3 client of Glue; one is made at the first call when None.
        catalog_id: Account whose catalogue is read; the caller's when empty.
    """

    def __init__(
        self,
        metadata: Metadata | None,
        options: Options,
        *,
        client: Any = None,
        catalog_id: str = "",
    ) -> None:
        self._metadata = metadata
        self._options = options
        self._client = client
        self._where = {"CatalogId": catalog_id} if catalog_id else {}
        self._report = SkipReport()
        self._all: TtlCache[None, tuple[CatalogDatabase, ...]] = TtlCache(self._seconds)
        self._databases: TtlCache[str, CatalogDatabase] = TtlCache(self._seconds)
        self._listed: TtlCache[str, tuple[CatalogTable, ...]] = TtlCache(self._seconds)
        self._tables: TtlCache[tuple[str, str], CatalogTable] = TtlCache(self._seconds)

    def _seconds(self) -> float:
        return self._options.metadata_ttl

    def databases(self) -> tuple[CatalogDatabase, ...]:
        """Return the databases that were made from Lark; one call per page of Glue's list.

        Raises:
            LarkBaseError: what AWS refuses, see ``aws_errors``.
        """
        return self._all.get(None, self._read_databases)

    def _read_databases(self) -> tuple[CatalogDatabase, ...]:
        pages = self._pages("get_databases", "DatabaseList")
        found = tuple(_database(item) for item in pages if is_lark_database(item))
        for item in found:
            self._databases.put(item.sql_name, item)
        return found

    def tables(self, database: str) -> tuple[CatalogTable, ...]:
        """Return the tables of a database; one call per page, and one for the database.

        Raises:
            NotFound: when there is no such database, or it was not made from Lark.
            LarkBaseError: what AWS refuses.
        """
        found = self.find_tables(database)
        if found is None:
            known = [item.name for item in self.databases()]
            msg = "database"
            raise no_such(msg, database, "in Glue", known)
        return found

    def find_tables(self, database: str) -> tuple[CatalogTable, ...] | None:
        """Return the tables of a database, or None when it is none of ours."""
        found = self._find_database(database)
        if found is None:
            return None
        return self._listed.get(found.sql_name, lambda: self._read_tables(found.sql_name))

    def _read_tables(self, database: str) -> tuple[CatalogTable, ...]:
        pages = self._pages("get_tables", "TableList", DatabaseName=database)
        found = tuple(self._of_lark(pages))
        for table in found:
            self._tables.put((database, table.sql_name), table)
        return found

    def table(self, database: str, name: str) -> CatalogTable:
        """Return one table; at most one call for it and one for its database.

        Raises:
            NotFound: when there is no such table, or it was not made from Lark.
            LarkBaseError: what AWS refuses.
        """
        found = self.find_table(database, name)
        if found is None:
            known = [table.name for table in self.tables(database)]
            msg = "table"
            raise no_such(msg, name, f'in Glue database "{database}"', known)
        return found

    def find_table(self, database: str, name: str) -> CatalogTable | None:
        """Return one table, or None when there is none of that name, or it is none of ours."""
        parent = self._find_database(database)
        if parent is None:
            return None
        key = (parent.sql_name, name.lower())
        try:
            return self._tables.get(key, lambda: self._read_table(*key))
        except NotFound:
            return None

    def _read_table(self, database: str, name: str) -> CatalogTable:
        with aws_errors("glue"):
            answer = self._glue.get_table(DatabaseName=database, Name=name, **self._where)
        for table in self._of_lark([answer["Table"]]):
            return table
        msg = "table"
        raise no_such(msg, name, "", [])

    def _find_database(self, name: str) -> CatalogDatabase | None:
        key = name.lower()
        try:
            return self._databases.get(key, lambda: self._read_database(key))
        except NotFound:
            return None

    def _read_database(self, name: str) -> CatalogDatabase:
        with aws_errors("glue"):
            found = self._glue.get_database(Name=name, **self._where)["Database"]
        if not is_lark_database(found):
            msg = "database"
            raise no_such(msg, name, "", [])
        return _database(found)

    def _of_lark(self, items: Iterable[Mapping[str, Any]]) -> Iterator[CatalogTable]:
        for item in items:
            table = _table(item) if is_lark_table(item) else None
            if isinstance(table, Skipped):
                self._report.tell([table])
            elif table is not None:
                yield table

    def schema(self, table: CatalogTable, *, fresh: bool = False) -> TableSchema:
        """Return the schema of a table: the names and types that Glue declares.

        Costs a call to Lark for the fields at the first use. Where Lark does not list them, the
        column comments are taken at their word, with a warning.
        """
        if fresh:
            self._tables.forget((table.database, table.sql_name))
            table = self.find_table(table.database, table.sql_name) or table
        return schema_from_glue(
            table.base_id,
            table.table_id,
            table.declared or (),
            table_name=table.name,
            fields=self._fields(table, fresh=fresh),
            number_type=self._options.number_type,
        )

    def _fields(self, table: CatalogTable, *, fresh: bool) -> Sequence[Field] | None:
        if self._metadata is None:
            return None
        try:
            return self._metadata.fields(table.base_id, table.table_id, fresh=fresh)
        except OWN_FAULTS as error:
            what = f"the present fields of Glue table {table.database}.{table.sql_name}"
            self._report.tell([Skipped.because(what, error, table.table_id)])
            return None

    def refresh(self) -> None:
        """Forget what Glue answered; no call."""
        for cache in (self._all, self._databases, self._listed, self._tables):
            cache.forget()
        self._report.forget()

    def _pages(self, operation: str, member: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        with aws_errors("glue"):
            pages = self._glue.get_paginator(operation).paginate(**parameters, **self._where)
            for page in pages:
                yield from page[member]

    @property
    def _glue(self) -> Any:
        if self._client is None:
            self._client = open_client("glue")
        return self._client


def _database(data: Mapping[str, Any]) -> CatalogDatabase:
    base = _BASE.search(str(data["LocationUri"]))
    return CatalogDatabase(data["Name"], data["Name"], base[1] if base else "", "glue")


def _table(data: Mapping[str, Any]) -> CatalogTable | Skipped:
    """Read a table of ours; its ids are in its parameters, else in its column comments."""
    name, database = str(data["Name"]), str(data["DatabaseName"])
    columns = [
        GlueColumn.parse(item) for item in (data.get("StorageDescriptor") or {}).get("Columns", ())
    ]
    parameters = data.get("Parameters") or {}
    origins = [origin_of(column) for column in columns]
    base_id = parameters.get("larkBaseId") or _first(origin.base_id for origin in origins)
    table_id = parameters.get("larkTableId") or _first(origin.table_id for origin in origins)
    if not base_id or not table_id:
        reason = "its parameters larkBaseId and larkTableId do not both say which table it is."
        return Skipped(f"Glue table {database}.{name}", reason)
    return CatalogTable(
        database=database,
        name=name,
        sql_name=name,
        base_id=base_id,
        table_id=table_id,
        source="glue",
        declared=tuple(columns),
    )


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")
