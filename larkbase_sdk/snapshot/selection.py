"""Which tables a snapshot is to hold, and under which conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_sdk.errors import ConfigurationError
from larkbase_sdk.table import Table

if TYPE_CHECKING:
    from larkbase_sdk.catalog.catalog import CatalogTable
    from larkbase_sdk.table import Database

Tables = str | Iterable[str] | Mapping[str, str | None]
"""Tables by name, SQL name, id or link; as a mapping, each with its condition or None."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A table that a snapshot is to hold.

    Attributes:
        table: The table in Lark.
        where: The condition that its rows are to fulfil, or None for all rows.
    """

    table: Table
    where: str | None = None


def wanted_tables(
    database: Database, listed: Iterable[CatalogTable], tables: Tables | None
) -> list[Wanted]:
    """Return the tables that were asked for, in the order in which the database lists them.

    Raises:
        NotFound: when there is no such table; the hint names similar ones.
        ConfigurationError: when none is asked for, or a condition is no text.
    """
    conditions = None if tables is None else _conditions(database, tables)
    found = []
    for item in listed:
        key = (item.base_id, item.table_id)
        if conditions is None:
            found.append(Wanted(Table(database, item)))
        elif key in conditions:
            found.append(Wanted(Table(database, item), conditions[key]))
    return found


def _conditions(database: Database, tables: Tables) -> dict[tuple[str, str], str | None]:
    given: Mapping[str, str | None]
    if isinstance(tables, str):
        given = {tables: None}
    else:
        given = tables if isinstance(tables, Mapping) else dict.fromkeys(tables)
    if not given:
        msg = "No table was named."
        raise ConfigurationError(msg, hint="Leave tables out for all of them.")
    found = {}
    for reference, where in given.items():
        if where is not None and not isinstance(where, str):
            msg = f"The condition for {reference!r} is no text."
            hint = "A snapshot states its conditions: write SQL, such as \"status = 'Open'\"."
            raise ConfigurationError(msg, hint=hint)
        table = database.table(reference)
        found[table.base_id, table.id] = where
    return found
