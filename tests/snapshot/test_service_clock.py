"""The clock of the service is known from its answers, since ours may be wrong."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from larkbase_sdk.api.service_clock import ServiceClock


def test_it_goes_on_from_what_the_last_answer_said():
    """However far ours is off."""
    ours = [1_000_000.0]
    clock = ServiceClock(lambda: ours[0])

    clock.hear(formatdate(2_000_000, usegmt=True))
    ours[0] += 60

    assert clock.now() == 2_000_060


@pytest.mark.parametrize("date", [None, "", "soon", "Mon, 99 Foo 2025 00:00:00 GMT"])
def test_without_a_date_nothing_is_known(date):
    """A missing or broken header is no time."""
    clock = ServiceClock(lambda: 0.0)
    clock.hear(date)

    assert clock.now() is None


def test_the_emulator_tells_its_own_time(lark_emulator):
    """A clock that was moved is told as it is."""
    lark_emulator.advance(-86_400 * 365)
    with lark_emulator.connect() as lark:
        moved = lark.api.http.service_clock.now()
    lark_emulator.advance(86_400 * 365)
    with lark_emulator.connect() as lark:
        now = lark.api.http.service_clock.now()

    assert 86_400 * 364 < now - moved < 86_400 * 366
