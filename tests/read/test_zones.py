"""The zone of a base is known for certain, or it is unknown; it is never guessed."""

from __future__ import annotations

import datetime as dt

import pytest

from larkbase_sdk.read.zones import base_zone

SUMMER = dt.datetime(2024, 7, 1)  # noqa: DTZ001 - a wall clock, whose zone is the question


@pytest.mark.parametrize(
    ("name", "feishu", "hours"),
    [
        ("Asia/Shanghai", True, 8),
        (" Asia/Macau ", False, 8),
        ("America/New_York", False, -4),
        ("Asia/Kolkata", False, 5.5),
        ("Etc/GMT-8", False, 8),
        ("UTC", False, 0),
        ("Asia/Beijing", True, 8),
        ("Asia/Beijing", False, 8),
        ("UTC+8", False, 8),
        ("utc+08:00", False, 8),
        ("GMT-5", False, -5),
        ("GMT+0530", False, 5.5),
        ("+08:00", False, 8),
        ("CST", True, 8),
    ],
)
def test_known_names_have_an_offset(name: str, feishu: bool, hours: float) -> None:
    """IANA names, Lark's own `Asia/Beijing` and written offsets are understood."""
    zone = base_zone(name, feishu=feishu)
    assert zone is not None
    assert zone.utcoffset(SUMMER) == dt.timedelta(hours=hours)


@pytest.mark.parametrize("feishu", [True, False])
@pytest.mark.parametrize(
    "name", ["", "  ", "Mars/Olympus", "Asia", "../etc/passwd", "/etc/localtime", "UTC+15",
             "EST", "localtime", "posixrules", "Asia/", "8", "UTC+8:99:1"],
)  # fmt: skip
def test_other_names_are_unknown(name: str, feishu: bool) -> None:
    """An absent, ambiguous or strange name makes filters wider instead of perhaps wrong."""
    assert base_zone(name, feishu=feishu) is None


def test_an_abbreviation_with_two_meanings_is_unknown_outside_china() -> None:
    """`CST` is Chicago as well as Shanghai, except on feishu.cn."""
    assert base_zone("CST", feishu=False) is None
