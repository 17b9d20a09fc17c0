"""A pyarrow dataset whose rows are read when it is scanned, by whoever can filter them best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import pyarrow as pa
import pyarrow.dataset as ds

from larkbase_sdk.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow.compute as pc

    Read = Callable[[list[str], pc.Expression | None], Iterator[pa.RecordBatch]]


class ScannedDataset(ds.Dataset):  # type: ignore[misc]  # pyarrow has no types
    """Rows that somebody reads page by page, for DuckDB, polars and pyarrow alike.

    An engine hands its columns and its filter to ``scanner`` and believes that the filter was
    applied. So it is applied here, exactly, to every batch, whatever ``read`` made of it, and only
    then are the columns cut to those wanted: the filter may look at others.

    Reading is lazy: a batch is fetched when the engine asks for it, and none after the engine
    has stopped.

    Args:
        schema: All columns.
        read: Yields batches for (columns wanted, filter or None). They hold at least the columns
            wanted and those that the filter looks at; their rows are at least those for which
            the filter is true. Every scan calls it once.

    Attributes:
        error: The first error raised inside a scan, or None. Engines in other languages replace
            it by one of their own, so whoever ran the engine raises this one.
    """

    def __init__(self, schema: pa.Schema, read: Read) -> None:
        # The C++ part of the base class stays empty: nothing that reaches for it is left usable.
        self._schema = schema
        self._read = read
        self._filter: pc.Expression | None = None
        self.error: BaseException | None = None

    @property
    def schema(self) -> pa.Schema:
        """The columns; no call."""
        return self._schema

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002 (pyarrow's name)
        **_: Any,
    ) -> DatasetScanner:
        """Return a scan; no call. Sizes and read-ahead that engines ask for do not matter here.

        Raises:
            QueryError: for columns that are computed, or not there.
        """
        wanted = self._schema.names if columns is None else columns
        if isinstance(wanted, dict) or not set(wanted) <= set(self._schema.names):
            msg = "A scan of this dataset yields its own columns only."
            raise QueryError(msg, hint="Compute with the table it gives: dataset.to_table().")
        if self._filter is not None:
            filter = self._filter if filter is None else self._filter & filter  # noqa: A001
        return DatasetScanner(self, list(wanted), filter)

    def batches(
        self, columns: list[str], target: pa.Schema, condition: pc.Expression | None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows for which a condition is true, cut to the columns of ``target``."""
        try:
            for batch in self._read(columns, condition):
                for part in _filtered(batch, condition):
                    arrays = [part.column(name) for name in target.names]
                    yield pa.RecordBatch.from_arrays(arrays, schema=target)
        except GeneratorExit:
            raise
        except BaseException as error:
            self.error = self.error or error
            raise

    def filter(self, expression: pc.Expression) -> ScannedDataset:
        """Return the dataset with one more condition; no call."""
        found = ScannedDataset(self._schema, self._read)
        found._filter = expression if self._filter is None else self._filter & expression
        return found

    def cast(self, schema: pa.Schema) -> ScannedDataset:
        """Return the dataset with other types under the same names; no call."""

        def read(columns: list[str], condition: pc.Expression | None) -> Iterator[pa.RecordBatch]:
            for batch in self._read(columns, condition):
                fields = [schema.field(name) for name in batch.schema.names]
                yield batch.cast(pa.schema(fields))

        found = ScannedDataset(schema, read)
        found._filter = self._filter
        return found

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        msg = "This dataset is read over the network and has no files."
        raise QueryError(msg, hint="Read it first: dataset.to_table().")

    get_fragments = join = join_asof = replace_schema = sort_by = _refuse

    @property
    def partition_expression(self) -> None:
        """None: there are no partitions."""
        return

    def __reduce__(self) -> NoReturn:
        self._refuse()

    def __repr__(self) -> str:
        return f"<ScannedDataset of {len(self._schema)} columns>"


class DatasetScanner:
    """One scan of a `ScannedDataset`, as engines take it; each reading of it calls again.

    Attributes:
        projected_schema: Columns of the batches.
        dataset_schema: Columns of the dataset.
    """

    def __init__(
        self, dataset: ScannedDataset, columns: list[str], condition: pc.Expression | None
    ) -> None:
        self._dataset = dataset
        self._columns = columns
        self._condition = condition
        self.dataset_schema = dataset.schema
        self.projected_schema = pa.schema(
            [dataset.schema.field(name) for name in columns], metadata=dataset.schema.metadata
        )

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, each fetched when it is asked for."""
        return self._dataset.batches(self._columns, self.projected_schema, self._condition)

    def to_reader(self) -> pa.RecordBatchReader:
        """Return a reader of the batches."""
        return pa.RecordBatchReader.from_batches(self.projected_schema, self.to_batches())

    def to_table(self) -> pa.Table:
        """Read all rows."""
        return self.to_reader().read_all()

    def head(self, num_rows: int) -> pa.Table:
        """Read the first rows, and no page more than they need."""
        found: list[pa.RecordBatch] = []
        missing = num_rows
        for batch in self.to_batches() if missing > 0 else ():
            found.append(batch.slice(0, missing))
            missing -= len(found[-1])
            if missing <= 0:
                break
        return pa.Table.from_batches(found, schema=self.projected_schema)

    def count_rows(self) -> int:
        """Count the rows by reading them, with no more columns than the condition needs."""
        first = self._columns[:1] or self.dataset_schema.names[:1]
        target = pa.schema([self.dataset_schema.field(name) for name in first])
        return sum(map(len, self._dataset.batches(first, target, self._condition)))


def _filtered(batch: pa.RecordBatch, condition: pc.Expression | None) -> list[pa.RecordBatch]:
    if condition is None:
        return [batch]
    found: list[pa.RecordBatch] = pa.Table.from_batches([batch]).filter(condition).to_batches()
    return found
