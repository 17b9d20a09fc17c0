"""What the fuzz tests share: any JSON, changes to a good value, a server of one answer."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import strategies as st

from larkbase_sdk.api import LarkApi
from larkbase_sdk.options import Options

SECRET = "s3cret-of-the-fuzzed-app"

ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda item: (
        st.lists(item, max_size=4) | st.dictionaries(st.text(max_size=8), item, max_size=4)
    ),
    max_leaves=12,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _places(member, (*path, key))
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _places(member, (*path, number))


@st.composite
def _changed(draw: st.DrawFn, good: Any) -> Any:
    """A good value with one or two of its parts replaced or taken away."""
    value = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(list(_places(value))))
        if not path:
            continue
        owner = value
        for step in path[:-1]:
            owner = owner[step]
        if draw(st.booleans()):
            owner[path[-1]] = draw(ANY_JSON)
        else:
            del owner[path[-1]]
    return value


@pytest.fixture(scope="session")
def any_json() -> st.SearchStrategy[Any]:
    """Any JSON value."""
    return ANY_JSON


@pytest.fixture(scope="session")
def changed() -> Any:
    """Makes a strategy of values that differ from a good one in a place or two."""
    return _changed


class OneAnswer:
    """A server that gives a token, and to every other call the same answer.

    Attributes:
        body: The body of the answer.
        status: Its HTTP status.
    """

    def __init__(self) -> None:
        self.body = b"{}"
        self.status = 200
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def data(self, data: Any) -> None:
        """Answer with a success that holds this."""
        self.body, self.status = json.dumps({"code": 0, "msg": "", "data": data}).encode(), 200

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(owner: OneAnswer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            if "tenant_access_token" in self.path:
                token = {"code": 0, "tenant_access_token": "t-token", "expire": 7200}
                self._answer(json.dumps(token).encode(), 200)
            else:
                self._answer(owner.body, owner.status)

        def do_GET(self) -> None:
            self._answer(owner.body, owner.status)

        def _answer(self, body: bytes, status: int) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@pytest.fixture(scope="module")
def one_answer() -> Iterator[OneAnswer]:
    server = OneAnswer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def api(one_answer: OneAnswer) -> Iterator[LarkApi]:
    """A client of that server; it repeats nothing, since the answer would not change."""
    options = Options(retries=0, rate=1000.0, progress=False)
    opened = LarkApi.open(
        app_id="cli_fuzzed", app_secret=SECRET, domain=one_answer.url, options=options
    )
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def secret() -> str:
    """The app secret of that client, which no text may show."""
    return SECRET
