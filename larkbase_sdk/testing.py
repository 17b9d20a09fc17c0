"""For people who test code that reads Lark Base: the emulator and pytest fixtures on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator import SWITCH_VARIANTS, TEXT_LOSING, Switches

try:
    import pytest
except ImportError:  # the emulator works without it; only the fixtures are missing
    pytest = None  # type: ignore[assignment]  # a module for the checker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from larkbase_sdk.client import Lark
    from larkbase_sdk.emulator.emulator import LarkEmulator

__all__ = ["SWITCH_VARIANTS", "TEXT_LOSING", "LarkEmulator", "Switches"]


def __getattr__(name: str) -> Any:
    # pytest loads this module in every run, so the server's libraries wait for the first use.
    if name == "LarkEmulator":
        from larkbase_sdk.emulator.emulator import LarkEmulator

        return LarkEmulator
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


if pytest is not None:

    @pytest.fixture
    def lark_emulator() -> Iterator[LarkEmulator]:
        """A running emulator with an empty tenant, stopped after the test."""
        from larkbase_sdk.emulator.emulator import LarkEmulator

        with LarkEmulator() as emulator:
            yield emulator

    @pytest.fixture
    def lark(lark_emulator: LarkEmulator) -> Iterator[Lark]:
        """A client connected to the emulator of the test."""
        with lark_emulator.connect() as client:
            yield client
