"""Commands that take snapshots of databases and compare them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from larkbase_sdk.api.links import is_link
from larkbase_sdk.cli.common import data_command
from larkbase_sdk.cli.session import Session  # noqa: TC001 (typer reads annotations)
from larkbase_sdk.cli.text import command

if TYPE_CHECKING:
    from larkbase_sdk.snapshot.snapshot import Snapshot
    from larkbase_sdk.table import Database


@data_command
def snapshot(
    session: Session,
    database: Annotated[
        str,
        typer.Argument(metavar="DB", help="Name, id or link of a database.", show_default=False),
    ],
    to: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Where the files go.", show_default=False)
    ],
    table: Annotated[
        list[str] | None,
        typer.Option("--table", "-t", metavar="TABLE", help="Only this table; may be repeated."),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read every table in full.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell tables, rows, calls and time; write nothing.")
    ] = False,
) -> None:
    """Store the tables of a database as Parquet files, with their schema.

    What did not change since the last snapshot in the folder is kept, and a run that broke off is
    resumed. The snapshot before stays whole until the new one is complete.
    """
    session.output.check()
    with session.lark(database) as lark:
        found, tables = lark.database(database), table or None
        if dry_run:
            plan = found.snapshot(to, tables=tables, incremental=not full, dry_run=True)
            session.output.rows(plan.rows(), empty="The database has no tables.")
            session.output.note(plan.summary())
            wanted = [word for name in table or () for word in ("--table", name)]
            again = session.command("snapshot", database, to, *wanted, "--full" if full else None)
            session.output.next(again)
            return
        stored = found.snapshot(to, tables=tables, incremental=not full)
        session.output.rows(stored.tables.rows(), empty="The database has no tables.")
        session.done(lark, len(stored.tables), "table", f" in {to}")
    session.output.next(command("ls", database, "--snapshot", to), "without the network")


@data_command
def diff(
    session: Session,
    before: Annotated[
        str,
        typer.Argument(
            metavar="BEFORE", help="Folder of a snapshot, or a live database.", show_default=False
        ),
    ],
    after: Annotated[
        str,
        typer.Argument(
            metavar="AFTER", help="Folder of a snapshot, or a live database.", show_default=False
        ),
    ],
    cells: Annotated[
        bool, typer.Option("--cells", help="Every row and cell that changed, one a line.")
    ] = False,
) -> None:
    """Tell which tables, fields and rows are new, gone or changed between two states.

    A live database is read in full. Example: larkbase diff data/crm-monday data/crm
    """
    from larkbase_sdk.snapshot.diff import diff as compare

    session.output.check()
    with ExitStack() as connections:
        states = [_state(session, text, connections) for text in (before, after)]
        found = compare(*states)
    if cells:
        session.output.records(found.to_arrow().to_reader())
        return
    session.output.rows(found.rows(), empty="Nothing changed.")
    if not found.is_empty:
        session.output.next(session.command("diff", before, after, "--cells"), "every cell")


def _state(session: Session, text: str, connections: ExitStack) -> Snapshot | Database:
    """Return the snapshot in a folder, or else the live database of that name.

    Raises:
        SnapshotError: when a path leads to no snapshot.
    """
    from larkbase_sdk.snapshot.snapshot import open_snapshot

    path = Path(text).expanduser()
    if not is_link(text) and (path.exists() or len(path.parts) > 1):
        return open_snapshot(path)
    return connections.enter_context(session.lark(text)).database(text)
