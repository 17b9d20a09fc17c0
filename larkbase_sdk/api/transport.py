"""One HTTP exchange over pooled connections: sent, read, and judged, but not repeated."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from larkbase_sdk._version import __version__
from larkbase_sdk.api.answers import Call, RawAnswer
from larkbase_sdk.api.faults import Fault, Speaker, examine, examine_stream, unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

_CONNECT_TIMEOUT = 10.0
_POOL_SIZE = 16
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Exchange:
    """A successful exchange; the response is still open when the body is read in pieces."""

    raw: RawAnswer
    response: requests.Response


@dataclass(frozen=True, slots=True)
class Failure:
    """An exchange that brought no data, with the answer if there was one."""

    fault: Fault
    raw: RawAnswer | None = None


class Transport:
    """Sends calls to the platform of a speaker, and to no other host."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._session: requests.Session | None = None
        self._process = os.getpid()
        self._lock = threading.Lock()

    def send(
        self, call: Call, token: str | None, timeout: float, *, stream: bool = False
    ) -> Exchange | Failure:
        """Make one HTTP call, following no redirect.

        Args:
            call: What to call.
            token: The access token, or None for the call that fetches it.
            timeout: Seconds of silence after which the connection counts as broken.
            stream: Leave the body of a success unread.
        """
        import requests

        url = self._speaker.domain.origin + call.endpoint.address(call.path)
        try:
            response = self._open().request(
                call.endpoint.method,
                url,
                params=dict(call.query),
                data=None if call.body is None else orjson.dumps(call.body),
                headers=_headers(call, stream=stream),
                auth=_signer(token),
                timeout=(min(timeout, _CONNECT_TIMEOUT), timeout),
                allow_redirects=False,
                stream=True,
            )
            raw = _read(response, whole=not stream)
        except requests.RequestException as error:
            return Failure(unanswered(error, timeout, self._speaker))
        judge = examine_stream if stream else examine
        fault = judge(raw, call, self._speaker)
        if fault is None:
            return Exchange(raw, response)
        response.close()
        return Failure(fault, raw)

    def pieces(self, response: requests.Response, timeout: float) -> Iterator[bytes]:
        """Yield an unread body in pieces.

        Raises:
            NetworkError: when it breaks off.
        """
        import requests

        fault = None
        try:
            yield from response.iter_content(_CHUNK)
        except requests.RequestException as error:
            fault = unanswered(error, timeout, self._speaker)
        if fault is not None:
            # Raised outside the handler: a cause would carry the request and its token.
            raise fault.raised()

    def close(self) -> None:
        """Close the pooled connections; the next call opens new ones."""
        with self._lock:
            if self._session is not None:
                self._session.close()
                self._session = None

    def _open(self) -> requests.Session:
        with self._lock:
            if self._process != os.getpid():
                # Two processes on one connection would get each other's answers.
                self._session, self._process = None, os.getpid()
            if self._session is None:
                local = self._speaker.domain.is_loopback
                self._session = _new_session(trust_environment=not local)
            return self._session


def _new_session(*, trust_environment: bool) -> requests.Session:
    from http.cookiejar import DefaultCookiePolicy

    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    # A proxy of the environment must not see calls to this machine.
    session.trust_env = trust_environment
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=_POOL_SIZE, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _headers(call: Call, *, stream: bool) -> dict[str, str]:
    headers = {"User-Agent": f"larkbase-sdk/{__version__}"}
    if call.body is not None:
        headers["Content-Type"] = "application/json; charset=utf-8"
    if stream:
        # A file that is compressed on the way would not match its own size.
        headers["Accept-Encoding"] = "identity"
    return headers


def _signer(token: str | None) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Return the ``auth`` of a request; always given, since else .netrc would be consulted."""

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return sign


def _read(response: requests.Response, *, whole: bool) -> RawAnswer:
    """Return the answer, with its body unless that is a file that came as asked."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    raw = RawAnswer(response.status_code, headers)
    if whole:
        # In one piece: the pieces of 10 kB that requests reads take nearly twice as long.
        body = b"".join(response.iter_content(None))
        return RawAnswer(response.status_code, headers, body)
    if not response.ok or (raw.is_json and "content-disposition" not in headers):
        return RawAnswer(response.status_code, headers, response.content)
    return raw
