"""Sorting: empty cells last in both directions, and what is not known."""

from __future__ import annotations

import pytest


@pytest.fixture
def rows(emulator):
    """Rows a…e, the last one empty but for its name."""
    return emulator.database("CRM").table(
        "Rows",
        fields=["Name", ("N", "Number", {"formatter": "0"}), "Text",
                ("Status", "SingleSelect", {"options": ["z", "a", "m"]}), ("When", "DateTime"),
                ("Done", "Checkbox"), ("Sum", "Formula", {"result": "Number"}),
                ("Tags", "MultiSelect", {"options": ["z", "a"]}), ("Owner", "User"),
                ("Site", "Url"), ("No", "AutoNumber"), ("Button", "Button")],
        rows=[
            {"Name": "a", "N": 2.4, "Text": "b", "Status": "a", "When": 3, "Done": True, "Sum": 10,
             "Tags": ["a"], "Owner": ["Zoe"], "Site": "b"},
            {"Name": "b", "N": 2.1, "Text": "B", "Status": "z", "When": 1, "Done": False, "Sum": 9,
             "Tags": ["z", "a"], "Owner": ["Ann"], "Site": "c"},
            {"Name": "c", "N": -1, "Text": "a", "Status": "m", "When": 2, "Sum": 100,
             "Tags": ["z"], "Owner": ["Mia"], "Site": "a"},
            {"Name": "d", "N": 30, "Text": "C", "Status": "a", "When": 9, "Done": True, "Sum": 1},
            {"Name": "e"},
        ],
    )  # fmt: skip


def by(name, desc=None):
    return [{"field_name": name} if desc is None else {"field_name": name, "desc": desc}]


@pytest.mark.parametrize(
    ("name", "ascending", "descending"),
    [
        ("N", "cbade", "dabce"),
        ("Text", "bdcae", "acdbe"),
        ("Status", "badce", "cadbe"),
        ("When", "bcade", "dacbe"),
        ("Done", "badce", "adbce"),
        ("Sum", "dbace", "cabde"),
        ("Tags", "cbade", "abcde"),
        ("Owner", "bcade", "acbde"),
        ("Site", "cabde", "bacde"),
        ("No", "abcde", "edcba"),
    ],
)
def test_empty_cells_come_last_in_both_directions(api, rows, name, ascending, descending):
    """Rows are ordered by the cell; rows without one follow in their own order."""
    assert api.keys(rows, sort=by(name)) == list(ascending)
    assert api.keys(rows, sort=by(name, desc=True)) == list(descending)


def test_several_keys_apply_in_order(api, rows):
    """The first key decides, the next one breaks its ties."""
    sort = by("Status") + by("N", desc=True)

    assert api.keys(rows, sort=sort) == list("bdace")


def test_a_sort_pages_without_loss(api, rows):
    """Pages follow the sorted order."""
    pages = api.pages(rows, {"sort": by("N", desc=True)}, page_size=2)
    found = [item["fields"]["Name"][0]["text"] for page in pages for item in page["items"]]

    assert found == list("dabce")


@pytest.mark.parametrize(
    ("switch", "value", "name", "expected"),
    [
        ("select_sort", "name", "Status", "adcbe"),
        ("text_sort", "casefold", "Text", "cabde"),
        ("sort_by_displayed", True, "N", "cabde"),
    ],
)
def test_unknown_orders_are_switches(emulator, api, rows, switch, value, name, expected):
    """Select order, text collation and rounded numbers are not confirmed."""
    setattr(emulator.switches, switch, value)

    assert api.keys(rows, sort=by(name)) == list(expected)


def test_desc_as_text_is_accepted(api, rows):
    """A public example sends the text "true"."""
    assert api.keys(rows, sort=[{"field_name": "N", "desc": "true"}]) == list("dabce")


def test_a_button_cannot_be_sorted_by(api, rows):
    """Fields without cells make an invalid sort."""
    assert api.refused(rows, {"sort": by("Button")})[:2] == (200, 1254016)
