"""Numbers as a field's formatter shows them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_sdk.emulator.fields import EmulatedField

_WIDE = Context(prec=400, rounding=ROUND_HALF_UP)


def displayed(field: EmulatedField) -> Callable[[float], float] | None:
    """Return what rounds a number as the field shows it; None when it shows every digit."""
    formatter = str((field.property or {}).get("formatter") or "")
    if not formatter:
        return None
    decimals = len(formatter.partition(".")[2].rstrip("%"))
    if formatter.endswith("%"):
        decimals += 2
    unit = Decimal(1).scaleb(-decimals)
    return lambda number: float(Decimal(repr(number)).quantize(unit, context=_WIDE))
