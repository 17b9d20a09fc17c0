"""Rows of a table: stored ones here, computed ones behind the same interface elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(slots=True)
class Row:
    """A stored record; cells go by field id, empty ones are missing."""

    record_id: str
    counter: int
    created: int
    modified: int
    created_by: dict[str, Any]
    modified_by: dict[str, Any]
    cells: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class System:
    """What ``automatic_fields`` adds to a record."""

    created_by: dict[str, Any]
    created_time: int
    last_modified_by: dict[str, Any]
    last_modified_time: int


class RowSource(Protocol):
    """Where rows come from, addressed by position in creation order."""

    @property
    def writable(self) -> bool:
        """Whether records can be added, changed and deleted."""

    def __len__(self) -> int: ...

    def ids(self, positions: Sequence[int]) -> list[str]:
        """Return record ids."""

    def values(self, field_id: str, positions: Sequence[int]) -> list[Any]:
        """Return the cells of one field; None for empty ones."""

    def position(self, record_id: str) -> int | None:
        """Return where a record is, or None."""

    def system(self, position: int) -> System:
        """Return the system members of a record."""


class StoredRows:
    """Rows in memory."""

    writable = True

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._positions: dict[str, int] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def ids(self, positions: Sequence[int]) -> list[str]:
        """Return record ids."""
        return [self.rows[i].record_id for i in positions]

    def values(self, field_id: str, positions: Sequence[int]) -> list[Any]:
        """Return the cells of one field; None for empty ones."""
        rows = self.rows
        return [rows[i].cells.get(field_id) for i in positions]

    def position(self, record_id: str) -> int | None:
        """Return where a record is, or None."""
        if self._positions is None:
            self._positions = {row.record_id: i for i, row in enumerate(self.rows)}
        return self._positions.get(record_id)

    def system(self, position: int) -> System:
        """Return the system members of a record."""
        row = self.rows[position]
        return System(row.created_by, row.created, row.modified_by, row.modified)

    def extend(self, rows: Iterable[Row]) -> None:
        """Add rows at the end."""
        self.rows.extend(rows)
        self._positions = None

    def insert_first(self, row: Row) -> None:
        """Put a row before all others, which moves every later offset."""
        self.rows.insert(0, row)
        self._positions = None

    def remove(self, record_ids: Iterable[str]) -> None:
        """Delete records; unknown ids are ignored."""
        gone = set(record_ids)
        self.rows = [row for row in self.rows if row.record_id not in gone]
        self._positions = None
