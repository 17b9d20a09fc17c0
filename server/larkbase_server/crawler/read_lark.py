"""Reading a source in Lark: its databases, their tables, and the columns Glue is to declare."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, TypeVar

from larkbase_sdk.catalog.base_source import read_metadata_table
from larkbase_sdk.catalog.drive_source import read_folder
from larkbase_sdk.catalog.metadata import Metadata
from larkbase_sdk.catalog.skipping import each
from larkbase_sdk.catalog.sources import tables_in_rows, tables_of_base
from larkbase_sdk.errors import LarkBaseError, NetworkError, NotFound, RateLimited
from larkbase_sdk.schema.glue import glue_columns
from larkbase_sdk.schema.table_schema import build_schema
from larkbase_server.crawler.records import LarkDatabase, LarkSide, LarkTable, TableIds
from larkbase_server.crawler.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from larkbase_sdk.api import LarkApi
    from larkbase_sdk.api.models import Field, TableInfo
    from larkbase_sdk.catalog.sources import ListedTable, Listing, SourcedDatabase
    from larkbase_sdk.options import Options
    from larkbase_server.crawler.source import CrawlSource

_NO_TABLE = "Lark lists no table of its base."
_NO_FIELD = "Lark lists no field of it."

Key = TypeVar("Key")
Value = TypeVar("Value")


def read_source(
    api: LarkApi, options: Options, source: CrawlSource, *, typed: bool = False
) -> LarkSide:
    """Return what a source holds, with the columns of every table.

    Costs the calls that read the source itself, one per 100 tables of each base and one per 100
    fields of each table; lists of tables and fields are read at the same time. A base or table
    that cannot be read says so and affects only itself.

    Args:
        api: Lark.
        options: Style of the SQL names and depth of lookups.
        source: What to read.
        typed: Declare a lookup of a formula by the formula's result.

    Raises:
        LarkBaseError: the source itself cannot be read, or Lark refuses the credentials.
    """
    listing = _listing(api, options, source)
    metadata = Metadata(api.bitable, options.replace(metadata_ttl=math.inf), reserved=())
    bases = {base.base_id: None for item in listing.databases for base in item.bases}
    tables, unread = _read_all(metadata.tables, bases)
    listed = [_listed(item, tables) for item in listing.databases]
    columns = _Columns(metadata, options, typed=typed)
    columns.read({(table.base_id, table.table_id): None for found in listed for table in found})
    databases = [
        _database(item, found, unread, columns)
        for item, found in zip(listing.databases, listed, strict=True)
    ]
    skipped = listing.skipped
    return LarkSide(
        source,
        tuple(databases),
        left_out={item.token: one_line(item.reason) for item in skipped if item.token},
        unclear={item.tables_of: one_line(item.reason) for item in skipped if item.tables_of}
        # Every base has a table: whoever is told of none lacks a right, or met a fault of Lark's.
        | {base_id: _NO_TABLE for base_id, found in tables.items() if not found},
        failures=tuple(one_line(item) for item in skipped if item.unreadable),
        notes=tuple(one_line(item) for item in skipped if not item.unreadable),
    )


def _listing(api: LarkApi, options: Options, source: CrawlSource) -> Listing:
    if source.method == "LarkDrive":
        return read_folder(api.drive, source.data_source)
    return read_metadata_table(api.bitable, options, *source.ids)


def _read_all(
    read: Callable[[Key], Value], keys: Iterable[Key]
) -> tuple[dict[Key, Value], dict[Key, str]]:
    """Return what ``read`` gives for each key, and the errors; all are read at the same time."""

    def attempt(key: Key) -> Value | LarkBaseError:
        try:
            return read(key)
        except (RateLimited, NetworkError) as error:
            return error

    wanted = list(keys)
    found: dict[Key, Value] = {}
    errors: dict[Key, str] = {}
    for key, result in zip(wanted, each(attempt, wanted), strict=True):
        if isinstance(result, LarkBaseError):
            errors[key] = one_line(result)
        else:
            found[key] = result
    return found, errors


def _listed(
    database: SourcedDatabase, tables: Mapping[str, Sequence[TableInfo]]
) -> list[ListedTable]:
    """Return the tables of a database, as far as its bases could be read."""
    found = tables_in_rows(database)
    for base in database.bases:
        found += tables_of_base(base, tables.get(base.base_id, ()))
    return found


def _database(
    database: SourcedDatabase,
    listed: Sequence[ListedTable],
    unread: Mapping[str, str],
    columns: _Columns,
) -> LarkDatabase:
    mine = {base.base_id: unread[base.base_id] for base in database.bases if base.base_id in unread}
    return LarkDatabase(
        database.key,
        database.name,
        tuple(map(columns.table, listed)),
        mine,
        readable=not mine or bool(listed) or len(mine) < len(database.bases),
    )


@dataclass(slots=True)
class _Columns:
    """The columns of tables, from their fields and those of the tables that lookups lead to."""

    metadata: Metadata
    options: Options
    typed: bool
    _fields: dict[TableIds, Sequence[Field]] = field(default_factory=dict)
    _errors: dict[TableIds, str] = field(default_factory=dict)

    def read(self, tables: Iterable[TableIds]) -> None:
        """Read the fields of these tables, those of different bases in turns."""

        def fields_of(ids: TableIds) -> Sequence[Field]:
            return self.metadata.fields(*ids)

        self._fields, self._errors = _read_all(fields_of, _in_turns(tables))
        # Every table has a field, as every base has a table.
        self._errors |= {ids: _NO_FIELD for ids, found in self._fields.items() if not found}

    def table(self, listed: ListedTable) -> LarkTable:
        """Return one of the tables; may call for a table that only a lookup leads to."""
        ids = (listed.base_id, listed.table_id)
        if ids in self._errors:
            return LarkTable(*ids, listed.name, error=self._errors[ids])
        unsure = False

        def fields_of(table_id: str) -> Sequence[Field] | None:
            nonlocal unsure
            try:
                return self.metadata.fields(listed.base_id, table_id)
            except NotFound:
                return None
            except LarkBaseError:
                unsure = True
                return None

        schema = build_schema(
            *ids,
            self._fields[ids],
            table_name=listed.name,
            style=self.options.name_style,
            lookup_depth=self.options.lookup_depth,
            fields_of=fields_of,
            reserved=(),
        )
        columns = tuple(glue_columns(schema, typed_formula_lookups=self.typed))
        return LarkTable(*ids, listed.name, columns, unsure=unsure)


def _in_turns(tables: Iterable[TableIds]) -> Iterator[TableIds]:
    """Yield the tables of different bases in turns, as each base bears only a few calls at once."""
    by_base: dict[str, list[TableIds]] = {}
    for ids in tables:
        by_base.setdefault(ids[0], []).append(ids)
    rounds = chain.from_iterable(zip_longest(*by_base.values()))
    return (ids for ids in rounds if ids is not None)
