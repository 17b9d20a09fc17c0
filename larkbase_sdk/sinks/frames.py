"""Turn Arrow tables into pandas DataFrames without losing types or empties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def to_frame(table: pa.Table, dtype_backend: str, timezone: str | None) -> pd.DataFrame:
    """Return a table as a DataFrame with nullable columns.

    Args:
        table: The rows.
        dtype_backend: ``pyarrow`` or ``numpy_nullable``.
        timezone: IANA name in which times are shown, or None for UTC.

    Raises:
        ConfigurationError: for an unknown backend or time zone, and for values that pandas holds
            only in Arrow-backed columns, such as dates beyond the year 9999.
    """
    if timezone is not None:
        table = in_time_zone(table, timezone)
    mapper = _mapper(dtype_backend)
    try:
        frame: pd.DataFrame = table.to_pandas(types_mapper=mapper)
    except (ValueError, OverflowError, NotImplementedError) as error:
        msg = f"pandas cannot hold these rows as {dtype_backend}: {error}."
        raise ConfigurationError(msg, hint='Use dtype_backend="pyarrow".') from error
    return frame


def in_time_zone(table: pa.Table, timezone: str) -> pa.Table:
    """Return the table with every time shown in a zone; the instants stay the same."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    import pyarrow as pa

    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        msg = f"There is no time zone {timezone!r}."
        raise ConfigurationError(msg, hint="Use an IANA name such as Asia/Jakarta.") from error
    fields = [field.with_type(_in_zone(field.type, timezone)) for field in table.schema]
    return table.cast(pa.schema(fields, metadata=table.schema.metadata))


def _in_zone(kind: pa.DataType, timezone: str) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_timestamp(kind) and kind.tz:
        return pa.timestamp(kind.unit, timezone)
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_in_zone(kind.value_type, timezone)))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_in_zone(field.type, timezone)) for field in kind])
    return kind


def _mapper(dtype_backend: str) -> Any:
    import pandas as pd

    if dtype_backend == "pyarrow":
        return pd.ArrowDtype
    if dtype_backend == "numpy_nullable":
        return _numpy_types().get
    msg = f"There is no dtype backend {dtype_backend!r}."
    raise ConfigurationError(msg, hint='Use "pyarrow" or "numpy_nullable".')


def _numpy_types() -> dict[pa.DataType, Any]:
    import pandas as pd
    import pyarrow as pa

    return {
        pa.bool_(): pd.BooleanDtype(),
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.float32(): pd.Float32Dtype(),
        pa.float64(): pd.Float64Dtype(),
        pa.string(): pd.StringDtype(),
    }
