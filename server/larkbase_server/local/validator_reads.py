"""The validator's checks of one table: its plan, its rows, and what conditions leave of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from larkbase_sdk.read.predicate import Compare, In, IsNull, Not
from larkbase_server.local.constraint_text import parse_constraints
from larkbase_server.local.counters import Counters
from larkbase_server.local.domain_text import domain_text
from larkbase_server.local.pushed_constraints import Abilities, value_sets
from larkbase_server.local.table_scan import ReadSettings, TableScan
from larkbase_server.local.validation_report import require
from larkbase_server.protocol.constraints import Constraints, OrderByField
from larkbase_server.protocol.limits import block_size
from larkbase_server.protocol.records import MAX_BLOCK_SIZE, RemoteReadRecordsResponse
from larkbase_server.protocol.typed_values import python_values

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

    from larkbase_sdk.read.predicate import Predicate
    from larkbase_server.local.aws_clients import AwsClients
    from larkbase_server.local.domains import Domain
    from larkbase_server.local.federation_client import FederationClient
    from larkbase_server.local.push_down import KnownTable
    from larkbase_server.local.validation_report import Checks
    from larkbase_server.protocol.planning import GetTableResponse
    from larkbase_server.protocol.splits import Split

_TESTED_COLUMNS = 4
_SMALL_BLOCK = 65_536
_KEY_LENGTHS = (16, 24, 32)
_NONCE_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that were read.

    Attributes:
        columns: Values by column, as Python objects.
        number: How many rows there are.
        size: Bytes of their blocks.
        blocks: How many blocks were spilled.
    """

    columns: dict[str, list[Any]]
    number: int
    size: int = 0
    blocks: int = 0

    def counted(self, names: Sequence[str], chosen: Iterable[int] | None = None) -> Counter[str]:
        """Return how often each row occurs, as texts of some columns."""
        places = range(self.number) if chosen is None else chosen
        return Counter(repr([self.columns[name][place] for name in names]) for place in places)


class ReadChecks:
    """Checks the plan and the rows of one table.

    Args:
        checks: Where checks are noted.
        client: The catalogue.
        clients: Where spilled blocks are.
        table: The table, as the connector described it.
        known: The same with what may be handed over.
        chooser: Makes the random choices.
    """

    def __init__(
        self,
        checks: Checks,
        client: FederationClient,
        clients: AwsClients,
        table: GetTableResponse,
        known: KnownTable,
        chooser: random.Random,
    ) -> None:
        self._checks = checks
        self._clients = clients
        self._known = known
        self._random = chooser
        self._scan = TableScan(client, table, known.schema)

    def run(self, constraints: str, *, planning_only: bool) -> None:
        """Make the checks.

        Raises:
            QueryError: the constraints do not fit the table.
        """
        schema = self._known.schema
        domains = parse_constraints(constraints, schema, self._known.conditions)
        sent = value_sets(domains, schema, self._known.abilities)
        self._scan = replace(self._scan, constraints=Constraints(summary=sent))
        splits = self._plan()
        if splits is None or planning_only:
            return
        rows = self._records(splits)
        if rows is None:
            return
        self._spilled(splits, rows)
        self._projections(rows)
        if rows.number and not domains:
            self._conditions(rows)
            self._limit(rows)
            self._order(rows)

    def _plan(self) -> list[Split] | None:
        partitions: pa.RecordBatch | None = None
        with self._checks.step("GetTableLayout") as details:
            partitions = self._scan.layout()
            require(partitions.num_rows, "There is no partition, so nothing would be read.")
            again = self._scan.layout()
            require(again.num_rows == partitions.num_rows, "A second layout has other partitions.")
            details.append(f"{partitions.num_rows} partitions")
        if partitions is None or not partitions.num_rows:
            return None
        splits: list[Split] | None = None
        with self._checks.step("GetSplits") as details:
            splits = list(self._scan.plan(partitions))
            _check_splits(splits)
            again_splits = list(self._scan.plan(partitions))
            require(len(again_splits) == len(splits), "A second plan has other splits.")
            details.append(f"{len(splits)} splits")
        return splits

    def _records(self, splits: Sequence[Split]) -> Rows | None:
        rows: Rows | None = None
        with self._checks.step("ReadRecords") as details:
            rows = self._read(self._scan, splits)
            details.append(f"{rows.number} rows, {rows.blocks} blocks spilled")
        if rows is not None and not rows.number:
            self._checks.note("Rows", "the table has no rows, so conditions were not tried")
        return rows

    def _spilled(self, splits: Sequence[Split], rows: Rows) -> None:
        if any(split.spill_location is None for split in splits):
            self._checks.note("Spill", "the splits have no spill location")
            return
        with self._checks.step("Spill") as details:
            small = max(rows.size // 3, _SMALL_BLOCK)
            settings = ReadSettings(max_block_size=small, max_inline_block_size=1)
            # New splits, since a key must not serve two reads.
            scan = replace(self._scan, settings=settings)
            spilled = self._read(scan, scan.splits())
            require(spilled.blocks or not rows.number, "Blocks above the limit stay inline.")
            names = self._known.schema.names
            require(spilled.counted(names) == rows.counted(names), "Spilled rows are others.")
            details.append(f"{spilled.blocks} blocks of at most {small} bytes")

    def _projections(self, rows: Rows) -> None:
        names = self._known.schema.names
        chosen = self._random.sample(names, min(3, len(names)))
        for wanted in (chosen, []):
            with self._checks.step("Projection") as details:
                fields = [self._known.schema.field(name) for name in wanted]
                scan = replace(self._scan, schema=pa.schema(fields))
                part = self._read(scan, scan.splits())
                require(part.number == rows.number, f"{part.number} rows came.")
                require(part.counted(wanted) == rows.counted(wanted), "Other values came.")
                details.append(", ".join(wanted) or "no column")

    def _conditions(self, rows: Rows) -> None:
        nested = [item.name for item in self._known.schema if pa.types.is_nested(item.type)]
        scalar = [name for name in self._known.schema.names if name not in nested]
        tested = self._random.sample(scalar, min(_TESTED_COLUMNS, len(scalar)))
        for name in tested + self._random.sample(nested, min(1, len(nested))):
            with self._checks.step("Conditions") as details:
                details.append(name)
                number = sum(self._condition(name, test, rows) for test in self._tests(name, rows))
                details.append(f"{number} of them")

    def _tests(self, name: str, rows: Rows) -> list[Predicate]:
        """Return tests of a column of every kind, with values that occur."""
        found: list[Predicate] = [IsNull(name), Not(IsNull(name))]
        values = [value for value in rows.columns[name] if value is not None]
        if values and not pa.types.is_nested(self._known.schema.field(name).type):
            one, other = (self._random.choice(values) for _ in range(2))
            found += [Compare(name, op, one) for op in ("=", "<>", ">", "<=")]
            found += [In(name, (one, other)), Not(In(name, (one, other)))]
        return found

    def _condition(self, name: str, predicate: Predicate, rows: Rows) -> int:
        """Check one condition in every form that may be sent, and return in how many that was."""
        domain = self._known.conditions.of_predicate(name, predicate)
        if domain is None:
            return 0
        abilities = self._known.abilities
        forms: dict[str, tuple[Constraints, Abilities]] = {}
        for kind in (replace(abilities, equatable=False), replace(abilities, ranges=False)):
            sent = value_sets({name: domain}, self._known.schema, kind)
            forms |= {
                type(one).__name__: (Constraints(summary=sent), kind) for one in sent.values()
            }
        for constraints, kind in forms.values():
            self._check_condition(name, domain, constraints, rows, kind)
        return len(forms)

    def _check_condition(
        self, name: str, domain: Domain, constraints: Constraints, rows: Rows, kind: Abilities
    ) -> None:
        scan = replace(self._scan, constraints=constraints)
        left = self._read(scan, scan.splits())
        places = [place for place, value in enumerate(rows.columns[name]) if domain.holds(value)]
        names = self._known.schema.names
        wanted, found = rows.counted(names, places), left.counted(names)
        text = domain_text(name, domain)
        require(not wanted - found, f"{text}: {(wanted - found).total()} rows are missing.")
        if kind.is_trusted(constraints.summary[name]):
            require(not found - wanted, f"{text}: {(found - wanted).total()} rows are too many.")

    def _limit(self, rows: Rows) -> None:
        if not self._known.abilities.limit:
            return
        with self._checks.step("Limit") as details:
            scan = replace(self._scan, constraints=Constraints(limit=1))
            splits = scan.splits()
            left = self._read(scan, splits)
            require(left.number, "No row came.")
            require(left.number <= len(splits), f"{left.number} rows came of {len(splits)} splits.")
            names = self._known.schema.names
            require(not left.counted(names) - rows.counted(names), "Another row came.")
            details.append(f"{left.number} rows of {len(splits)} splits")

    def _order(self, rows: Rows) -> None:
        if not self._known.abilities.top_n:
            return
        columns = [item.name for item in self._known.schema if not pa.types.is_nested(item.type)]
        for name in self._random.sample(columns, min(2, len(columns))):
            with self._checks.step("Order") as details:
                descending = self._random.random() < 0.5
                self._check_order(name, rows, descending=descending)
                details.append(f"{name} {'DESC' if descending else 'ASC'}")

    def _check_order(self, name: str, rows: Rows, *, descending: bool) -> None:
        direction = OrderByField(name, "DESC_NULLS_LAST" if descending else "ASC_NULLS_LAST")
        limit = min(2, rows.number)
        scan = replace(self._scan, constraints=Constraints(order_by=(direction,), limit=limit))
        left = self._read(scan, scan.splits())
        wanted, found = (
            _first(values, limit, descending=descending)
            for values in (rows.columns[name], left.columns[name])
        )
        require(wanted == found, f"The first rows by {name} are others.")

    def _read(self, scan: TableScan, splits: Sequence[Split]) -> Rows:
        """Read splits, and check their blocks."""
        counters = Counters()
        columns: dict[str, list[Any]] = {name: [] for name in scan.schema.names}
        number = size = 0
        for split in splits:
            answer = scan.read(split)
            if isinstance(answer, RemoteReadRecordsResponse):
                _check_places(answer, split)
            for block in scan.blocks(answer, self._clients, counters):
                limit = min(scan.settings.max_block_size, MAX_BLOCK_SIZE)
                require(block.nbytes <= limit, f"A block has {block.nbytes} bytes.")
                number += block.num_rows
                size += block_size(block)
                for name, values in columns.items():
                    values += python_values(block.column(name))
        blocks = counters.read(lark_calls=None, seconds=0.0).spilled_blocks
        return Rows(columns, number, size, blocks)


def _check_splits(splits: Sequence[Split]) -> None:
    require(splits, "There is no split, so nothing would be read.")
    places = [split.spill_location.key for split in splits if split.spill_location]
    require(len(set(places)) == len(places), "Two splits spill to the same place.")
    for split in splits:
        place, key = split.spill_location, split.encryption_key
        require(place is None or place.directory, "A split's spill location is no directory.")
        usable = key is None or (len(key.key) in _KEY_LENGTHS and len(key.nonce) == _NONCE_LENGTH)
        require(usable, "The key of a split has a wrong length.")


def _check_places(answer: RemoteReadRecordsResponse, split: Split) -> None:
    """Check that spilled blocks are numbered from 0, below the place of their split."""
    start = split.spill_location.key if split.spill_location else ""
    found = [place.key for place in answer.remote_blocks]
    wanted = [f"{start}.{number}" for number in range(len(found))]
    require(found == wanted, f"Blocks are called {', '.join(found)}.")
    require(answer.encryption_key == split.encryption_key, "The blocks have another key.")


def _first(values: Iterable[Any], limit: int, *, descending: bool) -> list[Any]:
    present = sorted((value for value in values if value is not None), reverse=descending)
    missing = [value for value in values if value is None]
    return [*present, *missing][:limit]
