"""The emulator's answers have the shapes of the reference samples."""

from __future__ import annotations

import json

import pytest

BASES = "/open-apis/bitable/v1/apps"
PERSON = {"id": "ou_92945f86a98bba075174776959c90eda"}


def shape(value):
    """Return a JSON value with every scalar replaced by its type."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, int | float) else "text"


@pytest.fixture
def all_types(emulator, samples):
    """The documented table with its documented record, rebuilt from both samples."""
    fields = samples("fields-list-all-types")["data"]["items"]
    cells = samples("records-search-all-types")["data"]["items"][0]["fields"]
    for person in (*cells["人员"], *cells["创建人"]):
        emulator.person(person)
    for chat in cells["群组"]:
        emulator.database("x").tenant.directory.chat(chat)
    names = {item["field_name"] for item in fields}
    extra = {"单向关联": "SingleLink", "双向关联": "DuplexLink", "数字": "Number"}
    specs = [*fields, *(kind for kind in extra.items() if kind[0] not in names)]
    base = emulator.database("All")
    base.access = "manage"
    return base.table("All", fields=specs, rows=[cells])


def test_fields_are_listed_as_documented(api, all_types, samples):
    """The list of 25 fields comes back member by member."""
    expected = samples("fields-list-all-types")["data"]["items"]
    listed = api.get(api.path(all_types, "/fields"), page_size=100)["items"]

    def known(item):
        shown = dict(item)
        if shown["ui_type"] == "Lookup":
            shown.pop("property")
        return shown

    assert [known(item) for item in listed[:25]] == [known(item) for item in expected]


def test_a_record_of_every_type_is_read_as_documented(api, all_types, samples):
    """Every cell of the documented record has its documented shape."""
    expected = samples("records-search-all-types")["data"]["items"][0]
    item = api.search(all_types, {"automatic_fields": True})["items"][0]

    assert set(item["fields"]) - {"数据表", "数据表 2"} == set(expected["fields"])
    for name, cell in expected["fields"].items():
        assert shape(item["fields"][name]) == shape(cell), name
    assert shape({**item, "fields": 0}) == shape({**expected, "fields": 0})


def test_captured_fields_are_listed_as_captured(emulator, api, samples):
    """Properties pass through unchanged, the rich one of a lookup too."""
    expected = samples("fields-list-captured")["data"]
    table = emulator.database("Captured").table("T", fields=expected["items"])
    answer = api.get(api.path(table, "/fields"))

    assert answer == expected


@pytest.mark.parametrize(
    "name",
    ["records-search-captured-page", "records-search-empty-cells", "records-search-formula-lookup",
     "records-search-formula-date-captured"],
)  # fmt: skip
def test_captured_cells_are_served_as_captured(emulator, api, samples, name):
    """Cells given in their read shape are read back equal."""
    emulator.switches.empty_links = "absent"
    items = samples(name)["data"]["items"]
    kinds = {"published": "DateTime", "files": "Attachment", "Done": "Checkbox",
             "industry": "SingleSelect", "Parent": "SingleLink", "day only": "Formula"}  # fmt: skip
    columns = dict.fromkeys(column for item in items for column in item["fields"])
    if name.endswith("lookup"):
        kinds |= dict.fromkeys(columns, "Formula")
    fields = [(column, kinds.get(column, "Text")) for column in columns]
    table = emulator.database("Captured").table(
        "T", fields=fields, rows=[item["fields"] for item in items]
    )
    served = [item["fields"] for item in api.search(table)["items"]]

    def own(text):
        """Return the expected cells with this emulator's addresses and without null links."""
        host = "https://open.feishu.cn"
        cells = json.loads(text.replace(host, emulator.url))
        return {n: c for n, c in cells.items() if c != {"link_record_ids": None}}

    assert served == [own(json.dumps(item["fields"])) for item in items]


def test_lists_and_bases_have_the_documented_members(emulator, api, samples):
    """Get base, list tables, list views and get view show the members of their samples."""
    table = emulator.database("CRM").table("T", {"Name": ["a"]})
    view = table.view("grid", conditions=[("Name", "is", ["text content"])])
    base = f"{BASES}/{table.base.app_token}"

    assert shape(api.get(base)) == shape(samples("app-get")["data"])
    assert shape(api.get(f"{base}/tables")) == shape(samples("tables-list")["data"])
    assert shape(api.get(api.path(table, "/views"))) == shape(samples("views-list")["data"])
    shown = shape(api.get(api.path(table, f"/views/{view.view_id}")))
    assert shown == shape(samples("view-get")["data"])


def test_drive_and_wiki_have_the_documented_members(emulator, api, samples):
    """Files, root, metadata and nodes show the members of their samples."""
    base = emulator.database("CRM")
    folder = emulator.drive.folder("Sales")
    folder.add(emulator.database("Sales base"))
    folder.add_shortcut(base)
    folder.folder("Sub")
    files = api.get("/open-apis/drive/v1/files", folder_token=folder.token)["files"]
    sample = {item["type"]: item for item in samples("drive-files-list-bases")["data"]["files"]}
    docs = [{"doc_token": base.app_token, "doc_type": "bitable"},
            {"doc_token": "none", "doc_type": "docx"}]  # fmt: skip
    metas = api.data("POST", "/open-apis/drive/v1/metas/batch_query",
                     json={"request_docs": docs, "with_url": True})  # fmt: skip
    expected = samples("drive-metas-batch-query")["data"]
    expected["metas"][0].pop("sec_label_name")
    node = api.get("/open-apis/wiki/v2/spaces/get_node", token=emulator.drive.wiki_node(base))
    root = api.get("/open-apis/drive/explorer/v2/root_folder/meta")

    assert {item["type"]: shape(item) for item in files} == {k: shape(v) for k, v in sample.items()}
    assert shape(metas) == shape(expected)
    assert shape(root) == shape(samples("drive-root-folder-meta")["data"])
    documented = shape(samples("wiki-get-node")["data"])["node"]
    documented |= shape(samples("wiki-get-node-bitable")["data"])["node"]
    assert shape(node)["node"] == documented


def test_batch_get_and_writes_have_the_documented_members(emulator, api, samples):
    """Batch get, create and batch create show the members of their samples."""
    table = emulator.database("CRM").table("T", {"Name": ["a"]})
    ids = [table.records[0]["record_id"], "recNo"]
    got = api.data("POST", api.path(table, "/records/batch_get"), json={"record_ids": ids})
    record = {"fields": {"Name": "b"}}
    one = api.data("POST", api.path(table, "/records"), json=record)["record"]
    many = api.data("POST", api.path(table, "/records/batch_create"), json={"records": [record]})

    assert set(got) == set(samples("records-batch-get")["data"])
    assert set(one) == set(samples("record-create")["data"]["record"])
    assert set(many["records"][0]) == set(samples("records-batch-create")["data"]["records"][0])


def test_pages_are_like_the_sample_pages(emulator, api, samples):
    """Two pages of a table of three rows."""
    table = emulator.database("CRM").table("T", {"N": [1, 2, 3]})
    first, second = list(api.pages(table, page_size=2))

    for page, name in ((first, "records-search-page-1"), (second, "records-search-page-2")):
        expected = samples(name)["data"]
        for item, wanted in zip(page["items"], expected["items"], strict=True):
            assert item["fields"] == wanted["fields"]
        assert {**page, "items": 0} == {**expected, "items": 0}


PRODUCED = {
    "gateway rate limit": {"code": 99991400},
    "scope missing": {"code": 99991672},
    "base engine busy": {"code": 1254607},
    "too many requests, application level": {"code": 1254290},
    "write conflict": {"code": 1254291},
    "request timed out": {"code": 1255040},
    "internal error": {"code": 1255001},
    "base is being copied": {"code": 1254036},
    "response too large": {"code": 1254030},
    "invalid sort": {"code": 1254016},
    "app is not a collaborator of the base": {"code": 91403},
    "bad tenant token": {"code": 99991663},
    "user token (Bearer eyJ... or u-...) not valid": {"code": 99991668},
    "gateway parameter validation": {"code": 99992402},
    "bad page_token": {"code": 1254002},
    "page_size 0": {"code": 1254011},
    "view not found": {"code": 1254042},
}


@pytest.mark.parametrize("name", PRODUCED)
def test_refusals_have_the_documented_status_and_text(emulator, api, samples, name):
    """Status, code and msg of a refusal on search are those of the sample."""
    expected = next(item for item in samples("errors") if item["name"] == name)
    table = emulator.database("CRM").table("T", {"Name": ["a"]})
    emulator.fail(**PRODUCED[name], endpoint="search")
    answer = api.call("POST", api.path(table, "/records/search"), json={})

    body = answer.json()
    assert answer.status_code == expected["http_status"]
    assert (body["code"], body["msg"]) == (expected["body"]["code"], expected["body"]["msg"])
    assert answer.headers["Content-Type"] == expected["headers"]["Content-Type"]
    limits = {key for key in expected["headers"] if key.startswith("x-ogw")}
    assert limits <= set(answer.headers)


DOCUMENTED_PAGES = {
    "app.get": ("base", "GET", ""),
    "tables.list": ("tables", "GET", "/tables"),
    "fields.list": ("fields", "GET", "/tables/tbl/fields"),
    "views.list": ("views", "GET", "/tables/tbl/views"),
    "view.get": ("view", "GET", "/tables/tbl/views/vew"),
    "records.search": ("search", "POST", "/tables/tbl/records/search"),
    "records.batch_get": ("batch_get", "POST", "/tables/tbl/records/batch_get"),
}


@pytest.mark.parametrize("page", DOCUMENTED_PAGES)
def test_every_code_has_the_status_that_its_page_documents(emulator, api, samples, page):
    """The same code travels under different statuses."""
    endpoint, method, tail = DOCUMENTED_PAGES[page]
    documented = {
        (int(status), entry["code"])
        for entry in samples("error-codes")
        for status, pages in entry["http"].items()
        if page in pages
    }
    answered = set()
    for _, code in documented:
        emulator.fail(code, endpoint=endpoint)
        answered.add(api.refusal(method, f"/open-apis/bitable/v1/apps/app{tail}")[:2])

    assert answered == documented
    assert documented
