"""The token endpoint and the Authorization header."""

from __future__ import annotations

import pytest
import requests

PATH = "/open-apis/auth/v3/tenant_access_token/internal"


def ask(emulator, app_id, app_secret, path=PATH):
    body = {"app_id": app_id, "app_secret": app_secret}
    return requests.post(emulator.url + path, json=body, timeout=10)


def base_with(emulator, header):
    headers = {} if header is None else {"Authorization": header}
    path = f"/open-apis/bitable/v1/apps/{'x' * 27}"
    answer = requests.get(emulator.url + path, headers=headers, timeout=10)
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("path", [PATH, PATH + "/"])
def test_the_token_comes_flat(emulator, path):
    """A token is not wrapped in data, and a trailing slash is accepted."""
    answer = ask(emulator, emulator.app_id, emulator.app_secret, path)

    body = answer.json()
    token = body.pop("tenant_access_token")
    assert (answer.status_code, body) == (200, {"code": 0, "expire": 7200, "msg": "ok"})
    assert token.startswith("t-")


def test_an_unknown_app_is_refused_with_http_200(emulator):
    """10003 travels as HTTP 200, with empty data."""
    answer = ask(emulator, "cli_other", "x")

    body = answer.json()
    assert (answer.status_code, body["code"], body["msg"], body["data"]) == (
        200, 10003, "invalid param", {},
    )  # fmt: skip


def test_a_wrong_secret_is_refused(emulator):
    """10014 tells a wrong secret from an unknown app."""
    answer = ask(emulator, emulator.app_id, "wrong")

    assert (answer.status_code, answer.json()["code"]) == (400, 10014)


def test_a_body_that_is_no_json_is_a_bad_parameter(emulator):
    """The token endpoint answers 10003 to nonsense."""
    answer = requests.post(emulator.url + PATH, data=b"{", timeout=10)

    assert answer.json()["code"] == 10003


def test_the_token_stays_the_same_until_half_an_hour_remains(emulator, api):
    """Asked again early, the same token comes with its remaining seconds."""
    first = api.authenticate()
    emulator.advance(5300)
    again = ask(emulator, emulator.app_id, emulator.app_secret).json()
    emulator.advance(200)
    later = ask(emulator, emulator.app_id, emulator.app_secret).json()

    assert again["tenant_access_token"] == first
    assert 1890 < again["expire"] <= 1900
    assert (later["tenant_access_token"] == first, later["expire"]) == (False, 7200)


def test_an_old_token_works_until_it_ends(emulator, api):
    """Old and new token are both valid until the old one runs out."""
    api.call("GET", "/open-apis/drive/v1/files")
    emulator.advance(6000)
    ask(emulator, emulator.app_id, emulator.app_secret)
    assert api.get("/open-apis/drive/v1/files")["files"] == []

    emulator.advance(1300)
    assert api.refusal("GET", "/open-apis/drive/v1/files")[:2] == (400, 99991663)


def test_a_revoked_token_is_refused(emulator, api):
    """A token can die before its time; the next one works."""
    emulator.revoke_tokens()
    assert api.refusal("GET", "/open-apis/drive/v1/files")[:2] == (400, 99991663)

    api.authenticate()
    assert api.get("/open-apis/drive/v1/files")["files"] == []


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, 99991661),
        ("t-0123456789", 99991661),
        ("Bearer ", 99991661),
        ("Bearer t-forged", 99991663),
        ("Bearer u-forged", 99991668),
        ("Bearer eyJhbGciOi", 99991668),
    ],
)
def test_authentication_comes_before_everything_else(emulator, header, code):
    """A bad token is refused before the base is looked for."""
    assert base_with(emulator, header) == (400, code)


def test_a_user_token_that_is_known_works(emulator):
    """User tokens are accepted when the test says so."""
    token = emulator.user_token()

    assert base_with(emulator, f"Bearer {token}") == (200, 1254040)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/open-apis/nowhere"), ("DELETE", "/open-apis/drive/v1/files"), ("GET", PATH)],
)
def test_unknown_paths_and_methods_are_plain_text(emulator, method, path):
    """404 comes as text, not as JSON, and without asking for a token."""
    answer = requests.request(method, emulator.url + path, timeout=10)

    assert (answer.status_code, answer.text) == (404, "404 page not found")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_every_answer_carries_its_log_id(emulator, api):
    """The header and error.log_id name the same id."""
    good = api.call("GET", "/open-apis/drive/v1/files")
    bad = api.call("GET", "/open-apis/bitable/v1/apps/nothing")

    assert good.headers["X-Tt-Logid"]
    assert bad.json()["error"]["log_id"] == bad.headers["X-Tt-Logid"]
