"""Time the discovery of 200 tables in 5 bases at 200 ms a call, and print a Markdown table.

The Lark emulator runs in a process of its own, with the latency and the rate limit of the service.

Run: python tests/benchmarks/bench_discovery.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import larkbase_sdk as larkbase
import larkbase_sdk.read.reader  # loaded here, so that the first reading of rows is not charged
from larkbase_sdk.options import Options

BASES, TABLES = 5, 40
LATENCY = 0.2
RATE = 20.0
"""Calls per second that Lark allows for one endpoint."""

WARM_LOOKUPS = 1000
MOST_ROUND_TRIPS = 3
LEAST_SHARE = 0.9


@dataclass(slots=True)
class Starts:
    """When the calls of each endpoint began, by the client's own hook."""

    moments: dict[str, list[float]] = field(default_factory=dict)

    def hook(self, call: dict[str, Any]) -> None:
        began = time.perf_counter() - call["ms"] / 1000
        self.moments.setdefault(call["endpoint"], []).append(began)

    def rate(self, endpoint: str) -> float:
        """Return the calls per second from the first to the last one."""
        moments = sorted(self.moments[endpoint])
        return (len(moments) - 1) / (moments[-1] - moments[0])


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result."""

    what: str
    seconds: float
    calls: int
    figure: str
    wanted: str
    good: bool

    def __str__(self) -> str:
        verdict = "yes" if self.good else "NO"
        return (
            f"| {self.what} | {self.seconds:.2f} | {self.calls} | {self.figure} | "
            f"{self.wanted} | {verdict} |"
        )


def serve() -> None:
    """Run the emulator until standard input ends; print where everything is."""
    from larkbase_sdk.emulator.emulator import LarkEmulator

    with LarkEmulator() as emulator:
        folder = emulator.drive.folder("bench")
        for number in range(BASES):
            base = emulator.database(f"Base {number}")
            folder.add(base)
            for table in range(TABLES):
                base.table(f"Table {table}", fields=[("Name", "Text"), ("Amount", "Number")])
        listing = emulator.database("Metadata").table(
            "bases",
            fields=[("id", "Text"), ("name", "Text")],
            rows=[{"id": base.app_token, "name": base.name} for base in emulator.bases[:BASES]],
        )
        emulator.switches.latency = LATENCY
        emulator.switches.rate = RATE
        places = {
            "domain": emulator.url,
            "app_id": emulator.app_id,
            "app_secret": emulator.app_secret,
            "folder": folder.token,
            "catalog": listing.url,
            "links": [base.url for base in emulator.bases[:BASES]],
        }
        print(json.dumps(places), flush=True)
        sys.stdin.read()


@contextmanager
def emulator() -> Iterator[dict[str, Any]]:
    """Start the emulator in another process, and end it afterwards."""
    command = [sys.executable, __file__, "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())


def connect(places: dict[str, Any], starts: Starts | None = None, **sources: Any) -> larkbase.Lark:
    """Return a client that has its token."""
    options = Options(rate=RATE, on_call=starts.hook if starts else None)
    names = ("domain", "app_id", "app_secret")
    return larkbase.connect("", options=options, **{n: places[n] for n in names}, **sources)


def timed(lark: larkbase.Lark, work: Callable[[], Any]) -> tuple[Any, float, int]:
    """Return the result of some work, its seconds and its calls."""
    calls, began = lark.stats.calls, time.perf_counter()
    result = work()
    return result, time.perf_counter() - began, lark.stats.calls - calls


def database_lists(places: dict[str, Any]) -> Iterator[Row]:
    """Yield the time of the list of databases for each kind of source."""
    for what, sources in {
        "list of databases: a folder": {"folders": places["folder"]},
        "list of databases: a metadata table": {"catalog": places["catalog"]},
        "list of databases: five links, refreshed": {},
    }.items():
        with connect(places, **sources) as lark:
            for link in () if sources else places["links"]:
                lark.add(link)
            lark.refresh()
            found, seconds, calls = timed(lark, lambda: list(lark.databases))
            assert len(found) >= BASES
            trips = seconds / LATENCY
            good = trips <= MOST_ROUND_TRIPS + 0.5  # what is left is our own time
            wanted = f"≤ {MOST_ROUND_TRIPS} round trips"
            yield Row(what, seconds, calls, f"{trips:.1f} round trips", wanted, good)


def field_lists(places: dict[str, Any]) -> Iterator[Row]:
    """Yield the rate of all field lists, and the cost of a lookup after them."""
    starts = Starts()
    with connect(places, starts, folders=places["folder"]) as lark:
        lark.databases.rows()
        found, seconds, calls = timed(lark, lark.catalog.all_tables)
        tables = [table for _, listed in found for table in listed]
        assert len(tables) >= BASES * TABLES
        rate = starts.rate("fields")
        share = rate / RATE
        figure = f"{rate:.1f} calls/s, {share:.0%} of the allowed rate"
        wanted = f"≥ {LEAST_SHARE:.0%}"
        yield Row(
            f"fields of {len(tables)} tables", seconds, calls, figure, wanted, share >= LEAST_SHARE
        )

        def warm() -> None:
            for number in range(WARM_LOOKUPS):
                name = tables[number % len(tables)]
                table = lark.catalog.table(name.database, name.sql_name)
                lark.catalog.schema(table)

        _, seconds, calls = timed(lark, warm)
        figure = f"{seconds / WARM_LOOKUPS * 1e6:.0f} µs each"
        yield Row(f"{WARM_LOOKUPS} warm lookups", seconds, calls, figure, "no call", calls == 0)


def main() -> int:
    """Print the table; return 1 when a figure is not what it should be."""
    with emulator() as places:
        rows = [*database_lists(places), *field_lists(places)]
    print(
        f"{BASES} bases with {TABLES} tables each, {LATENCY * 1000:.0f} ms a call, "
        f"{RATE:.0f} calls/s allowed, one process\n"
    )
    print("| what | seconds | calls | result | wanted | met |")
    print("|---|--:|--:|---|---|---|")
    print(*rows, sep="\n")
    return 0 if all(row.good for row in rows) else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        sys.exit(main())
