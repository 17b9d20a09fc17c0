"""Where everything wanted is to stand in the catalogue: its names, before anything is compared."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_sdk.schema.naming import unique_names
from larkbase_server.crawler.records import databases_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from larkbase_sdk.options import NameStyle
    from larkbase_server.crawler.records import (
        GlueDatabase,
        GlueTable,
        LarkDatabase,
        LarkSide,
        LarkTable,
        TableIds,
    )

_UNCLEAR = "whether it is still wanted could not be told"

Item = tuple[str, str]
"""A database and one of its tables; "" for the database itself."""


@dataclass(frozen=True, slots=True)
class Target:
    """A database wanted, and the names in Glue.

    Attributes:
        database: What the source says.
        name: Its name; None when nothing of its own name is left.
        existing: The source's own database that has this name now.
        tables: Its tables with their names; None as above.
    """

    database: LarkDatabase
    name: str | None
    existing: GlueDatabase | None
    tables: tuple[tuple[LarkTable, str | None], ...]


class Situation:
    """What Lark could not tell, which entries of the catalogue are ours, and where all is to go.

    Names of entries that stand for something unreadable are given to nobody else.

    Attributes:
        own: The databases of the source by name.
        foreign: The names of all other databases.
        targets: What is wanted, in the source's order.
        unread: Error by base id.
        left_out: Reason by key of what the source names but that could not be used.
        unclear: Reason by base id of tables that may be wanted.
    """

    def __init__(self, lark: LarkSide, databases: Sequence[GlueDatabase], style: NameStyle) -> None:
        self.source = lark.source
        self.own = {item.name: item for item in databases_of(lark.source, databases)}
        self.foreign = {item.name for item in databases} - self.own.keys()
        wanted = {item.key for item in lark.databases}
        self.unclear = lark.unclear
        self.left_out = {key: why for key, why in lark.left_out.items() if key not in wanted}
        self.unread = {
            base_id: why for item in lark.databases for base_id, why in item.unread.items()
        }
        self._unreadable_keys = {item.key for item in lark.databases if not item.readable}
        self._readable_keys = {item.key for item in lark.databases if item.readable}
        self._entries: dict[TableIds, list[tuple[str, GlueTable]]] = defaultdict(list)
        for database in self.own.values():
            for table in filter(_is_lark, database.tables):
                self._entries[table.ids].append((database.name, table))
        self.targets = self._targets(lark.databases, style)
        self._wanted: dict[Item, TableIds] = {
            (target.name, name): table.ids
            for target in self.targets
            for table, name in target.tables
            if target.name is not None and name is not None
        }

    def _targets(self, databases: Sequence[LarkDatabase], style: NameStyle) -> list[Target]:
        taken = [item.name for item in self.own.values() if self._is_unclear(item)]
        names = unique_names([(item.name, item.key) for item in databases], style, taken)
        found = []
        for database, name in zip(databases, names, strict=True):
            existing = self.own.get(name or "")
            tables = self._named_tables(database, existing, style)
            found.append(Target(database, name, existing, tables))
        return found

    def _named_tables(
        self, database: LarkDatabase, existing: GlueDatabase | None, style: NameStyle
    ) -> tuple[tuple[LarkTable, str | None], ...]:
        unread = {table.ids for table in database.tables if table.error}
        taken = [
            entry.name
            for entry in (existing.tables if existing else ())
            if entry.is_lark and (entry.ids in unread or entry.ids[0] in self.unread)
        ]
        pairs = [(table.name, table.table_id) for table in database.tables]
        names = unique_names(pairs, style, taken)
        return tuple(zip(database.tables, names, strict=True))

    def key(self, database: GlueDatabase) -> str:
        """Return the key of one of the source's own databases."""
        return database.key_in(self.source) or ""

    def is_unreadable(self, database: GlueDatabase) -> bool:
        """Tell whether it may stand for a database of which nothing could be read."""
        return self.key(database) in self._unreadable_keys

    def _is_unclear(self, database: GlueDatabase) -> bool:
        """Tell whether its name is to be kept free; a key that can be read as well is clear."""
        unclear = self._unreadable_keys - self._readable_keys | self.left_out.keys()
        return self.key(database) in unclear

    def doubt_about(self, base_id: str) -> str:
        """Return why nothing can be concluded about the tables of a base; "" when it can."""
        if base_id in self.unread:
            return "its base could not be read"
        return self.doubt_about_wish(base_id)

    def doubt_about_wish(self, key: str) -> str:
        """Return why it is not clear whether a base or folder is wanted; "" when it is."""
        why = self.left_out.get(key) or self.unclear.get(key)
        return f"{_UNCLEAR}: {why}" if why else ""

    def named_by(self, key: str) -> GlueDatabase | None:
        """Return a database with this key whose own name nobody wants."""
        names = {target.name for target in self.targets}
        found = (
            item for item in self.own.values() if self.key(item) == key and item.name not in names
        )
        return next(found, None)

    def entry_in(self, database: str, ids: TableIds) -> GlueTable | None:
        """Return the entry of a table in one database."""
        return next((entry for where, entry in self._entries[ids] if where == database), None)

    def predecessor(self, ids: TableIds, same_name: GlueTable | None) -> GlueTable | None:
        """Return the entry whose types and settings a table takes over.

        That is the entry of its name when it is of this very table; else another entry of the
        table that will not be its own any more; else the entry of its name.
        """
        if same_name is not None and same_name.ids == ids:
            return same_name
        leaving = (
            entry
            for where, entry in self._entries[ids]
            if self._wanted.get((where, entry.name)) != ids
        )
        return next(leaving, same_name)


def _is_lark(table: GlueTable) -> bool:
    return table.is_lark
