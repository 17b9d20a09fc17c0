"""Secrets reach Lark and nobody else: no log, no error, no proxy, no other host."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from larkbase_sdk.api import LarkApi
from larkbase_sdk.api.endpoints import GET_BASE, SEARCH_RECORDS
from larkbase_sdk.errors import NetworkError

APP = {"app": "NQRx"}
ApiMaker = Callable[..., LarkApi]


def test_hooks_and_logs_get_facts_without_values(
    server: Any, open_api: ApiMaker, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Names, codes and times may be stored; ids, tokens, filters and secrets may not."""
    calls: list[dict[str, Any]] = []
    repeats: list[dict[str, Any]] = []
    api = open_api(on_call=calls.append, on_retry=repeats.append)
    server.code(1254607, "Data not ready", status=400)
    server.json({"code": 0, "data": {}}, x_tt_logid="LOG-2")

    with caplog.at_level(logging.DEBUG, logger="larkbase"):
        api.http.call(
            SEARCH_RECORDS,
            path={"app": "HiddenApp", "table": "tblHidden"},
            query={"page_token": "hidden-token"},
            body={"filter": "hidden-filter"},
        )

    search = "/open-apis/bitable/v1/apps/{app}/tables/{table}/records/search"
    assert [(c["endpoint"], c["status"], c["code"]) for c in calls] == [
        ("token", 200, 0), ("search", 400, 1254607), ("search", 200, 0),
    ]  # fmt: skip
    assert calls[2] == {
        "endpoint": "search", "method": "POST", "path": search, "status": 200, "code": 0,
        "ms": 0.0, "bytes": 23, "log_id": "LOG-2",
    }  # fmt: skip
    assert repeats == [
        {"endpoint": "search", "repeat": 1, "seconds": 0.5, "code": 1254607,
         "reason": "Lark 1254607"}
    ]  # fmt: skip
    text = f"{calls}{repeats}{caplog.text}"
    assert search in caplog.text
    for hidden in (secret, "t-token", "HiddenApp", "tblHidden", "hidden-"):
        assert hidden not in text


def test_no_repr_and_no_error_carries_a_secret(
    error_of: Any, server: Any, api: LarkApi, secret: str
) -> None:
    """Not even through the chain of causes, which holds requests and their headers."""
    said = f"Invalid parameter value: {secret}"
    server.json({"code": 9499, "msg": said}, status=400, x_tt_logid=secret)

    error = error_of(api)

    token = server.tokens_used[0].removeprefix("Bearer ")
    shown = f"{error}{error!r}{api!r}{api.http!r}{vars(api.http)}"
    assert error.__cause__ is None
    assert error.__context__ is None
    assert secret not in shown
    assert token not in shown
    assert repr(api) == f"LarkApi({api.domain.label}, as app cli_a1b…)"


def test_the_token_follows_no_redirect(error_of: Any, server: Any, api: LarkApi) -> None:
    """A redirect to another host is an error, not a second request."""
    server.raw(b"", "text/plain", status=307, location="http://127.0.0.1:1/steal")

    error = error_of(api)

    assert isinstance(error, NetworkError)
    assert "credentials do not follow" in error.message


def test_the_environment_neither_sees_nor_changes_loopback_calls(
    server: Any, api: LarkApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Neither a proxy nor .netrc comes between this machine and itself."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login evil password evil\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.data({"ok": 1})

    assert api.http.call(GET_BASE, path=APP) == {"ok": 1}
    assert server.tokens_used[0].startswith("Bearer t-")


def test_the_environment_adds_no_credentials_elsewhere(
    server: Any, open_api: ApiMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A proxy is used for other hosts, but .netrc never replaces or adds a header."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine lark.corp.invalid login evil password evil\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    api = open_api(domain="http://lark.corp.invalid")
    server.data({"ok": 1})

    assert api.http.call(GET_BASE, path=APP) == {"ok": 1}
    assert "authorization" not in server.token_requests[0].headers
    assert server.tokens_used[0].startswith("Bearer t-")


def test_cookies_are_neither_kept_nor_sent(server: Any, api: LarkApi) -> None:
    """A session lives in its token only."""
    for _ in range(2):
        server.json({"code": 0}, set_cookie="session=abc; Path=/")
        api.http.call(GET_BASE, path=APP)

    assert ["cookie" in seen.headers for seen in server.requests] == [False, False]
