"""A base that is at rest since yesterday, and what tests ask of the emulator about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import larkbase_sdk as larkbase
from larkbase_sdk.sinks import files
from larkbase_sdk.snapshot import parquet
from larkbase_sdk.testing import LarkEmulator

DAY = 86_400.0


@pytest.fixture(scope="session", autouse=True)
def small_batches() -> Iterator[None]:
    """Lets tables of a few hundred rows span several batches and row groups."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "_ROWS_AT_ONCE", 100)
        patch.setattr(files, "_ROWS_IN_GROUP", 300)
        yield


@pytest.fixture
def crm(lark_emulator: LarkEmulator) -> Any:
    """The base CRM: Orders (1,100 rows), Customers, and Totals with a formula; a month old."""
    lark_emulator.advance(-30 * DAY)
    base = lark_emulator.database("CRM")
    base.table("Customers", {"Name": ["Ann", "Budi", "Chen"]})
    base.table(
        "Orders",
        fields=[
            "OrderNo",
            ("Amount", "Number"),
            ("Status", "SingleSelect", {"options": ["Open", "Paid"]}),
            ("Tags", "MultiSelect"),
            ("Customer", "SingleLink", {"table": "Customers"}),
        ],
        rows=[
            {"OrderNo": f"A-{n}", "Amount": n / 4, "Status": ["Open", "Paid", None][n % 3]}
            for n in range(1100)
        ],
    )
    base.table(
        "Totals",
        fields=["Name", ("Sum", "Formula", {"result": "Number", "declared": True})],
        rows=[{"Name": "all", "Sum": 7}],
    )
    lark_emulator.advance(30 * DAY)
    return base


@pytest.fixture
def db(lark: larkbase.Lark, crm: Any) -> larkbase.Database:
    """The base CRM as a client sees it."""
    return lark.databases["CRM"]


@pytest.fixture
def searches(lark_emulator: LarkEmulator) -> Callable[[], Counter[str]]:
    """Tells how many searches of each table came since the last question."""
    seen = 0

    def since() -> Counter[str]:
        nonlocal seen
        calls = lark_emulator.calls.named("search")
        new, seen = calls[seen:], len(calls)
        names = {t.table_id: t.name for base in lark_emulator.bases for t in base.tables}
        return Counter(names[call.path.split("/")[-3]] for call in new)

    return since
