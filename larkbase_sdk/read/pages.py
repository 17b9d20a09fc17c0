"""Walk the pages of one search, surviving what Lark refuses and what it repeats.

A refusal of the first page is answered by asking for less: without the filter, without the sort,
with fresh field names, with all fields. A refusal later is an error, because the pages before it
belong to the question as it was asked.
"""

from __future__ import annotations

import base64
import binascii
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import (
    CellNotConverted,
    EmptyBecauseRestricted,
    LarkBaseError,
    NotFound,
    PushdownRefused,
    ServiceError,
)
from larkbase_sdk.read.decode import Page, PageDecoder
from larkbase_sdk.read.pushdown import render_filter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from larkbase_sdk.api.bitable import Bitable
    from larkbase_sdk.options import Options
    from larkbase_sdk.read.plan import Part
    from larkbase_sdk.schema.table_schema import TableSchema

FILTER_REFUSED = frozenset({1254018, 1254107, 9499, 99992402})
SORT_REFUSED = frozenset({1254016, 1254108})
NAMES_REFUSED = frozenset({1254024, 1254045})
PAGE_TOO_HEAVY = frozenset({1254607, 1255040, 1254030})
MOST_FIELD_NAMES = 200
"""Entries that Lark accepts in ``field_names`` (search page of Lark's documentation)."""

_SMALLEST_PAGE = 20


@dataclass(slots=True)
class ReadContext:
    """Everything a read needs besides its part.

    Attributes:
        bitable: The API of bases.
        options: Page size, strictness and further settings.
        refresh: Reads the table's field list again; None when it cannot be read again.
        restricted: Tells whether the base has advanced permissions on; asked only for an empty
            result. None when unknown.
        on_page: Called after each page with rows so far and the total that Lark names.
    """

    bitable: Bitable
    options: Options
    refresh: Callable[[], TableSchema] | None = None
    restricted: Callable[[], bool] | None = None
    on_page: Callable[[int, int | None], None] | None = None
    seen_warnings: set[str] = field(default_factory=set)

    def warn(self, text: str, category: type[Warning]) -> None:
        """Warn once per text within a read."""
        if text not in self.seen_warnings:
            self.seen_warnings.add(text)
            warnings.warn(text, category, stacklevel=2)

    def warn_if_restricted(self, what: str) -> None:
        """Warn that ``what`` may be hidden when the base has advanced permissions on.

        For empty results; at most one call, for the base.
        """
        if self.restricted is not None and self.restricted():
            self.warn(
                f"No {what} came, and advanced permissions are on in this base: Lark answers so "
                'when the app lacks the right "can manage". Give the app that right, then read '
                "again.",
                EmptyBecauseRestricted,
            )


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


class PageWalk:
    """The pages of one part's search, one call a page, each fetched when it is asked for.

    Attributes:
        search: The search as Lark accepted it; final once the first page is there.
    """

    def __init__(self, context: ReadContext, part: Part, schema: TableSchema) -> None:
        self._context = context
        self.search = Search(part, schema)

    @property
    def sorted(self) -> bool:
        """Whether the server sorts the rows."""
        return bool(self.search.part.sort)

    def __iter__(self) -> Iterator[Page]:
        """Yield the pages.

        Raises:
            LarkBaseError: whatever Lark answers that asking for less does not mend.
        """
        decoder, page, size = self._first_page()
        yield page
        token: str | None = None
        while page.has_more:
            token = _next_token(page, token)
            page, size = _fetch(self._context, self.search, decoder, size, token)
            yield page

    def _first_page(self) -> tuple[PageDecoder, Page, int]:
        refresh = self._context.refresh
        if not self.search.names_fields and refresh is not None:
            # Lark cannot refuse names that are not sent: a renamed field would read as empty.
            self.search = self.search.with_present_names(refresh)
        while True:
            decoder = _decoder(self.search, self._context)
            try:
                page, size = _fetch(
                    self._context, self.search, decoder, self.search.part.page_size, None
                )
            except LarkBaseError as error:
                less = self.search.asking_less(error.code, self._context)
                if less is None:
                    raise
                self.search = less
            else:
                return decoder, page, size


def _next_token(page: Page, last: str | None) -> str:
    if not page.page_token:
        msg = "Lark says that more rows follow but gives no token to ask for them."
        raise ServiceError(msg, hint="Read again; if it stays, tell Lark's support.")
    if page.page_token == last:
        msg = "Lark gave the same page token twice, so the same page would come for ever."
        raise ServiceError(msg, hint="Read again; if it stays, tell Lark's support.")
    return page.page_token


def _decoder(search: Search, context: ReadContext) -> PageDecoder:
    def warn(column: str, reason: str) -> None:
        context.warn(f'A cell of column "{column}" became NULL: {reason}.', CellNotConverted)

    return PageDecoder(search.columns(), strict=context.options.strict, warn=warn)


def _fetch(
    context: ReadContext, search: Search, decoder: PageDecoder, size: int, token: str | None
) -> tuple[Page, int]:
    """Return a page and the page size that worked."""
    while True:
        can_shrink = size > _SMALLEST_PAGE and _may_change_size(token)
        try:
            page = context.bitable.search(
                search.part.base_id,
                search.part.table_id,
                search.body(),
                page_size=size,
                page_token=token,
                parse=decoder.decode,
                repeat_once=PAGE_TOO_HEAVY if can_shrink else (),
            )
        except LarkBaseError as error:
            if error.code not in PAGE_TOO_HEAVY or not can_shrink:
                raise
            size = max(_SMALLEST_PAGE, size // 2)
        else:
            return page, size


def _may_change_size(token: str | None) -> bool:
    """Tell whether the page size may change here: only where tokens are plain offsets."""
    if token is None:
        return True
    try:
        text = base64.b64decode(token, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return False
    word, _, offset = text.partition(":")
    return word == "pageToken" and offset.isdigit()
