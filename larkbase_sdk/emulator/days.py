"""Date values of a filter: keywords and exact dates as ranges of whole days."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from larkbase_sdk.emulator.answers import ApiError, invalid_filter
from larkbase_sdk.emulator.clock import day_of, midnight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from larkbase_sdk.emulator.conditions import Rules

_ONE = timedelta(days=1)
_MILLISECONDS = re.compile(r"-?\d+", re.ASCII)
_SHIFTS = {"Today": 0, "Tomorrow": 1, "Yesterday": -1}
_RANGES = frozenset(
    {"CurrentWeek", "LastWeek", "CurrentMonth", "LastMonth", "TheLastWeek", "TheNextWeek",
     "TheLastMonth", "TheNextMonth"}
)  # fmt: skip


def day_range(name: str, operator: str, values: Sequence[str], rules: Rules) -> tuple[int, int]:
    """Return the first millisecond of the meant days and the first one after them.

    Raises:
        ApiError: 1254018 for a keyword that the operator does not know.
    """
    first, last = _days(name, operator, values, rules)
    return midnight(first, rules.zone), midnight(last + _ONE, rules.zone)


def _days(name: str, operator: str, values: Sequence[str], rules: Rules) -> tuple[date, date]:
    keyword = values[0] if values else ""
    if keyword == "ExactDate" and len(values) == 2 and _MILLISECONDS.fullmatch(values[1]):
        return _exact(name, int(values[1]), rules)
    if keyword in _SHIFTS and len(values) == 1:
        day = rules.today + timedelta(days=_SHIFTS[keyword])
        return day, day
    if keyword in _RANGES and operator == "is" and len(values) == 1:
        return _relative(keyword, rules)
    raise _refused(name, operator, keyword)


def _refused(name: str, operator: str, keyword: str) -> ApiError:
    return invalid_filter(
        correct=f"DataTime field '{name}' operator '{operator}' "
        f"not support this keyword '{keyword}'"
    )


def _exact(name: str, milliseconds: int, rules: Rules) -> tuple[date, date]:
    try:
        day = day_of(milliseconds, rules.zone)
        _ = day + _ONE
    except OverflowError:
        raise invalid_filter(
            correct=f"field '{name}' value '[{milliseconds}]' is no date"
        ) from None
    return day, day


def _relative(keyword: str, rules: Rules) -> tuple[date, date]:
    today = rules.today
    if keyword in ("CurrentWeek", "LastWeek"):
        lead = 0 if rules.switches.week_start == "monday" else 1
        start = today - timedelta(days=(today.weekday() + lead) % 7)
        start -= timedelta(days=7 if keyword == "LastWeek" else 0)
        return start, start + timedelta(days=6)
    if keyword == "CurrentMonth":
        return _month(today)
    if keyword == "LastMonth":
        return _month(today.replace(day=1) - _ONE)
    length = timedelta(days=6 if keyword.endswith("Week") else 29)
    shift = timedelta(days=0 if rules.switches.past_days_include_today else 1)
    if keyword.startswith("TheLast"):
        return today - shift - length, today - shift
    return today + shift, today + shift + length


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - _ONE
