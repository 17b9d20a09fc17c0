"""Fields of an emulated table: how tests describe them and how the service lists them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from larkbase_sdk.emulator.ids import stable_id
from larkbase_sdk.emulator.kinds import Kind, kind_of

FieldSpec: TypeAlias = (
    "str | tuple[str, str] | tuple[str, str, Mapping[str, Any] | None] | Mapping[str, Any]"
)
"""A field as a test writes it: a name (text field), ``(name, ui type)``, ``(name, ui type,
property)`` or a mapping with ``field_name``, ``ui_type`` or ``type``, ``property``,
``description`` and ``field_id``."""


@dataclass(slots=True)
class EmulatedField:
    """A field: what the service lists, plus the result type of formulas and lookups."""

    field_id: str
    name: str
    kind: Kind
    property: dict[str, Any] | None
    description: str = ""
    is_primary: bool = False
    result: str = "Text"
    options: list[str] = field(default_factory=list)
    ui_type: str = field(init=False)

    def __post_init__(self) -> None:
        self.ui_type = self.kind.ui_type

    def add_option(self, name: str) -> None:
        """Add an option to a select field unless it has one of that name."""
        if name in self.options or self.property is None:
            return
        options = self.property.setdefault("options", [])
        options.append(_option(self.field_id, len(options), name))
        self.options.append(name)


def _option(field_id: str, index: int, name: str) -> dict[str, Any]:
    return {"color": index % 55, "id": stable_id("opt", 7, field_id, index), "name": name}


@dataclass(frozen=True, slots=True)
class ParsedSpec:
    """A field description after the short forms are taken apart."""

    name: str
    kind: Kind
    property: Mapping[str, Any] | None
    description: str = ""
    field_id: str | None = None


def parse_spec(spec: FieldSpec) -> ParsedSpec:
    """Return the parts of a field description; see ``FieldSpec``."""
    if isinstance(spec, str):
        return ParsedSpec(spec, kind_of("Text"), None)
    if isinstance(spec, Mapping):
        return _parse_mapping(spec)
    name, ui_type = spec[0], spec[1]
    return ParsedSpec(name, kind_of(ui_type), spec[2] if len(spec) > 2 else None)


def _parse_mapping(spec: Mapping[str, Any]) -> ParsedSpec:
    description = spec.get("description") or ""
    if isinstance(description, Mapping):
        description = description.get("text") or ""
    name = str(spec.get("field_name") or spec.get("name") or "").strip()
    kind = kind_of(spec.get("ui_type"), spec.get("type"))
    return ParsedSpec(name, kind, spec.get("property"), str(description), spec.get("field_id"))


def make_field(spec: ParsedSpec, field_id: str) -> EmulatedField:
    """Return the field that a description asks for, with default properties."""
    default = deepcopy(dict(spec.kind.property)) if spec.kind.property is not None else None
    made = EmulatedField(field_id, spec.name, spec.kind, default, spec.description)
    given = deepcopy(dict(spec.property or {}))
    options = given.pop("options", None)
    made.result = str(given.pop("result", "Text"))
    declared = given.pop("declared", False)
    if given:
        made.property = {**(made.property or {}), **given}
    if options is not None:
        _give_options(made, options)
    if declared and made.property is not None:
        made.property["type"] = _declared_type(made.result)
    return made


def _give_options(made: EmulatedField, options: Iterable[Any]) -> None:
    complete = []
    for index, item in enumerate(options):
        given = dict(item) if isinstance(item, Mapping) else {"name": str(item)}
        name = str(given.get("name", ""))
        complete.append({**_option(made.field_id, index, name), **given})
        made.options.append(name)
    made.property = {**(made.property or {}), "options": complete}


def _declared_type(ui_type: str) -> dict[str, Any]:
    kind = kind_of(ui_type)
    shown = deepcopy(dict(kind.property)) if kind.property is not None else {}
    return {"data_type": kind.type, "ui_property": shown, "ui_type": ui_type}


def infer_ui_type(values: Iterable[Any]) -> str:
    """Return the ui type that fits a column of plain Python values; empty columns are text."""
    filled = [value for value in values if value is not None]
    if not filled:
        return "Text"
    for python_types, ui_type in _INFERRED:
        if all(isinstance(value, python_types) for value in filled):
            return ui_type
    return "Text"


# bool before numbers, since a bool is an int in Python.
_INFERRED: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool,), "Checkbox"),
    ((int, float, Decimal), "Number"),
    ((date, datetime), "DateTime"),
    ((list, tuple, set), "MultiSelect"),
)
