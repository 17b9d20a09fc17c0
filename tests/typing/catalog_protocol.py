"""Every catalogue and source speaks the common protocol; never run, checked by ``make types``."""

from __future__ import annotations

from larkbase_sdk.catalog.athena import QueryCatalog
from larkbase_sdk.catalog.base_source import LarkBaseSource
from larkbase_sdk.catalog.bases import BasesCatalog
from larkbase_sdk.catalog.catalog import Catalog
from larkbase_sdk.catalog.chain import ChainCatalog
from larkbase_sdk.catalog.drive_source import DriveRootSource, LarkDriveSource
from larkbase_sdk.catalog.glue import GlueCatalog
from larkbase_sdk.catalog.link_source import LinkedTableSource, LinkSource
from larkbase_sdk.catalog.sources import Source


def catalogs(
    bases: BasesCatalog, glue: GlueCatalog, query: QueryCatalog, chain: ChainCatalog
) -> list[Catalog]:
    return [bases, glue, query, chain]


def sources(
    base: LarkBaseSource,
    folder: LarkDriveSource,
    root: DriveRootSource,
    link: LinkSource,
    table: LinkedTableSource,
) -> list[Source]:
    return [base, folder, root, link, table]
