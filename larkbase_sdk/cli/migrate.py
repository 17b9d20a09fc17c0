"""Commands for moving from one flow to another: rows of a metadata table, and a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from larkbase_sdk.cli.aws import BASE_TABLE, FOLDER, CatalogId, crawler_settings, glue_catalog
from larkbase_sdk.cli.common import report_command
from larkbase_sdk.cli.failures import SERVICE
from larkbase_sdk.cli.session import Session  # noqa: TC001 (typer reads annotations)
from larkbase_sdk.cli.text import count
from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from larkbase_sdk.api.links import Link
    from larkbase_sdk.catalog.bases import BasesCatalog
    from larkbase_sdk.catalog.metadata import Metadata
    from larkbase_sdk.catalog.sources import Source
    from larkbase_sdk.client import Lark
    from larkbase_server.crawler.migrate import Row


@report_command
def glue_to_base_source(
    session: Session,
    database: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this Glue database; may be repeated."),
    ] = None,
    write: Annotated[
        str | None,
        typer.Option(
            metavar="LINK",
            help="Add the rows to this metadata table; the link of a base makes a table there.",
        ),
    ] = None,
    catalog_id: CatalogId = None,
) -> None:
    """Make the rows of a metadata table that shows what Glue shows, under the same names.

    Without --write only Glue is asked, and the rows go to stdout.

    Example: larkbase migrate glue-to-base-source --format csv > athena_metadata.csv
    """
    from larkbase_server.crawler.migrate import glue_to_base_source as make_rows

    rows = make_rows(glue_catalog(None, catalog_id), database or ())
    if write is not None:
        _write(session, rows, write)
        return
    session.output.rows(rows, empty="Glue has no table that was made from Lark.")
    session.output.done(count(len(rows), "row"))
    again = [word for name in database or () for word in ("--database", name)]
    command = session.command(
        "migrate", "glue-to-base-source", *again, "--write", "<paste the link of a base>"
    )
    session.output.next(command)


def _write(session: Session, rows: list[Row], target: str) -> None:
    from larkbase_server.crawler.migrate import write_rows

    with session.lark() as lark:
        base_id, table_id = _place(lark, target)
        settings = crawler_settings()
        written = write_rows(lark.api, settings.options(), rows, base_id, table_id)
    session.output.rows(
        [{"source": written.setting, "created": written.created, "known": written.known}]
    )
    session.output.done(f"{count(written.created, 'row')} written, {written.known} were there")
    session.output.next(
        session.command("migrate", "verify", BASE_TABLE, written.setting),
        f"default_lark_base_sources={written.setting} lets the connector read it",
    )


def _place(lark: Lark, target: str) -> tuple[str, str]:
    """Return base and table id of what rows are written to; no table for the link of a base."""
    from larkbase_sdk.api.links import check_host, is_link, parse_link
    from larkbase_sdk.catalog.link_source import BaseLinks

    if not is_link(target):
        msg = f"{target!r} is no link."
        raise ConfigurationError(msg, hint="Open the base in Lark and copy its link.")
    link: Link = parse_link(target)
    check_host(link, lark.api.domain)
    return BaseLinks(lark.api).base_of(link), link.table_id or ""


@report_command
def verify(
    session: Session,
    base_table: Annotated[
        list[str] | None,
        typer.Option(
            BASE_TABLE,
            metavar="LINK",
            help="Metadata table: link or <base id>:<table id>; may be repeated.",
        ),
    ] = None,
    folder: Annotated[
        list[str] | None,
        typer.Option(FOLDER, metavar="LINK", help="Drive folder: link or token; may be repeated."),
    ] = None,
    rows: Annotated[bool, typer.Option(help="Count the rows of every table too.")] = True,
    catalog_id: CatalogId = None,
) -> None:
    """Compare what Glue shows with what metadata tables and folders show directly.

    Names, ids, columns, types and numbers of rows are compared. Exit code 1 when they differ.
    """
    from larkbase_sdk.catalog.metadata import Metadata
    from larkbase_server.crawler.verify import verify as compare

    if not base_table and not folder:
        msg = f"Neither {BASE_TABLE} nor {FOLDER}."
        raise ConfigurationError(msg, hint="Give at least one: Glue is compared with it.")
    with session.lark() as lark:
        metadata = Metadata(lark.api.bitable, crawler_settings().options(), reserved=())
        direct = _direct(lark, metadata, base_table or (), folder or ())
        found = compare(lark, glue_catalog(metadata, catalog_id), direct, rows=rows)
        session.output.report(str(found), [found.to_dict()])
        cost = f"{count(lark.stats.calls, 'call')} to Lark"
    session.output.done(f"{count(len(found.tables), 'table')} compared, {cost}")
    if not found.agrees:
        raise typer.Exit(SERVICE)


def _direct(
    lark: Lark, metadata: Metadata, tables: list[str] | tuple[()], folders: list[str] | tuple[()]
) -> BasesCatalog:
    """Return the databases of metadata tables and folders under the names that Athena sees."""
    from larkbase_sdk.catalog.bases import BasesCatalog
    from larkbase_sdk.catalog.drive_source import LarkDriveSource
    from larkbase_sdk.catalog.link_source import (
        BaseLinks,
        LinkedTableSource,
        link_of,
        metadata_table_link,
    )

    domain, links = lark.api.domain, BaseLinks(lark.api)
    sources: list[Source] = [
        *(LinkedTableSource(lark.api, links, metadata_table_link(text, domain)) for text in tables),
        *(
            LarkDriveSource(lark.api.drive, link_of(text, "folder", domain).token)
            for text in folders
        ),
    ]
    return BasesCatalog(metadata, crawler_settings().options(), sources)
