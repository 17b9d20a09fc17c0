"""Calls, rows and time of SQL statements over a large table at 200 ms a call, as Markdown.

The aims are calls, so that they hold on any machine: a statement asks for no page that its answer
does not need.

Run: python tests/benchmarks/bench_sql.py [rows]
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from larkbase_sdk import Lark, Options
from larkbase_sdk.testing import LarkEmulator

ROWS = 20_000
LATENCY = 0.2
EVERY = "TRUE"
RARE = "status = 'Open' AND amount > 9500"


@dataclass(frozen=True, slots=True)
class Case:
    """A statement, and the condition whose rows it needs; None when a page is enough."""

    what: str
    sql: str
    needs: str | None = None


CASES = (
    Case("`LIMIT 10`", "SELECT * FROM large.events LIMIT 10"),
    Case("`count(*)`", "SELECT count(*) FROM large.events"),
    Case("`ORDER BY … LIMIT 5`", "SELECT amount FROM large.events ORDER BY amount DESC LIMIT 5"),
    Case("selective filter", f"SELECT sum(amount) FROM large.events WHERE {RARE}", RARE),
    Case(
        "the same inside a join",
        f"SELECT count(*) FROM (FROM large.events WHERE {RARE}) JOIN (VALUES ('North')) v(region) "
        "USING (region)",
        RARE,
    ),
    Case(
        "self-join",
        "SELECT count(*) FROM large.events a JOIN large.events b USING (record_id)",
        EVERY,
    ),
    Case(
        "self-join of a selection",
        f"WITH q AS (FROM large.events WHERE {RARE}) SELECT count(*) FROM q a JOIN q b USING (no)",
        RARE,
    ),
)


def wanted(emulator: LarkEmulator, lark: Lark, case: Case) -> int:
    """Return the calls that a case may take: those of a plain read of the rows that it needs."""
    if case.needs is None:
        return 1
    emulator.calls.clear()
    where = None if case.needs == EVERY else case.needs
    lark.table("Large.Events").to_arrow(columns=["No"], where=where)
    return emulator.calls.count("search")


def main() -> int:
    """Print a line a statement, and tell whether every aim is reached."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    missed = 0
    print(f"{rows:,} rows, {LATENCY * 1000:.0f} ms a call\n")
    print("| statement | calls | aimed at | rows read | rows returned | seconds |")
    print("|---|---:|---:|---:|---:|---:|")
    with LarkEmulator(rows=rows) as emulator, emulator.connect(options=Options()) as lark:
        lark.sql("SELECT count(*) FROM large.events")
        aims = {case.what: wanted(emulator, lark, case) for case in CASES}
        emulator.switches.latency = LATENCY
        for case in CASES:
            emulator.calls.clear()
            stats = lark.sql(case.sql).stats
            calls, aim = emulator.calls.count("search"), aims[case.what]
            missed += calls > aim
            print(
                f"| {case.what} | {calls}{'' if calls <= aim else ' (missed)'} | {aim} "
                f"| {stats.rows_read:,} | {stats.rows_returned:,} | {stats.seconds:.1f} |"
            )
    return missed


if __name__ == "__main__":
    sys.exit(main())
