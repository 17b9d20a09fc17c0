"""Memory and speed of streaming 1,000,000 rows through ``to_reader()``.

Run it as a script: ``python tests/benchmarks/bench_streaming.py [rows]``. The emulator runs in a
process of its own, so that its memory is not counted; the rate limit is lifted on loopback.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import larkbase_sdk
from larkbase_sdk import Options

ROWS = 1_000_000
COLUMNS = 4


def resident() -> float:
    """Return the memory of this process in MB (10^6 bytes)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def start_emulator(rows: int) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """Start ``larkbase emulator`` on a free port and return it with the settings it prints."""
    command = [sys.executable, "-m", "larkbase_sdk.cli", "emulator", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--tenant", "empty", "--rows", str(rows)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    settings: dict[str, str] = {}
    while len(settings) < 3:
        line = process.stdout.readline()  # type: ignore[union-attr]
        settings.update(re.findall(r"(LARK_\w+)=(\S+)", line))
    return process, settings


def main() -> None:
    """Print how the process grows while the rows go by."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    emulator, settings = start_emulator(rows)
    try:
        lark = larkbase_sdk.connect(
            app_id=settings["LARK_APP_ID"], app_secret=settings["LARK_APP_SECRET"],
            domain=settings["LARK_DOMAIN"], options=Options(rate=100_000, progress=False),
        )  # fmt: skip
        table = lark.table("Large.Events")
        columns = [column.lark_name for column in table.schema.columns[:COLUMNS]]
        reader = table.to_reader(columns=columns)
        read = len(reader.read_next_batch())
        start, highest, began = resident(), 0.0, time.perf_counter()
        for batch in reader:
            read += len(batch)
            highest = max(highest, resident())
        seconds = time.perf_counter() - began
    finally:
        emulator.terminate()
        emulator.wait()
    calls = lark.stats.by_endpoint["search"]
    print(f"{COLUMNS} of {len(table.schema.columns)} columns, {calls} calls\n")
    print("| rows | grows by (MB) | bytes a row | seconds | rows/s |")
    print("|---:|---:|---:|---:|---:|")
    grown = highest - start
    per_row, speed = grown * 1e6 / read, read / seconds
    print(f"| {read:,} | {grown:.0f} | {per_row:.0f} | {seconds:.0f} | {speed:,.0f} |")


if __name__ == "__main__":
    main()
