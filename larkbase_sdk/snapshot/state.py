"""The state of a database before its tables are read: revisions, times of change, bases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_sdk.catalog.modified import modified_times
from larkbase_sdk.errors import PermissionDenied
from larkbase_sdk.snapshot.decide import Present
from larkbase_sdk.snapshot.manifest import BaseEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_sdk.api.models import BaseInfo
    from larkbase_sdk.catalog.catalog import CatalogTable
    from larkbase_sdk.client import Lark
    from larkbase_sdk.snapshot.selection import Wanted
    from larkbase_sdk.table import Database


@dataclass(frozen=True, slots=True)
class State:
    """What Lark said of a database at one moment, before anything of it was read.

    Attributes:
        listed: Its tables, listed anew.
        revisions: Revisions of the tables of each base, by id, where Lark lists them.
        modified: When each base was last changed, where Drive tells it.
        bases: What Lark says of each base that is open to the app itself.
        identity: Who asks.
        trust_total: Whether an unfiltered count may come from Lark's ``total``.
    """

    listed: tuple[CatalogTable, ...]
    revisions: Mapping[str, Mapping[str, int]]
    modified: Mapping[str, int]
    bases: Mapping[str, BaseInfo]
    identity: str
    trust_total: bool

    def present(self, wanted: Wanted) -> Present:
        """Return the state of one table."""
        base_id = wanted.table.base_id
        revisions = self.revisions.get(base_id, {})
        base = self.bases.get(base_id)
        return Present(
            revision=revisions.get(wanted.table.id, 0),
            modified=self.modified.get(base_id, 0),
            revisions=revisions,
            where=wanted.where,
            trusted=self.trust_total and base is not None and not base.is_advanced,
            identity=self.identity,
        )

    def base_entries(self) -> tuple[BaseEntry, ...]:
        """Return what the manifest says of the bases."""
        return tuple(
            BaseEntry(base_id, info.name, info.time_zone, info.is_advanced, info.revision)
            for base_id, info in self.bases.items()
        )


def read_state(database: Database) -> State:
    """Read the state of a database: one call per 100 tables, one a base, one for the times.

    Raises:
        LarkBaseError: when its tables cannot be listed.
    """
    lark = database.lark
    base_ids = _base_ids(database)
    lark.metadata.forget_tables(base_ids)
    # Before the tables are listed: a change after this moment is seen as one the next time.
    modified = modified_times(lark.api.drive, base_ids, lark.api.http.service_clock)
    listed = database.catalog_tables()
    infos = {base_id: _info(lark, base_id) for base_id in base_ids}
    return State(
        listed=listed,
        revisions={base_id: _revisions(lark, base_id) for base_id in base_ids},
        modified=modified,
        bases={base_id: info for base_id, info in infos.items() if info is not None},
        identity=lark.identity,
        trust_total=lark.options.trust_total,
    )


def _base_ids(database: Database) -> list[str]:
    if database.id:
        return [database.id]
    return list(dict.fromkeys(item.base_id for item in database.catalog_tables()))


def _revisions(lark: Lark, base_id: str) -> dict[str, int]:
    try:
        return {table.table_id: table.revision for table in lark.metadata.tables(base_id)}
    except PermissionDenied:
        return {}  # the tables are named one by one, and their base is closed to the app


def _info(lark: Lark, base_id: str) -> BaseInfo | None:
    try:
        return lark.metadata.base(base_id)
    except PermissionDenied:
        return None
