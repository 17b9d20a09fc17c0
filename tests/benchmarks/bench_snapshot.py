"""Snapshots: reopening 1,000,000 rows and counting a group, and the calls of a refresh.

Run it as a script: ``python tests/benchmarks/bench_snapshot.py [rows] [rows to refresh]``. The
emulator runs in this process without a rate limit: calls are counted, not timed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import larkbase_sdk as larkbase
from larkbase_sdk import Options
from larkbase_sdk.emulator.large import add_generated_table
from larkbase_sdk.testing import LarkEmulator

ROWS = 1_000_000
REFRESHED = 100_000
CHANGED = 0.01
FIELDS = 4
DAY = 86_400.0
QUESTION = "SELECT status, count(*) AS n FROM big.events GROUP BY 1"
COLD = (
    "import sys, time; began = time.perf_counter(); import larkbase_sdk as larkbase; "
    "larkbase.open_snapshot(sys.argv[1]).sql(sys.argv[2]); print(time.perf_counter() - began)"
)


def reopen(rows: int, folder: Path) -> None:
    """Print how long it takes to open a large snapshot and count a group."""
    with LarkEmulator() as emulator:
        add_generated_table(emulator.database("Big"), "Events", rows, fields=FIELDS)
        with emulator.connect(options=Options(rate=100_000, progress=False)) as lark:
            stored = lark.databases["Big"].snapshot(folder)
    size = stored.tables["Events"].entry.bytes / 1e6
    times = []
    for _ in range(7):
        began = time.perf_counter()
        larkbase.open_snapshot(folder).sql(QUESTION)
        times.append(time.perf_counter() - began)
    command = [sys.executable, "-c", COLD, str(folder), QUESTION]
    colds = [
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    ]
    aim = "yes" if median(times) < 1 else "no"
    print("| rows | file (MB) | open and count (s) | in a fresh interpreter (s) | under 1 s |")
    print("|---:|---:|---:|---:|:---|")
    print(f"| {rows:,} | {size:.0f} | {median(times):.2f} | {median(colds):.2f} | {aim} |\n")


def refresh(rows: int, folder: Path) -> None:
    """Print the calls of a refresh after 1 % of the rows changed, beside those of a full read."""
    with LarkEmulator() as emulator:
        emulator.advance(-30 * DAY)
        table = emulator.database("CRM").table(
            "Log",
            fields=["Name", ("Amount", "Number"), ("Changed", "ModifiedTime")],
            rows=({"Name": f"row {n}", "Amount": n} for n in range(rows)),
        )
        emulator.advance(30 * DAY)
        with emulator.connect(options=Options(rate=100_000, progress=False)) as lark:
            database = lark.databases["CRM"]
            full = _calls(emulator, lambda: database.snapshot(folder))
            step = round(1 / CHANGED)
            for record_id in table.rows.ids(range(0, rows, step)):
                table.update(record_id, {"Amount": -1})
            part = _calls(emulator, lambda: database.snapshot(folder))
            table.delete(table.rows.ids(range(1, rows, step)))
            gone = _calls(emulator, lambda: database.snapshot(folder))
            how = larkbase.open_snapshot(folder).tables["Log"].entry.how
    aim = "yes" if part < 0.15 * full else "no"
    print("| rows | snapshot | calls | share of a full one | under 15 % |")
    print("|---:|:---|---:|---:|:---|")
    print(f"| {rows:,} | full | {full:,} | 100 % | |")
    print(f"| | 1 % changed, none deleted | {part:,} | {part / full:.1%} | {aim} |")
    print(f"| | and 1 % deleted ({how}) | {gone:,} | {gone / full:.1%} | |")


def _calls(emulator: LarkEmulator, act: object) -> int:
    before = emulator.calls.count()
    act()  # type: ignore[operator]  # a function without arguments
    return emulator.calls.count() - before


def main() -> None:
    """Print both tables."""
    given = [int(text) for text in sys.argv[1:]]
    rows, refreshed = (given + [ROWS, REFRESHED][len(given) :])[:2]
    with tempfile.TemporaryDirectory() as folder:
        reopen(rows, Path(folder) / "big")
        refresh(refreshed, Path(folder) / "log")


if __name__ == "__main__":
    main()
