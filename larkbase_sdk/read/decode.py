"""Decode the answers of the record calls into record batches of the declared types.

The usual page goes through pyarrow's JSON reader and one kernel per column. What that reader
refuses, and columns without a kernel, go through plain JSON and the cell converters; both ways
give the same batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.json as pj

from larkbase_sdk.api.answers import MalformedBody
from larkbase_sdk.errors import CellNotConverted, ServiceError, warn
from larkbase_sdk.read.bodies import RECORD_ID, Layout, read_columns, read_members, rows_of
from larkbase_sdk.read.cells import cell_converter
from larkbase_sdk.read.kernels import Kernel, guess_for, kernel_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from larkbase_sdk.read.scalars import Converter
    from larkbase_sdk.schema.table_schema import Column

_STRING = pa.string()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search.

    Attributes:
        batch: ``record_id`` (never NULL) and one array per column.
        has_more: Whether more pages follow.
        page_token: Token of the next page; None when Lark gave none.
        total: Number of records that Lark names; None when it names none.
    """

    batch: pa.RecordBatch
    has_more: bool
    page_token: str | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Records:
    """Records that were asked for by id.

    Attributes:
        batch: The records that were found, as in a page.
        absent: Ids that the table does not hold.
        forbidden: Ids that the caller may not read.
    """

    batch: pa.RecordBatch
    absent: tuple[str, ...]
    forbidden: tuple[str, ...]


_SEARCH = Layout(
    "items", (("has_more", pa.bool_()), ("page_token", _STRING), ("total", pa.int64()))
)
_BATCH_GET = Layout(
    "records",
    (("absent_record_ids", pa.list_(_STRING)), ("forbidden_record_ids", pa.list_(_STRING))),
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one column is decoded: by its kernel where it has one, else cell by cell."""

    column: Column
    kernel: Kernel | None
    convert: Converter
    guessed: bool = False


class _Bulk:
    """Reads pages in one go, as far as the columns have kernels."""

    def __init__(self, plans: Sequence[_Plan]) -> None:
        self.plans = plans
        self._options: dict[str, pj.ParseOptions] = {}

    def read(self, body: bytes, layout: Layout) -> Any:
        """Return what ``read_columns`` does."""
        options = self._options.get(layout.records)
        if options is None:
            options = self._options[layout.records] = _parse_options(self.plans, layout)
        return read_columns(body, options)

    def without_guesses(self) -> _Bulk | None:
        """Return the reader that only knows what is certain; None when this one is it."""
        if not any(plan.guessed for plan in self.plans):
            return None
        plans = [
            replace(plan, kernel=None, guessed=False) if plan.guessed else plan
            for plan in self.plans
        ]
        return _Bulk(plans)


class PageDecoder:
    """Decodes pages of one list of columns; pages may be decoded in several threads at once.

    A cell that cannot be converted is NULL, and ``warn`` is called for it, once per column. A
    row is never dropped. The batches keep no reference to the bodies they came from.

    Args:
        columns: The columns to decode, in the order of the batch; cells of others are ignored.
        strict: Raise for a cell that cannot be converted.
        warn: Called with the name of the column and the reason; by default a
            ``CellNotConverted`` warning is given.

    Attributes:
        schema: Schema of every batch: ``record_id`` and the columns under their SQL names.
        unconverted: SQL names of columns of which a cell, though not empty, became NULL.

    Raises:
        UnsupportedField: a column is declared with a type that no cell can be converted to.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        strict: bool = False,
        warn: Callable[[str, str], None] | None = None,
    ) -> None:
        self.schema = pa.schema(
            [
                pa.field(RECORD_ID, _STRING, nullable=False),
                *(pa.field(column.name, column.arrow_type) for column in columns),
            ]
        )
        self._bulk = _Bulk(_plans(columns))
        self._exact = any("decimal" in str(column.arrow_type) for column in columns)
        self._strict = strict
        self._warn = warn or _warn
        self.unconverted: set[str] = set()

    def decode(self, body: bytes) -> Page:
        """Return the page in the answer of a search call.

        Missing or null ``items`` are an empty page. Unknown members are ignored.

        Raises:
            MalformedBody: the body is no JSON, or not of the shape of such an answer.
            ServiceError: ``strict`` is on and a cell cannot be converted.
        """
        batch, extras = self._decode(body, _SEARCH)
        token = extras["page_token"]
        return Page(
            batch, _flag(extras["has_more"]), str(token) if token else None, _count(extras["total"])
        )

    def decode_records(self, body: bytes) -> Records:
        """Return the records in the answer of a "batch get" call.

        Raises:
            MalformedBody: the body is no JSON, or not of the shape of such an answer.
            ServiceError: ``strict`` is on and a cell cannot be converted.
        """
        batch, extras = self._decode(body, _BATCH_GET)
        return Records(
            batch,
            _ids(extras["absent_record_ids"]),
            _ids(extras["forbidden_record_ids"]),
        )

    def _decode(self, body: bytes, layout: Layout) -> tuple[pa.RecordBatch, dict[str, Any]]:
        bulk, data = self._read(body, layout)
        if data is not None:
            items = data.field(layout.records).values
            batch = self._from_columns(bulk.plans, items, body, layout)
            if batch is not None:
                return batch, {name: data.field(name)[0].as_py() for name, _ in layout.extras}
        members = read_members(body, exact=self._exact)
        rows = rows_of(members, layout)
        arrays = [pa.array([row[RECORD_ID] for row in rows], _STRING)]
        arrays += [self._convert(plan, rows) for plan in bulk.plans]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self.schema)
        return batch, {name: members.get(name) for name, _ in layout.extras}

    def _read(self, body: bytes, layout: Layout) -> tuple[_Bulk, Any]:
        """Read a page in bulk; after a page that a guess may have spoilt, nothing is guessed."""
        bulk = self._bulk
        data = bulk.read(body, layout)
        certain = bulk.without_guesses() if data is None else None
        if certain is None:
            return bulk, data
        self._bulk = certain
        return certain, certain.read(body, layout)

    def _from_columns(
        self, plans: Sequence[_Plan], items: Any, body: bytes, layout: Layout
    ) -> pa.RecordBatch | None:
        """Run the kernels; None when the page must be read the slow way as a whole."""
        ids = items.field(0)
        if ids.null_count:
            return None
        arrays: list[Any] = [ids]
        rows: list[dict[str, Any]] | None = None
        cells = iter(items.field(1).flatten() if items.type.num_fields > 1 else ())
        for plan in plans:
            array = plan.kernel.run(next(cells)) if plan.kernel else None
            if array is None:
                if rows is None:
                    rows = rows_of(read_members(body, exact=self._exact), layout)
                array = self._convert(plan, rows)
            arrays.append(array)
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _convert(self, plan: _Plan, rows: list[dict[str, Any]]) -> Any:
        name = plan.column.lark_name
        notes: list[str] = []
        values = []
        for row in rows:
            values.append(plan.convert(row["fields"].get(name), notes.append))
            if notes:
                self._report(plan.column, row[RECORD_ID], notes[0])
                notes.clear()
        return pa.array(values, plan.column.arrow_type)

    def _report(self, column: Column, record_id: str, reason: str) -> None:
        if self._strict:
            msg = (
                f'A cell of column "{column.name}" cannot be converted to {column.arrow_type}: '
                f"{reason} (record {record_id})."
            )
            hint = "Mend the cell in Lark, or turn strict off to read it as NULL."
            context = {"column": column.name, "record_id": record_id}
            raise ServiceError(msg, hint=hint, context=context)
        if column.name not in self.unconverted:
            self.unconverted.add(column.name)
            self._warn(column.name, reason)


def _plans(columns: Sequence[Column]) -> list[_Plan]:
    plans = []
    read: set[str] = set()
    for column in columns:
        # The JSON reader gives a member once, so a second column of that name is converted.
        known = guess = None
        if column.lark_name not in read:
            known = kernel_for(column)
            guess = guess_for(column) if known is None else None
        if known or guess:
            read.add(column.lark_name)
        plans.append(_Plan(column, known or guess, cell_converter(column), guess is not None))
    return plans


def _parse_options(plans: Sequence[_Plan], layout: Layout) -> pj.ParseOptions:
    """Return the trimmed shape of the answer: only what the kernels ask for."""
    item = [pa.field(RECORD_ID, _STRING)]
    cells = [(plan.column.lark_name, plan.kernel.raw) for plan in plans if plan.kernel]
    if cells:
        item.append(pa.field("fields", pa.struct(cells)))
    members = [(layout.records, pa.list_(pa.struct(item))), *layout.extras]
    return pj.ParseOptions(
        explicit_schema=pa.schema([("data", pa.struct(members))]),
        unexpected_field_behavior="ignore",
    )


def _ids(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        msg = "a list of record ids is none"
        raise MalformedBody(msg)
    return tuple(value)


def _flag(value: Any) -> bool:
    return value is True or value == 1 or str(value).lower() == "true"


def _count(value: Any) -> int | None:
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _warn(column: str, reason: str) -> None:
    text = f'A cell of column "{column}" became NULL: {reason}.'
    warn(text, CellNotConverted)
