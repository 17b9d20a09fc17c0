"""Time the discovery of 200 tables in 5 bases at 200 ms a call, and print a Markdown table.

The Lark emulator runs in a process of its own, with the latency and the rate limit of the service.

Run: python tests/benchmarks/bench_discovery.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import larkbase_sdk as larkbase
import larkbase_sdk.read.reader  # loaded here, so that the first reading of rows is not charged

sys.path.insert(0, str(Path(__file__).parent))
from served import LATENCY, RATE, Places, connect, serve, served

BASES, TABLES = 5, 40
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


def serve_tenant() -> None:
    """Run the emulator until standard input ends."""
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
            "folder": folder.token,
            "catalog": listing.url,
            "links": [base.url for base in emulator.bases[:BASES]],
        }
        serve(emulator, places)


def timed(lark: larkbase.Lark, work: Callable[[], Any]) -> tuple[Any, float, int]:
    """Return the result of some work, its seconds and its calls."""
    calls, began = lark.stats.calls, time.perf_counter()
    result = work()
    return result, time.perf_counter() - began, lark.stats.calls - calls


def database_lists(places: Places) -> Iterator[Row]:
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


def field_lists(places: Places) -> Iterator[Row]:
    """Yield the rate of all field lists, and the cost of a lookup after them."""
    starts = Starts()
    with connect(places, on_call=starts.hook, folders=places["folder"]) as lark:
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
    with served(__file__) as emulator:
        rows = [*database_lists(emulator.places), *field_lists(emulator.places)]
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
        serve_tenant()
    else:
        sys.exit(main())
