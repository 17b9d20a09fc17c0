"""Show link cells as the linked rows: fetch them in batches and nest them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import QueryError, SourceSkipped, UnsupportedField, warn
from larkbase_sdk.read.ahead import ReadAhead
from larkbase_sdk.read.count import server_total
from larkbase_sdk.read.decode import PageDecoder
from larkbase_sdk.read.plan import Part, Residual
from larkbase_sdk.read.reader import read_part

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    import pyarrow as pa

    from larkbase_sdk.read.decode import Records
    from larkbase_sdk.read.pages import ReadContext
    from larkbase_sdk.scan import Expand, Scan
    from larkbase_sdk.schema.table_schema import Column, NameKind, TableSchema

_IDS_PER_CALL = 100
"""Records that Lark gives by id in one call (batch-get page of Lark's documentation)."""

_CALLS_BEFORE_COUNTING = 5


def expand_links(
    scan: Scan,
    table: pa.Table,
    expand: Expand,
    names: NameKind,
    linked: type[LinkedTable] | None = None,
) -> pa.Table:
    """Return ``table`` with link columns as ``list<struct>`` of the linked rows.

    A linked row that is gone or hidden is NULL in its list, so that the list keeps its length.
    ``linked`` reads the linked rows; from Lark when None.

    Raises:
        QueryError: when a column is not in the result, does not exist, or is named twice.
        UnsupportedField: when a column is no link.
    """
    schema = scan.table.schema
    expanded: set[str] = set()
    for ref, wanted in _wanted(expand).items():
        column = schema.column(ref)
        title = _title(schema, column, names)
        if title in expanded:
            msg = f'The link column "{title}" is to be expanded twice.'
            raise QueryError(msg, hint="Give one list of the columns wanted of its linked table.")
        expanded.add(title)
        position = table.schema.get_field_index(title)
        if position < 0:
            msg = f'The link column "{title}" is to be expanded, but is not among the columns read.'
            raise QueryError(msg, hint="Add it to columns, or leave it out of expand.")
        reader = (linked or LinkedTable)(scan, column, wanted, names)
        rows = reader.nested(table.column(position))
        table = table.set_column(position, title, rows)
    return table


def _wanted(expand: Expand) -> dict[str, tuple[str, ...]]:
    if isinstance(expand, str):
        return {expand: ()}
    if isinstance(expand, Mapping):
        return {
            ref: (columns,) if isinstance(columns, str) else tuple(columns)
            for ref, columns in expand.items()
        }
    return dict.fromkeys(expand, ())


def _title(schema: TableSchema, column: Column, names: NameKind) -> str:
    position = schema.columns.index(column) + 1
    return str(schema.to_arrow(names).field(position).name)


class LinkedTable:
    """The rows of the table that a link column points to."""

    def __init__(self, scan: Scan, column: Column, wanted: Sequence[str], names: NameKind) -> None:
        if column.result.shape != "links" or column.wrapper is not None:
            msg = f'The column "{column.lark_name}" is no link: it is of type {column.lark_type}.'
            raise UnsupportedField(msg, hint="expand takes SingleLink and DuplexLink columns.")
        self._scan = scan
        self._column = column
        self._names = names
        self._base_id = scan.table.base_id
        self._table_id = str(column.field.property.get("table_id") or "")
        metadata = scan.table.database.lark.metadata
        # Rows by id come with all fields: Lark cannot refuse a name that is no longer one.
        self._schema = metadata.fresh_schema(self._base_id, self._table_id)
        found = {column.name: column for column in map(self._schema.column, wanted)}
        self._columns = list(found.values()) or self._primary()

    @cached_property
    def _context(self) -> ReadContext:
        metadata = self._scan.table.database.lark.metadata
        return replace(
            self._scan.read_context(),
            refresh=lambda: metadata.fresh_schema(self._base_id, self._table_id),
            table=f"{self._scan.table.database.name}.{self._schema.table_name or self._table_id}",
        )

    def _primary(self) -> list[Column]:
        primary = self._schema.primary
        if primary is None:
            msg = f'The table linked by "{self._column.lark_name}" has no readable primary field.'
            raise QueryError(msg, hint="Name the columns: expand={column: [name, …]}.")
        return [primary]

    def nested(self, links: pa.ChunkedArray) -> pa.Array:
        """Return the linked rows of each cell as a list of structs."""
        import pyarrow as pa
        import pyarrow.compute as pc

        cells = links.combine_chunks() if links.num_chunks else pa.array([], links.type)
        ids = pc.struct_field(cells, "link_record_ids")
        flat = ids.flatten()
        rows = self._rows(pc.unique(flat).to_pylist())
        positions = pc.index_in(flat, value_set=rows.column(0))
        titles = [_title(self._schema, column, self._names) for column in self._columns]
        arrays = [rows.column(i + 1) for i in range(len(titles))]
        fields = [pa.field(t, a.type) for t, a in zip(titles, arrays, strict=True)]
        structs = pa.StructArray.from_arrays(arrays, fields=fields).take(positions)
        lengths = pc.list_value_length(ids)
        ends = pc.cumulative_sum(pc.fill_null(lengths, 0))
        offsets = pa.concat_arrays([pa.array([0], ends.type), ends]).cast(pa.int32())
        return pa.ListArray.from_arrays(offsets, structs, mask=pc.is_null(ids))

    def _rows(self, ids: list[str]) -> pa.RecordBatch:
        """Return the linked rows: record id and the wanted columns."""
        import pyarrow as pa

        batches = self._batches(ids)
        kinds = [(column.name, column.arrow_type) for column in self._columns]
        schema = pa.schema([pa.field("record_id", pa.string(), nullable=False), *kinds])
        table = pa.Table.from_batches(batches, schema).combine_chunks()
        return (table.to_batches() or [pa.RecordBatch.from_pylist([], schema)])[0]

    def _batches(self, ids: list[str]) -> list[pa.RecordBatch]:
        """Return at least the rows with these ids, under SQL names."""
        return self._by_scan() if self._scan_is_cheaper(len(ids)) else self._by_id(ids)

    def _part(self) -> Part:
        fields = tuple(column.field_id for column in self._columns)
        return Part(
            self._base_id,
            self._table_id,
            fields,
            page_size=self._scan.table.database.lark.options.page_size,
        )

    def _scan_is_cheaper(self, count: int) -> bool:
        calls = ceil(count / _IDS_PER_CALL)
        if calls <= _CALLS_BEFORE_COUNTING:
            return False
        part = self._part()
        total = server_total(self._context, part, self._schema)
        return total is not None and ceil(total / part.page_size) < calls

    def _by_scan(self) -> list[pa.RecordBatch]:
        return list(read_part(self._context, self._part(), self._schema, Residual()))

    def _by_id(self, ids: list[str]) -> list[pa.RecordBatch]:
        records = list(self._records(ids))
        batches = [found.batch for found in records]
        forbidden = sum(len(found.forbidden) for found in records)
        if forbidden:
            text = f'{forbidden} rows linked by "{self._column.lark_name}" are hidden from the app.'
            warn(text, SourceSkipped)
        elif ids:
            self._tell_what_may_be_hidden(batches)
        return batches

    def _records(self, ids: list[str]) -> Iterator[Records]:
        """Yield the answers for the ids in their order; later ones are fetched meanwhile."""
        context = self._context
        # Cells are decoded in the threads that fetch; warnings belong into the caller's thread.
        notes: deque[tuple[str, str]] = deque()
        decoder = PageDecoder(
            self._columns,
            strict=context.options.strict,
            warn=lambda column, reason: notes.append((column, reason)),
        )

        def fetch(start: int, stop: threading.Event | None) -> Records:
            wanted = ids[start : start + _IDS_PER_CALL]
            return context.bitable.batch_get(
                self._base_id, self._table_id, wanted, parse=decoder.decode_records, stop=stop
            )

        starts = range(0, len(ids), _IDS_PER_CALL)
        at_a_time = context.options.concurrency
        with closing(ReadAhead(fetch, 2 * at_a_time if at_a_time > 1 else 1)) as ahead:
            for number, start in enumerate(starts):
                yield ahead.take(start, starts[number + 1 :])
                while notes:
                    context.warn_of_cell(*notes.popleft())

    def _tell_what_may_be_hidden(self, batches: list[pa.RecordBatch]) -> None:
        """Warn of rows and fields that Lark leaves out of an answer without a word."""
        context = self._context
        if not any(len(batch) for batch in batches):
            context.warn_if_restricted(f'rows linked by "{self._column.lark_name}"')
            return
        empty = any(
            all(batch.column(column.name).null_count == len(batch) for batch in batches)
            for column in self._columns
        )
        if empty and context.restricted is not None and context.restricted():
            # A search names the fields, so Lark refuses a hidden one, which is warned of.
            server_total(context, self._part(), self._schema)


def explode_links(scan: Scan, table: pa.Table, expand: Expand | None, names: NameKind) -> pa.Table:
    """Return one row per linked row, in columns ``Link.Column``; rows without links stay.

    Raises:
        QueryError: when not exactly one link column was expanded.
    """
    refs = list(_wanted(expand)) if expand is not None else []
    if len(refs) != 1:
        msg = "explode needs exactly one expanded link column."
        raise QueryError(msg, hint='Give expand="Column" or expand={"Column": […]}.')
    import pyarrow as pa

    schema = scan.table.schema
    title = _title(schema, schema.column(refs[0]), names)
    position = table.schema.get_field_index(title)
    parents, structs = _flattened(table.column(position).combine_chunks())
    rows = table.take(parents)
    arrays: list[Any] = list(rows.columns)
    fields = list(table.schema)
    arrays[position : position + 1] = structs.flatten()
    fields[position : position + 1] = [
        pa.field(f"{title}.{field.name}", field.type) for field in structs.type
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, table.schema.metadata))


def _flattened(cells: pa.ListArray) -> tuple[pa.Array, pa.StructArray]:
    """Return for each linked row its position in ``cells``; a cell without rows counts once."""
    import pyarrow as pa

    parents: list[int] = []
    children: list[int | None] = []
    offsets = cells.offsets.to_pylist()
    for row, (start, end, valid) in enumerate(
        zip(offsets, offsets[1:], cells.is_valid().to_pylist(), strict=False)
    ):
        linked = list(range(start, end)) if valid and end > start else [None]
        parents.extend([row] * len(linked))
        children.extend(linked)
    return pa.array(parents, pa.int64()), cells.values.take(pa.array(children, pa.int64()))
