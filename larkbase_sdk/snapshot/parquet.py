"""The Parquet files of a snapshot: written in row groups of a bounded size, read with a check."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from larkbase_sdk.sinks.files import row_groups
from larkbase_sdk.snapshot.manifest import damaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

_ROWS_AT_ONCE = 50_000


def write_rows(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write batches to a Parquet file and return the number of rows; on disk when it returns.

    At most one row group is held in memory.

    Raises:
        OSError: when the file cannot be written.
    """
    import pyarrow.parquet as pq

    rows = 0
    options: dict[str, Any] = {"compression": "zstd", "write_page_checksum": True}
    with pq.ParquetWriter(path, schema, **options) as writer:
        for group in row_groups(batches, schema):
            writer.write_table(group, row_group_size=len(group))
            rows += len(group)
    flush_to_disk(path)
    return rows


def flush_to_disk(path: Path) -> None:
    """Make sure that a file outlives the machine, as far as the system lets us."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    Raises:
        OSError: when it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_rows(
    path: Path, columns: Sequence[str] | None = None, schema: pa.Schema | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file in their order, with some of the columns or all.

    Args:
        path: The file.
        columns: Names of the columns, in the order wanted; all when None.
        schema: What the file has to hold; not checked when None.

    Raises:
        SnapshotError: when the file is not as it was written.
    """
    import pyarrow.parquet as pq

    with _told_as_damage(path):
        file = pq.ParquetFile(path, page_checksum_verification=True)
    with file:
        if schema is not None and not file.schema_arrow.equals(schema):
            raise damaged(path, "its columns are not those of its schema file")
        if not file.num_row_groups:  # older versions of pyarrow fail where there is none
            return
        batches = file.iter_batches(_ROWS_AT_ONCE, columns=columns)
        while True:
            with _told_as_damage(path):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch if columns is None else batch.select(list(columns))


def read_table(path: Path, columns: Sequence[str]) -> pa.Table:
    """Return some columns of a Parquet file as a table.

    Raises:
        SnapshotError: when the file is not as it was written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with _told_as_damage(path):
        whole = pq.read_schema(path)
    schema = pa.schema([whole.field(name) for name in columns])
    return pa.Table.from_batches(
        [batch.cast(schema) for batch in read_rows(path, columns)], schema=schema
    )


def open_dataset(path: Path) -> Any:
    """Return a Parquet file as a pyarrow dataset, for engines that read it by themselves.

    Its times are in microseconds, see `in_microseconds`.

    Raises:
        SnapshotError: when the file is not as it was written.
    """
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    from larkbase_sdk.sql.times import finer_schema

    checked = ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    kind = ds.ParquetFileFormat(default_fragment_scan_options=checked)
    with _told_as_damage(path):
        return ds.dataset(path, schema=finer_schema(pq.read_schema(path)), format=kind)


@contextmanager
def _told_as_damage(path: Path) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError as error:
        raise damaged(path, "it is missing") from error
    except (pa.ArrowException, OSError) as error:
        raise damaged(path, str(error).splitlines()[0]) from error
