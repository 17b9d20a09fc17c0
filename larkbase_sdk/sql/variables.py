"""Local variables that hold tables, as Arrow tables."""

from __future__ import annotations

import inspect
import threading
from collections import ChainMap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa


def variables_of_caller() -> Mapping[str, Any]:
    """Return the variables where the function that calls this one was called: locals first."""
    own = inspect.currentframe()
    caller = own.f_back.f_back if own is not None and own.f_back is not None else None
    return {} if caller is None else ChainMap(caller.f_locals, caller.f_globals)


def table_of(value: Any) -> Any | None:
    """Return what DuckDB scans for the value of a variable, or None when it is no table.

    DataFrames of pandas and polars, tables, batches, readers and datasets of pyarrow, relations
    of DuckDB, results, and whatever else exports an Arrow stream. A named index of a DataFrame,
    such as ``record_id``, is a column.
    """
    import pyarrow.dataset as ds

    library = type(value).__module__.partition(".")[0]
    if library == "pandas":
        return _scannable(_of_pandas(value))
    if library == "pyarrow" or isinstance(value, ds.Dataset):
        return _scannable(_of_pyarrow(value))
    if library == "polars" and hasattr(value, "collect"):
        value = value.collect()
    return _scannable(_of_stream(value))


def _scannable(table: Any) -> Any:
    """Return a table in which DuckDB can filter: Arrow's kernels lack those for view types."""
    import pyarrow as pa

    if not isinstance(table, pa.Table):
        return table
    plain = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    fields = [field.with_type(plain.get(field.type, field.type)) for field in table.schema]
    return table.cast(pa.schema(fields, metadata=table.schema.metadata))


def _of_pandas(value: Any) -> Any | None:
    import pandas as pd
    import pyarrow as pa

    if not isinstance(value, pd.DataFrame):
        return None
    named = all(name is not None for name in value.index.names)
    try:
        return pa.Table.from_pandas(value, preserve_index=named)
    except (pa.ArrowException, ValueError, TypeError):
        return value  # cells of several types: DuckDB makes texts of them


def _of_pyarrow(value: Any) -> Any | None:
    import pyarrow as pa
    import pyarrow.dataset as ds

    if isinstance(value, pa.RecordBatch):
        return pa.Table.from_batches([value])
    if isinstance(value, pa.RecordBatchReader):
        return _readable_again(value)
    return value if isinstance(value, pa.Table | ds.Dataset) else None


def _readable_again(reader: pa.RecordBatchReader) -> Any:
    """Return the rows of a reader, which gives them once, for any number of scans.

    A statement may name it twice, and DuckDB would find nothing the second time.
    """
    from larkbase_sdk.sql.dataset import ScannedDataset

    lock = threading.Lock()
    kept: list[pa.Table] = []

    def read(*_: Any) -> Iterator[pa.RecordBatch]:
        with lock:
            if not kept:
                kept.append(reader.read_all())
        yield from kept[0].to_batches()

    return ScannedDataset(reader.schema, read)


def _of_stream(value: Any) -> Any | None:
    import pyarrow as pa

    if isinstance(value, type):
        return None
    if hasattr(value, "to_arrow_table"):
        return value.to_arrow_table()
    if hasattr(value, "__arrow_c_stream__"):
        return None if _is_column(value) else pa.table(value)
    return None


def _is_column(value: Any) -> bool:
    """Tell whether a value exports a single column, as the Series of polars does."""
    return type(value).__name__ == "Series"


def without_rows(table: Any) -> Any:
    """Return a table of the same columns that costs nothing to scan."""
    return table.schema.empty_table() if hasattr(table, "schema") else table.head(0)
