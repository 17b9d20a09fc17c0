"""A table that others edit while it is read: every row that stays comes once, or it is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import larkbase_sdk as larkbase
from larkbase_sdk import Options
from larkbase_sdk.client import Lark
from larkbase_sdk.testing import LarkEmulator

Connect = Callable[..., Lark]
Edit = Callable[[Any], None]


@pytest.fixture
def connect(lark_emulator: LarkEmulator) -> Iterator[Connect]:
    """Connects clients that read pages of 20 rows as fast as they can."""
    with ExitStack() as stack:

        def make(**options: Any) -> Lark:
            given = {"rate": 100_000, "page_size": 20, "progress": False, **options}
            return stack.enter_context(lark_emulator.connect(options=Options(**given)))

        yield make


@pytest.fixture
def make_table(lark_emulator: LarkEmulator) -> Callable[[int], Any]:
    """Makes the table CRM.T with the numbers from 0."""

    def make(rows: int) -> Any:
        return lark_emulator.database("CRM").table("T", {"No": list(range(rows))})

    return make


def editing(made: Any, edits: list[Edit]) -> Callable[[dict[str, Any]], None]:
    """Return a hook that makes the next edit after each search."""
    left = deque(edits)

    def hook(call: dict[str, Any]) -> None:
        if call["endpoint"] == "search" and left:
            left.popleft()(made)

    return hook


def keep(_: Any) -> None:
    """Let a call pass without an edit."""


def delete(*positions: int) -> Edit:
    return lambda made: made.delete(made.rows.ids([i for i in positions if i < len(made.rows)]))


def delete_first(rows: int) -> Edit:
    return delete(*range(rows))


def insert_first(rows: int) -> Edit:
    return lambda made: made.insert([{"No": -1}] * rows, first=True)


def append(rows: int) -> Edit:
    return lambda made: made.insert([{"No": -2}] * rows)


def replace(rows: int) -> Edit:
    """Delete rows in front and add as many at the end, so that the total stays."""

    def edit(made: Any) -> None:
        delete_first(rows)(made)
        append(rows)(made)

    return edit


def ids(made: Any) -> list[str]:
    return made.rows.ids(range(len(made.rows)))


EDITS: dict[str, list[Edit]] = {
    "a row deleted in front": [keep, delete(0)],
    "rows deleted after every page": [delete(0)] * 9,
    "many rows deleted after every page": [delete_first(5)] * 9,
    "a page of rows deleted": [keep, keep, delete_first(20)],
    "most rows deleted": [keep, keep, keep, delete_first(150)],
    "all rows deleted": [keep, delete_first(200)],
    "the row that two pages share deleted": [delete(*range(10, 20))],
    "rows inserted in front": [insert_first(1)] * 9,
    "a page of rows inserted in front": [keep, insert_first(20)],
    "several pages of rows inserted in front": [keep, insert_first(70)],
    "rows added at the end": [append(3)] * 9,
    "rows replaced, so that the total stays": [replace(1)] * 9,
    "many rows replaced at once": [keep, replace(30)],
    "rows deleted and inserted by turns": [delete_first(3), insert_first(2)] * 5,
}


@pytest.mark.parametrize("calls", [1, 8])
@pytest.mark.parametrize("rows", [200, 191])
@pytest.mark.parametrize("edits", EDITS.values(), ids=EDITS)
def test_every_row_that_stays_comes_once(
    connect: Connect, make_table: Callable[[int], Any], rows: int, edits: list[Edit], calls: int
) -> None:
    """With offsets, whatever is edited between whichever pages; nobody needs to be warned."""
    made = make_table(rows)
    before = ids(made)
    lark = connect(concurrency=calls)
    table = lark.table("CRM.T")
    _ = table.schema
    lark.options.on_call = editing(made, edits)

    found = table.to_arrow()["record_id"].to_pylist()
    stayed = [record_id for record_id in before if record_id in set(ids(made))]
    assert [record_id for record_id in found if record_id in set(stayed)] == stayed
    assert len(found) == len(set(found))


@pytest.mark.parametrize("calls", [1, 8])
@pytest.mark.parametrize("edit", ["insert", "append", "delete", "move", "replace"])
def test_edits_after_every_page_lose_nothing(
    connect: Connect,
    make_table: Callable[[int], Any],
    lark_emulator: LarkEmulator,
    edit: str,
    calls: int,
) -> None:
    """Also rows whose place in the order changes all the time come once."""
    made = make_table(330)
    before = set(ids(made))
    table = connect(concurrency=calls).table("CRM.T")
    _ = table.schema
    lark_emulator.switches.edit_between_pages = edit

    found = table.to_arrow()["record_id"].to_pylist()
    assert before & set(ids(made)) <= set(found)
    assert len(found) == len(set(found))


def test_a_deletion_costs_few_calls(
    connect: Connect, make_table: Callable[[int], Any], lark_emulator: LarkEmulator
) -> None:
    """Reading goes back a little, not to the beginning."""
    made = make_table(400)
    lark = connect(concurrency=1)
    table = lark.table("CRM.T")
    _ = table.schema
    lark.options.on_call = editing(made, [keep] * 10 + [delete(0)])

    assert len(table.to_arrow()) == 400
    quiet = 22
    assert lark_emulator.calls.count("search") <= quiet + 10


@pytest.mark.parametrize("edit", [delete_first, replace])
def test_rows_that_are_deleted_too_fast_are_told(
    connect: Connect, make_table: Callable[[int], Any], edit: Callable[[int], Edit]
) -> None:
    """When nothing can be followed any more, the warning says so, even if the total stays."""
    made = make_table(1000)
    lark = connect(concurrency=1)
    table = lark.table("CRM.T")
    _ = table.schema
    lark.options.on_call = editing(made, [edit(15)] * 70)

    with pytest.warns(larkbase.TableChanged, match="changed while it was read"):
        table.to_arrow()


def test_a_count_that_cannot_be_explained_is_told(
    connect: Connect, make_table: Callable[[int], Any], lark_emulator: LarkEmulator
) -> None:
    """Lark counts one row more than it sends."""
    make_table(50)
    table = connect().table("CRM.T")
    lark_emulator.switches.total = "off_by_one"

    with pytest.warns(larkbase.TableChanged, match="50 rows came.*Lark counted 51"):
        assert len(table.to_arrow()) == 50


class TestOpaqueTokens:
    """The server's own tokens are followed, and what moved is read again as a whole."""

    @pytest.fixture(autouse=True)
    def opaque(self, lark_emulator: LarkEmulator) -> None:
        lark_emulator.switches.opaque_tokens = True

    @pytest.mark.parametrize(
        "edits",
        [
            [delete(0)],
            [keep, delete_first(5), keep, delete_first(3)],
            [insert_first(1)],
            [keep, insert_first(30)],
            [append(2)],
            [delete_first(2), insert_first(2)],
            [keep, keep, keep, keep, keep, keep, keep, keep, delete(0)],
        ],
    )
    def test_a_change_that_shows_is_mended(
        self, connect: Connect, make_table: Callable[[int], Any], edits: list[Edit]
    ) -> None:
        """A second reading brings the rows that the first one missed."""
        made = make_table(195)
        before = ids(made)
        lark = connect()
        table = lark.table("CRM.T")
        _ = table.schema
        lark.options.on_call = editing(made, edits)

        found = table.to_arrow()["record_id"].to_pylist()
        assert set(before) & set(ids(made)) <= set(found)
        assert len(found) == len(set(found))

    def test_a_quiet_table_is_read_once(
        self, connect: Connect, make_table: Callable[[int], Any], lark_emulator: LarkEmulator
    ) -> None:
        """Care costs nothing as long as nothing happens."""
        make_table(195)
        connect().table("CRM.T").to_arrow()

        assert lark_emulator.calls.count("search") == 10

    def test_a_table_that_never_rests_is_told(
        self, connect: Connect, make_table: Callable[[int], Any], lark_emulator: LarkEmulator
    ) -> None:
        """After three readings the reader says that it cannot promise more."""
        made = make_table(195)
        lark = connect()
        table = lark.table("CRM.T")
        _ = table.schema
        lark.options.on_call = editing(made, [delete(0)] * 100)

        with pytest.warns(larkbase.TableChanged, match="changed while it was read"):
            found = table.to_arrow()["record_id"].to_pylist()
        assert len(found) == len(set(found))
        assert lark_emulator.calls.count("search") < 40

    def test_a_large_table_is_not_read_twice(
        self, connect: Connect, make_table: Callable[[int], Any], lark_emulator: LarkEmulator
    ) -> None:
        """Reading again would cost as much as before, so it is left to the caller."""
        made = make_table(500)
        lark = connect(concurrency=1)
        table = lark.table("CRM.T")
        _ = table.schema
        lark.options.on_call = editing(made, [delete(0)])

        with pytest.warns(larkbase.TableChanged):
            table.to_arrow()
        assert lark_emulator.calls.count("search") == 25

    def test_a_wrong_count_is_told_after_a_second_look(
        self, connect: Connect, make_table: Callable[[int], Any], lark_emulator: LarkEmulator
    ) -> None:
        """Two readings that say the same are enough."""
        make_table(50)
        lark_emulator.switches.total = "off_by_one"

        with pytest.warns(larkbase.TableChanged, match="Lark counted 51"):
            connect().table("CRM.T").to_arrow()
        assert lark_emulator.calls.count("search") == 6


def test_a_change_that_was_followed_is_logged(
    connect: Connect, make_table: Callable[[int], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is alarmed, and yet it can be known."""
    made = make_table(200)
    lark = connect()
    table = lark.table("CRM.T")
    _ = table.schema
    lark.options.on_call = editing(made, [keep, delete_first(3)])
    with caplog.at_level("INFO", logger="larkbase"):
        table.to_arrow()

    assert "every row that stayed was read" in caplog.text


def test_conditions_and_orders_hold_on_a_table_that_changes(
    connect: Connect, make_table: Callable[[int], Any]
) -> None:
    """The same promise under a filter, and in an order that is made here."""
    made = make_table(400)
    lark = connect()
    table = lark.table("CRM.T")
    _ = table.schema
    lark.options.on_call = editing(made, [delete(n) for n in range(9)])

    found = table.to_arrow(where="no >= 100", order_by="-No")["No"].to_pylist()
    assert found == list(range(399, 99, -1))
