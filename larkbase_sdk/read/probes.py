"""Ask Lark how many rows a filter lets through, at the price of one row and one call each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from larkbase_sdk.errors import LarkBaseError
from larkbase_sdk.read.cuts import keys_of
from larkbase_sdk.read.decode import PageDecoder
from larkbase_sdk.read.filters import encode, fits, groups_of
from larkbase_sdk.read.planner import narrowest
from larkbase_sdk.read.search import FILTER_REFUSED, NAMES_REFUSED, SORT_REFUSED, Search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from larkbase_sdk.read.conditions import Group
    from larkbase_sdk.read.decode import Page
    from larkbase_sdk.read.pages import ReadContext
    from larkbase_sdk.read.plan import Part
    from larkbase_sdk.schema.table_schema import Column, TableSchema

_AT_ONCE = 4
_REFUSED = FILTER_REFUSED | NAMES_REFUSED | SORT_REFUSED


@dataclass(frozen=True, slots=True)
class _Question:
    groups: tuple[Group, ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()


class Probes:
    """Questions about the rows of one part, a call each, a few at the same time.

    What cannot be asked, what Lark refuses, and what is beyond the number of calls allowed has
    the answer None. Other errors of Lark are raised, for the read itself would end with them too.

    Args:
        context: What a read needs.
        part: The part; its filter is part of every question.
        schema: The table's schema under the names that the fields have now.
        most: Calls allowed.

    Attributes:
        left: Calls that are still allowed.
    """

    def __init__(self, context: ReadContext, part: Part, schema: TableSchema, most: int) -> None:
        self._context = context
        self._part = part
        self._schema = schema
        self.left = most

    def counts(self, questions: Sequence[tuple[Group, ...]]) -> list[int | None]:
        """Return Lark's totals under the part's filter and some more conditions each.

        They are as exact as Lark's ``total`` is: an estimate, never a proof.
        """
        asked = [_Question(groups) for groups in questions]
        return [None if page is None else page.total for page in self._ask(asked, ())]

    def ends(self, column: Column) -> tuple[float, float] | None:
        """Return the lowest and the highest key in a column, as far as Lark's order tells."""
        orders = [_Question(sort=((column.field_id, downwards),)) for downwards in (False, True)]
        keys = [
            key
            for page in self._ask(orders, (column,))
            if page is not None
            for key in keys_of(column, page.batch.column(1)).to_pylist()[:1]
            if key is not None
        ]
        return (float(min(keys)), float(max(keys))) if len(keys) == len(orders) else None

    def _ask(self, questions: list[_Question], shown: tuple[Column, ...]) -> list[Page | None]:
        allowed = questions[: self.left]
        self.left -= len(allowed)
        if not allowed:
            return [None] * len(questions)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            pages = list(pool.map(lambda question: self._page(question, shown), allowed))
        return pages + [None] * (len(questions) - len(allowed))

    def _page(self, question: _Question, shown: tuple[Column, ...]) -> Page | None:
        filter_ = encode([*groups_of(self._part.filter), *question.groups])
        if not fits(filter_, self._schema):
            return None
        part = replace(
            self._part, filter=filter_, sort=question.sort, fields=self._fields(question)
        )
        decoder = PageDecoder(shown, warn=lambda _column, _reason: None)
        try:
            return self._context.bitable.search(
                part.base_id,
                part.table_id,
                Search(part, self._schema).body(),
                page_size=1,
                parse=decoder.decode,
            )
        except LarkBaseError as error:
            if error.code not in _REFUSED:
                raise
            return None

    def _fields(self, question: _Question) -> tuple[str, ...]:
        """Name the fields that a filter or sort looks at too: whether they must be is not known."""
        asked = [condition.field for group in question.groups for condition in group]
        asked += [field for field, _ in question.sort]
        fields = tuple(dict.fromkeys([*self._part.fields, *asked]))
        return fields or (narrowest(self._schema).field_id,)
