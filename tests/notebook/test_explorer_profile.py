"""The profile: its cost is told first; then counts, empties, distincts, spread, and a picture."""

from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ET

import pytest

from larkbase_sdk.notebook.conditions import Condition
from larkbase_sdk.notebook.pictures import picture, profile_html
from larkbase_sdk.notebook.profiling import Bar

SCRIPT = "<script>alert('x')</script>"


@pytest.fixture
def mixed(lark_emulator):
    """A table of columns that spread in different ways."""
    base = lark_emulator.database("Shop")
    other = base.table("Other", {"Name": ["one", "two"]})
    table = base.table(
        "Things",
        fields=[
            "Name",
            ("Price", "Number"),
            ("When", "DateTime"),
            ("Tags", "MultiSelect", {"options": ["x", "y", SCRIPT]}),
            ("Who", "User"),
            ("Other", "SingleLink", {"table": other}),
            ("Done", "Checkbox"),
            ("Nothing", "Number"),
        ],
    )
    linked = other.rows.ids([0])
    table.insert(
        {
            "Name": f"n{i}",
            "Price": float(i % 20) if i else None,
            "When": dt.datetime(2025, 1, 1 + i, tzinfo=dt.UTC),
            "Tags": [SCRIPT, "x"] if i % 2 else None,
            "Who": ["Ann Lee"] if i < 10 else ["Budi"] if i < 12 else None,
            "Other": linked if i < 5 else None,
            "Done": i < 3,
        }
        for i in range(21)
    )
    return table


@pytest.fixture
def model(lark, mixed):
    """The model of an explorer of that table."""
    return lark.table("Shop.Things").explore().model


def facts(profile):
    return (profile.filled, profile.empty, profile.distinct, profile.low, profile.high)


def test_the_cost_is_told_before_anything_is_read(model, calls, lark_emulator):
    """One call for Lark's count; the rows come with the second step."""
    calls()
    assert str(model.ask_cost()).startswith("at most 21 rows · 1 call · about ")
    assert calls() == 1

    model.make_profile()
    assert calls() == 1
    lark_emulator.switches.total = "absent"
    assert str(model.ask_cost()) == "every row; Lark does not say how many there are"


def test_every_column_is_counted(model):
    """Empty cells, different values, and the ends where values have an order."""
    profiles = {profile.name: profile for profile in model.make_profile()}

    assert {name: facts(profile) for name, profile in profiles.items()} == {
        "Name": (21, 0, 21, "", ""),
        "Price": (20, 1, 20, "0", "19"),
        "When": (21, 0, 21, "2025-01-01 00:00:00", "2025-01-21 00:00:00"),
        "Tags": (10, 11, 2, "", ""),
        "Who": (12, 9, 2, "", ""),
        "Other": (5, 16, 1, "", ""),
        "Done": (21, 0, 2, "", ""),
        "Nothing": (0, 21, 0, "", ""),
    }
    assert profiles["Who"].bars == (Bar("Ann Lee", 10), Bar("Budi", 2))
    assert profiles["Done"].bars == (Bar("false", 18), Bar("true", 3))
    assert [bar.count for bar in profiles["Price"].bars] == [1] * 20
    assert profiles["When"].bars[0] == Bar("2025-01-01 00:00:00 – 2025-01-02 00:00:00", 1)
    assert sum(bar.count for bar in profiles["When"].bars) == 21
    assert profiles["Name"].bars == profiles["Nothing"].bars == ()


def test_only_the_selected_rows_count(model):
    """Filter and view hold for the profile as for the preview."""
    model.filter_by((Condition("price", ">=", "18"),), "all")
    model.make_profile()

    assert facts(model.profile[1]) == (2, 0, 2, "18", "19")


def test_pictures_are_well_formed_and_escape_what_they_show(model):
    """A value with a script in it is drawn as text."""
    model.make_profile()
    pictures = [picture(profile) for profile in model.profile]
    drawn = {profile.name: text for profile, text in zip(model.profile, pictures, strict=True)}

    assert {name for name, text in drawn.items() if not text} == {"Name", "Nothing"}
    for text in filter(None, pictures):
        assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    assert "<script" not in profile_html(model.profile)
    titles = [
        node.text for node in ET.fromstring(drawn["Tags"]).iter() if node.tag.endswith("title")
    ]
    assert titles == [f"{SCRIPT}: 10", "x: 10"]


@pytest.mark.parametrize(
    ("numbers", "bars"),
    [
        ([5.0, 5.0], (Bar("5", 2),)),
        ([-1.7e308, 1.7e308], (Bar("-1.7e+308 – 1.7e+308", 2),)),
        ([1.0, 1.0000000000000002], (Bar("1", 2),)),
    ],
)
def test_numbers_that_no_twenty_ranges_can_hold(lark, lark_emulator, numbers, bars):
    """Equal, hugely apart or next to each other: one bar holds them all."""
    lark_emulator.database("CRM").table("Numbers", {"No": numbers})
    model = lark.table("CRM.Numbers").explore().model

    assert model.make_profile()[0].bars == bars


def test_an_empty_table_has_a_profile_too(lark, lark_emulator):
    """Types are known without rows."""
    lark_emulator.database("CRM").table("Empty", fields=["Name", ("When", "DateTime")])
    model = lark.table("CRM.Empty").explore().model

    assert [facts(profile) for profile in model.make_profile()] == [(0, 0, 0, "", "")] * 2
    assert "<svg" not in profile_html(model.profile)
