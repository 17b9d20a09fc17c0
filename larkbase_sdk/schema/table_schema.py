"""The schema of one Lark table: its columns with their names and types."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from larkbase_sdk.display import escape, html_card, html_table, printable, text_table
from larkbase_sdk.errors import ConfigurationError, NotFound, QueryError, UnknownFieldType, warn
from larkbase_sdk.schema.arrow_types import arrow_type, is_declared_as
from larkbase_sdk.schema.field_types import UNKNOWN, FieldType, FilterFamily, field_type_of
from larkbase_sdk.schema.formats import display_unit
from larkbase_sdk.schema.lookups import Resolution, Resolver, Wrapper
from larkbase_sdk.schema.naming import RECORD_ID, RESERVED_COLUMNS, name_key, unique_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from decimal import Decimal

    import pyarrow as pa

    from larkbase_sdk.api.models import Field
    from larkbase_sdk.options import NameStyle, NumberType

NameKind = Literal["lark", "sql"]

_NAMES_IN_HINT = 8
_OPTIONS_SHOWN = 6


@dataclass(frozen=True, slots=True, repr=False)
class Column:
    """A field as a column.

    Attributes:
        name: SQL name, unique in its table.
        field: What Lark says of the field.
        lark_type: Type as the comments of Glue columns name it: ``Text``, ``Formula<Number>``,
            ``Lookup<Lookup<Number>>``, ``Lookup<NULL>``.
        result: Type of the value; for a lookup the type of one value.
        wrapper: ``formula`` or ``lookup`` when the cell is ``{"type": …, "value": […]}``.
        arrow_type: Type of the Arrow array.
        glue_type: Type text of the Glue Data Catalog.
    """

    name: str
    field: Field
    lark_type: str
    result: FieldType
    wrapper: Wrapper | None
    arrow_type: pa.DataType
    glue_type: str

    @property
    def lark_name(self) -> str:
        """The field's own name, by which search calls address it."""
        return self.field.name

    @property
    def field_id(self) -> str:
        """The field's id; empty when the catalogue does not tell it."""
        return self.field.field_id

    @property
    def formatter(self) -> str:
        """How Lark displays the numbers, such as ``0.00``; empty when it does not say."""
        return str(self.field.property.get("formatter") or "")

    @property
    def options(self) -> tuple[str, ...]:
        """Names of a select field's options in Lark's order; two options can share a name."""
        options = self.field.property.get("options")
        if not isinstance(options, list):
            return ()
        return tuple(
            str(option.get("name") or "") for option in options if isinstance(option, dict)
        )

    @property
    def filter_family(self) -> FilterFamily:
        """Which conditions the search call accepts for this column.

        ``none`` for formulas, lookups, custom auto numbers, and for columns that a catalogue
        declares with another type than the field has.
        """
        if self.wrapper or not is_declared_as(self.glue_type, self.result.glue):
            return "none"
        if self.result.filter_family == "autonumber" and not self._is_plain_counter():
            return "none"
        return self.result.filter_family

    @property
    def sortable(self) -> bool:
        """Whether Lark sorts it in the order of the Arrow values."""
        return self.result.sortable and self.filter_family != "none"

    @property
    def is_computed(self) -> bool:
        """Whether its values may change although nobody edits the row or even the base.

        Formulas and lookups do, and nothing is known of types that this version does not know.
        """
        return self.wrapper is not None or self.result is UNKNOWN

    @property
    def details(self) -> str:
        """What else a reader wants to know: options, linked table, number format."""
        names = list(self.options[:_OPTIONS_SHOWN])
        if len(self.options) > _OPTIONS_SHOWN:
            names.append("…")
        linked = self.field.property.get("table_name")
        return ", ".join(names) or (f"→ {linked}" if linked else self.formatter)

    def row(self) -> dict[str, object]:
        """Return name, SQL name, types, details, and where conditions on it run."""
        return {
            "name": self.lark_name,
            "sql": self.name,
            "type": self.lark_type,
            "arrow": str(self.arrow_type),
            "details": self.details or None,
            "filter": "here" if self.filter_family == "none" else "server",
        }

    def __repr__(self) -> str:
        return (
            f"<Column {self.lark_name!r}, in SQL {self.name}: {self.lark_type}, {self.arrow_type}>"
        )

    def _repr_html_(self) -> str:
        return html_table([self.row()])

    def has_one_option(self, name: str) -> bool:
        """Whether exactly one option of a select field has this name."""
        return self.options.count(name) == 1

    def unit(self) -> Decimal:
        """One unit of the last digit that Lark displays, in terms of the stored number."""
        return display_unit(self.formatter)

    def _is_plain_counter(self) -> bool:
        rule = self.field.property.get("auto_serial")
        return isinstance(rule, dict) and rule.get("type") == "auto_increment_number"


@dataclass(frozen=True, slots=True)
class SkippedField:
    """A field that became no column, with the reason in a few words."""

    field: Field
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class TableSchema:
    """The columns of a Lark table, in Lark's order.

    Attributes:
        base_id: Token of the base.
        table_id: Id of the table.
        table_name: Lark's name of the table; empty when not known.
        columns: The columns; the record id, which every table has, is none of them.
        skipped: Fields that became no column.
    """

    base_id: str
    table_id: str
    table_name: str
    columns: tuple[Column, ...]
    skipped: tuple[SkippedField, ...] = ()
    _by_id: Mapping[str, Column] = field(init=False, compare=False)
    _by_lark_name: Mapping[str, Column] = field(init=False, compare=False)
    _by_sql_name: Mapping[str, Column] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # Reversed, so that the first of several columns of one Lark name wins.
        backwards = self.columns[::-1]
        indexes = {
            "_by_id": {column.field_id: column for column in backwards if column.field_id},
            "_by_lark_name": {column.lark_name: column for column in backwards if column.lark_name},
            "_by_sql_name": {name_key(column.name): column for column in backwards},
        }
        for name, index in indexes.items():
            object.__setattr__(self, name, index)

    def rows(self) -> list[dict[str, object]]:
        """Return one dict a column: name, SQL name, types, details, where conditions run."""
        return [column.row() for column in self.columns]

    def __repr__(self) -> str:
        lines = [f"{self._title}: {len(self.columns)} columns", text_table(self.rows())]
        lines.extend(f"left out: {item.field.name} ({item.reason})" for item in self.skipped)
        return printable("\n".join(lines))

    def _repr_html_(self) -> str:
        left_out = [{"left out": item.field.name, "why": item.reason} for item in self.skipped]
        parts = [html_table(self.rows())] + ([html_table(left_out)] if left_out else [])
        return html_card(escape(self._title), *parts)

    @property
    def primary(self) -> Column | None:
        """The column of the primary field; None when it became no column."""
        return next((column for column in self.columns if column.field.is_primary), None)

    def by_id(self, field_id: str) -> Column:
        """Return the column of the field with this id.

        Raises:
            NotFound: there is none.
        """
        found = self._by_id.get(field_id)
        if found is None:
            msg = f"There is no field with the id {field_id!r} in {self._title}."
            raise NotFound(msg)
        return found

    def column(self, ref: str) -> Column:
        """Return the column with this field id, Lark name or SQL name, tried in that order.

        Raises:
            QueryError: there is none; the hint names similar ones.
        """
        found = self._by_id.get(ref) or self._by_lark_name.get(ref)
        found = found or self._by_sql_name.get(name_key(ref))
        if found is None:
            raise self._unknown(ref, sql_only=False)
        return found

    def sql_column(self, name: str) -> Column:
        """Return the column with this SQL name (letter case ignored).

        Raises:
            QueryError: there is none; the hint names similar ones, first of all the SQL name of
                the field that has this very name in Lark.
        """
        found = self._by_sql_name.get(name_key(name))
        if found is None:
            raise self._unknown(name, sql_only=True)
        return found

    def to_arrow(self, names: NameKind = "lark") -> pa.Schema:
        """Return the Arrow schema: ``record_id`` and then the columns.

        Field metadata holds ``larkFieldId``, ``larkFieldName`` and ``larkUIType``. With Lark's
        names, a name that is taken already gives way to the SQL name of its column.

        Raises:
            ConfigurationError: when ``names`` is neither ``lark`` nor ``sql``.
        """
        import pyarrow as pa

        if names not in get_args(NameKind):
            msg = f"The names of the columns cannot be {names!r}."
            raise ConfigurationError(msg, hint="Use 'lark' for Lark's own names, or 'sql'.")
        titles = self._lark_titles() if names == "lark" else [item.name for item in self.columns]
        fields = [pa.field(RECORD_ID, pa.string(), nullable=False)]
        for title, column in zip(titles, self.columns, strict=True):
            fields.append(pa.field(title, column.arrow_type, metadata=_metadata(column)))
        return pa.schema(fields)

    @property
    def _title(self) -> str:
        return f"{self.table_name} ({self.table_id})" if self.table_name else self.table_id

    def _lark_titles(self) -> list[str]:
        taken = {RECORD_ID}
        titles = []
        for column in self.columns:
            title = column.lark_name if column.lark_name not in taken else column.name
            while title in taken:
                title += "_"
            taken.add(title)
            titles.append(title)
        return titles

    def _unknown(self, ref: str, *, sql_only: bool) -> QueryError:
        for skipped in self.skipped:
            if ref in (skipped.field.name, skipped.field.field_id):
                msg = f"The field {ref!r} of {self._title} is no column: {skipped.reason}."
                return QueryError(msg)
        near = self._near(ref, sql_only=sql_only)
        hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else self._names_hint()
        msg = f"There is no column {ref!r} in {self._title}."
        return QueryError(msg, hint=hint, context={"column": ref, "near": near})

    def _names_hint(self) -> str | None:
        shown = ", ".join(column.name for column in self.columns[:_NAMES_IN_HINT])
        dots = ", …" if len(self.columns) > _NAMES_IN_HINT else ""
        return f"Columns: {shown}{dots}." if shown else None

    def _near(self, ref: str, *, sql_only: bool) -> list[str]:
        """Return up to three names that a wrong one may stand for, the likeliest first."""
        if ref.lower() == RESERVED_COLUMNS[0]:
            return [RECORD_ID]
        same = self._by_id.get(ref) or self._by_lark_name.get(ref)
        if same is not None:
            return [same.name]
        known: dict[str, str] = {}
        for column in self.columns:
            known.setdefault(name_key(column.name), column.name)
            shown = column.name if sql_only else column.lark_name
            known.setdefault(column.lark_name.lower(), shown)
        close = difflib.get_close_matches(name_key(ref), known, n=3)
        return list(dict.fromkeys(known[key] for key in close))


def build_schema(
    base_id: str,
    table_id: str,
    fields: Sequence[Field],
    *,
    table_name: str = "",
    style: NameStyle = "unicode",
    number_type: NumberType = "double",
    lookup_depth: int = 20,
    fields_of: Callable[[str], Sequence[Field] | None] | None = None,
    reserved: Iterable[str] = (RECORD_ID,),
) -> TableSchema:
    """Return the schema of a table whose fields Lark listed.

    Makes no call of its own. Fields that hold no values (buttons, stages, formulas that yield
    them) and fields without a name are left out and recorded in ``skipped``.

    Args:
        base_id: Token of the base.
        table_id: Id of the table.
        fields: All fields of the table, in Lark's order.
        table_name: Lark's name of the table, for messages.
        style: Style of the SQL names.
        number_type: Arrow type of numbers, see ``arrow_type``.
        lookup_depth: How many steps from lookup to lookup are followed.
        fields_of: Gives the fields of another table of the base, or None when there is no such
            table; asked once per table, and only when a lookup leads there. Without it, only
            lookups within this table find their type.
        reserved: SQL names that no column may take; Athena and Glue reserve none.

    Warns:
        UnknownFieldType: once for each field of a type that is not in the table of types.
    """
    resolver = Resolver(table_id, fields, fields_of, lookup_depth)
    kept: list[tuple[Field, Resolution]] = []
    skipped: list[SkippedField] = []
    for item in fields:
        resolution = resolver.resolve(item)
        reason = resolution.result.skip_reason if item.name else "it has no name"
        if reason:
            skipped.append(SkippedField(item, reason))
        else:
            kept.append((item, resolution))
    names = unique_names(((item.name, item.field_id) for item, _ in kept), style, reserved)
    columns = tuple(
        _column(name, item, resolution, number_type)
        for name, (item, resolution) in zip(names, kept, strict=True)
        if name is not None
    )
    return TableSchema(base_id, table_id, table_name, columns, tuple(skipped))


def _column(name: str, item: Field, resolution: Resolution, number_type: NumberType) -> Column:
    if field_type_of(item) is UNKNOWN:
        text = (
            f"The field {item.name!r} has the type {item.ui_type or item.type!r}, which this "
            "version does not know; its values are shown as JSON text."
        )
        warn(text, UnknownFieldType)
    glue_type = resolution.glue_type
    return Column(
        name=name,
        field=item,
        lark_type=resolution.lark_type,
        result=resolution.result,
        wrapper=resolution.wrapper,
        arrow_type=arrow_type(glue_type, number_type),
        glue_type=glue_type,
    )


def _metadata(column: Column) -> dict[str, str]:
    return {
        "larkFieldId": column.field_id,
        "larkFieldName": column.lark_name,
        "larkUIType": column.lark_type,
    }
