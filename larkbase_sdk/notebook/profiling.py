"""What a column holds: how many cells are empty, how many values differ, how they spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from larkbase_sdk.notebook.cells import plain
from larkbase_sdk.read.operands import kind_of

if TYPE_CHECKING:
    import pyarrow as pa

    from larkbase_sdk.schema.table_schema import Column, TableSchema

_BINS = 20
_TOP = 5
_TELLING = ("name", "text", "full_address", "link_record_ids", "file_token")
"""Members of Lark's structures by which values are told apart."""


@dataclass(frozen=True, slots=True)
class Bar:
    """How often a value, or one of a range of values, occurs."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column of the rows that were read.

    Attributes:
        name: Lark's name of the column.
        lark_type: Its type in Lark's words.
        rows: Rows that were read.
        empty: Empty cells among them.
        distinct: Different values; of lists, different elements.
        low: The smallest value as text, or "" where values have no order of their own.
        high: The largest one.
        picture: ``histogram`` for ranges of equal width, ``top`` for the most frequent values.
        bars: What the picture shows, in its order.
    """

    name: str
    lark_type: str
    rows: int
    empty: int
    distinct: int
    low: str
    high: str
    picture: Literal["histogram", "top"]
    bars: tuple[Bar, ...]

    @property
    def filled(self) -> int:
        """Cells that are not empty."""
        return self.rows - self.empty


def profile_rows(rows: pa.Table, schema: TableSchema) -> tuple[ColumnProfile, ...]:
    """Return the profile of every column of some rows under SQL names; makes no call."""
    return tuple(_profile(column, rows.column(column.name)) for column in schema.columns)


def _profile(column: Column, cells: pa.ChunkedArray) -> ColumnProfile:
    kind = kind_of(column.arrow_type)
    values = _values(cells.combine_chunks())
    counts = _counts(values)
    spread = kind in ("number", "time") and bool(counts)
    low, high = _ends(values) if spread else ("", "")
    return ColumnProfile(
        name=column.lark_name,
        lark_type=column.lark_type,
        rows=len(cells),
        empty=cells.null_count,
        distinct=len(counts),
        low=low,
        high=high,
        picture="histogram" if spread else "top",
        bars=_histogram(values) if spread else _top(counts),
    )


def _values(cells: pa.Array) -> pa.Array:
    """Return what is in cells: of lists their elements, of structures the telling member."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(cells.type):
        return _values(pc.list_flatten(cells))
    if pa.types.is_struct(cells.type):
        names = [field.name for field in cells.type]
        member = next((name for name in _TELLING if name in names), names[0])
        return _values(pc.struct_field(cells, member))
    return cells.drop_null()


def _counts(values: pa.Array) -> list[tuple[Any, int]]:
    """Return the different values with their counts, the most frequent first."""
    import pyarrow.compute as pc

    counted = pc.value_counts(values)
    pairs = zip(
        counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True
    )
    return sorted(pairs, key=lambda pair: (-pair[1], str(pair[0])))


def _ends(values: pa.Array) -> tuple[str, str]:
    import pyarrow.compute as pc

    ends = pc.min_max(values).as_py()
    return plain(ends["min"]), plain(ends["max"])


def _top(counts: list[tuple[Any, int]]) -> tuple[Bar, ...]:
    """Return the most frequent values; none where every value occurs once."""
    if not counts or counts[0][1] == 1:
        return ()
    return tuple(Bar(plain(value), count) for value, count in counts[:_TOP])


def _histogram(values: pa.Array) -> tuple[Bar, ...]:
    """Return how the values spread over ranges of equal width; infinities are left out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    timed = pa.types.is_timestamp(values.type) or pa.types.is_date(values.type)
    numbers = values.cast(pa.timestamp("ms")).cast(pa.int64()) if timed else values
    floats = numbers.cast(pa.float64(), safe=False)
    finite = floats.filter(pc.is_finite(floats)).to_numpy(zero_copy_only=False)
    if not len(finite):
        return ()
    counts, edges = _bins(finite)
    labels = [_label(edge, values.type if timed else None) for edge in edges]
    return tuple(
        Bar(" – ".join(dict.fromkeys(labels[i : i + 2])), int(count))
        for i, count in enumerate(counts)
    )


def _bins(numbers: Any) -> tuple[Any, Any]:
    """Return the counts and the edges of ranges; one range where no twenty can be told apart."""
    import numpy as np

    low, high = numbers.min(), numbers.max()
    with np.errstate(over="ignore", invalid="ignore"):
        edges = np.linspace(low, high, _BINS + 1)
        # Given the edges, every release of numpy counts alike.
        if np.isfinite(edges).all() and (np.diff(edges) > 0).all():
            return np.histogram(numbers, bins=edges)
    return np.array([len(numbers)]), np.array([low, high])


def _label(edge: float, time_type: pa.DataType | None) -> str:
    if time_type is None:
        return format(edge, ".6g")
    import pyarrow as pa

    return plain(pa.scalar(round(edge), pa.timestamp("ms")).as_py())
