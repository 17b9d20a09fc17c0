"""What a query hands to its connectors, told to people and to programs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """How one table of a query is read.

    Attributes:
        table: Its catalogue, schema and name.
        columns: Columns that are asked for; none when only the number of rows matters.
        conditions: Conditions that its connector alone applies.
        checked: Conditions that are handed over and applied again here.
        kept: Conditions of the same block that only the engine applies.
        order: Keys of the order that is handed over, in SQL.
        limit: Rows wanted of each split, or None.
        splits: Splits planned; None when nothing was asked, since no row is wanted.
    """

    table: str
    columns: tuple[str, ...]
    conditions: tuple[str, ...]
    checked: tuple[str, ...]
    kept: tuple[str, ...]
    order: tuple[str, ...]
    limit: int | None
    splits: int | None

    def to_dict(self) -> dict[str, object]:
        """Return the plan as JSON values."""
        return {
            "table": self.table,
            "columns": list(self.columns),
            "conditions": list(self.conditions),
            "checked": list(self.checked),
            "kept": list(self.kept),
            "order": list(self.order),
            "limit": self.limit,
            "splits": self.splits,
        }

    def __str__(self) -> str:
        lines = {
            "columns": ", ".join(self.columns) or "none, rows are only counted",
            "handed over": " AND ".join(_bracketed(self.conditions)),
            "handed over, checked here": " AND ".join(_bracketed(self.checked)),
            "applied here": " AND ".join(_bracketed(self.kept)),
            "order": ", ".join(self.order),
            "limit": "" if self.limit is None else f"{self.limit} rows of each split",
            "splits": "none, no row is wanted" if self.splits is None else str(self.splits),
        }
        shown = [f"  {name}: {text}" for name, text in lines.items() if text]
        return "\n".join([self.table, *shown])


def _bracketed(texts: tuple[str, ...]) -> list[str]:
    return [f"({text})" if " OR " in text and len(texts) > 1 else text for text in texts]
