"""Unique names for what sources list: SQL names and the names people see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.catalog.catalog import CatalogDatabase, CatalogTable
from larkbase_sdk.catalog.skipping import Skipped
from larkbase_sdk.schema.naming import unique_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from larkbase_sdk.catalog.sources import ListedTable, SourcedDatabase
    from larkbase_sdk.options import NameStyle


def named_databases(
    found: Iterable[tuple[str, SourcedDatabase]], style: NameStyle
) -> tuple[tuple[CatalogDatabase, ...], tuple[Skipped, ...]]:
    """Return the databases of all sources under unique names, and those without a name.

    The first owner of a name keeps it, a later one gets ``_`` and its id. What an earlier source
    gave under the same name with the same tables is left out: one base may be found through a
    link, a folder and a shortcut.

    Args:
        found: Source text and database, in the order of the sources.
        style: Style of the SQL names.
    """
    distinct: dict[object, tuple[str, SourcedDatabase]] = {}
    for source, item in found:
        distinct.setdefault(item.content, (source, item))
    pairs = list(distinct.values())
    sql_names = unique_names([(item.name, item.key) for _, item in pairs], style)
    databases: list[CatalogDatabase] = []
    skipped: list[Skipped] = []
    taken: set[str] = set()
    for (source, item), sql_name in zip(pairs, sql_names, strict=True):
        if sql_name is None:
            skipped.append(_nameless(f"database {item.key} of {source}", item.key))
            continue
        name = item.name if item.name not in taken else f"{item.name} ({item.key})"
        taken.add(name)
        databases.append(CatalogDatabase(name, sql_name, item.base_id, source, item.url, item))
    return tuple(databases), tuple(skipped)


def named_tables(
    database: CatalogDatabase, listed: Sequence[ListedTable], style: NameStyle
) -> tuple[tuple[CatalogTable, ...], tuple[Skipped, ...]]:
    """Return the tables of a database under unique SQL names, and those without a name."""
    sql_names = unique_names([(table.name, table.table_id) for table in listed], style)
    tables = tuple(
        CatalogTable(
            database=database.sql_name,
            name=table.name,
            sql_name=sql_name,
            base_id=table.base_id,
            table_id=table.table_id,
            revision=table.revision,
            source=database.source,
            url=table.url,
        )
        for table, sql_name in zip(listed, sql_names, strict=True)
        if sql_name is not None
    )
    skipped = tuple(
        _nameless(f'table {table.table_id} of database "{database.name}"', table.table_id)
        for table, sql_name in zip(listed, sql_names, strict=True)
        if sql_name is None
    )
    return tables, skipped


def _nameless(what: str, token: str) -> Skipped:
    return Skipped(what, "its name is empty.", token)
