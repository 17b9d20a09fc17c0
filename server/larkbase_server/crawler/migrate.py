"""Moving from Glue (Flow 1) to a metadata table in Lark (Flow 2); the way back is a crawl."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_sdk.api.endpoints import BATCH_CREATE, CREATE_TABLE
from larkbase_sdk.catalog.base_source import DATABASE_BASE, TABLE_FORM, read_metadata_table
from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from larkbase_sdk.api import LarkApi
    from larkbase_sdk.catalog.catalog import Catalog
    from larkbase_sdk.options import Options

COLUMNS = (TABLE_FORM[0], DATABASE_BASE, *TABLE_FORM[1:])
"""Columns of the metadata table, in the order in which people know them."""

NEW_TABLE = "athena_metadata"
"""Name of a metadata table that is made here."""

Row = dict[str, str]
"""Text by column."""

_TEXT = 1


def glue_to_base_source(glue: Catalog, databases: Collection[str] = ()) -> list[Row]:
    """Return the rows of a metadata table that shows the same tables under the same names.

    One row a table, so that the names of the catalogue stay whatever the tables are called in
    Lark. Calls Glue once per page.

    Args:
        glue: The catalogue, a ``GlueCatalog``.
        databases: Names of the only databases wanted; all when empty.

    Raises:
        NotFound: when there is no database of a name given.
        LarkBaseError: what AWS refuses.
    """
    listed = glue.databases()
    missing = set(databases) - {item.sql_name for item in listed}
    for name in sorted(missing):
        glue.tables(name)  # its error names similar ones
    return [
        dict(
            zip(
                COLUMNS,
                (item.sql_name, item.base_id, table.sql_name, table.base_id, table.table_id),
                strict=True,
            )
        )
        for item in listed
        if not databases or item.sql_name in databases
        for table in glue.tables(item.sql_name)
    ]


def rows_as_csv(rows: Iterable[Row]) -> str:
    """Return rows as CSV text with a heading, as Lark imports it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def rows_as_json(rows: Iterable[Row]) -> str:
    """Return rows as the JSON text of a list of objects."""
    return json.dumps(list(rows), indent=2, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Written:
    """What ``write_rows`` did.

    Attributes:
        base_id: Token of the base.
        table_id: Id of the metadata table.
        created: Rows that were added.
        known: Rows that were there already.
    """

    base_id: str
    table_id: str
    created: int
    known: int

    @property
    def setting(self) -> str:
        """The entry of ``default_lark_base_sources`` that stands for the table."""
        return f"{self.base_id}:{self.table_id}"


def write_rows(
    api: LarkApi, options: Options, rows: Sequence[Row], base_id: str, table_id: str = ""
) -> Written:
    """Add rows to a metadata table in Lark; rows that it has are left alone.

    Args:
        api: Lark; the app must be allowed to edit the base.
        options: How the table is read.
        rows: What ``glue_to_base_source`` returned.
        base_id: Token of the base.
        table_id: Id of the table; a table ``athena_metadata`` is made when empty.

    Raises:
        ConfigurationError: when the table lacks one of the columns.
        LarkBaseError: Lark's error; rows of earlier calls (1000 each) stay.
    """
    if table_id:
        names = _column_names(api, base_id, table_id)
        known = _known_rows(api, options, base_id, table_id)
    else:
        table_id = _make_table(api, base_id)
        names, known = {column: column for column in COLUMNS}, set()
    new = [row for row in rows if _identity(row) not in known]
    most = BATCH_CREATE.page_size or len(new)
    for start in range(0, len(new), most):
        records = [
            {"fields": {names[column]: text for column, text in row.items()}}
            for row in new[start : start + most]
        ]
        path = {"app": base_id, "table": table_id}
        api.http.call(BATCH_CREATE, path=path, body={"records": records})
    return Written(base_id, table_id, len(new), len(rows) - len(new))


def _column_names(api: LarkApi, base_id: str, table_id: str) -> dict[str, str]:
    """Return the names of the fields by column; the exact spelling goes first."""
    fields = sorted(api.bitable.fields(base_id, table_id), key=lambda item: item.name in COLUMNS)
    names = {item.name.strip().lower(): item.name for item in fields}
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        msg = f"Table {table_id} lacks the columns {', '.join(missing)}."
        hint = "Add them as text fields, or name only the base: a table is made then."
        raise ConfigurationError(msg, hint=hint)
    return {column: names[column] for column in COLUMNS}


def _known_rows(
    api: LarkApi, options: Options, base_id: str, table_id: str
) -> set[tuple[str, ...]]:
    listing = read_metadata_table(api.bitable, options, base_id, table_id)
    return {
        (table.database.lower(), table.name.lower(), table.base_id, table.table_id)
        for database in listing.databases
        for table in database.tables
    }


def _identity(row: Row) -> tuple[str, ...]:
    database, table, base_id, table_id = (row[column] for column in TABLE_FORM)
    return database.lower(), table.lower(), base_id, table_id


def _make_table(api: LarkApi, base_id: str) -> str:
    fields = [{"field_name": column, "type": _TEXT} for column in COLUMNS]
    body = {"table": {"name": NEW_TABLE, "fields": fields}}
    return str(api.http.call(CREATE_TABLE, path={"app": base_id}, body=body)["table_id"])
