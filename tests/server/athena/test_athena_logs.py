"""Log lines: one JSON object a request, without cells and secrets."""

from __future__ import annotations

import json
import threading
import warnings

import pyarrow as pa
import pytest

from larkbase_sdk.errors import CellNotConverted
from larkbase_server.notes import collected_warnings
from larkbase_server.protocol.faults import EntityNotFoundException


def lines(caplog):
    """Return the log lines, each of which must be JSON."""
    return [json.loads(record.getMessage()) for record in caplog.records]


def test_a_request_is_one_line(world, sales, engine, caplog):
    """Who asked what about which table, and what it cost."""
    engine.table("sales.orders")
    caplog.clear()

    engine.select("sales.orders", ["order_no"], inline=1)

    found = lines(caplog)
    assert [line.pop("seconds") < 60 for line in found] == [True] * 4
    about = {"query": engine.query_id, "table": "sales.orders"}
    assert found == [
        {"request": "GetTableRequest", **about, "calls": 0},
        {"request": "GetTableLayoutRequest", **about, "calls": 0},
        {"request": "GetSplitsRequest", **about, "splits": 1, "calls": 0},
        {"request": "ReadRecordsRequest", **about, "rows": 5, "blocks": 1, "calls": 1},
    ]


def test_a_failure_is_one_line_too(world, sales, engine, caplog):
    """With the exception and its text."""
    with pytest.raises(EntityNotFoundException):
        engine.table("sales.nothing")

    line = lines(caplog)[-1]
    assert line["error"] == "EntityNotFoundException"
    assert line["message"] == "Table not found: sales.nothing"


def test_warnings_are_lines_of_their_request(world, engine, caplog):
    """Also where Python would show them once a process only."""
    table = world.lark.database("B").table("T", {"A": ["seven"]})
    world.into_glue("b", "t", table, [world.glue_column(table, "A", "int")])

    for _ in range(2):
        caplog.clear()
        engine.select("b.t", ["a"])
        [line] = [line for line in lines(caplog) if "warning" in line]
        assert line["request"] == "ReadRecordsRequest"
        assert 'column "a" became NULL' in line["warning"]


def test_what_is_odd_about_the_settings_is_told_once(world, engine, caplog):
    """At the first request that reads them."""
    world.set(default_page_size="9000")

    engine.schemas()
    engine.schemas()

    texts = [line["warning"] for line in lines(caplog) if "warning" in line]
    assert texts == ['default_page_size: "9000" is outside 1 to 500; 500 is used.']


def test_the_level_of_the_lines_is_a_setting(world, engine, caplog):
    """The federation SDK's own."""
    world.set(ATHENA_FEDERATION_SDK_LOG_LEVEL="error")

    engine.schemas()

    assert caplog.records == []


def test_no_line_holds_cells_secrets_or_keys(world, engine, caplog):
    """Whatever happens, at the most talkative level."""
    table = world.lark.database("B").table(
        "T", {"Private": ["cell-one", "cell-two"], "Number": ["cell-three", "7"]}
    )
    world.into_glue(
        "b",
        "t",
        table,
        [
            world.glue_column(table, "Private", "string"),
            world.glue_column(table, "Number", "int"),
        ],
    )
    world.set(default_enable_debug_logging="true")
    engine.select("b.t")
    engine.select("b.t", inline=1)
    key = engine.answers[-1]["encryptionKey"]
    world.lark.fail(1254002, endpoint="search", times=None)
    with pytest.raises(Exception, match="1254002"):
        engine.select("b.t")

    assert len(caplog.records) > 10
    secrets = [world.lark.app_secret, key["key"], key["nonce"]]
    assert [text for text in ("cell-", *secrets) if text in caplog.text] == []


def test_an_event_that_is_no_message_is_told_as_far_as_it_goes(world, engine, caplog):
    """And its texts are not repeated beyond the three that lines are sorted by."""
    for event in ([], {"@type": "Nonsense", "queryId": 7, "tableName": "x", "more": "secret"}):
        with pytest.raises(Exception, match=r"message|request"):
            engine.invoke(event)

    [first, second] = lines(caplog)
    assert set(first) == {"error", "message", "seconds"}
    assert set(second) == {"request", "error", "message", "seconds"}


class TestCollectedWarnings:
    """The collecting of warnings, by several threads at the same time."""

    def test_every_invocation_gets_its_own(self):
        """And the filters of the process are as before when the last one is over."""
        before = list(warnings.filters)
        barrier = threading.Barrier(8)
        found = {}

        def invoke(number):
            with collected_warnings() as notes:
                barrier.wait()
                warnings.warn(f"of {number}", CellNotConverted, stacklevel=1)
                warnings.warn(f"of {number}", CellNotConverted, stacklevel=1)
                barrier.wait()
            found[number] = notes

        threads = [threading.Thread(target=invoke, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert found == {number: [f"of {number}"] * 2 for number in range(8)}
        assert warnings.filters == before

    def test_a_thread_of_the_only_invocation_counts_as_it(self):
        """Its warnings would otherwise be lost to the log."""
        with collected_warnings() as notes:
            thread = threading.Thread(
                target=lambda: warnings.warn("inner", CellNotConverted, stacklevel=1)
            )
            thread.start()
            thread.join()

        assert notes == ["inner"]

    def test_warnings_of_others_are_shown_as_usual(self):
        """Only ours become notes."""
        with collected_warnings() as notes, pytest.raises(UserWarning, match="theirs"):
            warnings.warn("theirs", UserWarning, stacklevel=1)

        assert notes == []


def test_requests_at_the_same_time_do_not_disturb_each_other(world, sales, engine):
    """The local counterpart of Lambda answers them in threads of one process."""
    schema = engine.table("sales.orders")
    [split] = engine.splits("sales.orders")
    names = ["order_no", "amount", "paid", "status"] * 3
    found = {}

    def read(number):
        wanted = pa.schema([schema.field(names[number])])
        found[number] = engine.read("sales.orders", split, wanted).num_rows

    threads = [threading.Thread(target=read, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == dict.fromkeys(range(12), 5)
