"""What one call tells of a search without reading its rows: their number, and how pages follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from larkbase_sdk.read.offsets import offset_of
from larkbase_sdk.read.pages import PageWalk, ReadContext

if TYPE_CHECKING:
    from larkbase_sdk.read.plan import Part
    from larkbase_sdk.schema.table_schema import TableSchema


@dataclass(frozen=True, slots=True)
class Glance:
    """What the first row of a search tells of the rest.

    Attributes:
        total: Lark's count of what the server filter lets through; None when Lark names none or
            has refused the filter.
        by_offset: Whether page tokens are offsets; None when there is no second page.
    """

    total: int | None
    by_offset: bool | None


def glance(context: ReadContext, part: Part, schema: TableSchema) -> Glance:
    """Return what the first row of a part's search tells; one call."""
    walk = PageWalk(context, replace(part, sort=(), page_size=1), schema)
    page = next(iter(walk))
    accepted = walk.search.part.filter == part.filter
    by_offset = offset_of(page.page_token) is not None if page.has_more else None
    return Glance(page.total if accepted else None, by_offset)


def server_total(context: ReadContext, part: Part, schema: TableSchema) -> int | None:
    """Return the ``total`` that Lark names for a part's search; one call.

    It counts what the server filter lets through, so it is an estimate whenever the exact
    condition is narrower. None when Lark names none or has refused the filter.
    """
    return glance(context, part, schema).total
