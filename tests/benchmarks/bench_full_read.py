"""Time full reads against what Lark allows and against the peers, and print Markdown tables.

The Lark emulator runs in a process of its own, with the latency and the rate limit of the
service. The readers take turns; the peers, which read page after page at an even speed, read
fewer rows so that the whole ends in a few minutes. Growth is measured without latency and limit,
each size in a fresh process, and drawn into ``docs/images/growth.svg``.

Run: python tests/benchmarks/bench_full_read.py [rounds]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from growth_chart import draw
from peers import Official, Plain
from served import LATENCY, PAGE, RATE, Places, connect, serve, served

ROWS, PEER_ROWS = 100_000, 10_000
FIELDS = 10
ROUNDS = 3
LIMIT = RATE * PAGE
"""Rows per second that Lark's quota allows."""

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
PICTURE = Path(__file__).parents[2] / "docs" / "images" / "growth.svg"
SLOPE = (100_000, 1_000_000)
"""Sizes between which the memory of a row is told."""

COLUMNS = 4
LEAST_SHARE, LEAST_RATIO = 0.9, 4.0
MOST_MEGABYTES, MOST_BYTES_A_ROW = 200, 100
OURS, OFFICIAL = "larkbase, to a DataFrame", "lark-oapi, page by page, to a DataFrame"
PLAIN = "requests, page by page, and json_normalize"

# -- the emulator and the readers ------------------------------------------------------------------


def serve_tables(switches: dict[str, Any], tables: dict[str, int]) -> None:
    """Run an emulator with computed tables until standard input ends."""
    from larkbase_sdk.emulator.emulator import LarkEmulator
    from larkbase_sdk.emulator.large import add_generated_table

    with LarkEmulator(**switches) as emulator:
        base = emulator.database("Large")
        ids = {
            name: add_generated_table(base, name, rows, FIELDS).table_id
            for name, rows in tables.items()
        }
        serve(emulator, {"base": base.app_token, **ids})


def ours(places: Places, table: str) -> Callable[[], int]:
    """Return the reading with this library; its client knows the fields."""
    found = connect(places).database(places["base"]).table(places[table])
    _ = found.schema
    return lambda: len(found.to_pandas())


def theirs(peer: Any, places: Places, table: str) -> Callable[[], int]:
    """Return the reading with a peer: a loop over its pages, then a DataFrame."""
    return lambda: len(peer.frame(peer.rows(places["base"], places[table])))


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
    with served(__file__, switches, {"Events": ROWS, "Few": PEER_ROWS}) as emulator:
        places = emulator.places
        readers = {
            OURS: (ROWS, ours(places, "Events")),
            OFFICIAL: (PEER_ROWS, theirs(Official(places), places, "Few")),
            PLAIN: (PEER_ROWS, theirs(Plain(places), places, "Few")),
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
    switches = {"latency": LATENCY, "rate": RATE}
    with served(__file__, switches, {"Events": ROWS}) as emulator:
        places = emulator.places
        table = connect(places).database(places["base"]).table(places["Events"])
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
    lark = connect(places, rate=1e5)
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
        with served(__file__, {}, {"Events": rows}) as emulator:
            command = [sys.executable, __file__, "stream", json.dumps(emulator.places)]
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
    before, last = (next(item for item in found if item["rows"] == rows) for rows in SLOPE)
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
    found = growth()
    print_growth(found)
    PICTURE.write_text(draw(found), encoding="utf-8")
    print(f"\n![Seconds and memory by rows](images/{PICTURE.name})")


if __name__ == "__main__":
    words = sys.argv[1:]
    roles: dict[str, Callable[..., None]] = {"serve": serve_tables, "stream": stream}
    role = roles.get(words[0]) if words else None
    if role is not None:
        partial(role, *map(json.loads, words[1:]))()
    else:
        main(int(words[0]) if words else ROUNDS)
