"""The sample tenant and the computed table."""

from __future__ import annotations

import pytest

from larkbase_sdk.emulator import LarkEmulator
from larkbase_sdk.emulator.kinds import KINDS
from larkbase_sdk.emulator.large import add_generated_table


def listing(api, folder_token=""):
    files = api.get("/open-apis/drive/v1/files", folder_token=folder_token)["files"]
    return {item["name"]: item for item in files}


def test_the_root_holds_the_bases(sample_api):
    """Bases, a folder and another file are found from the root."""
    found = {name: item["type"] for name, item in listing(sample_api).items()}

    assert found == {
        "CRM": "bitable", "客户管理": "bitable", "HR": "bitable", "Field Types": "bitable",
        "Metadata": "bitable", "Sales": "folder", "Read me first": "docx",
    }  # fmt: skip


def test_the_folder_holds_a_base_a_folder_a_shortcut_and_others(sample_api):
    """What a crawler meets in a folder."""
    sales = listing(sample_api, listing(sample_api)["Sales"]["token"])
    archive = listing(sample_api, sales["Archive"]["token"])

    assert {name: item["type"] for name, item in sales.items()} == {
        "Sales 2025": "bitable", "Archive": "folder", "CRM (shortcut)": "shortcut",
        "Price list": "sheet", "Terms of sale": "docx",
    }  # fmt: skip
    assert list(archive) == ["Sales 2024"]


def test_a_wiki_node_shows_a_base_that_no_folder_holds(sample_emulator, sample_api):
    """Wiki bases are found by their node only."""
    token = next(iter(sample_emulator.drive.nodes))
    node = sample_api.get("/open-apis/wiki/v2/spaces/get_node", token=token)["node"]
    path = f"/open-apis/bitable/v1/apps/{node['obj_token']}"

    assert sample_api.get(path)["app"]["name"] == "Team Plan"


def test_orders_need_several_pages(sample_emulator, sample_api):
    """1,200 orders are three pages of 500."""
    orders = sample_emulator.database("CRM").table("Orders")
    pages = list(sample_api.pages(orders, page_size=500))

    assert [len(page["items"]) for page in pages] == [500, 500, 200]


def test_orders_and_customers_point_at_each_other(sample_emulator):
    """Both ends of the duplex link agree."""
    base = sample_emulator.database("CRM")
    forward, back = set(), set()
    for record in base.table("Orders").records:
        for target in record["fields"].get("Customer", {}).get("link_record_ids", []):
            forward.add((record["record_id"], target))
    for record in base.table("Customers").records:
        for target in record["fields"].get("Orders", {}).get("link_record_ids", []):
            back.add((target, record["record_id"]))

    assert forward == back
    assert len(forward) > 1000


def test_every_field_type_occurs_filled_and_empty(sample_emulator, sample_api):
    """The base Field Types has one field per type, an unknown one, and an empty row."""
    table = sample_emulator.database("Field Types").table("All types")
    listed = sample_api.get(sample_api.path(table, "/fields"), page_size=100)["items"]
    filled, empty, *_ = (item["fields"] for item in sample_api.search(table)["items"])
    silent = {"Stage", "Button"}

    assert {item["ui_type"] for item in listed} == {*KINDS, "Duration"}
    assert {item["field_name"] for item in listed} - set(filled) == silent
    assert set(empty) == {
        "AutoNumber", "AutoNumber custom", "CreatedTime", "CreatedUser", "DuplexLink",
        "ModifiedTime", "ModifiedUser", "SingleLink",
    }  # fmt: skip


def test_hr_shows_both_faces_of_advanced_permissions(sample_emulator, sample_api):
    """One table lacks a column, another looks empty."""
    base = sample_emulator.database("HR")
    employees = sample_api.search(base.table("Employees"))["items"]

    assert all("Salary" not in item["fields"] for item in employees)
    assert sample_api.search(base.table("Reviews"))["items"] == []


def test_the_metadata_tables_name_real_bases(sample_emulator):
    """Both forms point at bases and tables that exist."""
    base = sample_emulator.database("Metadata")
    known = {one.app_token: one for one in sample_emulator.bases}

    def texts(table):
        return [
            {name: cell[0]["text"] for name, cell in record["fields"].items()}
            for record in base.table(table).records
        ]

    assert [row["name"] for row in texts("databases") if row] == ["crm", "customers_cn", "sales"]
    assert all(row["id"] in known for row in texts("databases") if row)
    for row in texts("tables"):
        table = known[row["table_lark_base_id"]].find_table(row["table_lark_table_id"])
        assert table.name == row["table_name"]


def test_the_sample_is_the_same_in_every_run(sample_emulator):
    """Tokens, ids, cells and times do not depend on the moment of the start."""
    with LarkEmulator(tenant="sample") as other:
        for base in sample_emulator.bases:
            again = next(one for one in other.bases if one.app_token == base.app_token)
            assert (again.created, again.name) == (base.created, base.name)
            assert [t.records for t in again.tables] == [t.records for t in base.tables]
        assert list(other.drive.nodes) == list(sample_emulator.drive.nodes)
        assert list(other.drive.folders) == list(sample_emulator.drive.folders)


@pytest.fixture(scope="module")
def large():
    """An emulator with a computed table of 3,000 rows."""
    with LarkEmulator(rows=3000) as running:
        yield running


def test_the_large_table_is_read_in_full(large, make_api):
    """Every row comes once, with all its columns and about 2.4 kB."""
    api = make_api(large)
    table = large.database("Large").table("Events")
    pages = list(api.pages(table, page_size=500))
    ids = {item["record_id"] for page in pages for item in page["items"]}

    assert len(ids) == 3000
    assert len(table.fields) == 32
    size = large.calls.named("search")[0].size / 500
    assert 2200 < size < 2700


def test_the_large_table_is_filtered_and_sorted_like_any_other(large, make_api):
    """What the server finds is what the cells say."""
    api = make_api(large)
    table = large.database("Large").table("Events")
    body = {
        "field_names": ["Amount", "Status"],
        "filter": {"conjunction": "and", "conditions": [
            {"field_name": "Status", "operator": "is", "value": ["Done"]},
            {"field_name": "Amount", "operator": "isGreater", "value": ["5000"]}]},
        "sort": [{"field_name": "Amount", "desc": True}],
    }  # fmt: skip
    found = [item["fields"] for page in api.pages(table, body, page_size=500)
             for item in page["items"]]  # fmt: skip
    cells = [record["fields"] for record in table.records]
    wanted = [c["Amount"] for c in cells if c["Status"] == "Done" and c["Amount"] > 5000]

    assert [fields["Amount"] for fields in found] == sorted(wanted, reverse=True)
    assert len(found) > 100


def test_records_of_the_large_table_are_found_by_id(large, make_api):
    """An id leads back to its row."""
    api = make_api(large)
    table = large.database("Large").table("Events")
    ids = table.rows.ids([0, 1500, 2999])
    path = api.path(table, "/records/batch_get")
    records = api.data("POST", path, json={"record_ids": ids})["records"]

    names = [record["fields"]["Event"][0]["text"] for record in records]
    assert names == ["Event 0000001", "Event 0001501", "Event 0003000"]


def test_links_of_the_large_table_lead_to_its_rows(large):
    """Linked record ids exist."""
    table = large.database("Large").table("Events")
    cells = table.rows.values(table.field("Parent").field_id, range(3000))
    targets = {target for cell in cells if cell for target in cell["link_record_ids"]}

    assert all(table.rows.position(target) is not None for target in targets)
    assert len(targets) > 50


def test_a_computed_table_can_have_few_columns(emulator, make_api):
    """The first columns are the light ones."""
    table = add_generated_table(emulator.database("Large"), "Few", 100, fields=4)

    assert [field.name for field in table.fields] == ["Event", "Amount", "Status", "Due"]
    assert len(make_api(emulator).search(table, page_size=500)["items"]) == 100
