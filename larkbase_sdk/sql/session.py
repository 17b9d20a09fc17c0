"""One DuckDB connection for one statement: tables attached, values bound, errors as themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from larkbase_sdk.sql.dataset import ScannedDataset
from larkbase_sdk.sql.mistakes import is_unknown_column, query_error
from larkbase_sdk.sql.statement import bare
from larkbase_sdk.sql.times import in_microseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pyarrow as pa

    from larkbase_sdk.sql.mistakes import Known
    from larkbase_sdk.sql.statement import Statement

_EXPLAIN = "EXPLAIN "
_OWN = "larkbase_statement"


def connect() -> duckdb.DuckDBPyConnection:
    """Return a new DuckDB in memory that speaks of time in UTC."""
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def attach(
    connection: duckdb.DuckDBPyConnection, place: int, database: str, name: str, rows: Any
) -> None:
    """Make rows known under a name; ``place`` tells the tables of a connection apart."""
    own = f"larkbase_table_{place}"
    connection.register(own, in_microseconds(rows))
    schema = quoted(database or "main")
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    connection.execute(f"CREATE VIEW {schema}.{quoted(name)} AS FROM {own}")


def quoted(name: str) -> str:
    """Return a name in double quotes."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


class UnknownColumn(Exception):
    """A statement names a column that is not there; ``error`` is what to tell about it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Session:
    """A connection for one statement; closed at the end of a ``with`` block."""

    def __init__(self) -> None:
        self.connection = connect()
        # A base may be called "memory", as the database is that DuckDB starts with.
        for text in (f"ATTACH ':memory:' AS {_OWN}", f"USE {_OWN}", "DETACH memory"):
            self.connection.execute(text)
        # The tables are those given, never variables that happen to be called alike.
        self.connection.execute("SET python_enable_replacements = false")
        self.connection.execute("SET errors_as_json = true")
        self._scanned: list[ScannedDataset] = []
        self._places = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def attach(self, database: str, name: str, rows: Any) -> None:
        """Make rows known to the statement."""
        rows = in_microseconds(rows)
        if isinstance(rows, ScannedDataset):
            self._scanned.append(rows)
        attach(self.connection, self._places, database, name, rows)
        self._places += 1

    def run(
        self, statement: Statement, params: Any, limit: int | None, known: Sequence[Known]
    ) -> pa.Table:
        """Return the answer to a statement.

        Raises:
            UnknownColumn: it names a column that is not there.
            QueryError: DuckDB cannot answer it.
            LarkBaseError: Lark's error from inside a scan, as itself.
            KeyboardInterrupt: as itself, even when it met a thread that reads.
        """
        import duckdb

        text = statement.text
        if limit is not None and statement.kind in ("SELECT", "MULTI"):
            # The statement is the caller's own anyway.
            text = f"SELECT * FROM (\n{bare(text)}\n) LIMIT {limit}"  # noqa: S608
        failure: duckdb.Error | RuntimeError | None = None
        try:
            found = self._answer_somehow(statement.kind, text, params)
        except (duckdb.Error, RuntimeError) as error:
            failure = error
        inside = next((one.error for one in self._scanned if one.error is not None), None)
        if failure is None:
            return found
        if inside is not None:
            raise inside
        raise self._told(failure, statement, text, params, known)

    def _answer_somehow(self, kind: str, text: str, params: Any) -> pa.Table:
        """Return the answer, without DuckDB's push-down where it fails in pushing.

        DuckDB 1.5 pushes ``a = 1 OR a IS DISTINCT FROM 2`` and then finds that it cannot.
        """
        import duckdb

        try:
            return self._answer(kind, text, params)
        except duckdb.NotImplementedException as error:
            if "pushdown" not in str(error).lower():
                raise
        self.connection.execute("SET disabled_optimizers = 'filter_pushdown'")
        return self._answer(kind, text, params)

    def _answer(self, kind: str, text: str, params: Any) -> pa.Table:
        import pyarrow as pa

        if kind == "COPY":
            row = self.connection.execute(text, params).fetchone()
            return pa.table({"rows": pa.array([row[0] if row else 0], pa.int64())})
        relation: Any = self.connection.sql(text, params=params)  # None: it gives no rows
        return pa.table({}) if relation is None else relation.to_arrow_table()

    def _told(
        self,
        error: duckdb.Error | RuntimeError,
        statement: Statement,
        text: str,
        params: Any,
        known: Sequence[Known],
    ) -> BaseException:
        import duckdb

        if isinstance(error, duckdb.InterruptException) or not isinstance(error, duckdb.Error):
            return KeyboardInterrupt()  # the only RuntimeError that DuckDB raises
        error, shift = self._with_place(error, text, params)
        shift += len(text.encode().partition(bare(statement.text).encode())[0])
        told = query_error(error, statement.text, known, shift)
        return UnknownColumn(told) if is_unknown_column(error) else told

    def _with_place(self, error: duckdb.Error, text: str, params: Any) -> tuple[duckdb.Error, int]:
        """Return the same error with its place in the text, which relations do not tell."""
        import duckdb

        if isinstance(error, duckdb.BinderException | duckdb.CatalogException):
            try:
                self.connection.execute(_EXPLAIN + text, params)
            except duckdb.Error as placed:
                if type(placed) is type(error):
                    return placed, len(_EXPLAIN)
        return error, 0
