"""The switches: what each unconfirmed behaviour changes."""

from __future__ import annotations

import dataclasses
import re

import pytest

from larkbase_sdk.emulator import SWITCH_VARIANTS, TEXT_LOSING, LarkEmulator, Switches


@pytest.fixture
def rows(emulator):
    """Rows a…d, the last one empty but for its name."""
    for open_id in ("ou_a", "ou_b"):
        emulator.person(open_id)
    return emulator.database("CRM").table(
        "Rows",
        fields=["Name", "Text", ("N", "Number", {"formatter": "0.0"}), ("Done", "Checkbox"),
                ("One", "SingleSelect", {"options": ["x", "y"]}),
                ("Many", "MultiSelect", {"options": ["x", "y"]}), ("Phone", "Phone"),
                ("Who", "User"), ("Sum", "Formula", {"result": "Number"}),
                ("Label", "Formula", {"result": "Text"})],
        rows=[
            {"Name": "a", "Text": "Apple", "N": 1.26, "Done": True, "One": "x", "Many": ["x"],
             "Phone": "+62", "Who": ["ou_a"], "Sum": 5, "Label": "red"},
            {"Name": "b", "Text": " apple ", "N": 1.3, "Done": False, "One": "y",
             "Many": ["x", "y"], "Who": ["ou_a", "ou_b"], "Sum": 7, "Label": "blue"},
            {"Name": "c", "Text": "Apple\npie", "N": 1.34},
            {"Name": "d"},
        ],
    )  # fmt: skip


FOUND = [
    ("text_case_sensitive", False, ("Text", "contains", "APPLE"), "", "abc"),
    ("text_trims", True, ("Text", "is", "apple"), "", "b"),
    ("text_loses_multisegment", True, ("Text", "is", "Apple\npie"), "c", ""),
    ("number_compares_displayed", True, ("N", "is", "1.3"), "b", "abc"),
    ("number_compares_displayed", True, ("N", "isGreater", "1.3"), "c", ""),
    ("checkbox_false_matches_untouched", False, ("Done", "is", "false"), "bcd", "b"),
    ("multiselect_is", "member", ("Many", "is", "x"), "a", "ab"),
    ("multiselect_is", "member", ("Who", "isNot", "ou_a"), "bcd", "cd"),
    ("contains_values", "all", ("Many", "contains", "x", "y"), "ab", "b"),
    ("contains_values", "all", ("Text", "contains", "Apple", "pie"), "ac", "c"),
    ("isnot_matches_empty", False, ("One", "isNot", "x"), "bcd", "b"),
    ("isnot_matches_empty", False, ("Many", "doesNotContain", "y"), "acd", "a"),
]


@pytest.mark.parametrize(("switch", "value", "condition", "before", "after"), FOUND)
def test_switches_change_what_is_found(
    emulator, api, rows, switch, value, condition, before, after
):
    """The same condition finds other rows under the other behaviour."""
    assert api.found(rows, *condition) == list(before)

    setattr(emulator.switches, switch, value)
    assert api.found(rows, *condition) == list(after)


def filtered(*conditions, **more):
    made = [dict(zip(("field_name", "operator", "value"), one, strict=True)) for one in conditions]
    return {"filter": {"conjunction": "and", "conditions": made, **more}}


REFUSED = [
    ("unknown_option", "refuse", filtered(("One", "is", ["z"])), 0, 1254018),
    ("unknown_option", "refuse", filtered(("Many", "contains", ["z"])), 0, 1254018),
    ("bad_number", "empty", filtered(("N", "is", ["0E-18"])), 1254018, 0),
    ("inferred_operators", "refuse", filtered(("Phone", "contains", ["6"])), 0, 1254018),
    ("single_select_contains", "works", filtered(("One", "contains", ["x"])), 1254018, 0),
    ("formula_filter", "works", filtered(("Sum", "isGreater", ["6"])), 1254018, 0),
    ("no_conditions", "refuse", filtered(), 0, 1254018),
    ("conjunction_required", False, {"filter": {"conditions": [
        {"field_name": "N", "operator": "isEmpty", "value": []}]}}, 1254018, 0),
    ("conditions_with_children", "refuse",
     filtered(("N", "isEmpty", []), children=[filtered(("N", "isEmpty", []))["filter"]]),
     0, 1254018),
    ("unknown_field_code", 1254018, filtered(("Nope", "is", ["1"])), 1254045, 1254018),
    ("max_filter_chars", 20, filtered(("N", "isEmpty", [])), 0, 1254107),
    ("max_sort_chars", 5, {"sort": [{"field_name": "N"}]}, 0, 1254108),
    ("refuse_filters", 1254107, filtered(("N", "isEmpty", [])), 0, 1254107),
    ("refuse_filters", 9499, filtered(("N", "isEmpty", [])), 0, 9499),
    ("refuse_sorts", 1254016, {"sort": [{"field_name": "N"}]}, 0, 1254016),
]  # fmt: skip


@pytest.mark.parametrize(("switch", "value", "body", "before", "after"), REFUSED)
def test_switches_change_what_is_refused(emulator, api, rows, switch, value, body, before, after):
    """The same body is refused or accepted."""
    path = api.path(rows, "/records/search")
    assert api.call("POST", path, json=body).json()["code"] == before

    setattr(emulator.switches, switch, value)
    assert api.call("POST", path, json=body).json()["code"] == after


@pytest.mark.parametrize(
    ("value", "expected"),
    [("ok", "c"), ("ignore_children", "abc"), ("ignore_conditions", "cd")],
)
def test_conditions_beside_children_may_be_lost(emulator, api, rows, value, expected):
    """Both filled: nobody has shown what happens."""
    emulator.switches.conditions_with_children = value
    body = filtered(("N", "isNotEmpty", []), children=[filtered(("One", "isEmpty", []))["filter"]])

    assert api.keys(rows, body["filter"]) == list(expected)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [(("Sum", "isGreater", "6"), "b"), (("Label", "is", "red"), "a"),
     (("Label", "contains", "e"), "ab"), (("Sum", "isEmpty"), "cd")],
)  # fmt: skip
def test_formulas_may_be_filterable(emulator, api, rows, condition, expected):
    """The documentation says no; no refusal was seen live."""
    emulator.switches.formula_filter = "works"

    assert api.found(rows, *condition) == list(expected)


@pytest.mark.parametrize("message", ["success", "Success", "ok"])
def test_successful_answers_vary(emulator, api, rows, message):
    """msg has three spellings, and an error key may stand beside good data."""
    emulator.switches.success_msg = message
    emulator.switches.extra_error_key = True
    answer = api.call("GET", api.path(rows, "/fields")).json()

    assert (answer["code"], answer["msg"], "error" in answer) == (0, message, True)


def test_other_answers_vary(emulator, api, rows):
    """Records with a link, bases without a zone, lookups without a property."""
    table = rows.base.table("Looking", {"Name": ["a"]})
    table.add_field("Look", "Lookup", {"table": rows, "field": "Text"})
    emulator.switches.record_url = True
    emulator.switches.time_zone_missing = True
    emulator.switches.lookup_property = "null"

    assert api.search(rows)["items"][0]["record_url"].startswith(f"{emulator.url}/record/")
    path = f"/open-apis/bitable/v1/apps/{rows.base.app_token}"
    assert "time_zone" not in api.get(path)["app"]
    assert api.get(api.path(table, "/fields"))["items"][1]["property"] is None


def test_bad_app_tokens_have_several_codes(emulator, api):
    """Which code comes for which bad token is not confirmed."""
    node = emulator.drive.wiki_node(emulator.database("CRM"))
    emulator.switches.unknown_base_code = 1254003
    emulator.switches.wiki_token_code = 1254040

    assert api.refusal("GET", "/open-apis/bitable/v1/apps/nothing")[:2] == (200, 1254003)
    assert api.refusal("GET", f"/open-apis/bitable/v1/apps/{node}")[:2] == (200, 1254040)


def test_tokens_can_live_shorter(emulator, api):
    """Life and renewal of tokens are switches."""
    emulator.switches.token_seconds = 60
    emulator.switches.token_same_until = 30
    emulator.revoke_tokens()
    first = api.authenticate()
    emulator.advance(29)
    assert api.authenticate() == first

    emulator.advance(2)
    assert api.authenticate() != first


def test_wrong_settings_are_mistakes():
    """Unknown values and unknown switches do not pass in silence."""
    switches = Switches()
    with pytest.raises(ValueError, match="'midnight', 'whole_day'"):
        switches.date_compare = "noon"
    with pytest.raises(ValueError, match="text_trims cannot be 1"):
        switches.text_trims = 1
    with pytest.raises(AttributeError):
        switches.no_such_switch = True
    with pytest.raises(TypeError):
        LarkEmulator(no_such_switch=True)
    with pytest.raises(ValueError, match="empty or sample"):
        LarkEmulator(tenant="full")


def test_switches_can_be_set_at_the_start_and_reset():
    """Keywords of the emulator are switches."""
    with LarkEmulator(date_compare="whole_day", rate=5) as emulator:
        assert (emulator.switches.date_compare, emulator.switches.rate) == ("whole_day", 5)

        emulator.switches.reset()
        assert emulator.switches == Switches()


def test_every_switch_is_documented():
    """The class says in a line or two what each switch does."""
    names = {item.name for item in dataclasses.fields(Switches) if item.init}
    documented = set(re.findall(r"^        (\w+): ", Switches.__doc__, re.MULTILINE))

    assert documented == names


def test_variants_are_other_values_of_real_switches():
    """Property tests go through values that differ from the default."""
    defaults = {item.name: item.default for item in dataclasses.fields(Switches)}

    assert all(defaults[name] not in values for name, values in SWITCH_VARIANTS.items())
    for name, values in SWITCH_VARIANTS.items():
        for value in values:
            Switches(**{name: value})
    assert set(SWITCH_VARIANTS) >= TEXT_LOSING
