"""The calls of the contract: every endpoint that reads is asked once, starting from one link."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any

from larkbase_sdk.api.links import Link, parse_link
from larkbase_sdk.errors import LarkBaseError, NotFound
from larkbase_sdk.options import Options
from larkbase_sdk.read.decode import PageDecoder
from larkbase_sdk.read.pages import FILTER_REFUSED, PageWalk, ReadContext
from larkbase_sdk.read.plan import Residual, SortKey
from larkbase_sdk.read.planner import ScanRequest, plan_read
from larkbase_sdk.read.where import parse_where

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from larkbase_sdk.client import Lark
    from larkbase_sdk.read.decode import Page
    from larkbase_sdk.schema.table_schema import Column, TableSchema

STEPS = (
    "token", "wiki_node", "base", "tables", "fields", "views", "view", "search", "batch_get",
    "media", "root_folder", "files", "metas", "read", "error_base", "error_filter",
)  # fmt: skip
"""The steps in their order; each has a cassette of its name."""

PAGE = 3
"""Rows of a page, so that two pages stay small."""

NO_SUCH_BASE = "nosuchbasenosuchbasenosuchb"

OPTIONS = Options(page_size=PAGE, retries=0, strict=True, progress=False)
"""A call that is refused or broken ends the walk: a repeat would be recorded with its cause."""


class Unavailable(Exception):
    """What the link leads to has no such thing; the text says what."""


class Walk:
    """One walk through the contract.

    Args:
        connect: Makes the client; this is the first step, since it fetches the token.
        link: Link of a table, or of the wiki page that shows it, with ``?table=`` in it.
        cassette: Opens the cassette of a step.

    Attributes:
        results: What each step gave, by its name.
        missing: Why steps gave nothing, by their names.
    """

    def __init__(
        self,
        connect: Callable[[], Lark],
        link: str,
        cassette: Callable[[str], AbstractContextManager[Any]],
    ) -> None:
        self._connect = connect
        self._url = link
        self._link: Link = parse_link(link)
        self._cassette = cassette
        self.results: dict[str, Any] = {}
        self.missing: dict[str, str] = {}

    def run(self) -> Walk:
        """Take every step and return this walk."""
        for name in STEPS:
            with self._cassette(name):
                try:
                    self.results[name] = getattr(self, name)()
                except Unavailable as reason:
                    self.missing[name] = str(reason)
                # A pooled connection belongs to the cassette that was open when it was made.
                self._lark.api.close()
        return self

    @property
    def _app(self) -> str:
        node = self.results.get("wiki_node")
        return node.obj_token if node is not None else self._link.token

    @property
    def _table(self) -> str:
        return self._link.table_id or ""

    @property
    def _schema(self) -> TableSchema:
        return self.results["fields"]

    # -- the steps -----------------------------------------------------------------------------

    def token(self) -> Any:
        self._lark = self._connect()
        return self._lark.stats.calls

    def wiki_node(self) -> Any:
        if self._link.kind != "wiki":
            msg = "the link is that of a base, not of a wiki page"
            raise Unavailable(msg)
        return self._lark.api.wiki.node(self._link.token)

    def base(self) -> Any:
        return self._lark.api.bitable.base(self._app)

    def tables(self) -> Any:
        return self._lark.api.bitable.tables(self._app)

    def fields(self) -> Any:
        return self._lark.metadata.schema(self._app, self._table)

    def views(self) -> Any:
        return self._lark.api.bitable.views(self._app, self._table)

    def view(self) -> Any:
        wanted = self._link.view_id or self.results["views"][0].view_id
        return self._lark.api.bitable.view(self._app, self._table, wanted)

    def search(self) -> Any:
        where = f"{self._select.name} = '{self._select.options[0]}'"
        return self._pages(where, order=(SortKey(self._number.name, descending=True),))

    def batch_get(self) -> Any:
        ids = [key for page in self.results["search"] for key in page.batch.column(0).to_pylist()]
        decoder = PageDecoder(self._schema.columns, strict=True)
        return self._lark.api.bitable.batch_get(
            self._app, self._table, ids, parse=decoder.decode_records
        )

    def media(self) -> Any:
        column = self._first("attachments", "attachment column with a file")
        page = self._pages(f"{column.name} IS NOT NULL", columns=(column.name,))[0]
        files = page.batch.column(column.name)[0].as_py()
        return files[0], b"".join(self._lark.api.drive.download(files[0]["url"]))

    def root_folder(self) -> Any:
        return self._lark.api.drive.root()

    def files(self) -> Any:
        root = self._lark.api.drive.files(self.results["root_folder"])
        folder = next((entry.token for entry in root if entry.type == "folder"), None)
        return [root, self._lark.api.drive.files(folder) if folder else []]

    def metas(self) -> Any:
        return self._lark.api.drive.metas([(self._app, "bitable")])

    def read(self) -> Any:
        table = self._lark.table(self._url)
        columns = [self._select.lark_name, self._number.lark_name]
        return table.to_arrow(columns=columns, limit=2 * PAGE)

    def error_base(self) -> Any:
        return _error(
            lambda: self._lark.api.bitable.base(NO_SUCH_BASE),
            lambda error: isinstance(error, NotFound),
        )

    def error_filter(self) -> Any:
        # Lark refuses "contains" on a single select (seen live), and larkbase never sends it.
        condition = {
            "field_name": self._select.lark_name,
            "operator": "contains",
            "value": [self._select.options[0]],
        }
        body = {"filter": {"conjunction": "and", "conditions": [condition]}}
        return _error(
            lambda: self._lark.api.bitable.search(
                self._app, self._table, body, page_size=PAGE, parse=bytes
            ),
            lambda error: error.code in FILTER_REFUSED,
        )

    # -- what they need ------------------------------------------------------------------------

    @property
    def _select(self) -> Column:
        return self._first("text", "single select field with options", family="select")

    @property
    def _number(self) -> Column:
        return self._first("number", "number field", family="number")

    def _first(self, shape: str, what: str, family: str = "") -> Column:
        for column in self._schema.columns:
            if column.result.shape == shape and family in ("", column.filter_family):
                return column
        msg = f"the table has no {what}"
        raise Unavailable(msg)

    def _pages(
        self, where: str, columns: tuple[str, ...] | None = None, order: tuple[SortKey, ...] = ()
    ) -> list[Page]:
        """Return the first two pages, or one without an order, as the reader asks for them."""
        schema = self._schema
        names = columns or tuple(column.name for column in schema.columns)
        residual = Residual(parse_where(where, schema))
        request = ScanRequest(names, residual, order=order, limit=2 * PAGE)
        plan = plan_read(schema, request, OPTIONS, None)
        context = ReadContext(self._lark.api.bitable, OPTIONS)
        with closing(iter(PageWalk(context, plan.parts[0], schema, enough=2 * PAGE))) as pages:
            found = list(islice(pages, 2 if order else 1))
        if len(found[-1].batch) < (PAGE if order else 1):
            msg = f"too few rows fulfil {where}"
            raise Unavailable(msg)
        return found


def _error(call: Callable[[], Any], expected: Callable[[LarkBaseError], bool]) -> LarkBaseError:
    """Return the expected error of a call; any other one ends the walk."""
    try:
        call()
    except LarkBaseError as error:
        if not expected(error):
            raise
        return error
    msg = "Lark answered what it was expected to refuse"
    raise AssertionError(msg)
