"""Calls stay below Lark's quotas, as close to them as is safe."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.api.endpoints import (
    BATCH_CREATE,
    CREATE_BASE,
    DRIVE_METAS,
    LIST_FIELDS,
    SEARCH_RECORDS,
    WIKI_NODE,
    Endpoint,
)
from larkbase_sdk.api.pacing import Pacer
from larkbase_sdk.api.stopping import Stopped


def _most_in_any(window: float, moments: list[float]) -> int:
    """Return the largest number of moments within any span of this length, ends included."""
    return max(
        sum(1 for later in moments[i:] if later <= moment + window + 1e-9)
        for i, moment in enumerate(moments)
    )


def _moments(pacer: Pacer, time: Any, endpoint: Endpoint, calls: int) -> list[float]:
    found = []
    for _ in range(calls):
        pacer.wait(endpoint)
        found.append(time.clock())
    return found


@pytest.mark.parametrize(
    ("endpoint", "window", "quota"),
    [
        (SEARCH_RECORDS, 1, 20),
        (BATCH_CREATE, 1, 50),
        (DRIVE_METAS, 1, 50),
        (DRIVE_METAS, 60, 1000),
        (WIKI_NODE, 60, 100),
        (CREATE_BASE, 60, 20),
    ],
)
def test_no_window_of_time_ever_holds_more_than_the_quota(
    time: Any, endpoint: Endpoint, window: float, quota: int
) -> None:
    """The strictest reading of a quota, a sliding window, is kept from the first call on."""
    pacer = Pacer(lambda: 1000.0, clock=time.clock, sleep=time.sleep)

    moments = _moments(pacer, time, endpoint, 3 * quota)

    assert _most_in_any(window, moments) <= quota


def test_most_of_the_quota_is_used(time: Any) -> None:
    """Pacing costs a fortieth of the rate, not more."""
    pacer = Pacer(lambda: 20.0, clock=time.clock, sleep=time.sleep)

    moments = _moments(pacer, time, SEARCH_RECORDS, 196)

    assert moments[-1] - moments[0] == pytest.approx(9.8, abs=0.1)


def test_the_first_calls_do_not_wait(time: Any) -> None:
    """A short visit is not slowed down, and each endpoint has its own quota."""
    pacer = Pacer(lambda: 20.0, clock=time.clock, sleep=time.sleep)

    waits = [pacer.wait(endpoint) for endpoint in (SEARCH_RECORDS, LIST_FIELDS) for _ in range(5)]

    assert waits == [0] * 10
    assert time.slept == []


def test_calls_after_the_first_ones_are_spread(time: Any) -> None:
    """A base gets no volley of twenty calls at the beginning of each second."""
    pacer = Pacer(lambda: 20.0, clock=time.clock, sleep=time.sleep)

    gaps = [b - a for a, b in pairwise(_moments(pacer, time, SEARCH_RECORDS, 60)[5:20])]

    assert gaps == pytest.approx([1.025 / 20] * 14)


def test_a_slow_start_is_made_up_for(time: Any) -> None:
    """Calls that could not go out yet go out later, within the quota of each second."""
    pacer = Pacer(lambda: 20.0, clock=time.clock, sleep=time.sleep)
    moments = []
    for calls in (1, 2, 3, 4):  # what a reader dares in flight, at 200 ms a call
        moments += _moments(pacer, time, SEARCH_RECORDS, calls)
        time.now += 0.2
    moments += _moments(pacer, time, SEARCH_RECORDS, 190)

    assert _most_in_any(1, moments) <= 20
    assert moments[-1] - moments[0] < 10.4


@given(
    rate=st.integers(1, 40),
    pauses=st.lists(st.floats(0, 0.4), min_size=5, max_size=60),
)
def test_the_rate_of_the_options_binds_too(rate: int, pauses: list[float]) -> None:
    """However calls come in, no second holds more than the user or Lark allows."""
    now = [0.0]
    pacer = Pacer(
        lambda: float(rate),
        clock=lambda: now[0],
        sleep=lambda seconds: now.__setitem__(0, now[0] + seconds),
    )
    moments = []
    for pause in pauses:
        now[0] += pause
        pacer.wait(SEARCH_RECORDS)
        moments.append(now[0])

    assert _most_in_any(1, moments) <= min(rate, 20)


def test_a_changed_rate_counts_at_once(time: Any) -> None:
    """Lowering the rate helps the very next call."""
    rate = [20.0]
    pacer = Pacer(lambda: rate[0], clock=time.clock, sleep=time.sleep)
    _moments(pacer, time, SEARCH_RECORDS, 3)

    rate[0] = 1.0
    gaps = [b - a for a, b in pairwise(_moments(pacer, time, SEARCH_RECORDS, 4))]

    assert gaps == pytest.approx([1.025] * 3)


def test_only_a_server_of_this_machine_may_be_called_faster(time: Any) -> None:
    """The quotas of Lark bind at Lark; an emulator can be asked for more."""
    bound = Pacer(lambda: 1000.0, clock=time.clock, sleep=time.sleep)
    free = Pacer(lambda: 1000.0, bound=False, clock=time.clock, sleep=time.sleep)
    usual = Pacer(lambda: 20.0, bound=False, clock=time.clock, sleep=time.sleep)

    def seconds(pacer: Pacer) -> float:
        moments = _moments(pacer, time, WIKI_NODE, 101)
        return moments[-1] - moments[0]

    assert seconds(bound) > 59
    assert seconds(usual) > 59
    assert seconds(free) < 0.2


def test_threads_share_the_quota() -> None:
    """Eight threads of one client are one caller for Lark."""
    lock = threading.Lock()
    waits: list[float] = []
    pacer = Pacer(lambda: 20.0, clock=lambda: 0.0, sleep=lambda _: None)

    def call(_: int) -> None:
        wait = pacer.wait(SEARCH_RECORDS)
        with lock:
            waits.append(wait)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(60)))

    assert _most_in_any(1, sorted(waits)) == 20


def test_a_refusal_stops_every_thread_for_the_time_that_lark_names(time: Any) -> None:
    """One 429 is enough; other endpoints go on."""
    pacer = Pacer(lambda: 20.0, clock=time.clock, sleep=time.sleep)
    pacer.hold(SEARCH_RECORDS, 7)

    assert pacer.wait(LIST_FIELDS) == 0
    assert pacer.wait(SEARCH_RECORDS) == 7
    assert pacer.wait(SEARCH_RECORDS) == 0


def test_a_refusal_holds_back_those_that_wait_already(time: Any) -> None:
    """A call that waits for its turn has not gone yet, so it minds what others are told."""
    pacer = Pacer(lambda: 20.0, clock=time.clock, sleep=time.sleep)
    _moments(pacer, time, SEARCH_RECORDS, 5)
    lanes = pacer._lanes

    def sleep(seconds: float) -> None:
        if not time.slept:
            lanes.close("search", time.clock() + 7)
        time.sleep(seconds)

    waiting = Pacer(lambda: 20.0, lanes=lanes, clock=time.clock, sleep=sleep)
    began = time.clock()

    assert waiting.wait(SEARCH_RECORDS) == pytest.approx(7, abs=0.2)
    assert time.clock() - began >= 7


def test_long_waits_are_told_and_short_ones_are_not(time: Any) -> None:
    """A line that stands still says why; the usual spreading is nobody's concern."""
    pacer = Pacer(lambda: 20.0, clock=time.clock, sleep=time.sleep)
    told: list[float] = []
    for _ in range(8):
        pacer.wait(SEARCH_RECORDS, tell=told.append)
    pacer.hold(SEARCH_RECORDS, 7)
    pacer.wait(SEARCH_RECORDS, tell=told.append)

    assert told == [pytest.approx(7)]


def test_a_wait_ends_when_nobody_needs_the_call_any_more(time: Any) -> None:
    """Closing a reader ends its threads, however long Lark wants them to wait."""
    stop = threading.Event()

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if time.clock() > 1000.5:
            stop.set()

    pacer = Pacer(lambda: 20.0, clock=time.clock, sleep=sleep)
    pacer.hold(SEARCH_RECORDS, 3600)

    with pytest.raises(Stopped):
        pacer.wait(SEARCH_RECORDS, stop=stop)
    assert time.clock() < 1001
