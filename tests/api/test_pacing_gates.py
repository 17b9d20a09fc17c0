"""A busy base gets fewer calls at a time, one that keeps up gets more."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from larkbase_sdk.api.gates import Gate, Gates
from larkbase_sdk.api.stopping import Stopped


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


def _serve(gate: Gate, calls: int, at_once: int) -> int:
    """Make calls at a base that answers only so many at a time; return how many it refused."""
    refused = 0
    while calls > 0:
        managers = [gate.slot() for _ in range(gate.limit)]
        slots = [manager.__enter__() for manager in managers]
        calls -= min(len(slots), at_once)
        refused += max(0, len(slots) - at_once)
        for position, slot in enumerate(slots):
            (slot.succeeded if position < at_once else slot.congested)()
        _empty(managers)
    return refused


@pytest.mark.parametrize("at_once", [1, 3, 6])
def test_a_limit_that_was_too_much_is_tried_again_ever_more_rarely(at_once: int) -> None:
    """A base that serves so many at a time refuses few of a thousand calls."""
    gate = Gate()

    assert _serve(gate, 1000, at_once) <= 12
    assert gate.limit in (at_once, at_once + 1)


def test_a_base_that_recovers_gets_all_its_calls_again() -> None:
    """One bad moment is forgotten."""
    gate = Gate()
    _serve(gate, 50, 8)
    with gate.slot() as slot:
        slot.congested()
    after = gate.limit
    _serve(gate, 100, 8)

    assert (after, gate.limit) == (4, 8)


def test_a_reader_may_want_fewer_calls_at_a_time() -> None:
    """The bound of one caller holds while others use the gate for more."""
    gate = Gate()
    gate.limit = 4
    entered = threading.Event()
    with gate.slot(most=1):
        thread = threading.Thread(target=lambda: (_enter_once(gate, 1), entered.set()))
        thread.start()
        kept_out = not entered.wait(0.05)
    thread.join(5)

    assert kept_out
    assert entered.is_set()


def _enter_once(gate: Gate, most: int) -> None:
    with gate.slot(most=most):
        pass


def test_calls_get_their_turn_in_the_order_in_which_they_came() -> None:
    """Pages that are read ahead do not overtake the one that is waited for."""
    gate = Gate()
    slots = _fill(gate, 2)
    order: list[int] = []
    threads = []
    for number in range(6):
        thread = threading.Thread(target=lambda n=number: _note(gate, order, n))
        thread.start()
        threads.append(thread)
        while len(gate._queue) <= number:
            thread.join(0.001)
    gate.limit = 1
    _empty(slots)
    for thread in threads:
        thread.join(5)

    assert order == list(range(6))


def _note(gate: Gate, order: list[int], number: int) -> None:
    with gate.slot():
        order.append(number)


def test_a_wait_at_a_gate_ends_when_nobody_needs_the_call_any_more() -> None:
    """A closed reader leaves nobody in the queue."""
    gate = Gate()
    slots = _fill(gate, 2)
    stop = threading.Event()
    stop.set()

    with pytest.raises(Stopped), gate.slot(stop=stop):
        pass
    _empty(slots)

    assert not gate._queue
