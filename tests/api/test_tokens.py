"""Credentials become tokens, and tokens are renewed without anybody noticing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from larkbase_sdk.api import LarkApi
from larkbase_sdk.api.auth import UserAuth
from larkbase_sdk.api.endpoints import GET_BASE, TOKEN
from larkbase_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    NetworkError,
)

APP = {"app": "NQRx"}
ApiMaker = Callable[..., LarkApi]


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


def test_a_token_is_renewed_once_per_call_only(error_of: Any, server: Any, api: LarkApi) -> None:
    """Two refusals in a row mean that the app itself is refused."""
    for _ in range(3):
        server.code(99991663, "Invalid access token", status=400)

    error = error_of(api)

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


def test_a_refused_user_token_is_final(error_of: Any, server: Any, open_api: ApiMaker) -> None:
    """Nobody can renew it here, so the call is made once and the advice is to connect again."""
    api = open_api(auth=UserAuth("u-user-token-9"))
    server.code(99991668, "Invalid access token", status=400)

    error = error_of(api)

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
     {"code": 0, "tenant_access_token": "t-1", "expire": "x"},
     {"code": 0, "tenant_access_token": "t-1\r\nX-Other: t-2", "expire": 7200},
     {"code": 0, "tenant_access_token": "t-客户", "expire": 7200},
     {"code": 0, "tenant_access_token": "t 1", "expire": 7200}],
)  # fmt: skip
def test_a_token_answer_without_token_is_broken(
    server: Any, open_api: ApiMaker, body: dict[str, Any]
) -> None:
    """No call is made with half a token."""
    api = open_api(retries=0)
    server.tokens.append(server.made(body))

    with pytest.raises(NetworkError, match="holds no token") as caught:
        api.http.authenticate()
    assert "t-" not in str(caught.value)


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


def test_pacing_counts_token_calls_apart(api: LarkApi) -> None:
    """Authentication uses up no quota of reading."""
    assert TOKEN.rate_class is not GET_BASE.rate_class
