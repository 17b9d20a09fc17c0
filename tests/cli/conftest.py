"""Runs the command line in this process against an emulator, with nobody's settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from larkbase_sdk.cli import main
from larkbase_sdk.emulator.emulator import LarkEmulator
from larkbase_sdk.options import options


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code and what it wrote."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """What went to stdout, as text."""
        return self.out.decode()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What went to stdout, as NDJSON."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ended]


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[LarkEmulator]:
    """An emulator that the environment names, with its credentials."""
    with LarkEmulator() as running:
        monkeypatch.setenv("LARKBASE_CACHE_DIR", str(tmp_path / "larkbase"))
        monkeypatch.setenv("LARK_DOMAIN", running.url)
        monkeypatch.setenv("LARK_APP_ID", running.app_id)
        monkeypatch.setenv("LARK_APP_SECRET", running.app_secret)
        # No test waits for a service that will not recover.
        monkeypatch.setattr(options, "retries", 0)
        yield running


@pytest.fixture
def run(emulator: LarkEmulator, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run ``larkbase`` with some arguments and return how it ended."""

    def ended(*arguments: str) -> Ended:
        code = main(arguments)
        out, err = capfdbinary.readouterr()
        return Ended(code, out, err.decode())

    return ended


@pytest.fixture
def orders(emulator: LarkEmulator) -> Any:
    """The table CRM.Orders: three rows, one of them without an amount."""
    return emulator.database("CRM").table(
        "Orders",
        fields=[
            "OrderNo",
            ("Amount", "Number"),
            ("Status", "SingleSelect", {"options": ["Open", "Paid"]}),
            ("Ordered", "DateTime"),
            ("Total, net", "Number"),
            ("Tags", "MultiSelect", {"options": ["gift", "urgent"]}),
        ],
        rows=[
            {
                "OrderNo": "A-1",
                "Amount": 12.5,
                "Status": "Open",
                "Ordered": 1735689600000,
                "Total, net": 10,
                "Tags": ["gift", "urgent"],
            },
            {"OrderNo": "A-2", "Status": "Paid", "Total, net": 20},
            {"OrderNo": "A-3", "Amount": 7, "Status": "Open", "Total, net": 30},
        ],
    )
