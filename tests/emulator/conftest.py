"""A plain HTTP caller of the emulator, and the reference samples."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from larkbase_sdk.emulator.emulator import LarkEmulator

TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"


class Api:
    """Calls an emulator over HTTP with requests, knowing nothing of the SDK."""

    def __init__(self, emulator: LarkEmulator) -> None:
        self.emulator = emulator
        self.session = requests.Session()
        self.authenticate()

    def authenticate(self) -> str:
        """Fetch a token and use it from now on."""
        body = {"app_id": self.emulator.app_id, "app_secret": self.emulator.app_secret}
        answer = self.call("POST", TOKEN_PATH, json=body).json()
        self.session.headers["Authorization"] = f"Bearer {answer['tenant_access_token']}"
        return answer["tenant_access_token"]

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """Return the answer to a request."""
        return self.session.request(method, self.emulator.url + path, timeout=10, **more)

    def data(self, method: str, path: str, **more: Any) -> Any:
        """Return ``data`` of an answer that must be a success."""
        answer = self.call(method, path, **more).json()
        assert answer["code"] == 0, answer
        return answer["data"]

    def get(self, path: str, **query: Any) -> Any:
        """Return ``data`` of a GET."""
        return self.data("GET", path, params=query)

    def refusal(self, method: str, path: str, **more: Any) -> tuple[int, int, dict[str, Any]]:
        """Return the HTTP status, the code and ``error`` of a refused call."""
        response = self.call(method, path, **more)
        answer = response.json()
        return response.status_code, answer["code"], answer.get("error", {})

    @staticmethod
    def path(table: Any, tail: str = "") -> str:
        """Return the path of a table, or of something inside it."""
        return f"/open-apis/bitable/v1/apps/{table.base.app_token}/tables/{table.table_id}{tail}"

    def search(self, table: Any, body: dict[str, Any] | None = None, **query: Any) -> Any:
        """Return ``data`` of one search."""
        path = self.path(table, "/records/search")
        return self.data("POST", path, json=body or {}, params=query)

    def refused(self, table: Any, body: dict[str, Any], **query: Any) -> tuple[int, int, Any]:
        """Return status, code and ``error`` of a refused search."""
        path = self.path(table, "/records/search")
        return self.refusal("POST", path, json=body, params=query)

    def pages(self, table: Any, body: dict[str, Any] | None = None, **query: Any) -> Iterator[Any]:
        """Yield ``data`` of every page."""
        data = self.search(table, body, **query)
        yield data
        while data["has_more"]:
            data = self.search(table, body, page_token=data["page_token"], **query)
            yield data

    def found(self, table: Any, name: str, operator: str, *values: str) -> list[Any]:
        """Return the primary texts of the rows that one condition finds."""
        condition = {"field_name": name, "operator": operator, "value": list(values)}
        return self.keys(table, {"conjunction": "and", "conditions": [condition]})

    def keys(self, table: Any, wanted: dict[str, Any] | None = None, **body: Any) -> list[Any]:
        """Return the primary texts of the rows that a filter finds, in order."""
        if wanted is not None:
            body["filter"] = wanted
        items = [item for page in self.pages(table, body) for item in page["items"] or []]
        primary = table.fields[0].name
        return [item["fields"][primary][0]["text"] for item in items]


@pytest.fixture
def emulator() -> Iterator[LarkEmulator]:
    """A running emulator with an empty tenant."""
    with LarkEmulator() as running:
        yield running


@pytest.fixture
def api(emulator: LarkEmulator) -> Iterator[Api]:
    """A caller of that emulator."""
    caller = Api(emulator)
    yield caller
    caller.session.close()


@pytest.fixture(scope="session")
def sample_emulator() -> Iterator[LarkEmulator]:
    """A running emulator with the sample tenant; tests only read it."""
    with LarkEmulator(tenant="sample") as running:
        yield running


@pytest.fixture(scope="session")
def sample_api(sample_emulator: LarkEmulator) -> Iterator[Api]:
    """A caller of the sample emulator."""
    caller = Api(sample_emulator)
    yield caller
    caller.session.close()


@pytest.fixture
def make_api() -> Iterator[Callable[[LarkEmulator], Api]]:
    """Makes callers of emulators that a test starts itself."""
    made: list[Api] = []

    def make(running: LarkEmulator) -> Api:
        made.append(Api(running))
        return made[-1]

    yield make
    for caller in made:
        caller.session.close()


@pytest.fixture(scope="session")
def samples() -> Callable[[str], Any]:
    """Loads a sample of the reference folder; skips where the folder is missing."""
    default = Path(__file__).resolve().parents[3] / "shared" / "reference"
    folder = Path(os.environ.get("LARKBASE_REFERENCE", default)) / "lark-samples"

    def load(name: str) -> Any:
        path = folder / f"{name}.json"
        if not path.exists():
            pytest.skip(f"the reference sample {name}.json is not here (set LARKBASE_REFERENCE)")
        return json.loads(path.read_text(encoding="utf-8"))

    return load
