"""The one door: what a call sends, what comes back, what a reader learns."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from larkbase_sdk.api import LarkApi
from larkbase_sdk.api.endpoints import GET_BASE, LIST_TABLES, SEARCH_RECORDS
from larkbase_sdk.errors import (
    NotFound,
    PermissionDenied,
    QueryError,
    ServiceError,
)

APP = {"app": "NQRx"}
TABLE = {"app": "NQRx", "table": "tblA1"}
ApiMaker = Callable[..., LarkApi]


def test_a_call_returns_its_data(server: Any, api: LarkApi) -> None:
    """Ids go into the path, parameters into the query, the token into a header."""
    server.data({"x": "客户"})

    data = api.http.call(
        SEARCH_RECORDS, path=TABLE, query={"page_size": 5, "page_token": None}, body={"a": 1}
    )

    seen = server.requests[0]
    assert data == {"x": "客户"}
    assert (seen.method, seen.path) == (
        "POST", "/open-apis/bitable/v1/apps/NQRx/tables/tblA1/records/search",
    )  # fmt: skip
    assert seen.query == {"page_size": ["5"]}
    assert seen.body == {"a": 1}
    assert seen.headers["authorization"].startswith("Bearer t-")
    assert seen.headers["content-type"] == "application/json; charset=utf-8"
    assert seen.headers["user-agent"].startswith("larkbase-sdk/")


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "msg": "ok"},
        {"code": 0, "data": None, "msg": "Success"},
        {"msg": "success", "code": 0, "data": {}},
        {"error": {"oddly": "present"}, "code": 0, "data": {}},
    ],
)
def test_any_shape_of_success_is_one(server: Any, api: LarkApi, body: Any) -> None:
    """Only the code counts: not the message, the order of members or unknown members."""
    server.json(body, status=500)

    assert api.http.call(GET_BASE, path=APP) == {}


def test_a_page_is_handed_over_unparsed(server: Any, api: LarkApi) -> None:
    """The parser gets the bytes as they came, since pages are parsed once only."""
    server.raw(b' { "code" : 0, "data": {"items": [1.10]}}', "application/json")

    body = api.http.call_parsed(GET_BASE, path=APP, parse=bytes)

    assert body == b' { "code" : 0, "data": {"items": [1.10]}}'


def test_a_success_is_recognised_by_its_beginning(server: Any, api: LarkApi) -> None:
    """A page of a megabyte is not parsed only to find that its code is 0."""
    server.raw(b'{"code":0,"data":{"items":[{', "application/json")

    assert api.http.call_parsed(GET_BASE, path=APP, parse=len) == 28


def test_the_parser_never_sees_a_refusal(server: Any, api: LarkApi) -> None:
    """A code other than 0 is an error, whatever the HTTP status says."""
    server.code(1254018, "InvalidFilter", error={"message": "field 'Due' not support isGreater"})
    with pytest.raises(QueryError) as caught:
        api.http.call_parsed(
            SEARCH_RECORDS, path=TABLE, body={}, parse=lambda _: pytest.fail("seen")
        )

    assert "field 'Due' not support isGreater" in caught.value.message
    assert caught.value.code == 1254018


def test_an_error_tells_all_that_lark_said(error_of: Any, server: Any, api: LarkApi) -> None:
    """Detailed message, violated fields, code, log id and HTTP status."""
    server.code(
        99992402,
        "field validation failed",
        status=400,
        error={
            "log_id": "20260207AB",
            "field_violations": [{"field": "filter", "description": "too deep"}, "odd"],
        },
    )

    error = error_of(api)

    assert error.message == (
        "Lark does not accept a part of the request. "
        "Lark says: field validation failed filter: too deep."
    )
    assert error.log_id == "20260207AB"
    assert str(error).splitlines()[0].endswith("(Lark 99992402, log 20260207AB)")
    assert error.context == {
        "endpoint": "base", "http_status": 400, "msg": "field validation failed",
        "scopes": [], "app": "NQRx",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("msg", "violations"),
    [
        ("Access denied.", [{"subject": "bitable:app:readonly"}, {"subject": "bitable:app"}]),
        ("One of the following scopes is required: [bitable:app:readonly, bitable:app].", None),
    ],
)
def test_missing_scopes_are_named(
    error_of: Any, server: Any, api: LarkApi, msg: str, violations: list[dict[str, str]] | None
) -> None:
    """Whether Lark lists them or only writes them into its message."""
    server.code(99991672, msg, error={"permission_violations": violations})

    error = error_of(api)

    assert isinstance(error, PermissionDenied)
    assert error.message.endswith("One of these is enough: bitable:app:readonly, bitable:app.")
    assert error.context["scopes"] == ["bitable:app:readonly", "bitable:app"]
    assert "publish a new version" in (error.hint or "")


def test_the_log_id_comes_from_the_header_when_the_body_has_none(
    error_of: Any, server: Any, api: LarkApi
) -> None:
    """Lark's support asks for it."""
    server.code(1254302, "Permission denied.", status=403, headers={"X-Tt-Logid": "LOG-1"})

    assert error_of(api).log_id == "LOG-1"


def test_an_error_links_to_the_base_when_its_link_is_known(
    error_of: Any, server: Any, api: LarkApi
) -> None:
    """The button to press is on that page."""
    url = "https://acme.larksuite.com/base/NQRx"
    api.http.remember("NQRx", url=url)
    server.code(91403, "Forbidden")
    server.code(91403, "Forbidden")

    known = error_of(api)
    with pytest.raises(PermissionDenied) as unknown:
        api.http.call(GET_BASE, path={"app": "Other"})

    assert known.help_url == url
    assert unknown.value.help_url is None


def test_an_unknown_code_is_an_error_of_the_service(
    error_of: Any, server: Any, api: LarkApi
) -> None:
    """New codes are shown as they are and not repeated."""
    server.code(777, "brand new", status=400)

    error = error_of(api)

    assert type(error) is ServiceError
    assert (error.code, error.message) == (777, "Lark refuses the call. Lark says: brand new")
    assert len(server.requests) == 1


def test_a_missing_base_is_not_found(error_of: Any, server: Any, api: LarkApi) -> None:
    """A wiki token used as app token, a deleted base and a hidden one look alike."""
    server.code(91402, "NOTEXIST", status=400, data={})

    error = error_of(api)

    assert isinstance(error, NotFound)
    assert "/wiki/" in (error.hint or "")


def test_an_emulator_may_be_called_faster_than_lark(
    server: Any, open_api: ApiMaker, time: Any
) -> None:
    """A higher rate counts on this machine, where no quota is hurt."""
    api = open_api(rate=100_000)
    for _ in range(100):
        server.data({})
        api.http.call(GET_BASE, path=APP)

    assert sum(time.slept) < 0.1


def test_an_interrupted_call_leaves_a_usable_client(server: Any, api: LarkApi) -> None:
    """Ctrl-C in the middle of calls blocks none that follow."""

    def interrupted(_: bytes) -> None:
        raise KeyboardInterrupt

    for _ in range(3):
        server.data({})
        with pytest.raises(KeyboardInterrupt):
            api.http.call_parsed(GET_BASE, path=APP, parse=interrupted)
    server.data({"ok": 1})

    assert api.http.call(GET_BASE, path=APP) == {"ok": 1}


def test_an_interrupted_wait_leaves_a_usable_client(server: Any, open_api: ApiMaker) -> None:
    """Ctrl-C during the wait before a repeat, too."""

    def interrupt(_: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    api = open_api(on_retry=interrupt)
    server.code(1254607)
    with pytest.raises(KeyboardInterrupt):
        api.http.call(GET_BASE, path=APP)
    server.data({"ok": 1})

    assert api.http.call(GET_BASE, path=APP) == {"ok": 1}


def test_a_busy_base_gets_one_call_at_a_time(error_of: Any, server: Any, api: LarkApi) -> None:
    """Lark's "data not ready" halves the calls in flight at this base."""
    server.code(1254607)
    error_of(api, attempts=1)

    assert api.http.gate_of("NQRx").limit == 1
    assert api.http.gate_of("Other").limit == 2


def test_counters_can_be_read_for_a_part_of_the_work(server: Any, api: LarkApi) -> None:
    """What one query cost is the difference of two readings."""
    assert api.http.stats.seconds_per_call() is None
    server.code(1254607)
    server.data({})
    api.http.call(GET_BASE, path=APP)
    before = api.http.stats.read()
    server.data({"tables": []})
    api.http.call(LIST_TABLES, path=APP)

    cost = api.http.stats.read().since(before)

    assert (cost.calls, dict(cost.by_endpoint)) == (1, {"tables": 1})
    assert (before.retries, cost.retries) == (1, 0)
    assert (before.waited, cost.waited) == (0.5, 0)
    assert cost.bytes == len(b'{"code": 0, "data": {"tables": []}, "msg": "success"}')
    assert api.http.stats.calls == 4
    assert api.http.stats.seconds_per_call() is not None


def test_counters_are_exact_under_threads(server: Any, open_api: ApiMaker) -> None:
    """No call is lost from the count."""
    api = open_api(rate=100_000)
    for _ in range(40):
        server.data({})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: api.http.call(GET_BASE, path=APP), range(40)))

    assert api.http.stats.by_endpoint == {"token": 1, "base": 40}
    assert api.http.gate_of("NQRx").limit > 2


def test_a_closed_client_opens_again_at_its_next_call(server: Any, api: LarkApi) -> None:
    """Closing gives back connections, not the client."""
    server.data({})
    server.data({"ok": 1})
    api.http.call(GET_BASE, path=APP)
    api.close()

    assert api.http.call(GET_BASE, path=APP) == {"ok": 1}


_FORKING = """
import os, sys
from larkbase_sdk.api import LarkApi
from larkbase_sdk.api.domain import Domain
from larkbase_sdk.api.endpoints import GET_BASE
from larkbase_sdk.options import Options

api = LarkApi.open(
    app_id="cli_a", app_secret="s", user_token="", domain=Domain.parse(sys.argv[1]),
    options=Options(),
)
api.http.call(GET_BASE, path={"app": "NQRx"})
child = os.fork()
failed = os.waitpid(child, 0)[1] if child else 0
api.http.call(GET_BASE, path={"app": "NQRx"})
sys.exit(failed)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_a_forked_process_opens_connections_of_its_own(server: Any) -> None:
    """On a connection that two processes share, one would get the answer to the other."""
    for _ in range(3):
        server.data({})
    subprocess.run([sys.executable, "-c", _FORKING, server.url], timeout=60, check=True)

    ports = [seen.port for seen in server.requests]
    assert len(ports) == 3
    assert sorted(map(ports.count, set(ports))) == [1, 2]
