"""Cells and rows as people read them: short texts, and tables of HTML with everything escaped."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from larkbase_sdk.display import html_grid
from larkbase_sdk.read.operands import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

_TELLING = ("name", "text", "full_address", "link_record_ids")
"""Members of Lark's structures by which people know the whole."""

_DIGITS = 15


def plain(value: object) -> str:
    """Return a cell as one text; the empty text for an empty cell."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return format(value, f".{_DIGITS}g")
        case dt.datetime():
            moment = value.replace(tzinfo=None)
            return moment.isoformat(sep=" ", timespec="milliseconds").removesuffix(".000")
        case list() | tuple():
            return ", ".join(filter(None, map(plain, value)))
        case dict():
            return _structure(value)
        case _:
            return str(value)


def _structure(value: dict[str, object]) -> str:
    for member in _TELLING:
        if value.get(member):
            return plain(value[member])
    return ", ".join(f"{name}: {plain(part)}" for name, part in value.items() if part is not None)


def html_rows(table: pa.Table, titles: Sequence[str]) -> str:
    """Return the rows of an Arrow table under these headings."""
    columns = [[plain(cell) or None for cell in column.to_pylist()] for column in table.columns]
    numbers = [kind_of(kind) == "number" for kind in table.schema.types]
    return html_grid(titles, zip(*columns, strict=True), numbers)
