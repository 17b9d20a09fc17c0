"""Pages are read ahead where that can be done, and nothing is asked for that nobody needs."""

from __future__ import annotations

import base64
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pyarrow as pa
import pytest

import larkbase_sdk as larkbase
from larkbase_sdk import Options
from larkbase_sdk.client import Lark
from larkbase_sdk.emulator.calls import Call
from larkbase_sdk.errors import LarkBaseError
from larkbase_sdk.read.plan import Part, Residual
from larkbase_sdk.read.reader import read_part
from larkbase_sdk.testing import LarkEmulator

ROWS = 1203

Connect = Callable[..., Lark]


@pytest.fixture
def connect(lark_emulator: LarkEmulator) -> Iterator[Connect]:
    """Connects clients that no quota slows down and that never wait longer than they must."""
    with ExitStack() as stack:

        def make(**options: Any) -> Lark:
            given = {"rate": 100_000, "page_size": 100, "progress": False, **options}
            lark = stack.enter_context(lark_emulator.connect(options=Options(**given)))
            lark.api.http._random = lambda: 0.0
            return lark

        yield make


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """After each test every thread that fetched pages has ended."""
    yield
    _wait_until(lambda: not _threads())


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "larkbase-page"]


def _wait_until(done: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not done():
        assert time.monotonic() < ends
        time.sleep(0.002)


@pytest.fixture
def numbers(lark_emulator: LarkEmulator) -> Any:
    """A table of 1,203 rows: No 0 … 1202, three Groups, an AutoNumber."""
    return lark_emulator.database("CRM").table(
        "Numbers",
        fields=[
            ("No", "Number"),
            ("Group", "SingleSelect", {"options": ["a", "b", "c"]}),
            ("Count", "AutoNumber"),
        ],
        rows=[{"No": n, "Group": "abc"[n % 3]} for n in range(ROWS)],
    )


def numbers_of(rows: Any) -> list[float]:
    return [number for batch in rows for number in batch.column("No").to_pylist()]


def searches(emulator: LarkEmulator) -> list[Call]:
    return emulator.calls.named("search")


def offsets(emulator: LarkEmulator) -> list[int]:
    """Return the offsets that were asked for, in the order of the answers."""
    tokens = [call.query.get("page_token") for call in searches(emulator)]
    texts = [base64.b64decode(token).decode() if token else "pageToken:0" for token in tokens]
    return [int(text.partition(":")[2]) for text in texts]


class TestOrder:
    """However many calls there are at a time, the rows are the same."""

    @pytest.mark.parametrize(
        ("rows", "page_size"),
        [(1, 1), (6, 1), (60, 1), (60, 2), (60, 3), (100, 7), (400, 100), (401, 100), (401, 401)],
    )
    def test_the_rows_and_their_order_do_not_depend_on_the_number_of_calls(
        self, connect: Connect, lark_emulator: LarkEmulator, page_size: int, rows: int
    ) -> None:
        """One call at a time or eight: every row once, in the order of the table."""
        made = lark_emulator.database("CRM").table("T", {"No": list(range(rows))})
        tables = [
            connect(concurrency=calls, page_size=page_size).table("CRM.T").to_arrow()
            for calls in (1, 8)
        ]

        assert numbers_of([tables[0]]) == list(range(rows))
        assert tables[0] == tables[1]
        assert tables[0]["record_id"].to_pylist() == [r["record_id"] for r in made.records]

    def test_several_pages_are_on_their_way_at_the_same_time(
        self, connect: Connect, numbers: Any, lark_emulator: LarkEmulator
    ) -> None:
        """While one page is late others arrive, and still the rows come in order."""
        lark_emulator.fail(endpoint="search", after=2, stall=0.3)

        result = connect().table("CRM.Numbers").to_arrow()

        assert numbers_of([result]) == list(range(ROWS))
        asked = offsets(lark_emulator)
        assert asked != sorted(asked)

    def test_one_call_at_a_time_can_be_wished_for(
        self, connect: Connect, numbers: Any, lark_emulator: LarkEmulator
    ) -> None:
        """With ``concurrency=1`` no page is asked for before the one in front of it is there."""
        lark_emulator.fail(endpoint="search", after=2, stall=0.1)

        connect(concurrency=1).table("CRM.Numbers").to_arrow()

        assert offsets(lark_emulator) == sorted(offsets(lark_emulator))

    def test_a_cell_is_told_once_in_the_thread_of_the_reader(
        self, connect: Connect, lark_emulator: LarkEmulator
    ) -> None:
        """Pages are decoded in threads; what they have to say is heard by whoever reads."""
        lark_emulator.database("CRM").table("T", {"No": list(range(600))})
        table = connect().table("CRM.T")
        _ = table.schema
        odd = {"record_id": "recOdd", "fields": {"No": {"odd": True}}}
        page = {"code": 0, "data": {"has_more": False, "items": [odd], "total": 600}}
        lark_emulator.fail(endpoint="search", after=3, body=page, times=None)

        with pytest.warns(larkbase.LarkBaseWarning) as told:
            table.to_arrow()
        kinds = [item.category.__name__ for item in told]
        assert kinds.count("CellNotConverted") == 1


class TestCalls:
    """Not one call more than the rows take."""

    @pytest.mark.parametrize(
        ("rows", "page_size", "calls"),
        [(100, 100, 1), (101, 100, 2), (199, 100, 2), (1203, 500, 3), (7000, 500, 15)],
    )
    def test_a_read_takes_as_many_calls_as_its_rows_fill_pages(
        self,
        connect: Connect,
        lark_emulator: LarkEmulator,
        rows: int,
        page_size: int,
        calls: int,
    ) -> None:
        """And one more only where full pages leave no room for a row that two of them share."""
        lark_emulator.database("CRM").table("T", {"No": list(range(rows))})
        lark = connect(page_size=page_size)
        table = lark.table("CRM.T")

        assert len(table.to_arrow()) == rows
        assert len(searches(lark_emulator)) == calls
        assert table.scan().explain().calls == calls

    def test_pages_share_rows_so_that_none_is_skipped(
        self, connect: Connect, lark_emulator: LarkEmulator
    ) -> None:
        """As many as the last page has room for."""
        lark_emulator.database("CRM").table("T", {"No": list(range(290))})
        connect(concurrency=1).table("CRM.T").to_arrow()

        assert offsets(lark_emulator) == [0, 95, 190]

    @pytest.mark.parametrize(
        ("limit", "asked"),
        [(10, [0]), (100, [0]), (101, [0, 100]), (300, [0, 100, 200]), (350, [0, 100, 200, 300])],
    )
    def test_a_limit_asks_for_the_pages_it_needs(
        self,
        connect: Connect,
        numbers: Any,
        lark_emulator: LarkEmulator,
        limit: int,
        asked: list[int],
    ) -> None:
        """Any rows will do, so pages need not overlap, and none is read for nothing."""
        result = connect().table("CRM.Numbers").to_arrow(limit=limit)

        assert len(set(numbers_of([result]))) == limit
        assert sorted(offsets(lark_emulator)) == asked

    def test_a_limit_behind_a_local_condition_reads_ahead_as_far_as_it_will_need(
        self, connect: Connect, lark_emulator: LarkEmulator
    ) -> None:
        """One row in two fulfils it: ninety of them are in the first two pages."""
        lark_emulator.database("CRM").table(
            "T",
            fields=[("No", "Number"), ("Twice", "Formula", {"result": "Number"})],
            rows=[{"No": n, "Twice": n % 2} for n in range(900)],
        )
        table = connect().table("CRM.T")

        assert len(table.to_arrow(where="twice = '1'", limit=90)) == 90
        assert len(searches(lark_emulator)) == 2

    def test_the_first_rows_of_an_order_cost_no_page_ahead(
        self, connect: Connect, numbers: Any, lark_emulator: LarkEmulator
    ) -> None:
        """Whether the next page is needed is known only when this one is there."""
        connect().table("CRM.Numbers").to_arrow(order_by="-No", limit=150)

        assert offsets(lark_emulator) == [0, 92]

    def test_the_first_batch_costs_one_call(
        self, connect: Connect, numbers: Any, lark_emulator: LarkEmulator
    ) -> None:
        """Whoever looks at the beginning only pays for the beginning."""
        table = connect().table("CRM.Numbers")
        _ = table.schema
        reader = table.to_reader()
        reader.read_next_batch()
        del reader

        assert len(searches(lark_emulator)) == 1

    def test_reading_ahead_begins_small_and_grows(
        self, connect: Connect, numbers: Any, lark_emulator: LarkEmulator
    ) -> None:
        """The second batch costs at most one page more than was asked for."""
        reader = connect().table("CRM.Numbers").to_reader()
        counts = []
        for _ in range(4):
            reader.read_next_batch()
            _wait_until(lambda: not _threads())
            counts.append(len(searches(lark_emulator)))
        del reader

        assert counts == [1, 3, 6, 11]

    def test_what_is_read_ahead_is_bounded(
        self, connect: Connect, lark_emulator: LarkEmulator
    ) -> None:
        """A slow consumer holds at most twice as many pages as calls may be in flight."""
        lark_emulator.database("CRM").table("T", {"No": list(range(3000))})
        reader = connect(page_size=30, concurrency=4).table("CRM.T").to_reader()
        for _ in range(10):
            reader.read_next_batch()
        _wait_until(lambda: not _threads())
        del reader

        assert len(searches(lark_emulator)) == 10 + 2 * 4 - 1

    def test_an_engine_that_has_enough_stops_the_calls(
        self, connect: Connect, numbers: Any, lark_emulator: LarkEmulator
    ) -> None:
        """DuckDB checks what nobody else can, and has three rows after the first page."""
        lark = connect()
        _ = lark.table("CRM.Numbers").schema
        lark_emulator.calls.clear()

        found = lark.sql("SELECT no FROM crm.numbers WHERE no * 2 > 10 LIMIT 3")
        assert len(found.to_pandas()) == 3
        assert len(searches(lark_emulator)) <= 3

    def test_a_total_that_is_missing_costs_no_call(
        self, connect: Connect, numbers: Any, lark_emulator: LarkEmulator
    ) -> None:
        """Without it nobody knows whether there is a next page, so none is guessed."""
        lark_emulator.switches.total = "absent"

        result = connect().table("CRM.Numbers").to_arrow()
        assert numbers_of([result]) == list(range(ROWS))
        assert len(searches(lark_emulator)) == 13


class TestEnd:
    """Who stops reading stops the calls."""

    def test_closing_a_reader_ends_its_threads(
        self, connect: Connect, numbers: Any, lark_emulator: LarkEmulator
    ) -> None:
        """Those that wait for their turn end at once, the others with their call."""
        lark = connect(concurrency=2)
        reader = lark.table("CRM.Numbers").to_reader()
        for _ in range(3):
            reader.read_next_batch()
        _wait_until(lambda: not _threads())
        lark_emulator.throttle(reset=60, endpoint="search", times=None)
        reader.read_next_batch()
        _wait_until(lambda: bool(lark.stats.retries))
        del reader

        _wait_until(lambda: not _threads())
        asked = len(searches(lark_emulator))
        assert asked < 13

    def test_ctrl_c_leaves_a_usable_client(
        self, connect: Connect, numbers: Any, lark_emulator: LarkEmulator
    ) -> None:
        """The same client reads the whole table afterwards."""
        table = connect().table("CRM.Numbers")

        def interrupted() -> None:
            for number, _ in enumerate(table.to_reader()):
                if number == 3:
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert numbers_of([table.to_arrow()]) == list(range(ROWS))

    def test_an_error_comes_in_its_place(
        self, connect: Connect, numbers: Any, lark_emulator: LarkEmulator
    ) -> None:
        """The pages before the one that failed are there, those behind it are not."""
        table = connect(concurrency=1).table("CRM.Numbers")
        lark_emulator.fail(91403, endpoint="search", after=3, times=None)
        rows = []

        with pytest.raises(larkbase.PermissionDenied):
            rows.extend(table.to_reader())
        assert numbers_of(rows) == list(range(len(numbers_of(rows))))

    @pytest.mark.parametrize("calls", [1, 8])
    def test_an_error_of_a_page_ahead_is_an_error_of_the_read(
        self, connect: Connect, numbers: Any, lark_emulator: LarkEmulator, calls: int
    ) -> None:
        """It never ends as if the table were shorter."""
        table = connect(concurrency=calls, retries=0).table("CRM.Numbers")
        _ = table.schema
        lark_emulator.fail(endpoint="search", after=6, times=None, disconnect=True)

        with pytest.raises(larkbase.NetworkError):
            table.to_arrow()

    def test_a_process_without_threads_reads_all_the_same(
        self, connect: Connect, numbers: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where no thread can be started, pages follow each other."""
        table = connect().table("CRM.Numbers")
        _ = table.schema

        def refused(_: threading.Thread) -> None:
            msg = "can't start new thread"
            raise RuntimeError(msg)

        monkeypatch.setattr(threading.Thread, "start", refused)

        assert numbers_of([table.to_arrow()]) == list(range(ROWS))

    def test_a_lambda_reads_parts_without_a_progress_line(
        self, connect: Connect, numbers: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """``read_part`` needs a context and a part, and no library that draws."""
        monkeypatch.setitem(sys.modules, "tqdm", None)
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
        scan = connect().table("CRM.Numbers").scan()
        plan, context = scan.plan(), scan.read_context()
        part = Part.from_dict(plan.parts[0].to_dict())

        rows = list(read_part(context, part, plan.schema, Residual()))
        assert [n for batch in rows for n in batch.column("no").to_pylist()] == list(range(ROWS))


FAULTS: list[dict[str, Any]] = [
    {"code": 1254607, "times": 3},
    {"code": 1254607, "times": 9},
    {"code": 1255040, "times": 2},
    {"code": 1254002, "times": 1},
    {"code": 1254002, "times": 3},
    {"code": 1254030, "times": 2},
    {"code": 99991663, "times": 1},
    {"code": 99991400, "times": 3, "headers": {"x-ogw-ratelimit-reset": "0"}},
    {"empty_page": True, "times": 2},
    {"truncate": True, "times": 2},
    {"disconnect": True, "times": 2},
    {"body": "<html>Bad gateway</html>", "status": 502, "times": 2},
]


class TestTrouble:
    """Surprises cost time, never a row."""

    @pytest.mark.parametrize("fault", FAULTS, ids=str)
    @pytest.mark.parametrize("after", [0, 1, 4])
    def test_faults_lose_and_repeat_nothing(
        self,
        connect: Connect,
        numbers: Any,
        lark_emulator: LarkEmulator,
        fault: dict[str, Any],
        after: int,
    ) -> None:
        """Whatever goes wrong on the way, the rows are the same."""
        table = connect(retries=9).table("CRM.Numbers")
        _ = table.schema
        lark_emulator.fail(endpoint="search", after=after, **fault)

        assert numbers_of([table.to_arrow()]) == list(range(ROWS))

    @pytest.mark.parametrize("calls", [1, 8])
    @pytest.mark.parametrize(
        "switches",
        [
            {"opaque_tokens": True},
            {"unissued_tokens": "refuse"},
            {"unissued_tokens": "ignore"},
            {"total": "unfiltered"},
            {"total": "drifting"},
            {"last_page_token": "present"},
            {"last_page_token": "empty"},
            {"default_order": "newest"},
        ],
        ids=str,
    )
    def test_whatever_tokens_and_totals_mean_the_rows_are_the_same(
        self,
        connect: Connect,
        numbers: Any,
        lark_emulator: LarkEmulator,
        switches: dict[str, Any],
        calls: int,
    ) -> None:
        """What is not confirmed about Lark is survived both ways."""
        for name, value in switches.items():
            setattr(lark_emulator.switches, name, value)
        table = connect(concurrency=calls, trust_total=False).table("CRM.Numbers")

        for condition, expected in (
            (None, list(range(ROWS))),
            ("\"group\" = 'b'", list(range(1, ROWS, 3))),
        ):
            found = numbers_of([table.to_arrow(where=condition)])
            assert sorted(found) == expected
            assert found in (expected, expected[::-1])

    def test_an_offset_that_is_refused_is_not_asked_for_again_and_again(
        self, connect: Connect, numbers: Any, lark_emulator: LarkEmulator
    ) -> None:
        """After the second refusal the tokens of the server are followed."""
        lark_emulator.switches.unissued_tokens = "refuse"
        connect(concurrency=1).table("CRM.Numbers").to_arrow()

        refused = [call for call in searches(lark_emulator) if call.code]
        assert [call.code for call in refused] == [1254002, 1254002]
        assert len(searches(lark_emulator)) == 13 + 2

    def test_an_offset_that_fails_once_they_have_worked_is_repeated(
        self, connect: Connect, numbers: Any, lark_emulator: LarkEmulator
    ) -> None:
        """The code of a refused token also means that a base is overloaded."""
        table = connect(concurrency=1).table("CRM.Numbers")
        _ = table.schema
        lark_emulator.fail(1254002, endpoint="search", after=4, times=3)

        assert numbers_of([table.to_arrow()]) == list(range(ROWS))
        assert offsets(lark_emulator)[-1] == 12 * 92

    def test_a_serial_base_is_asked_one_page_at_a_time(
        self, connect: Connect, lark_emulator: LarkEmulator
    ) -> None:
        """Few calls are refused before the reader keeps to what the base can do."""
        lark_emulator.database("CRM").table("T", {"No": list(range(1000))})
        lark = connect(page_size=20)
        table = lark.table("CRM.T")
        _ = table.schema
        lark_emulator.switches.engine_slots = 1
        lark_emulator.switches.engine_seconds = 0.001

        assert numbers_of([table.to_arrow()]) == list(range(1000))
        assert lark.stats.retries <= 8
        assert lark.api.http.gate_of(table.base_id).limit <= 2

    def test_a_base_with_a_queue_may_get_all_calls(
        self, connect: Connect, numbers: Any, lark_emulator: LarkEmulator
    ) -> None:
        """A serial engine that makes callers wait instead of refusing them."""
        lark_emulator.switches.engine_slots = 1
        lark_emulator.switches.engine_queue = True

        assert numbers_of([connect().table("CRM.Numbers").to_arrow()]) == list(range(ROWS))

    def test_pages_that_became_smaller_grow_again(
        self, connect: Connect, lark_emulator: LarkEmulator
    ) -> None:
        """A busy moment does not make the rest of a large read slower."""
        lark_emulator.database("CRM").table("T", {"No": list(range(6000))})
        table = connect(concurrency=1, page_size=200).table("CRM.T")
        _ = table.schema
        lark_emulator.fail(1254607, endpoint="search", after=1, times=2)

        assert numbers_of([table.to_arrow()]) == list(range(6000))
        sizes = [int(call.query["page_size"]) for call in searches(lark_emulator) if not call.code]
        assert min(sizes) == 100
        assert sizes[-1] == 200
        assert sizes.count(100) < 25

    def test_a_heavy_page_is_asked_for_in_smaller_ones_wherever_it_lies(
        self, connect: Connect, lark_emulator: LarkEmulator
    ) -> None:
        """One row of very long text in the middle of a table is no reason to fail."""
        texts = ["short"] * 600
        texts[400] = "long " * 3000
        lark_emulator.database("CRM").table("T", {"Text": texts})
        table = connect().table("CRM.T")
        _ = table.schema
        lark_emulator.switches.max_response_bytes = 19_000

        assert table.to_arrow()["Text"].to_pylist() == texts


class TestParts:
    """Where tokens say nothing, a large table is read in disjoint parts."""

    @pytest.fixture
    def large(self, lark_emulator: LarkEmulator) -> Any:
        lark_emulator.switches.opaque_tokens = True
        return lark_emulator.database("CRM").table(
            "Large",
            fields=[("No", "Number"), ("Count", "AutoNumber")],
            rows=[{"No": n} for n in range(900)],
        )

    def test_the_parts_hold_every_row_once(
        self, connect: Connect, large: Any, lark_emulator: LarkEmulator
    ) -> None:
        """Several filters are read at the same time, in turn, and together they are all rows."""
        result = connect(page_size=10).table("CRM.Large").to_arrow()

        assert sorted(numbers_of([result])) == list(range(900))
        paged = [call for call in searches(lark_emulator) if call.query.get("page_token")]
        assert len({str(call.body["filter"]) for call in paged}) >= 4

    def test_the_order_is_the_same_each_time(self, connect: Connect, large: Any) -> None:
        """The parts take turns, whichever is quicker."""
        table = connect(page_size=10).table("CRM.Large")

        assert table.to_arrow() == table.to_arrow()

    def test_an_exact_condition_counts_in_parts_too(self, connect: Connect, large: Any) -> None:
        """What only this process can check is checked in each part."""
        result = connect(page_size=10).table("CRM.Large").to_arrow(where="no >= 7 AND no <> 13")

        assert sorted(numbers_of([result])) == [n for n in range(7, 900) if n != 13]

    def test_a_part_without_rows_is_no_sign_of_hidden_rows(
        self, connect: Connect, large: Any, lark_emulator: LarkEmulator
    ) -> None:
        """Nobody is told that rows are hidden as long as some come."""
        lark_emulator.database("CRM").access = "manage"

        assert len(connect(page_size=10).table("CRM.Large").to_arrow()) == 900

    def test_the_progress_counts_all_parts(self, connect: Connect, large: Any) -> None:
        """What comes from any part counts towards the rows that Lark named."""
        scan = connect(page_size=10).table("CRM.Large").scan()
        plan, context = scan.plan(), scan.read_context()
        seen: list[tuple[int, int | None]] = []
        context.on_page = lambda rows, total: seen.append((rows, total))
        list(read_part(context, plan.parts[0], plan.schema, plan.residual))

        assert seen == sorted(seen)
        assert seen[-1] == (900, 900)

    def test_rows_that_went_meanwhile_are_told(self, connect: Connect, large: Any) -> None:
        """Fewer rows than Lark counted at first: the reader learns of it."""
        lark = connect(page_size=10)
        table = lark.table("CRM.Large")
        _ = table.schema
        calls: list[str] = []

        def hook(call: dict[str, Any]) -> None:
            calls.append(call["endpoint"])
            if len(calls) == 3:
                large.delete(large.rows.ids(range(800, 900)))

        lark.options.on_call = hook

        with pytest.warns(larkbase.TableChanged, match="Lark counted 900"):
            result = table.to_arrow()
        assert sorted(numbers_of([result])) == list(range(800))

    def test_one_call_at_a_time_needs_no_parts(
        self, connect: Connect, large: Any, lark_emulator: LarkEmulator
    ) -> None:
        """With ``concurrency=1`` parts would only cost more calls."""
        connect(page_size=10, concurrency=1).table("CRM.Large").to_arrow()

        assert len(searches(lark_emulator)) == 90

    def test_a_table_that_no_column_shares_out_is_read_page_by_page(
        self, connect: Connect, lark_emulator: LarkEmulator
    ) -> None:
        """Nothing is lost where there is nothing to split by."""
        lark_emulator.switches.opaque_tokens = True
        lark_emulator.database("CRM").table("T", {"Text": [f"t{n}" for n in range(600)]})

        result = connect(page_size=10).table("CRM.T").to_arrow()
        assert result["Text"].to_pylist() == [f"t{n}" for n in range(600)]

    def test_a_reader_that_stops_stops_the_parts(
        self, connect: Connect, large: Any, lark_emulator: LarkEmulator
    ) -> None:
        """No thread goes on for nobody."""
        reader = connect(page_size=10).table("CRM.Large").to_reader()
        for _ in range(12):
            reader.read_next_batch()
        del reader
        _wait_until(lambda: not _threads())

        assert len(searches(lark_emulator)) < 80

    def test_an_error_in_a_part_is_an_error_of_the_read(
        self, connect: Connect, large: Any, lark_emulator: LarkEmulator
    ) -> None:
        """It does not come as fewer rows."""
        table = connect(page_size=10).table("CRM.Large")
        _ = table.schema
        lark_emulator.fail(91403, endpoint="search", after=60, times=None)

        with pytest.raises(LarkBaseError):
            table.to_arrow()


class TestExplained:
    """``explain()`` says how the pages are read."""

    @pytest.mark.parametrize(
        ("switches", "options", "scan", "expected"),
        [
            ({}, {}, {}, "by their offsets, up to 8 at a time"),
            ({}, {"concurrency": 3}, {}, "by their offsets, up to 3 at a time"),
            ({}, {"concurrency": 1}, {}, "one after another, as options.concurrency is 1"),
            ({}, {}, {"limit": 100}, ""),
            ({}, {}, {"where": "no = 1"}, ""),
            (
                {},
                {},
                {"order_by": "No", "limit": 300},
                "one after another, until no better row can follow",
            ),
            (
                {"opaque_tokens": True},
                {},
                {},
                "one after another, as their tokens tell no offsets",
            ),
            (
                {"opaque_tokens": True},
                {"page_size": 20},
                {},
                "in up to 8 parts at a time, where a column shares out the rows",
            ),
        ],
    )
    def test_the_way_is_named(
        self,
        connect: Connect,
        numbers: Any,
        lark_emulator: LarkEmulator,
        switches: dict[str, Any],
        options: dict[str, Any],
        scan: dict[str, Any],
        expected: str,
    ) -> None:
        """In one line, when there is more than one page."""
        for name, value in switches.items():
            setattr(lark_emulator.switches, name, value)
        plan = connect(**options).table("CRM.Numbers").scan(**scan).explain()

        assert plan.strategy == expected
        assert (f"  pages           {expected}" in repr(plan).splitlines()) == bool(expected)


def test_batches_are_of_the_table_and_own_their_memory(connect: Connect, numbers: Any) -> None:
    """Each batch holds the rows of one page that are new, with the schema of the read."""
    batches = list(connect().table("CRM.Numbers").to_reader())

    assert [len(batch) for batch in batches] == [100, *[92] * 11, 91]
    assert all(batch.schema == batches[0].schema for batch in batches)
    assert pa.Table.from_batches(batches)["No"].to_pylist() == list(range(ROWS))
