"""All flows as one catalogue, in the order in which they count."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from larkbase_sdk.catalog.access import AccessLists
from larkbase_sdk.catalog.skipping import OWN_FAULTS, Skipped, SkipReport
from larkbase_sdk.errors import LarkBaseError, NotFound, PermissionDenied
from larkbase_sdk.schema.naming import name_key
from larkbase_sdk.ttl_cache import TtlCache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from larkbase_sdk.catalog.athena import AthenaMetadata, QueryCatalog
    from larkbase_sdk.catalog.bases import BasesCatalog
    from larkbase_sdk.catalog.catalog import CatalogDatabase, CatalogTable
    from larkbase_sdk.catalog.glue import GlueCatalog
    from larkbase_sdk.schema.table_schema import TableSchema


_Failures = list[tuple[str, LarkBaseError]]
_GLUE, _BASES, _QUERY = "Glue", "the metadata tables and folders", "the running query"


class _Lister(Protocol):
    """What ``GlueCatalog`` and ``BasesCatalog`` have in common."""

    def databases(self) -> Sequence[CatalogDatabase]: ...

    def find_tables(self, database: str) -> Sequence[CatalogTable] | None: ...


@dataclass(frozen=True, slots=True)
class ChainCatalog:
    """The flows that are switched on, as one catalogue.

    Databases and tables are listed from Glue first, then from metadata tables and folders. One
    table is looked for in the opposite order: metadata tables and folders, then what the running
    query says, then Glue. The access lists come before everything.

    Where one flow fails to list, the others count and the failure is reported; where all fail,
    the first failure is the error.

    Attributes:
        glue: Flow 1, or None when it is off.
        bases: Flows 2 and 3, or None when both are off.
        athena: Flow 4, or None when it is off; takes part through ``for_query``.
        access: Which tables may be seen.
    """

    glue: GlueCatalog | None = None
    bases: BasesCatalog | None = None
    athena: AthenaMetadata | None = None
    access: AccessLists = field(default_factory=AccessLists)
    _query: QueryCatalog | None = None
    _elsewhere: TtlCache[tuple[str, str], bool] = field(
        default_factory=lambda: TtlCache(lambda: math.inf), compare=False, repr=False
    )
    _report: SkipReport = field(default_factory=SkipReport, compare=False, repr=False)

    def for_query(self, query_id: str) -> ChainCatalog:
        """Return this catalogue as one running query sees it; no call."""
        if self.athena is None:
            return self
        return replace(self, _query=self.athena.for_query(query_id))

    def databases(self) -> list[CatalogDatabase]:
        """Return the databases of Glue, then the others whose names are not there yet.

        Raises:
            LarkBaseError: when no flow can list.

        Warns:
            SourceSkipped: for a flow, source or row that could not be read.
        """
        found: dict[str, CatalogDatabase] = {}
        failures: _Failures = []
        for flow, lister in self._listers():
            try:
                listed = lister.databases()
            except OWN_FAULTS as error:
                failures.append((flow, error))
                continue
            for item in listed:
                found.setdefault(name_key(item.sql_name), item)
        if failures and len(failures) == len(self._listers()):
            raise failures[0][1]
        self._tell("the databases of {}", failures)
        return list(found.values())

    def tables(self, database: str) -> list[CatalogTable]:
        """Return the tables of a database that may be seen: Glue's, then the others.

        A table that both know is the one that ``table`` returns.

        Raises:
            NotFound: when no flow knows the database.

        Warns:
            SourceSkipped: for a flow or base that could not be read.
        """
        found: dict[str, CatalogTable] = {}
        failures: _Failures = []
        known = False
        for flow, lister in self._listers():
            try:
                listed = lister.find_tables(database)
            except OWN_FAULTS as error:
                failures.append((flow, error))
                continue
            known = known or listed is not None
            found |= {name_key(item.sql_name): item for item in listed or ()}
        if not known:
            msg = f"Database not found: {database}"
            raise self._unknown(msg, failures)
        self._tell(f'the tables of database "{database}" in {{}}', failures)
        return [item for item in found.values() if self.access.visible(database, item.sql_name)]

    def table(self, database: str, name: str) -> CatalogTable:
        """Return one table.

        One that was found elsewhere before is not looked for in metadata tables and folders
        again before what is remembered of these grows old.

        Raises:
            NotFound: when it is hidden or nobody knows it: ``Table not found: <database>.<name>``.
            LarkBaseError: when the flow that knows it cannot read it.
        """
        self.access.require(database, name)
        key = (name_key(database), name_key(name))
        elsewhere = self._elsewhere.is_fresh(key)
        failures: _Failures = []
        found = self._in_bases(database, name, anew=not elsewhere)
        if found is None:
            found = self._in_others(database, name, failures)
            if found is not None:
                self._elsewhere.put(key, True)
            elif elsewhere:
                found = self._in_bases(database, name, anew=True)
        if found is None:
            msg = f"Table not found: {database}.{name}"
            raise self._unknown(msg, failures)
        self._tell("the ids in {}", failures)
        return found

    def _in_bases(self, database: str, name: str, *, anew: bool) -> CatalogTable | None:
        return None if self.bases is None else self.bases.find_table(database, name, anew=anew)

    def _in_others(self, database: str, name: str, failures: _Failures) -> CatalogTable | None:
        """Return a table that the query or Glue knows; note which of them may not be asked."""
        found = None
        for flow, finder in ((_QUERY, self._query), (_GLUE, self.glue)):
            if found is None and finder is not None:
                try:
                    found = finder.find_table(database, name)
                except PermissionDenied as error:
                    failures.append((flow, error))
        return found

    def schema(self, table: CatalogTable, *, fresh: bool = False) -> TableSchema:
        """Return the schema of a table as the flow that it came from gives it.

        Raises:
            NotFound: when that flow is off.
            LarkBaseError: Lark's error about the table.
        """
        if table.declared is not None and self.glue is not None:
            return self.glue.schema(table, fresh=fresh)
        if table.volatile and self.athena is not None:
            return self.athena.schema(table)
        if self.bases is not None:
            return self.bases.schema(table, fresh=fresh)
        msg = f"The table {table.database}.{table.sql_name} is of a flow that is off."
        raise NotFound(msg)

    def refresh(self) -> None:
        """Forget what every flow remembers; no call."""
        for flow in (self.glue, self.bases, self.athena):
            if flow is not None:
                flow.refresh()
        self._elsewhere.forget()
        self._report.forget()

    def _listers(self) -> list[tuple[str, _Lister]]:
        flows: list[tuple[str, _Lister | None]] = [(_GLUE, self.glue), (_BASES, self.bases)]
        return [(name, lister) for name, lister in flows if lister is not None]

    def _tell(self, what: str, failures: _Failures) -> None:
        self._report.tell(Skipped.because(what.format(flow), error) for flow, error in failures)

    def _unknown(self, message: str, failures: _Failures) -> LarkBaseError:
        """Return the error for a name that nobody knows, with what could not be asked."""
        flows = [flow for flow in (self.glue, self.bases, self.athena) if flow is not None]
        if failures and len(flows) == 1:
            return failures[0][1]
        unread = [f"{flow} ({error.message})" for flow, error in failures]
        if self.bases is not None:
            unread += [item.what for item in self.bases.unreadable()]
        hint = f"Could not be read: {'; '.join(unread)}." if unread else None
        return NotFound(message, hint=hint)
