"""The tables of a client as statements name them: database and table, links, the catalogue."""

from __future__ import annotations

import contextlib
import difflib
import warnings
from typing import TYPE_CHECKING

from larkbase_sdk.api.links import is_link, parse_link
from larkbase_sdk.catalog.names import pick_sql
from larkbase_sdk.errors import LarkBaseError, NotFound, SourceSkipped
from larkbase_sdk.schema.naming import name_key
from larkbase_sdk.sql.binding import DUCKDBS_OWN
from larkbase_sdk.sql.lark_table import LarkTable
from larkbase_sdk.table import Database, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa

    from larkbase_sdk.catalog.catalog import CatalogTable
    from larkbase_sdk.client import Lark

TAKEN = frozenset({"memory", *DUCKDBS_OWN})
"""Names of databases that cannot be attached to a connection."""

_SHOWN = 3


class LarkTables:
    """The databases that a client knows; read from the catalogue only as far as names need it.

    Tables that are named alone are those of the base whose link the client was connected with.
    """

    def __init__(self, lark: Lark) -> None:
        self._lark = lark

    def find(self, database: str, name: str) -> LarkTable:
        """Return a table by SQL names, or by a link; the default database when none is named.

        Raises:
            NotFound: there is none; the hint names similar ones, in SQL.
            LarkBaseError: what a link leads to cannot be used.
        """
        if not database and is_link(name):
            return self._behind(name)
        owner = self._database(database) if database else self._lark.default_database()
        if owner is None:
            raise self._no_default(name)
        found = pick_sql(owner.catalog_tables(), name) or self._listed_anew(owner, name)
        if found is None:
            raise _no_table(name, owner)
        return LarkTable(Table(owner, found).scan())

    def knows(self, name: str) -> bool:
        """Tell whether the default database has a table of this SQL name."""
        owner = self._lark.default_database()
        return owner is not None and pick_sql(owner.catalog_tables(), name) is not None

    def everything(self) -> Iterator[tuple[str, str, LarkTable]]:
        """Yield every table with its names, after reading the fields of all of them.

        Warns:
            SourceSkipped: for a base or table that cannot be read; the others come.
        """
        default = self._lark.default_database()
        for database, tables in self._lark.catalog.all_tables():
            if database.sql_name in TAKEN:
                _tell_taken(database.sql_name)
                continue
            owner = Database(self._lark, database)
            for table in tables:
                try:
                    found = LarkTable(Table(owner, table).scan())
                except LarkBaseError:
                    continue  # warned of while the fields of all tables were read
                yield database.sql_name, table.sql_name, found
                if default is not None and default.sql_name == database.sql_name:
                    yield "", table.sql_name, found

    def facts(self, name: str) -> pa.Table:
        """Return ``databases``, ``tables`` or ``fields`` as a table."""
        from larkbase_sdk.sql.facts import FACTS

        return FACTS[name](self._lark)

    def calls(self) -> int:
        """Return the calls of the client so far."""
        return self._lark.stats.calls

    def _behind(self, link: str) -> LarkTable:
        parsed = parse_link(link)
        scan = self._lark.table(link).scan()
        return LarkTable(scan.in_view(parsed.view_id) if parsed.view_id else scan)

    def _database(self, name: str) -> Database:
        default = self._lark.default_database()
        if default is not None and name_key(default.sql_name) == name_key(name):
            return default
        for _ in range(2):
            found = pick_sql(self._lark.catalog.databases(), name)
            if found is not None:
                return Database(self._lark, found)
            if self._lark.catalog.find_tables(name) is None:  # has listed them again
                break
        raise self._no_database(name)

    def _listed_anew(self, owner: Database, name: str) -> CatalogTable | None:
        """Return a table that was not there when the tables were listed last."""
        with contextlib.suppress(NotFound):
            owner.table(name)
        return pick_sql(owner.catalog_tables(), name)

    def _no_database(self, name: str) -> NotFound:
        listed = self._lark.catalog.databases()
        meant = [item.sql_name for item in listed if name in (item.name, item.base_id)]
        hint = _hint(name, meant, [item.sql_name for item in listed], "Databases")
        unreadable = ", ".join(item.what for item in self._lark.catalog.unreadable())
        if unreadable:
            hint = f"{hint or ''} Could not be read: {unreadable}.".strip()
        return NotFound(f'No database "{name}".', hint=hint or _PASTE)

    def _no_default(self, name: str) -> NotFound:
        """Return the error for a table without a database; no call."""
        known = [
            f"{database.sql_name}.{table.sql_name}"
            for database in self._lark.catalog.known_databases() or ()
            if self._lark.catalog.known_tables(database) is not None
            for table in self._lark.catalog.tables_of(database)
            if name.lower() in (table.sql_name, table.name.lower())
        ]
        hint = f"did you mean {' or '.join(known[:_SHOWN])}?" if known else _QUALIFY
        return NotFound(f'No table "{name}".', hint=hint)


def _tell_taken(name: str) -> None:
    warnings.warn(
        f'The database "{name}" is not attached: its name means a database of DuckDB. '
        "lark.sql reads its tables by their links.",
        SourceSkipped,
        stacklevel=4,
    )


_PASTE = 'Open one first: lark.add("https://…/base/…").'
_QUALIFY = (
    "Write database.table, or connect with the link of a default base. DataFrames are found by "
    "the names of their variables, and files by their paths in quotes."
)


def _no_table(name: str, database: Database) -> NotFound:
    tables = database.catalog_tables()
    meant = [item.sql_name for item in tables if name in (item.name, item.table_id)]
    hint = _hint(name, meant, [item.sql_name for item in tables], "Tables")
    return NotFound(f'No table "{name}" in database {database.sql_name}.', hint=hint)


def _hint(name: str, meant: Sequence[str], known: Sequence[str], what: str) -> str | None:
    near: Iterable[str] = meant or difflib.get_close_matches(name.lower(), known, _SHOWN)
    parts = []
    if near:
        parts.append(f"did you mean {' or '.join(map(_quoted, near))}?")
    if known:
        more = ", …" if len(known) > _SHOWN else ""
        parts.append(f"{what}: {', '.join(known[:_SHOWN])}{more} ({len(known)})")
    return " ".join(parts) or None


def _quoted(name: str) -> str:
    return f'"{name}"'
