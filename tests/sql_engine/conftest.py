"""A base with orders and customers, and how to see what was asked of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from larkbase_sdk import Lark, Result
from larkbase_sdk.emulator.base import EmulatedBase
from larkbase_sdk.emulator.calls import Call
from larkbase_sdk.testing import LarkEmulator

ROWS = 1203
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def order(n: int, customers: list[str]) -> dict[str, Any]:
    """Return row n: every third amount is empty, every fourth customer too."""
    return {
        "Order No": f"A-{n:04}",
        "Amount": None if n % 3 == 2 else n / 8,
        "Status": ["Open", "Paid", "Shipped"][n % 3],
        "Ordered": START + dt.timedelta(hours=n),
        "Gift": n % 5 == 0,
        "Customer": None if n % 4 == 3 else [customers[n % len(customers)]],
        "Tags": [["gift", "urgent"], ["gift"], None][n % 3],
    }


@pytest.fixture(scope="session")
def filled() -> Iterator[LarkEmulator]:
    """A running emulator with the base CRM: 1,203 orders of 12 customers."""
    with LarkEmulator() as emulator:
        base = emulator.database("CRM")
        customers = base.table(
            "Customers",
            fields=["Name", ("Region", "SingleSelect", {"options": ["Java", "Bali"]})],
            rows=[{"Name": f"C{n}", "Region": ["Java", "Bali"][n % 2]} for n in range(12)],
        )
        ids = [record["record_id"] for record in customers.records]
        orders = base.table(
            "Orders", fields=fields(customers), rows=[order(n, ids) for n in range(ROWS)]
        )
        orders.view("Open ones", conditions=[("Status", "is", ["Open"])])
        yield emulator


def fields(customers: Any) -> list[Any]:
    """Return the fields of orders."""
    return [
        "Order No",
        ("Amount", "Number", {"formatter": "0.000"}),
        ("Status", "SingleSelect", {"options": ["Open", "Paid", "Shipped"]}),
        ("Ordered", "DateTime"),
        ("Gift", "Checkbox"),
        ("Customer", "SingleLink", {"table": customers}),
        ("Tags", "MultiSelect", {"options": ["gift", "urgent"]}),
    ]


@pytest.fixture
def lark_emulator(filled: LarkEmulator) -> Iterator[LarkEmulator]:
    """The same emulator in every test, which makes no change to the base CRM but in switches."""
    filled.switches.reset()
    filled.recover()
    filled.calls.clear()
    yield filled
    filled.switches.reset()
    filled.recover()


@pytest.fixture
def crm(lark_emulator: LarkEmulator) -> EmulatedBase:
    """The base CRM."""
    return lark_emulator.database("CRM")


@pytest.fixture
def searches(
    lark_emulator: LarkEmulator, lark: Lark, crm: EmulatedBase
) -> Callable[..., tuple[Result, list[Call]]]:
    """Return the searches that a statement makes, once the fields are known, and its result."""
    del crm

    def made(text: str, *args: Any, **given: Any) -> tuple[Result, list[Call]]:
        lark.explain("SELECT 1 FROM crm.orders, crm.customers")
        lark_emulator.calls.clear()
        result = lark.sql(text, *args, **given)
        return result, list(lark_emulator.calls.named("search"))

    return made


@pytest.fixture
def another() -> Iterator[LarkEmulator]:
    """An emulator without bases, for tests that fill one with odd ones."""
    with LarkEmulator() as emulator:
        yield emulator
