"""A server that answers from a script, a clock that only tests move, and clients on both."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from larkbase_sdk.api import LarkApi
from larkbase_sdk.api.auth import Auth, TenantAuth
from larkbase_sdk.api.domain import Domain
from larkbase_sdk.api.endpoints import GET_BASE
from larkbase_sdk.api.http import Http
from larkbase_sdk.errors import LarkBaseError
from larkbase_sdk.options import Options

SECRET = "s3cret-of-the-app"
JSON = "application/json; charset=utf-8"


@dataclass
class Seen:
    """One request as the server saw it."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any
    port: int = 0
    """Of the client's end of the connection."""


@dataclass
class Answer:
    """One scripted answer; ``cut`` closes the connection after so many bytes of the body."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


class FakeTime:
    """Seconds that pass only when somebody sleeps, and the record of those sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def clock(self) -> float:
        with self._lock:
            return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(round(seconds, 3))
            self.now += seconds


class ScriptedServer:
    """Answers every call from ``script`` in order, and token calls by itself.

    Attributes:
        script: The answers to come; a callable is called with the request.
        tokens: Answers to token calls, before the usual ones (``t-1``, ``t-2``, …).
        requests: What came in, token calls apart.
        token_requests: The token calls that came in.
    """

    def __init__(self) -> None:
        self.script: deque[Answer | Callable[[Seen], Answer]] = deque()
        self.tokens: deque[Answer] = deque()
        self.requests: list[Seen] = []
        self.token_requests: list[Seen] = []
        self.lifetime = 7200
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def tokens_used(self) -> list[str]:
        return [seen.headers.get("authorization", "") for seen in self.requests]

    def made(self, body: Any, *, status: int = 200, cut: int | None = None, **extra: str) -> Answer:
        """Return an answer of JSON; ``x_tt_logid`` becomes the header ``x-tt-logid``."""
        named = {name.replace("_", "-"): value for name, value in extra.items()}
        content = json.dumps(body, ensure_ascii=False).encode()
        return Answer(content, status, {"content-type": JSON, **named}, cut)

    def json(self, body: Any, **how: Any) -> None:
        """Add an answer of JSON, see ``made``."""
        self.script.append(self.made(body, **how))

    def data(self, data: Any) -> None:
        """Add a success with this data."""
        self.json({"code": 0, "data": data, "msg": "success"})

    def code(self, code: int, msg: str = "", *, status: int = 200, **more: Any) -> None:
        """Add a refusal with this code."""
        headers = more.pop("headers", {})
        self.json({"code": code, "msg": msg, **more}, status=status, **headers)

    def raw(self, body: bytes, kind: str, *, status: int = 200, **headers: str) -> None:
        """Add an answer of any content type."""
        self.script.append(Answer(body, status, {"content-type": kind, **headers}))

    def answer(self, seen: Seen) -> Answer:
        with self._lock:
            if seen.path.endswith("/tenant_access_token/internal"):
                self.token_requests.append(seen)
                return self.tokens.popleft() if self.tokens else self._token()
            self.requests.append(seen)
            entry = self.script.popleft() if self.script else Answer(b"script is over", 410)
        return entry if isinstance(entry, Answer) else entry(seen)

    def _token(self) -> Answer:
        token = f"t-token-{id(self)}-{len(self.token_requests)}"
        return self.made(
            {"code": 0, "expire": self.lifetime, "msg": "ok", "tenant_access_token": token}
        )

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("content-length") or 0)
            sent = self.rfile.read(size)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(sent) if sent else None
            query, port = parse_qs(parts.query), self.client_address[1]
            seen = Seen(self.command, parts.path, query, headers, body, port)
            self._write(server.answer(seen))

        do_POST = do_GET  # noqa: N815 (the name that the base class looks for)

        def _write(self, answer: Answer) -> None:
            body = answer.body if answer.cut is None else answer.body[: answer.cut]
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(body)
            if answer.cut is not None:
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            """Keep the test output clean."""

    return Handler


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that answers from a script."""
    scripted = ScriptedServer()
    yield scripted
    scripted.close()


@pytest.fixture
def time() -> FakeTime:
    """A clock that only sleeping moves."""
    return FakeTime()


ApiMaker = Callable[..., LarkApi]


@pytest.fixture
def open_api(server: ScriptedServer, time: FakeTime) -> Iterator[ApiMaker]:
    """Opens clients of the scripted server; jitter is always half of what it may be."""
    opened: list[LarkApi] = []

    def make(
        *, auth: Auth | None = None, domain: str | Domain | None = None, **options: Any
    ) -> LarkApi:
        where = domain or server.url
        http = Http(
            where if isinstance(where, Domain) else Domain.parse(where),
            auth or TenantAuth("cli_a1b2c3d4", SECRET, clock=time.clock),
            Options(**options),
            clock=time.clock,
            sleep=time.sleep,
            random=lambda: 0.5,
        )
        opened.append(LarkApi(http))
        return opened[-1]

    yield make
    for api in opened:
        api.close()


@pytest.fixture
def api(open_api: ApiMaker) -> LarkApi:
    """A client of the scripted server with the usual options."""
    return open_api()


@pytest.fixture
def secret() -> str:
    """The secret that no text may show."""
    return SECRET


@pytest.fixture
def error_of() -> Callable[..., LarkBaseError]:
    """Makes a call that must fail and returns its error."""

    def make(api: LarkApi, **how: Any) -> LarkBaseError:
        with pytest.raises(LarkBaseError) as caught:
            api.http.call(GET_BASE, path={"app": "NQRx"}, **how)
        return caught.value

    return make
