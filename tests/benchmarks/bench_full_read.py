"""Time full reads against what Lark allows and against the peers, and print Markdown tables.

The Lark emulator runs in a process of its own, with the latency and the rate limit of the
service. The readers take turns; the peers, which read page after page at an even speed, read
fewer rows so that the whole ends in a few minutes. Growth is measured without latency and limit,
each size in a fresh process.

Run: python tests/benchmarks/bench_full_read.py [rounds]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

ROWS, PEER_ROWS = 100_000, 10_000
FIELDS = 10
LATENCY, RATE, PAGE = 0.2, 20.0, 500
ROUNDS = 3
LIMIT = RATE * PAGE
"""Rows per second that Lark's quota allows."""

SIZES = (10_000, 100_000, 1_000_000)
COLUMNS = 4
LEAST_SHARE, LEAST_RATIO = 0.9, 4.0
MOST_MEGABYTES, MOST_BYTES_A_ROW = 200, 100
OURS, OFFICIAL = "larkbase, to a DataFrame", "lark-oapi, page by page, to a DataFrame"
PLAIN = "requests, page by page, and json_normalize"

Places = dict[str, str]


# -- the emulator, in a process of its own ---------------------------------------------------------


def serve(switches: dict[str, Any], tables: dict[str, int], fields: int) -> None:
    """Run an emulator with computed tables until standard input ends; print where it is."""
    from larkbase_sdk.emulator.emulator import LarkEmulator
    from larkbase_sdk.emulator.large import add_generated_table

    with LarkEmulator(**switches) as emulator:
        base = emulator.database("Large")
        ids = {name: add_generated_table(base, name, rows, fields).table_id
               for name, rows in tables.items()}  # fmt: skip
        places = {
            "domain": emulator.url,
            "app_id": emulator.app_id,
            "app_secret": emulator.app_secret,
            "base": base.app_token,
            **ids,
        }
        print(json.dumps(places), flush=True)
        sys.stdin.read()


@contextmanager
def emulator(switches: dict[str, Any], tables: dict[str, int]) -> Iterator[Places]:
    """Start an emulator in another process, and end it afterwards."""
    given = [json.dumps(item) for item in (switches, tables, FIELDS)]
    command = [sys.executable, __file__, "serve", *given]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())


# -- the readers -----------------------------------------------------------------------------------


def ours(places: Places, table: str) -> Callable[[], int]:
    """Return the reading with this library; its client has its token and knows the fields."""
    import larkbase_sdk as larkbase

    lark = larkbase.connect(
        "", **{name: places[name] for name in ("domain", "app_id", "app_secret")},
        folders=(), wikis=(), catalog=(), options=larkbase.Options(rate=RATE, progress=False),
    )  # fmt: skip
    found = lark.database(places["base"]).table(places[table])
    _ = found.schema
    return lambda: len(found.to_pandas())


def official(places: Places, table: str) -> Callable[[], int]:
    """Return the reading with the official SDK: a loop over its pages, then a DataFrame."""
    import lark_oapi
    import pandas as pd
    from lark_oapi.api.bitable.v1 import (
        SearchAppTableRecordRequest,
        SearchAppTableRecordRequestBody,
    )

    client = (
        lark_oapi.Client.builder()
        .app_id(places["app_id"])
        .app_secret(places["app_secret"])
        .domain(places["domain"])
        .build()
    )

    def read() -> int:
        rows: list[dict[str, Any]] = []
        token: str | None = None
        while True:
            request = (
                SearchAppTableRecordRequest.builder()
                .app_token(places["base"])
                .table_id(places[table])
                .page_size(PAGE)
                .request_body(SearchAppTableRecordRequestBody.builder().build())
            )
            if token:
                request.page_token(token)
            data = client.bitable.v1.app_table_record.search(request.build()).data
            rows += [{"record_id": item.record_id, **item.fields} for item in data.items]
            if not data.has_more:
                return len(pd.DataFrame(rows))
            token = data.page_token

    return read


def plain(places: Places, table: str) -> Callable[[], int]:
    """Return the reading with requests alone, as a short script would do it."""
    import pandas as pd
    import requests

    session = requests.Session()
    url = places["domain"] + "/open-apis/auth/v3/tenant_access_token/internal"
    secret = {name: places[name] for name in ("app_id", "app_secret")}
    token = session.post(url, json=secret, timeout=10).json()["tenant_access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    path = f"/open-apis/bitable/v1/apps/{places['base']}/tables/{places[table]}/records/search"

    def read() -> int:
        items: list[Any] = []
        query: dict[str, Any] = {"page_size": PAGE}
        while True:
            answer = session.post(places["domain"] + path, params=query, json={}, timeout=10)
            data = answer.json()["data"]
            items += data["items"]
            if not data["has_more"]:
                return len(pd.json_normalize(items))
            query["page_token"] = data["page_token"]

    return read


@dataclass(frozen=True, slots=True)
class Result:
    """What one reader did.

    Attributes:
        rows: Rows of one reading.
        seconds: Time of each reading.
    """

    rows: int
    seconds: tuple[float, ...]

    @property
    def speed(self) -> float:
        """Rows per second, of the median."""
        return self.rows / statistics.median(self.seconds)


def compare(rounds: int) -> dict[str, Result]:
    """Let the readers take turns, so that a busy moment hits all of them alike."""
    switches = {"latency": LATENCY, "rate": RATE}
    with emulator(switches, {"Events": ROWS, "Few": PEER_ROWS}) as places:
        readers = {
            OURS: (ROWS, ours(places, "Events")),
            OFFICIAL: (PEER_ROWS, official(places, "Few")),
            PLAIN: (PEER_ROWS, plain(places, "Few")),
        }
        ours(places, "Few")()  # loads what is loaded at the first reading
        taken: dict[str, list[float]] = {name: [] for name in readers}
        for _ in range(rounds):
            for name, (rows, read) in readers.items():
                time.sleep(1)  # the quota of the one before is not charged to the next
                began = time.perf_counter()
                assert read() == rows
                taken[name].append(time.perf_counter() - began)
    return {name: Result(rows, tuple(taken[name])) for name, (rows, _) in readers.items()}


def first_batch() -> float:
    """Return the round trips until the first rows are there, fields and token among them."""
    import larkbase_sdk as larkbase

    with emulator({"latency": LATENCY, "rate": RATE}, {"Events": ROWS}) as places:
        lark = larkbase.connect(
            "", **{name: places[name] for name in ("domain", "app_id", "app_secret")},
            folders=(), wikis=(), catalog=(), options=larkbase.Options(progress=False),
        )  # fmt: skip
        table = lark.database(places["base"]).table(places["Events"])
        began = time.perf_counter()
        reader = table.to_reader()
        reader.read_next_batch()
        seconds = time.perf_counter() - began
        del reader
    return seconds / LATENCY


# -- growth, each size in a process of its own -----------------------------------------------------


def resident() -> float:
    """Return the memory of this process in MB (10^6 bytes)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def stream(places: Places) -> None:
    """Read the table Events and print its rows, seconds and the memory it grew by."""
    import larkbase_sdk as larkbase

    lark = larkbase.connect(
        "", **{name: places[name] for name in ("domain", "app_id", "app_secret")},
        folders=(), wikis=(), catalog=(), options=larkbase.Options(rate=1e5, progress=False),
    )  # fmt: skip
    table = lark.database(places["base"]).table(places["Events"])
    columns = [column.lark_name for column in table.schema.columns[:COLUMNS]]
    reader = table.to_reader(columns=columns)
    rows = len(reader.read_next_batch())
    start, highest, began = resident(), 0.0, time.perf_counter()
    for batch in reader:
        rows += len(batch)
        highest = max(highest, resident())
    seconds = time.perf_counter() - began
    calls = lark.stats.by_endpoint["search"]
    figures = {"rows": rows, "calls": calls, "seconds": seconds, "grown": highest - start}
    print(json.dumps(figures))


def growth() -> list[dict[str, float]]:
    """Return the figures of each size."""
    found = []
    for rows in SIZES:
        with emulator({}, {"Events": rows}) as places:
            command = [sys.executable, __file__, "stream", json.dumps(places)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
    return found


# -- the report ------------------------------------------------------------------------------------


def print_comparison(results: dict[str, Result], rounds: int, trips: float) -> None:
    """Print the readers beside the limit, and whether the aims are reached."""
    peer, best = results[OFFICIAL].speed, results[OURS].speed
    print(
        f"{FIELDS} fields, {LATENCY * 1000:g} ms a call, {RATE:g} calls a second allowed; "
        f"medians of {rounds} rounds.\n"
    )
    print("| reader | rows | seconds | rows/s | share of the limit | × lark-oapi |")
    print("|---|---:|---:|---:|---:|---:|")
    print(f"| what Lark allows | {ROWS:,} | {ROWS / LIMIT:.2f} | {LIMIT:,.0f} | 100% | "
          f"{LIMIT / peer:.2f} |")  # fmt: skip
    for name, result in results.items():
        speed, seconds = result.speed, statistics.median(result.seconds)
        print(f"| {name} | {result.rows:,} | {seconds:.2f} | {speed:,.0f} | "
              f"{speed / LIMIT:.0%} | {speed / peer:.2f} |")  # fmt: skip
    print(f"\nThe first batch is there after {trips:.1f} round trips, the fields among them.")
    print(f"{LEAST_SHARE:.0%} of the limit: {_verdict(best >= LEAST_SHARE * LIMIT)}.")
    print(f"{LEAST_RATIO:g} times the official SDK: {_verdict(best >= LEAST_RATIO * peer)}.")


def print_growth(found: list[dict[str, float]]) -> None:
    """Print time and memory by size, and whether the aims are reached."""
    print(f"\nWithout latency and limit, {COLUMNS} of {FIELDS} columns:\n")
    print("| rows | calls | seconds | rows/s | grows by (MB) |")
    print("|---:|---:|---:|---:|---:|")
    for item in found:
        rows, seconds = item["rows"], item["seconds"]
        print(f"| {rows:,} | {item['calls']:,} | {seconds:.1f} | {rows / seconds:,.0f} | "
              f"{item['grown']:.0f} |")  # fmt: skip
    *_, before, last = found
    a_row = (last["grown"] - before["grown"]) * 1e6 / (last["rows"] - before["rows"])
    print(f"\nEach row beyond {before['rows']:,} takes {a_row:.0f} bytes.")
    lean, slim = last["grown"] < MOST_MEGABYTES, a_row <= MOST_BYTES_A_ROW
    print(f"Less than {MOST_MEGABYTES} MB for {last['rows']:,} rows: {_verdict(lean)}.")
    print(f"At most {MOST_BYTES_A_ROW} bytes a row: {_verdict(slim)}.")


def _verdict(good: bool) -> str:
    return "reached" if good else "not reached in this run"


def main(rounds: int) -> None:
    """Print every table."""
    results = compare(rounds)
    print_comparison(results, rounds, first_batch())
    print_growth(growth())


if __name__ == "__main__":
    words = sys.argv[1:]
    roles: dict[str, Callable[..., None]] = {"serve": serve, "stream": stream}
    role = roles.get(words[0]) if words else None
    if role is not None:
        partial(role, *map(json.loads, words[1:]))()
    else:
        main(int(words[0]) if words else ROUNDS)
