"""Folders, metadata, wiki nodes and downloads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from larkbase_sdk.api import LarkApi
from larkbase_sdk.api.domain import Domain
from larkbase_sdk.api.models import DocMeta, DriveFile, WikiNode
from larkbase_sdk.errors import (
    ConfigurationError,
    NetworkError,
    NotFound,
    PermissionDenied,
    ServiceError,
)

ApiMaker = Callable[..., LarkApi]
MEDIA = "/open-apis/drive/v1/medias/boxABC/download"


def test_a_folder_is_listed_oldest_first(server: Any, api: LarkApi) -> None:
    """Sorted by creation, since edits during the listing would shift the default order."""
    shortcut = {"token": "nod1", "name": "S", "type": "shortcut", "created_time": "1679277808",
                "shortcut_info": {"target_type": "bitable", "target_token": "NQRx"}}  # fmt: skip
    server.data({"files": [shortcut], "has_more": True, "next_page_token": "n1", "page_token": "x"})
    server.data({"files": [{"token": "NQRy", "name": "B", "type": "bitable"}], "has_more": False})

    files = api.drive.files("fldcnA")

    assert files == [
        DriveFile("nod1", "S", "shortcut", target_type="bitable", target_token="NQRx",
                  created_time=1679277808),
        DriveFile("NQRy", "B", "bitable"),
    ]  # fmt: skip
    assert server.requests[1].query == {
        "folder_token": ["fldcnA"], "order_by": ["CreatedTime"], "direction": ["ASC"],
        "page_size": ["200"], "page_token": ["n1"],
    }  # fmt: skip


def test_the_root_folder_is_known_by_its_token(server: Any, api: LarkApi) -> None:
    """Without a token in the answer there is nothing to list."""
    server.data({"token": "nodbc1", "id": "711", "user_id": "710"})
    server.data({})

    assert api.drive.root() == "nodbc1"
    with pytest.raises(ServiceError):
        api.drive.root()


@pytest.mark.parametrize(
    ("code", "error"), [(1061004, PermissionDenied), (91204, PermissionDenied), (1061003, NotFound)]
)
def test_a_closed_folder_tells_how_an_app_gets_in(
    server: Any, api: LarkApi, code: int, error: type[Exception]
) -> None:
    """Folders are shared with a group chat that holds the app's bot."""
    server.code(code, "forbidden.", status=403)

    with pytest.raises(error) as caught:
        api.drive.files("fldcnA")

    assert ("group chat" in str(caught.value)) == (error is PermissionDenied)


def test_metadata_is_asked_for_in_batches(server: Any, api: LarkApi) -> None:
    """At most 200 documents a call; what Lark does not show is left out."""
    meta = {"doc_token": "doc1", "doc_type": "bitable", "title": "CRM", "url": "https://x",
            "latest_modify_time": "1652066345"}  # fmt: skip
    moved = {**meta, "request_doc_info": {"doc_token": "old1", "doc_type": "bitable"}}
    server.data({"metas": [meta], "failed_list": [{"token": "t2", "code": 970003}]})
    server.data({"metas": [moved]})

    metas = api.drive.metas((f"t{n}", "bitable") for n in range(250))

    assert metas == [
        DocMeta("doc1", "bitable", "CRM", "https://x", 1652066345, "doc1"),
        DocMeta("doc1", "bitable", "CRM", "https://x", 1652066345, "old1"),
    ]
    assert [len(seen.body["request_docs"]) for seen in server.requests] == [200, 50]
    assert server.requests[1].body["request_docs"][0] == {
        "doc_token": "t200", "doc_type": "bitable",
    }  # fmt: skip
    assert api.drive.metas([]) == []


def test_a_wiki_node_shows_its_object(server: Any, api: LarkApi) -> None:
    """A node of type bitable leads to an app token."""
    server.data({"node": {"node_token": "wik1", "obj_token": "AW3Q", "obj_type": "BITABLE",
                          "title": "Sample"}})  # fmt: skip
    server.data({})

    assert api.wiki.node("wik1") == WikiNode("wik1", "AW3Q", "bitable", "Sample")
    assert server.requests[0].query == {"token": ["wik1"], "obj_type": ["wiki"]}
    with pytest.raises(ServiceError):
        api.wiki.node("wik1")


@pytest.mark.parametrize(
    ("code", "error"), [(131005, NotFound), (131006, PermissionDenied), (131002, ServiceError)]
)
def test_wiki_refusals_have_their_own_advice(
    server: Any, api: LarkApi, code: int, error: type[Exception]
) -> None:
    """A wiki page is shared through the members of its space."""
    server.code(code, status=400)

    with pytest.raises(error):
        api.wiki.node("wik1")


@pytest.mark.parametrize("kind", ["image/png", "application/json", "text/plain", "text/html"])
def test_a_file_comes_as_it_is(server: Any, api: LarkApi, kind: str) -> None:
    """Whatever its type, even JSON that looks like a refusal, when it is named as a file."""
    content = b'{"code": 5, "msg": "a file"}' * 5000
    server.raw(content, kind, **{"content-disposition": 'attachment; filename="a"'})

    pieces = list(api.drive.download("boxABC"))

    assert b"".join(pieces) == content
    assert len(pieces) > 1
    assert server.requests[0].path == MEDIA
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert api.http.stats.bytes >= len(content)


@pytest.mark.parametrize("content", [b'{"a": 1}', b"[1]", b"{cut", b'{"code": "x"}', b""])
def test_a_json_file_without_a_name_is_still_a_file(
    server: Any, api: LarkApi, content: bytes
) -> None:
    """Only what has the shape of a refusal is one."""
    server.raw(content, "application/json")

    assert b"".join(api.drive.download("boxABC")) == content


def test_the_extra_of_an_attachment_url_is_kept(server: Any, open_api: ApiMaker) -> None:
    """Bases with advanced permissions need it; the call goes to the configured API only."""
    api = open_api()
    extra = '{"bitablePerm":{"tableId":"tbl1","rev":5}}'
    url = (
        "https://open.feishu.cn/open-apis/drive/v1/medias/boxABC/download"
        "?extra=%7B%22bitablePerm%22%3A%7B%22tableId%22%3A%22tbl1%22%2C%22rev%22%3A5%7D%7D"
    )
    for _ in range(3):
        server.raw(b"x", "image/png")

    list(api.drive.download(url))
    list(api.drive.download(f"{server.url}{MEDIA}", "mine"))
    list(api.drive.download(f"{server.url}{MEDIA}"))

    assert [seen.path for seen in server.requests] == [MEDIA] * 3
    assert [seen.query.get("extra") for seen in server.requests] == [[extra], ["mine"], None]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.com/open-apis/drive/v1/medias/boxABC/download",
        "https://open.feishu.cn@evil.com/open-apis/drive/v1/medias/boxABC/download",
        "https://open.feishu.cn.evil.com/open-apis/drive/v1/medias/boxABC/download",
        "https://open.feishu.cn/open-apis/drive/v1/medias/batch_get_tmp_download_url?file_tokens=b",
        "file:///etc/passwd",
    ],
)
def test_a_foreign_attachment_url_is_refused_before_any_call(
    server: Any, api: LarkApi, url: str
) -> None:
    """The token goes to the API and nowhere else."""
    with pytest.raises(ConfigurationError):
        api.drive.download(url)

    assert server.token_requests == []


def test_an_attachment_of_lark_may_be_named_by_its_own_host(open_api: ApiMaker) -> None:
    """The configured API and every known host of Lark name the same file."""
    api = open_api(domain=Domain.parse("https://lark.corp.example"), offline=True)

    for host in ("lark.corp.example", "open.feishu.cn", "open.larksuite.com"):
        with pytest.raises(ConfigurationError, match="switched off"):
            next(api.drive.download(f"https://{host}{MEDIA}"))


def test_a_refused_download_is_repeated_like_any_call(server: Any, api: LarkApi) -> None:
    """Throttling and a dead token heal before the first piece."""
    server.code(99991400, status=429)
    server.code(99991663, status=400)
    server.json({"code": 1061001, "msg": "internal"})
    server.raw(b"file", "image/png")

    assert b"".join(api.drive.download("boxABC")) == b"file"


@pytest.mark.parametrize(("status", "kind"), [(200, "application/json"), (403, "application/json")])
def test_a_refused_download_is_an_error(server: Any, api: LarkApi, status: int, kind: str) -> None:
    """A refusal never becomes the content of a file."""
    server.raw(b'{"code": 1061004, "msg": "forbidden."}', kind, status=status)

    with pytest.raises(PermissionDenied):
        list(api.drive.download("boxABC"))


@pytest.mark.parametrize("status", [204, 302, 404])
def test_a_download_without_a_file_is_an_error(server: Any, api: LarkApi, status: int) -> None:
    """Neither an empty answer nor a redirect is a file."""
    server.raw(b"", "text/plain", status=status, location="https://evil.example/")

    with pytest.raises((NetworkError, ServiceError)):
        list(api.drive.download("boxABC"))


def test_a_download_that_breaks_off_is_an_error(server: Any, api: LarkApi) -> None:
    """Half a file is never taken for a whole one, and is not silently begun again."""
    server.raw(b"x" * 300_000, "image/png")
    server.script[-1].cut = 200_000
    pieces: list[bytes] = []

    with pytest.raises(NetworkError) as caught:
        pieces.extend(api.drive.download("boxABC"))

    assert 0 < len(b"".join(pieces)) <= 200_000
    assert caught.value.__cause__ is None
    assert len(server.requests) == 1


def test_nothing_is_called_until_the_first_piece_is_asked_for(server: Any, api: LarkApi) -> None:
    """A list of downloads can be prepared at no cost."""
    api.drive.download("boxABC")

    assert server.requests == []
