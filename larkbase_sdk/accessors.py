"""Databases and tables as mappings: by name, id or link, with Tab completion and a display."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from larkbase_sdk.display import html_table, text_table
from larkbase_sdk.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    from larkbase_sdk.api.models import ViewInfo
    from larkbase_sdk.catalog.catalog import CatalogDatabase
    from larkbase_sdk.catalog.sources import Source
    from larkbase_sdk.client import Lark
    from larkbase_sdk.table import Database, Table

Item = TypeVar("Item")
Default = TypeVar("Default")


def as_name(reference: object) -> str:
    """Return what is to be looked up by name.

    Raises:
        ConfigurationError: when it is no text.
    """
    if isinstance(reference, str):
        return reference
    msg = f"{reference!r} is no name."
    raise ConfigurationError(msg, hint="Give a name, an SQL name, an id or a link.")


class _Accessor(Mapping[str, Item], Generic[Item]):
    """A mapping whose items are also attributes when their names are identifiers."""

    def _names(self) -> list[str]:
        raise NotImplementedError

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    @overload
    def get(self, key: str, /) -> Item | None: ...

    @overload
    def get(self, key: str, /, default: Item | Default) -> Item | Default: ...

    def get(self, key: str, /, default: Item | Default | None = None) -> Item | Default | None:
        """Return an item by name, SQL name, id or link, or ``default`` when there is none."""
        try:
            return self[key]
        except NotFound:
            return default

    def __getattr__(self, name: str) -> Item:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except NotFound as error:
            raise AttributeError(str(error)) from error

    def __dir__(self) -> list[str]:
        names = [name for name in self._names() if name.isidentifier()]
        return [*super().__dir__(), *names]

    def _ipython_key_completions_(self) -> list[str]:
        return self._names()


class DatabaseMap(_Accessor["Database"]):
    """The databases of a client by Lark name; ``[…]`` also takes an SQL name, id or link.

    Listing reads the sources at the first use; a single database by link costs one call.

    Args:
        lark: The client.
        source: The only source whose databases are listed; all when None.
    """

    def __init__(self, lark: Lark, source: Source | None = None) -> None:
        self._lark = lark
        self._source = source

    def _found(self) -> tuple[CatalogDatabase, ...]:
        catalog = self._lark.catalog
        return catalog.databases_from(self._source) if self._source else catalog.databases()

    def _names(self) -> list[str]:
        return [item.name for item in self._found()]

    def __getitem__(self, reference: str) -> Database:
        return self._lark.database(as_name(reference))

    def rows(self) -> list[dict[str, object]]:
        """Return one dict a database: name, id, source, tables (None when not read), url."""
        return [
            {
                "name": item.name,
                "id": item.base_id or None,
                "source": item.source,
                "tables": self._lark.catalog.known_tables(item),
                "url": item.url,
            }
            for item in self._found()
        ]

    def __repr__(self) -> str:
        return text_table(self.rows())

    def _repr_html_(self) -> str:
        return html_table(self.rows())


class TableMap(_Accessor["Table"]):
    """The tables of a database by Lark name; ``[…]`` also takes an SQL name, id or link."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _names(self) -> list[str]:
        return [item.name for item in self._database.catalog_tables()]

    def __getitem__(self, reference: str) -> Table:
        return self._database.table(as_name(reference))

    def rows(self) -> list[dict[str, object]]:
        """Return one dict a table: name, id, fields, rows, primary (None when not read)."""
        result: list[dict[str, object]] = []
        for item in self._database.catalog_tables():
            schema = self._database.lark.metadata.known_schema(item.base_id, item.table_id)
            primary = schema.primary if schema is not None else None
            result.append(
                {
                    "name": item.name,
                    "id": item.table_id,
                    "fields": None if schema is None else len(schema.columns),
                    "rows": self._database.lark.known_rows(item.base_id, item.table_id),
                    "primary": None if primary is None else primary.lark_name,
                }
            )
        return result

    def __repr__(self) -> str:
        return text_table(self.rows())

    def _repr_html_(self) -> str:
        return html_table(self.rows())


class ViewList(list["ViewInfo"]):
    """The views of a table, shown as a table: name, id, type."""

    def rows(self) -> list[dict[str, object]]:
        """Return one dict a view."""
        return [
            {"name": view.name, "id": view.view_id, "type": view.view_type or None} for view in self
        ]

    def __repr__(self) -> str:
        return text_table(self.rows())

    def _repr_html_(self) -> str:
        return html_table(self.rows())


def search(lark: Lark, text: str) -> list[tuple[str, str, str]]:
    """Return (database, table, field or "") whose name holds ``text``, case ignored."""
    wanted = text.lower()
    found = []
    for database, tables in lark.catalog.all_tables():
        for table in tables:
            if wanted in table.name.lower():
                found.append((database.name, table.name, ""))
            fields = lark.metadata.known_fields(table.base_id, table.table_id) or ()
            found.extend(
                (database.name, table.name, field.name)
                for field in fields
                if wanted in field.name.lower()
            )
    return found
