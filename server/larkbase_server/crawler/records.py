"""The two descriptions that a crawl compares: what Lark has, and what Glue has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from larkbase_sdk.catalog.glue import is_lark_table
from larkbase_sdk.schema.glue import GlueColumn
from larkbase_server.crawler.source import CrawlSource, parse_location

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TableIds = tuple[str, str]
"""Base id and table id."""

_VIEW = "VIRTUAL_VIEW"


@dataclass(frozen=True, slots=True)
class LarkTable:
    """A table that the source wants in the catalogue.

    Attributes:
        base_id: Token of its base.
        table_id: Its id.
        name: The name that the source gives it, before it is made an SQL name.
        columns: Its columns as a new Glue table would declare them.
        error: Why its fields could not be read; empty when they were.
        unsure: Whether the target of a lookup could not be read, so that a lookup without a type
            may have one.
    """

    base_id: str
    table_id: str
    name: str
    columns: tuple[GlueColumn, ...] = ()
    error: str = ""
    unsure: bool = False

    @property
    def ids(self) -> TableIds:
        """Base id and table id."""
        return self.base_id, self.table_id


@dataclass(frozen=True, slots=True)
class LarkDatabase:
    """A database that the source wants in the catalogue.

    Attributes:
        key: What tells it from others of its name, and what ``Base=`` of its location holds: the
            base id; for a sub-folder of Drive its token; for a database that lists its tables
            one by one the base id that its first row gives.
        name: The name that the source gives it, before it is made an SQL name.
        tables: Its tables in the source's order.
        unread: Base id and error of each of its bases that could not be read.
        readable: Whether anything of it could be read.
    """

    key: str
    name: str
    tables: tuple[LarkTable, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict, hash=False)
    readable: bool = True


@dataclass(frozen=True, slots=True)
class LarkSide:
    """What a source holds.

    Attributes:
        source: The source.
        databases: Its databases in its own order.
        left_out: Keys of bases and folders that it names but that could not be used, with the
            reason; nothing may be concluded from their absence.
        unclear: Bases of tables that it may name, in rows that are not complete, with the reason;
            nothing may be concluded from the absence of their tables.
        failures: What could not be read in it, in sentences.
        notes: What else was left out of it, in sentences.
    """

    source: CrawlSource
    databases: tuple[LarkDatabase, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict, hash=False)
    unclear: Mapping[str, str] = field(default_factory=dict, hash=False)
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GlueTable:
    """A table of the catalogue.

    Attributes:
        data: The table as Glue's API answers it.
        name: Its name.
        columns: Its columns.
        is_lark: Whether it was made from a Lark table, by whatever source; a view never was.
    """

    data: Mapping[str, Any] = field(hash=False)
    name: str
    columns: tuple[GlueColumn, ...]
    is_lark: bool

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> GlueTable:
        """Read a table as Glue's API answers it."""
        storage = data.get("StorageDescriptor") or {}
        columns = tuple(GlueColumn.parse(item) for item in storage.get("Columns") or ())
        ours = is_lark_table(data) and data.get("TableType") != _VIEW
        return cls(data, str(data["Name"]), columns, ours)

    @property
    def parameters(self) -> Mapping[str, str]:
        """Its parameters."""
        found: Mapping[str, str] = self.data.get("Parameters") or {}
        return found

    @property
    def ids(self) -> TableIds:
        """Base id and table id, as its parameters say."""
        return self.parameters.get("larkBaseId", ""), self.parameters.get("larkTableId", "")

    @property
    def location(self) -> str:
        """Its location."""
        return str((self.data.get("StorageDescriptor") or {}).get("Location") or "")

    @property
    def version(self) -> str:
        """The version that an update must name to be refused when somebody else was quicker."""
        return str(self.data.get("VersionId") or "")


@dataclass(frozen=True, slots=True)
class GlueDatabase:
    """A database of the catalogue.

    Attributes:
        data: The database as Glue's API answers it.
        tables: Its tables; not read for a database of another owner.
        error: Why its tables could not be read; empty when they were.
    """

    data: Mapping[str, Any] = field(hash=False)
    tables: tuple[GlueTable, ...] = ()
    error: str = ""

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.data["Name"])

    @property
    def location(self) -> str:
        """Its location."""
        return str(self.data.get("LocationUri") or "")

    def key_in(self, source: CrawlSource) -> str | None:
        """Return the key of a database of this very source; None for any other database."""
        found = parse_location(self.location)
        return found[1] if found is not None and found[0] == source else None


def databases_of(source: CrawlSource, databases: Sequence[GlueDatabase]) -> list[GlueDatabase]:
    """Return the databases that belong to a source."""
    return [database for database in databases if database.key_in(source) is not None]
