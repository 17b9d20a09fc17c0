"""Whatever value sets Athena sends, the rows are those that the sets contain.

Random rows are put into the emulator, random value sets go through the whole handler, and a plain
evaluation over the same Python values, written after the protocol's description alone, tells
which rows must come. The emulator behaves in any of the ways that Lark may behave.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import larkbase_server.athena
from larkbase_sdk.testing import SWITCH_VARIANTS, TEXT_LOSING, LarkEmulator

ID = "$reserved_record_id"
VARIANTS = [
    (name, value)
    for name, values in SWITCH_VARIANTS.items()
    if name not in TEXT_LOSING
    for value in values
]
MIDNIGHT = dt.datetime(2026, 2, 28, 17, tzinfo=dt.UTC)  # in Jakarta, where the base is
TEXTS = ["", "a", "A", " a", "ab", "x\ny", "客户", "é", "0", "z'"]
NUMBERS = [0.0, -1.0, 1.0, 1.04, 1.05, 0.95, 12.34, 1e9, 1e-7]
TIMES = [MIDNIGHT + dt.timedelta(milliseconds=step) for step in
         (0, 1, -1, 86_400_000, -86_400_001, 43_200_000)]  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A column: its type in Lark and on the wire, its cells, and values to ask for."""

    field: tuple[Any, ...]
    wire: pa.DataType
    cells: list[Any]
    literals: list[Any]


KINDS = {
    "text": Kind(("text", "Text"), pa.string(), TEXTS[1:], TEXTS),
    "num": Kind(("num", "Number", {"formatter": "0.0"}), pa.float64(), NUMBERS,
                [*NUMBERS, 1.049, float("inf"), float("-inf")]),
    "stars": Kind(("stars", "Rating"), pa.int8(), [1, 2, 5], [-128, 0, 1, 2, 3, 5, 127]),
    "pick": Kind(("pick", "SingleSelect", {"options": ["a", "A", "b"]}), pa.string(),
                 ["a", "A", "b"], ["a", "A", "b", "none such"]),
    "day": Kind(("day", "DateTime"), pa.date64(), TIMES, [*TIMES, MIDNIGHT.replace(hour=0)]),
    "done": Kind(("done", "Checkbox"), pa.bool_(), [True, False], [True, False]),
    "phone": Kind(("phone", "Phone"), pa.string(), ["+6281", "081"], ["+6281", "081", "1"]),
    "calc": Kind(("calc", "Formula", {"result": "Number", "declared": True}), pa.float64(),
                 NUMBERS, NUMBERS),
}  # fmt: skip
ROW = st.fixed_dictionaries(
    {name: st.none() | st.sampled_from(kind.cells) for name, kind in KINDS.items()}
)
ROWS = st.lists(ROW, max_size=12)
Passes = Callable[[Any], bool]


@dataclass(frozen=True)
class Asked:
    """A column's value set and, in plain Python, which cells pass it."""

    column: str
    values: Any
    passes: Passes
    shown: str

    def __repr__(self) -> str:
        return f"{self.column}: {self.shown}"


@st.composite
def ranges(draw: st.DrawFn, sets: Any, column: str) -> Asked:
    """Return ranges as Athena makes them: sorted, disjoint, merged where they touch."""
    kind = KINDS[column]
    known = st.lists(st.sampled_from(kind.literals), max_size=3, unique=True)
    points = sorted(draw(known))
    # The line falls into gaps (even) and points (odd), each inside or outside.
    inside = draw(st.lists(st.booleans(), min_size=(n := 2 * len(points) + 1), max_size=n))
    null = draw(st.booleans())
    found, begun = [], None
    for place in range(n + 1):
        if place < n and inside[place]:
            begun = place if begun is None else begun
        elif begun is not None:
            low, high = begun, place - 1
            found.append(
                sets.between(
                    kind.wire,
                    low=points[(low - 1) // 2] if low > 0 else None,
                    high=points[high // 2] if high < n - 1 else None,
                    low_inclusive=low % 2 == 1,
                    high_inclusive=high % 2 == 1,
                ).ranges[0]
            )
            begun = None

    def passes(cell: Any) -> bool:
        if cell is None:
            return null
        below = sum(point < cell for point in points)
        return inside[2 * below + (1 if cell in points else 0)]

    values = sets.ranges(kind.wire, *found, null=null)
    return Asked(column, values, passes, f"{points} {inside} null={null}")


@st.composite
def listed(draw: st.DrawFn, sets: Any, column: str) -> Asked:
    """Return a set of single values, or its complement."""
    kind = KINDS[column]
    literals = draw(st.lists(st.sampled_from(kind.literals), max_size=3, unique=True))
    white, null = draw(st.booleans()), draw(st.booleans())

    def passes(cell: Any) -> bool:
        return null if cell is None else (cell in literals) is white

    values = sets.listed(kind.wire, *literals, white=white, null=null)
    return Asked(column, values, passes, f"{literals} white={white} null={null}")


@st.composite
def any_or_none(draw: st.DrawFn, sets: Any, column: str) -> Asked:
    """Return a set that only speaks of NULL."""
    null = draw(st.booleans())
    values = sets.any_or_none(KINDS[column].wire, null=null)
    return Asked(column, values, lambda cell: cell is not None or null, f"null={null}")


@st.composite
def demands(draw: st.DrawFn, sets: Any) -> list[Asked]:
    """Return value sets of some columns."""
    columns = draw(st.lists(st.sampled_from(list(KINDS)), max_size=3, unique=True))
    makers = [draw(st.sampled_from([ranges, ranges, listed, any_or_none])) for _ in columns]
    return [draw(make(sets, column)) for make, column in zip(makers, columns, strict=True)]


class Table:
    """A table in the emulator that is filled anew for every example."""

    def __init__(self, engine_class: Any, patch: pytest.MonkeyPatch) -> None:
        self.lark = LarkEmulator()
        base = self.lark.database("P")
        self.made = base.table("T", fields=[kind.field for kind in KINDS.values()])
        source = self.lark.database("M").table("M", {"id": [base.app_token], "name": ["p"]})
        environ = {
            "LARK_APP_ID": self.lark.app_id,
            "LARK_APP_SECRET": self.lark.app_secret,
            "LARK_DOMAIN": self.lark.url,
            "LARK_RETRIES": "0",
            "default_page_size": "4",
            "default_does_activate_lark_base_source": "true",
            "default_lark_base_sources": f"{source.base.app_token}:{source.table_id}",
            "disable_glue": "true",
            "ATHENA_FEDERATION_SDK_LOG_LEVEL": "error",
        }
        for name, value in environ.items():
            patch.setenv(name, value)
        larkbase_server.athena._function.cache_clear()
        self.engine = engine_class(None)
        self.engine.table("p.t")

    def fill(self, rows: list[dict[str, Any]]) -> None:
        self.made.delete([record["record_id"] for record in self.made.records])
        ids = self.made.insert(rows)
        self.rows = {
            record_id: {**row, "done": bool(row["done"])}
            for record_id, row in zip(ids, rows, strict=True)
        }

    def matching(self, asked: list[Asked]) -> list[str]:
        return [
            record_id
            for record_id, row in self.rows.items()
            if all(item.passes(row[item.column]) for item in asked)
        ]

    def found(self, variant: Any, constraints: Any) -> list[str]:
        self.lark.switches.reset()
        if variant is not None:
            setattr(self.lark.switches, *variant)
        return [row[ID] for row in self.engine.select("p.t", [ID], constraints)]


@pytest.fixture(scope="module")
def table(engine_class):
    with pytest.MonkeyPatch.context() as patch:
        made = Table(engine_class, patch)
        yield made
        made.lark.stop()
    larkbase_server.athena._function.cache_clear()


@given(data=st.data(), rows=ROWS, variant=st.none() | st.sampled_from(VARIANTS))
def test_value_sets_let_pass_what_they_contain(table, sets, data, rows, variant):
    """Each set by itself and several together, over columns that are not asked for."""
    asked = data.draw(demands(sets))
    table.fill(rows)

    found = table.found(variant, sets.where(**{item.column: item.values for item in asked}))

    assert sorted(found) == sorted(table.matching(asked))


@given(data=st.data(), rows=ROWS, limit=st.integers(0, 6))
def test_a_limit_gives_as_many_matching_rows_as_there_are(table, sets, data, rows, limit):
    """Never fewer than wanted while more match."""
    asked = data.draw(demands(sets))
    table.fill(rows)

    found = table.found(None, sets.where(limit, **{item.column: item.values for item in asked}))

    matching = table.matching(asked)
    assert len(found) == len(set(found)) == min(limit, len(matching))
    assert set(found) <= set(matching)


DIRECTIONS = ["ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"]


@given(
    data=st.data(),
    rows=ROWS,
    limit=st.integers(1, 6),
    keys=st.lists(
        st.tuples(st.sampled_from(list(KINDS)), st.sampled_from(DIRECTIONS)),
        min_size=1,
        max_size=2,
        unique_by=lambda pair: pair[0],
    ),
)
def test_the_first_rows_of_any_order_are_among_those_returned(table, sets, data, rows, limit, keys):
    """In every direction, NULL first or last; Athena sorts what it gets once more."""
    asked = data.draw(demands(sets))
    table.fill(rows)
    order = [part for pair in keys for part in pair]
    wanted = sets.where(limit, order, **{item.column: item.values for item in asked})

    found = table.found(None, wanted)

    def sorted_keys(ids: list[str]) -> list[Any]:
        cells = [[table.rows[record_id][column] for column, _ in keys] for record_id in ids]
        for position in range(len(keys) - 1, -1, -1):
            direction = keys[position][1]
            values = sorted({row[position] for row in cells} - {None})
            if direction.startswith("DESC"):
                values.reverse()
            nulls = [None] if None in {row[position] for row in cells} else []
            ranks = [*nulls, *values] if direction.endswith("FIRST") else [*values, *nulls]
            cells.sort(key=lambda row, p=position, r=ranks: r.index(row[p]))
        return cells[:limit]

    matching = table.matching(asked)
    assert set(found) <= set(matching)
    assert sorted_keys(found) == sorted_keys(matching)
