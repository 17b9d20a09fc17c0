"""The one door to the network: every call is paced, authenticated, checked and repeated here."""

from __future__ import annotations

import logging
import random as random_numbers
import re
import time
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from larkbase_sdk.api.answers import Call, MalformedBody, data_of, envelope_of
from larkbase_sdk.api.codes import ADVICE
from larkbase_sdk.api.endpoints import TOKEN, Endpoint
from larkbase_sdk.api.faults import Fault, Known, Speaker, broken
from larkbase_sdk.api.pacing import Pacer, shared_budget
from larkbase_sdk.api.service_clock import ServiceClock
from larkbase_sdk.api.stats import CallStats
from larkbase_sdk.api.stopping import give_up, rest
from larkbase_sdk.api.transport import Exchange, Failure, Transport
from larkbase_sdk.errors import ConfigurationError, scrub

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Iterator, Mapping

    from larkbase_sdk.api.auth import Auth
    from larkbase_sdk.api.domain import Domain
    from larkbase_sdk.api.gates import Gate
    from larkbase_sdk.options import Options

__all__ = ["CallStats", "Http", "MalformedBody"]

LONGEST_PAUSE = 60.0
"""Seconds at most that a server's wish to wait is followed; the next refusal waits again."""

_TOKEN = re.compile(r"[!-~]+")
_log = logging.getLogger("larkbase")

T = TypeVar("T")


class _Failed(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Http:
    """The HTTP door of one client; safe to share between its threads.

    Clients of the same app at the same domain share quotas and gates, because Lark counts them
    as one caller.

    Args:
        domain: The platform that is called; credentials go nowhere else.
        auth: Where access tokens come from.
        options: Read at every call, so that changes count at once.
        advice: What hints tell people to do; see ``ADVICE``.
        clock: Monotonic seconds.
        sleep: Waits for some seconds; the only place where this class waits.
        random: Numbers from 0 to 1 for the jitter of repeats.
    """

    def __init__(
        self,
        domain: Domain,
        auth: Auth,
        options: Options,
        *,
        advice: Mapping[str, str] = ADVICE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random_numbers.random,
    ) -> None:
        self.domain = domain
        self.options = options
        self.stats = CallStats()
        self.service_clock = ServiceClock()
        self._auth = auth
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._watchers: list[Callable[[float, str], None]] = []
        self._known: dict[tuple[str, str], Known] = {}
        self._speaker = _speaker(domain, auth, advice, self._known)
        app_id = getattr(auth, "app_id", None)
        self._budget = shared_budget(app_id and (domain.origin, app_id, clock))
        self._pacer = Pacer(
            lambda: options.rate,
            bound=not domain.is_loopback,
            lanes=self._budget.lanes,
            clock=clock,
            sleep=sleep,
        )
        self._transport = Transport(self._speaker)

    @property
    def identity(self) -> str:
        """Who calls, in words that may be shown: ``app cli_a1b…`` or ``user``."""
        return self._auth.identity

    @contextmanager
    def watched(self, watcher: Callable[[float, str], None]) -> Iterator[None]:
        """Tell ``watcher`` the seconds and the reason of each long wait meanwhile.

        Long are waits before a repeat, and those for the rate from a second on. It hears of the
        waits of every thread of this client, in that thread. Makes no call.
        """
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)

    def remember(
        self, app_token: str, table_id: str = "", *, name: str = "", url: str = ""
    ) -> None:
        """Keep how people know a base or one of its tables, for errors about it. Makes no call.

        What is given replaces what was known; the rest stays.
        """
        known = self._known.get((app_token, table_id), Known())
        self._known[app_token, table_id] = Known(name or known.name, url or known.url)

    def gate_of(self, app_token: str) -> Gate:
        """Return the gate that bounds the calls in flight at a base; its limit moves."""
        return self._budget.gates.of(app_token)

    def authenticate(self) -> None:
        """Fetch the access token now, if there is none yet: one call, or none for a user token.

        Raises:
            AuthenticationError: when Lark refuses app id or secret.
            NetworkError: when no usable answer came.
        """
        self._refuse_offline()
        self._auth.token(self._fetch_token)

    def call(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        attempts: int | None = None,
    ) -> dict[str, Any]:
        """Make a call and return the ``data`` member of its answer.

        Args:
            endpoint: What to call.
            path: The ids of the endpoint's path.
            query: Query parameters; None values are left out.
            body: JSON body.
            attempts: Tries in all, instead of 1 + ``options.retries``.

        Raises:
            LarkBaseError: the class that the code table gives, once repeating does not help.
        """
        return self.call_parsed(
            endpoint, path=path, query=query, body=body, attempts=attempts, parse=data_of
        )

    def call_parsed(
        self,
        endpoint: Endpoint,
        *,
        parse: Callable[[bytes], T],
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        attempts: int | None = None,
        repeat_once: Collection[int] = (),
        repeat_never: Collection[int] = (),
        stop: threading.Event | None = None,
    ) -> T:
        """Make a call and return what ``parse`` makes of the whole body.

        ``parse`` sees successful envelopes only. It may raise ``MalformedBody``, which counts as
        a broken answer and is repeated. ``repeat_once`` and ``repeat_never`` hold codes for which
        the caller knows something better than repeating; ``stop``, once it is set, ends the
        call's waits; the other arguments are those of ``call``.

        Raises:
            LarkBaseError: as for ``call``.
            Stopped: when ``stop`` is set while the call waits.
        """

        def attempt(call: Call, token: str | None) -> T:
            raw = self._attempt(call, token).raw
            try:
                return parse(raw.body)
            except MalformedBody as error:
                raise _Failed(broken(raw, error, self._speaker)) from None

        call = _call(endpoint, path, query, body, stop)
        bounds = {**dict.fromkeys(repeat_once, 1), **dict.fromkeys(repeat_never, 0)}
        return self._run(call, attempt, attempts, bounds)

    def stream(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        attempts: int | None = None,
    ) -> Iterator[bytes]:
        """Yield the body of a file in pieces; the call is made when the first one is asked for.

        Refusals and broken connections are repeated until the first piece has been handed out.

        Raises:
            LarkBaseError: as for ``call``; NetworkError when the file breaks off in the middle.
        """

        def attempt(call: Call, token: str | None) -> Exchange:
            return self._attempt(call, token, stream=True)

        call = _call(endpoint, path, query)
        with self._run(call, attempt, attempts).response as response:
            for piece in self._transport.pieces(response, self.options.timeout):
                self.stats.add_bytes(len(piece))
                yield piece

    def close(self) -> None:
        """Close the pooled connections; the next call opens new ones."""
        self._transport.close()

    def __repr__(self) -> str:
        return f"Http({self.domain.label}, as {self.identity})"

    def _run(
        self,
        call: Call,
        attempt: Callable[[Call, str | None], T],
        attempts: int | None,
        bounds: Mapping[int, int] = MappingProxyType({}),
    ) -> T:
        """Attempt a call until it succeeds, or until repeating cannot help or is used up."""
        repeats, renewed = 0, False
        while True:
            self._refuse_offline()
            token = None if call.endpoint is TOKEN else self._auth.token(self._fetch_token)
            try:
                return attempt(call, token)
            except _Failed as failed:
                fault = failed.fault
            if fault.token_rejected and token and not renewed and self._auth.invalidate(token):
                renewed = True
                continue
            allowed = self.options.retries if attempts is None else attempts - 1
            allowed = min(allowed, bounds.get(fault.code or 0, allowed))
            if not _repeatable(call, fault) or repeats >= min(allowed, fault.most_repeats):
                # Raised outside the handler: a cause would carry the request and its token.
                raise fault.raised()
            repeats += 1
            self._pause(call, fault, repeats)

    def _attempt(self, call: Call, token: str | None, *, stream: bool = False) -> Exchange:
        """Make one HTTP call in its turn; raises ``_Failed`` when it brought no data."""
        most = self.options.concurrency
        with self._budget.gates.slot(call.base, most, call.stop) as slot:
            waited = self._pacer.wait(call.endpoint, stop=call.stop, tell=self._tell_of_pacing)
            self.stats.add_wait(waited)
            give_up(call.stop)
            began = self._clock()
            result = self._transport.send(call, token, self.options.timeout, stream=stream)
            seconds = self._clock() - began
            self.stats.add_call(call.endpoint.name, seconds)
            if isinstance(result, Exchange):
                slot.succeeded()
            elif result.fault.congestion:
                slot.congested()
                # Whoever was refused, Lark refuses every thread of this client until then.
                self._pacer.hold(call.endpoint, _bounded(result.fault.pause))
        self._tell(call, result, seconds)
        if isinstance(result, Failure):
            raise _Failed(result.fault)
        return result

    def _fetch_token(self, app_id: str, app_secret: str) -> tuple[str, float]:
        body = {"app_id": app_id, "app_secret": app_secret}
        return self.call_parsed(TOKEN, body=body, parse=_token_of)

    def _refuse_offline(self) -> None:
        if self.options.offline:
            msg = "Network calls are switched off."
            hint = "Unset LARKBASE_OFFLINE or set larkbase.options.offline = False."
            raise ConfigurationError(msg, hint=hint)

    def _pause(self, call: Call, fault: Fault, repeat: int) -> None:
        assert fault.backoff is not None  # noqa: S101 (only faults with a backoff are repeated)
        seconds = max(fault.backoff.delay(repeat, self._random), _bounded(fault.pause))
        self.stats.add_retry()
        self.stats.add_wait(seconds)
        reason = scrub(fault.reason)
        _log.info("%s: repeat %d in %.1f s (%s)", call.endpoint.name, repeat, seconds, reason)
        self._tell_watchers(seconds, reason)
        if self.options.on_retry is not None:
            self.options.on_retry(
                {
                    "endpoint": call.endpoint.name,
                    "repeat": repeat,
                    "seconds": seconds,
                    "code": fault.code,
                    "reason": reason,
                }
            )
        rest(seconds, self._sleep, call.stop)

    def _tell_of_pacing(self, seconds: float) -> None:
        self._tell_watchers(seconds, "rate limit")

    def _tell_watchers(self, seconds: float, reason: str) -> None:
        for watcher in tuple(self._watchers):
            watcher(seconds, reason)

    def _tell(self, call: Call, result: Exchange | Failure, seconds: float) -> None:
        """Count and log the call and tell the user's hook: names and numbers, never values."""
        raw, endpoint = result.raw, call.endpoint
        self.service_clock.hear(raw.headers.get("date") if raw else None)
        size = len(raw.body) if raw else 0
        facts = {
            "endpoint": endpoint.name,
            "method": endpoint.method,
            "path": endpoint.path,
            "status": raw.status if raw else None,
            "code": 0 if isinstance(result, Exchange) else result.fault.code,
            "ms": round(seconds * 1000, 1),
            "bytes": size,
            "log_id": raw.log_id if raw else None,
        }
        self.stats.add_bytes(size)
        _log.debug("%(method)s %(path)s code=%(code)s http=%(status)s %(ms).1f ms", facts)
        if self.options.on_call is not None:
            self.options.on_call(facts)


def _call(
    endpoint: Endpoint,
    path: Mapping[str, str] | None,
    query: Mapping[str, Any] | None,
    body: Any = None,
    stop: threading.Event | None = None,
) -> Call:
    wanted = {name: value for name, value in (query or {}).items() if value is not None}
    return Call(endpoint, dict(path or {}), wanted, body, stop)


def _bounded(pause: float | None) -> float:
    """Return the seconds that a server's wish to wait is followed."""
    return min(pause or 0.0, LONGEST_PAUSE)


def _repeatable(call: Call, fault: Fault) -> bool:
    """Tell whether to try again; a write whose answer was lost may have happened."""
    return fault.backoff is not None and (call.endpoint.repeatable or not fault.lost)


def _speaker(
    domain: Domain,
    auth: Auth,
    advice: Mapping[str, str],
    known: Mapping[tuple[str, str], Known],
) -> Speaker:
    app_id = getattr(auth, "app_id", None)
    console = f"{domain.origin}/app/{app_id}" if app_id and not domain.is_loopback else None
    return Speaker(domain, auth.identity, auth.is_user, console, advice, known)


def _token_of(body: bytes) -> tuple[str, float]:
    """Read the flat answer of the token endpoint."""
    envelope = envelope_of(body)
    token, lifetime = envelope.get("tenant_access_token"), envelope.get("expire")
    # Any other text would be told in full by an error about a header that it cannot be in.
    if isinstance(token, str) and _TOKEN.fullmatch(token) and isinstance(lifetime, int | float):
        return token, float(lifetime)
    msg = "it holds no token"
    raise MalformedBody(msg)
