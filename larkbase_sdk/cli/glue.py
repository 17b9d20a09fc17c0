"""Commands about the Glue Data Catalog: crawl into it, list it, take a source out of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from larkbase_sdk.cli.ask import ask
from larkbase_sdk.cli.aws import (
    BASE_TABLE,
    FOLDER,
    CatalogId,
    crawler_settings,
    glue_calls,
    glue_catalog,
    named_source,
    one_source,
)
from larkbase_sdk.cli.common import local_report_command, report_command
from larkbase_sdk.cli.failures import SERVICE
from larkbase_sdk.cli.session import Session  # noqa: TC001 (typer reads annotations)
from larkbase_sdk.cli.text import count
from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from larkbase_server.crawler.result import CrawlResult


@report_command
def crawl(
    session: Session,
    base_table: Annotated[
        str | None,
        typer.Option(
            BASE_TABLE, metavar="LINK", help="Metadata table: link or <base id>:<table id>."
        ),
    ] = None,
    folder: Annotated[
        str | None, typer.Option(FOLDER, metavar="LINK", help="Drive folder: link or token.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show the difference, table by table.")
    ] = False,
    retype: Annotated[
        bool,
        typer.Option("--retype", help="Declare all types as this version does; else they stay."),
    ] = False,
    catalog_id: CatalogId = None,
) -> None:
    """Bring the Glue Data Catalog in line with a metadata table or a Drive folder.

    Does what the crawler's Lambda function does, with the credentials of this profile. Exit code
    1 when something could not be read or written; the rest was done.
    """
    from larkbase_server.crawler.crawl import crawl as run_crawl
    from larkbase_server.crawler.request import CrawlRequest

    settings = crawler_settings()
    glue = glue_calls(catalog_id)
    with session.lark() as lark:
        request = CrawlRequest(one_source(lark, base_table, folder), dry_run, retype)
        result = run_crawl(
            lark.api, glue, request, settings.options(), lake_formation=settings.lake_formation
        )
        _report(session, result)
        cost = f"{count(lark.stats.calls, 'call')} to Lark"
    session.output.done(f"{_done(result)}, {cost}")
    if dry_run:
        again = (("--base-table", base_table), ("--folder", folder), ("--catalog-id", catalog_id))
        words = [word for name, value in again if value for word in (name, value)]
        flags = ["--retype"] if retype else []
        session.output.next(session.command("glue", "crawl", *words, *flags), "writes it")
    else:
        session.output.next(_listing(session, catalog_id))
    _end(result)


@local_report_command
def ls(
    session: Session,
    database: Annotated[
        str | None, typer.Argument(metavar="DB", help="A Glue database.", show_default=False)
    ] = None,
    catalog_id: CatalogId = None,
) -> None:
    """List what crawlers wrote into Glue: the databases with their sources, or one's tables.

    Lark is not asked. What was not made from Lark is not shown.
    """
    if database is None:
        _list_databases(session, catalog_id)
    else:
        _list_tables(session, database, catalog_id)


def _list_databases(session: Session, catalog_id: str | None) -> None:
    from larkbase_server.crawler.source import parse_location

    found = [
        (item.name, parse_location(item.location)) for item in glue_calls(catalog_id).databases()
    ]
    rows = [
        {"database": name, "source": place[0].data_source, "method": place[0].method}
        for name, place in found
        if place is not None
    ]
    session.output.rows(rows, empty="Glue has no database that was made from Lark.")
    if rows:
        session.output.next(_listing(session, catalog_id, str(rows[0]["database"])))


def _list_tables(session: Session, database: str, catalog_id: str | None) -> None:
    tables = glue_catalog(None, catalog_id).tables(database)
    rows = [
        {
            "table": table.name,
            "id": table.table_id,
            "base": table.base_id,
            "columns": len(table.declared or ()),
        }
        for table in tables
    ]
    session.output.rows(rows, empty=f'The database "{database}" has no tables made from Lark.')


def _listing(session: Session, catalog_id: str | None, database: str | None = None) -> str:
    where = [] if catalog_id is None else ["--catalog-id", catalog_id]
    return session.command("glue", "ls", database, *where)


@local_report_command
def drop(
    session: Session,
    source: Annotated[
        str,
        typer.Option(
            metavar="SOURCE",
            help="What was crawled: <base id>:<table id>, a folder token, or its link.",
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    catalog_id: CatalogId = None,
) -> None:
    """Delete from Glue what was made from one source, and nothing else.

    Shows first what would be deleted, and asks; without a terminal, --yes is needed. Lark is not
    asked, and nothing changes there.
    """
    from larkbase_server.crawler.crawl import drop as run_drop

    wanted, glue = named_source(source), glue_calls(catalog_id)
    if not yes:
        plan = run_drop(wanted, glue)
        _report(session, plan)
        if not (plan.databases["deleted"] or plan.tables["deleted"]):
            session.output.done("there is nothing to delete")
            _end(plan)
            return
        if not _confirmed(plan):
            session.output.done("nothing was deleted")
            return
    result = run_drop(wanted, glue, dry_run=False)
    _report(session, result)
    session.output.done(_done(result))
    _end(result)


def _confirmed(plan: CrawlResult) -> bool:
    """Tell whether a person says yes.

    Raises:
        ConfigurationError: when there is nobody to ask.
    """
    if not sys.stdin.isatty():
        msg = "Nothing was deleted, since nobody could be asked."
        raise ConfigurationError(msg, hint="Add --yes to delete what is listed.")
    tables = count(plan.tables["deleted"], "table")
    databases = count(plan.databases["deleted"], "database")
    return ask(f"Delete {tables} and {databases}? [y/N] ").lower() in ("y", "yes")


def _report(session: Session, result: CrawlResult) -> None:
    session.output.report(str(result), [result.to_dict()])


def _done(result: CrawlResult) -> str:
    """Return the figures of a report in one line."""
    parts = [f"{count(number, 'table')} {end}" for end, number in result.tables.items() if number]
    mode = "dry run: " if result.dry_run else ""
    return f"{mode}{', '.join(parts) or 'no tables'}"


def _end(result: CrawlResult) -> None:
    if result.failures:
        raise typer.Exit(SERVICE)
