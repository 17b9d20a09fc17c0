"""A few counts are enough to find keys that share out rows evenly, wherever the rows lie."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.read.boundaries import Boundary, Ranking

PARTS = 4


class Rows:
    """Sorted keys of rows, counted as the server counts them, or wrongly."""

    def __init__(self, keys: list[float], wrong: Any = None) -> None:
        self.keys = sorted(keys)
        self.asked: list[float] = []
        self._wrong = wrong

    def below(self, key: float) -> int:
        return bisect_left(self.keys, key)

    def count(self, keys: list[float]) -> list[int | None]:
        self.asked += keys
        return [self.below(key) if self._wrong is None else self._wrong(key) for key in keys]

    def boundaries(self, step: float, unit: float) -> list[Boundary]:
        ranking = Ranking(self.keys[0], self.keys[-1] + unit, len(self.keys), step, unit)
        share = len(self.keys) / PARTS
        return ranking.refine([share * part for part in range(1, PARTS)], self.count, share / 4)


KEYS = {
    "counters": (st.integers(0, 10**6), 1, 1),
    "days": (st.integers(-100, 30_000).map(lambda day: day * 86_400_000), 86_400_000, 86_400_000),
    "numbers": (st.floats(-1e15, 1e15, allow_nan=False), 0, 0.01),
}


@pytest.mark.parametrize("kind", KEYS)
@given(data=st.data())
def test_boundaries_rise_and_lie_among_the_keys(kind, data):
    """Each is a key that may be asked for, and the calls are bounded, whatever the rows are."""
    keys, step, unit = KEYS[kind]
    rows = Rows(data.draw(st.lists(keys, min_size=1, max_size=60)))

    found = rows.boundaries(step, unit)

    assert all(left.key <= right.key for left, right in pairwise(found))
    assert all(rows.keys[0] <= item.key <= rows.keys[-1] + unit for item in found)
    assert len(rows.asked) <= 6 * (PARTS - 1)
    assert all(isinstance(item.key, int) for item in found) or step == 0


@given(
    keys=st.lists(st.integers(0, 1000), min_size=1, max_size=40),
    answers=st.lists(st.none() | st.integers(-5, 100), min_size=1, max_size=12),
)
def test_counts_that_contradict_each_other_do_no_harm(keys, answers):
    """Nonsense from the server gives uneven boundaries that still rise."""
    replies = iter(answers * 18)
    rows = Rows(keys, wrong=lambda _: next(replies))

    found = rows.boundaries(1, 1)

    assert all(left.key <= right.key for left, right in pairwise(found))
    assert all(0 <= item.below <= len(keys) for item in found)


SPREADS: dict[str, Callable[[random.Random], float]] = {
    "uniform": lambda chance: chance.uniform(0, 1000),
    "normal": lambda chance: chance.gauss(100, 15),
    "amounts": lambda chance: chance.lognormvariate(3, 2),
    "waits": lambda chance: chance.expovariate(1 / 50),
    "heavy tail": lambda chance: chance.paretovariate(1),
    "both signs": lambda chance: chance.choice([-1, 1]) * chance.lognormvariate(2, 2),
    "shares": lambda chance: chance.betavariate(2, 5),
    "two groups": lambda chance: chance.choice([chance.gauss(10, 1), chance.gauss(1000, 50)]),
}


@pytest.mark.parametrize("name", SPREADS)
@given(seed=st.integers(0, 10**6))
def test_rows_are_shared_out_evenly_however_they_are_spread(name, seed):
    """No part has more than twice its share; values that are all equal cannot be parted."""
    chance = random.Random(seed)
    rows = Rows([SPREADS[name](chance) for _ in range(2000)])

    edges = [rows.below(item.key) for item in rows.boundaries(0, 0.01)]

    sizes = [right - left for left, right in pairwise([0, *edges, len(rows.keys)])]
    assert max(sizes) <= 2 * len(rows.keys) / PARTS
