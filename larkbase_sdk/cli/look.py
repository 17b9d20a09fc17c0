"""Commands that look around: databases, tables, columns."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Annotated

import typer

from larkbase_sdk.catalog.skipping import OWN_FAULTS
from larkbase_sdk.cli.arguments import TableArgument, table_reference
from larkbase_sdk.cli.common import reading_command
from larkbase_sdk.cli.session import Session  # noqa: TC001 (typer reads annotations)
from larkbase_sdk.errors import SourceSkipped

if TYPE_CHECKING:
    from larkbase_sdk.client import Lark
    from larkbase_sdk.table import Table


@reading_command
def ls(
    session: Session,
    database: Annotated[
        str | None,
        typer.Argument(metavar="DB", help="Name, id or link of a database.", show_default=False),
    ] = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="Count the rows too; costs further calls.")
    ] = False,
) -> None:
    """List the databases, or the tables of one.

    Lark has no list of all bases: known are those whose link was given (LARKBASE_URL), those that
    a folder, a wiki page or a metadata table names, and those in the Drive root of the app.
    Listing tables costs one call a table, for its fields. With --rows it costs one more, and on a
    base with advanced permissions one for every 500 rows.
    """
    with session.lark(database) as lark:
        if database is None:
            _list_databases(session, lark)
        else:
            _list_tables(session, lark, database, count_rows=rows)


def _list_databases(session: Session, lark: Lark) -> None:
    found = lark.databases.rows()
    listed = [
        {"database": row["name"], "source": row["source"], "id": row["id"], "url": row["url"]}
        for row in found
    ]
    session.output.rows(listed, empty="No database is known.")
    if found:
        session.output.next(session.command("ls", str(found[0]["name"])))
    else:
        why = "an app sees only what was shared with it"
        session.output.next(session.command("ls", "<paste the link of a base>"), why)


def _list_tables(session: Session, lark: Lark, reference: str, *, count_rows: bool) -> None:
    database = lark.database(reference)
    listed = database.catalog_tables()
    # All field lists at the same time; what cannot be read is warned of there.
    unread = {skipped.token for skipped in lark.metadata.prefetch(listed)}
    tables = [database.table_of(item) for item in listed]
    rows = [
        _table_row(table, readable=table.id not in unread, count_rows=count_rows)
        for table in tables
    ]
    session.output.rows(rows, empty=f'The database "{database.name}" has no tables.')
    if tables:
        session.output.next(session.command("head", table_reference(reference, tables[0])))


def _table_row(table: Table, *, readable: bool, count_rows: bool) -> dict[str, object]:
    names = ["table", "id", *(["rows"] if count_rows else []), "fields", "primary"]
    row: dict[str, object] = dict.fromkeys(names)
    row |= {"table": table.name, "id": table.id}
    if readable:
        primary = table.schema.primary
        row["fields"] = len(table.schema.columns)
        row["primary"] = primary.lark_name if primary is not None else None
        if count_rows:
            row["rows"] = _count(table)
    return row


def _count(table: Table) -> int | None:
    try:
        return table.count()
    except OWN_FAULTS as error:
        text = f'The rows of table "{table.name}" cannot be counted: {error}'
        warnings.warn(text, SourceSkipped, stacklevel=2)
        return None


@reading_command
def schema(session: Session, table: TableArgument) -> None:
    """Show the columns of a table: both names, types, options, and where conditions run."""
    with session.lark(table) as lark:
        found = lark.table(table).schema
        session.output.rows(found.rows(), empty="The table has no readable column.")
        for skipped in found.skipped:
            session.output.note(f"no column: {skipped.field.name} ({skipped.reason})")
    session.output.next(session.command("head", table))
