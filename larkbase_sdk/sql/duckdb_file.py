"""Rows written into a DuckDB file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.errors import ConfigurationError
from larkbase_sdk.sinks.files import check_folder
from larkbase_sdk.sql.dataset import ScannedDataset
from larkbase_sdk.sql.session import quoted

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa


def write_duckdb(reader: pa.RecordBatchReader, path: Path, table: str) -> Path:
    """Write the batches into a table of a DuckDB file, all of them or none, and return the path.

    Raises:
        ConfigurationError: there is no such folder, or the file cannot be opened as a database.
        LarkBaseError: the reader's error.
    """
    import duckdb

    check_folder(path)
    rows = ScannedDataset(reader.schema, lambda *_: iter(reader))
    try:
        connection = duckdb.connect(str(path))
    except duckdb.Error as error:
        msg = f'The file "{path}" cannot be opened as a DuckDB database.'
        raise ConfigurationError(msg, hint=str(error).splitlines()[0]) from None
    failure = None
    with connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("larkbase_rows", rows)
        try:
            connection.execute(f"CREATE OR REPLACE TABLE {quoted(table)} AS FROM larkbase_rows")
        except duckdb.Error as error:
            failure = rows.error or error
    if failure is not None:
        raise failure
    return path
