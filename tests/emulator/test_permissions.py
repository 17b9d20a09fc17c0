"""Advanced permissions: success without rows, hidden columns, refused lists."""

from __future__ import annotations

import pytest


@pytest.fixture
def staff(emulator):
    """A table with a salary column."""
    table = emulator.database("HR").table("Staff", {"Name": ["a", "b"], "Salary": [1, 2]})
    table.role_hidden_fields = {"Salary"}
    table.base.access = "role"
    return table


def test_a_base_says_that_advanced_permissions_are_on(emulator, api, staff):
    """is_advanced is the only hint that rows may be hidden."""
    path = f"/open-apis/bitable/v1/apps/{staff.base.app_token}"

    assert api.get(path)["app"]["is_advanced"] is True


def test_without_rights_a_search_succeeds_with_no_rows(emulator, api, staff):
    """Code 0 and an empty page; by switch a refusal."""
    staff.base.access = "none"
    assert api.search(staff) == {"has_more": False, "items": [], "total": 0}

    emulator.switches.advanced_search = "refuse"
    assert api.refused(staff, {})[:2] == (200, 1254302)


def test_without_rights_lists_are_refused(api, staff):
    """Metadata lists answer 403."""
    staff.base.access = "none"
    tables = f"/open-apis/bitable/v1/apps/{staff.base.app_token}/tables"

    assert api.refusal("GET", tables)[:2] == (403, 1254302)
    assert api.refusal("GET", api.path(staff, "/fields"))[:2] == (403, 1254302)
    assert api.refusal("GET", api.path(staff, "/views"))[:2] == (403, 1254302)


def test_a_hidden_column_is_absent_and_cannot_be_named(api, staff):
    """It is listed, but its cells look empty and its name is refused."""
    listed = [item["field_name"] for item in api.get(api.path(staff, "/fields"))["items"]]

    assert listed == ["Name", "Salary"]
    assert set(api.search(staff)["items"][0]["fields"]) == {"Name"}
    assert api.refused(staff, {"field_names": ["Salary"]})[1] == 1254045
    assert api.refused(staff, {"sort": [{"field_name": "Salary"}]})[1] == 1254045


def test_hidden_rows_are_forbidden_by_id(api, staff):
    """Batch get names the ids that may not be read."""
    staff.role_hides_rows = True
    ids = [record["record_id"] for record in staff.records]
    path = api.path(staff, "/records/batch_get")
    data = api.data("POST", path, json={"record_ids": [*ids, "recNo"]})

    assert api.search(staff)["items"] == []
    assert (data["records"], data["forbidden_record_ids"], data["absent_record_ids"]) == (
        [], ids, ["recNo"],
    )  # fmt: skip


def test_with_can_manage_everything_is_seen(api, staff):
    """The remedy gives rows and columns."""
    staff.base.access = "manage"

    assert set(api.search(staff)["items"][0]["fields"]) == {"Name", "Salary"}


def test_files_need_the_permission_of_their_table(emulator, api):
    """With advanced permissions on, a download needs the extra of its address."""
    table = emulator.database("HR").table("Files", fields=["Name", ("File", "Attachment")])
    table.insert([{"File": [("f.txt", b"1")]}])
    table.base.access = "manage"
    cell = api.search(table)["items"][0]["fields"]["File"][0]

    assert "extra=%7B%22bitablePerm%22%3A%7B%22tableId%22" in cell["url"]
    assert api.session.get(cell["url"], timeout=10).content == b"1"
    bare = cell["url"].partition("?")[0]
    assert api.session.get(bare, timeout=10).json()["code"] == 1061004


def test_writes_are_refused_without_rights(api, staff):
    """A role that may not edit gets 403."""
    refusal = api.refusal("POST", api.path(staff, "/records"), json={"fields": {"Name": "c"}})

    assert refusal[:2] == (403, 1254302)
