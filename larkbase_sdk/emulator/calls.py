"""The record of calls that reached the emulator, for tests to count and inspect."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived and how it was answered.

    Attributes:
        endpoint: Short word of the endpoint (``search``, ``fields`` …); empty for unknown paths.
        query: Query parameters, the last value of each.
        body: The parsed JSON body, or None.
        status: HTTP status of the answer; 0 when the connection was broken instead.
        code: Lark's code in the answer; -1 when the answer had no envelope.
        seconds: Time the emulator took, without sending the bytes.
        size: Bytes of the answer's body.
    """

    endpoint: str
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    status: int
    code: int
    seconds: float = 0.0
    size: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


_CallList = list[Call]  # inside the class, ``list`` is a property


class Calls:
    """All calls since the start or the last ``clear``, oldest first."""

    def __init__(self) -> None:
        self._calls: _CallList = []
        self._lock = threading.Lock()

    @property
    def list(self) -> _CallList:
        """A copy of the calls, oldest first."""
        with self._lock:
            return [*self._calls]

    def named(self, endpoint: str) -> _CallList:
        """Return the calls of one endpoint, oldest first."""
        return [call for call in self.list if call.endpoint == endpoint]

    def count(self, endpoint: str | None = None) -> int:
        """Return how many calls arrived, in all or at one endpoint."""
        if endpoint is None:
            return len(self.list)
        return len(self.named(endpoint))

    def clear(self) -> None:
        """Forget the calls so far."""
        with self._lock:
            self._calls.clear()

    def add(self, call: Call) -> None:
        """Remember a call."""
        with self._lock:
            self._calls.append(call)

    def __repr__(self) -> str:
        names = [call.endpoint or call.path for call in self.list]
        counts = ", ".join(f"{name} {names.count(name)}" for name in dict.fromkeys(names))
        return f"Calls({counts})"
