"""An emulator of the Lark API, written from its documentation alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator.switches import SWITCH_VARIANTS, TEXT_LOSING, Switches

if TYPE_CHECKING:
    from larkbase_sdk.emulator.emulator import LarkEmulator, serve

__all__ = ["SWITCH_VARIANTS", "TEXT_LOSING", "LarkEmulator", "Switches", "serve"]


def __getattr__(name: str) -> Any:
    # The server's libraries are loaded when an emulator is wanted, not with the pytest plugin.
    if name in ("LarkEmulator", "serve"):
        from larkbase_sdk.emulator import emulator

        return getattr(emulator, name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
