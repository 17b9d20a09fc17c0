"""Databases that a metadata table in Lark names: one row a base, or one row a table (Flow 2)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from larkbase_sdk.api.links import is_id, is_link, parse_link
from larkbase_sdk.catalog.skipping import Skipped, UnusableSourceError
from larkbase_sdk.catalog.sources import Listing, SourcedBase, SourcedDatabase, SourcedTable
from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from larkbase_sdk.api.bitable import Bitable
    from larkbase_sdk.api.models import Field
    from larkbase_sdk.options import Options
    from larkbase_sdk.schema.table_schema import TableSchema

BASE_FORM = ("id", "name")
"""Columns of the form with one row a base."""

BASE_LISTS = ("whitelist_tables", "blacklist_tables")
"""Further columns of that form: comma lists of table ids."""

TABLE_FORM = ("database_name", "table_name", "table_lark_base_id", "table_lark_table_id")
"""Columns of the form with one row a table."""

DATABASE_BASE = "database_lark_base_id"
"""A further column of that form, which only tells databases of one name apart."""

_COLUMNS = (*BASE_FORM, *BASE_LISTS, *TABLE_FORM, DATABASE_BASE)


class LarkBaseSource:
    """A metadata table, read anew at every listing.

    Attributes:
        text: What the ``source`` column shows.
        label: What messages call it.
    """

    asked_for = True

    def __init__(self, bitable: Bitable, options: Options, base_id: str, table_id: str) -> None:
        self._bitable = bitable
        self._options = options
        self._base_id = base_id
        self._table_id = table_id
        self.text = self.label = f"metadata table {table_id}"

    def read(self) -> Listing:
        """Return what the table names; see ``read_metadata_table``."""
        return read_metadata_table(self._bitable, self._options, self._base_id, self._table_id)


def read_metadata_table(bitable: Bitable, options: Options, base_id: str, table_id: str) -> Listing:
    """Return the databases that a metadata table names.

    Two forms are understood, by their columns, whose names are matched in any letter case. With
    ``id`` and ``name`` a row is a base; ``whitelist_tables`` and ``blacklist_tables`` may narrow
    its tables. With ``database_name``, ``table_name``, ``table_lark_base_id`` and
    ``table_lark_table_id`` a row is a table. In a table with both, a row whose
    ``table_lark_table_id`` is filled is a table. Rows of one ``database_name``, letter case
    apart, make one database, whichever bases their tables lie in.

    Costs one call for the fields and one per 500 rows. Rows that are blank, incomplete, repeated
    or hold something else than ids are in ``skipped``.

    Raises:
        UnusableSourceError: the table has the columns of neither form.
        LarkBaseError: Lark's error; nothing is then known of the source.
    """
    columns = _find_columns(bitable.fields(base_id, table_id))
    _check_form(columns, table_id)
    reading = _Reading(
        table_id, columns.keys() >= set(BASE_FORM), columns.keys() >= set(TABLE_FORM)
    )
    for row in _rows(bitable, options, base_id, table_id, columns):
        reading.add(row)
    return reading.listing()


def _find_columns(fields: Sequence[Field]) -> dict[str, Field]:
    """Return the fields by the column they stand for; the exact spelling goes first."""
    found: dict[str, Field] = {}
    for item in sorted(fields, key=lambda item: item.name not in _COLUMNS):
        name = item.name.strip().lower()
        if name in _COLUMNS:
            found.setdefault(name, item)
    return found


def _check_form(columns: Mapping[str, Field], table_id: str) -> None:
    if columns.keys() >= set(BASE_FORM) or columns.keys() >= set(TABLE_FORM):
        return
    found = ", ".join(columns) or "none of them"
    msg = f"Table {table_id} is no metadata table: of the columns that it needs it has {found}."
    hint = f"It needs {' and '.join(BASE_FORM)}, or {', '.join(TABLE_FORM)}."
    raise UnusableSourceError(msg, hint=hint)


@dataclass(frozen=True, slots=True)
class _Row:
    """The texts of a row by column; "" for an empty cell."""

    record_id: str
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def token(self, column: str) -> str:
        """Return an id, which has no blanks around it."""
        return self[column].strip()

    def tokens(self, column: str) -> frozenset[str]:
        """Return the ids of a comma list."""
        return frozenset(part.strip() for part in self[column].split(",") if part.strip())

    def base(self, *columns: str) -> str:
        """Return the base that these columns name, as an id or a link; "" when they name none."""
        named = (_base_in(self.token(column)) for column in columns)
        return next(filter(None, named), "")

    def missing(self, columns: Sequence[str]) -> str:
        """Return the columns that are empty, in words."""
        return " and ".join(column for column in columns if not self.token(column))


@dataclass(slots=True)
class _Reading:
    """The rows of one metadata table on their way to databases."""

    table_id: str
    has_bases: bool
    has_tables: bool
    blank: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    _order: list[str | SourcedDatabase] = field(default_factory=list)
    _groups: dict[str, SourcedDatabase] = field(default_factory=dict)
    _seen: set[tuple[str, ...]] = field(default_factory=set)

    def add(self, row: _Row) -> None:
        """Take a row, or note why it is left out."""
        names_table = self.has_tables and (bool(row.token(TABLE_FORM[-1])) or not self.has_bases)
        needed, ids = (TABLE_FORM, TABLE_FORM[2:]) if names_table else (BASE_FORM, BASE_FORM[:1])
        if not any(text.strip() for text in row.cells.values()):
            self.blank += 1
        elif missing := row.missing(needed):
            verb = "are" if " and " in missing else "is"
            self._leave_out(row, f"{missing} {verb} empty.", names_table=names_table)
        elif odd := [column for column in ids if not is_id(row.token(column))]:
            reason = f"what stands in {' and '.join(odd)} is no id of Lark."
            self._leave_out(row, reason, names_table=names_table)
        elif names_table:
            self._add_table(row)
        else:
            self._add_base(row)

    def _add_base(self, row: _Row) -> None:
        base_id, name = row.token("id"), row["name"]
        if self._repeats(row, base_id, name.lower()):
            return
        include, exclude = (row.tokens(column) for column in BASE_LISTS)
        base = SourcedBase(base_id, name, include, exclude)
        self._order.append(SourcedDatabase(name, base_id, (base,)))

    def _add_table(self, row: _Row) -> None:
        database, name, *_ = (row[column] for column in TABLE_FORM)
        base_id, table_id = (row.token(column) for column in TABLE_FORM[2:])
        group = database.lower()
        if self._repeats(row, base_id, table_id, group, name.lower()):
            return
        if group not in self._groups:
            self._order.append(group)
            key = row.token(DATABASE_BASE)
            key = key if is_id(key) else base_id
            self._groups[group] = SourcedDatabase(database, key)
        known = self._groups[group]
        table = SourcedTable(base_id, table_id, known.name, name)
        self._groups[group] = replace(known, tables=(*known.tables, table))

    def _repeats(self, row: _Row, *content: str) -> bool:
        if content not in self._seen:
            self._seen.add(content)
            return False
        self._skip(row, "it repeats an earlier row.")
        return True

    def _leave_out(self, row: _Row, reason: str, *, names_table: bool) -> None:
        """Note a row with the base that it may still mean."""
        base_id = "" if names_table else row.base(BASE_FORM[0])
        self._skip(row, reason, base_id, row.base(TABLE_FORM[2], DATABASE_BASE))

    def _skip(self, row: _Row, reason: str, base_id: str = "", tables_of: str = "") -> None:
        what = f"row {row.record_id} of metadata table {self.table_id}"
        self.skipped.append(Skipped(what, reason, base_id, tables_of=tables_of))

    def listing(self) -> Listing:
        """Return what was read."""
        databases = tuple(
            self._groups[item] if isinstance(item, str) else item for item in self._order
        )
        if self.blank:
            rows = "1 row" if self.blank == 1 else f"{self.blank} rows"
            blank = Skipped(f"{rows} of metadata table {self.table_id}", "nothing is in it.")
            self.skipped.append(blank)
        return Listing(databases, tuple(self.skipped))


def _base_in(text: str) -> str:
    """Return the base that an id or the link of a base names, or ""."""
    if not is_link(text):
        return text if is_id(text) else ""
    try:
        link = parse_link(text)
    except ConfigurationError:
        return ""
    return link.token if link.kind == "base" else ""


def _rows(
    bitable: Bitable, options: Options, base_id: str, table_id: str, columns: Mapping[str, Field]
) -> Iterator[_Row]:
    """Yield the rows of a table as texts, in Lark's order."""
    from larkbase_sdk.read.pages import ReadContext
    from larkbase_sdk.read.plan import Part, Residual
    from larkbase_sdk.read.reader import read_part

    schema = _texts_only(base_id, table_id, columns)
    context = ReadContext(
        bitable,
        options,
        restricted=lambda: bitable.base(base_id).is_advanced,
        table=f"metadata table {table_id}",
    )
    fields = tuple(column.field_id for column in schema.columns)
    part = Part(base_id, table_id, fields, page_size=options.page_size)
    names = {item.field_id: name for name, item in columns.items()}
    titles = {column.name: names[column.field_id] for column in schema.columns}
    for batch in read_part(context, part, schema, Residual()):
        for row in batch.to_pylist():
            cells = {title: row[name] or "" for name, title in titles.items()}
            yield _Row(row["record_id"], cells)


def _texts_only(base_id: str, table_id: str, columns: Mapping[str, Field]) -> TableSchema:
    """Return a schema in which every column is text, so that any type of field will do."""
    from larkbase_sdk.schema.arrow_types import arrow_type
    from larkbase_sdk.schema.table_schema import TableSchema, build_schema

    schema = build_schema(base_id, table_id, list(columns.values()))
    text = arrow_type("string")
    as_texts = [replace(column, arrow_type=text, glue_type="string") for column in schema.columns]
    return TableSchema(base_id, table_id, "", tuple(as_texts))
