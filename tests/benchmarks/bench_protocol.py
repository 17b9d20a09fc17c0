"""Time the Athena wire format: rows to blocks, blocks to ciphertext, and back.

Run: python tests/benchmarks/bench_protocol.py [rounds]
"""

from __future__ import annotations

import datetime as dt
import json
import platform
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from larkbase_server.protocol.answers import records_answer
from larkbase_server.protocol.encryption import LocalKeyFactory, decrypt, encrypt
from larkbase_server.protocol.framing import record_bytes
from larkbase_server.protocol.identity import TableName
from larkbase_server.protocol.messages import read_response, write_answer
from larkbase_server.protocol.records import ReadRecordsRequest, ReadRecordsResponse
from larkbase_server.protocol.spill import read_spilled, spilled_body
from larkbase_server.protocol.spiller import Spilling
from larkbase_server.protocol.splits import S3SpillLocation, Split
from larkbase_server.protocol.wire_batches import from_wire, to_wire, wire_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROUNDS = 200
ROWS = 500
PAGES = 200
UTC = pa.timestamp("ms", "UTC")
PERSON = pa.struct([("email", pa.string()), ("id", pa.string()), ("name", pa.string())])
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


class Nowhere:
    """A spill store that forgets."""

    def put(self, location: S3SpillLocation, body: bytes, headers: Mapping[str, str]) -> None:
        """Take an object."""


def page() -> pa.RecordBatch:
    """Return 500 rows of 32 columns, as a page of a wide table has them."""
    person = {"email": "someone@example.com", "id": "ou_7dab8a3d3cdcc9da", "name": "张三"}
    columns: dict[str, pa.Array] = {"id": pa.array([f"rec{row:012}" for row in range(ROWS)])}
    for number in range(10):
        texts = [f"some text of usual length {row * number}" for row in range(ROWS)]
        columns[f"text{number}"] = pa.array(texts)
        columns[f"number{number}"] = pa.array([row * 1.5 for row in range(ROWS)])
    for number in range(5):
        moments = [START + dt.timedelta(minutes=row) for row in range(ROWS)]
        columns[f"moment{number}"] = pa.array(moments, UTC)
    for number in range(3):
        options = [["red", "green"][: row % 3] for row in range(ROWS)]
        columns[f"options{number}"] = pa.array(options, pa.list_(pa.string()))
        columns[f"people{number}"] = pa.array([[person]] * ROWS, pa.list_(PERSON))
    return pa.record_batch(columns)


def request_of(schema: pa.Schema) -> ReadRecordsRequest:
    """Return a request whose answer may spill, encrypted."""
    return ReadRecordsRequest(
        query_id="query",
        catalog_name="catalog",
        table_name=TableName("crm", "orders"),
        schema=schema,
        split=Split(
            spill_location=S3SpillLocation("bucket", "prefix/query/split"),
            encryption_key=LocalKeyFactory().new_key(),
        ),
    )


def steps() -> dict[str, tuple[int, Callable[[], Any]]]:
    """Return what is timed, each with the rows that it handles."""
    rows = page()
    wire = to_wire(rows, wire_schema(rows.schema))
    key = LocalKeyFactory().new_key()
    plain = record_bytes(wire, legacy=True)
    body = encrypt(plain, key)
    answer = ReadRecordsResponse(catalog_name="catalog", records=wire)
    text = json.dumps(write_answer(answer, 5))
    request = request_of(wire.schema)

    def whole_table() -> Any:
        pages = (to_wire(rows, wire.schema) for _ in range(PAGES))
        return write_answer(records_answer(request, pages, Spilling(Nowhere())), 5)

    return {
        "columns to wire types": (ROWS, lambda: to_wire(rows, wire.schema)),
        "inline answer → JSON object": (ROWS, lambda: write_answer(answer, 5)),
        "inline answer, JSON text → batch": (ROWS, lambda: read_response(text)),
        "batch → block bytes": (ROWS, lambda: record_bytes(wire, legacy=True)),
        "encrypt": (ROWS, lambda: encrypt(plain, key)),
        "batch → encrypted object": (ROWS, lambda: spilled_body(wire, key)),
        "decrypt": (ROWS, lambda: decrypt(body, key)),
        "encrypted object → batch": (ROWS, lambda: from_wire(read_spilled(body, wire.schema, key))),
        f"{PAGES} pages → spilled answer": (ROWS * PAGES, whole_table),
    }


def measure(function: Callable[[], Any], rounds: int) -> list[float]:
    """Return the seconds of each round, after two that do not count."""
    taken = []
    for _ in range(rounds + 2):
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return taken[2:]


def main() -> None:
    """Print the table and what it was measured on."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    rows = page()
    size = len(record_bytes(to_wire(rows, wire_schema(rows.schema)), legacy=True))
    print(
        f"A page of {ROWS} rows and {rows.num_columns} columns, {size:,} bytes as a block; "
        f"{rounds} rounds; Python {platform.python_version()}, pyarrow {pa.__version__}\n"
    )
    print("| step | median ms | best ms | rows/s (median) |")
    print("|---|---:|---:|---:|")
    for name, (count, function) in steps().items():
        taken = measure(function, rounds if count == ROWS else max(1, rounds // 40))
        median = statistics.median(taken)
        print(f"| {name} | {median * 1e3:.3f} | {min(taken) * 1e3:.3f} | {count / median:,.0f} |")


if __name__ == "__main__":
    main()
