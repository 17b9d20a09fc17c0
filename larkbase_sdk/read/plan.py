"""What a read will do: the plan, its parts and the condition that is checked again here.

A `Part` is small and serialisable: a notebook thread, an Athena split and a Spark partition carry
the same thing. It names fields by id, so that a field renamed meanwhile is still found.
Nothing here calls the network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from larkbase_sdk.read.cuts import Cut
from larkbase_sdk.read.predicate import Predicate, columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from larkbase_sdk.read.expressions import ExpressionFilter
    from larkbase_sdk.schema.table_schema import TableSchema


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an order; empty cells come last in both directions, as in Lark."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Residual:
    """The exact condition, applied here to every row whatever the server filtered.

    Attributes:
        predicate: A predicate that must be TRUE, or None.
        expression: A pyarrow expression that must be true, or None.
    """

    predicate: Predicate | None = None
    expression: ExpressionFilter | None = None

    @property
    def columns(self) -> frozenset[str]:
        """SQL names of the columns that the condition looks at."""
        names = columns_of(self.predicate) if self.predicate is not None else frozenset()
        return names | self.expression.columns if self.expression is not None else names

    def __bool__(self) -> bool:
        return self.predicate is not None or self.expression is not None

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows of ``batch`` for which the condition is TRUE."""
        if self.predicate is not None:
            from larkbase_sdk.read.evaluate import mask

            batch = batch.filter(mask(self.predicate, batch))
        if self.expression is not None:
            batch = self.expression.apply(batch)
        return batch


@dataclass(frozen=True, slots=True)
class Part:
    """One independent piece of a read.

    Attributes:
        base_id: Token of the base.
        table_id: Id of the table.
        fields: Ids of the fields to read, in the order of the columns.
        filter: Server filter that names fields by id, or None. It lets through at least the
            rows wanted.
        view_id: View whose rows are read, or None.
        within_view: View whose record ids are read too, because the view hides a column that is
            wanted; only rows with these ids count. None otherwise.
        merged_view: View whose conditions are part of the filter, or None; without the filter
            the rows are those within this view.
        sort: Pairs of field id and "descending" for the server, or ().
        order: Order of the rows wanted, or () when any order will do.
        limit: Rows wanted at most, after the exact condition; None for all.
        page_size: Rows per call.
        cut: Which rows belong to this part of a split read, or None for all. Its field is among
            the fields, its conditions are among those of the filter.
    """

    base_id: str
    table_id: str
    fields: tuple[str, ...]
    filter: Mapping[str, Any] | None = None
    view_id: str | None = None
    within_view: str | None = None
    merged_view: str | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    order: tuple[SortKey, ...] = ()
    limit: int | None = None
    page_size: int = 500
    cut: Cut | None = None

    def without_filter(self) -> Part:
        """Return the part that gives the same rows, or more, without a filter."""
        return replace(
            self, filter=None, merged_view=None, within_view=self.merged_view or self.within_view
        )

    def ids_of_view(self) -> Part:
        """Return the part that reads the record ids of the view ``within_view``."""
        return Part(
            self.base_id,
            self.table_id,
            self.fields[:1],
            view_id=self.within_view,
            page_size=self.page_size,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the part as plain JSON values."""
        return {
            "base_id": self.base_id,
            "table_id": self.table_id,
            "fields": list(self.fields),
            "filter": self.filter,
            "view_id": self.view_id,
            "within_view": self.within_view,
            "merged_view": self.merged_view,
            "sort": [list(key) for key in self.sort],
            "order": [[key.column, key.descending] for key in self.order],
            "limit": self.limit,
            "page_size": self.page_size,
            "cut": None if self.cut is None else self.cut.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Part:
        """Read what ``to_dict`` wrote."""
        return cls(
            base_id=data["base_id"],
            table_id=data["table_id"],
            fields=tuple(data["fields"]),
            filter=data.get("filter"),
            view_id=data.get("view_id"),
            within_view=data.get("within_view"),
            merged_view=data.get("merged_view"),
            sort=tuple((field, bool(descending)) for field, descending in data.get("sort", ())),
            order=tuple(SortKey(column, bool(desc)) for column, desc in data.get("order", ())),
            limit=data.get("limit"),
            page_size=int(data.get("page_size", 500)),
            cut=Cut.from_dict(data["cut"]) if data.get("cut") else None,
        )


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """A read, decided but not begun.

    Attributes:
        schema: Schema of the whole table.
        parts: Independent pieces; together they hold every row once.
        output: SQL names of the result's columns, without the record id.
        residual: The exact condition.
        sent: Conditions that the server filters, as text.
        kept: Conditions that only this process checks, with the reason, as text.
        notes: Further decisions worth telling, as text.
    """

    schema: TableSchema
    parts: tuple[Part, ...]
    output: tuple[str, ...]
    residual: Residual
    sent: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[SortKey, ...]:
        """The order of the rows wanted; the same in every part."""
        return self.parts[0].order

    @property
    def limit(self) -> int | None:
        """The number of rows wanted; the same in every part."""
        return self.parts[0].limit

    def searches(self) -> tuple[Part, ...]:
        """Return what is searched for: the parts, and the ids of views that are read beside."""
        parts = [part for part in self.parts if part.limit != 0]
        views = [part.ids_of_view() for part in parts if part.within_view is not None]
        return (*parts, *views)
