"""The one door: what is repeated, what is not, and what a reader learns."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from larkbase_sdk.api import LarkApi
from larkbase_sdk.api.auth import UserAuth
from larkbase_sdk.api.endpoints import (
    BATCH_CREATE,
    GET_BASE,
    LIST_TABLES,
    SEARCH_RECORDS,
    TOKEN,
)
from larkbase_sdk.api.http import MalformedBody
from larkbase_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    LarkBaseError,
    NetworkError,
    NotFound,
    PermissionDenied,
    QueryError,
    RateLimited,
    ServiceError,
)

APP = {"app": "NQRx"}
TABLE = {"app": "NQRx", "table": "tblA1"}
ApiMaker = Callable[..., LarkApi]


def _error(api: LarkApi, **how: Any) -> LarkBaseError:
    """Make a call that must fail and return its error."""
    with pytest.raises(LarkBaseError) as caught:
        api.http.call(GET_BASE, path=APP, **how)
    return caught.value


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


@pytest.mark.parametrize(
    ("code", "repeats"),
    [(99991400, 2), (1254290, 2), (1254291, 2), (1254607, 2), (1255040, 2), (1254036, 2),
     (2200, 2), (1254002, 2), (1254200, 2), (1255001, 2), (1061001, 2), (131001, 2), (91201, 2)],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 400, 429, 500, 504])
def test_a_temporary_refusal_is_repeated_under_any_http_status(
    server: Any, api: LarkApi, time: Any, code: int, repeats: int, status: int
) -> None:
    """The same code travels under many statuses; two refusals cost two waits."""
    for _ in range(repeats):
        server.code(code, status=status)
    server.data({"ok": 1})

    assert api.http.call(GET_BASE, path=APP) == {"ok": 1}
    assert api.http.stats.retries == repeats
    assert len(time.slept) == repeats


@pytest.mark.parametrize("status", [200, 400, 403, 404, 500])
def test_a_lasting_refusal_is_not_repeated(server: Any, api: LarkApi, status: int) -> None:
    """A missing permission does not come by asking again."""
    server.code(91403, "Forbidden", status=status)

    error = _error(api)

    assert isinstance(error, PermissionDenied)
    assert len(server.requests) == 1


def test_waits_double_with_jitter(server: Any, api: LarkApi, time: Any) -> None:
    """Half of 1, 2, 4, 8, 16, 16 seconds here, where the jitter is fixed to one half."""
    for _ in range(7):
        server.code(1254607, "Data not ready", status=400)

    error = _error(api)

    assert isinstance(error, ServiceError)
    assert error.code == 1254607
    assert time.slept == [0.5, 1, 2, 4, 8, 8]


def test_internal_errors_are_repeated_a_few_times_only(server: Any, api: LarkApi) -> None:
    """What did not heal after three repeats will not soon."""
    for _ in range(9):
        server.code(1255001, "InternalError", status=500)

    assert _error(api).code == 1255001
    assert len(server.requests) == 4


def test_a_copy_is_waited_for_slowly(server: Any, api: LarkApi, time: Any) -> None:
    """Copying takes minutes."""
    server.code(1254036)
    server.code(1254036)
    server.data({})

    api.http.call(GET_BASE, path=APP)

    assert time.slept == [15, 30]


@pytest.mark.parametrize(("retries", "attempts", "calls"), [(2, None, 3), (0, None, 1), (6, 2, 2)])
def test_the_budget_of_repeats_is_kept(
    server: Any, open_api: ApiMaker, retries: int, attempts: int | None, calls: int
) -> None:
    """Options bound every call, and a caller may ask for fewer tries."""
    for _ in range(9):
        server.code(1254607)
    api = open_api(retries=retries)

    _error(api, attempts=attempts)

    assert len(server.requests) == calls


@pytest.mark.parametrize(
    ("header", "waited"), [("7", 7), ("52", 52), ("3600", 60), ("0", 0.5), ("-1", 0.5), ("x", 0.5)]
)
@pytest.mark.parametrize("with_json", [True, False])
def test_a_throttled_call_waits_what_the_header_says(
    server: Any, api: LarkApi, time: Any, header: str, waited: float, with_json: bool
) -> None:
    """At most a minute at a time, and never less than the usual wait."""
    headers = {"x-ogw-ratelimit-reset": header, "x-ogw-ratelimit-limit": "100"}
    if with_json:
        server.code(99991400, "request trigger frequency limit", status=429, headers=headers)
    else:
        server.raw(b"too many", "text/plain", status=429, **headers)
    server.data({"ok": 1})

    assert api.http.call(GET_BASE, path=APP) == {"ok": 1}
    assert time.slept == [waited]
    assert api.http.stats.waited == waited


def test_throttling_that_lasts_is_told_as_such(server: Any, open_api: ApiMaker) -> None:
    """The advice is the rate, since the app may be shared."""
    api = open_api(retries=1)
    for _ in range(2):
        server.code(99991400, status=429)

    error = _error(api)

    assert isinstance(error, RateLimited)
    assert "LARK_RATE" in (error.hint or "")


def test_a_refusal_holds_back_every_caller_of_the_client(
    server: Any, api: LarkApi, time: Any
) -> None:
    """The next call waits too, although it is not the one that was refused."""
    server.code(99991400, status=429, headers={"x-ogw-ratelimit-reset": "7"})
    _error(api, attempts=1)
    server.data({})
    api.http.call(GET_BASE, path=APP)

    assert time.slept == [7]


@pytest.mark.parametrize(
    ("body", "kind", "status", "cls", "calls"),
    [
        (b"404 page not found", "text/plain", 404, ServiceError, 1),
        (b"<html>Bad gateway</html>", "text/html; charset=utf-8", 502, NetworkError, 3),
        (b"<html>Please log in</html>", "text/html", 200, NetworkError, 3),
        (b"<html>Forbidden</html>", "text/html", 403, NetworkError, 1),
        (b"", "application/json", 503, NetworkError, 3),
        (b"", "application/json", 429, RateLimited, 3),
        (b'{"error":"upstream"}', "application/json", 502, NetworkError, 3),
        (b'{"code":0,"data":{"a":', "application/json", 200, NetworkError, 3),
        (b'{"code":0,"data":[1]}', "application/json", 200, NetworkError, 3),
        (b'[{"code":0}]', "application/json", 200, NetworkError, 3),
        (b"\xff\xfe", "application/json", 200, NetworkError, 3),
        (b"moved", "text/plain", 302, NetworkError, 1),
    ],
)
def test_an_answer_that_is_not_larks_is_told_as_such(
    server: Any, open_api: ApiMaker, body: bytes, kind: str, status: int, cls: type, calls: int
) -> None:
    """Proxies and gateways answer in their own way; what may heal is repeated."""
    api = open_api(retries=2)
    for _ in range(4):
        server.raw(body, kind, status=status, location="https://evil.example/")

    error = _error(api)

    assert type(error) is cls
    assert "127.0.0.1" in error.message
    assert error.hint
    assert len(server.requests) == calls


def test_an_error_page_is_not_a_refusal_of_lark(server: Any, api: LarkApi) -> None:
    """A gateway's 502 heals without anybody noticing."""
    server.raw(b"<html/>", "text/html", status=502)
    server.data({"ok": 1})

    assert api.http.call(GET_BASE, path=APP) == {"ok": 1}


def test_a_broken_page_is_read_again(server: Any, api: LarkApi) -> None:
    """A parser that cannot read a page asks for it once more by raising MalformedBody."""
    server.data({"n": 1})
    server.data({"n": 2})

    def parse(body: bytes) -> str:
        if b'"n": 1' in body:
            msg = "no rows"
            raise MalformedBody(msg)
        return "second"

    assert api.http.call_parsed(GET_BASE, path=APP, parse=parse) == "second"
    assert api.http.stats.retries == 1


def test_a_defect_of_a_parser_is_not_hidden(server: Any, api: LarkApi) -> None:
    """Only broken answers are repeated, not broken programs."""
    server.data({})

    def parse(_: bytes) -> str:
        raise KeyError

    with pytest.raises(KeyError):
        api.http.call_parsed(GET_BASE, path=APP, parse=parse)


def test_a_cut_connection_is_repeated(server: Any, api: LarkApi) -> None:
    """Half an answer is none."""
    server.json({"code": 0, "data": {"a": "x" * 500}}, cut=100)
    server.data({"ok": 1})

    assert api.http.call(GET_BASE, path=APP) == {"ok": 1}
    assert api.http.stats.calls == 3


def test_a_connection_that_is_always_cut_names_the_host(server: Any, open_api: ApiMaker) -> None:
    """The reader learns who broke off, not which class of a library noticed first."""
    api = open_api(retries=1)
    for _ in range(2):
        server.json({"code": 0, "data": {"a": "x" * 500}}, cut=100)

    error = _error(api)

    assert isinstance(error, NetworkError)
    assert isinstance(error, ConnectionError)
    assert error.message.startswith("127.0.0.1 broke off the answer")


def test_silence_is_bounded_by_the_timeout(server: Any, open_api: ApiMaker) -> None:
    """A server that says nothing is given up after options.timeout."""
    release = threading.Event()

    def silent(_: Any) -> Any:
        release.wait(5)
        return server.made({"code": 0})

    api = open_api(retries=0, timeout=0.05)
    api.http.authenticate()
    server.script.append(silent)

    error = _error(api)
    release.set()

    assert isinstance(error, NetworkError)
    assert error.message == "127.0.0.1 was silent for 0.05 s."


def test_an_unreachable_host_fails_soon(open_api: ApiMaker, time: Any) -> None:
    """Three short repeats, since a wrong address does not heal."""
    api = open_api(domain="http://127.0.0.1:1")

    with pytest.raises(NetworkError) as caught:
        api.http.authenticate()

    assert caught.value.message == "127.0.0.1 could not be reached: connection refused."
    assert "LARK_DOMAIN" in (caught.value.hint or "")
    assert time.slept == [0.25, 0.5, 1]


def test_a_write_is_not_repeated_when_its_answer_was_lost(server: Any, api: LarkApi) -> None:
    """The rows may be there already."""
    server.json({"code": 0, "data": {"a": "x" * 500}}, cut=10)
    with pytest.raises(NetworkError):
        api.http.call(BATCH_CREATE, path=TABLE, body={"records": []})

    assert len(server.requests) == 1


def test_a_write_that_was_refused_is_repeated(server: Any, api: LarkApi) -> None:
    """A refusal says that nothing happened."""
    server.code(1254291, "Write conflict")
    server.data({})

    assert api.http.call(BATCH_CREATE, path=TABLE, body={"records": []}) == {}


@pytest.mark.parametrize("code", [99991663, 99991668, 99991677])
@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_token_that_dies_early_is_renewed_once(
    server: Any, open_api: ApiMaker, code: int, status: int
) -> None:
    """The call is repeated with a new token, at no cost to the budget of repeats."""
    api = open_api(retries=0)
    server.code(code, status=status)
    server.data({"ok": 1})

    assert api.http.call(GET_BASE, path=APP) == {"ok": 1}
    assert len(server.token_requests) == 2
    assert len(set(server.tokens_used)) == 2


def test_a_token_is_renewed_once_per_call_only(server: Any, api: LarkApi) -> None:
    """Two refusals in a row mean that the app itself is refused."""
    for _ in range(3):
        server.code(99991663, "Invalid access token", status=400)

    error = _error(api)

    assert isinstance(error, AuthenticationError)
    assert len(server.requests) == 2


def test_threads_share_one_renewal_after_a_refusal(server: Any, api: LarkApi) -> None:
    """Two calls in flight whose token died cause one exchange, not two."""
    api.http.authenticate()
    dead = f"Bearer t-token-{id(server)}-1"
    together = threading.Barrier(2)

    def answer(seen: Any) -> Any:
        if seen.headers["authorization"] != dead:
            return server.made({"code": 0})
        together.wait(5)
        return server.made({"code": 99991663, "msg": "Invalid access token"})

    server.script.extend([answer] * 4)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: api.http.call(GET_BASE, path=APP), range(2)))

    assert results == [{}, {}]
    assert len(server.token_requests) == 2


def test_a_token_is_renewed_before_its_end(server: Any, api: LarkApi, time: Any) -> None:
    """A long read never meets an expired token."""
    server.data({})
    server.data({})
    api.http.call(GET_BASE, path=APP)
    time.now += 6700
    api.http.call(GET_BASE, path=APP)

    assert len(server.token_requests) == 2


def test_two_clients_never_share_a_token(server: Any, open_api: ApiMaker) -> None:
    """Same app, same secret: still two sessions of their own."""
    first, second = open_api(), open_api()
    for api in (first, second):
        server.data({})
        api.http.call(GET_BASE, path=APP)

    assert len(set(server.tokens_used)) == 2


def test_a_refused_user_token_is_final(server: Any, open_api: ApiMaker) -> None:
    """Nobody can renew it here, so the call is made once and the advice is to connect again."""
    api = open_api(auth=UserAuth("u-user-token-9"))
    server.code(99991668, "Invalid access token", status=400)

    error = _error(api)

    assert isinstance(error, AuthenticationError)
    assert "Connect again" in (error.hint or "")
    assert server.token_requests == []
    assert server.tokens_used == ["Bearer u-user-token-9"]


@pytest.mark.parametrize("code", [10003, 10014, 10015, 99991543])
def test_refused_credentials_name_the_app_and_both_brands(
    server: Any, api: LarkApi, secret: str, code: int
) -> None:
    """The usual reason is an app of the other platform; the secret is not shown."""
    server.tokens.append(server.made({"code": code, "data": {}, "msg": "invalid param"}))

    with pytest.raises(AuthenticationError) as caught:
        api.http.authenticate()

    text = str(caught.value)
    assert "app cli_a1b…" in text
    assert "feishu.cn and larksuite.com apps are not interchangeable" in text
    assert secret not in text
    assert len(server.token_requests) == 1


@pytest.mark.parametrize(
    "body",
    [{"code": 0, "msg": "ok"}, {"code": 0, "tenant_access_token": "", "expire": 1},
     {"code": 0, "tenant_access_token": "t-1", "expire": "x"}],
)  # fmt: skip
def test_a_token_answer_without_token_is_broken(
    server: Any, open_api: ApiMaker, body: dict[str, Any]
) -> None:
    """No call is made with half a token."""
    api = open_api(retries=0)
    server.tokens.append(server.made(body))

    with pytest.raises(NetworkError):
        api.http.authenticate()


def test_authenticating_twice_costs_one_call(server: Any, api: LarkApi) -> None:
    """Connecting checks the credentials once."""
    api.http.authenticate()
    api.http.authenticate()

    assert len(server.token_requests) == 1
    assert api.http.stats.by_endpoint == {"token": 1}


def test_offline_refuses_before_any_call(server: Any, open_api: ApiMaker) -> None:
    """Not even a token is asked for."""
    api = open_api(offline=True)

    for call in (api.http.authenticate, lambda: api.http.call(GET_BASE, path=APP)):
        with pytest.raises(ConfigurationError) as caught:
            call()
        assert "LARKBASE_OFFLINE" in (caught.value.hint or "")
    with pytest.raises(ConfigurationError):
        list(api.drive.download("boxABC"))

    assert server.token_requests == []
    assert server.requests == []


def test_an_error_tells_all_that_lark_said(server: Any, api: LarkApi) -> None:
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

    error = _error(api)

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
    server: Any, api: LarkApi, msg: str, violations: list[dict[str, str]] | None
) -> None:
    """Whether Lark lists them or only writes them into its message."""
    server.code(99991672, msg, error={"permission_violations": violations})

    error = _error(api)

    assert isinstance(error, PermissionDenied)
    assert error.message.endswith("One of these is enough: bitable:app:readonly, bitable:app.")
    assert error.context["scopes"] == ["bitable:app:readonly", "bitable:app"]
    assert "publish a new version" in (error.hint or "")


def test_the_log_id_comes_from_the_header_when_the_body_has_none(server: Any, api: LarkApi) -> None:
    """Lark's support asks for it."""
    server.code(1254302, "Permission denied.", status=403, headers={"X-Tt-Logid": "LOG-1"})

    assert _error(api).log_id == "LOG-1"


def test_an_error_links_to_the_base_when_its_link_is_known(server: Any, api: LarkApi) -> None:
    """The button to press is on that page."""
    url = "https://acme.larksuite.com/base/NQRx"
    api.http.remember_link("NQRx", url)
    server.code(91403, "Forbidden")
    server.code(91403, "Forbidden")

    known = _error(api)
    with pytest.raises(PermissionDenied) as unknown:
        api.http.call(GET_BASE, path={"app": "Other"})

    assert known.help_url == url
    assert unknown.value.help_url is None


def test_an_unknown_code_is_an_error_of_the_service(server: Any, api: LarkApi) -> None:
    """New codes are shown as they are and not repeated."""
    server.code(777, "brand new", status=500)

    error = _error(api)

    assert type(error) is ServiceError
    assert (error.code, error.message) == (777, "Lark refuses the call. Lark says: brand new")
    assert len(server.requests) == 1


def test_a_missing_base_is_not_found(server: Any, api: LarkApi) -> None:
    """A wiki token used as app token, a deleted base and a hidden one look alike."""
    server.code(91402, "NOTEXIST", status=400, data={})

    error = _error(api)

    assert isinstance(error, NotFound)
    assert "/wiki/" in (error.hint or "")


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


def test_no_repr_and_no_error_carries_a_secret(server: Any, api: LarkApi, secret: str) -> None:
    """Not even through the chain of causes, which holds requests and their headers."""
    server.code(9499, f"Invalid parameter value: {secret}", status=400)

    error = _error(api)

    token = server.tokens_used[0].removeprefix("Bearer ")
    shown = f"{error}{error!r}{api!r}{api.http!r}{vars(api.http)}"
    assert error.__cause__ is None
    assert error.__context__ is None
    assert secret not in shown
    assert token not in shown
    assert repr(api) == f"LarkApi({api.domain.label}, as app cli_a1b…)"


def test_the_token_follows_no_redirect(server: Any, api: LarkApi) -> None:
    """A redirect to another host is an error, not a second request."""
    server.raw(b"", "text/plain", status=307, location="http://127.0.0.1:1/steal")

    error = _error(api)

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


def test_a_busy_base_gets_one_call_at_a_time(server: Any, api: LarkApi) -> None:
    """Lark's "data not ready" halves the calls in flight at this base."""
    server.code(1254607)
    _error(api, attempts=1)

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


def test_pacing_counts_token_calls_apart(api: LarkApi) -> None:
    """Authentication uses up no quota of reading."""
    assert TOKEN.rate_class is not GET_BASE.rate_class
