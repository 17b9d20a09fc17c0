"""Lark's own count of the rows of a search, without reading them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from larkbase_sdk.read.pages import PageWalk, ReadContext

if TYPE_CHECKING:
    from larkbase_sdk.read.plan import Part
    from larkbase_sdk.schema.table_schema import TableSchema


def server_total(context: ReadContext, part: Part, schema: TableSchema) -> int | None:
    """Return the ``total`` that Lark names for a part's search; one call.

    It counts what the server filter lets through, so it is an estimate whenever the exact
    condition is narrower. None when Lark names none or has refused the filter.
    """
    walk = PageWalk(context, replace(part, sort=(), page_size=1), schema)
    page = next(iter(walk))
    return page.total if walk.search.part.filter == part.filter else None
