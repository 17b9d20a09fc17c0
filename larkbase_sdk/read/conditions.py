"""Conditions of Lark's filters, and what of a predicate they can say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from larkbase_sdk.read.predicate import Compare, In, Test

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from larkbase_sdk.schema.field_types import FilterFamily
    from larkbase_sdk.schema.table_schema import Column

_NULL_TESTS = frozenset(
    {"text", "phone", "number", "select", "multiselect", "date", "people", "url", "presence"}
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a Lark filter; ``field`` is a field id."""

    field: str
    operator: str
    value: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the condition as a filter holds it, with its field by id."""
        return {"field_id": self.field, "operator": self.operator, "value": list(self.value)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Condition:
        """Read what ``to_json`` wrote."""
        return cls(data["field_id"], data["operator"], tuple(data["value"]))


Group = tuple[Condition, ...]
"""Conditions of which at least one must hold."""


@dataclass(frozen=True, slots=True)
class Sendable:
    """What the server can check of a predicate.

    Attributes:
        groups: All of them must hold.
        exact: Whether documented behaviour lets no other row through.
    """

    groups: tuple[Group, ...]
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides about sending, besides the schema.

    Attributes:
        zone: Time zone of the base, or None when unknown.
        text_pushdown: Whether texts may be compared by the server.
    """

    zone: dt.tzinfo | None
    text_pushdown: bool


class NotSendable(Exception):
    """Nothing can be sent for a test; the text says why."""


def refuse(reason: str) -> NoReturn:
    """Raise NotSendable for a reason."""
    raise NotSendable(reason)


def has_null_tests(family: FilterFamily) -> bool:
    """Whether Lark can tell the empty cells of a family of field types from the others."""
    return family in _NULL_TESTS


@dataclass(frozen=True, slots=True)
class Subject:
    """A test with the column it is about."""

    test: Test
    column: Column
    settings: Settings
    member: str

    def condition(self, operator: str, *value: str) -> Condition:
        """Return a condition on the column."""
        return Condition(self.column.field_id or self.column.lark_name, operator, value)

    def any_of(self, operator: str, values: Iterable[str], *, exact: bool = False) -> Sendable:
        """Return one condition per value, of which one must hold."""
        group = tuple(self.condition(operator, value) for value in dict.fromkeys(values))
        return Sendable((group,), exact)

    def present(self, *, exact: bool = False) -> Sendable:
        """Return the one thing that every comparison implies: there is a value."""
        if not has_null_tests(self.column.filter_family):
            refuse("Lark cannot tell its empty cells")
        return Sendable(((self.condition("isNotEmpty"),),), exact)

    def equal_to(self, *kinds: type) -> list[Any]:
        """Return the values of ``=`` or IN.

        Raises:
            NotSendable: it is another test, or a value is of another kind.
        """
        match self.test:
            case Compare(_, "=", value):
                values: list[Any] = [value]
            case In(_, known, _):
                values = list(known)
            case _:
                self.unsupported()
        if not all(isinstance(value, kinds) for value in values):
            refuse("the value is of another type")
        return values

    def unsupported(self) -> NoReturn:
        """Say that the field type has no such condition.

        Raises:
            NotSendable: always.
        """
        refuse(f"Lark has no such condition for {self.column.lark_type}")
