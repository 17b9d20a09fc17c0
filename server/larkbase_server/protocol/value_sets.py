"""Value sets: which values of one column a query lets pass.

A NULL cell passes if and only if ``null_allowed`` is true, in every kind of set.
"""
# ruff: noqa: RUF009 - member() returns a dataclasses.field

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from larkbase_server.protocol.arrow_types import ARROW_TYPE, ArrowType
from larkbase_server.protocol.codecs import FLAG, choice, list_of, tagged
from larkbase_server.protocol.errors import MalformedMessage
from larkbase_server.protocol.shape import codec_of, member
from larkbase_server.protocol.value_blocks import VALUE_BLOCK, ValueBlock

if TYPE_CHECKING:
    import pyarrow as pa

Bound = Literal["BELOW", "EXACTLY", "ABOVE"]


@dataclass(frozen=True, slots=True)
class Marker:
    """One end of a range.

    Attributes:
        block: Its value, as a block of one row; of no rows when the end is open.
        bound: Whether the range ends just below, exactly at, or just above the value.
        null_value: Whether there is no value: minus or plus infinity.
    """

    block: ValueBlock = member("valueBlock", VALUE_BLOCK)
    bound: Bound = member("bound", choice("BELOW", "EXACTLY", "ABOVE"))
    null_value: bool = member("nullValue", FLAG, default=False)

    def __post_init__(self) -> None:
        if self.null_value:
            return
        if len(self.block.values) != 1 or self.block.values[0] is None:
            msg = "A marker with a value must have a block of one row that is not NULL."
            raise MalformedMessage(msg)

    @classmethod
    def at(cls, value: Any, data_type: pa.DataType, bound: Bound = "EXACTLY") -> Marker:
        """Return the marker at a value."""
        return cls(ValueBlock(data_type, (value,)), bound)

    @classmethod
    def open(cls, data_type: pa.DataType, bound: Bound) -> Marker:
        """Return an open end: ``ABOVE`` for minus infinity, ``BELOW`` for plus infinity."""
        return cls(ValueBlock(data_type), bound, null_value=True)

    @property
    def value(self) -> Any:
        """The value in Python; None when the end is open."""
        return None if self.null_value else self.block.values[0]

    @property
    def inclusive(self) -> bool:
        """Whether the value itself belongs to the range."""
        return self.bound == "EXACTLY"


_MARKER = codec_of(lambda: Marker)


@dataclass(frozen=True, slots=True)
class Range:
    """The values between two markers."""

    low: Marker = member("low", _MARKER)
    high: Marker = member("high", _MARKER)

    def __post_init__(self) -> None:
        if self.low.bound == "BELOW" or self.high.bound == "ABOVE":
            msg = "A range never begins BELOW a value, nor ends ABOVE one."
            raise MalformedMessage(msg)
        if any(end.null_value and end.inclusive for end in (self.low, self.high)):
            msg = "A range cannot end EXACTLY at no value."
            raise MalformedMessage(msg)

    @classmethod
    def point(cls, value: Any, data_type: pa.DataType) -> Range:
        """Return the range that holds one value."""
        marker = Marker.at(value, data_type)
        return cls(marker, marker)

    @classmethod
    def between(
        cls,
        data_type: pa.DataType,
        *,
        low: Any = None,
        high: Any = None,
        low_inclusive: bool = True,
        high_inclusive: bool = True,
    ) -> Range:
        """Return the range between two values; None leaves an end open."""
        return cls(
            _end(low, data_type, "ABOVE", inclusive=low_inclusive),
            _end(high, data_type, "BELOW", inclusive=high_inclusive),
        )

    @property
    def is_all(self) -> bool:
        """Whether every value that is not NULL lies in the range."""
        return self.low.null_value and self.high.null_value

    @property
    def is_point(self) -> bool:
        """Whether the range holds exactly one value, ``low.value``."""
        return self.low.inclusive and self.high.inclusive and self.low.value == self.high.value


def _end(value: Any, data_type: pa.DataType, open_bound: Bound, *, inclusive: bool) -> Marker:
    if value is None:
        return Marker.open(data_type, open_bound)
    return Marker.at(value, data_type, "EXACTLY" if inclusive else open_bound)


@dataclass(frozen=True, slots=True)
class SortedRangeSet:
    """Values in any of some ranges, which are sorted and disjoint.

    Without ranges no value passes but NULL, if allowed: ``IS NULL``.
    """

    type: ArrowType = member("type", ARROW_TYPE)
    ranges: tuple[Range, ...] = member("ranges", list_of(codec_of(lambda: Range)), default=())
    null_allowed: bool = member("nullAllowed", FLAG, default=False)


@dataclass(frozen=True, slots=True)
class EquatableValueSet:
    """Values of a type without an order: one of the listed, or none of them.

    Attributes:
        block: The listed values.
        white_list: True when the listed values pass, false when all others do.
        null_allowed: Whether NULL passes.
    """

    block: ValueBlock = member("valueBlock", VALUE_BLOCK)
    white_list: bool = member("whiteList", FLAG, default=True)
    null_allowed: bool = member("nullAllowed", FLAG, default=False)

    @property
    def values(self) -> tuple[Any, ...]:
        """The listed values in Python."""
        return self.block.values


@dataclass(frozen=True, slots=True)
class AllOrNoneValueSet:
    """A set for types that can neither be ordered nor compared.

    Only ``null_allowed`` counts: the protocol's library writes ``all`` as false for "IS NOT NULL"
    too, so ``all`` must not drop any value that is not NULL.
    """

    type: ArrowType = member("type", ARROW_TYPE)
    all: bool = member("all", FLAG, default=False)
    null_allowed: bool = member("nullAllowed", FLAG, default=False)


ValueSet = SortedRangeSet | EquatableValueSet | AllOrNoneValueSet

VALUE_SET = tagged(
    lambda: {
        owner.__name__: owner for owner in (SortedRangeSet, EquatableValueSet, AllOrNoneValueSet)
    },
    aliases={
        "sortable": "SortedRangeSet",
        "equatable": "EquatableValueSet",
        "allOrNone": "AllOrNoneValueSet",
    },
)
