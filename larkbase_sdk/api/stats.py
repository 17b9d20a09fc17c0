"""Counters of what a client did on the network."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from larkbase_sdk.display import counted, escape

if TYPE_CHECKING:
    from collections.abc import Mapping

_KILO = 1_000


@dataclass(frozen=True, slots=True, repr=False)
class Counts:
    """A reading of the counters.

    Attributes:
        calls: HTTP calls, repeats and token calls included.
        by_endpoint: The same by the endpoint's name.
        retries: Repeats after a refusal or a broken answer.
        waited: Seconds spent waiting for the rate or before repeats, over all threads.
        bytes: Bytes of the bodies that came back, decompressed.
    """

    calls: int = 0
    by_endpoint: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    retries: int = 0
    waited: float = 0.0
    bytes: int = 0

    def since(self, earlier: Counts) -> Counts:
        """Return what was added after an earlier reading."""
        by_endpoint = Counter(self.by_endpoint)
        by_endpoint.subtract(earlier.by_endpoint)
        return Counts(
            self.calls - earlier.calls,
            MappingProxyType({name: n for name, n in by_endpoint.items() if n}),
            self.retries - earlier.retries,
            self.waited - earlier.waited,
            self.bytes - earlier.bytes,
        )

    def __repr__(self) -> str:
        calls = counted(self.calls, "call")
        if self.by_endpoint:
            ranked = sorted(self.by_endpoint.items(), key=lambda item: (-item[1], item[0]))
            calls += f" ({', '.join(f'{name} {number}' for name, number in ranked)})"
        repeats = "none repeated" if not self.retries else f"{self.retries} repeated"
        return f"{calls} · {repeats} · {self.waited:.1f} s waited · {_size(self.bytes)} received"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>"


def _size(size: int) -> str:
    """Return a number of bytes for people, in the units of a thousand."""
    if size < _KILO:
        return counted(size, "byte")
    return f"{size / _KILO:.1f} kB" if size < _KILO**2 else f"{size / _KILO**2:.1f} MB"


class CallStats:
    """The running counters of one client, safe to add to from its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_endpoint: Counter[str] = Counter()
        self._retries = 0
        self._waited = 0.0
        self._bytes = 0
        self._seconds = 0.0

    def add_call(self, endpoint: str, seconds: float) -> None:
        """Count a call and the time until its answer."""
        with self._lock:
            self._by_endpoint[endpoint] += 1
            self._seconds += seconds

    def add_bytes(self, size: int) -> None:
        """Count the bytes of a body or of a part of it."""
        with self._lock:
            self._bytes += size

    def add_wait(self, seconds: float) -> None:
        """Count a wait for the rate."""
        with self._lock:
            self._waited += seconds

    def add_retry(self) -> None:
        """Count a repeat."""
        with self._lock:
            self._retries += 1

    def read(self) -> Counts:
        """Return all counters as they are at one moment."""
        with self._lock:
            return Counts(
                self._by_endpoint.total(),
                MappingProxyType(dict(self._by_endpoint)),
                self._retries,
                self._waited,
                self._bytes,
            )

    def seconds_per_call(self) -> float | None:
        """Return the mean time until an answer, or None before the first call."""
        with self._lock:
            calls = self._by_endpoint.total()
            return self._seconds / calls if calls else None

    @property
    def calls(self) -> int:
        """HTTP calls so far."""
        return self.read().calls

    @property
    def by_endpoint(self) -> Mapping[str, int]:
        """HTTP calls so far by the endpoint's name."""
        return self.read().by_endpoint

    @property
    def retries(self) -> int:
        """Repeats so far."""
        return self.read().retries

    @property
    def waited(self) -> float:
        """Seconds waited so far, over all threads."""
        return self.read().waited

    @property
    def bytes(self) -> int:
        """Bytes received so far."""
        return self.read().bytes

    def __repr__(self) -> str:
        return repr(self.read())

    def _repr_html_(self) -> str:
        return self.read()._repr_html_()
