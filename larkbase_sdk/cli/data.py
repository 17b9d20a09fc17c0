"""Commands that read records and files, or tell how they would be read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from larkbase_sdk.cli.arguments import (
    Columns,
    Limit,
    OrderBy,
    TableArgument,
    View,
    Where,
    names,
    order,
)
from larkbase_sdk.cli.common import data_command, reading_command
from larkbase_sdk.cli.session import Session  # noqa: TC001 (typer reads annotations)
from larkbase_sdk.cli.sql import STATEMENT, explain_statement
from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from larkbase_sdk.client import Lark
    from larkbase_sdk.explanation import Plan
    from larkbase_sdk.scan import Scan


@reading_command
def head(
    session: Session,
    table: TableArgument,
    rows: Annotated[int, typer.Option("-n", "--rows", min=0, help="How many rows.")] = 5,
) -> None:
    """Show the first rows of a table."""
    with session.lark(table) as lark:
        reader = lark.table(table).scan(limit=rows).to_reader(names=session.names)
        session.done(lark, session.output.records(reader))
    session.output.next(session.command("export", table, "--to", "rows.parquet"), "every row")


@reading_command
def export(
    session: Session,
    table: TableArgument,
    to: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="File to write: .parquet .csv .arrow .feather .ndjson .json; - is stdout.",
        ),
    ] = "-",
    where: Where = None,
    columns: Columns = None,
    view: View = None,
    order_by: OrderBy = None,
    limit: Limit = None,
) -> None:
    """Write the rows of a table to a file or to stdout, page by page.

    Example: larkbase export CRM.Orders --where "status = 'Open'" --to open.parquet
    """
    target = None if to == "-" else Path(to).expanduser()
    session.output.check(target)
    with session.lark(table) as lark:
        scan = _scan(lark, table, where, columns, view, order_by, limit)
        rows = session.output.records(scan.to_reader(names=session.names), target)
        session.done(lark, rows, where=f" in {target}" if target else "")
    session.output.next(session.command("schema", table), "the columns and their types")


@reading_command
def explain(
    session: Session,
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE|SQL",
            help='"Database.Table", a link, or an SQL statement (- for stdin).',
            show_default=False,
        ),
    ],
    where: Where = None,
    columns: Columns = None,
    view: View = None,
    order_by: OrderBy = None,
    limit: Limit = None,
) -> None:
    """Tell what a read would send to Lark, what it would check here, and what it would cost."""
    given = {
        "--where": where, "--columns": columns, "--view": view, "--order-by": order_by,
        "--limit": None if limit is None else str(limit),
    }  # fmt: skip
    again = [word for flag, value in given.items() if value is not None for word in (flag, value)]
    if table == "-" or STATEMENT.match(table):
        _refuse(again)
        explain_statement(session, table)
        return
    with session.lark(table) as lark:
        found = _scan(lark, table, where, columns, view, order_by, limit).explain()
        session.output.report(repr(found), [_explained(found)])
    session.output.next(session.command("export", table, *again, "--to", "rows.parquet"))


@data_command
def attachments(
    session: Session,
    table: TableArgument,
    column: Annotated[
        str,
        typer.Argument(metavar="COLUMN", help="The attachment column.", show_default=False),
    ],
    to: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Where to put the files.", show_default=False)
    ],
    where: Where = None,
    view: View = None,
    limit: Limit = None,
    workers: Annotated[int, typer.Option(min=1, help="Files downloaded at the same time.")] = 4,
) -> None:
    """Download the files of an attachment column; those that are there are kept.

    Exit code 1 when some files could not be downloaded; the others are there.
    """
    with session.lark(table) as lark:
        found = lark.table(table).attachments(column, where=where, view=view, limit=limit)
        result = found.download(to, workers=workers)
        rows = list(_records(result))
        session.output.rows(rows, empty="The column holds no files.")
        session.done(lark, len(rows), "file", f" in {to}")
    if any(str(row["status"]).startswith("failed") for row in rows):
        raise typer.Exit(1)


def _refuse(options: list[str]) -> None:
    if options:
        msg = f"{options[0]} is for tables; a statement says it itself."
        raise ConfigurationError(msg, hint="Leave the option out.")


def _scan(
    lark: Lark,
    table: str,
    where: str | None,
    columns: str | None,
    view: str | None,
    order_by: str | None,
    limit: int | None,
) -> Scan:
    return lark.table(table).scan(
        columns=names(columns), where=where, view=view, order_by=order(order_by), limit=limit
    )


def _records(frame: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Yield the rows of a DataFrame with None for what is missing."""
    objects = frame.astype(object).where(frame.notna(), None)
    for values in objects.itertuples(index=False, name=None):
        yield dict(zip(frame.columns, values, strict=True))


def _explained(found: Plan) -> dict[str, object]:
    """Return an explanation as one row for programs."""
    return {
        "table": found.label,
        "on_server": list(found.on_server),
        "here": list(found.here),
        "notes": list(found.notes),
        "fields_read": found.fields_read,
        "fields_total": found.fields_total,
        "order_by": list(found.order),
        "limit": found.limit,
        "pages": found.strategy,
        "rows": found.rows,
        "calls": found.calls,
        "seconds": found.seconds,
    }
