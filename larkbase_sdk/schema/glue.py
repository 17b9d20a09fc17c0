"""Columns as the Glue Data Catalog stores them: types, comments and the way back to a schema."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from larkbase_sdk.api.models import Field
from larkbase_sdk.errors import ConfigurationError, UnknownFieldType
from larkbase_sdk.schema.arrow_types import arrow_type, element_type, is_declared_as, plain_type
from larkbase_sdk.schema.field_types import (
    FIELD_TYPES,
    FORMULA,
    LOOKUP,
    UNKNOWN,
    FieldType,
    field_type_of,
)
from larkbase_sdk.schema.lookups import Resolution, innermost, parse_lark_type
from larkbase_sdk.schema.naming import unique_names
from larkbase_sdk.schema.table_schema import Column, TableSchema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from larkbase_sdk.options import NumberType

MAX_COMMENT_LENGTH = 255
"""The longest comment that Glue takes, counted here in UTF-16 units, the strictest reading."""

FIELD_ID, FIELD_NAME, UI_TYPE = "larkFieldId", "larkFieldName", "larkUIType"
"""Names of the column parameters."""

# Glue takes no control characters but the tab, no lone surrogates, no U+FFFE and U+FFFF.
_REFUSED = re.compile("[\x00-\x08\x0a-\x1f\ud800-\udfff\ufffe\uffff]")
_ID = r"\b{}=([^/\s]*)"
_BASE = re.compile(_ID.format("LarkBaseId"))
_TABLE = re.compile(_ID.format("LarkBaseTableId"))
_FIELD = re.compile(_ID.format("LarkBaseFieldId"))
_NAME = re.compile(r"\bLarkBaseFieldName(?P<form>[*~]?)=")
_TYPE_KEY = "LarkBaseFieldType="
_TYPE = re.compile(_TYPE_KEY + r"([\w<>]*)")


@dataclass(frozen=True, slots=True)
class GlueColumn:
    """A column of a Glue table: name, Hive type, comment and parameters."""

    name: str
    type: str
    comment: str = ""
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> GlueColumn:
        """Read a column as Glue's API answers it."""
        return cls(
            name=str(data["Name"]),
            type=str(data.get("Type") or "string"),
            comment=str(data.get("Comment") or ""),
            parameters=MappingProxyType(dict(data.get("Parameters") or {})),
        )

    def to_input(self) -> dict[str, Any]:
        """Return the column as Glue's API takes it."""
        result: dict[str, Any] = {"Name": self.name, "Type": self.type, "Comment": self.comment}
        if self.parameters:
            result["Parameters"] = dict(self.parameters)
        return result


@dataclass(frozen=True, slots=True)
class ColumnOrigin:
    """Which Lark field a Glue column stands for; empty texts where the catalogue does not say."""

    base_id: str = ""
    table_id: str = ""
    field_id: str = ""
    field_name: str = ""
    lark_type: str = ""

    def comment(self) -> str:
        """Return the comment of the column, at most ``MAX_COMMENT_LENGTH`` long for Lark's ids.

        The name stands in it as it is. Where Glue refuses a character of it, such as a line
        break, it is percent-encoded under the key ``LarkBaseFieldName*``; where the whole would
        be too long, its beginning stands under the key ``LarkBaseFieldName~``, and the full name
        is left to the column parameters and the field id.
        """
        head = (
            f"LarkBaseId={self.base_id}/LarkBaseTableId={self.table_id}"
            f"/LarkBaseFieldId={self.field_id}/LarkBaseFieldName"
        )
        name = f"={self.field_name}"
        if _REFUSED.search(name):
            name = f"*={_escape(self.field_name)}"
        whole = f"{head}{name}/{_TYPE_KEY}{self.lark_type}"
        return whole if _length(whole) <= MAX_COMMENT_LENGTH else self._cut(f"{head}~=")

    def _cut(self, head: str) -> str:
        tail = f"/{_TYPE_KEY}{self.lark_type}"
        if _length(head + tail) > MAX_COMMENT_LENGTH:
            tail = f"/{_TYPE_KEY}{_without_middle(self.lark_type)}"
        name = _REFUSED.sub(" ", self.field_name)
        while name and _length(head + name + tail) > MAX_COMMENT_LENGTH:
            name = name[:-1]
        return head + name + tail


def parse_comment(comment: str) -> ColumnOrigin:
    """Read a column comment as far as it can be read; never fails.

    Text before and after, missing parts and slashes in the name do no harm. The name of a
    shortened comment is empty.
    """
    found = _NAME.search(comment)
    ids = comment[: found.start()] if found else comment
    name, rest = "", comment
    if found:
        # The last key counts, since a name may hold the very same text.
        name, rest = _split_last(comment[found.end() :], f"/{_TYPE_KEY}")
        name = {"*": unquote(name, errors="surrogatepass"), "~": ""}.get(found["form"], name)
    return ColumnOrigin(
        _first(_BASE, ids), _first(_TABLE, ids), _first(_FIELD, ids), name, _first(_TYPE, rest)
    )


def origin_of(column: GlueColumn) -> ColumnOrigin:
    """Return which field a Glue column stands for: by its comment, then by its parameters."""
    origin = parse_comment(column.comment)
    parameters = column.parameters
    return replace(
        origin,
        field_id=origin.field_id or parameters.get(FIELD_ID, ""),
        field_name=origin.field_name or parameters.get(FIELD_NAME, ""),
        lark_type=origin.lark_type or parameters.get(UI_TYPE, ""),
    )


def glue_columns(schema: TableSchema, *, typed_formula_lookups: bool = False) -> list[GlueColumn]:
    """Return the columns of a table for the Glue Data Catalog.

    Args:
        schema: The table; names in ``ascii`` style without reserved names suit Glue.
        typed_formula_lookups: Declare a lookup of a formula by the formula's result. Older
            catalogues declare it as ``array<string>``, which is the default.
    """
    return [_glue_column(schema, column, typed_formula_lookups) for column in schema.columns]


def schema_from_glue(
    base_id: str,
    table_id: str,
    columns: Sequence[GlueColumn],
    *,
    table_name: str = "",
    fields: Sequence[Field] | None = None,
    number_type: NumberType = "double",
) -> TableSchema:
    """Return the schema of a table from its Glue columns, whose names and types are binding.

    A column belongs to the field with the id that its comment names, else to the one with that
    name, else (when the comment names none) to the one whose SQL name it has. Makes no call.

    Args:
        base_id: Token of the base.
        table_id: Id of the table.
        columns: The columns of the Glue table.
        table_name: Name of the table, for messages.
        fields: The table's fields as Lark lists them now. A column without a field gets an empty
            id and name. Without the list, comments are taken at their word.
        number_type: Arrow type of a bare ``decimal``.

    Warns:
        UnknownFieldType: a declared type cannot be read; that column becomes a string.
    """
    finder = _FieldFinder(fields)
    bound = tuple(_bind(column, finder, number_type) for column in columns)
    return TableSchema(base_id, table_id, table_name, bound)


class _FieldFinder:
    """The fields of a table by id, by name and by SQL name."""

    def __init__(self, fields: Sequence[Field] | None) -> None:
        listed = [
            item for item in fields or () if item.name and not field_type_of(item).skip_reason
        ]
        names = unique_names(((item.name, item.field_id) for item in listed), "ascii")
        self._known = fields is not None
        self._by_id = {item.field_id: item for item in listed}
        self._by_name = {item.name: item for item in listed[::-1]}
        self._by_sql_name = dict(zip(names, listed, strict=True))

    def find(self, column: GlueColumn, origin: ColumnOrigin) -> Field:
        if not self._known:
            return _field_as_said(column, origin)
        found = self._by_id.get(origin.field_id) or self._by_name.get(origin.field_name)
        if found is None and not origin.field_id and not origin.field_name:
            found = self._by_sql_name.get(column.name)
        return found or Field("", "", 0, "")


def _glue_column(schema: TableSchema, column: Column, typed: bool) -> GlueColumn:
    origin = ColumnOrigin(
        schema.base_id, schema.table_id, column.field_id, column.lark_name, column.lark_type
    )
    parameters = {
        FIELD_ID: origin.field_id,
        FIELD_NAME: origin.field_name,
        UI_TYPE: origin.lark_type,
    }
    untyped = column.wrapper == "lookup" and innermost(column.lark_type) == FORMULA.ui_type
    declared = "array<string>" if untyped and not typed else column.glue_type
    return GlueColumn(column.name, declared, origin.comment(), MappingProxyType(parameters))


def _bind(column: GlueColumn, finder: _FieldFinder, number_type: NumberType) -> Column:
    origin = origin_of(column)
    found = finder.find(column, origin)
    declared = column.type
    try:
        arrow = arrow_type(declared, number_type)
    except ConfigurationError as error:
        text = f"The column {column.name!r} is read as text: {error.message}"
        warnings.warn(text, UnknownFieldType, stacklevel=4)
        declared, arrow = "string", arrow_type("string")
    resolution = _resolution(declared, origin.lark_type, found)
    return Column(
        name=column.name,
        field=found,
        lark_type=origin.lark_type,
        result=resolution.result,
        wrapper=resolution.wrapper,
        arrow_type=arrow,
        glue_type=declared,
    )


def _resolution(declared: str, lark_type: str, found: Field) -> Resolution:
    """Return what the cells of a column are, by its field and, inside wrappers, by its types."""
    said = parse_lark_type(lark_type) or Resolution("", UNKNOWN)
    kind = field_type_of(found)
    if kind not in (FORMULA, LOOKUP):
        return Resolution(lark_type, kind)
    value = element_type(declared) if kind is LOOKUP else declared
    same_kind = said.wrapper == kind.ui_type.lower()
    result = said.result if same_kind else UNKNOWN
    if not is_declared_as(value or "", result.glue):
        result = _BY_GLUE.get(plain_type(value or ""), UNKNOWN)
    return Resolution(lark_type, result, "lookup" if kind is LOOKUP else "formula")


def _field_as_said(column: GlueColumn, origin: ColumnOrigin) -> Field:
    ui_type = origin.lark_type.partition("<")[0] or UNKNOWN.ui_type
    return Field(origin.field_id, origin.field_name or column.name, 0, ui_type)


def _split_last(text: str, mark: str) -> tuple[str, str]:
    """Split before the last mark; without one there is no second part."""
    at = text.rfind(mark)
    return (text, "") if at < 0 else (text[:at], text[at:])


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""


def _escape(name: str) -> str:
    """Percent-encode what Glue refuses, and the percent sign itself."""

    def encoded(match: re.Match[str]) -> str:
        return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))

    return re.sub(f"%|{_REFUSED.pattern}", encoded, name)


def _without_middle(lark_type: str) -> str:
    """Shorten ``Lookup<Lookup<…<Number>>>``, the only kind of type that can be long."""
    if lark_type.count("<") < 2:
        return lark_type
    return f"{LOOKUP.ui_type}<{innermost(lark_type)}>"


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


# What the values of a formula or lookup are when only the declared type tells. Text is left out:
# values declared as text may be anything.
_BY_GLUE: Mapping[str, FieldType] = {
    kind.glue: kind
    for kind in tuple(FIELD_TYPES.values())[::-1]
    if kind.glue != "string" and kind not in (FORMULA, LOOKUP)
}
