"""Writing over HTTP: bases, tables, fields, views and records."""

from __future__ import annotations

import pytest

BASES = "/open-apis/bitable/v1/apps"


def test_a_new_base_starts_with_blank_rows(api):
    """A base made through the API holds a default table of empty records."""
    app = api.data("POST", BASES, json={"name": "New", "time_zone": "Asia/Macau"})["app"]
    base = f"{BASES}/{app['app_token']}"
    items = api.data("POST", f"{base}/tables/{app['default_table_id']}/records/search")["items"]

    assert {item["record_id"]: item["fields"] for item in items} == {
        item["record_id"]: {} for item in items
    }
    assert len(items) == 10
    assert api.get(base)["app"]["time_zone"] == "Asia/Macau"
    assert api.get("/open-apis/drive/v1/files")["files"][0]["token"] == app["app_token"]


def test_tables_fields_and_records_can_be_made_and_read_back(emulator, api):
    """The answer echoes what was written; a search reads the other shape."""
    base = emulator.database("CRM")
    made = api.data(
        "POST",
        f"{BASES}/{base.app_token}/tables",
        json={"table": {"name": "Tasks", "default_view_name": "All", "fields": [
            {"field_name": "Task", "type": 1}, {"field_name": "N", "type": 2}]}},
    )  # fmt: skip
    table = base.find_table("Tasks")
    field = api.data(
        "POST",
        api.path(table, "/fields"),
        json={"field_name": "Code", "type": 1, "ui_type": "Barcode", "description": {"text": "d"}},
    )["field"]
    record = {"fields": {"Task": "write", "N": 1, "Code": "B"}}
    created = api.data("POST", api.path(table, "/records"), json=record)["record"]

    assert made["table_id"] == table.table_id
    assert made["field_id_list"] == [one.field_id for one in table.fields[:2]]
    assert (field["ui_type"], field["description"]) == (
        "Barcode", {"disable_sync": False, "text": "d"},
    )  # fmt: skip
    assert created == {**record, "id": created["record_id"], "record_id": created["record_id"]}
    assert api.search(table)["items"] == [
        {
            "fields": {"Code": [{"text": "B", "type": "text"}], "N": 1,
                       "Task": [{"text": "write", "type": "text"}]},
            "record_id": created["record_id"],
        }
    ]  # fmt: skip


@pytest.fixture
def tasks(emulator):
    """Three rows a, b, c."""
    fields = ["Name", ("N", "Number"), ("Sum", "Formula"), ("At", "ModifiedTime"),
              ("Tags", "MultiSelect"), ("Next", "SingleLink"), ("Files", "Attachment")]  # fmt: skip
    rows = [{"Name": name, "At": 1} for name in "abc"]
    return emulator.database("CRM").table("Tasks", fields=fields, rows=rows)


def test_batches_create_update_and_delete(api, tasks):
    """Several records are written in one call."""
    created = api.data(
        "POST",
        api.path(tasks, "/records/batch_create"),
        json={"records": [{"fields": {"Name": "d"}}, {"fields": {"N": 5}}]},
    )
    ids = [record["record_id"] for record in created["records"]]
    api.data(
        "POST",
        api.path(tasks, "/records/batch_update"),
        json={"records": [{"record_id": ids[1], "fields": {"Name": "e"}}]},
    )
    api.data("POST", api.path(tasks, "/records/batch_delete"), json={"records": [ids[0]]})
    api.data("DELETE", api.path(tasks, f"/records/{tasks.records[0]['record_id']}"))
    api.data("PUT", api.path(tasks, f"/records/{tasks.records[0]['record_id']}"),
             json={"fields": {"Name": "B", "N": None}})  # fmt: skip

    assert api.keys(tasks) == ["B", "c", "e"]
    changed = [item["fields"]["At"] > 1 for item in api.search(tasks)["items"]]
    assert changed == [True, False, True]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Nope": 1}, (200, 1254045)),
        ({"N": "five"}, (200, 1254061)),
        ({"Name": 5}, (200, 1254060)),
        ({"Sum": 1}, (400, 1254015)),
        ({"At": 1}, (400, 1254015)),
        ({"Tags": 5}, (200, 1254063)),
        ({"Tags": [5]}, (200, 1254063)),
        ({"Next": True}, (200, 1254067)),
        ({"Name": [5]}, (200, 1254060)),
        ({"Files": [{"file_token": ["f"]}]}, (200, 1254069)),
        ({"Files": [{"file_token": "f", "name": "f.txt", "size": "many"}]}, (200, 1254069)),
        ([], (400, 9499)),
    ],
)
def test_wrong_values_are_refused_and_nothing_is_written(api, tasks, fields, expected):
    """A batch is written as a whole or not at all."""
    path = api.path(tasks, "/records/batch_create")
    body = {"records": [{"fields": {"Name": "good"}}, {"fields": fields}]}

    assert api.refusal("POST", path, json=body)[:2] == expected
    assert api.keys(tasks) == ["a", "b", "c"]


def test_other_refusals_of_writes(api, tasks):
    """Unknown records, too many records, names taken twice and bad client tokens."""
    records = api.path(tasks, "/records")
    many = {"records": [{"fields": {}}] * 1001}
    tables = f"{BASES}/{tasks.base.app_token}/tables"

    assert api.refusal("DELETE", f"{records}/recNo")[1] == 1254043
    assert api.refusal("PUT", f"{records}/recNo", json={"fields": {}})[1] == 1254043
    assert api.refusal("POST", f"{records}/batch_create", json=many)[1] == 1254104
    assert api.refusal("POST", tables, json={"table": {"name": "Tasks"}})[1] == 1254013
    field = {"field_name": "N", "type": 2}
    assert api.refusal("POST", api.path(tasks, "/fields"), json=field)[1] == 1254014
    token = {"client_token": "not-a-uuid"}
    assert api.refusal("POST", records, json={"fields": {}}, params=token)[:2] == (400, 1254037)


@pytest.mark.parametrize(
    "wrong",
    [
        {"property": 1},
        {"property": {"options": 1}},
        {"property": {"options": [1]}},
        {"property": {"table_id": 1}},
        {"ui_type": []},
    ],
)
def test_a_malformed_field_is_refused(api, tasks, wrong):
    """Members of the wrong JSON type get 9499, and nothing is added."""
    body = {"field_name": "New", "type": 3, **wrong}

    assert api.refusal("POST", api.path(tasks, "/fields"), json=body)[:2] == (400, 9499)
    assert tasks.find_field("New") is None


def test_a_refused_update_changes_nothing(api, tasks):
    """One bad value in a batch leaves every record as it was."""
    ids = [record["record_id"] for record in tasks.records]
    records = [{"record_id": ids[0], "fields": {"Name": "A", "N": 1}},
               {"record_id": ids[1], "fields": {"Name": "B", "N": "x"}}]  # fmt: skip
    path = api.path(tasks, "/records/batch_update")

    assert api.refusal("POST", path, json={"records": records})[1] == 1254061
    assert api.keys(tasks) == ["a", "b", "c"]


def test_links_made_over_http_get_their_other_end(api, tasks):
    """A duplex link names its table by id; the service adds name and back field."""
    other = tasks.base.table("Other", {"Name": ["x"]})
    body = {"field_name": "Link", "type": 21, "property": {"table_id": other.table_id}}
    made = api.data("POST", api.path(tasks, "/fields"), json=body)["field"]

    back = other.field("Tasks")
    assert made["property"] == {
        "back_field_id": back.field_id, "back_field_name": "Tasks", "multiple": True,
        "table_id": other.table_id, "table_name": "Other",
    }  # fmt: skip
    again = {**body, "field_name": "Link 2"}
    assert api.refusal("POST", api.path(tasks, "/fields"), json=again)[1] == 1254001


def test_a_view_can_be_made(api, tasks):
    """A created view is listed."""
    api.data("POST", api.path(tasks, "/views"), json={"view_name": "Board", "view_type": "kanban"})

    views = api.get(api.path(tasks, "/views"))["items"]
    assert [(view["view_name"], view["view_type"]) for view in views] == [
        ("Grid", "grid"), ("Board", "kanban"),
    ]  # fmt: skip


def test_computed_tables_are_read_only(emulator, api):
    """Tables synchronised from elsewhere cannot be written."""
    from larkbase_sdk.emulator.large import add_generated_table

    table = add_generated_table(emulator.database("Large"), "Events", 10)

    refusal = api.refusal("POST", api.path(table, "/records"), json={"fields": {}})
    assert refusal[:2] == (403, 1254304)
