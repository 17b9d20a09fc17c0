"""The databases of the Glue Data Catalog as a source of the notebook and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.catalog.glue import GlueCatalog
from larkbase_sdk.catalog.skipping import Skipped, each
from larkbase_sdk.catalog.sources import Listing, SourcedDatabase, SourcedTable
from larkbase_sdk.errors import LarkBaseError

if TYPE_CHECKING:
    from larkbase_sdk.catalog.catalog import CatalogDatabase, CatalogTable
    from larkbase_sdk.options import Options

WORD = "glue"


def glue_catalog_id(text: str) -> str | None:
    """Return the account in ``glue:<account>``, "" for ``glue`` alone, None for other texts."""
    word, _, account = text.strip().partition(":")
    return account.strip() if word.lower() == WORD else None


class GlueSource:
    """Databases and tables that a crawler wrote into Glue, under their names there.

    Only names and ids are taken from Glue. Fields and types are those that Lark lists now, as in
    every other database of the notebook; the types that Glue declares bind Athena.

    Attributes:
        text: What the ``source`` column shows.
        label: What messages call it.
    """

    asked_for = True
    text = WORD

    def __init__(self, options: Options, catalog_id: str = "") -> None:
        self._catalog = GlueCatalog(None, options, catalog_id=catalog_id)
        self.label = f"the Glue Data Catalog{f' of account {catalog_id}' if catalog_id else ''}"

    def read(self) -> Listing:
        """Return the databases with their tables; one call of Glue a page of each list.

        Raises:
            LarkBaseError: what AWS refuses, see ``aws_errors``.

        Warns:
            SourceSkipped: for a table of ours that does not say which Lark table it is.
        """
        self._catalog.refresh()
        databases = self._catalog.databases()
        listed = each(lambda database: self._catalog.tables(database.sql_name), databases)
        found: list[SourcedDatabase] = []
        skipped: list[Skipped] = []
        for database, tables in zip(databases, listed, strict=True):
            if isinstance(tables, LarkBaseError):
                what = f"the tables of Glue database {database.name}"
                skipped.append(Skipped.because(what, tables, database.base_id))
            else:
                found.append(_sourced(database, tables))
        return Listing(tuple(found), tuple(skipped))


def _sourced(database: CatalogDatabase, tables: tuple[CatalogTable, ...]) -> SourcedDatabase:
    rows = tuple(
        SourcedTable(table.base_id, table.table_id, database.name, table.name) for table in tables
    )
    return SourcedDatabase(database.name, database.base_id or database.name, tables=rows)
