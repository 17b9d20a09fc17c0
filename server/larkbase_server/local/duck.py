"""DuckDB as the engine: a statement over views that connectors and local files fill."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import QueryError
from larkbase_sdk.sql.result import with_unique_names
from larkbase_server.local.trino_dialect import SETTINGS
from larkbase_server.local.trino_macros import MACROS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

_GRACE = 2.0
"""Seconds that an interrupted statement gets to end."""


class Duck:
    """DuckDB in memory, as Athena's sessions are; statements may run at the same time."""

    def __init__(self) -> None:
        import duckdb

        self._connection = duckdb.connect(":memory:")
        for name, value in SETTINGS.items():
            self._connection.execute(f"SET GLOBAL {name} = {value}")
        self._connection.execute(MACROS)

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def run(self, sql: str, views: Mapping[str, Any], stopped: threading.Event) -> pa.Table:
        """Return the rows of a statement, in Athena's types.

        Args:
            sql: Text in DuckDB's SQL.
            views: What the names of the text stand for.
            stopped: Set when the caller is interrupted, so that what fills the views can end.

        Raises:
            QueryError: DuckDB refuses the statement, or fails at a value.
            KeyboardInterrupt: somebody interrupts it.
        """
        cursor = self._connection.cursor()
        for name, view in views.items():
            cursor.register(name, view)
        # In another thread, because DuckDB waits for its own threads without end, and the
        # interrupt has to reach this one.
        result: Future[pa.Table] = Future()
        thread = threading.Thread(
            target=_execute, args=(cursor, sql, result), name="duckdb", daemon=True
        )
        thread.start()
        try:
            return result.result()
        except KeyboardInterrupt:
            stopped.set()
            cursor.interrupt()
            thread.join(_GRACE)
            raise
        finally:
            if result.done():
                cursor.close()


def _execute(cursor: Any, sql: str, result: Future[pa.Table]) -> None:
    import duckdb

    try:
        result.set_result(_answer(cursor, sql))
    except duckdb.Error as error:
        failure = QueryError(_readable(str(error)))
        failure.__cause__ = error
        result.set_exception(failure)
    except BaseException as error:  # noqa: BLE001 (raised again where the result is wanted)
        result.set_exception(error)


def _answer(cursor: Any, sql: str) -> pa.Table:
    import duckdb

    try:
        return _table(cursor, sql)
    except duckdb.NotImplementedException as error:
        if "pushdown" not in str(error).lower():
            raise
    # Some releases push a condition and then find that they cannot.
    disabled = SETTINGS["disabled_optimizers"].strip("'")
    cursor.execute(f"SET disabled_optimizers = '{disabled},filter_pushdown'")
    try:
        return _table(cursor, sql)
    finally:
        cursor.execute(f"SET disabled_optimizers = '{disabled}'")


def _table(cursor: Any, sql: str) -> pa.Table:
    relation = cursor.sql(sql)
    return _as_in_athena(relation.to_arrow_table(), [str(kind) for kind in relation.types])


def _readable(text: str) -> str:
    """Return the message without the excerpt of a text that nobody wrote."""
    message = text.partition("\n\nLINE ")[0].strip()
    return message.partition(" Error: ")[2] or message


def _as_in_athena(table: pa.Table, kinds: Sequence[str]) -> pa.Table:
    """Return the rows in Athena's types: times have milliseconds, sums of whole numbers 64 bits.

    Of two columns of a name the second gets another one, since most readers want names apart.

    Raises:
        QueryError: a sum is larger than that.
    """
    import pyarrow as pa

    columns = []
    for column, kind in zip(table.columns, kinds, strict=True):
        if pa.types.is_timestamp(column.type):
            columns.append(column.cast(pa.timestamp("ms", column.type.tz), safe=False))
        else:
            columns.append(_as_bigint(column) if kind == "HUGEINT" else column)
    return with_unique_names(pa.Table.from_arrays(columns, names=table.column_names))


def _as_bigint(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid as error:
        msg = "A whole number of the result needs more than 64 bits."
        raise QueryError(msg) from error
