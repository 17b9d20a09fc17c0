"""Clients of one app are one caller for Lark, so they share its quotas and its patience."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest

from larkbase_sdk.api import LarkApi
from larkbase_sdk.api.auth import TenantAuth, UserAuth
from larkbase_sdk.api.endpoints import GET_BASE
from larkbase_sdk.api.pacing import shared_budget
from larkbase_sdk.errors import LarkBaseError

APP = {"app": "NQRx"}
ApiMaker = Callable[..., LarkApi]


def _calls(api: LarkApi, server: Any, number: int) -> None:
    for _ in range(number):
        server.data({})
        api.http.call(GET_BASE, path=APP)


def test_two_clients_of_one_app_share_its_quota(server: Any, open_api: ApiMaker, time: Any) -> None:
    """Lark counts by app, not by client."""
    first, second = open_api(), open_api()
    began = time.clock()
    for _ in range(20):
        _calls(first, server, 1)
        _calls(second, server, 1)

    assert time.clock() - began >= 1.025


def test_a_refusal_of_one_client_holds_back_the_other(
    server: Any, open_api: ApiMaker, time: Any
) -> None:
    """The second one need not be refused too."""
    first, second = open_api(), open_api()
    server.code(99991400, status=429, headers={"x-ogw-ratelimit-reset": "7"})
    with pytest.raises(LarkBaseError):
        first.http.call(GET_BASE, path=APP, attempts=1)
    _calls(second, server, 1)

    assert time.slept == [7]
    assert second.http.gate_of("NQRx") is first.http.gate_of("NQRx")
    assert second.http.gate_of("NQRx").limit == 1


@pytest.mark.parametrize(
    "other",
    [lambda time: TenantAuth("cli_other", "secret-1", clock=time.clock), lambda _: UserAuth("u-1")],
)
def test_other_callers_have_quotas_of_their_own(
    server: Any, open_api: ApiMaker, time: Any, other: Callable[[Any], Any]
) -> None:
    """Another app is another caller, and so is a person."""
    first, second = open_api(), open_api(auth=other(time))
    _calls(first, server, 5)
    _calls(second, server, 5)

    assert time.slept == []
    assert second.http.gate_of("NQRx") is not first.http.gate_of("NQRx")


def test_each_client_keeps_to_its_own_rate(server: Any, open_api: ApiMaker, time: Any) -> None:
    """What is shared is what was called; how fast to go on is each client's own option."""
    hasty, slow = open_api(), open_api(rate=1)
    _calls(hasty, server, 3)
    began = time.clock()
    _calls(slow, server, 1)

    assert time.clock() - began >= 1


def test_a_budget_ends_with_its_last_client() -> None:
    """Nothing is kept of apps that nobody uses any more."""
    budget = shared_budget(("domain", "app"))
    budget.gates.of("base").limit = 1
    same = shared_budget(("domain", "app"))
    assert same is budget

    del budget, same
    gc.collect()
    assert shared_budget(("domain", "app")).gates.of("base").limit == 2


def test_a_long_wait_for_the_rate_is_told_to_whoever_watches(
    server: Any, open_api: ApiMaker, time: Any
) -> None:
    """A progress line shows why nothing moves; the counters add it up."""
    api = open_api()
    told: list[tuple[float, str]] = []
    server.code(99991400, status=429, headers={"x-ogw-ratelimit-reset": "7"})
    with pytest.raises(LarkBaseError):
        api.http.call(GET_BASE, path=APP, attempts=1)
    with api.http.watched(lambda seconds, reason: told.append((round(seconds), reason))):
        _calls(api, server, 1)

    assert told == [(7, "rate limit")]
    assert api.http.stats.waited == 7
