"""Lark tables as engines read them: page by page, with the engine's columns and conditions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from larkbase_sdk.errors import QueryError, UnsupportedField
from larkbase_sdk.read.expressions import ExpressionFilter, from_expression
from larkbase_sdk.read.plan import SortKey
from larkbase_sdk.read.predicate import conjunction
from larkbase_sdk.schema.naming import RECORD_ID
from larkbase_sdk.sql.conditions import predicate_of
from larkbase_sdk.sql.dataset import ScannedDataset
from larkbase_sdk.sql.plan import TableScan
from larkbase_sdk.sql.sharing import Server, shared_reads

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable, Iterator, Sequence

    import pyarrow.compute as pc

    from larkbase_sdk.explanation import Plan
    from larkbase_sdk.read.plan import ReadPlan
    from larkbase_sdk.read.predicate import Predicate
    from larkbase_sdk.scan import Scan
    from larkbase_sdk.schema.table_schema import NameKind, TableSchema
    from larkbase_sdk.sql.tables import Use

_COUNTED_AT_ONCE = 1_000_000


class LarkTable:
    """The rows of a scan as a table of engines.

    Args:
        scan: What is read.
        key: Tells the rows of this scan from those of others; by default its text, which is
            enough unless it holds pyarrow expressions.

    Attributes:
        scan: What is read.
        schema: Columns of the table, the same for a whole statement although fields may change.
        key: Ids of the table, and what the scan takes of it.
        label: What messages call it, such as ``CRM.Orders``.
    """

    def __init__(self, scan: Scan, key: int | None = None) -> None:
        metadata, table = scan.table.database.lark.metadata, scan.table
        self._is_fresh = metadata.known_schema(table.base_id, table.id) is None
        self.scan = scan
        self.schema: TableSchema = table.schema
        self.key: Hashable = (table.base_id, table.id, repr(scan) if key is None else key)
        self.label = table.label

    def dataset(self, use: Use, names: NameKind = "sql") -> ScannedDataset:
        """Return the rows, read as engines ask for them; no call."""
        sql_names = [RECORD_ID, *self.scan.selected(self.schema)]
        fields = dict(
            zip(self.schema.to_arrow("sql").names, self.schema.to_arrow(names), strict=True)
        )
        shown = pa.schema([fields[name] for name in sql_names])
        reading = _Reading(self, dict(zip(shown.names, sql_names, strict=True)), use)
        return ScannedDataset(shown, reading.read)

    def scans_of(self, use: Use) -> list[TableScan]:
        """Return how the table would be read for what is expected; at most one call a search."""
        names = {name: name for name in self.schema.to_arrow("sql").names}
        reading = _Reading(self, names, use)
        if reading.wants_the_count and self.scan.trusted_total() is not None:
            return [reading.count_scan()]
        return [reading.scan_of(plan, self.scan.explained(plan)) for plan in reading.plans()]

    def renew(self) -> bool:
        """Read the fields again unless they were read for this statement."""
        if self._is_fresh:
            return False
        table = self.scan.table
        fresh = table.database.lark.metadata.fresh_schema(table.base_id, table.id, table.name)
        return fresh != self.schema


class _Reading:
    """The reads of one table for one statement.

    Args:
        table: The table.
        names: SQL names by the names that the engine uses.
        use: How the statement uses the table.
    """

    def __init__(self, table: LarkTable, names: dict[str, str], use: Use) -> None:
        self._table = table
        self._scan = table.scan
        self._schema = table.schema
        self._names = names
        self._titles = {sql: title for title, sql in names.items()}
        self._use = use
        self._condition, complete = predicate_of(use.conditions, self._schema)
        self._complete = complete and use.alone
        self._shared = shared_reads(self._expected(), self._union, self._open)
        for shared in self._shared:
            use.ending.callback(shared.close)

    @property
    def wants_the_count(self) -> bool:
        """Whether nothing but the number of all rows is wanted."""
        shape = self._use.shape
        return shape is not None and shape.is_count and shape.where is None

    def read(self, columns: list[str], condition: pc.Expression | None) -> Iterator[pa.RecordBatch]:
        """Yield the rows that an engine asks for, and perhaps more, under its names."""
        total = self._scan.trusted_total() if self.wants_the_count else None
        if total is not None:
            self._use.scans.append(self.count_scan())
            yield from self._blank_rows(columns, total)
            return
        plan = self.plan(columns, condition)
        shared = next((one for one in self._shared if one.serves(plan)), None)
        kept = None if shared is None else shared.batches()
        for batch in self._open(plan) if kept is None else kept:
            titles = [self._titles.get(name, name) for name in batch.schema.names]
            yield pa.RecordBatch.from_arrays(batch.columns, names=titles)

    def plan(self, columns: Sequence[str], condition: pc.Expression | None) -> ReadPlan:
        """Return the plan for an engine's question."""
        looked_at, predicate = self._translated(condition)
        wanted = dict.fromkeys([*(self._names[name] for name in columns), *sorted(looked_at)])
        wanted.pop(RECORD_ID, None)
        # The statement's own condition says all that the engine pushed of it, and more.
        all_is_said = self._complete and self._use.conditions
        predicate = self._condition if all_is_said else conjunction(self._condition, predicate)
        shape = self._use.shape
        if shape is not None and shape.rows is not None and self._complete:
            first = self._first_rows(list(wanted), predicate, shape.rows)
            if first is not None:
                return first
        return self._scan.refined(list(wanted), self._schema, predicate=predicate)

    def _translated(
        self, condition: pc.Expression | None
    ) -> tuple[frozenset[str], Predicate | None]:
        if condition is None:
            return frozenset(), None
        found: ExpressionFilter = from_expression(condition, self._schema, names=self._names)
        return found.columns, found.predicate

    def _first_rows(
        self, columns: list[str], predicate: Predicate | None, rows: int
    ) -> ReadPlan | None:
        """Return a plan of no more rows than wanted; None for an order that the core cannot do."""
        try:
            return self._scan.refined(
                columns, self._schema, predicate=predicate, order=self._order(), limit=rows
            )
        except (QueryError, UnsupportedField):
            return None

    def _order(self) -> tuple[SortKey, ...]:
        shape = self._use.shape
        return tuple(
            SortKey(self._sql_name(key.column), key.descending)
            for key in (shape.order if shape is not None else ())
        )

    def _sql_name(self, name: str) -> str:
        return RECORD_ID if name.lower() == RECORD_ID else self._schema.sql_column(name).name

    def plans(self) -> list[ReadPlan]:
        """Return what will be read for what is expected, each shared read once."""
        found: list[ReadPlan] = []
        for ask in self._use.expected:
            plan = self.plan(ask.columns, ask.condition)
            shared = next((one for one in self._shared if one.serves(plan)), None)
            chosen = plan if shared is None else shared.plan
            if shared is None or all(chosen is not other for other in found):
                found.append(chosen)
        return found

    def _expected(self) -> list[tuple[ReadPlan, bool]]:
        """Return the plans of what will be asked, and whether each wants every row."""
        if not self._use.expected:
            return []
        plans = [self.plan(ask.columns, ask.condition) for ask in self._use.expected]
        every = Server.of(self._scan.refined((), self._schema))
        return [(plan, Server.of(plan) == every) for plan in plans if plan.limit is None]

    def _union(self, columns: Sequence[str], like: ReadPlan | None) -> ReadPlan:
        plan = self._scan.refined(columns, self._schema)
        if like is None:
            return plan
        part = replace(like.parts[0], fields=plan.parts[0].fields)
        return replace(plan, parts=(part,), sent=like.sent, kept=(), notes=like.notes)

    def _open(self, plan: ReadPlan) -> Generator[pa.RecordBatch, None, None]:
        scan = self.scan_of(plan)
        scan.rows = 0
        self._use.scans.append(scan)

        def heard(rows: int) -> None:
            scan.rows = rows

        return self._scan.batches(plan, heard)

    def scan_of(self, plan: ReadPlan, explained: Plan | None = None) -> TableScan:
        """Return what a plan does, with its cost when that is known."""
        part = plan.parts[0]
        sort = _sort_text(plan)
        ends = part.limit is not None and (not part.order or part.sort)
        end = (f"stop after {part.limit}",) if ends else ()
        return TableScan(
            self._table.label,
            len(part.fields),
            len(self._schema.columns),
            on_server=(*plan.sent, *sort, *end),
            here=plan.kept,
            notes=plan.notes,
            rows=None if explained is None else explained.rows,
            calls=None if explained is None else explained.calls,
            seconds=None if explained is None else explained.seconds,
        )

    def count_scan(self) -> TableScan:
        """Return what a count of all rows does."""
        total = len(self._schema.columns)
        return TableScan(self._table.label, 0, total, ("total",), rows=0, calls=1)

    def _blank_rows(self, columns: list[str], left: int) -> Iterator[pa.RecordBatch]:
        """Yield so many rows without their cells, for an engine that only counts them."""
        types = {RECORD_ID: pa.string()} | {c.name: c.arrow_type for c in self._schema.columns}
        while left:
            rows = min(left, _COUNTED_AT_ONCE)
            arrays = [
                pa.repeat("", rows) if name == RECORD_ID else pa.nulls(rows, types[name])
                for name in (self._names[title] for title in columns)
            ]
            yield pa.RecordBatch.from_arrays(arrays, names=columns)
            left -= rows


def _sort_text(plan: ReadPlan) -> tuple[str, ...]:
    keys = [
        plan.schema.by_id(field_id).lark_name + (" desc" if descending else "")
        for field_id, descending in plan.parts[0].sort
    ]
    return (f"sort {', '.join(keys)}",) if keys else ()
