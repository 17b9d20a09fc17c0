"""Captured and documented answers of Lark are understood as they are."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from larkbase_sdk.api import LarkApi
from larkbase_sdk.api.answers import data_of
from larkbase_sdk.api.models import BaseInfo, DocMeta, Field, TableInfo, ViewCondition, WikiNode
from larkbase_sdk.errors import LarkBaseError

Reader = Callable[[str], Any]
ApiMaker = Callable[..., LarkApi]


@pytest.fixture(scope="module")
def sample() -> Reader:
    """Reads a file of the shared folder of Lark samples, or skips the test that asks."""
    default = Path(__file__).parents[3] / "shared" / "reference"
    folder = Path(os.environ.get("LARKBASE_REFERENCE", default)) / "lark-samples"

    def read(name: str) -> Any:
        path = folder / name
        if not path.exists():
            pytest.skip(f"no reference sample at {path}; set LARKBASE_REFERENCE")
        return json.loads(path.read_text(encoding="utf-8"))

    return read


def test_metadata_of_a_base_is_read(server: Any, api: LarkApi, sample: Reader) -> None:
    """Base, tables, fields and a view with its filter."""
    for name in ("app-get", "tables-list", "fields-list-all-types", "views-list", "view-get"):
        server.json(sample(f"{name}.json"))

    base = api.bitable.base("appbcbWCzen6D8dezhoCH2RpMAh")
    tables = api.bitable.tables("app")
    fields = api.bitable.fields("app", "tbl")
    views = api.bitable.views("app", "tbl")
    view = api.bitable.view("app", "tbl", "vew")

    assert base == BaseInfo("appbcbWCzen6D8dezhoCH2RpMAh", "mybase", 1, time_zone="Asia/Beijing")
    assert tables == [TableInfo("tblKz5D60T4JlfcT", "数据表1", 1)]
    assert len(fields) == 25
    assert sum(field.is_primary for field in fields) == 1
    assert all(item.view_id.startswith("vew") for item in views)
    assert view.conditions == (ViewCondition("fldVioUai1", 1, "is", ("text content",)),)
    assert view.complete


def test_captured_fields_are_read(server: Any, api: LarkApi, sample: Reader) -> None:
    """A description that is absent is None, and a lookup keeps its rich property."""
    server.json(sample("fields-list-captured.json"))

    fields = api.bitable.fields("app", "tbl")

    lookups = [field for field in fields if field.type == 19]
    assert lookups
    assert all("target_field" in field.property for field in lookups)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("plain", "plain"),
        ([{"text": "a", "type": "text"}, {"text": "b"}, "odd"], "ab"),
        ({"disable_sync": False, "text": "object"}, "object"),
        ({"disable_sync": True}, None),
        ([], None),
    ],
)
def test_a_description_comes_in_three_shapes(value: Any, expected: str | None) -> None:
    """Text, segments or an object, depending on the call."""
    field = Field.parse({"field_id": "fld1", "description": value})

    assert field.description == expected


def test_drive_and_wiki_answers_are_read(server: Any, api: LarkApi, sample: Reader) -> None:
    """Files, shortcuts, metadata, the root folder and wiki nodes."""
    for name in ("drive-files-list-bases", "drive-files-list", "drive-root-folder-meta",
                 "drive-metas-batch-query", "wiki-get-node-bitable"):  # fmt: skip
        server.json(sample(f"{name}.json"))

    files = api.drive.files("fldbc")

    assert server.requests[1].query["page_token"]
    assert [file.type for file in files] == [
        "bitable", "shortcut", "folder", "file", "shortcut", "docx", "sheet",
    ]  # fmt: skip
    assert [file.target_type for file in files if file.type == "shortcut"] == ["bitable", "file"]
    assert api.drive.root() == "nodbcbHUdOsS613xVzTzFEabcef"
    assert api.drive.metas([("TLLKdcpDro9ijQxA33ycNMabcef", "docx")]) == [
        DocMeta("doccnfYZzTlvXqZIGTdAHKabcef", "doc", "sampletitle",
                "https://example.feishu.cn/docs/doccnfYZzTlvXqZIGTdAHKabcef", 1652066345,
                "TLLKdcpDro9ijQxA33ycNMabcef"),
    ]  # fmt: skip
    assert api.wiki.node("wikcn") == WikiNode(
        "wikcnKQ1k3p0000008Vabcef", "AW3Qbtr2cakCnesXzXVbbsrIcVT", "bitable", "Sample"
    )


def test_every_sample_of_an_error_is_told_with_its_code(
    server: Any, open_api: ApiMaker, sample: Reader
) -> None:
    """Whatever the HTTP status, the code and the log id of the answer arrive."""
    api = open_api(retries=0)
    for entry in sample("errors.json"):
        body = entry.get("body")
        content = entry["body_text"].encode() if body is None else json.dumps(body).encode()
        headers = {k.lower(): v for k, v in entry["headers"].items() if k != "Content-Type"}
        for _ in range(2):
            server.raw(
                content, entry["headers"]["Content-Type"], status=entry["http_status"], **headers
            )

        with pytest.raises(LarkBaseError) as caught:
            api.bitable.search("app", "tbl", {}, page_size=1, parse=data_of)

        server.script.clear()
        assert caught.value.code == (body or {}).get("code"), entry["name"]
        assert caught.value.log_id == headers.get("x-tt-logid"), entry["name"]
        message = (body or {}).get("error", {}).get("message", "")
        assert message in caught.value.message, entry["name"]
