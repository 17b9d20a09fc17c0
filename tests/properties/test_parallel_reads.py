"""However a table is paged, edited and served badly, no row that stays is lost or repeated.

Random tables are read in random page sizes by random numbers of calls at a time, while rows are
inserted and deleted between the calls and calls go wrong. The truth is what the emulator holds:
rows that were there from the first call to the last one.
"""

from __future__ import annotations

import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import larkbase_sdk as larkbase
from larkbase_sdk import Options
from larkbase_sdk.testing import LarkEmulator

FAULTS: list[dict[str, Any]] = [
    {"code": 1254607},
    {"code": 1255040},
    {"code": 1254291},
    {"code": 99991400, "headers": {"x-ogw-ratelimit-reset": "0"}},
    {"truncate": True},
    {"disconnect": True},
    {"empty_page": True},
    {"body": "<html>Bad gateway</html>", "status": 502},
]
"""What heals however often it comes, within the repeats allowed."""

fault_lists = st.lists(
    st.tuples(st.sampled_from(FAULTS), st.integers(0, 12), st.integers(1, 2)),
    max_size=3,
    unique_by=lambda fault: str(fault[0]),
)
tokens = st.sampled_from(
    [{}, {}, {}, {"opaque_tokens": True}, {"unissued_tokens": "refuse"},
     {"unissued_tokens": "ignore"}, {"total": "absent"}, {"total": "drifting"}]
)  # fmt: skip
places = st.integers(0, 200)
edits = st.one_of(
    st.tuples(st.just("insert"), st.integers(1, 12)),
    st.tuples(st.just("append"), st.integers(1, 12)),
    st.tuples(st.just("delete"), st.lists(places, min_size=1, max_size=12)),
    st.just(("keep",)),
)
replacements = st.tuples(st.just("replace"), st.lists(places, min_size=1, max_size=12))


class Emulated:
    """A running emulator, and tables that are made, edited and read in it."""

    def __init__(self) -> None:
        self.emulator = LarkEmulator()
        self.base = self.emulator.database("P")
        self._lock = threading.Lock()
        self._tables = 0

    def table(self, rows: int) -> Any:
        self._tables += 1
        cells = [{"No": number} for number in range(rows)]
        return self.base.table(f"T{self._tables}", fields=[("No", "Number")], rows=cells)

    def reset(self) -> None:
        self.emulator.recover()
        self.emulator.switches.reset()
        self.emulator.calls.clear()

    def read(
        self, made: Any, page_size: int, calls: int, after_call: Callable[[], None] | None = None,
        faults: list[tuple[dict[str, Any], int, int]] = [],  # noqa: B006 (never changed)
    ) -> tuple[list[str], list[str]]:  # fmt: skip
        """Return the record ids that were read, and the names of the warnings."""
        options = Options(
            rate=100_000, page_size=page_size, concurrency=calls, progress=False, retries=9
        )
        with self.emulator.connect(options=options) as lark:
            lark.api.http._random = lambda: 0.0
            table = lark.table(f"P.{made.name}")
            _ = table.schema
            for fault, after, times in faults:
                self.emulator.fail(endpoint="search", after=after, times=times, **fault)
            if after_call is not None:
                lark.options.on_call = self._hook(after_call)
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                found = table.to_arrow()["record_id"].to_pylist()
            lark.options.on_call = None
        return found, [item.category.__name__ for item in told]

    def _hook(self, after_call: Callable[[], None]) -> Callable[[dict[str, Any]], None]:
        def hook(call: dict[str, Any]) -> None:
            if call["endpoint"] == "search":
                with self._lock:
                    after_call()

        return hook


@pytest.fixture(scope="module")
def emulated() -> Iterator[Emulated]:
    """One emulator for all examples."""
    made = Emulated()
    yield made
    made.emulator.stop()


def ids_of(made: Any) -> list[str]:
    return made.rows.ids(range(len(made.rows)))


def edit(made: Any, kind: str, what: Any = None) -> None:
    """Make one edit; places are counted round the table."""
    if kind == "insert":
        made.insert([{"No": -1}] * what, first=True)
    if kind in ("delete", "replace") and len(made.rows):
        gone = sorted({place % len(made.rows) for place in what})
        made.delete(made.rows.ids(gone))
        if kind == "replace":
            made.insert([{"No": -2}] * len(gone))
    if kind == "append":
        made.insert([{"No": -3}] * what)


def in_turn(made: Any, moves: list[tuple[Any, ...]]) -> Callable[[], None]:
    left = deque(moves)
    return lambda: edit(made, *left.popleft()) if left else None


@given(
    rows=st.integers(0, 120),
    page_size=st.integers(1, 40),
    calls=st.integers(2, 8),
    switches=tokens,
    faults=fault_lists,
)
def test_at_the_same_time_or_in_turn_the_rows_are_the_same(
    emulated: Emulated,
    rows: int,
    page_size: int,
    calls: int,
    switches: dict[str, Any],
    faults: list[Any],
) -> None:
    """A quiet table gives every row once, in its order, whatever goes wrong on the way."""
    emulated.reset()
    made = emulated.table(rows)
    for name, value in switches.items():
        setattr(emulated.emulator.switches, name, value)

    one, _ = emulated.read(made, page_size, 1, faults=faults)
    emulated.emulator.recover()
    several, _ = emulated.read(made, page_size, calls, faults=faults)

    assert one == several == ids_of(made)


@given(
    rows=st.integers(0, 120),
    page_size=st.integers(2, 40),
    calls=st.integers(1, 8),
    moves=st.lists(edits | replacements, max_size=8),
    faults=fault_lists,
    total=st.sampled_from(["exact", "exact", "absent", "drifting", "off_by_one"]),
)
def test_no_edit_hides_a_row_that_stays(
    emulated: Emulated,
    rows: int,
    page_size: int,
    calls: int,
    moves: list[tuple[Any, ...]],
    faults: list[Any],
    total: str,
) -> None:
    """Where tokens are offsets: each once and in order, or it is told, whatever Lark counts."""
    emulated.reset()
    made = emulated.table(rows)
    emulated.emulator.switches.total = total
    before = ids_of(made)

    found, told = emulated.read(made, page_size, calls, in_turn(made, moves), faults)
    stayed = [record_id for record_id in before if record_id in set(ids_of(made))]

    assert len(found) == len(set(found))
    assert "TableChanged" in told or set(stayed) <= set(found)
    if not faults:
        assert set(stayed) <= set(found)
        assert [record_id for record_id in found if record_id in set(stayed)] == stayed


@given(
    rows=st.integers(0, 60),
    page_size=st.integers(1, 20),
    calls=st.integers(1, 8),
    moves=st.lists(edits, max_size=6),
    switches=st.sampled_from(
        [{"opaque_tokens": True}, {"unissued_tokens": "refuse"}, {"unissued_tokens": "ignore"}]
    ),
)
def test_a_row_that_tokens_hide_is_read_again_or_told(
    emulated: Emulated,
    rows: int,
    page_size: int,
    calls: int,
    moves: list[tuple[Any, ...]],
    switches: dict[str, Any],
) -> None:
    """Where only the count can show a change, it is mended, or the reader learns of it."""
    emulated.reset()
    made = emulated.table(rows)
    for name, value in switches.items():
        setattr(emulated.emulator.switches, name, value)
    before = ids_of(made)

    found, told = emulated.read(made, page_size, calls, in_turn(made, moves))
    stayed = set(before) & set(ids_of(made))

    assert len(found) == len(set(found))
    assert stayed <= set(found) or "TableChanged" in told


def test_the_kinds_of_warnings_are_those_of_the_package() -> None:
    """The names that are looked for above exist."""
    assert larkbase.TableChanged.__name__ == "TableChanged"
