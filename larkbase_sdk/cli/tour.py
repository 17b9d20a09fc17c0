"""The tour of ``larkbase demo``: Python lines that are shown and then run, one by one."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from larkbase_sdk.cli.console import show
from larkbase_sdk.cli.tour_aws import take_aws_tour

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WIDEST = 120

_CONNECT = """
# An emulator of Lark's API in this process, with sample bases: no account is needed.
import larkbase_sdk as larkbase
lark = larkbase.demo()
lark.databases
"""
_LOOK = """
# Look around. Types come from the table's fields, never from guessing.
lark.databases["CRM"].tables
orders = lark.table("CRM.Orders")
orders.schema
"""
_READ = """
# Read a table into pandas.
orders.to_pandas(columns=["OrderNo", "Status", "Amount", "OrderDate"])
"""
_FILTER = """
# Read with a condition. Lark filters what it can, and every row is checked again here.
where = "status = 'Open' AND amount > 4500 AND net > 4600"
scan = orders.scan(columns=["OrderNo", "Amount", "Net", "Customer name"], where=where)
scan.explain()
scan.to_pandas()
"""
_SQL = """
# SQL over every table, and over your own frames: Lark filters what it can, DuckDB does the rest.
import pandas as pd
goals = pd.DataFrame({"status": ["Open", "Paid"], "goal": [250_000, 200_000]})
query = "SELECT status, round(sum(amount)) AS total, goal FROM crm.orders JOIN goals USING (status)"
result = lark.sql(query + " WHERE amount > ? GROUP BY ALL ORDER BY status", [4000])
result
result.explain()
"""
_WRITE = """
# Write a Parquet file, page by page.
scan.to_parquet({target!r})
lark.stats.calls
"""
_END = """
lark.close()
"""


def take_tour(folder: Path) -> Path:
    """Show what larkbase does on sample data, write a Parquet file and return its path.

    Starts emulators in this process, and stops them at the end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "orders.parquet"
    names: dict[str, Any] = {}
    try:
        with _narrow_frames():
            for step in (_CONNECT, _LOOK, _READ, _FILTER, _SQL, _WRITE.format(target=str(target))):
                show(step, names)
            take_aws_tour(names)
            show(_END, names)
    finally:
        if "lark" in names:
            names["lark"].close()
    return target


@contextmanager
def _narrow_frames() -> Iterator[None]:
    """Let pandas print frames that fit the window."""
    import pandas as pd

    width = min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)
    with pd.option_context("display.width", width, "display.max_rows", 8):
        yield
