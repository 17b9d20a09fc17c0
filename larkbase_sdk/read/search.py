"""One search as it is sent, and what to ask instead when Lark refuses it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import NotFound, PushdownRefused
from larkbase_sdk.read.pushdown import render_filter

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_sdk.read.pages import ReadContext
    from larkbase_sdk.read.plan import Part
    from larkbase_sdk.schema.table_schema import TableSchema

FILTER_REFUSED = frozenset({1254018, 1254107, 9499, 99992402})
SORT_REFUSED = frozenset({1254016, 1254108})
NAMES_REFUSED = frozenset({1254024, 1254045})
MOST_FIELD_NAMES = 200
"""Entries that Lark accepts in ``field_names`` (search page of Lark's documentation)."""


@dataclass(frozen=True, slots=True)
class Search:
    """One search as it is sent: a part under the names that its fields have now."""

    part: Part
    schema: TableSchema
    refreshed: bool = False
    all_fields: bool = False

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the call."""
        body: dict[str, Any] = {}
        if self.names_fields:
            body["field_names"] = [column.lark_name for column in self.columns()]
        if self.part.filter is not None:
            body["filter"] = render_filter(self.part.filter, self.schema)
        if self.part.sort:
            body["sort"] = [
                {"field_name": self.schema.by_id(field_id).lark_name, "desc": descending}
                for field_id, descending in self.part.sort
            ]
        if self.part.view_id is not None:
            body["view_id"] = self.part.view_id
        return body

    @property
    def names_fields(self) -> bool:
        """Whether the fields are named, so that Lark refuses a name that is none."""
        return not self.all_fields and len(self.part.fields) <= MOST_FIELD_NAMES

    def columns(self) -> list[Any]:
        """Return the columns to read, under their present names."""
        return [self.schema.by_id(field_id) for field_id in self.part.fields]

    def asking_less(self, code: int | None, context: ReadContext) -> Search | None:
        """Return the search to try after a refusal with ``code``; None when there is none."""
        if code in FILTER_REFUSED and self.part.filter is not None:
            context.warn(
                f"Lark refused the filter (code {code}), so the whole table is read and its "
                "rows are filtered here.",
                PushdownRefused,
            )
            return replace(self, part=self.part.without_filter())
        if code in SORT_REFUSED and self.part.sort:
            context.warn(
                f"Lark refused the sort (code {code}), so the rows are sorted here.",
                PushdownRefused,
            )
            return replace(self, part=replace(self.part, sort=()))
        if code in NAMES_REFUSED:
            return self._with_fresh_names(code, context)
        return None

    def with_present_names(self, refresh: Callable[[], TableSchema]) -> Search:
        """Return the search with the names that the fields have now."""
        return replace(self, schema=renamed(self.schema, refresh()), refreshed=True)

    def _with_fresh_names(self, code: int | None, context: ReadContext) -> Search | None:
        if not self.refreshed and context.refresh is not None:
            return self.with_present_names(context.refresh)
        if self.all_fields:
            return None
        context.warn(
            f"Lark refused a field name (code {code}), so all fields are read; a field that is "
            "hidden from this app reads as empty.",
            PushdownRefused,
        )
        part = replace(self.part.without_filter(), sort=())
        return replace(self, part=part, all_fields=True)


def renamed(schema: TableSchema, fresh: TableSchema) -> TableSchema:
    """Return ``schema`` with the present Lark names of its fields; SQL names and types stay.

    Raises:
        NotFound: when a field is gone.
    """
    present = {column.field_id: column.field for column in fresh.columns}
    columns = []
    for column in schema.columns:
        if column.field_id not in present:
            msg = f'The field "{column.lark_name}" is no longer in table "{fresh.table_name}".'
            raise NotFound(
                msg, hint="Read the table's fields again: lark.refresh(), or the crawler."
            )
        columns.append(replace(column, field=present[column.field_id]))
    return replace(schema, columns=tuple(columns))
