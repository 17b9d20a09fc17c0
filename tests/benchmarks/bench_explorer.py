"""Count the calls of an explorer on a tenant of 200 tables at 200 ms a call; print Markdown.

The Lark emulator runs in a process of its own, with the latency of the service.

Run: python tests/benchmarks/bench_explorer.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import larkbase_sdk as larkbase
from larkbase_sdk import Explorer

sys.path.insert(0, str(Path(__file__).parent))
from served import LATENCY, Places, connect, serve, served

BASES, TABLES = 5, 40
ROWS = 1000
MOST_CALLS = 2
"""Calls that the first paint may cost."""


def serve_tenant() -> None:
    """Run the emulator until standard input ends."""
    from larkbase_sdk.emulator.emulator import LarkEmulator

    fields = [("Name", "Text"), ("Amount", "Number")]
    with LarkEmulator() as emulator:
        folder = emulator.drive.folder("bench")
        for number in range(BASES):
            base = emulator.database(f"Base {number}")
            folder.add(base)
            for table in range(TABLES):
                base.table(f"Table {table}", fields=fields)
        base.find_table("Table 0").insert({"Amount": float(i)} for i in range(ROWS))
        single = emulator.database("All in one base")
        for table in range(BASES * TABLES):
            single.table(f"Table {table}", fields=fields)
        emulator.switches.latency = LATENCY
        places = {
            "folder": folder.token,
            "single": single.url,
            "rows": base.find_table("Table 0").url,
        }
        serve(emulator, places)


def painted(explorer: Explorer) -> Explorer:
    """Build everything that a notebook would display."""
    explorer._repr_mimebundle_()
    return explorer


def measured(lark: larkbase.Lark, work: Callable[[], Any]) -> tuple[float, int]:
    """Return the seconds and the calls of some work."""
    calls, began = lark.stats.calls, time.perf_counter()
    work()
    return time.perf_counter() - began, lark.stats.calls - calls


def steps(lark: larkbase.Lark, places: Places) -> Iterator[tuple[str, float, int, int]]:
    """Yield what was done, its seconds, its calls and the calls that it may take."""
    first = measured(lark, lambda: painted(lark.explore()))
    yield f"first paint, {BASES} bases of a folder", *first, MOST_CALLS
    base = lark.database(places["single"])
    yield "first paint, one base", *measured(lark, lambda: painted(base.explore())), MOST_CALLS
    explorer = painted(lark.table(places["rows"]).explore())
    for number in range(3):
        page = measured(lark, lambda number=number: explorer.model.show_page(number))
        yield f"page {number + 1} of a preview", *page, 1
    yield "page 1 again", *measured(lark, lambda: explorer.model.show_page(0)), 0


def main() -> int:
    """Print the table; return 1 when something cost more calls than it may."""
    painted(larkbase.demo().explore())  # so that loading the libraries is not charged
    with served(__file__) as emulator:
        places = emulator.places
        with connect(places, folders=places["folder"]) as lark:
            rows = list(steps(lark, places))
    print(f"{BASES * TABLES} tables, {LATENCY * 1000:.0f} ms a call, one process\n")
    print("| what | seconds | calls | wanted | met |")
    print("|---|--:|--:|--:|---|")
    for what, seconds, calls, most in rows:
        met = "yes" if calls <= most else "NO"
        print(f"| {what} | {seconds:.2f} | {calls} | ≤ {most} | {met} |")
    return 0 if all(calls <= most for _, _, calls, most in rows) else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve_tenant()
    else:
        sys.exit(main())
