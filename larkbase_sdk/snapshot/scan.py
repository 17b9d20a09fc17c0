"""Scans and tables of a snapshot: those of a live base, reading files instead of calling Lark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from larkbase_sdk.explanation import Plan
from larkbase_sdk.read.topn import TopN
from larkbase_sdk.scan import Scan
from larkbase_sdk.schema.naming import RECORD_ID
from larkbase_sdk.snapshot.parquet import open_dataset, read_rows
from larkbase_sdk.snapshot.stored import refuse_view
from larkbase_sdk.table import Database, Table

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    import pyarrow as pa

    from larkbase_sdk.api.models import View
    from larkbase_sdk.catalog.catalog import CatalogTable
    from larkbase_sdk.read.plan import ReadPlan, Residual
    from larkbase_sdk.scan import Expand
    from larkbase_sdk.schema.table_schema import NameKind, TableSchema
    from larkbase_sdk.sinks.cache import MaxAge
    from larkbase_sdk.snapshot.manifest import TableEntry
    from larkbase_sdk.snapshot.snapshot import Snapshot
    from larkbase_sdk.sql.tables import StoredTable


class SnapshotScan(Scan):
    """A read of a stored table; conditions mean what they mean for the live one."""

    __slots__ = ()

    table: SnapshotTable

    def in_view(self, view: str) -> NoReturn:
        """Raise a QueryError: a snapshot keeps no views."""
        refuse_view(view)

    def _read_view(self) -> View | None:
        return None

    def _zone(self, schema: TableSchema, residual: Residual) -> dt.tzinfo | None:
        del schema, residual  # nothing is sent to a server, for which days would matter
        return None

    def _estimate(self, plan: ReadPlan) -> int | None:
        return self.table.entry.rows if plan.limit is None else plan.limit

    def explained(self, plan: ReadPlan) -> Plan:
        """Return the explanation of a plan; no call."""
        entry = self.table.entry
        part = plan.parts[0]
        note = f"read from {entry.rows} rows stored in {self.table.path.name}; no call"
        read = [plan.schema.by_id(field_id) for field_id in part.fields]
        return Plan(
            label=self.table.label,
            fields_read=len(read),
            fields_total=len(plan.schema.columns),
            for_the_check=tuple(c.lark_name for c in read if c.name not in plan.output),
            on_server=(),
            rechecked=False,
            here=tuple(map(str, self._where)),
            notes=(note,),
            rows=self._estimate(plan),
            calls=0,
            seconds=0.0,
            order=tuple(f"{k.column} desc" if k.descending else k.column for k in part.order),
            limit=part.limit,
            filter=None,
            rate=self.table.database.lark.options.rate,
        )

    def _batches(
        self,
        plan: ReadPlan,
        target: pa.Schema,
        heard: Callable[[int], None] | None = None,
        noted: Callable[[type[Warning]], None] | None = None,
    ) -> Generator[pa.RecordBatch, None, None]:
        import pyarrow as pa

        del noted  # nothing can change while it is read
        names = [RECORD_ID, *plan.output]
        for batch in _chosen(plan, _stored(self.table, plan, heard)):
            columns = [batch.column(name) for name in names]
            yield pa.RecordBatch.from_arrays(columns, schema=target)

    def trusted_total(self) -> int | None:
        """Return the number of matching rows when it needs no reading, else None; no call."""
        if self._where:
            return None
        rows = self.table.entry.rows
        return rows if self._limit is None else min(rows, self._limit)

    def to_arrow(
        self,
        *,
        names: NameKind = "lark",
        expand: Expand | None = None,
        max_age: MaxAge | None = None,
    ) -> pa.Table:
        """Read every matching row into a pyarrow table; its age is that of the snapshot."""
        del max_age
        return self._read_all(names, expand)

    def expanded(self, table: pa.Table, expand: Expand, names: NameKind) -> pa.Table:
        """Return a table with link columns as lists of linked rows, from the same snapshot."""
        from larkbase_sdk.sinks.expand import expand_links
        from larkbase_sdk.snapshot.expand import StoredLinkedTable

        return expand_links(self, table, expand, names, linked=StoredLinkedTable)

    def _provenance(self) -> dict[str, Any]:
        entry = self.table.entry
        facts = {"snapshot": str(self.table.snapshot.path), "read_at": entry.read_from}
        stored = [] if entry.where is None else [entry.where]
        found = super()._provenance()
        return found | facts | {"where": [*stored, *found["where"]]}


def _stored(
    table: SnapshotTable, plan: ReadPlan, heard: Callable[[int], None] | None
) -> Iterator[pa.RecordBatch]:
    """Yield the stored rows with the columns that a plan needs, under SQL names."""
    wanted = {plan.schema.by_id(field_id).name for field_id in plan.parts[0].fields}
    needed = wanted | {*plan.output, *plan.residual.columns} - {RECORD_ID}
    columns = [column.name for column in plan.schema.columns if column.name in needed]
    rows = 0
    for batch in read_rows(table.path, [RECORD_ID, *columns], schema=table.schema.to_arrow("sql")):
        rows += len(batch)
        if heard is not None:
            heard(rows)
        yield batch


def _chosen(plan: ReadPlan, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the rows that a plan wants, in its order and within its limit."""
    limit = plan.limit
    if limit == 0:
        return
    if plan.order:
        best = TopN(plan.order, limit)
        for batch in batches:
            best.add(plan.residual.apply(batch))
        table = best.result()
        yield from table.to_batches() if table is not None else ()
        return
    for batch in batches:
        wanted = plan.residual.apply(batch).slice(0, limit)
        yield wanted
        if limit is not None:
            limit -= len(wanted)
            if not limit:
                return


class SnapshotTable(Table):
    """A table of a snapshot; made by ``snap.tables["Orders"]``."""

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that holds it."""
        found: Any = self.database.lark
        snapshot: Snapshot = found
        return snapshot

    @property
    def entry(self) -> TableEntry:
        """What the manifest says of it: when it was read, its rows, its revision."""
        return self.snapshot.metadata.entry(self.base_id, self.id)

    @property
    def path(self) -> Path:
        """Its Parquet file, whose columns carry SQL names.

        Raises:
            SnapshotError: when the file is missing or has another size than it was written with.
        """
        return self.snapshot.folder.rows_file(self.entry)

    def _new_scan(self) -> SnapshotScan:
        return SnapshotScan(self)

    def sql_table(self) -> StoredTable:
        """Return the table as statements read it, also when a variable holds it; no call."""
        from larkbase_sdk.sql.tables import StoredTable

        return StoredTable(self.label, self.schema, lambda: open_dataset(self.path))

    def __repr__(self) -> str:
        from larkbase_sdk.display import counted

        entry = self.entry
        return f"<SnapshotTable {self.label!r} {counted(entry.rows, 'row')} of {entry.read_from}>"

    def _repr_html_(self) -> str:
        from larkbase_sdk.display import counted, escape, html_card

        entry = self.entry
        facts = f"{counted(entry.rows, 'row')} · read {entry.read_from} · {entry.how}"
        title = f"Table {escape(self.label)}"
        return html_card(title, f"<p>{escape(facts)}</p>", self.schema._repr_html_())


class SnapshotDatabase(Database):
    """The database of a snapshot; made by ``snap.databases[…]``."""

    def table_of(self, found: CatalogTable) -> SnapshotTable:
        """Return the table of a record that ``catalog_tables`` gave; no call."""
        return SnapshotTable(self, found)

    def table(self, reference: str, *, refresh: bool = False) -> SnapshotTable:
        """Return a table by name, SQL name, id or link; no call, also with ``refresh``.

        Raises:
            NotFound: when the snapshot has no such table.
        """
        from larkbase_sdk.api.links import is_link, parse_link

        del refresh  # a snapshot does not change
        if is_link(reference):
            reference = parse_link(reference).table_id or reference
        return SnapshotTable(self, self.lark.catalog.table_in(self._found, reference))
