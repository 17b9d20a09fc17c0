"""A federated table as DuckDB sees it: a dataset that is read through messages when scanned."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from larkbase_sdk.sql.dataset import DatasetScanner, ScannedDataset
from larkbase_server.local.domain_text import domain_text
from larkbase_server.local.engine_types import engine_batch, engine_schema
from larkbase_server.local.in_order import in_order
from larkbase_server.local.plans import ScanPlan
from larkbase_server.local.pushed_constraints import value_sets
from larkbase_server.local.table_scan import ReadSettings, TableScan
from larkbase_server.protocol.constraints import Constraints

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow.compute as pc

    from larkbase_server.local.aws_clients import AwsClients
    from larkbase_server.local.counters import Counters
    from larkbase_server.local.domains import Domain
    from larkbase_server.local.federation_client import FederationClient
    from larkbase_server.local.push_down import KnownTable
    from larkbase_server.local.statement import TableUse
    from larkbase_server.protocol.planning import GetTableResponse
    from larkbase_server.protocol.splits import Split


@dataclass(frozen=True, slots=True)
class QueryContext:
    """What the views of one query share.

    Attributes:
        clients: Where spilled blocks are.
        counters: What rows and blocks are counted in.
        settings: How splits are read.
        plan_only: Whether to stop before the first row.
        planned: Collects how the tables are read.
        stopped: Set when nobody wants the rows any more.
    """

    clients: AwsClients
    counters: Counters
    settings: ReadSettings
    plan_only: bool = False
    planned: list[ScanPlan] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)


class FederatedView(ScannedDataset):
    """One use of a federated table in a query.

    DuckDB hands its columns and what it could push down to ``scanner`` and believes that it was
    applied. What of it value sets say completely is left to the connector if that declared them;
    else the whole filter is applied here as well. What push-down already took out of the text is
    sent along.

    Args:
        client: The catalogue.
        table: The table, as the connector described it.
        known: The same with what may be handed over.
        use: What shall be handed over.
        query: The query that it belongs to.
    """

    def __init__(
        self,
        client: FederationClient,
        table: GetTableResponse,
        known: KnownTable,
        use: TableUse,
        query: QueryContext,
    ) -> None:
        super().__init__(engine_schema(known.schema), self._never)
        self._client = client
        self._table = table
        self._known = known
        self._use = use
        self._query = query

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002 (pyarrow's name)
        **_: Any,
    ) -> DatasetScanner:
        """Return a scan; the messages are sent when its rows are asked for."""
        pushed: dict[str, Domain] = {}
        rest = filter
        if filter is not None:
            pushed, complete = self._known.conditions.of_expression(filter)
            if complete and self._known.trusts(pushed):
                rest = None
        # A dataset for each scan, because it knows what DuckDB left to the connector.
        scan = ScannedDataset(self.schema, lambda names, _: self._rows(names, pushed, rest))
        return DatasetScanner(scan, self.schema.names if columns is None else list(columns), rest)

    def _needed(self, names: list[str], rest: pc.Expression | None) -> list[str]:
        """Return the columns to ask for: those wanted, and those that a filter here looks at."""
        if self._use.counted:
            return []
        looked_at = frozenset() if rest is None else self._known.conditions.columns_of(rest)
        return [*names, *sorted(looked_at - set(names))]

    def _never(self, *_: object) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError

    def _rows(
        self, names: list[str], pushed: dict[str, Domain], rest: pc.Expression | None
    ) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._scan(names, pushed, rest)
        except GeneratorExit:
            raise
        except BaseException as error:
            self.error = self.error or error
            raise

    def _scan(
        self, names: list[str], pushed: dict[str, Domain], rest: pc.Expression | None
    ) -> Iterator[pa.RecordBatch]:
        domains = dict(self._use.domains)
        for name, domain in pushed.items():
            domains[name] = domain.intersection(domains.get(name, domain))
        scan = self._messages(self._needed(names, rest), domains)
        splits = self._splits(scan, domains)
        self._note(scan, domains, splits)
        if splits is not None and not self._query.plan_only:
            for block in scan.rows(splits, self._query.clients, self._query.counters):
                yield self._engine_rows(block, names)

    def _messages(self, wanted: list[str], domains: dict[str, Domain]) -> TableScan:
        """Return the messages that read some columns of the rows in some domains."""
        constraints = Constraints(
            summary=value_sets(domains, self._known.schema, self._known.abilities),
            order_by=self._use.order,
            limit=self._use.limit,
        )
        schema = pa.schema([self._known.schema.field(name) for name in wanted])
        query = self._query
        return TableScan(
            self._client, self._table, schema, constraints, query.settings, query.stopped
        )

    def _splits(self, scan: TableScan, domains: dict[str, Domain]) -> tuple[Split, ...] | None:
        """Return the splits; None when no row can be in all domains, and nobody need be asked."""
        if any(not domain.spans and not domain.null for domain in domains.values()):
            return None
        # Planned in a thread of its own, so that an interrupt need not wait for the connector.
        (splits,) = in_order(TableScan.splits, [scan], 1, self._query.stopped)
        self._query.counters.add_splits(len(splits))
        return splits

    def _engine_rows(self, block: pa.RecordBatch, names: list[str]) -> pa.RecordBatch:
        if not self._use.counted:
            return engine_batch(block)
        fields = [self.schema.field(name) for name in names]
        empty = [pa.nulls(block.num_rows, item.type) for item in fields]
        return pa.RecordBatch.from_arrays(empty, schema=pa.schema(fields))

    def _note(
        self, scan: TableScan, domains: dict[str, Domain], splits: tuple[Split, ...] | None
    ) -> None:
        """Remember how the table was read."""
        sent = scan.constraints.summary
        is_trusted = self._known.abilities.is_trusted
        trusted = {name for name, values in sent.items() if is_trusted(values)}
        texts = {name: domain_text(name, domains[name]) for name in sent}
        self._query.planned.append(
            ScanPlan(
                table=str(self._use.path),
                columns=tuple(scan.schema.names),
                conditions=tuple(text for name, text in texts.items() if name in trusted),
                checked=tuple(text for name, text in texts.items() if name not in trusted),
                kept=tuple(self._use.kept),
                order=tuple(_order_text(key.column_name, key.direction) for key in self._use.order),
                limit=self._use.limit,
                splits=None if splits is None else len(splits),
            )
        )


def _order_text(column: str, direction: str) -> str:
    return f"{column} {direction.replace('_', ' ')}"
