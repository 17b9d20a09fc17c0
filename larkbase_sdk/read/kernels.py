"""Turn the columns that pyarrow's JSON reader gives into a column's declared type, whole at once.

A kernel knows one usual shape of cells. It gives exactly what the cell converters give, or None
where it cannot tell, in which case the column is converted cell by cell. The kernels rely on
what the reader builds: children of a null struct are null, a null list has no elements, and no
array is a slice of another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from larkbase_sdk.read.cells import OLDER_MEMBERS
from larkbase_sdk.read.scalars import FIRST_MILLI, LAST_MILLI, is_millis

if TYPE_CHECKING:
    from larkbase_sdk.schema.field_types import Shape
    from larkbase_sdk.schema.table_schema import Column

Step = Callable[[Any], Any]
"""Takes an array and returns another, or None when it holds something unusual."""

_STRING = pa.string()
_SEGMENT = pa.struct([("text", _STRING)])
_PLAIN_MEMBERS = (_STRING, pa.list_(_STRING))
_WIDE = 76
_INDEX = pa.int32()
_ZERO, _ONE = pa.scalar(0, _INDEX), pa.scalar(1, _INDEX)
_NO_TEXT, _NULL_TEXT = pa.scalar("", _STRING), pa.scalar(None, _STRING)
_LISTS: frozenset[Shape] = frozenset({"texts", "persons", "chats", "attachments"})
_RECORDS: frozenset[Shape] = frozenset(
    {"persons", "chats", "attachments", "links", "url", "location"}
)


@dataclass(frozen=True, slots=True)
class Kernel:
    """How one column is read.

    Attributes:
        raw: Type to ask of the JSON reader.
        run: Turns an array of that type into the column, or returns None.
    """

    raw: pa.DataType
    run: Step


def kernel_for(column: Column) -> Kernel | None:
    """Return the kernel of a column, or None when its cells are converted one by one."""
    shape, target = column.result.shape, column.arrow_type
    if column.wrapper is not None:
        return _wrapped(shape, target)
    if shape == "segments":
        return Kernel(pa.list_(_SEGMENT), _joined) if target == _STRING else None
    if shape in _LISTS:
        return _plain_list(shape, target)
    leaf = _leaf(shape, target)
    if leaf is None:
        return None
    finish = _checked if shape == "checkbox" else _finish(shape)
    return Kernel(leaf.raw, _chain(leaf.run, finish))


def guess_for(column: Column) -> Kernel | None:
    """Return the kernel of the likeliest cells of a formula whose result Lark does not declare.

    A formula that says nothing of its result mostly gives text. Cells of other kinds make the
    JSON reader refuse the whole page.
    """
    text = column.result.shape == "unknown" and column.arrow_type == _STRING
    if column.wrapper is None or not text:
        return None
    return _wrapper(Kernel(_SEGMENT, _segment_text), _joined)


def _plain_list(shape: Shape, target: pa.DataType) -> Kernel | None:
    leaf = _leaf(shape, target.value_type) if pa.types.is_list(target) else None
    return None if leaf is None else Kernel(target, _lists_or_null)


def _wrapped(shape: Shape, target: pa.DataType) -> Kernel | None:
    """Read ``{"value": [...]}``: a list stays one, a single value is taken out of it."""
    if pa.types.is_list(target):
        return _wrapped_list(shape, target)
    leaf = _leaf(shape, target)
    if leaf is None or shape == "links":
        return None
    steps = (_joined,) if shape == "segments" else (_first, leaf.run, _finish(shape))
    return _wrapper(leaf, *steps)


def _wrapped_list(shape: Shape, target: pa.DataType) -> Kernel | None:
    element = target.value_type
    if shape in _LISTS and pa.types.is_list(element):
        leaf = _leaf(shape, element.value_type)
        return None if leaf is None else _wrapper(leaf, _nested(target), _lists_or_null)
    leaf = _leaf(shape, element)
    return None if leaf is None else _wrapper(leaf, _each(leaf, target), _lists_or_null)


def _wrapper(leaf: Kernel, *steps: Step) -> Kernel:
    return Kernel(pa.struct([("value", pa.list_(leaf.raw))]), _chain(_value, *steps))


def _finish(shape: Shape) -> Step:
    """Return the step that turns empty values into NULL."""
    if shape in ("text", "texts"):
        return _texts_or_null
    return _records_or_null if shape in _RECORDS else _same


def _leaf(shape: Shape, target: pa.DataType) -> Kernel | None:
    """Return how one value of a shape is read as ``target``, without a look at emptiness."""
    if shape in _RECORDS:
        return Kernel(target, _same) if _is_plain_record(target) else None
    if shape in ("text", "texts"):
        return Kernel(_STRING, _same) if target == _STRING else None
    if shape == "segments":
        return Kernel(_SEGMENT, _segment_text) if target == _STRING else None
    if shape == "checkbox":
        return Kernel(target, _same) if pa.types.is_boolean(target) else None
    if shape == "millis":
        return Kernel(pa.int64(), _times(target)) if is_millis(target) else None
    return _number(target) if shape == "number" else None


def _number(target: pa.DataType) -> Kernel | None:
    if pa.types.is_float64(target):
        return Kernel(target, _finite)
    if pa.types.is_integer(target):
        return Kernel(target, _same)
    if pa.types.is_decimal128(target):
        # Into decimal128 the reader lets numbers overflow in silence; the wide type tells.
        return Kernel(pa.decimal256(_WIDE, target.scale), _narrowed(target))
    return None


def _is_plain_record(target: pa.DataType) -> bool:
    """Whether the reader fills every member as it stands: texts, whole numbers, lists of texts."""
    return pa.types.is_struct(target) and all(
        member.name not in OLDER_MEMBERS
        and (member.type in _PLAIN_MEMBERS or pa.types.is_integer(member.type))
        for member in target
    )


def _chain(*steps: Step) -> Step:
    steps = tuple(step for step in steps if step is not _same)
    if len(steps) == 1:
        return steps[0]

    def run(array: Any) -> Any:
        for step in steps:
            array = step(array)
            if array is None:
                return None
        return array

    return run


def _same(array: Any) -> Any:
    return array


def _value(wrapper: Any) -> Any:
    """Take the wrapper off; None when a wrapper without a value is among them."""
    value = wrapper.field(0)
    return value if value.null_count == wrapper.null_count else None


def _first(lists: Any) -> Any:
    """Return the only element of each list; None when one has several."""
    if pc.greater(pc.list_value_length(lists), _ONE).true_count:
        return None
    lists = _lists_or_null(lists)
    return pc.list_element(lists, 0) if lists.null_count else lists.values


def _each(leaf: Kernel, target: pa.DataType) -> Step:
    """Apply a leaf to the elements of lists."""
    if leaf.run is _same:
        return _same

    def run(lists: Any) -> Any:
        values = leaf.run(lists.values)
        return None if values is None else _with_values(lists, values, target)

    return run


def _nested(target: pa.DataType) -> Step:
    """Make each element a list of one: a lookup of persons is a list of lists of persons."""

    def run(lists: Any) -> Any:
        values = lists.values
        if values.null_count:
            return None
        ones = pa.array(range(len(values) + 1), pa.int32())
        return _with_values(
            lists, pa.ListArray.from_arrays(ones, values, type=target.value_type), target
        )

    return run


def _with_values(lists: Any, values: Any, target: pa.DataType) -> Any:
    """Return the same lists over other values."""
    return pa.Array.from_buffers(
        target, len(lists), lists.buffers()[:2], lists.null_count, children=[values]
    )


def _segment_text(segments: Any) -> Any:
    texts = segments.field(0)
    return None if texts.null_count else texts


def _joined(lists: Any) -> Any:
    """Join the segments of each cell, whose texts already stand one after the other in memory."""
    texts = _segment_text(lists.values)
    if texts is None:
        return None
    if not len(texts):
        return pa.nulls(len(lists), _STRING)
    _, offsets, characters = texts.buffers()
    starts = pa.Array.from_buffers(_INDEX, len(texts) + 1, [None, offsets])
    cells = starts.take(lists.offsets).buffers()[1]
    return _texts_or_null(
        pa.Array.from_buffers(_STRING, len(lists), [lists.buffers()[0], cells, characters])
    )


def _texts_or_null(texts: Any) -> Any:
    empty = pc.equal(texts, _NO_TEXT)
    return pc.if_else(empty, _NULL_TEXT, texts) if empty.true_count else texts


def _lists_or_null(lists: Any) -> Any:
    empty = pc.equal(pc.list_value_length(lists), _ZERO)
    if not empty.true_count:
        return lists
    mask = empty.fill_null(True)
    return pa.ListArray.from_arrays(lists.offsets, lists.values, type=lists.type, mask=mask)


def _records_or_null(records: Any) -> Any:
    """Turn records none of whose members has a value into NULL."""
    members = records.flatten()
    if any(_always_filled(member, records.null_count) for member in members):
        return records
    empty = _is_empty(members[0])
    for member in members[1:]:
        empty = pc.and_(empty, _is_empty(member))
    return pa.StructArray.from_arrays(members, fields=list(records.type), mask=empty)


def _always_filled(member: Any, null_records: int) -> bool:
    if member.null_count != null_records:
        return False
    if not pa.types.is_list(member.type):
        return True
    return not pc.equal(pc.list_value_length(member), _ZERO).true_count


def _is_empty(member: Any) -> Any:
    if pa.types.is_list(member.type):
        return pc.equal(pc.list_value_length(member), _ZERO).fill_null(True)
    return member.is_null()


def _finite(numbers: Any) -> Any:
    # The reader takes NaN and Infinity for numbers.
    return None if pc.is_finite(numbers).false_count else numbers


def _narrowed(target: pa.DataType) -> Step:
    def run(numbers: Any) -> Any:
        try:
            return numbers.cast(target)
        except pa.ArrowInvalid:
            return None

    return run


def _times(target: pa.DataType) -> Step:
    def run(millis: Any) -> Any:
        span = pc.min_max(millis)
        first, last = span["min"].as_py(), span["max"].as_py()
        if first is not None and (first < FIRST_MILLI or last > LAST_MILLI):
            return None
        return millis.view(target)

    return run


def _checked(states: Any) -> Any:
    return states.fill_null(False) if states.null_count else states
