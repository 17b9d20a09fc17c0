"""``LocalAthena``: Athena's SQL answered on this machine, its tables read as Athena reads them.

A query is started at the Athena endpoint, so that it has an id under which its text is found.
Every table is then reached through the messages of the federation protocol and through them only:
Ping, capabilities, table, layout, splits, records, and spilled blocks from S3. DuckDB is the
engine that joins, groups and sorts; ``push_down`` and ``pushed_constraints`` say what is handed
to the connectors, and what the engine applies again.
"""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from larkbase_sdk.catalog.names import no_such
from larkbase_sdk.errors import ConfigurationError
from larkbase_server.local.athena_queries import AthenaQueries
from larkbase_server.local.aws_clients import AwsClients
from larkbase_server.local.counters import Counters, QueryStats
from larkbase_server.local.federation_client import FederationClient
from larkbase_server.local.functions import CONNECTOR
from larkbase_server.local.table_scan import ReadSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import pyarrow as pa

    from larkbase_server.local.duck import Duck
    from larkbase_server.local.federated_view import QueryContext
    from larkbase_server.local.plans import ScanPlan
    from larkbase_server.local.push_down import KnownTable
    from larkbase_server.local.statement import Statement, TablePath, TableUse
    from larkbase_server.local.utility import Utility
    from larkbase_server.protocol.planning import GetTableResponse

CATALOG = "lark_base"
"""Name of the catalogue that is there when none is named."""


@dataclass(frozen=True, slots=True)
class AthenaResult:
    """What a query gave.

    Attributes:
        query_id: Its id at the Athena endpoint.
        table: Its rows; empty when it was only explained.
        plans: How its tables were read, in the order in which they were.
        stats: What it cost.
    """

    query_id: str
    table: pa.Table
    plans: tuple[ScanPlan, ...]
    stats: QueryStats

    def __repr__(self) -> str:
        return f"AthenaResult({self.table.num_rows} rows, {self.stats.seconds:.2f} s)"


class LocalAthena:
    """A local Athena; keep one and close it, or use it as a context manager.

    It needs boto3 and its settings: credentials and a region, as any client of AWS.

    Args:
        functions: Lambda functions by the catalogue that they serve; the first is the one of
            tables that are named without one. ``{"lark_base": "larkbase-athena"}`` when None.
        endpoint: Address of Lambda, such as ``LambdaEndpoint.url``; None leaves it to boto3.
        elsewhere: Functions that are called where boto3 finds Lambda, whatever the endpoint.
        database: Database of tables that are named without one.
        read: How splits are read.
        lark_calls: Tells how many calls a connector of this process has made to Lark.

    Raises:
        ConfigurationError: when there is no catalogue.
    """

    def __init__(
        self,
        functions: Mapping[str, str] | None = None,
        endpoint: str | None = None,
        *,
        elsewhere: Collection[str] = (),
        database: str = "default",
        read: ReadSettings | None = None,
        lark_calls: Callable[[], int] | None = None,
    ) -> None:
        given = {CATALOG: CONNECTOR} if functions is None else functions
        if not given:
            msg = "A local Athena needs a catalogue."
            raise ConfigurationError(msg, hint=f"Give {{'{CATALOG}': '{CONNECTOR}'}}.")
        self.functions = MappingProxyType(dict(given))
        self.catalog = next(iter(self.functions))
        self.database = database
        self._read = read or ReadSettings()
        self._lark_calls = lark_calls
        self._endpoint = endpoint
        self._elsewhere = frozenset(elsewhere)
        self._clients = AwsClients()
        self._queries = AthenaQueries(self._clients, self.functions, self.catalog, database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"LocalAthena({', '.join(f'{key}={name}' for key, name in self.functions.items())})"

    def close(self) -> None:
        """Close all connections."""
        self._clients.close()
        if "engine" in vars(self):
            self.engine.close()

    def query(self, sql: str, *, explain: bool = False) -> AthenaResult:
        """Return the rows of a statement: SELECT, WITH, VALUES, SHOW or DESCRIBE.

        Args:
            sql: One statement in Athena's SQL. Names are found without regard to letter case.
            explain: Plan the tables and stop before the first row is read.

        Raises:
            QueryError: the statement cannot be answered as written.
            NotFound: there is no such catalogue, or the connector finds no such table.
            LarkBaseError: what a connector reported, with Lark's code, hint and log id.
        """
        from larkbase_server.local.federated_view import QueryContext

        started = time.monotonic()
        statement = _parsed(sql, self.catalog, self.database)
        calls = self._lark_calls() if self._lark_calls else 0
        counters = Counters()
        query = QueryContext(self._clients, counters, self._read, plan_only=explain)
        with self._queries.running(sql) as query_id:
            table = _Run(self, query_id, query).answer(statement)
        return AthenaResult(
            query_id=query_id,
            table=table,
            plans=tuple(query.planned),
            stats=counters.read(
                lark_calls=self._lark_calls() - calls if self._lark_calls else None,
                seconds=time.monotonic() - started,
            ),
        )

    def client(self, catalog: str, query_id: str, counters: Counters) -> FederationClient:
        """Return a catalogue as one query sees it; no call.

        Raises:
            NotFound: there is no catalogue of this name.
        """
        from larkbase_server.local.statement import ANONYMOUS

        names = {name.lower(): name for name in self.functions}
        name = names.get(catalog.lower(), catalog)
        function = self.functions.get(name)
        if function is None and name.lower().startswith(ANONYMOUS):
            function = name[len(ANONYMOUS) :]
        if function is None:
            kind = "catalogue"
            raise no_such(kind, catalog, "", list(self.functions))
        endpoint = None if function in self._elsewhere else self._endpoint
        return FederationClient(
            self._clients, function, name, query_id, counters, endpoint=endpoint
        )

    @functools.cached_property
    def engine(self) -> Duck:
        """DuckDB."""
        from larkbase_server.local.duck import Duck

        return Duck()

    @property
    def clients(self) -> AwsClients:
        """Clients of AWS."""
        return self._clients


def _parsed(sql: str, catalog: str, database: str) -> Statement | Utility:
    """Return a statement; names without catalogue or database belong to those given.

    Raises:
        QueryError: the text is none that a local Athena answers.
    """
    from larkbase_server.local.statement import Statement
    from larkbase_server.local.utility import parse_utility

    return parse_utility(sql, catalog, database) or Statement(sql, catalog, database)


class _Run:
    """One query on its way."""

    def __init__(self, athena: LocalAthena, query_id: str, query: QueryContext) -> None:
        self._athena = athena
        self._query_id = query_id
        self._query = query
        self._catalogs: dict[str, FederationClient] = {}
        self._tables: dict[TablePath, tuple[GetTableResponse, KnownTable]] = {}

    def answer(self, statement: Statement | Utility) -> pa.Table:
        """Return the rows of a statement."""
        from larkbase_server.local.utility import Utility

        if isinstance(statement, Utility):
            return statement.answer(self._catalog(statement.catalog))
        return self._select(statement)

    def _select(self, statement: Statement) -> pa.Table:
        from larkbase_server.local.federated_view import FederatedView
        from larkbase_server.local.push_down import push_down

        known: dict[TableUse, KnownTable] = {}
        for _, use in statement.uses:
            known[use] = self._table(use.path)[1]
        push_down(statement, known)
        views = {
            use.view: FederatedView(
                self._catalog(use.path.catalog),
                self._table(use.path)[0],
                known[use],
                use,
                self._query,
            )
            for _, use in statement.uses
        }
        try:
            return self._athena.engine.run(statement.to_duckdb(), views, self._query.stopped)
        except Exception:
            for view in views.values():
                if view.error is not None:
                    # DuckDB only repeats the text of what went wrong in a scan.
                    raise view.error from None
            raise

    def _catalog(self, name: str) -> FederationClient:
        if name not in self._catalogs:
            self._catalogs[name] = self._athena.client(name, self._query_id, self._query.counters)
        return self._catalogs[name]

    def _table(self, path: TablePath) -> tuple[GetTableResponse, KnownTable]:
        """Return a table as its connector describes it; asked once in a query."""
        from larkbase_server.local.push_down import KnownTable
        from larkbase_server.local.pushed_constraints import Abilities
        from larkbase_server.protocol.identity import TableName

        if path not in self._tables:
            client = self._catalog(path.catalog)
            abilities = Abilities.of(client.capabilities())
            found = client.table(TableName(path.schema, path.table))
            self._tables[path] = (found, KnownTable(found.schema, abilities))
        return self._tables[path]
