"""SQL over tables that are read when a statement asks for them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import QueryError
from larkbase_sdk.sql.binding import CATALOGUE, Bindings, bind
from larkbase_sdk.sql.conditions import conditions_of, joined_conditions_of
from larkbase_sdk.sql.dataset import DatasetScanner, ScannedDataset
from larkbase_sdk.sql.joins import source_of
from larkbase_sdk.sql.plan import SqlPlan
from larkbase_sdk.sql.result import Result, Stats, with_unique_names
from larkbase_sdk.sql.session import Session, UnknownColumn, attach, connect
from larkbase_sdk.sql.shapes import only_table, single_table
from larkbase_sdk.sql.statement import Statement, read_statement
from larkbase_sdk.sql.tables import Ask, Use
from larkbase_sdk.sql.times import finer_schema
from larkbase_sdk.sql.variables import without_rows

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import duckdb
    import pyarrow as pa
    import pyarrow.compute as pc

    from larkbase_sdk.sql.tables import SqlTables


_MOST_DIGITS = 400
"""A number with more has no form in DuckDB but infinity."""


class SqlEngine:
    """Answers SQL statements over tables that it is given, with DuckDB in this process.

    It knows neither clients nor snapshots: whoever has tables implements `SqlTables`.

    Args:
        tables: Where tables are found.
    """

    def __init__(self, tables: SqlTables) -> None:
        self._tables = tables

    def run(
        self,
        text: str,
        params: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        variables: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Result:
        """Return the answer to a statement, read once and kept.

        Args:
            text: One statement of DuckDB's SQL that asks something.
            params: Values for ``?`` (a sequence) or ``$name`` (a mapping).
            variables: DataFrames and Arrow tables by the names that the statement may use.
            limit: Rows at most, whatever the statement says.

        Raises:
            QueryError: the statement cannot be answered as written; the hint points at the place.
            LarkBaseError: an error from inside a scan, as itself.
        """
        began, calls = time.monotonic(), self._tables.calls()
        table, plan = self._answer(text, plain_values(params), variables or {}, limit)
        seconds = time.monotonic() - began
        return Result(table, plan, self._stats(plan, len(table), calls, seconds))

    def _stats(self, plan: SqlPlan, rows: int, calls: int, seconds: float) -> Stats:
        pushed = tuple(f"{scan.label}: {text}" for scan in plan.scans for text in scan.on_server)
        read = sum(scan.rows or 0 for scan in plan.scans)
        return Stats(self._tables.calls() - calls, read, rows, seconds, pushed)

    def _answer(
        self, text: str, values: Any, variables: Mapping[str, Any], limit: int | None
    ) -> tuple[pa.Table, SqlPlan]:
        """Run a statement, and once more when an unknown column is there after all."""
        with Session() as session:
            statement = read_statement(text, session.connection)
            bindings = bind(statement, self._tables, variables)
            try:
                return self._run(session, statement, values, bindings, limit)
            except UnknownColumn as unknown:
                changed = [table.renew() for table in bindings.tables]
                if True not in changed:
                    raise unknown.error from None
        bindings = bind(statement, self._tables, variables)
        try:
            with Session() as session:
                return self._run(session, statement, values, bindings, limit)
        except UnknownColumn as unknown:
            raise unknown.error from None

    def _run(
        self,
        session: Session,
        statement: Statement,
        values: Any,
        bindings: Bindings,
        limit: int | None,
    ) -> tuple[pa.Table, SqlPlan]:
        expected = {}
        if _asks_again(statement, bindings):
            expected = rehearse(statement, values, bindings, limit)
        uses: dict[Hashable, Use] = {}
        datasets: dict[Hashable, Any] = {}
        for item in bindings.bound:
            rows = item.rows
            if item.table is not None:
                key = item.table.key
                if key not in datasets:
                    asks = expected.get(key, ())
                    uses[key] = _use(statement, values, limit, asks, bindings, key)
                    datasets[key] = item.table.dataset(uses[key])
                rows = datasets[key]
            session.attach(item.database, item.name, rows)
        with ExitStack() as ending:
            for use in uses.values():
                ending.enter_context(use.ending)
            table = session.run(statement, values, limit, _known(bindings))
        scans = tuple(scan for use in uses.values() for scan in use.scans)
        plan = SqlPlan(statement.text, scans, bindings.local, done=True)
        return with_unique_names(table), plan

    def explain(
        self,
        text: str,
        params: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        variables: Mapping[str, Any] | None = None,
    ) -> SqlPlan:
        """Return how a statement would be answered; at most one call a search of a table.

        The statement is run over tables without rows, so that nothing is read but local files.

        Raises:
            QueryError: the statement cannot be answered as written, or asks nothing of tables.
            LarkBaseError: Lark's error about a table.
        """
        values = plain_values(params)
        with Session() as session:
            statement = read_statement(text, session.connection)
        if statement.kind not in ("SELECT", "MULTI"):
            msg = f"A {statement.kind} statement cannot be explained."
            raise QueryError(msg, hint="Explain the SELECT in it.")
        bindings = bind(statement, self._tables, variables or {})
        try:
            asked = rehearse(statement, values, bindings, None, strict=True)
        except UnknownColumn as unknown:
            raise unknown.error from None
        tables = {table.key: table for table in bindings.tables}
        scans = tuple(
            scan
            for key, asks in asked.items()
            for scan in tables[key].scans_of(_use(statement, values, None, asks, bindings, key))
        )
        return SqlPlan(text, scans, bindings.local)

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Return a DuckDB connection in which every table is attached under its SQL name.

        For other tools. Reads the lists of all tables and fields; rows are read by each query, as
        far as it needs them. Errors of a scan come wrapped in DuckDB's own, with the same text.

        Warns:
            SourceSkipped: for a base or table that cannot be read; the others are attached.
        """
        connection = connect()
        place = 0
        for database, name, table in self._tables.everything():
            attach(connection, place, database, name, table.dataset(Use()))
            place += 1
        for name in ("databases", "tables", "fields"):
            attach(connection, place, CATALOGUE, name, self._tables.facts(name))
            place += 1
        return connection


def plain_values(params: Sequence[Any] | Mapping[str, Any] | None) -> Any:
    """Return values as DuckDB takes them rightly; numbers of numpy become numbers of Python.

    Raises:
        QueryError: they are neither a sequence nor a mapping.
    """
    if params is None:
        return None
    if isinstance(params, str | bytes) or not hasattr(params, "__getitem__"):
        msg = "The values of parameters are given as a list or a dict."
        raise QueryError(msg, hint="For example lark.sql(text, [1000]).")
    if isinstance(params, Mapping):
        return {name: _plain(value) for name, value in params.items()} or None
    return [_plain(value) for value in params] or None


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal) and 0 < value.adjusted() <= _MOST_DIGITS:
        # DuckDB 1.5 reads 1E+3, which is what Decimal(1000).normalize() is, as 1.000.
        return Decimal(format(value, "f"))
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return value.tolist()
    return value


def _asks_again(statement: Statement, bindings: Bindings) -> bool:
    """Tell whether a statement may ask a table more than once."""
    if statement.kind != "SELECT" or not bindings.tables:
        return False
    keys = {table.key for table in bindings.tables}
    others = len(bindings.bound) - len(bindings.tables) + len(bindings.files)
    return statement.reuses or len(statement.names) > len(keys) + others


def _use(
    statement: Statement,
    values: Any,
    limit: int | None,
    expected: Sequence[Ask],
    bindings: Bindings,
    key: Hashable,
) -> Use:
    tree = statement.tree
    if tree is None or statement.kind != "SELECT":
        return Use(expected=expected)
    if only_table(tree) is not None:
        shape = single_table(_limited(tree, limit))
        return Use(shape, conditions_of(tree, values), expected=expected)
    return Use(
        conditions=_joined_conditions(tree, values, bindings, key), alone=False, expected=expected
    )


def _joined_conditions(
    tree: Any, values: Any, bindings: Bindings, key: Hashable
) -> tuple[str, ...]:
    """Return what must hold for a table that a statement names once, beside others."""
    own = [item for item in bindings.bound if item.table is not None and item.table.key == key]
    if len(own) != 1:
        return ()
    source = source_of(tree, own[0].database, own[0].name)
    if source is None:
        return ()
    columns = {(item.database.lower(), item.name.lower()): item.columns for item in bindings.bound}
    return joined_conditions_of(source, tree, values, columns)


def _limited(tree: Any, limit: int | None) -> Any:
    """Return a statement with a limit, when it has none that is smaller."""
    if limit is None or type(tree).__name__ != "Select" or tree.args.get("offset"):
        return tree
    own = single_table(tree)
    if own is not None and (own.limit is None or own.limit <= limit):
        return tree
    return tree.copy().limit(limit)


def _known(bindings: Bindings) -> list[tuple[str, Any]]:
    return [(table.label, table.schema) for table in bindings.tables]


def rehearse(
    statement: Statement,
    values: Any,
    bindings: Bindings,
    limit: int | None,
    *,
    strict: bool = False,
) -> dict[Hashable, list[Ask]]:
    """Return what a statement asks of its tables, by running it over tables without rows.

    Args:
        statement: The statement.
        values: Values of its parameters.
        bindings: Its tables.
        limit: Rows wanted at most.
        strict: Raise the error of the rehearsal; otherwise what was asked before it counts.
    """
    asked: dict[Hashable, list[Ask]] = {table.key: [] for table in bindings.tables}
    with Session() as session:
        for item in bindings.bound:
            rows = item.rows
            if item.table is not None:
                rows = _Recorder(item.table.dataset(Use()).schema, asked[item.table.key])
            elif rows is not None:
                rows = without_rows(rows)
            session.attach(item.database, item.name, rows)
        try:
            session.run(statement, values, limit, _known(bindings))
        except (QueryError, UnknownColumn):
            if strict:
                raise
    return asked


class _Recorder(ScannedDataset):
    """A table without rows that writes down what it is asked for."""

    def __init__(self, schema: pa.Schema, asks: list[Ask]) -> None:
        super().__init__(finer_schema(schema), lambda *_: iter(()))
        self._asks = asks

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002 (pyarrow's name)
        **_: Any,
    ) -> DatasetScanner:
        """Return a scan of nothing."""
        wanted = self.schema.names if columns is None else columns
        self._asks.append(Ask(tuple(wanted), filter))
        return super().scanner(columns, filter)
