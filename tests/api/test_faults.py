"""A call without an answer names the host and the cause, and never the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from larkbase_sdk.api import LarkApi
from larkbase_sdk.api.codes import UNREACHABLE, Backoff
from larkbase_sdk.api.domain import Domain
from larkbase_sdk.api.endpoints import GET_BASE
from larkbase_sdk.api.faults import Speaker, unanswered
from larkbase_sdk.errors import LarkBaseError, NetworkError, QueryError

ApiMaker = Callable[..., LarkApi]
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine takes part."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def _fault_of(api: LarkApi) -> LarkBaseError:
    with pytest.raises(NetworkError) as caught:
        api.http.call(GET_BASE, path={"app": "NQRx"})
    return caught.value


def test_an_unknown_host_is_told_as_such(open_api: ApiMaker) -> None:
    """A mistyped domain is the usual reason."""
    error = _fault_of(open_api(domain="https://open.lark.invalid", retries=0))

    assert error.message == (
        "open.lark.invalid could not be reached: its name is unknown to this network."
    )


def test_a_dead_proxy_is_told_as_such(open_api: ApiMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy is used for hosts of the internet, and named when it fails."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hunter22@127.0.0.1:1")

    error = _fault_of(open_api(domain="https://open.lark.invalid", retries=0))

    assert error.message == "open.lark.invalid could not be reached through the proxy."
    assert "hunter22" not in str(error)


def test_a_server_without_encryption_is_told_as_such(server: Any, open_api: ApiMaker) -> None:
    """https to a plain server cannot work."""
    error = _fault_of(open_api(domain=server.url.replace("http:", "https:"), retries=0))

    assert error.message == "127.0.0.1 broke off the encrypted connection."


@pytest.mark.parametrize(
    ("error", "cause", "backoff"),
    [
        (requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"),
         "shows a certificate that is not trusted here", None),
        (requests.exceptions.ConnectTimeout(), "could not be reached: no connection in time",
         UNREACHABLE),
    ],
)  # fmt: skip
def test_causes_that_need_another_network_are_told_too(
    error: requests.RequestException, cause: str, backoff: Backoff | None
) -> None:
    """An untrusted certificate is not tried again: it may be an attack."""
    fault = unanswered(error, 30, Speaker(Domain.parse("lark"), "app cli_a1b…"))

    assert fault.message == f"open.larksuite.com {cause}."
    assert fault.backoff == backoff


def test_a_very_long_message_is_cut(server: Any, api: LarkApi) -> None:
    """Lark may repeat a whole filter in its message."""
    server.code(9499, "x" * 5000, status=400)

    with pytest.raises(QueryError) as caught:
        api.http.call(GET_BASE, path={"app": "NQRx"})

    assert len(caught.value.message) < 700
    assert caught.value.message.endswith("…")
