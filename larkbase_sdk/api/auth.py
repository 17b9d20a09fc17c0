"""Access tokens: fetched when needed, renewed in time, kept by one client only."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from larkbase_sdk.errors import ConfigurationError, hide_secret

RENEWAL_MARGIN = 600.0
"""Seconds before the end of a token at which a new one is fetched, as Lark's own SDK does."""

FetchToken = Callable[[str, str], tuple[str, float]]
"""Takes app id and secret, returns a token and its lifetime in seconds; calls the network."""

_SHOWN_OF_APP_ID = 7


class Auth(Protocol):
    """What the HTTP door needs to know of credentials."""

    @property
    def identity(self) -> str:
        """Who acts, in words that may be shown: ``app cli_a1b…`` or ``user``."""

    @property
    def is_user(self) -> bool:
        """Whether a person acts, who needs other advice than an app."""

    def token(self, fetch: FetchToken) -> str:
        """Return a token that should be valid now; may call ``fetch``."""

    def invalidate(self, refused: str) -> bool:
        """Forget a refused token; return whether asking again can give another one."""


class TenantAuth:
    """Acts as an app: exchanges app id and secret for a token of up to two hours.

    Threads that need a new token at the same time share one exchange. Lark hands out the same
    token again while 30 minutes of it remain (token page of Lark's documentation).
    """

    is_user = False

    def __init__(
        self, app_id: str, app_secret: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.app_id = _credential(app_id, "app id", "LARK_APP_ID")
        self._secret = _credential(app_secret, "app secret", "LARK_APP_SECRET")
        if self._secret.startswith("cli_") and not self.app_id.startswith("cli_"):
            self._secret = ""
            msg = "The app id and the app secret are in each other's place."
            raise ConfigurationError(msg, hint="The app id is the one that begins with cli_.")
        hide_secret(self._secret)
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = 0.0

    @property
    def identity(self) -> str:
        """The app, by the beginning of its id."""
        shown = self.app_id[:_SHOWN_OF_APP_ID]
        return f"app {shown}…" if shown != self.app_id else f"app {shown}"

    def token(self, fetch: FetchToken) -> str:
        """Return the token, fetching one first when there is none or it runs out soon."""
        with self._lock:
            if self._token is None or self._clock() >= self._renew_at:
                token, lifetime = fetch(self.app_id, self._secret)
                hide_secret(token)
                self._token = token
                # A short-lived token must not count as stale from the start.
                self._renew_at = self._clock() + lifetime - min(RENEWAL_MARGIN, lifetime / 2)
            return self._token

    def invalidate(self, refused: str) -> bool:
        """Forget the refused token, unless another thread has replaced it already."""
        with self._lock:
            if self._token == refused:
                self._token = None
        return True

    def __repr__(self) -> str:
        return f"TenantAuth({self.identity})"


class UserAuth:
    """Acts as a person, by an access token that was obtained elsewhere and cannot be renewed."""

    is_user = True
    identity = "user"

    def __init__(self, user_token: str) -> None:
        text = user_token.strip().removeprefix("Bearer ")
        self._token = _credential(text, "user token", "user_token")
        hide_secret(self._token)

    def token(self, fetch: FetchToken) -> str:  # noqa: ARG002 (a user token is never fetched)
        """Return the token as it was given."""
        return self._token

    def invalidate(self, refused: str) -> bool:  # noqa: ARG002 (there is only one token)
        """Return False: there is no other token to ask for."""
        return False

    def __repr__(self) -> str:
        return "UserAuth()"


def _credential(value: str, what: str, where: str) -> str:
    """Return the value without outer blanks; it goes into a header, so it must be plain."""
    text = value.strip()
    if not text:
        msg = f"There is no {what}."
        raise ConfigurationError(msg, hint=f"Set {where}, or run larkbase login.")
    if not text.isascii() or not text.isprintable() or " " in text:
        msg = f"The {what} contains blanks or characters that it cannot have."
        raise ConfigurationError(msg, hint=f"Copy {where} again, without anything around it.")
    return text
