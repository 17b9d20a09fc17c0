"""What commands about AWS share: the crawler's settings, clients of Glue, and sources in Lark."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Annotated

import typer

from larkbase_sdk.api.links import is_link, parse_link
from larkbase_sdk.errors import ConfigurationError, LarkBaseWarning

if TYPE_CHECKING:
    from larkbase_sdk.catalog.glue import GlueCatalog
    from larkbase_sdk.catalog.metadata import Metadata
    from larkbase_sdk.client import Lark
    from larkbase_server.crawler.glue_calls import GlueCalls
    from larkbase_server.crawler.source import CrawlSource
    from larkbase_server.settings import CrawlerSettings

CatalogId = Annotated[
    str | None,
    typer.Option(help="Glue catalogue (an account id); that of the caller when missing."),
]
BASE_TABLE = "--base-table"
FOLDER = "--folder"

_SECRETS = (
    "default_secret_manager_lark_app_key",
    "LARK_APP_ID_SECRET_NAME",
    "LARK_APP_SECRET_SECRET_NAME",
)


def crawler_settings() -> CrawlerSettings:
    """Return the crawler's settings as the environment has them; the secrets are not for us.

    Raises:
        ConfigurationError: when one of the variables cannot be read.

    Warns:
        LarkBaseWarning: for each that was left out.
    """
    from larkbase_server.settings import CrawlerSettings

    ours = {name: text for name, text in os.environ.items() if name not in _SECRETS}
    settings = CrawlerSettings.from_environ(ours)
    for text in settings.warnings:
        warnings.warn(text, LarkBaseWarning, stacklevel=2)
    return settings


def glue_calls(catalog_id: str | None) -> GlueCalls:
    """Return the crawler's calls to Glue; no call.

    Raises:
        ConfigurationError: boto3 is not installed, or no region is set.
    """
    from larkbase_server.crawler.glue_calls import GlueCalls, open_glue

    return GlueCalls(open_glue(), catalog_id or crawler_settings().glue_catalog)


def glue_catalog(metadata: Metadata | None, catalog_id: str | None) -> GlueCatalog:
    """Return what crawlers wrote into Glue; no call."""
    from larkbase_sdk.catalog.glue import GlueCatalog

    settings = crawler_settings()
    where = catalog_id or settings.glue_catalog
    return GlueCatalog(metadata, settings.options(), catalog_id=where)


def one_source(lark: Lark, base_table: str | None, folder: str | None) -> CrawlSource:
    """Return the metadata table or folder that a crawl is about; one call for a wiki page.

    Raises:
        ConfigurationError: when none or both are given, or a link leads to something else.
    """
    from larkbase_sdk.catalog.link_source import (
        BaseLinks,
        LinkedTableSource,
        link_of,
        metadata_table_link,
    )
    from larkbase_server.crawler.source import CrawlSource

    if bool(base_table) == bool(folder):
        msg = (
            f"{'Both' if folder else 'Neither'} {BASE_TABLE} {'and' if folder else 'nor'} {FOLDER}."
        )
        raise ConfigurationError(msg, hint="Give one of them: it says what is crawled.")
    domain = lark.api.domain
    if folder:
        return CrawlSource.of_folder(link_of(folder, "folder", domain).token)
    link = metadata_table_link(base_table or "", domain)
    return CrawlSource.of_table(*LinkedTableSource(lark.api, BaseLinks(lark.api), link).ids())


def named_source(text: str) -> CrawlSource:
    """Return the source that a text or link names, without asking Lark.

    Raises:
        ConfigurationError: when it names none.
    """
    from larkbase_server.crawler.source import CrawlSource

    if not is_link(text):
        return CrawlSource.parse(text)
    link = parse_link(text)
    if link.kind == "folder":
        return CrawlSource.of_folder(link.token)
    if link.kind == "base" and link.table_id:
        return CrawlSource.of_table(link.token, link.table_id)
    msg = f"This link names no source of databases: {link.url}"
    hint = "Take the text from larkbase glue ls, or copy the link of the table or folder."
    raise ConfigurationError(msg, hint=hint)
