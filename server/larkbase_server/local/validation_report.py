"""What a validation found: one line a check, and whether the connector passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from larkbase_sdk.errors import LarkBaseError

if TYPE_CHECKING:
    from types import TracebackType

Status = Literal["ok", "failed", "note"]
_MARKS: dict[Status, str] = {"ok": "✓", "failed": "✗", "note": "-"}


class CheckFailedError(Exception):
    """Something that a connector must not do; the text says what."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        step: What was checked.
        status: ``ok``, ``failed``, or ``note`` when it could not or need not be checked.
        detail: What was found.
    """

    step: str
    status: Status
    detail: str


class Checks:
    """The checks made so far."""

    def __init__(self) -> None:
        self.made: list[Check] = []

    def step(self, name: str) -> Step:
        """Return a check to be made as a ``with`` block."""
        return Step(self, name)

    def note(self, step: str, detail: str) -> None:
        """Note that a check was not made."""
        self.made.append(Check(step, "note", detail))


class Step:
    """A check that is being made; what the block puts into its list is the detail.

    A refusal of the connector and a broken rule end the block and are noted, not raised.
    """

    def __init__(self, checks: Checks, name: str) -> None:
        self._checks = checks
        self._name = name
        self._details: list[str] = []

    def __enter__(self) -> list[str]:
        return self._details

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None:
            self._checks.made.append(Check(self._name, "ok", ", ".join(self._details)))
            return True
        if not isinstance(error, CheckFailedError | LarkBaseError):
            return False
        text = ": ".join([*self._details[:1], str(error)])
        self._checks.made.append(Check(self._name, "failed", text))
        return True


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """All checks of a connector.

    Attributes:
        function: The function that was checked.
        seed: What the random choices were made from.
        checks: The checks, in the order in which they were made.
    """

    function: str
    seed: int
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return all(check.status != "failed" for check in self.checks)

    def rows(self) -> list[dict[str, object]]:
        """Return one dict a check."""
        return [
            {"step": check.step, "status": check.status, "detail": check.detail}
            for check in self.checks
        ]

    def __str__(self) -> str:
        lines = [
            f"{_MARKS[check.status]} {check.step}: {check.detail}".rstrip(": ")
            for check in self.checks
        ]
        return "\n".join(line.replace("\n", "\n    ") for line in lines)


def require(condition: object, text: str) -> None:
    """Raise a CheckFailedError with a text unless a condition holds."""
    if not condition:
        raise CheckFailedError(text)
