"""Filters on dates: whole days in the time zone of the base."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

MINUTE, DAY = 60_000, 86_400_000
MIDNIGHT = 1_736_874_000_000  # 2025-01-15 00:00 in UTC+7


@pytest.fixture
def moments(emulator):
    """Moments around 15 January 2025 in a zone seven hours before UTC."""
    base = emulator.database("CRM")
    base.time_zone = "Asia/Jakarta"
    rows = [
        {"Name": "day before", "When": MIDNIGHT - DAY},
        {"Name": "just before", "When": MIDNIGHT - 1},
        {"Name": "midnight", "When": MIDNIGHT},
        {"Name": "noon", "When": MIDNIGHT + 12 * 60 * MINUTE},
        {"Name": "last ms", "When": MIDNIGHT + DAY - 1},
        {"Name": "next day", "When": MIDNIGHT + DAY},
        {"Name": "never"},
    ]
    return base.table("Moments", fields=["Name", ("When", "DateTime")], rows=rows)


def find(api, table, operator, *values):
    return api.found(table, "When", operator, *values)


@pytest.mark.parametrize("moment", [MIDNIGHT, MIDNIGHT + DAY // 2, MIDNIGHT + DAY - 1])
def test_is_means_that_day_in_the_zone_of_the_base(api, moments, moment):
    """Any moment of a day stands for the whole day."""
    assert find(api, moments, "is", "ExactDate", str(moment)) == ["midnight", "noon", "last ms"]


@pytest.mark.parametrize(
    ("compare", "expected"),
    [("midnight", ["noon", "last ms", "next day"]), ("whole_day", ["next day"])],
)
def test_is_greater_compares_with_midnight_or_the_whole_day(
    emulator, api, moments, compare, expected
):
    """Nobody has confirmed which; both are possible."""
    emulator.switches.date_compare = compare

    assert find(api, moments, "isGreater", "ExactDate", str(MIDNIGHT + 5)) == expected


@pytest.mark.parametrize("compare", ["midnight", "whole_day"])
def test_is_less_means_before_that_day(emulator, api, moments, compare):
    """Rows of the day itself are not less."""
    emulator.switches.date_compare = compare
    found = find(api, moments, "isLess", "ExactDate", str(MIDNIGHT + DAY - 1))

    assert found == ["day before", "just before"]


def test_the_zone_decides_where_a_day_begins(api, moments):
    """An unknown zone name counts as UTC+8."""
    moments.base.time_zone = "Asia/Beijing"

    assert find(api, moments, "is", "ExactDate", str(MIDNIGHT)) == [
        "just before", "midnight", "noon",
    ]  # fmt: skip


def test_a_day_of_23_hours_is_one_day(emulator, api):
    """Days are calendar days, also when clocks change."""
    base = emulator.database("Berlin")
    base.time_zone = "Europe/Berlin"
    last = int(datetime(2025, 3, 30, 21, 59, tzinfo=UTC).timestamp() * 1000)
    table = base.table(
        "T",
        fields=["Name", ("When", "DateTime")],
        rows=[{"Name": "in", "When": last}, {"Name": "out", "When": last + 2 * MINUTE}],
    )

    assert find(api, table, "is", "ExactDate", str(last)) == ["in"]


@pytest.mark.parametrize(
    ("operator", "values", "keyword"),
    [
        ("is", ["1736874000000"], "1736874000000"),
        ("is", ["today"], "today"),
        ("is", [], ""),
        ("is", ["ExactDate"], "ExactDate"),
        ("is", ["ExactDate", "soon"], "ExactDate"),
        ("is", ["ExactDate", "--5"], "ExactDate"),
        ("is", ["ExactDate", "\u00b2"], "ExactDate"),
        ("isGreater", ["CurrentWeek"], "CurrentWeek"),
    ],
)
def test_other_date_values_are_refused(api, moments, operator, values, keyword):
    """Bare milliseconds, wrong case and ranges with an order get 1254018."""
    condition = {"field_name": "When", "operator": operator, "value": values}
    body = {"filter": {"conjunction": "and", "conditions": [condition]}}
    status, code, error = api.refused(moments, body)

    assert (status, code) == (200, 1254018)
    wanted = f"DataTime field 'When' operator '{operator}' not support this keyword '{keyword}'"
    assert wanted in error["message"]


@pytest.mark.parametrize(
    "operator", ["isNot", "isGreaterEqual", "isLessEqual", "contains", "doesNotContain"]
)
def test_other_date_operators_are_refused(api, moments, operator):
    """Dates know is, isGreater, isLess and the tests for empty cells."""
    values = ["ExactDate", str(MIDNIGHT)]
    condition = {"field_name": "When", "operator": operator, "value": values}
    body = {"filter": {"conjunction": "and", "conditions": [condition]}}

    assert api.refused(moments, body)[1] == 1254018


def test_empty_dates_can_be_found(api, moments):
    """isEmpty and isNotEmpty work on dates."""
    assert find(api, moments, "isEmpty") == ["never"]
    assert len(find(api, moments, "isNotEmpty")) == 6


@pytest.fixture
def today(emulator):
    """Rows around now, named by their distance in days; now is Wednesday, 19 March 2025."""
    now = datetime(2025, 3, 19, 5, tzinfo=UTC)
    emulator.advance(now.timestamp() - datetime.now(UTC).timestamp())
    base = emulator.database("Now")
    days = [-45, -30, -29, -18, -9, -7, -6, -3, -2, -1, 0, 1, 4, 5, 6, 7, 29, 30]
    start = int(now.timestamp() * 1000)
    rows = [{"Name": str(day), "When": start + day * DAY} for day in days]
    return base.table("Days", fields=["Name", ("When", "DateTime")], rows=rows)


@pytest.mark.parametrize(
    ("operator", "keyword", "expected"),
    [
        ("is", "Today", [0]),
        ("is", "Tomorrow", [1]),
        ("is", "Yesterday", [-1]),
        ("isGreater", "Tomorrow", [1, 4, 5, 6, 7, 29, 30]),
        ("isLess", "Yesterday", [-45, -30, -29, -18, -9, -7, -6, -3, -2]),
        ("is", "CurrentWeek", [-2, -1, 0, 1, 4]),
        ("is", "LastWeek", [-9, -7, -6, -3]),
        ("is", "CurrentMonth", [-18, -9, -7, -6, -3, -2, -1, 0, 1, 4, 5, 6, 7]),
        ("is", "LastMonth", [-45, -30, -29]),
        ("is", "TheLastWeek", [-6, -3, -2, -1, 0]),
        ("is", "TheNextWeek", [0, 1, 4, 5, 6]),
        ("is", "TheLastMonth", [-29, -18, -9, -7, -6, -3, -2, -1, 0]),
        ("is", "TheNextMonth", [0, 1, 4, 5, 6, 7, 29]),
    ],
)
def test_relative_days(api, today, operator, keyword, expected):
    """Keywords mean days around now, in the zone of the base."""
    assert find(api, today, operator, keyword) == [str(day) for day in expected]


def test_the_week_and_the_last_days_are_switches(emulator, api, today):
    """Where a week begins and whether the last days include today is not known."""
    emulator.switches.week_start = "sunday"
    emulator.switches.past_days_include_today = False

    assert find(api, today, "is", "CurrentWeek") == ["-3", "-2", "-1", "0", "1"]
    assert find(api, today, "is", "TheLastWeek") == ["-7", "-6", "-3", "-2", "-1"]
