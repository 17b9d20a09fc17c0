"""Moments on the wire: milliseconds since 1970, and Presto's packed form of them with a zone."""

from __future__ import annotations

import datetime as dt
import warnings

from larkbase_server.protocol.errors import TimestampCorrected

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST_DAY = dt.date.min.toordinal() - _EPOCH.toordinal()
_LAST_DAY = dt.date.max.toordinal() - _EPOCH.toordinal()
_DAY = 86_400_000
_FIRST_MILLI = _FIRST_DAY * _DAY
_LAST_MILLI = (_LAST_DAY + 1) * _DAY - 1
_ZONE_BITS = 12


def millis_of(moment: dt.datetime) -> int:
    """Return the milliseconds since 1970 of a moment; one without a zone means UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return (aware - _EPOCH) // dt.timedelta(milliseconds=1)


def moment_of(millis: int) -> dt.datetime:
    """Return the moment in UTC, brought back into the calendar when it lies outside.

    An engine is known to send the timestamps of conditions multiplied by 1000. What lies outside
    the years 1 to 9999 is divided by 1000, and is the calendar's edge if that does not help.
    Either is reported by a ``TimestampCorrected`` warning.
    """
    if not _FIRST_MILLI <= millis <= _LAST_MILLI:
        warnings.warn(
            "A timestamp of the query lies outside the calendar and was read as microseconds.",
            TimestampCorrected,
            stacklevel=2,
        )
        millis = min(max(millis // 1000, _FIRST_MILLI), _LAST_MILLI)
    return _EPOCH + dt.timedelta(milliseconds=millis)


def day_of(days: int) -> dt.date:
    """Return the day that is ``days`` after 1970-01-01, or the calendar's edge with a warning."""
    inside = min(max(days, _FIRST_DAY), _LAST_DAY)
    if inside != days:
        warnings.warn(
            "A date of the query lies outside the calendar and was moved to its edge.",
            TimestampCorrected,
            stacklevel=2,
        )
    return dt.date.fromordinal(inside + _EPOCH.toordinal())


def days_of(day: dt.date) -> int:
    """Return the days from 1970-01-01 to this day."""
    return day.toordinal() - _EPOCH.toordinal()


def pack(millis: int) -> int:
    """Return the packed form, with UTC as its zone."""
    return millis << _ZONE_BITS


def unpack(packed: int) -> int:
    """Return the milliseconds since 1970 of the packed form; the zone is only for display."""
    return packed >> _ZONE_BITS
