"""Run every benchmark and write ``docs/benchmarks.md``; this is ``make bench``."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
DOCS = HERE.parent.parent / "docs"
PAGE = DOCS / "benchmarks.md"
ALSO_IN = {"bench_flows.py": DOCS / "choosing-a-flow.md"}
"""Pages that show the figures of a benchmark too, between their markers."""

SECTIONS = {
    "bench_decode.py": (
        "Decoding a page",
        """Page bytes to a typed record batch, one thread, beside the official SDK.
Contenders take turns on the same bytes, so that a busy moment hits all alike.
Aimed at: 80,000 rows/s, and 2.5 times the official SDK with a DataFrame.
The JSON reader of pyarrow takes most of the time, and sets the bound on a given machine.""",
    ),
    "bench_full_read.py": (
        "Reading a whole table",
        """Every row of a large table, beside the official SDK, a plain script and what Lark allows.
The readers take turns at the same emulator, which runs in another process.
Memory grows by the record ids that keep rows from coming twice, and by the pages read ahead.
Aimed at: 90% of Lark's limit, 4 times the official SDK, the first batch within two round trips,
less than 200 MB for 1,000,000 rows, and at most 100 bytes a row.""",
    ),
    "bench_peers.py": (
        "Beside the peers",
        """Tasks of everyday, beside the official SDK and a plain script of requests.
The peers do them as their users do: page by page, with a search that somebody wrote by hand, or
with all rows and pandas; what nobody can do without is the limit.
The readers take turns at the same emulator, which runs in another process.""",
    ),
    "bench_import.py": ("Import", "A fresh interpreter for every figure; aimed at: under 250 ms."),
    "bench_emulator_page.py": (
        "The emulator",
        "A page of 500 records of a 100,000-row table; aimed at: under 15 ms in the server.",
    ),
    "bench_sql.py": (
        "SQL",
        """Statements over one large table: what DuckDB needs of it is all that is asked of Lark.
Aimed at: one page for `LIMIT 10`, else the calls of one plain read of the rows that it needs.""",
    ),
    "bench_discovery.py": (
        "Discovery",
        "Listing databases, tables and fields at 200 ms a call and 20 calls a second.",
    ),
    "bench_explorer.py": (
        "The explorer",
        """What is seen first on a tenant of 200 tables, and pages of 50 rows.
Aimed at: at most two calls for the first paint, and one for a page.""",
    ),
    "bench_snapshot.py": (
        "Snapshots",
        """Opening stored rows again, and what the next snapshot of a table costs in calls.
Deleted rows leave no trace that Lark could filter by: once the counts differ, all ids are read.
Aimed at: under one second for 1,000,000 rows, and under 15 % of the calls of a full one.""",
    ),
    "bench_protocol.py": (
        "The Athena wire format",
        "A page of 500 rows and 32 columns to blocks, inline and encrypted for the spill bucket.",
    ),
    "bench_package.py": (
        "The Lambda packages",
        """Sizes, and the time from the start of a process to its first answer.
What Lambda does before it starts the process is not in it.
Aimed at: less than 50 MB zipped and 130 MB unpacked, and less than 400 ms to the first Ping.""",
    ),
    "bench_connector.py": (
        "The Athena connector",
        """A large table through the handler: pages read, decoded, encrypted and spilled.
The connector has one core, as a Lambda function of one virtual processor; its processor time tells.
The emulator's answers are remembered, so that making them does not slow that core down.
The last column tells how fast the machine was: a page of 32 columns parsed by orjson alone.
Where that moves, the best process tells most about the connector.
Aimed at: 30,000 rows/s per core, less than 350 MB, and GetTable from memory under 5 ms.""",
    ),
    "bench_crawl.py": (
        "Crawling",
        "A crawl over a Glue catalogue that is already up to date.",
    ),
    "bench_flows.py": (
        "The discovery flows",
        "Calls, time and memory of each flow at 200 ms a call.",
    ),
}


def machine() -> str:
    """Return what the figures were measured on."""
    cpus = os.cpu_count()
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")),
        platform.processor(),
    )  # fmt: skip
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{cpus} cores ({model}), {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


def write_into(page: Path, figures: str) -> None:
    """Write figures between the markers of a page."""
    block = re.compile(r"(<!-- measured -->\n).*?(<!-- end measured -->)", re.DOTALL)
    text = block.sub(lambda found: f"{found[1]}\n{figures}\n\n{found[2]}", page.read_text("utf-8"))
    page.write_text(text, encoding="utf-8")


def main() -> int:
    """Run the benchmarks that were asked for by name, or all, and write the page."""
    wanted = set(sys.argv[1:])
    today = dt.datetime.now(dt.UTC).date().isoformat()
    parts = [
        "# Benchmarks\n",
        "Written by `make bench`.\nCompare ratios rather than single figures: machines differ.\n",
        f"Measured on {today}: {machine()}.\n",
    ]
    failed = []
    for script, (title, what) in SECTIONS.items():
        if not (HERE / script).exists() or (wanted and script not in wanted):
            continue
        print(f"{title} …", file=sys.stderr, flush=True)
        result = subprocess.run(
            [sys.executable, str(HERE / script)], capture_output=True, text=True, check=False
        )
        if result.returncode:
            failed.append(script)
            print(result.stderr, file=sys.stderr)
        elif script in ALSO_IN:
            where = f"Measured on {today}: {machine()}."
            write_into(ALSO_IN[script], f"{where}\n{result.stdout.strip()}")
        print(result.stdout, flush=True)
        command = f"python tests/benchmarks/{script}"
        parts.append(f"## {title}\n\n{what}\n\n`{command}`\n\n{result.stdout.strip()}\n")
    if not wanted and not failed:
        PAGE.write_text("\n".join(parts), encoding="utf-8")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
