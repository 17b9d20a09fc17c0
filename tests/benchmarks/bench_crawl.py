"""Crawl a catalogue of 200 tables that did not change, and print what it cost as a Markdown table.

The calls are counted where they arrive: at the Lark emulator and at the AWS emulator.

Run: python tests/benchmarks/bench_crawl.py [tables]
"""

from __future__ import annotations

import math
import platform
import sys
import time
from typing import TYPE_CHECKING, Any

from larkbase_sdk.options import Options
from larkbase_sdk.testing import LarkEmulator
from larkbase_server.crawler.crawl import crawl
from larkbase_server.crawler.glue_calls import GlueCalls
from larkbase_server.crawler.request import CrawlRequest
from larkbase_server.crawler.source import CrawlSource
from larkbase_server.local.aws_emulator import AwsEmulator

if TYPE_CHECKING:
    from larkbase_server.crawler.result import CrawlResult

BASES = 5
TABLES = 200
LATENCY = 0.2
PAGE = 100
FIELDS = ["Name", ("Amount", "Number"), ("Due", "DateTime"), ("Owner", "User"), ("Tags", "Url")]


def fill(lark: LarkEmulator, tables: int) -> CrawlSource:
    """Make the bases and the metadata table that names them."""
    rows = []
    for number in range(BASES):
        base = lark.database(f"Base {number}")
        for table in range(number, tables, BASES):
            base.table(f"Table {table}", fields=FIELDS)
        rows.append({"id": base.app_token, "name": base.name})
    source = lark.database("Metadata").table("databases", fields=["id", "name"], rows=rows)
    return CrawlSource.of_table(source.base.app_token, source.table_id)


def measure(lark: LarkEmulator, aws: AwsEmulator, run: Any) -> tuple[CrawlResult, dict[str, Any]]:
    """Run a crawl and return its result and what it cost."""
    lark.calls.clear()
    aws.calls.clear()
    began = time.perf_counter()
    result: CrawlResult = run()
    seconds = time.perf_counter() - began
    writes = len(aws.calls.writes("glue"))
    cost = {
        "seconds": f"{seconds:.1f}",
        "calls to Lark": len(lark.calls.list),
        "Glue reads": aws.calls.count("glue") - writes,
        "Glue writes": writes,
    }
    return result, cost


def report(costs: dict[str, dict[str, Any]]) -> str:
    """Return the measurements as a Markdown table."""
    names = list(next(iter(costs.values())))
    lines = [f"| crawl | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    for title, cost in costs.items():
        lines.append(f"| {title} | {' | '.join(str(cost[name]) for name in names)} |")
    return "\n".join(lines)


def main() -> int:
    """Measure, print, and fail when an unchanged catalogue is written or read twice."""
    tables = int(sys.argv[1]) if len(sys.argv) > 1 else TABLES
    with LarkEmulator() as lark, AwsEmulator() as aws, lark.connect() as client:
        source = fill(lark, tables)
        lark.switches.latency = LATENCY
        glue = GlueCalls(aws.client("glue"))
        options = Options(name_style="ascii", progress=False)

        def run(*, dry_run: bool = False) -> CrawlResult:
            return crawl(client.api, glue, CrawlRequest(source, dry_run), options)

        costs = {}
        _, costs["first, everything is created"] = measure(lark, aws, run)
        result, unchanged = measure(lark, aws, run)
        costs["second, nothing changed"] = unchanged
        _, costs["dry run"] = measure(lark, aws, lambda: run(dry_run=True))
    print(f"{tables} tables of {BASES} bases, {LATENCY * 1000:.0f} ms a call to Lark, at most "
          f"{options.rate:g} calls a second; Python {platform.python_version()}\n")  # fmt: skip
    print(report(costs))
    pages = 1 + BASES * math.ceil(tables / BASES / PAGE)
    right = result.tables["kept"] == tables and not result.changes
    return 0 if right and unchanged["Glue writes"] == 0 and unchanged["Glue reads"] <= pages else 1


if __name__ == "__main__":
    sys.exit(main())
