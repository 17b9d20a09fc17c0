"""Calls stay below Lark's quotas, and a busy base gets fewer at a time."""

from __future__ import annotations

import random
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
from larkbase_sdk.api.pacing import Gate, Gates, Pacer


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
    """Pacing costs a tenth of the rate, not more."""
    pacer = Pacer(lambda: 20.0, clock=time.clock, sleep=time.sleep)

    moments = _moments(pacer, time, SEARCH_RECORDS, 181)

    assert moments[-1] - moments[0] == pytest.approx(10, abs=0.15)


def test_the_first_calls_do_not_wait(time: Any) -> None:
    """A short visit is not slowed down, and each endpoint has its own quota."""
    pacer = Pacer(lambda: 20.0, clock=time.clock, sleep=time.sleep)

    waits = [pacer.wait(e) for e in (SEARCH_RECORDS, SEARCH_RECORDS, LIST_FIELDS, LIST_FIELDS)]

    assert waits == [0, 0, 0, 0]
    assert time.slept == []


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

    assert gaps == pytest.approx([1 / 0.9] * 3)


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


def _fill(gate: Gate, calls: int) -> list[Any]:
    """Enter so many calls and return the open slots, without leaving."""
    managers = [gate.slot() for _ in range(calls)]
    for manager in managers:
        manager.__enter__()
    return managers


def _empty(managers: list[Any]) -> None:
    for manager in managers:
        manager.__exit__(None, None, None)


def test_a_base_starts_with_two_calls_at_a_time_and_earns_more() -> None:
    """A gate in full use grows by one a round, up to eight."""
    gate = Gate()
    limits = [gate.limit]
    for _ in range(8):
        slots = _fill(gate, gate.limit)
        for _ in range(gate.limit):
            gate.succeeded()
        _empty(slots)
        limits.append(gate.limit)

    assert limits == [2, 3, 4, 5, 6, 7, 8, 8, 8]


def test_a_gate_learns_nothing_from_single_calls() -> None:
    """Calls one after another say nothing about calls at the same time."""
    gate = Gate()
    for _ in range(50):
        with gate.slot() as slot:
            slot.succeeded()

    assert gate.limit == 2


def test_congestion_halves_the_calls_once() -> None:
    """Four calls that meet the same congestion count as one sign, a later one as another."""
    gate = Gate()
    gate.limit = 8
    with gate.slot() as a, gate.slot() as b, gate.slot() as c:
        for slot in (a, b, c):
            slot.congested()
    after_first = gate.limit
    for _ in range(4):
        with gate.slot() as slot:
            slot.congested()

    assert (after_first, gate.limit) == (4, 1)


def test_a_full_gate_lets_the_next_call_in_when_one_leaves() -> None:
    """Waiting is by turn, not by time."""
    gate = Gate()
    entered = threading.Event()
    slots = _fill(gate, 2)

    def third() -> None:
        with gate.slot():
            entered.set()

    thread = threading.Thread(target=third)
    thread.start()
    kept_out = not entered.wait(0.05)
    _empty(slots[:1])
    thread.join(5)
    _empty(slots[1:])

    assert kept_out
    assert entered.is_set()


def test_an_interrupted_call_gives_its_place_back() -> None:
    """Ctrl-C leaves a usable client."""
    gate = Gate()
    for _ in range(5):
        with pytest.raises(KeyboardInterrupt), gate.slot():
            raise KeyboardInterrupt
    with gate.slot(), gate.slot():
        pass

    assert gate.limit == 2


def test_each_base_has_its_own_gate() -> None:
    """One busy base does not slow down another, and calls without a base pass."""
    gates = Gates()
    with gates.slot("A"), gates.slot("A"), gates.slot("B"), gates.slot(None) as free:
        free.congested()
        free.succeeded()

    assert gates.of("A") is gates.of("A")
    assert gates.of("A") is not gates.of("B")


def test_many_threads_never_pass_the_limit() -> None:
    """The number of calls in flight follows the limit, however it moves."""
    gate = Gate()
    lock = threading.Lock()
    busy = 0
    worst = 0
    chance = random.Random(1)

    def call(_: int) -> None:
        nonlocal busy, worst
        with gate.slot() as slot:
            with lock:
                busy += 1
                worst = max(worst, busy)
            (slot.congested if chance.random() < 0.05 else slot.succeeded)()
            with lock:
                busy -= 1

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(call, range(500)))

    assert worst <= 8
    assert busy == 0
