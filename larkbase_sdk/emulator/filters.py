"""The search filter: its shape, its limits, and the refusals of what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from larkbase_sdk.emulator.answers import ApiError, invalid_field, invalid_filter, wrong_type
from larkbase_sdk.emulator.conditions import Condition, Rules, Test, compile_condition
from larkbase_sdk.emulator.fields import EmulatedField

if TYPE_CHECKING:
    from larkbase_sdk.emulator.switches import Switches

MAX_CONDITIONS = 50
MAX_VALUES = 10

FieldFinder = Callable[[str], EmulatedField]


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions joined by one conjunction."""

    conjunction: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter: its own conditions, then one level of groups."""

    conjunction: str
    conditions: tuple[Condition, ...] = ()
    children: tuple[Group, ...] = ()

    @property
    def all_conditions(self) -> tuple[Condition, ...]:
        """Every condition of the filter and its groups."""
        return self.conditions + tuple(c for group in self.children for c in group.conditions)


def parse_filter(raw: Any, switches: Switches, find: FieldFinder) -> Filter | None:
    """Return the filter of a search body, or None when it says nothing.

    Raises:
        ApiError: as the service refuses it (1254018, 1254045, 1254107, 9499, 99992402).
    """
    if raw is None or raw == {}:
        return None
    if not isinstance(raw, Mapping):
        raise wrong_type(member="filter", value=raw)
    _refuse_by_switch(raw, switches)
    conjunction = _conjunction(raw, "filter", switches)
    conditions = _conditions(raw, "filter", find)
    children = tuple(
        _child(child, f"filter.children.{i}", switches, find)
        for i, child in enumerate(_list(raw, "children"))
    )
    made = Filter(conjunction, conditions, children)
    return _settle(made, switches)


def _refuse_by_switch(raw: Mapping[str, Any], switches: Switches) -> None:
    if switches.refuse_filters is not None:
        raise ApiError(switches.refuse_filters)
    limit = switches.max_filter_chars
    if limit is not None and len(orjson.dumps(raw).decode()) > limit:
        raise ApiError(1254107)


def _settle(made: Filter, switches: Switches) -> Filter | None:
    if len(made.all_conditions) > MAX_CONDITIONS:
        raise invalid_field(member="filter.conditions", why=f"the max len is {MAX_CONDITIONS}")
    if not made.all_conditions:
        if switches.no_conditions == "refuse":
            raise invalid_filter(correct="filter needs at least one condition")
        return None
    if made.conditions and made.children:
        return _both(made, switches)
    return made


def _both(made: Filter, switches: Switches) -> Filter:
    choice = switches.conditions_with_children
    if choice == "refuse":
        raise invalid_filter(correct="filter with conditions and children")
    if choice == "ignore_children":
        return Filter(made.conjunction, made.conditions)
    if choice == "ignore_conditions":
        return Filter(made.conjunction, (), made.children)
    return made


def _list(raw: Mapping[str, Any], name: str) -> list[Any]:
    value = raw.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong_type(member=name, value=value)
    return value


def _conjunction(raw: Mapping[str, Any], where: str, switches: Switches) -> str:
    value = raw.get("conjunction")
    if value is None and not switches.conjunction_required:
        return "and"
    if value is None:
        raise invalid_filter(correct="conjunction is required")
    if not isinstance(value, str):
        raise wrong_type(member="conjunction", value=value)
    if value not in ("and", "or"):
        raise invalid_field(member=f"{where}.conjunction", why="must be one of [and, or]")
    return value


def _conditions(raw: Mapping[str, Any], where: str, find: FieldFinder) -> tuple[Condition, ...]:
    return tuple(
        _condition(item, f"{where}.conditions.{i}", find)
        for i, item in enumerate(_list(raw, "conditions"))
    )


def _child(raw: Any, where: str, switches: Switches, find: FieldFinder) -> Group:
    if not isinstance(raw, Mapping):
        raise wrong_type(member="children", value=raw)
    if raw.get("children"):
        raise invalid_field(
            member=f"{where}.children", why="only one level of children is supported"
        )
    return Group(_conjunction(raw, where, switches), _conditions(raw, where, find))


def _condition(raw: Any, where: str, find: FieldFinder) -> Condition:
    if not isinstance(raw, Mapping):
        raise wrong_type(member="conditions", value=raw)
    for name in ("field_name", "operator"):
        if name not in raw:
            raise invalid_field(member=f"{where}.{name}", why="the field is required")
        if not isinstance(raw[name], str):
            raise wrong_type(member=name, value=raw[name])
    field = find(raw["field_name"])
    if "value" not in raw or raw["value"] is None:
        raise invalid_filter(
            correct=f"field '{field.name}' operator '{raw['operator']}' needs a value"
        )
    return Condition(field, raw["operator"], _values(raw["value"], where))


def _values(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise wrong_type(member="value", value=value)
    if len(value) > MAX_VALUES:
        raise invalid_field(member=f"{where}.value", why=f"the max len is {MAX_VALUES}")
    return tuple(value)


@dataclass(frozen=True, slots=True)
class CompiledGroup:
    """Tests of one group, each with the id of the field whose cell it takes."""

    every: bool
    tests: tuple[tuple[str, Test], ...]


@dataclass(frozen=True, slots=True)
class CompiledFilter:
    """A filter ready to run: groups joined by ``every`` (and) or any (or)."""

    every: bool
    groups: tuple[CompiledGroup, ...]


def compile_filter(wanted: Filter, rules: Rules) -> CompiledFilter:
    """Return the tests of a filter.

    Raises:
        ApiError: when an operator or value does not suit its field's type.
    """
    own = [Group(wanted.conjunction, wanted.conditions)] if wanted.conditions else []
    groups = tuple(
        CompiledGroup(
            group.conjunction == "and",
            tuple((c.field.field_id, compile_condition(c, rules)) for c in group.conditions),
        )
        for group in [*own, *wanted.children]
        if group.conditions
    )
    return CompiledFilter(wanted.conjunction == "and", groups)


def select(compiled: CompiledFilter, positions: Sequence[int], cells: Columns) -> list[int]:
    """Return the positions whose cells pass, in their order.

    Args:
        compiled: The filter.
        positions: Candidates in order.
        cells: Gives the cells of a field at some positions.
    """
    masks = [_mask(group.every, group.tests, positions, cells) for group in compiled.groups]
    joined = all if compiled.every else any
    return [position for position, *bits in zip(positions, *masks, strict=True) if joined(bits)]


Columns = Callable[[str, Sequence[int]], list[Any]]


def _mask(
    every: bool, tests: tuple[tuple[str, Test], ...], positions: Sequence[int], cells: Columns
) -> list[bool]:
    joined = all if every else any
    columns = [[test(cell) for cell in cells(name, positions)] for name, test in tests]
    if len(columns) == 1:
        return columns[0]
    return [joined(bits) for bits in zip(*columns, strict=True)]
