"""Times as DuckDB compares them exactly: in microseconds, whatever unit they are kept in."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from larkbase_sdk.sql.dataset import ScannedDataset


def in_microseconds(rows: Any) -> Any:
    """Return rows whose times with a zone are in microseconds, the unit of DuckDB's own.

    What DuckDB 1.5 asks of coarser ones in a filter it cuts to their unit, towards 1970: of
    ``< '2024-01-31 23:59:59.9995'`` it makes ``< 23:59:59.999``, which loses rows. Datasets of
    files, and times that do not fit, are returned as they are.
    """
    schema = getattr(rows, "schema", None)
    if not isinstance(schema, pa.Schema):
        return rows
    finer = finer_schema(schema)
    if finer.equals(schema):
        return rows
    if isinstance(rows, ScannedDataset):
        return rows.cast(finer)
    return _cast(rows, finer) if isinstance(rows, pa.Table) else rows


def finer_schema(schema: pa.Schema) -> pa.Schema:
    """Return a schema whose times with a zone are in microseconds where they were coarser."""
    fields = [field.with_type(_finer(field.type)) for field in schema]
    return pa.schema(fields, metadata=schema.metadata)


def _finer(kind: pa.DataType) -> pa.DataType:
    coarse = pa.types.is_timestamp(kind) and kind.tz is not None and kind.unit in ("s", "ms")
    return pa.timestamp("us", kind.tz) if coarse else kind


def _cast(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    try:
        return rows.cast(schema)
    except pa.ArrowInvalid:
        return rows
