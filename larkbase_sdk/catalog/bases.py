"""Databases of every source that names Lark bases: links, folders, metadata tables, Drive root."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from larkbase_sdk.catalog.listings import Listings
from larkbase_sdk.catalog.names import Named, no_such, pick, pick_sql
from larkbase_sdk.catalog.naming import named_databases, named_tables
from larkbase_sdk.catalog.skipping import (
    OWN_FAULTS,
    Skipped,
    SkipReport,
    each,
    raise_passing,
)
from larkbase_sdk.catalog.sources import ListedTable, tables_in_rows, tables_of_base
from larkbase_sdk.errors import LarkBaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from larkbase_sdk.catalog.catalog import CatalogDatabase, CatalogTable
    from larkbase_sdk.catalog.link_source import LinkSource
    from larkbase_sdk.catalog.metadata import Metadata
    from larkbase_sdk.catalog.sources import Listing, Source, SourcedDatabase
    from larkbase_sdk.errors import NotFound
    from larkbase_sdk.options import Options
    from larkbase_sdk.schema.table_schema import TableSchema


class _Chooser(Protocol):
    """``pick`` or ``pick_sql``."""

    def __call__(self, listed: Sequence[Named], name: str, /) -> Named | None: ...


class BasesCatalog:
    """The databases of several sources; names are unique over all of them.

    Opened links come first, in the order in which they were opened, so that a database behind a
    link is found without reading the other sources. A source that cannot be read is reported,
    and the others count; one that Lark cannot answer for just now is an error, since its names
    would go to others meanwhile.

    Args:
        metadata: What Lark says of bases and tables.
        options: Style of the SQL names, and how long a listing is remembered.
        sources: Sources in the order in which their names count.
    """

    def __init__(
        self, metadata: Metadata, options: Options, sources: Iterable[Source] = ()
    ) -> None:
        self._metadata = metadata
        self._options = options
        self._links: list[LinkSource] = []
        self._others: list[Source] = list(sources)
        self._lock = threading.Lock()
        self._report = SkipReport()
        self._listings = Listings(lambda: options.metadata_ttl)
        self._last_named: tuple[list[Listing], tuple[CatalogDatabase, ...]] = ([], ())

    def links(self) -> list[LinkSource]:
        """Return the links that were added; no call."""
        return list(self._links)

    def add_link(self, source: LinkSource) -> LinkSource:
        """Add the base of a link, and return the source that stands for it; no call."""
        with self._lock:
            for known in self._links:
                if known.link.token == source.link.token:
                    return known
            self._links.append(source)
            return source

    def add(self, source: Source) -> None:
        """Add a further source, before those that nobody asked for; no call."""
        with self._lock:
            place = sum(other.asked_for for other in self._others)
            self._others.insert(place, source)

    def remove(self, source: Source) -> None:
        """Take a source or link out again; no call."""
        with self._lock:
            self._links = [known for known in self._links if known is not source]
            self._others = [known for known in self._others if known is not source]

    def _sources(self) -> list[Source]:
        return [*self._links, *self._others]

    # -- databases -----------------------------------------------------------------------------

    def databases(self) -> tuple[CatalogDatabase, ...]:
        """Return the databases of every source; the sources are read at the same time.

        Warns:
            SourceSkipped: for each source, row or folder that could not be used.
        """
        return self._databases_of(self._sources())

    def databases_from(self, source: Source) -> tuple[CatalogDatabase, ...]:
        """Return the databases of one of the sources, under their names among all of them.

        For a link, only links are read.

        Raises:
            LarkBaseError: the error that keeps the source from being read.
        """
        wanted = {item.content for item in self._listings.require(source).databases}
        among = self._links if source in self._links else self._sources()
        found = self._databases_of(among)
        return tuple(item for item in found if item.content and item.content.content in wanted)

    def databases_asked_for(self) -> tuple[CatalogDatabase, ...]:
        """Return the databases of the sources that somebody named; of all when nobody named any.

        Warns:
            SourceSkipped: for each source, row or folder that could not be used.
        """
        named = [source for source in self._sources() if source.asked_for]
        return self._databases_of(named or self._sources())

    def known_databases(self) -> tuple[CatalogDatabase, ...] | None:
        """Return the databases if all sources were read before, however long ago; never calls."""
        sources = self._sources()
        known = self._listings.known(sources)
        return None if known is None else self._named(sources, known)

    def unreadable(self) -> list[Skipped]:
        """Return what could not be read when the sources were read last; never calls."""
        return self._listings.unreadable(self._sources())

    def database(self, reference: str) -> CatalogDatabase:
        """Return a database by its base id, its name or its SQL name.

        Raises:
            NotFound: when there is none; the hint names similar ones and unreadable sources.
        """
        return self._require_database(reference, pick)

    def _require_database(self, name: str, choose: _Chooser) -> CatalogDatabase:
        found = self._find_database(name, choose)
        if found is None:
            raise self._no_such_database(name)
        return found

    def _find_database(
        self, name: str, choose: _Chooser, *, anew: bool = True
    ) -> CatalogDatabase | None:
        were_known = self._listings.are_fresh(self._sources())
        found = choose(self.databases(), name)
        if found is None and were_known and anew:
            self._listings.forget()
            found = choose(self.databases(), name)
        return found

    def _no_such_database(self, name: str) -> NotFound:
        error = no_such("database", name, "", [item.name for item in self.databases()])
        unreadable = ", ".join(item.what for item in self.unreadable())
        if unreadable:
            error.hint = " ".join(filter(None, [error.hint, f"Could not be read: {unreadable}."]))
        return error

    def _databases_of(self, sources: Sequence[Source]) -> tuple[CatalogDatabase, ...]:
        return self._named(sources, self._listings.of(sources))

    def _named(
        self, sources: Sequence[Source], listings: list[Listing]
    ) -> tuple[CatalogDatabase, ...]:
        last, databases = self._last_named
        if len(last) == len(listings) and all(map(_is_same, last, listings)):
            return databases
        for listing in listings:
            self._report.tell(listing.skipped)
        for listing in reversed(listings):  # what the first source calls a base is said last
            self._remember_bases(listing)
        found = (
            (source.text, item)
            for source, listing in zip(sources, listings, strict=True)
            for item in listing.databases
        )
        databases, nameless = named_databases(found, self._options.name_style)
        self._report.tell(nameless)
        self._last_named = (listings, databases)
        return databases

    def _remember_bases(self, listing: Listing) -> None:
        for database in listing.databases:
            for base in database.bases:
                self._metadata.remember(base.base_id, name=base.name, url=base.url)

    # -- tables --------------------------------------------------------------------------------

    def tables(self, database: str) -> tuple[CatalogTable, ...]:
        """Return the tables of a database, given its SQL name.

        Raises:
            NotFound: when there is no such database.
        """
        return self.tables_of(self._require_database(database, pick_sql))

    def tables_of(self, database: CatalogDatabase) -> tuple[CatalogTable, ...]:
        """Return the tables of a database; one call per 100 tables of a base, at first use.

        Raises:
            LarkBaseError: when its base cannot be read, or none of its bases; or one of them
                just now.

        Warns:
            SourceSkipped: for one of several bases that cannot be read.
        """
        listed = self._listed(database.content) if database.content is not None else []
        tables, nameless = named_tables(database, listed, self._options.name_style)
        for table in tables:
            self._metadata.remember(table.base_id, table.table_id, name=table.name, url=table.url)
        self._report.tell(nameless)
        return tables

    def _listed(self, content: SourcedDatabase) -> list[ListedTable]:
        found = tables_in_rows(content)
        results = each(lambda base: self._metadata.tables(base.base_id), content.bases)
        errors = [result for result in results if isinstance(result, LarkBaseError)]
        if errors and len(errors) == len(results):
            raise errors[0]
        raise_passing(errors)
        for base, result in zip(content.bases, results, strict=True):
            if isinstance(result, LarkBaseError):
                what = f'base "{base.name}" of database "{content.name}"'
                self._report.tell([Skipped.because(what, result, base.base_id)])
            else:
                found.extend(tables_of_base(base, result))
        return found

    def all_tables(self) -> list[tuple[CatalogDatabase, tuple[CatalogTable, ...]]]:
        """Return every database with its tables, after reading the fields of all of them.

        Calls go at the same time, as fast as pacing lets them. A base or table that cannot be
        read is reported; its tables, or its fields, are missing then.
        """
        databases = self.databases()
        contents = [item.content for item in databases if item.content is not None]
        bases = dict.fromkeys(base.base_id for content in contents for base in content.bases)
        each(self._metadata.tables, list(bases))
        found = []
        for database in databases:
            try:
                found.append((database, self.tables_of(database)))
            except OWN_FAULTS as error:
                what = f'the tables of database "{database.name}"'
                self._report.tell([Skipped.because(what, error, database.base_id)])
        self._metadata.prefetch(table for _, tables in found for table in tables)
        return found

    def known_tables(self, database: CatalogDatabase) -> int | None:
        """Return how many tables a database has, if they were listed before; never calls."""
        if database.content is None:
            return None
        count = len(database.content.tables)
        for base in database.content.bases:
            known = self._metadata.known_tables(base.base_id)
            if known is None:
                return None
            count += sum(1 for _ in tables_of_base(base, known))
        return count

    def table(self, database: str, name: str) -> CatalogTable:
        """Return one table, given SQL names.

        Raises:
            NotFound: when there is no such database or table.
        """
        return self._require_table(self._require_database(database, pick_sql), name, pick_sql)

    def table_in(self, database: CatalogDatabase, reference: str) -> CatalogTable:
        """Return a table of a database by its id, its name or its SQL name.

        Raises:
            NotFound: when there is none; the hint names similar ones.
        """
        return self._require_table(database, reference, pick)

    def find_tables(self, database: str) -> tuple[CatalogTable, ...] | None:
        """Return the tables of a database, given its SQL name; None when there is no such one."""
        found = self._find_database(database, pick_sql)
        return None if found is None else self.tables_of(found)

    def find_table(self, database: str, name: str, *, anew: bool = True) -> CatalogTable | None:
        """Return one table, given SQL names; None when there is no such database or table.

        What is remembered is read again before a name counts as unknown, if ``anew``.
        """
        found = self._find_database(database, pick_sql, anew=anew)
        return None if found is None else self._find_table(found, name, pick_sql, anew=anew)

    def _require_table(
        self, database: CatalogDatabase, name: str, choose: _Chooser
    ) -> CatalogTable:
        found = self._find_table(database, name, choose)
        if found is None:
            known = [table.name for table in self.tables_of(database)]
            msg = "table"
            raise no_such(msg, name, f'in database "{database.name}"', known)
        return found

    def _find_table(
        self, database: CatalogDatabase, name: str, choose: _Chooser, *, anew: bool = True
    ) -> CatalogTable | None:
        bases = [base.base_id for base in database.content.bases] if database.content else []
        were_known = all(map(self._metadata.tables_are_fresh, bases))
        found = choose(self.tables_of(database), name)
        if found is None and were_known and anew:
            self._metadata.forget_tables(bases)
            found = choose(self.tables_of(self._listed_anew(database)), name)
        return found

    def _listed_anew(self, database: CatalogDatabase) -> CatalogDatabase:
        """Read the rows again from which the tables of a database come one by one."""
        if database.content is None or not database.content.tables:
            return database
        self._listings.forget()
        return pick_sql(self.databases(), database.sql_name) or database

    def schema(self, table: CatalogTable, *, fresh: bool = False) -> TableSchema:
        """Return the schema of a table, from the fields that Lark lists.

        Raises:
            LarkBaseError: Lark's error about the table.
        """
        read = self._metadata.fresh_schema if fresh else self._metadata.schema
        return read(table.base_id, table.table_id, table.name)

    def refresh(self) -> None:
        """Forget the listings and everything that Lark said; no call."""
        self._listings.forget()
        self._metadata.forget()
        self._report.forget()
        self._last_named = ([], ())


def _is_same(first: Listing, second: Listing) -> bool:
    return first is second
