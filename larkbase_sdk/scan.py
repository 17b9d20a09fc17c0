"""A read that is described first and run later: immutable, refined step by step, many sinks."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from larkbase_sdk._version import __version__
from larkbase_sdk.display import escape, html_card, html_table, printable
from larkbase_sdk.errors import ConfigurationError, PermissionDenied, QueryError
from larkbase_sdk.explanation import Plan, explain_plan
from larkbase_sdk.progress import Progress

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from larkbase_sdk.api.models import BaseInfo, View
    from larkbase_sdk.client import Lark
    from larkbase_sdk.read.pages import ReadContext
    from larkbase_sdk.read.plan import ReadPlan, Residual, SortKey
    from larkbase_sdk.read.predicate import Predicate
    from larkbase_sdk.schema.table_schema import NameKind, TableSchema
    from larkbase_sdk.sinks.cache import MaxAge
    from larkbase_sdk.table import Table

DtypeBackend = Literal["pyarrow", "numpy_nullable"]
Expand = str | Sequence[str] | Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, repr=False)
class Scan:
    """A read of a table; made by ``table.scan(…)``. Nothing is read until a sink runs.

    Example:
        >>> scan = orders.scan(columns=["OrderNo", "Amount"], where="status = 'Open'")
        >>> scan.limit(10).to_pandas()
    """

    table: Table
    _columns: tuple[str, ...] | None = None
    _where: tuple[Any, ...] = ()
    _view: str | None = None
    _order: tuple[str, ...] = ()
    _limit: int | None = None

    def select(self, *columns: str) -> Scan:
        """Return the scan with these columns, by field id, Lark name or SQL name; no call."""
        return replace(self, _columns=tuple(columns))

    def where(self, condition: Any) -> Scan:
        """Return the scan with one more condition, SQL text or pyarrow expression; no call."""
        return replace(self, _where=(*self._where, condition))

    def in_view(self, view: str) -> Scan:
        """Return the scan with only the rows of a view, by name, id or link; no call."""
        return replace(self, _view=view)

    def order_by(self, *columns: str) -> Scan:
        """Return the scan in an order; a leading ``-`` means descending; no call."""
        return replace(self, _order=tuple(columns))

    def limit(self, rows: int | None) -> Scan:
        """Return the scan with at most ``rows`` rows; no call."""
        if rows is not None and not _is_count(rows):
            msg = f"A limit cannot be {rows!r}."
            raise QueryError(msg, hint="Give a whole number from 0, or None for all rows.")
        return replace(self, _limit=None if rows is None else min(int(rows), sys.maxsize))

    # -- what will be done ---------------------------------------------------------------------

    @property
    def _lark(self) -> Lark:
        return self.table.database.lark

    def plan(self) -> ReadPlan:
        """Return how the rows will be read; reads the schema (and the view) at the first use.

        What cannot be planned with remembered fields is planned once more with fresh ones.

        Raises:
            QueryError: for columns that do not exist or a condition that cannot be read.
            NotFound: for a view that does not exist.
        """
        table, metadata = self.table, self._lark.metadata
        was_known = self._fields_are_known()
        try:
            return self._plan(table.schema)
        except QueryError:
            if not was_known:
                raise
        return self._plan(metadata.fresh_schema(table.base_id, table.id, table.name))

    def _plan(self, schema: TableSchema) -> ReadPlan:
        from larkbase_sdk.read.planner import ScanRequest, plan_read

        names = self.selected(schema)
        residual = self._residual(schema)
        request = ScanRequest(
            names, residual, self._read_view(), self._sort_keys(schema), self._limit
        )
        return plan_read(schema, request, self._lark.options, self._zone(schema, residual))

    def selected(self, schema: TableSchema) -> tuple[str, ...]:
        """Return the SQL names of the columns wanted, without the record id; no call.

        Raises:
            QueryError: for a column that does not exist.
        """
        from larkbase_sdk.schema.naming import RECORD_ID

        if self._columns is None:
            return tuple(column.name for column in schema.columns)
        wanted = [ref for ref in self._columns if ref != RECORD_ID]
        return tuple(dict.fromkeys(schema.column(ref).name for ref in wanted))

    def _residual(self, schema: TableSchema) -> Residual:
        from larkbase_sdk.read.plan import Residual
        from larkbase_sdk.read.predicate import conjunction
        from larkbase_sdk.read.where import parse_where

        texts = [item for item in self._where if isinstance(item, str)]
        predicate = conjunction(*(parse_where(text, schema) for text in texts))
        expressions = [item for item in self._where if not isinstance(item, str)]
        if not expressions:
            return Residual(predicate)
        return Residual(predicate, _expression_filter(expressions, schema))

    def refined(
        self,
        columns: Iterable[str],
        schema: TableSchema,
        *,
        predicate: Predicate | None = None,
        order: tuple[SortKey, ...] = (),
        limit: int | None = None,
    ) -> ReadPlan:
        """Return how an engine reads these rows when it wants fewer columns and rows of them.

        For engines, which check again whatever is asked here. An order or a limit of the scan's
        own counts first, and what is asked on top of a limit is left to the engine. One call when
        the scan has a view.

        Args:
            columns: SQL names of the columns wanted.
            schema: The schema that the engine was given.
            predicate: A condition that is TRUE for every row wanted, perhaps for more.
            order: Keys of the order in which the first rows are wanted.
            limit: Rows that are enough, when ``predicate`` and ``order`` say exactly which.
        """
        from larkbase_sdk.read.planner import ScanRequest, plan_read
        from larkbase_sdk.read.predicate import conjunction

        residual = self._residual(schema)
        if self._limit is not None:
            order, limit = (), self._limit
        elif predicate is not None:
            residual = replace(residual, predicate=conjunction(residual.predicate, predicate))
        request = ScanRequest(
            tuple(columns), residual, self._read_view(), order or self._sort_keys(schema), limit
        )
        return plan_read(schema, request, self._lark.options, self._zone(schema, residual))

    def _read_view(self) -> View | None:
        if self._view is None:
            return None
        from larkbase_sdk.api.links import is_link
        from larkbase_sdk.catalog.names import no_such

        wanted = self._view_of_link(self._view) if is_link(self._view) else self._view
        views = self.table.views
        for view in views:
            if wanted in (view.view_id, view.name):
                metadata = self._lark.metadata
                return metadata.view(self.table.base_id, self.table.id, view.view_id)
        where = f'in table "{self.table.label}"'
        missing = no_such("view", self._view, where, [view.name for view in views])
        raise missing

    def _view_of_link(self, text: str) -> str:
        from larkbase_sdk.api.links import parse_link

        link = parse_link(text)
        hint = "Open the view and copy its link (…?table=tbl…&view=vew…), or give its name."
        if not link.view_id:
            msg = "The link names no view."
            raise ConfigurationError(msg, hint=hint)
        if link.table_id and link.table_id != self.table.id:
            msg = f'The link leads to a view of another table than "{self.table.label}".'
            raise ConfigurationError(msg, hint=hint)
        return link.view_id

    def _sort_keys(self, schema: TableSchema) -> tuple[SortKey, ...]:
        from larkbase_sdk.read.plan import SortKey
        from larkbase_sdk.schema.naming import RECORD_ID

        keys = []
        for text in self._order:
            descending = text.startswith("-") and not _is_column(schema, text)
            ref = text[1:] if descending else text
            name = RECORD_ID if ref == RECORD_ID else _sorted_by(schema, ref)
            keys.append(SortKey(name, descending))
        return tuple(keys)

    def _zone(self, schema: TableSchema, residual: Residual) -> dt.tzinfo | None:
        """Return the base's time zone, which only conditions on dates need."""
        from larkbase_sdk.read.zones import base_zone
        from larkbase_sdk.schema.naming import RECORD_ID

        names = residual.columns - {RECORD_ID}
        families = {schema.sql_column(name).filter_family for name in names}
        if "date" not in families:
            return None
        info = self._base_info()
        zone = info.time_zone if info is not None else ""
        return base_zone(zone, feishu=self._lark.api.domain.is_feishu)

    def _base_info(self) -> BaseInfo | None:
        """Return what Lark says of the base; None when only its tables are open to the app."""
        try:
            return self.table.base_info
        except PermissionDenied:
            return None

    def explain(self) -> Plan:
        """Return the plan as text, HTML and data; one call at most for the number of rows.

        A second one, where the record ids of a view are read beside the rows.

        Raises:
            LarkBaseError: Lark's error about that call; the read itself would end with it too.
        """
        return self.explained(self.plan())

    def explained(self, plan: ReadPlan) -> Plan:
        """Return the explanation of a plan of this scan; at most one call a search."""
        from larkbase_sdk.read.count import glance

        context = self.read_context()
        seen = [glance(context, part, plan.schema) for part in plan.searches()]
        return explain_plan(self.table.label, plan, seen, self._lark.api.http)

    # -- sinks ---------------------------------------------------------------------------------

    def read_context(self, progress: Progress | None = None) -> ReadContext:
        """Return what the core needs to read parts of this scan; no call."""
        from larkbase_sdk.read.pages import ReadContext

        lark, base_id, table_id = self._lark, self.table.base_id, self.table.id
        metadata = lark.metadata
        return ReadContext(
            bitable=lark.api.bitable,
            options=lark.options,
            refresh=lambda: metadata.fresh_schema(base_id, table_id, self.table.name),
            restricted=lambda: (info := self._base_info()) is not None and info.is_advanced,
            on_page=progress.page if progress is not None else None,
            table=self.table.label,
        )

    def batches(
        self,
        plan: ReadPlan,
        heard: Callable[[int], None] | None = None,
        noted: Callable[[type[Warning]], None] | None = None,
    ) -> Generator[pa.RecordBatch, None, None]:
        """Yield the rows of a plan of this scan under SQL names, for engines.

        ``heard`` is told after each page how many rows have come so far, and ``noted`` the class
        of each warning.
        """
        return self._batches(plan, self._target(plan, "sql"), heard, noted)

    def _batches(
        self,
        plan: ReadPlan,
        target: pa.Schema,
        heard: Callable[[int], None] | None = None,
        noted: Callable[[type[Warning]], None] | None = None,
    ) -> Generator[pa.RecordBatch, None, None]:
        import pyarrow as pa

        from larkbase_sdk.read.reader import read_part
        from larkbase_sdk.schema.naming import RECORD_ID

        names = [RECORD_ID, *plan.output]
        rows = 0
        with (
            closing(Progress(self.table.label, self._lark.options)) as progress,
            self._lark.api.http.watched(progress.waiting),
        ):
            context = self.read_context(progress)
            context.noted = noted
            if heard is not None:
                context.on_page = _both(progress.page, heard)
            for part in plan.parts:
                for batch in read_part(context, part, plan.schema, plan.residual):
                    columns = [batch.column(name) for name in names]
                    rows += len(batch)
                    yield pa.RecordBatch.from_arrays(columns, schema=target)
        if not plan.residual and self._view is None and plan.limit is None:
            self._lark.remember_rows(self.table.base_id, self.table.id, rows)

    def to_reader(self, *, names: NameKind = "lark") -> pa.RecordBatchReader:
        """Return a reader that fetches a page when the batch of it is asked for.

        An order makes it read everything before the first batch. ``names`` chooses Lark's own
        names or SQL names; ``record_id`` comes first.

        Raises:
            LarkBaseError: Lark's error, also from inside the iteration.
        """
        import pyarrow as pa

        plan = self.plan()
        target = self._target(plan, names)
        return pa.RecordBatchReader.from_batches(target, self._batches(plan, target))

    def _target(self, plan: ReadPlan, names: NameKind) -> pa.Schema:
        """Return the schema of the result, with its provenance."""
        import pyarrow as pa

        fields = list(plan.schema.to_arrow(names))
        titles = dict(zip((c.name for c in plan.schema.columns), fields[1:], strict=True))
        chosen = [fields[0], *(titles[name] for name in plan.output)]
        return pa.schema(chosen, metadata={"larkbase": json.dumps(self._provenance())})

    def _provenance(self) -> dict[str, Any]:
        return {
            "base": self.table.base_id,
            "table": self.table.id,
            "name": self.table.label,
            "view": self._view,
            "where": [str(condition) for condition in self._where],
            "order_by": list(self._order),
            "limit": self._limit,
            "read_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "sdk": __version__,
        }

    def to_arrow(
        self,
        *,
        names: NameKind = "lark",
        expand: Expand | None = None,
        max_age: MaxAge | None = None,
    ) -> pa.Table:
        """Read every matching row into a pyarrow table.

        Args:
            names: ``lark`` for Lark's own column names, ``sql`` for SQL names.
            expand: Link columns to show as lists of linked rows; see ``to_pandas``.
            max_age: How old a read kept on this machine may be; see ``to_pandas``.
        """
        if max_age is None:
            return self._read_all(names, expand)
        from larkbase_sdk.sinks.cache import through_cache

        were_known = self._fields_are_known()
        return through_cache(
            self,
            max_age,
            lambda: self._read_all(names, expand),
            extra=(names, repr(expand)),
            modified=lambda: None if expand is not None else self._settled_since(),
            still_holds=lambda: self._holds_with_fresh_fields(were_known=were_known),
        )

    def _read_all(self, names: NameKind, expand: Expand | None) -> pa.Table:
        table = self.to_reader(names=names).read_all()
        return table if expand is None else self.expanded(table, expand, names)

    def expanded(self, table: pa.Table, expand: Expand, names: NameKind) -> pa.Table:
        """Return a table of these rows with link columns as lists of linked rows.

        One call per 100 linked rows, or a read of their table where that is cheaper.
        """
        from larkbase_sdk.sinks.expand import expand_links

        return expand_links(self, table, expand, names)

    def _settled_since(self) -> int | None:
        """Return when the base was last changed, or None when that says nothing of these rows.

        One call. Formulas and lookups change without their base; which rows a view shows may
        depend on any column.
        """
        from larkbase_sdk.catalog.modified import modified_times

        if self._looks_at_computed():
            return None
        base_id = self.table.base_id
        api = self._lark.api
        return modified_times(api.drive, [base_id], api.http.service_clock).get(base_id)

    def _looks_at_computed(self) -> bool:
        plan = self.plan()
        looked_at = {*plan.output, *plan.residual.columns, *(key.column for key in plan.order)}
        columns = plan.schema.columns
        return any(c.is_computed and (self._view or c.name in looked_at) for c in columns)

    def _holds_with_fresh_fields(self, *, were_known: bool) -> bool:
        """Tell whether the time of change says something of the rows by the fields of now.

        Reads the fields again when they were remembered: what is kept under a time of change
        must not have the names and types of before.
        """
        if were_known:
            table = self.table
            self._lark.metadata.fresh_schema(table.base_id, table.id, table.name)
        return not self._looks_at_computed()

    def _fields_are_known(self) -> bool:
        table = self.table
        return self._lark.metadata.known_schema(table.base_id, table.id) is not None

    def key(self) -> list[Any]:
        """Return what tells this read from others of the same table, as JSON values; no call."""
        where = [_exact_text(condition) for condition in self._where]
        return [self._columns, where, self._view, self._order, self._limit]

    def to_pandas(
        self,
        *,
        expand: Expand | None = None,
        explode: bool = False,
        dtype_backend: DtypeBackend = "pyarrow",
        index: str | None = "record_id",
        timezone: str | None = None,
        names: NameKind = "lark",
        max_age: MaxAge | None = None,
    ) -> pd.DataFrame:
        """Read every matching row into a DataFrame, indexed by record id.

        Args:
            expand: Link columns to show as linked rows: a column, several, or a mapping of
                column to the wanted columns of the linked table (its primary field otherwise).
            explode: One row per linked row, in columns ``Customer.Name``; for one link column.
            dtype_backend: ``pyarrow`` for Arrow-backed columns, ``numpy_nullable`` for pandas'
                own nullable types.
            index: ``record_id``, or None for a plain index with ``record_id`` as a column.
            timezone: IANA name in which times are shown; UTC when None.
            names: ``lark`` for Lark's own column names, ``sql`` for SQL names.
            max_age: How old a read kept on this machine may be to be given again without a call:
                ``"90s"``, ``"15m"``, ``"1h"``, ``"2d"``, seconds or a timedelta. With ``"auto"``
                the base is asked when it was last changed, in one call, and a kept read that
                saw it so is given again; rows with formulas or lookups, which change without
                it, and expanded ones are read anew. ``df.attrs["larkbase"]["read_at"]`` tells
                when the rows were read.
        """
        from larkbase_sdk.sinks.frames import to_frame

        if index not in ("record_id", None):
            msg = f"The index cannot be {index!r}."
            raise ConfigurationError(msg, hint="Use 'record_id' or None, then df.set_index(…).")
        table = self.to_arrow(names=names, expand=expand, max_age=max_age)
        if explode:
            from larkbase_sdk.sinks.expand import explode_links

            table = explode_links(self, table, expand, names)
        frame = to_frame(table, dtype_backend, timezone)
        frame.attrs["larkbase"] = json.loads(table.schema.metadata[b"larkbase"])
        return frame.set_index("record_id") if index else frame

    def to_polars(self, *, names: NameKind = "lark") -> pl.DataFrame:
        """Read every matching row into a polars DataFrame (extra ``polars``).

        Raises:
            ConfigurationError: when polars is not installed.
        """
        try:
            import polars as pl
        except ImportError as error:
            msg = "polars is not installed."
            raise ConfigurationError(msg, hint="pip install 'larkbase-sdk[polars]'") from error
        frame = pl.from_arrow(self.to_arrow(names=names))
        if not isinstance(frame, pl.DataFrame):  # a table never becomes a Series
            raise TypeError(type(frame))
        return frame

    def to_parquet(self, path: str | Path, *, names: NameKind = "lark") -> Path:
        """Write the rows to a Parquet file, page by page, and return its path.

        The file appears under its name only when it is complete.
        """
        from larkbase_sdk.sinks.files import write_parquet

        return write_parquet(self.to_reader(names=names), Path(path).expanduser())

    def to_csv(self, path: str | Path, *, names: NameKind = "lark") -> Path:
        """Write the rows to a CSV file, page by page, and return its path.

        Times are ISO 8601 in UTC; lists and structs are JSON; empty cells are empty. The file
        appears under its name only when it is complete.
        """
        from larkbase_sdk.sinks.files import write_csv

        return write_csv(self.to_reader(names=names), Path(path).expanduser())

    def count(self) -> int:
        """Return the number of matching rows.

        One call when there is no condition, no view, no advanced permissions on the base, and
        ``options.trust_total`` is on; else the record ids are read.
        """
        total = self.trusted_total()
        if total is not None:
            return total
        plan = self.select().order_by().plan()
        return sum(len(batch) for batch in self._batches(plan, self._target(plan, "sql")))

    def trusted_total(self) -> int | None:
        """Return the number of matching rows as Lark counts them, or None.

        None when there is a condition or a view, when the base has advanced permissions on, or
        ``options.trust_total`` is off; else one call.
        """
        from larkbase_sdk.read.count import server_total

        if not self._total_is_the_count():
            return None
        plan = self.select().order_by().plan()
        total = server_total(self.read_context(), plan.parts[0], plan.schema)
        if total is None:
            return None
        self._lark.remember_rows(self.table.base_id, self.table.id, total)
        return total if self._limit is None else min(total, self._limit)

    def _total_is_the_count(self) -> bool:
        if self._where or self._view is not None or not self._lark.options.trust_total:
            return False
        info = self._base_info()
        return info is not None and not info.is_advanced

    def head(self, n: int = 5) -> pd.DataFrame:
        """Return the first ``n`` rows as a DataFrame; one call for up to 500 rows."""
        limit = n if self._limit is None else min(n, self._limit)
        return self.limit(limit).to_pandas()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the rows to any Arrow library, page by page; each export reads anew."""
        return self.to_reader().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """Export the schema to any Arrow library without reading rows."""
        return self._target(self.plan(), "lark").__arrow_c_schema__()

    def __repr__(self) -> str:
        parts = [f"Scan {self.table.label}", *(" ".join(part) for part in self._asked())]
        return printable(f"<{' · '.join(parts)}>")

    def _repr_html_(self) -> str:
        rows = [{"": name, "what is asked": text} for name, text in self._asked()]
        hint = "<p>.to_pandas() reads it · .explain() tells what that costs</p>"
        table = html_table(rows, empty="every row of the table")
        return html_card(f"Scan {escape(self.table.label)}", table, hint)

    def _asked(self) -> list[tuple[str, str]]:
        """Return what was asked for, as pairs of word and text."""
        parts = []
        if self._columns is not None:
            parts.append(("columns", ", ".join(self._columns)))
        parts.extend(("where", str(condition)) for condition in self._where)
        if self._view is not None:
            parts.append(("view", self._view))
        if self._order:
            parts.append(("order by", ", ".join(self._order)))
        if self._limit is not None:
            parts.append(("limit", str(self._limit)))
        return parts


def _both(
    page: Callable[[int, int | None], None], heard: Callable[[int], None]
) -> Callable[[int, int | None], None]:
    def on_page(rows: int, total: int | None) -> None:
        page(rows, total)
        heard(rows)

    return on_page


def _exact_text(condition: Any) -> str:
    """Return a condition as text that no other one has: pyarrow shows long lists shortened."""
    if isinstance(condition, str):
        return condition
    return repr([bytes(part) for part in condition.__reduce__()[1]])


def _expression_filter(expressions: Sequence[Any], schema: TableSchema) -> Any:
    from functools import reduce

    import pyarrow.compute as pc

    from larkbase_sdk.read.expressions import from_expression

    for item in expressions:
        if not isinstance(item, pc.Expression):
            msg = f"A condition cannot be a {type(item).__name__}."
            raise QueryError(msg, hint="Give SQL text or a pyarrow expression (pc.field(…) > 1).")
    return from_expression(reduce(lambda left, right: left & right, expressions), schema)


def _is_count(rows: Any) -> bool:
    """Tell whether this is a whole number from 0; 5.0 is one, True and "5" are none."""
    try:
        return not isinstance(rows, bool) and int(rows) == rows and rows >= 0
    except (TypeError, ValueError, OverflowError):
        return False


def _sorted_by(schema: TableSchema, ref: str) -> str:
    """Return the SQL name of a column to sort by.

    Raises:
        QueryError: for a column that does not exist; a direction as in SQL is no part of a name.
    """
    name, _, direction = ref.rpartition(" ")
    if direction.lower() in ("asc", "desc") and not _is_column(schema, ref):
        msg = f'A direction is no part of a column\'s name: "{ref}".'
        wanted = name if direction.lower() == "asc" else f"-{name}"
        raise QueryError(msg, hint=f'Write "{wanted}"; a leading - means descending.')
    return schema.column(ref).name


def _is_column(schema: TableSchema, text: str) -> bool:
    try:
        schema.column(text)
    except QueryError:
        return False
    return True
