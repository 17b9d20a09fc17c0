"""Find keys that share out rows evenly, by counting the rows below a few well chosen keys."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Count = Callable[[list[float]], Sequence[int | None]]
"""Returns the rows below each of some keys; None where it is not known."""

# Whether a guess takes it that keys are spread evenly over orders of magnitude; for keys with a
# step the other way round, since counters and days are evenly spread more often than amounts.
_BY_SIZE = (True, False, True, True, False, True)


@dataclass(frozen=True, slots=True)
class Boundary:
    """A key with the number of rows below it, counted or guessed."""

    key: float
    below: float


class Ranking:
    """How many rows lie below a key: counted for some, guessed in between.

    Counts that contradict each other are bent until they rise with the key.

    Args:
        low: A key with no row below it.
        high: A key with all rows below it.
        rows: All rows.
        step: The distance of neighbouring keys, or 0 when keys may lie anywhere.
        unit: The size below which differences of keys do not matter, at least the step.
    """

    def __init__(self, low: float, high: float, rows: int, step: float, unit: float) -> None:
        self._points: list[tuple[float, float]] = [(low, 0), (high, rows)]
        self._step = step
        self._unit = unit

    def refine(self, targets: Sequence[float], count: Count, tolerance: float) -> list[Boundary]:
        """Return for each target a key that has about so many rows below it.

        Args:
            targets: Numbers of rows.
            count: Asked a few times, for at most as many keys as there are targets.
            tolerance: Rows by which a counted key may miss its target.
        """
        for turn in _BY_SIZE:
            by_size = turn is not bool(self._step)
            keys = {
                self._between(target, by_size=by_size)
                for target in targets
                if not self._is_met(target, tolerance)
            }
            asked = sorted(key for key in keys if key is not None)
            counts = count(asked) if asked else []
            for key, below in zip(asked, counts, strict=True):
                if below is not None:
                    self._learn(key, below)
            if asked and all(below is None for below in counts):
                break
        return [self._best(target, tolerance) for target in targets]

    def _learn(self, key: float, below: float) -> None:
        after = bisect_left(self._points, (key, 0))
        least, most = self._points[after - 1][1], self._points[after][1]
        insort(self._points, (key, min(max(below, least), most)))

    def _nearest(self, target: float) -> tuple[float, float]:
        return min(self._points, key=lambda point: abs(point[1] - target))

    def _is_met(self, target: float, tolerance: float) -> bool:
        return abs(self._nearest(target)[1] - target) <= tolerance

    def _best(self, target: float, tolerance: float) -> Boundary:
        known = Boundary(*self._nearest(target))
        far = abs(known.below - target) > 2 * tolerance
        guess = self._between(target, by_size=not self._step) if far else None
        return known if guess is None else Boundary(guess, target)

    def _between(self, target: float, *, by_size: bool) -> float | None:
        """Return a key between the two known ones around a target; None when there is none.

        Args:
            target: Rows below the key.
            by_size: Take it that rows are spread evenly over orders of magnitude, instead of
                over the keys themselves.
        """
        after = next(i for i, (_, below) in enumerate(self._points) if i and below >= target)
        (low, least), (high, most) = self._points[after - 1 : after + 1]
        if least == most or high - low < 2 * self._unit:
            return None
        start, end = (self._size(low), self._size(high)) if by_size else (low, high)
        key = start + (end - start) * (target - least) / (most - least)
        key = self._unit * math.sinh(key) if by_size else key
        key = self._rounded(key, min(key - low, high - key))
        return key if low < key < high else None

    def _size(self, key: float) -> float:
        return math.asinh(key / self._unit)

    def _rounded(self, key: float, room: float) -> float:
        """Return a key on a step, or else one with no more digits than matter.

        Args:
            key: The key.
            room: The distance to the nearest known key.
        """
        if self._step:
            return round(key / self._step) * self._step
        return round(key, 2 - math.floor(math.log10(room))) if room > 0 else key
