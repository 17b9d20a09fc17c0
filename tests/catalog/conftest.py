"""Metadata tables, and a catalogue as the connector builds it from sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from larkbase_sdk.catalog.base_source import LarkBaseSource, read_metadata_table
from larkbase_sdk.catalog.bases import BasesCatalog
from larkbase_sdk.catalog.drive_source import LarkDriveSource
from larkbase_sdk.catalog.metadata import Metadata
from larkbase_sdk.catalog.sources import Listing
from larkbase_sdk.options import Options

TableMaker = Callable[..., Any]


@pytest.fixture
def metadata_table(lark_emulator) -> TableMaker:
    """Makes a table of text columns in the base ``Metadata``."""

    def make(
        columns: Iterable[str], rows: Iterable[Mapping[str, Any]], name: str = "databases"
    ) -> Any:
        fields = [column if isinstance(column, tuple) else (column, "Text") for column in columns]
        return lark_emulator.database("Metadata").table(name, fields=fields, rows=rows)

    return make


@pytest.fixture
def read(lark) -> Callable[[Any], Listing]:
    """Reads a metadata table of the emulator."""

    def run(table: Any) -> Listing:
        return read_metadata_table(
            lark.api.bitable, lark.options, table.base.app_token, table.table_id
        )

    return run


@pytest.fixture
def catalog_of(lark) -> Callable[..., BasesCatalog]:
    """Makes a catalogue of metadata tables and folders, in this order, with ASCII names."""

    def make(*sources: Any, **options: Any) -> BasesCatalog:
        api, chosen = lark.api, Options(name_style="ascii", **options)
        made = [
            LarkDriveSource(api.drive, item.token)
            if hasattr(item, "token")
            else LarkBaseSource(api.bitable, chosen, item.base.app_token, item.table_id)
            for item in sources
        ]
        return BasesCatalog(Metadata(api.bitable, chosen, reserved=()), chosen, made)

    return make
