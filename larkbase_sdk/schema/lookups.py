"""Types of the results of formulas and lookups, found by following chains of lookups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from larkbase_sdk.schema.field_types import (
    FORMULA,
    LOOKUP,
    NUMBER,
    TEXT,
    UNKNOWN,
    FieldType,
    field_type_of,
    find_type,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_sdk.api.models import Field

Wrapper = Literal["formula", "lookup"]
NO_TARGET = "NULL"
_ORIGINAL_VALUES, _COUNT = 0, 2


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a field holds.

    Attributes:
        lark_type: The type as the comments of Glue columns name it, such as ``Lookup<Number>``.
        result: The type of the value, or of one value of a lookup.
        wrapper: Set when a cell is ``{"type": …, "value": […]}`` around the values.
    """

    lark_type: str
    result: FieldType
    wrapper: Wrapper | None = None

    @property
    def glue_type(self) -> str:
        """The Glue type of the column: an array of the results for a lookup."""
        return f"array<{self.result.glue}>" if self.wrapper == "lookup" else self.result.glue


class Resolver:
    """Finds what the fields of one table hold; asks for the fields of another table once.

    Args:
        table_id: The table that the fields belong to.
        fields: All its fields.
        fields_of: Gives the fields of another table, or None when there is no such table.
        depth: How many steps from lookup to lookup are followed.
    """

    def __init__(
        self,
        table_id: str,
        fields: Sequence[Field],
        fields_of: Callable[[str], Sequence[Field] | None] | None = None,
        depth: int = 20,
    ) -> None:
        self._table_id = table_id
        self._tables: dict[str, Mapping[str, Field]] = {table_id: _by_id(fields)}
        self._fields_of = fields_of
        self._depth = depth

    def resolve(self, field: Field) -> Resolution:
        """Return what a field of the table holds. May call ``fields_of``, whose errors pass."""
        kind = field_type_of(field)
        if kind is FORMULA:
            return _formula(field)
        if kind is LOOKUP:
            return self._lookup(field)
        return Resolution(kind.ui_type, kind)

    def _lookup(self, field: Field) -> Resolution:
        chain, end = self._follow(field)
        name, result = _end_of_chain(end)
        for link in reversed(chain):
            result = _rolled_up(link, result)
        lark_type = "Lookup<" * len(chain) + name + ">" * len(chain)
        return Resolution(lark_type, result, "lookup")

    def _follow(self, field: Field) -> tuple[list[Field], Field | None]:
        """Return the lookups of a chain and the field at its end, None when there is none."""
        chain = [field]
        visited = {(self._table_id, field.field_id)}
        while True:
            table_id, field_id = _target(chain[-1])
            found = self._field(table_id, field_id)
            if found is None or field_type_of(found) is not LOOKUP:
                return chain, found
            if (table_id, field_id) in visited or len(chain) > self._depth:
                return chain, None
            visited.add((table_id, field_id))
            chain.append(found)

    def _field(self, table_id: str, field_id: str) -> Field | None:
        if not table_id or not field_id:
            return None
        if table_id not in self._tables:
            fields = self._fields_of(table_id) if self._fields_of else None
            self._tables[table_id] = _by_id(fields or ())
        return self._tables[table_id].get(field_id)


def parse_lark_type(text: str) -> Resolution | None:
    """Return what a type text such as ``Lookup<Lookup<Number>>`` says; None for no type at all.

    The result of a formula without a named result is not known; a reader takes it as text.
    """
    words = [word.strip() for word in text.rstrip("> ").split("<")]
    kinds = [find_type(word) for word in words if word]
    if not kinds:
        return None
    wrapper: Wrapper | None = None
    if kinds[0] is LOOKUP:
        wrapper = "lookup"
    elif kinds[0] is FORMULA:
        wrapper = "formula"
    result = UNKNOWN if kinds[-1] in (LOOKUP, FORMULA) and wrapper else kinds[-1]
    return Resolution(text, result, wrapper)


def innermost(lark_type: str) -> str:
    """Return the ``Number`` of ``Lookup<Lookup<Number>>``; a type without brackets is itself."""
    return lark_type.rstrip(">").rpartition("<")[2]


def _by_id(fields: Sequence[Field]) -> dict[str, Field]:
    return {field.field_id: field for field in fields}


def _formula(field: Field) -> Resolution:
    result = _formula_result(field)
    name = TEXT.ui_type if result is None else result.ui_type
    return Resolution(f"Formula<{name}>", result or UNKNOWN, "formula")


def _formula_result(field: Field) -> FieldType | None:
    """Return the declared result, None where the base declares none (``formula_type`` 1)."""
    declared = _mapping(field.property.get("type"))
    ui_type, number = declared.get("ui_type"), declared.get("data_type")
    if ui_type:
        return find_type(str(ui_type))
    return find_type("", number) if isinstance(number, int) else None


def _end_of_chain(field: Field | None) -> tuple[str, FieldType]:
    """Return the name and type of what a chain of lookups ends in.

    A formula is named without its result there, as the comments of Glue columns always did.
    """
    if field is None or field_type_of(field).skip_reason:
        return NO_TARGET, UNKNOWN
    kind = field_type_of(field)
    if kind is not FORMULA:
        return kind.ui_type, kind
    result = _formula_result(field) or UNKNOWN
    return (NO_TARGET, UNKNOWN) if result.skip_reason else (kind.ui_type, result)


def _target(lookup: Field) -> tuple[str, str]:
    """Return the table id and field id that a lookup shows; empty where Lark does not say."""
    filter_info = _mapping(lookup.property.get("filter_info"))
    table_id = filter_info.get("target_table")
    field_id = lookup.property.get("target_field")
    return str(table_id or ""), str(field_id or "")


def _rolled_up(lookup: Field, values: FieldType) -> FieldType:
    """Return the type of what a lookup makes of the values that it finds.

    0 means the original values, 2 their count (both seen live). What other numbers mean is not
    known: of numbers they make numbers, of anything else maybe a count, a text or a date.
    """
    roll_up = lookup.property.get("roll_up")
    if roll_up in (None, _ORIGINAL_VALUES):
        return values
    return NUMBER if roll_up == _COUNT or values.shape == "number" else UNKNOWN


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
