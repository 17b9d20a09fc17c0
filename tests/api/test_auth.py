"""Tokens are fetched once, renewed in time, and never shown or shared."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from larkbase_sdk.api.auth import TenantAuth, UserAuth
from larkbase_sdk.errors import ConfigurationError, scrub

SECRET = "very-s3cret-value"


class Exchange:
    """Counts the exchanges of app id and secret for a token."""

    def __init__(self, lifetime: float = 7200) -> None:
        self.lifetime = lifetime
        self.count = 0

    def __call__(self, app_id: str, app_secret: str) -> tuple[str, float]:
        assert (app_id, app_secret) == ("cli_a1b2c3d4", SECRET)
        self.count += 1
        return f"t-issued-{self.count}", self.lifetime


def _auth(time: Any) -> TenantAuth:
    return TenantAuth("cli_a1b2c3d4", SECRET, clock=time.clock)


@pytest.mark.parametrize(
    ("lifetime", "still_good", "stale"), [(7200, 6599, 6600), (1800, 1199, 1200), (60, 29, 30)]
)
def test_a_token_is_renewed_ten_minutes_before_its_end(
    time: Any, lifetime: float, still_good: float, stale: float
) -> None:
    """A call that starts in time ends in time; short-lived tokens live half their life."""
    exchange = Exchange(lifetime)
    auth = _auth(time)
    auth.token(exchange)

    time.now += still_good
    before = auth.token(exchange)
    time.now += stale - still_good
    after = auth.token(exchange)

    assert (before, after) == ("t-issued-1", "t-issued-2")


def test_only_the_current_token_can_be_dropped(time: Any) -> None:
    """A late refusal of an old token must not throw away its successor."""
    exchange = Exchange()
    auth = _auth(time)
    first = auth.token(exchange)
    auth.invalidate(first)
    second = auth.token(exchange)
    auth.invalidate(first)

    assert auth.token(exchange) == second
    assert exchange.count == 2


def test_threads_share_one_renewal(time: Any) -> None:
    """Eight threads that need a token at once cause one exchange."""
    inner = Exchange()
    together = threading.Barrier(8)
    auth = _auth(time)

    def need(_: int) -> str:
        together.wait(5)
        return auth.token(inner)

    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(need, range(8)))

    assert tokens == {"t-issued-1"}
    assert inner.count == 1


def test_a_failed_exchange_leaves_a_usable_client(time: Any) -> None:
    """Ctrl-C during the exchange blocks nobody."""

    def interrupted(app_id: str, app_secret: str) -> tuple[str, float]:
        raise KeyboardInterrupt

    auth = _auth(time)
    with pytest.raises(KeyboardInterrupt):
        auth.token(interrupted)

    assert auth.token(Exchange()) == "t-issued-1"


def test_nothing_secret_is_shown(time: Any) -> None:
    """Reprs name the identity only, and issued tokens are scrubbed from every later text."""
    auth = _auth(time)
    token = auth.token(Exchange())

    assert repr(auth) == "TenantAuth(app cli_a1b…)"
    assert repr(UserAuth("u-user-token-1")) == "UserAuth()"
    assert scrub(f"{token} {SECRET} u-user-token-1") == "•••• •••• ••••"


def test_a_user_token_is_used_as_given() -> None:
    """A user token cannot be renewed here, so a refusal is final."""
    auth = UserAuth(" Bearer u-user-token-2\n")

    assert auth.token(Exchange()) == "u-user-token-2"
    assert not auth.invalidate("u-user-token-2")
    assert auth.identity == "user"


@pytest.mark.parametrize(
    ("app_id", "app_secret", "named"),
    [
        ("", SECRET, "LARK_APP_ID"),
        ("cli_a1b2c3d4", "  ", "LARK_APP_SECRET"),
        ("cli_a1b2 c3d4", SECRET, "LARK_APP_ID"),
        ("cli_a1b2c3d4", "very-s3cret-value\nX-Evil: 1", "LARK_APP_SECRET"),
        ("cli_a1b2c3d4", "gehéim", "LARK_APP_SECRET"),
        (SECRET, "cli_a1b2c3d4", "cli_"),
    ],
)
def test_unusable_credentials_are_named_but_not_shown(
    app_id: str, app_secret: str, named: str
) -> None:
    """What is missing, broken or swapped is told before any call."""
    with pytest.raises(ConfigurationError) as caught:
        TenantAuth(app_id, app_secret)

    assert named in (caught.value.hint or "")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("token", ["", " ", "u-a b", "u-1\r\nX: y"])
def test_an_unusable_user_token_is_a_configuration_error(token: str) -> None:
    """A token with line breaks could smuggle headers."""
    with pytest.raises(ConfigurationError):
        UserAuth(token)


def test_a_short_app_id_is_shown_whole() -> None:
    """There is nothing to shorten."""
    assert TenantAuth("cli_a", SECRET).identity == "app cli_a"
