"""The catalogue of the Athena connector: the flows that its settings switch on, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.catalog.athena import AthenaMetadata
from larkbase_sdk.catalog.athena_table import MetadataTable, MetadataTableQuery
from larkbase_sdk.catalog.base_source import LarkBaseSource
from larkbase_sdk.catalog.bases import BasesCatalog
from larkbase_sdk.catalog.chain import ChainCatalog
from larkbase_sdk.catalog.drive_source import LarkDriveSource
from larkbase_sdk.catalog.glue import GlueCatalog
from larkbase_sdk.catalog.metadata import Metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from larkbase_sdk.api import LarkApi
    from larkbase_sdk.catalog.sources import Source
    from larkbase_sdk.options import Options
    from larkbase_server.settings import ConnectorSettings


def open_metadata(settings: ConnectorSettings, api: LarkApi) -> Metadata:
    """Return what Lark says of bases and tables, with names as Athena has them; no call."""
    return Metadata(api.bitable, settings.options(), reserved=())


def open_catalog(
    settings: ConnectorSettings, api: LarkApi, metadata: Metadata | None = None
) -> ChainCatalog:
    """Return what the connector finds with these settings; no call, clients are made when used.

    Keep it: what it reads is remembered for ``settings.metadata_ttl`` seconds.

    Args:
        settings: Which flows are on.
        api: Lark.
        metadata: What ``open_metadata`` returned, to be shared with others.
    """
    options = settings.options()
    metadata = metadata or open_metadata(settings, api)
    sources = list(_sources(settings, options, api))
    return ChainCatalog(
        glue=_glue(settings, options, metadata),
        bases=BasesCatalog(metadata, options, sources) if sources else None,
        athena=_athena(settings, options, metadata),
        access=settings.access,
    )


def _sources(settings: ConnectorSettings, options: Options, api: LarkApi) -> Iterator[Source]:
    """Yield the metadata tables of Flow 2, then the folders of Flow 3."""
    if settings.base_source_active:
        for ids in settings.base_sources:
            yield LarkBaseSource(api.bitable, options, *ids)
    if settings.drive_source_active:
        for token in settings.drive_sources:
            yield LarkDriveSource(api.drive, token)


def _glue(settings: ConnectorSettings, options: Options, metadata: Metadata) -> GlueCatalog | None:
    if settings.disable_glue:
        return None
    return GlueCatalog(metadata, options, catalog_id=settings.glue_catalog)


def _athena(
    settings: ConnectorSettings, options: Options, metadata: Metadata
) -> AthenaMetadata | None:
    if not settings.experimental_active:
        return None
    table = MetadataTable(
        catalog=settings.metadata_catalog,
        database=settings.metadata_database,
        table=settings.metadata_table,
        workgroup=settings.metadata_workgroup,
        output=settings.metadata_location,
        poll=settings.metadata_poll,
        timeout=settings.metadata_timeout,
    )
    return AthenaMetadata(metadata, options, table=MetadataTableQuery(table))
