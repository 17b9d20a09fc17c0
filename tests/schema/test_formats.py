"""A formatter tells how far a displayed number can be from the stored one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from larkbase_sdk.schema.formats import display_unit


@pytest.mark.parametrize(
    ("formatter", "unit"),
    [
        ("0", "1"),
        ("0.0", "0.1"),
        ("0.00", "0.01"),
        ("0.0000", "0.0001"),
        ("1,000", "1"),
        ("1,000.00", "0.01"),
        ("%", "0.01"),
        ("0%", "0.01"),
        ("0.00%", "0.0001"),
        ("¥", "1"),
        ("$", "1"),
        ("$1,000.00", "0.01"),
        ("¥0.00", "0.01"),
    ],
)
def test_a_documented_formatter_gives_one_unit_of_its_last_digit(formatter, unit):
    """For percentages in terms of the stored fraction."""
    assert display_unit(formatter) == Decimal(unit)


@pytest.mark.parametrize(
    "formatter", ["", "0.00E+00", "0.##", "#,##0.00", "0‰", "0.0 %", "1.000.000"]
)
def test_any_other_formatter_counts_as_whole_numbers(formatter):
    """The wider answer is the safe one."""
    assert display_unit(formatter) == Decimal(1)
