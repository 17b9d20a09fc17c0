"""A small thread-safe cache whose entries grow old."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class TtlCache(Generic[Key, Value]):
    """Remembers computed values for a number of seconds.

    Two threads that miss the same key may both compute it; the last one is kept. A failure is
    not remembered. Of more than ``most`` values the ones computed first are dropped.
    """

    def __init__(
        self,
        seconds: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
        most: int = 1000,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._entries: dict[Key, tuple[float, Value]] = {}

    def get(self, key: Key, compute: Callable[[], Value]) -> Value:
        """Return the value of ``key``, computing it when it is missing or too old."""
        with self._lock:
            entry = self._entries.get(key)
        if entry is not None and self._clock() - entry[0] < self._seconds():
            return entry[1]
        value = compute()
        self.put(key, value)
        return value

    def put(self, key: Key, value: Value) -> None:
        """Remember a value that came in another way."""
        with self._lock:
            self._entries.pop(key, None)
            self._entries[key] = (self._clock(), value)
            while len(self._entries) > self._most:
                del self._entries[next(iter(self._entries))]

    def peek(self, key: Key) -> Value | None:
        """Return what is remembered, however old, without computing anything."""
        with self._lock:
            entry = self._entries.get(key)
        return entry[1] if entry is not None else None

    def is_fresh(self, key: Key) -> bool:
        """Return whether a value is remembered and not too old."""
        age = self.age(key)
        return age is not None and age < self._seconds()

    def age(self, key: Key) -> float | None:
        """Return how many seconds ago the value was computed, or None."""
        with self._lock:
            entry = self._entries.get(key)
        return self._clock() - entry[0] if entry is not None else None

    def forget(self, key: Key | None = None) -> None:
        """Forget one key, or everything."""
        with self._lock:
            if key is None:
                self._entries.clear()
            else:
                self._entries.pop(key, None)
