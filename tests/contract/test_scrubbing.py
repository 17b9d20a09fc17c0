"""Nothing that belongs to a tenant or a person is left in a recording."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from contract_scrub import APP_ID, APP_SECRET, HOST, LOG_ID, TOKEN, Scrubber

APP = "NQRxbRkBMa6OnZsjtERcxhNWnNh"
PERSON = {
    "avatar_url": "https://s1-imfile.feishucdn.com/static-resource/v1/abc",
    "email": "jane.doe@acme.example.org",
    "en_name": "Jane Doe",
    "id": "ou_7dab8a3d3cdcc9da365777c7ad535d62",
    "name": "Jane Doe",
}


def interaction(answer: Any, *, body: Any = None, query: str = "") -> dict[str, Any]:
    return {
        "request": {
            "method": "POST",
            "uri": f"https://open.larksuite.com/open-apis/bitable/v1/apps/{APP}/tables{query}",
            "body": None if body is None else json.dumps(body).encode(),
            "headers": {
                "Authorization": ["Bearer t-g1044ghJRUIJJ5ELPCPIKLMNOP"],
                "Content-Type": ["application/json"],
                "Cookie": ["session=1"],
                "User-Agent": ["larkbase-sdk/0.1.0"],
            },
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {
                "Content-Type": ["application/json"],
                "Set-Cookie": ["session=1"],
                "X-Tt-Logid": ["20250101120000ABCDEF0123456789"],
                "X-Request-Id": ["abc"],
            },
            "body": {"string": json.dumps(answer, ensure_ascii=False).encode()},
        },
    }


def scrubbed(*interactions: dict[str, Any]) -> list[dict[str, Any]]:
    scrubber = Scrubber([APP])
    for item in interactions:
        scrubber.learn(item)
    return [scrubber.clean(item) for item in interactions]


def answer_of(item: dict[str, Any]) -> Any:
    return json.loads(item["response"]["body"]["string"])


def test_credentials_and_token_become_placeholders():
    """In the request as well as in the answer."""
    (found,) = scrubbed(
        interaction(
            {"code": 0, "expire": 7200, "tenant_access_token": "t-g1044ghJRUIJJ5ELPCPIKLMNOP"},
            body={"app_id": "cli_a1b2c3d4e5f6", "app_secret": "dskLLdkasdjlasdKK"},
        )
    )

    assert json.loads(found["request"]["body"]) == {"app_id": APP_ID, "app_secret": APP_SECRET}
    assert answer_of(found) == {"code": 0, "expire": 7200, "tenant_access_token": TOKEN}


def test_only_plain_headers_stay():
    """No authorization, no cookie, no log id, and no version of ours."""
    (found,) = scrubbed(interaction({"code": 0}))

    assert found["request"]["headers"] == {"content-type": ["application/json"]}
    assert found["response"]["headers"] == {
        "content-type": ["application/json"],
        "x-tt-logid": [LOG_ID],
    }


def test_ids_get_the_same_placeholder_everywhere():
    """In paths, queries and bodies, also before the answer that shows them."""
    first, second = scrubbed(
        interaction(
            {"code": 0, "data": {"items": [{"table_id": "tblsRc9GRRXKqhvW"}]}},
            query="?page_token=vew1QzyvzRtGrTfo",
        ),
        interaction(
            {"code": 0, "data": {"page_token": "vew1QzyvzRtGrTfo", "has_more": True}},
            body={"record_ids": ["recqwIwhc6"], "table": "tblsRc9GRRXKqhvW"},
        ),
        interaction({"code": 0, "data": {"link_record_ids": ["recqwIwhc6"]}}),
    )[:2]

    assert first["request"]["uri"] == (
        f"{HOST}/open-apis/bitable/v1/apps/token000001/tables?page_token=vew000001"
    )
    assert answer_of(first)["data"]["items"] == [{"table_id": "tbl000001"}]
    assert json.loads(second["request"]["body"]) == {
        "record_ids": ["rec000001"],
        "table": "tbl000001",
    }
    assert answer_of(second)["data"]["page_token"] == "vew000001"


def test_opaque_page_tokens_are_ids():
    """They may hold anything; in an address they are encoded."""
    token = "6GV033Q0o7GF+w7iPQk+aBXlZXmImGJ/1IQtP9NtCyY="
    first, second = scrubbed(
        interaction({"data": {"page_token": token}}),
        interaction({"data": {}}, query=f"?page_token={quote(token, safe='')}"),
    )

    assert answer_of(first)["data"] == {"page_token": "token000002"}
    assert second["request"]["uri"].endswith("?page_token=token000002")


def test_ids_inside_addresses_and_texts_are_replaced():
    """An attachment's address carries table and field ids in an encoded parameter."""
    extra = "%7B%22bitablePerm%22%3A%7B%22tableId%22%3A%22tblsRc9GRRXKqhvW%22%7D%7D"
    (found,) = scrubbed(
        interaction(
            {
                "data": {
                    "table_id": "tblsRc9GRRXKqhvW",
                    "file_token": "Vl3FbVkvnowlgpxpqsAbBrtFcrd",
                    "url": "https://open.larksuite.com/open-apis/drive/v1/medias/"
                    f"Vl3FbVkvnowlgpxpqsAbBrtFcrd/download?extra={extra}",
                    "value": '["tblsRc9GRRXKqhvW"]',
                }
            }
        )
    )

    assert answer_of(found)["data"] == {
        "table_id": "tbl000001",
        "file_token": "token000002",
        "url": f"{HOST}/open-apis/drive/v1/medias/token000002/download?extra="
        + extra.replace("tblsRc9GRRXKqhvW", "tbl000001"),
        "value": '["tbl000001"]',
    }


def test_people_lose_their_names():
    """Cells with people, mentions in texts, and chats."""
    mention = {
        "text": "@Jane Doe", "name": "Jane Doe", "token": PERSON["id"], "type": "mention",
        "mentionType": "User",
    }  # fmt: skip
    chat = {"id": "oc_cd07f55f14d6f4a4f1b51504e7e97f48", "name": "Sales", "avatar_url": "https://x"}
    (found,) = scrubbed(interaction({"data": {"a": [PERSON], "b": [mention], "c": [chat]}}))

    assert answer_of(found)["data"] == {
        "a": [
            {
                "avatar_url": f"{HOST}/avatar",
                "email": "person1@example.com",
                "en_name": "Person 1",
                "id": "ou_000001",
                "name": "Person 1",
            }
        ],
        "b": [
            {
                "text": "@Person 1",
                "name": "Person 1",
                "token": "ou_000001",
                "type": "mention",
                "mentionType": "User",
            }
        ],
        "c": [{"id": "oc_000001", "name": "Chat 1", "avatar_url": f"{HOST}/avatar"}],
    }


def test_log_ids_and_hosts_are_replaced():
    """What support asks for is nobody else's business; addresses of examples may stay."""
    (found,) = scrubbed(
        interaction(
            {
                "code": 91402,
                "error": {
                    "log_id": "20250101120000ABCDEF0123456789",
                    "troubleshooter": "https://open.larksuite.com/search?log_id=20250101120000ABC",
                },
                "data": {
                    "url": "https://acme.larksuite.com:443/base/x",
                    "port": "http://127.0.0.1:8080/base/x",
                    "kept": "https://www.example.com/track/1",
                },
            }
        )
    )

    assert answer_of(found)["error"] == {"log_id": LOG_ID, "troubleshooter": f"{HOST}/search"}
    assert answer_of(found)["data"] == {
        "url": f"{HOST}/base/x",
        "port": f"{HOST}/base/x",
        "kept": "https://www.example.com/track/1",
    }


@pytest.mark.parametrize(
    "words",
    [
        {"name": "recommendations", "text": "optical"},
        {"type": "SingleSelect", "id": "custom"},
        {"page_token": "cGFnZVRva2VuOjUwMA==", "serial": "SO-000213"},
        {"金额": "客户", "value": 1.5, "none": None, "flag": True},
    ],
)
def test_words_and_values_stay(words):
    """What is no id is evidence of the service."""
    (found,) = scrubbed(interaction({"data": words}))

    assert answer_of(found)["data"] == words


def test_a_file_stays_as_it_is():
    """Its bytes are compared with the size in its cell."""
    item = interaction({})
    item["response"]["body"]["string"] = b"\x89PNG not JSON"

    assert scrubbed(item)[0]["response"]["body"]["string"] == b"\x89PNG not JSON"
