"""Temporary refusals and broken answers heal by themselves, within bounds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from larkbase_sdk.api import LarkApi
from larkbase_sdk.api.answers import RawAnswer
from larkbase_sdk.api.endpoints import BATCH_CREATE, GET_BASE
from larkbase_sdk.api.http import MalformedBody
from larkbase_sdk.errors import (
    NetworkError,
    PermissionDenied,
    RateLimited,
    ServiceError,
)

APP = {"app": "NQRx"}
TABLE = {"app": "NQRx", "table": "tblA1"}
ApiMaker = Callable[..., LarkApi]


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


@pytest.mark.parametrize(
    ("status", "kind", "calls"),
    [(429, RateLimited, 7), (500, ServiceError, 4), (503, ServiceError, 4)],
)
def test_of_a_code_that_nobody_knows_the_status_says_whether_it_passes(
    error_of: Any, server: Any, api: LarkApi, status: int, kind: type, calls: int
) -> None:
    """Too many calls and failures of the service are temporary under new codes too."""
    for _ in range(9):
        server.code(777, "brand new", status=status)

    error = error_of(api)

    assert type(error) is kind
    assert error.code == 777
    assert error.message.endswith("Lark says: brand new")
    assert len(server.requests) == calls


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_token_service_that_fails_under_a_new_code_says_nothing_of_the_credentials(
    server: Any, api: LarkApi, status: int
) -> None:
    """It is asked again."""
    server.tokens.append(server.made({"code": 777, "msg": "brand new"}, status=status))
    server.data({"ok": 1})

    assert api.http.call(GET_BASE, path=APP) == {"ok": 1}
    assert len(server.token_requests) == 2


@pytest.mark.parametrize("status", [200, 400, 403, 404, 500])
def test_a_lasting_refusal_is_not_repeated(
    error_of: Any, server: Any, api: LarkApi, status: int
) -> None:
    """A missing permission does not come by asking again."""
    server.code(91403, "Forbidden", status=status)

    error = error_of(api)

    assert isinstance(error, PermissionDenied)
    assert len(server.requests) == 1


def test_waits_double_with_jitter(error_of: Any, server: Any, api: LarkApi, time: Any) -> None:
    """Half of 1, 2, 4, 8, 16, 16 seconds here, where the jitter is fixed to one half."""
    for _ in range(7):
        server.code(1254607, "Data not ready", status=400)

    error = error_of(api)

    assert isinstance(error, ServiceError)
    assert error.code == 1254607
    assert time.slept == [0.5, 1, 2, 4, 8, 8]


def test_internal_errors_are_repeated_a_few_times_only(
    error_of: Any, server: Any, api: LarkApi
) -> None:
    """What did not heal after three repeats will not soon."""
    for _ in range(9):
        server.code(1255001, "InternalError", status=500)

    assert error_of(api).code == 1255001
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
    error_of: Any, server: Any, open_api: ApiMaker, retries: int, attempts: int | None, calls: int
) -> None:
    """Options bound every call, and a caller may ask for fewer tries."""
    for _ in range(9):
        server.code(1254607)
    api = open_api(retries=retries)

    error_of(api, attempts=attempts)

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


_SENT = "Tue, 20 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": "Tue, 20 Oct 2026 07:28:30 GMT", "date": _SENT}, 30),
        ({"retry-after": "Tue, 20 Oct 2026 07:27:00 GMT", "date": _SENT}, 0),
        ({"retry-after": "Tue, 20 Oct 2026 07:28:30 GMT"}, None),
        ({"retry-after": "soon", "date": _SENT}, None),
        ({"retry-after": "9" * 400}, float("inf")),
        ({"retry-after": "30", "x-ogw-ratelimit-reset": "5"}, 5),
        ({}, None),
    ],
)
def test_a_gateway_may_name_seconds_or_a_time(headers: dict[str, str], pause: float | None) -> None:
    """A time counts by the clock of whoever named it; without that clock it says nothing."""
    assert RawAnswer(503, headers).pause == pause


def test_throttling_that_lasts_is_told_as_such(
    error_of: Any, server: Any, open_api: ApiMaker
) -> None:
    """The advice is the rate, since the app may be shared."""
    api = open_api(retries=1)
    for _ in range(2):
        server.code(99991400, status=429)

    error = error_of(api)

    assert isinstance(error, RateLimited)
    assert "LARK_RATE" in (error.hint or "")


def test_a_refusal_holds_back_every_caller_of_the_client(
    error_of: Any, server: Any, api: LarkApi, time: Any
) -> None:
    """The next call waits too, although it is not the one that was refused."""
    server.code(99991400, status=429, headers={"x-ogw-ratelimit-reset": "7"})
    error_of(api, attempts=1)
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
    error_of: Any,
    server: Any,
    open_api: ApiMaker,
    body: bytes,
    kind: str,
    status: int,
    cls: type,
    calls: int,
) -> None:
    """Proxies and gateways answer in their own way; what may heal is repeated."""
    api = open_api(retries=2)
    for _ in range(4):
        server.raw(body, kind, status=status, location="https://evil.example/")

    error = error_of(api)

    assert (type(error), error.code) == (cls, None)
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


def test_a_connection_that_is_always_cut_names_the_host(
    error_of: Any, server: Any, open_api: ApiMaker
) -> None:
    """The reader learns who broke off, not which class of a library noticed first."""
    api = open_api(retries=1)
    for _ in range(2):
        server.json({"code": 0, "data": {"a": "x" * 500}}, cut=100)

    error = error_of(api)

    assert isinstance(error, NetworkError)
    assert isinstance(error, ConnectionError)
    assert error.message.startswith("127.0.0.1 broke off the answer")


def test_silence_is_bounded_by_the_timeout(error_of: Any, server: Any, open_api: ApiMaker) -> None:
    """A server that says nothing is given up after options.timeout."""
    release = threading.Event()

    def silent(_: Any) -> Any:
        release.wait(5)
        return server.made({"code": 0})

    api = open_api(retries=0, timeout=0.05)
    api.http.authenticate()
    server.script.append(silent)

    error = error_of(api)
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


def test_a_write_that_failed_in_an_unknown_way_is_not_repeated(server: Any, api: LarkApi) -> None:
    """The rows may be there already."""
    server.code(777, "brand new", status=500)
    with pytest.raises(ServiceError):
        api.http.call(BATCH_CREATE, path=TABLE, body={"records": []})

    assert len(server.requests) == 1
