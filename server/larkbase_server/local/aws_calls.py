"""The record of calls that reached the AWS emulator, and the faults ordered for coming ones."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from larkbase_server.local.aws_wire import AwsError, Call

_CallList = list[Call]  # inside the class, ``list`` is a property


class Calls:
    """All calls since the start or the last ``clear``, oldest first; retries count."""

    def __init__(self) -> None:
        self._calls: _CallList = []
        self._lock = threading.Lock()

    @property
    def list(self) -> _CallList:
        """A copy of the calls, oldest first."""
        with self._lock:
            return [*self._calls]

    def named(self, service: str, operation: str | None = None) -> _CallList:
        """Return the calls of one service, or of one of its operations."""
        return [
            call
            for call in self.list
            if call.service == service and operation in (None, call.operation)
        ]

    def count(self, service: str, operation: str | None = None) -> int:
        """Return how many calls arrived at a service, or at one of its operations."""
        return len(self.named(service, operation))

    def writes(self, service: str) -> _CallList:
        """Return the calls of one service that change something there."""
        return [call for call in self.named(service) if call.writes]

    def add(self, call: Call) -> None:
        """Remember a call."""
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        """Forget the calls so far."""
        with self._lock:
            self._calls.clear()

    def __repr__(self) -> str:
        names = [f"{call.service}.{call.operation}" for call in self.list]
        counts = ", ".join(f"{name} {names.count(name)}" for name in dict.fromkeys(names))
        return f"Calls({counts})"


@dataclass(slots=True)
class Fault:
    """An error for matching calls, raised instead of an answer.

    Attributes:
        times: How many calls it hits; None for all from now on.
        after: How many matching calls pass first.
    """

    service: str
    operation: str
    error: AwsError
    times: int | None = 1
    after: int = 0

    def hits(self, call: Call) -> bool:
        """Tell whether this call is refused, and count it."""
        if (self.service, self.operation) != (call.service, call.operation) or self.times == 0:
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """The faults on order, oldest first; a call meets the first one that fits."""

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

    def check(self, call: Call) -> None:
        """Raise the error that this call meets, if any."""
        with self._lock:
            for fault in self._faults:
                if fault.hits(call):
                    raise AwsError(str(fault.error), fault.error.code, fault.error.status)
