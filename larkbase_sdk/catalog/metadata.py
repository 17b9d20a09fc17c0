"""What Lark says of bases, tables, fields and views, remembered for a while per client."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from larkbase_sdk.catalog.skipping import OWN_FAULTS, Skipped, SkipReport, each
from larkbase_sdk.errors import LarkBaseError, NotFound
from larkbase_sdk.schema.naming import RECORD_ID
from larkbase_sdk.schema.table_schema import TableSchema, build_schema
from larkbase_sdk.ttl_cache import TtlCache

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from larkbase_sdk.api.bitable import Bitable
    from larkbase_sdk.api.models import BaseInfo, Field, TableInfo, View, ViewInfo
    from larkbase_sdk.catalog.catalog import CatalogTable
    from larkbase_sdk.options import Options

_TableKey = tuple[str, str]


class Metadata:
    """Reads metadata at the first use; all but ``remember`` and ``known_*`` may call the network.

    Safe to share between threads. Names that are given here are Lark's ids.

    Args:
        bitable: The API of bases.
        options: Time to live, name style, number type and lookup depth.
        reserved: SQL names that no column may take; Athena and Glue reserve none.
    """

    def __init__(
        self, bitable: Bitable, options: Options, *, reserved: tuple[str, ...] = (RECORD_ID,)
    ) -> None:
        self._bitable = bitable
        self._options = options
        self._reserved = reserved
        self._report = SkipReport()
        self._bases: TtlCache[str, BaseInfo] = TtlCache(self._seconds)
        self._tables: TtlCache[str, list[TableInfo]] = TtlCache(self._seconds)
        self._fields: TtlCache[_TableKey, list[Field]] = TtlCache(self._seconds)
        self._views: TtlCache[_TableKey, list[ViewInfo]] = TtlCache(self._seconds)
        self._schemas: TtlCache[_TableKey, TableSchema] = TtlCache(self._seconds)

    def _seconds(self) -> float:
        return self._options.metadata_ttl

    def remember(self, base_id: str, table_id: str = "", *, name: str = "", url: str = "") -> None:
        """Keep how people know a base or table, for errors about it; never calls."""
        self._bitable.remember(base_id, table_id, name=name, url=url)

    def base(self, base_id: str) -> BaseInfo:
        """Return a base; one call at the first use."""
        return self._bases.get(base_id, lambda: self._bitable.base(base_id))

    def tables(self, base_id: str) -> list[TableInfo]:
        """Return the tables of a base; one call per 100 tables at the first use."""
        return self._tables.get(base_id, lambda: self._bitable.tables(base_id))

    def fields(self, base_id: str, table_id: str, *, fresh: bool = False) -> list[Field]:
        """Return the fields of a table; one call per 100 fields at the first use."""
        key = (base_id, table_id)
        if fresh:
            self._fields.forget(key)
        return self._fields.get(key, lambda: self._bitable.fields(base_id, table_id))

    def views(self, base_id: str, table_id: str) -> list[ViewInfo]:
        """Return the views of a table; one call per 100 views at the first use."""
        return self._views.get((base_id, table_id), lambda: self._bitable.views(base_id, table_id))

    def view(self, base_id: str, table_id: str, view_id: str) -> View:
        """Return a view with its conditions; always one call, since they change without notice."""
        return self._bitable.view(base_id, table_id, view_id)

    def schema(self, base_id: str, table_id: str, table_name: str = "") -> TableSchema:
        """Return the schema of a table; also reads the tables that its lookups point to."""
        return self._schemas.get(
            (base_id, table_id), lambda: self._build(base_id, table_id, table_name)
        )

    def fresh_schema(self, base_id: str, table_id: str, table_name: str = "") -> TableSchema:
        """Return the schema after reading the fields again."""
        self._fields.forget((base_id, table_id))
        self._schemas.forget((base_id, table_id))
        return self.schema(base_id, table_id, table_name)

    def prefetch(self, tables: Iterable[CatalogTable]) -> list[Skipped]:
        """Read the field lists of many tables at the same time, as fast as pacing lets them.

        What is remembered is not read again. A table whose fields cannot be read affects only
        itself: it is warned of and returned; its ``schema`` will raise the error.

        Raises:
            LarkBaseError: an error that concerns every table, such as refused credentials.

        Warns:
            SourceSkipped: for each table that could not be read.
        """
        wanted = {(table.base_id, table.table_id): table for table in tables}
        keys = _in_turns(key for key in wanted if not self._fields.is_fresh(key))
        results = each(lambda key: self.fields(*key), keys)
        skipped = [
            Skipped.because(f'the fields of table "{wanted[key].name}"', result, key[1])
            for key, result in zip(keys, results, strict=True)
            if isinstance(result, LarkBaseError)
        ]
        self._report.tell(skipped)
        return skipped

    def _build(self, base_id: str, table_id: str, table_name: str) -> TableSchema:
        listed = {table.table_id: table.name for table in self._tables.peek(base_id) or ()}
        return build_schema(
            base_id,
            table_id,
            self.fields(base_id, table_id),
            table_name=table_name or listed.get(table_id, ""),
            style=self._options.name_style,
            number_type=self._options.number_type,
            lookup_depth=self._options.lookup_depth,
            fields_of=lambda other: self._fields_of(base_id, other),
            reserved=self._reserved,
        )

    def _fields_of(self, base_id: str, table_id: str) -> Sequence[Field] | None:
        """Return the fields of a table that a lookup points to; None when they cannot be read.

        A lookup into a table that is gone or closed to us costs the lookup its type, and the
        table that it stands in nothing else.
        """
        try:
            return self.fields(base_id, table_id)
        except NotFound:
            return None
        except OWN_FAULTS as error:
            what = f"the target of a lookup, table {table_id}"
            self._report.tell([Skipped.because(what, error, table_id)])
            return None

    def known_schema(self, base_id: str, table_id: str) -> TableSchema | None:
        """Return the schema if it was read before; never calls."""
        return self._schemas.peek((base_id, table_id))

    def known_fields(self, base_id: str, table_id: str) -> list[Field] | None:
        """Return the fields of a table if they were read before; never calls."""
        return self._fields.peek((base_id, table_id))

    def known_tables(self, base_id: str) -> list[TableInfo] | None:
        """Return the tables if they were read before; never calls."""
        return self._tables.peek(base_id)

    def tables_are_fresh(self, base_id: str) -> bool:
        """Tell whether the tables are remembered and not too old; never calls."""
        return self._tables.is_fresh(base_id)

    def schema_age(self, base_id: str, table_id: str) -> float | None:
        """Return the age of the remembered schema in seconds, or None."""
        return self._schemas.age((base_id, table_id))

    def forget_tables(self, base_ids: Iterable[str]) -> None:
        """Forget the lists of tables of these bases."""
        for base_id in base_ids:
            self._tables.forget(base_id)

    def forget(self) -> None:
        """Forget everything."""
        for cache in (self._bases, self._tables, self._fields, self._views, self._schemas):
            cache.forget()
        self._report.forget()


def _in_turns(keys: Iterable[_TableKey]) -> list[_TableKey]:
    """Return the tables of different bases in turns.

    Each base answers only a few calls at a time, so that several are kept busy.
    """
    by_base: dict[str, list[_TableKey]] = {}
    for key in keys:
        by_base.setdefault(key[0], []).append(key)
    rounds = zip_longest(*by_base.values())
    return [key for key in chain.from_iterable(rounds) if key is not None]
