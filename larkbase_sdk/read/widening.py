"""Bounds that lie safely outside what is wanted, as Lark's filters write them."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

_DIGITS = 15
_DOWN = Context(prec=_DIGITS, rounding=ROUND_FLOOR)
_UP = Context(prec=_DIGITS, rounding=ROUND_CEILING)
# Lark cuts numbers to 15 significant digits, an error of at most 1e-14 of the number.
_RELATIVE_DOUBT = Decimal("1e-13")
_LARGEST = Decimal("1e20")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)
_DAY = dt.timedelta(days=1)


def around(number: float | Decimal, unit: Decimal) -> tuple[Decimal, Decimal] | None:
    """Return bounds below and above a number, one ``unit`` away or more, of 15 digits at most.

    The server may compare the number that it displays instead of the one that it stores, and it
    stores no more than 15 digits. None for numbers too large to be written plainly.
    """
    exact = Decimal(number)
    if abs(exact) >= _LARGEST:
        return None
    doubt = max(unit, abs(exact) * _RELATIVE_DOUBT)
    return _DOWN.subtract(exact, doubt), _UP.add(exact, doubt)


def plain(number: Decimal) -> str:
    """Return a number without exponent and without needless zeros; Lark reads no exponents."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def milliseconds(instant: dt.datetime) -> int:
    """Return the milliseconds since 1970 of an aware time, rounded down."""
    return (instant - _EPOCH) // _MILLISECOND


def day_beside(instant: dt.datetime, zone: dt.tzinfo | None, step: int) -> int | None:
    """Return a moment of the day before (``step`` -1) or after (1) that of a time, in ms.

    Lark compares days in the zone of the base, and whether "after D" begins with D's midnight or
    with D's end is not known; a whole day apart, both answers let every wanted row through. With
    an unknown zone it is two days. None outside the calendar and before 1970.
    """
    try:
        if zone is None:
            moment = instant + 2 * step * _DAY
        else:
            # Half a day from midnight keeps clear of midnights, and of one whole day in Samoa,
            # that a change of the clocks skipped or repeated.
            day = instant.astimezone(zone).date()
            border = dt.datetime.combine(day if step < 0 else day + _DAY, dt.time(), zone)
            moment = border.astimezone(dt.UTC) + step * _DAY / 2
        result = milliseconds(moment)
    except OverflowError:
        return None
    return result if result >= 0 else None
