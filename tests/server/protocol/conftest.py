"""A store in memory, the golden messages, and a batch of every type that Athena reads."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from larkbase_server.protocol.identity import TableName
from larkbase_server.protocol.records import ReadRecordsRequest
from larkbase_server.protocol.splits import EncryptionKey, S3SpillLocation, Split
from larkbase_server.protocol.typed_values import wire_array

PLACE = S3SpillLocation("bucket", "prefix/query/split")
KEY = EncryptionKey(bytes(range(32)), b"nonce of 12.")
MOMENT = dt.datetime(2024, 2, 29, 23, 59, 58, 765000, tzinfo=dt.UTC)

COLUMNS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "flag": (pa.bool_(), [True, None, False]),
    "tiny": (pa.int8(), [-128, None, 127]),
    "small": (pa.int16(), [-1, None, 1]),
    "whole": (pa.int32(), [0, None, 2**31 - 1]),
    "big": (pa.int64(), [-(2**63), None, 2**63 - 1]),
    "single": (pa.float32(), [0.5, None, -0.25]),
    "double": (pa.float64(), [0.1, None, 1e300]),
    "exact": (pa.decimal128(38, 18), [Decimal("1.000000000000000001"), None, Decimal(-7)]),
    "text": (pa.string(), ["客户 \U0001f426", None, ""]),
    "bytes": (pa.binary(), [b"\x00\xff", None, b""]),
    "day": (pa.date32(), [dt.date(1969, 12, 31), None, dt.date(2024, 2, 29)]),
    "moment": (pa.date64(), [MOMENT, None, dt.datetime(1960, 1, 1, 1, tzinfo=dt.UTC)]),
    "zoned": (pa.timestamp("ms", "UTC"), [MOMENT, None, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)]),
    "texts": (pa.list_(pa.string()), [["a", None], None, []]),
    "moments": (pa.list_(pa.date64()), [[MOMENT, None], None, []]),
    "person": (
        pa.struct([("id", pa.string()), ("since", pa.date64())]),
        [{"id": "ou_1", "since": MOMENT}, None, {"id": None, "since": None}],
    ),
    "files": (
        pa.list_(pa.struct([("name", pa.string()), ("size", pa.int64())])),
        [[{"name": "a.pdf", "size": 3}], None, []],
    ),
    "map": (pa.map_(pa.string(), pa.date64()), [[("k", MOMENT)], None, []]),
}


class MemoryStore:
    """Objects by their key; ``refuse`` names keys that it does not take."""

    def __init__(self, refuse: Callable[[str], bool] = lambda _: False) -> None:
        self.objects: dict[str, bytes] = {}
        self.headers: list[Mapping[str, str]] = []
        self.threads: set[str] = set()
        self._refuse = refuse
        self._lock = threading.Lock()

    def put(self, location: S3SpillLocation, body: bytes, headers: Mapping[str, str]) -> None:
        if self._refuse(location.key):
            raise ConnectionError("AccessDenied")
        with self._lock:
            self.objects[location.key] = body
            self.headers.append(dict(headers))
            self.threads.add(threading.current_thread().name)


@pytest.fixture
def store_of() -> type[MemoryStore]:
    """Makes spill stores in memory."""
    return MemoryStore


@pytest.fixture
def columns() -> dict[str, tuple[pa.DataType, list[Any]]]:
    """A column of every type: its type and its values in Python."""
    return COLUMNS


@pytest.fixture
def every_type() -> pa.RecordBatch:
    """Three rows of every type that Athena reads; the second is NULL throughout."""
    return pa.record_batch(
        {name: wire_array(values, data_type) for name, (data_type, values) in COLUMNS.items()}
    )


@pytest.fixture
def read_request() -> Callable[..., ReadRecordsRequest]:
    """Makes a ReadRecordsRequest; keyword arguments replace its members."""

    def make(schema: pa.Schema, **changes: Any) -> ReadRecordsRequest:
        split = Split(spill_location=PLACE, encryption_key=KEY, properties={"part": "0"})
        members = {
            "query_id": "query",
            "catalog_name": "catalog",
            "table_name": TableName("crm", "orders"),
            "schema": schema,
            "split": split,
        }
        return ReadRecordsRequest(**(members | changes))

    return make


@pytest.fixture(scope="session")
def serde_folder(reference: Path) -> Path:
    """The folder of golden messages, which is no part of a clone."""
    folder = reference / "athena-serde"
    if not folder.is_dir():
        pytest.skip(f"no golden messages at {folder}")
    return folder


@pytest.fixture(scope="session")
def golden(serde_folder: Path) -> dict[str, dict[str, Any]]:
    """Every golden message by its path in the folder."""

    def messages() -> Iterator[tuple[str, dict[str, Any]]]:
        for path in sorted(serde_folder.rglob("*.json")):
            if path.name != "spill_samples.json":
                name = path.relative_to(serde_folder).as_posix()
                yield name, json.loads(path.read_text(encoding="utf-8"))

    return dict(messages())
