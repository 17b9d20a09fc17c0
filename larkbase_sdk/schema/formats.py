"""How exactly Lark displays numbers, read from a field's formatter."""

from __future__ import annotations

import re
from decimal import Decimal

_FORMAT = re.compile(r"[^\d.,%#]*[\d,]*(?:\.(?P<places>\d+))?(?P<percent>%?)")


def display_unit(formatter: str) -> Decimal:
    """Return one unit of the last digit that a formatter shows, in terms of the stored number.

    ``0.00`` and ``$1,000.00`` give 0.01, ``0%`` gives 0.01 because 34 % is stored as 0.34. A
    formatter of another form gives 1. Formatters: field guide of Lark's documentation.
    """
    match = _FORMAT.fullmatch(formatter)
    if match is None:
        return Decimal(1)
    places = len(match["places"] or "") + 2 * len(match["percent"])
    return Decimal(1).scaleb(-places)
