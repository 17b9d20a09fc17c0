"""The answer to an SQL statement: read once, kept, shown at no cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from larkbase_sdk.display import counted, escape, fit, html_grid, printable, window_width
from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from larkbase_sdk.scan import DtypeBackend
    from larkbase_sdk.sql.plan import SqlPlan

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Stats:
    """What a statement cost.

    Attributes:
        calls: HTTP calls, those for metadata included.
        rows_read: Rows that Lark sent.
        rows_returned: Rows of the result.
        seconds: Time until the result was there.
        pushed: What Lark did, as text: conditions, order and end, each with its table.
    """

    calls: int
    rows_read: int
    rows_returned: int
    seconds: float
    pushed: tuple[str, ...] = ()


class Result:
    """Rows that a statement gave, in memory; showing or converting them calls nothing.

    Columns carry the names that the statement gives them, SQL names for those of tables; of two
    with the same name the second gets ``_1``. Times are in UTC.

    Attributes:
        sql: The statement.
        stats: What it cost.
    """

    def __init__(self, table: pa.Table, plan: SqlPlan, stats: Stats) -> None:
        self.sql = plan.sql
        self.stats = stats
        self._table = table
        self._plan = plan
        self._relation: duckdb.DuckDBPyRelation | None = None

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._table.column_names)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def to_arrow(self) -> pa.Table:
        """Return the rows as a pyarrow table."""
        return self._table

    def to_reader(self) -> pa.RecordBatchReader:
        """Return a reader of the rows."""
        return self._table.to_reader()

    def to_pandas(
        self, *, dtype_backend: DtypeBackend = "pyarrow", timezone: str | None = None
    ) -> pd.DataFrame:
        """Return the rows as a DataFrame with a plain index.

        Args:
            dtype_backend: ``pyarrow`` for Arrow-backed columns, ``numpy_nullable`` for pandas'
                own nullable types.
            timezone: IANA name in which times are shown; UTC when None.
        """
        from larkbase_sdk.sinks.frames import to_frame

        frame = to_frame(self._table, dtype_backend, timezone)
        frame.attrs["larkbase"] = {"sql": self.sql, "calls": self.stats.calls}
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return the rows as a polars DataFrame (extra ``polars``).

        Raises:
            ConfigurationError: when polars is not installed.
            QueryError: when a column holds intervals, for which polars has no type.
        """
        try:
            import polars as pl
        except ImportError as error:
            msg = "polars is not installed."
            raise ConfigurationError(msg, hint="pip install 'larkbase-sdk[polars]'") from error
        from larkbase_sdk.sinks.values import refuse_intervals

        refuse_intervals(self._table.schema, "polars")
        return pl.DataFrame(self._table)

    @property
    def relation(self) -> duckdb.DuckDBPyRelation:
        """The rows as a relation of DuckDB, for further queries; it calls nothing."""
        if self._relation is None:
            from larkbase_sdk.sql.session import connect

            self._relation = connect().from_arrow(self._table)
        return self._relation

    def explain(self) -> SqlPlan:
        """Return what was read from each table, as text, HTML and data; no call."""
        return self._plan

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the rows to any Arrow library."""
        return self._table.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """Export the schema to any Arrow library."""
        return self._table.schema.__arrow_c_schema__()

    def caption(self) -> str:
        """Return the size and the cost in one line."""
        cost = f"{counted(self.stats.calls, 'call')} · {self.stats.seconds:.1f} s"
        return f"{counted(len(self), 'row')} · {cost}"

    def _shown_caption(self) -> str:
        return f"{_SHOWN} of {self.caption()}" if len(self) > _SHOWN else self.caption()

    def __repr__(self) -> str:
        names = self.columns
        rows = [dict(zip(names, row, strict=True)) for row in self._first_rows()]
        table, hidden = fit(rows, window_width()) if rows else ("  ".join(names), [])
        shown = f"{len(names) - len(hidden)} of {len(names)} columns · " if hidden else ""
        return printable(f"{table}\n{shown}{self._shown_caption()}")

    def _repr_html_(self) -> str:
        from larkbase_sdk.read.operands import kind_of

        numbers = [kind_of(kind) == "number" for kind in self._table.schema.types]
        table = html_grid(self.columns, self._first_rows(), numbers)
        return f"<div>{table}<p>{escape(self._shown_caption())}</p></div>"

    def _first_rows(self) -> list[tuple[Any, ...]]:
        """Return the rows that are shown, with times and nested cells as text."""
        from larkbase_sdk.sinks.files import flat_schema, flatten

        schema = flat_schema(self._table.schema)
        batches = self._table.slice(0, _SHOWN).combine_chunks().to_batches()
        flat = [flatten(batch, schema) for batch in batches]
        return [row for batch in flat for row in zip(*_cells(batch), strict=True)]


def _cells(batch: pa.RecordBatch) -> list[list[Any]]:
    from larkbase_sdk.sinks.values import plain_values

    return [plain_values(column) for column in batch.columns]


def with_unique_names(table: pa.Table) -> pa.Table:
    """Return a table in which no two columns are called alike: the second gets ``_1``."""
    taken: set[str] = set()
    names = []
    for name in table.column_names:
        found, count = name, 0
        while found in taken:
            count += 1
            found = f"{name}_{count}"
        taken.add(found)
        names.append(found)
    return table.rename_columns(names)
