"""Drive folders, wiki nodes and metadata of files."""

from __future__ import annotations

import base64

import pytest

FILES = "/open-apis/drive/v1/files"
METAS = "/open-apis/drive/v1/metas/batch_query"
EXPLORER = "/open-apis/drive/explorer/v2"
NODE = "/open-apis/wiki/v2/spaces/get_node"


@pytest.fixture
def sales(emulator):
    """A folder with a base, a shortcut, a sub-folder and a file."""
    folder = emulator.drive.folder("Sales")
    folder.add(emulator.database("Sales base"))
    folder.add_shortcut(emulator.database("CRM"), "Shared base")
    folder.folder("Sub folder")
    folder.add_file("Notes", "docx")
    return folder


def names(files):
    return [item["name"] for item in files]


def test_the_root_comes_in_one_page_without_shortcuts(emulator, api):
    """The root neither pages nor shows shortcuts."""
    for i in range(5):
        emulator.database(f"B{i}")
    emulator.drive.root.add_shortcut(emulator.database("B0"), "shortcut")
    data = api.get(FILES, page_size=2, order_by="CreatedTime", direction="ASC")

    assert sorted(names(data["files"])) == ["B0", "B1", "B2", "B3", "B4"]
    assert data["has_more"] is False
    assert "next_page_token" not in data


def test_folders_page_with_their_own_token(api, sales):
    """The paging member is next_page_token; it holds a time and an id."""
    query = {"folder_token": sales.token, "order_by": "CreatedTime", "direction": "ASC"}
    first = api.get(FILES, page_size=3, **query)
    second = api.get(FILES, page_size=3, page_token=first["next_page_token"], **query)

    assert names(first["files"] + second["files"]) == [
        "Sales base", "Shared base", "Sub folder", "Notes",
    ]  # fmt: skip
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert base64.b64decode(first["next_page_token"]).partition(b"|")[0].isdigit()


def test_a_shortcut_says_what_it_points_to(emulator, api, sales):
    """A shortcut has a token of its own and names its target; times are seconds as text."""
    files = api.get(FILES, folder_token=sales.token)["files"]
    shortcut = next(item for item in files if item["type"] == "shortcut")
    target = emulator.database("CRM").app_token

    assert shortcut["shortcut_info"] == {"target_token": target, "target_type": "bitable"}
    assert shortcut["token"] != target
    assert shortcut["url"] == f"{emulator.url}/base/{target}"
    assert all(item["created_time"].isdigit() for item in files)


def test_files_are_newest_first_unless_asked_otherwise(api, sales):
    """The default order is by edit time, descending."""
    listed = names(api.get(FILES, folder_token=sales.token)["files"])
    query = {"order_by": "EditedTime", "direction": "ASC"}

    assert listed == names(api.get(FILES, folder_token=sales.token, **query)["files"])[::-1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"page_size": "201"}, (400, 1064001)),
        ({"page_size": "0"}, (400, 1064001)),
        ({"page_size": "\u00b2"}, (400, 1064001)),
        ({"folder_token": "nowhere"}, (404, 1061003)),
        ({"page_token": "?"}, (400, 1061002)),
        ({"page_token": "\u00e9"}, (400, 1061002)),
    ],
)
def test_folder_requests_can_be_wrong(api, sales, query, expected):
    """Page sizes above 200, unknown folders and unknown tokens are refused."""
    refusal = api.refusal("GET", FILES, params={"folder_token": sales.token, **query})

    assert refusal[:2] == expected


def test_a_folder_that_is_not_shared_is_forbidden(api, sales):
    """1061004 with HTTP 403."""
    sales.shared = False

    refusal = api.refusal("GET", FILES, params={"folder_token": sales.token})
    assert refusal[:2] == (403, 1061004)


def test_root_and_folder_metadata(emulator, api, sales):
    """Root metadata gives the token of the root; a folder gives its name and parent."""
    root = api.get(f"{EXPLORER}/root_folder/meta")
    meta = api.get(f"{EXPLORER}/folder/{sales.token}/meta")

    assert set(root) == {"id", "token", "user_id"}
    assert (meta["name"], meta["parentId"]) == ("Sales", root["token"])
    assert api.refusal("GET", f"{EXPLORER}/folder/nowhere/meta")[1] == 91203


def test_metadata_of_several_files(emulator, api, sales):
    """Unknown files and wrong types come in failed_list."""
    base = emulator.database("CRM")
    docs = [{"doc_token": base.app_token, "doc_type": "bitable"},
            {"doc_token": base.app_token, "doc_type": "docx"}]  # fmt: skip
    data = api.data("POST", METAS, json={"request_docs": docs, "with_url": True})

    assert [meta["title"] for meta in data["metas"]] == ["CRM"]
    assert data["metas"][0]["url"] == base.url
    assert data["failed_list"] == [{"code": 970005, "token": base.app_token}]


def test_the_modify_time_of_a_base_moves_with_its_data(emulator, api):
    """latest_modify_time is a sign of change."""
    table = emulator.database("CRM").table("T", {"Name": ["a"]})
    docs = [{"doc_token": table.base.app_token, "doc_type": "bitable"}]

    def modified():
        data = api.data("POST", METAS, json={"request_docs": docs})
        return int(data["metas"][0]["latest_modify_time"])

    before = modified()
    table.insert([{"Name": "b"}])
    assert modified() > before


def test_wiki_nodes_lead_to_their_base(emulator, api):
    """A node of a base has obj_type bitable and the app token."""
    base = emulator.database("CRM")
    token = emulator.drive.wiki_node(base)
    node = api.get(NODE, token=token)["node"]

    assert (node["obj_type"], node["obj_token"], node["title"]) == (
        "bitable", base.app_token, "CRM",
    )  # fmt: skip
    assert api.get(NODE, token=base.app_token, obj_type="bitable")["node"] == node
    assert api.refusal("GET", NODE, params={"token": base.app_token})[:2] == (400, 131005)
    assert api.refusal("GET", NODE)[:2] == (400, 131002)
