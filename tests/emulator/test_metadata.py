"""Bases, tables, fields and views."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest


def test_a_base_tells_its_settings(emulator, api):
    """Get base names token, name, revision, permissions, zone and formula type."""
    base = emulator.database("CRM")
    base.time_zone = "Asia/Beijing"

    assert api.get(f"/open-apis/bitable/v1/apps/{base.app_token}") == {
        "app": {
            "advance_version": "v1",
            "app_token": base.app_token,
            "formula_type": 1,
            "is_advanced": False,
            "name": "CRM",
            "revision": 1,
            "time_zone": "Asia/Beijing",
        }
    }


def test_lists_page_by_the_last_id(emulator, api):
    """Tables come 20 at a time; the token is the last id, on the last page too."""
    base = emulator.database("Many")
    tables = [base.add_table(f"T{i}") for i in range(25)]
    path = f"/open-apis/bitable/v1/apps/{base.app_token}/tables"
    first = api.get(path)
    second = api.get(path, page_token=first["page_token"])

    assert [len(first["items"]), first["has_more"], first["total"]] == [20, True, 25]
    assert first["page_token"] == tables[19].table_id
    assert [len(second["items"]), second["has_more"]] == [5, False]
    assert second["page_token"] == tables[24].table_id
    assert second["items"][0] == {"name": "T20", "revision": 1, "table_id": tables[20].table_id}


@pytest.mark.parametrize(
    ("size", "expected"),
    [("0", (400, 1254011)), ("-1", (400, 1254011)), ("101", (400, 99992402)),
     ("x", (400, 99992402))],
)  # fmt: skip
def test_page_sizes_have_limits(emulator, api, size, expected):
    """Lists refuse page sizes below 1 and above 100."""
    table = emulator.database("CRM").table("Orders", {"Name": ["a"]})

    path = api.path(table, "/fields")
    assert api.refusal("GET", path, params={"page_size": size})[:2] == expected


def test_a_large_list_page_can_be_cut_instead(emulator, api):
    """A switch lets lists serve 100 items when more are asked for."""
    emulator.switches.list_page_size_above_max = "clamp"
    base = emulator.database("Many")
    for i in range(101):
        base.add_table(f"T{i}")

    path = f"/open-apis/bitable/v1/apps/{base.app_token}/tables"
    assert len(api.get(path, page_size=500)["items"]) == 100


def test_fields_tell_type_and_property(emulator, api):
    """A field lists ids, types and property; an unset description is missing."""
    table = emulator.database("CRM").table(
        "Orders",
        fields=[
            {"field_name": "Name", "ui_type": "Text", "description": "who"},
            ("Status", "SingleSelect", {"options": ["Open", "Done"]}),
        ],
    )
    name, status = table.fields
    options = status.property["options"]

    assert api.get(api.path(table, "/fields"))["items"] == [
        {
            "description": "who", "field_id": name.field_id, "field_name": "Name",
            "is_primary": True, "property": None, "type": 1, "ui_type": "Text",
        },
        {
            "field_id": status.field_id, "field_name": "Status", "is_primary": False,
            "property": {"options": options}, "type": 3, "ui_type": "SingleSelect",
        },
    ]  # fmt: skip
    assert [(option["name"], option["color"]) for option in options] == [("Open", 0), ("Done", 1)]


@pytest.mark.parametrize(
    ("query", "shape", "expected"),
    [
        ({}, "text", "who"),
        ({"text_field_as_array": "true"}, "text", [{"text": "who", "type": "text"}]),
        ({}, "segments", [{"text": "who", "type": "text"}]),
        ({}, "object", {"disable_sync": False, "text": "who"}),
    ],
)
def test_descriptions_come_in_three_shapes(emulator, api, query, shape, expected):
    """A description is text, segments or an object."""
    emulator.switches.description_shape = shape
    spec = {"field_name": "Name", "ui_type": "Text", "description": "who"}
    table = emulator.database("CRM").table("Orders", fields=[spec])

    assert api.get(api.path(table, "/fields"), **query)["items"][0]["description"] == expected


def test_views_are_listed_and_described(emulator, api):
    """Get view shows conditions by field id, with values as JSON text."""
    table = emulator.database("CRM").table("Orders", {"Name": ["a"], "Amount": [1]})
    view = table.view("Big", conditions=[("Amount", "isGreater", ["5"])], hidden=["Name"])
    amount = table.field("Amount").field_id
    listed = api.get(api.path(table, "/views"))
    described = api.get(api.path(table, f"/views/{view.view_id}"))["view"]

    assert [item["view_name"] for item in listed["items"]] == ["Grid", "Big"]
    condition = described["property"]["filter_info"]["conditions"][0]
    assert condition.pop("condition_id").startswith("con")
    assert condition == {
        "field_id": amount, "field_type": 2, "operator": "isGreater", "value": '["5"]',
    }  # fmt: skip
    assert described["property"]["hidden_fields"] == [table.field("Name").field_id]


def test_fields_listed_by_view_say_what_it_hides(emulator, api):
    """With view_id, is_hidden follows the view."""
    table = emulator.database("CRM").table("Orders", {"Name": ["a"], "Amount": [1]})
    view = table.view("Short", hidden=["Amount"])

    items = api.get(api.path(table, "/fields"), view_id=view.view_id)["items"]
    assert [(item["field_name"], item["is_hidden"]) for item in items] == [
        ("Name", False), ("Amount", True),
    ]  # fmt: skip


def test_what_does_not_exist_has_its_own_code(emulator, api):
    """Base, table and view are told apart; get view answers 404 where older pages answer 200."""
    table = emulator.database("CRM").table("Orders", {"Name": ["a"]})
    base = f"/open-apis/bitable/v1/apps/{table.base.app_token}"

    assert api.refusal("GET", "/open-apis/bitable/v1/apps/nothing")[:2] == (200, 1254040)
    assert api.refusal("GET", f"{base}/tables/tblNo/fields")[:2] == (200, 1254041)
    assert api.refusal("GET", f"{base}/tables/tblNo/views/vewNo")[:2] == (404, 1254041)
    assert api.refusal("GET", api.path(table, "/views/vewNo"))[:2] == (404, 1254042)
    assert api.refused(table, {"view_id": "vewNo"})[:2] == (200, 1254042)


def test_ids_have_a_documented_length(emulator, api):
    """What is longer is no id, and is refused as a malformed request."""
    base = f"/open-apis/bitable/v1/apps/{emulator.database('CRM').app_token}"

    for path, member in ((f"{base}{'x' * 100}", "app_token"),
                         (f"{base}/tables/{'x' * 51}/fields", "table_id")):  # fmt: skip
        status, code, error = api.refusal("GET", path)
        assert (status, code) == (400, 99992402)
        assert [item["field"] for item in error["field_violations"]] == [member]


def test_an_odd_time_zone_is_no_crash(emulator, api):
    """Any text may stand there; one that is no zone means UTC+8."""
    table = emulator.database("CRM").table("T", {"When": [datetime(2024, 1, 1, 20, tzinfo=UTC)]})
    day = {"field_name": "When", "operator": "is", "value": ["ExactDate", "1704153600000"]}
    for zone in ("Asia/Beijing", "Asia", "../etc", "\u00e9" * 300, ""):
        table.base.time_zone = zone
        body = {"filter": {"conjunction": "and", "conditions": [day]}}
        assert api.search(table, body)["total"] == 1


def test_a_wiki_token_is_no_base(emulator, api):
    """A wiki node token as app token gives 91402 with empty data."""
    node = emulator.drive.wiki_node(emulator.database("CRM"))
    answer = api.call("GET", f"/open-apis/bitable/v1/apps/{node}")

    body = answer.json()
    assert (answer.status_code, body["code"], body["data"]) == (400, 91402, {})


def test_a_base_that_is_not_shared_is_forbidden(emulator, api):
    """An app that is no collaborator gets 91403."""
    base = emulator.database("CRM")
    base.shared = False

    path = f"/open-apis/bitable/v1/apps/{base.app_token}/tables"
    assert api.refusal("GET", path)[:2] == (400, 91403)


def test_revisions_move_with_every_change(emulator, api):
    """The revision of a table counts changes of its data."""
    table = emulator.database("CRM").table("Orders", {"Name": ["a"]})
    path = f"/open-apis/bitable/v1/apps/{table.base.app_token}/tables"
    before = api.get(path)["items"][0]["revision"]
    table.insert([{"Name": "b"}])

    assert api.get(path)["items"][0]["revision"] > before
