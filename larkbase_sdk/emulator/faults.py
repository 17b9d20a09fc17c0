"""Faults on order: the next matching calls are refused, broken, delayed or cut short."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Fault:
    """What happens to matching calls.

    Attributes:
        endpoint: Which endpoint; None means every one but the token endpoint.
        path: Text that the path must contain; empty for any.
        times: How many calls it hits; None for all from now on.
        after: How many matching calls pass first.
        code: Lark's error code to answer with; None for another kind of fault.
        status: HTTP status instead of the documented one.
        msg: Text of ``msg`` instead of the documented one.
        detail: Text of ``error.message``.
        body: Bytes to answer with instead of an envelope.
        content_type: Content type of ``body``.
        headers: Further headers.
        disconnect: Break the connection before answering.
        truncate: Break the connection in the middle of the right answer.
        stall: Seconds to wait before answering.
        empty_page: Answer a search without rows, with a token that leads to the same page.
    """

    endpoint: str | None = None
    path: str = ""
    times: int | None = 1
    after: int = 0
    code: int | None = None
    status: int | None = None
    msg: str | None = None
    detail: str | None = None
    body: bytes | None = None
    content_type: str = "text/html"
    headers: Mapping[str, str] = field(default_factory=dict)
    disconnect: bool = False
    truncate: bool = False
    stall: float = 0.0
    empty_page: bool = False

    @property
    def answers(self) -> bool:
        """Whether the call is answered without reaching its handler."""
        return self.code is not None or self.body is not None or self.status is not None

    def matches(self, endpoint: str, path: str) -> bool:
        """Tell whether a call is one of those meant."""
        if self.times == 0 or self.path not in path:
            return False
        if self.endpoint is None:
            return endpoint not in ("token", "")
        return self.endpoint == endpoint


class Faults:
    """The queue of faults, oldest first; a call meets the first one that matches."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Cancel every fault that has not happened yet."""
        with self._lock:
            self._faults.clear()

    def pending(self) -> int:
        """Return how many calls are still to go wrong; one for a fault without an end."""
        with self._lock:
            return sum(1 if fault.times is None else fault.times for fault in self._faults)

    def take(self, endpoint: str, path: str) -> Fault | None:
        """Return the fault that this call meets, or None."""
        with self._lock:
            for fault in self._faults:
                if not fault.matches(endpoint, path):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return fault
            return None
