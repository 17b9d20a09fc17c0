"""Glue refuses, hesitates, or is written by somebody else at the same time."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from larkbase_sdk.errors import PermissionDenied, RateLimited
from larkbase_sdk.options import Options
from larkbase_server.crawler.crawl import MOST_ROUNDS, bring_in_line
from larkbase_server.crawler.glue_calls import ATTEMPTS, GlueCalls
from larkbase_server.crawler.plan import Rules
from larkbase_server.crawler.read_lark import read_source

DENIED = "AccessDeniedException"
EXISTS = "AlreadyExistsException"
STALE = "ConcurrentModificationException"


class TestPassing:
    """Errors that pass are waited out."""

    @pytest.mark.parametrize("operation", ["GetDatabases", "CreateDatabase", "CreateTable"])
    @pytest.mark.parametrize("code", ["ThrottlingException", "OperationTimeoutException", STALE])
    def test_a_refused_call_is_repeated_with_growing_pauses(self, world, crm, operation, code):
        """Nobody sees anything of it but the time."""
        world.aws.fail("glue", operation, code, times=3)

        result = world.crawl_without_waiting(crm)

        assert result.status == "Success"
        assert world.names() == {"crm": ["customers", "orders"]}
        assert world.slept == pytest.approx([0.3, 0.6, 1.2])

    def test_throttling_without_end_ends(self, world, crm):
        """A bounded number of tries; reading is what the whole crawl rests on."""
        world.aws.fail("glue", "GetDatabases", "ThrottlingException", times=None)

        with pytest.raises(RateLimited):
            world.crawl_without_waiting(crm)

        assert world.aws.calls.count("glue") == ATTEMPTS
        assert max(world.slept) <= 5

    def test_one_table_that_stays_refused_fails_alone(self, world, crm):
        """The others are written; it is not tried again in the same crawl."""
        world.aws.fail("glue", "CreateTable", "InternalServiceException", times=ATTEMPTS)

        result = world.crawl_without_waiting(crm)

        assert result.status == "Partial"
        assert world.names() == {"crm": ["orders"]}
        [failure] = result.failures
        assert failure.startswith('table "crm.customers": new, 2 columns; AWS refuses')
        assert "InternalServiceException" in failure


class TestDenied:
    """The role lacks a permission."""

    def test_to_create_tables(self, world, crm):
        """Every table is named, with the permission."""
        world.aws.fail("glue", "CreateTable", DENIED, times=None)

        result = world.crawl(crm)

        assert result["status"] == "Partial"
        assert result["databases"]["created"] == 1
        assert len(result["failures"]) == 2
        assert "Give the role glue:CreateTable." in result["failures"][0]
        assert world.aws.calls.count("glue", "CreateTable") == 2

    def test_to_create_databases(self, world, crm):
        """Its tables are not tried."""
        world.aws.fail("glue", "CreateDatabase", DENIED, times=None)

        result = world.crawl(crm)

        assert result["status"] == "Failed"
        assert len(result["failures"]) == 1
        assert result["tables"]["skipped"] == 2
        assert world.aws.calls.count("glue", "CreateTable") == 0

    def test_to_read_the_tables_of_a_database(self, world, crm):
        """That database stays as it is, and is named with the permission."""
        world.crawl(crm)
        world.lark.database("CRM").table("Notes", {"Note": ["x"]})
        before = world.snapshot()
        world.aws.fail("glue", "GetTables", DENIED, times=1)

        result = world.crawl(crm)

        assert world.snapshot() == before
        assert result["status"] == "Failed"
        [failure] = result["failures"]
        assert failure.startswith('database "crm": AWS does not allow glue:GetTables')
        assert "Give the role glue:GetTables." in failure

    def test_to_delete(self, world, crm):
        """Tables and their database stay, and are named."""
        world.lark.database("Shop").table("Items", {"Item": ["Bolt"]})
        world.bases("Shop")
        world.crawl(crm)
        crm.delete(crm.rows.ids([0]))
        world.aws.fail("glue", "BatchDeleteTable", DENIED, times=None)

        result = world.crawl(crm)

        assert result["status"] == "Partial"
        assert world.names()["crm"] == ["customers", "orders"]
        assert result["tables"]["kept"] == 3
        assert result["databases"] == {
            "created": 0, "updated": 0, "deleted": 0, "kept": 2, "skipped": 0,
        }  # fmt: skip

    def test_one_table_of_a_batch(self, world, crm):
        """Errors come table by table; the database stays for the next crawl."""
        world.lark.database("Shop").table("Items", {"Item": ["Bolt"]})
        world.bases("Shop")
        world.crawl(crm)
        crm.delete(crm.rows.ids([0]))
        world.aws.glue.fail_delete("orders", "AccessDeniedException", "Not this one.")

        result = world.crawl(crm)

        assert world.names()["crm"] == ["orders"]
        assert [text.partition(":")[0] for text in result["failures"]] == ['table "crm.orders"']
        assert "Not this one." in result["failures"][0]
        world.aws.glue.reset()
        assert world.crawl(crm)["databases"]["deleted"] == 1

    def test_a_renamed_table_that_cannot_be_made_keeps_its_old_entry(self, world, crm):
        """Nothing is deleted before its successor is there."""
        world.crawl(crm)
        world.lark.database("CRM").table("Orders").name = "Sales Orders"
        world.aws.fail("glue", "CreateTable", DENIED, times=None)

        result = world.crawl(crm)

        assert world.names() == {"crm": ["customers", "orders"]}
        assert [(change["table"], change["result"]) for change in result["changes"]] == [
            ("sales_orders", "skipped"),
            ("orders", "kept"),
        ]

    def test_a_table_that_takes_over_a_name_waits_for_the_one_that_had_it(self, world, crm):
        """Overwriting the entry of a table whose new entry failed would lose that table."""
        world.crawl(crm)
        base = world.lark.database("CRM")
        orders, customers = base.table("Orders"), base.table("Customers")
        orders.name, customers.name = "Sales Orders", "Orders"
        before = world.snapshot()
        world.aws.fail("glue", "CreateTable", DENIED, times=None)

        result = world.crawl(crm)

        assert world.snapshot() == before
        assert (len(result["failures"]), result["tables"]["skipped"]) == (1, 2)


class _Meddling:
    """A client of Glue in whose calls somebody else writes first."""

    def __init__(self, client: Any, **meddling: Any) -> None:
        self._client = client
        self._meddling = meddling

    def __getattr__(self, operation: str) -> Any:
        meddle = self._meddling.pop(operation, None)
        if meddle is not None:
            meddle()
        return getattr(self._client, operation)


class TestTwoAtOnce:
    """Somebody else writes between our reading and our writing."""

    @pytest.fixture
    def lark_side(self, world, crm):
        def read():
            with world.lark.connect() as client:
                return read_source(client.api, Options(name_style="ascii"), world.source_of(crm))

        return read

    def test_a_database_that_another_crawl_made_meanwhile_is_ours(self, world, lark_side):
        """Its tables are compared and made."""
        side = lark_side()
        location = side.source.location(side.databases[0].key)

        def other():
            world.glue.create_database(DatabaseInput={"Name": "crm", "LocationUri": location})

        client = _Meddling(world.glue, create_database=other)
        result = bring_in_line(side, world.calls(client), Rules())

        assert result.status == "Success"
        assert world.names() == {"crm": ["customers", "orders"]}
        assert result.databases["kept"] == 1

    def test_a_foreign_database_that_was_made_meanwhile_is_left_alone(self, world, lark_side):
        """Not one table is written into it."""

        def other():
            world.glue.create_database(DatabaseInput={"Name": "crm"})

        client = _Meddling(world.glue, create_database=other)
        result = bring_in_line(lark_side(), world.calls(client), Rules())

        assert result.status == "Failed"
        assert world.names() == {"crm": []}

    @pytest.mark.parametrize("same", [True, False])
    def test_a_table_that_was_made_meanwhile_is_compared(self, world, lark_side, same):
        """An equal one is kept, another one of ours is updated."""
        side = lark_side()
        bring_in_line(side, world.calls(), Rules())
        theirs = world.tables("crm")["orders"]
        content = {key: theirs[key] for key in ("Name", "TableType", "Parameters")}
        storage = theirs["StorageDescriptor"]
        if not same:
            storage = {**storage, "Columns": storage["Columns"][:1]}
        world.glue.delete_table(DatabaseName="crm", Name="orders")

        def other():
            world.glue.create_table(
                DatabaseName="crm", TableInput={**content, "StorageDescriptor": storage}
            )

        client = _Meddling(world.glue, create_table=other)
        result = bring_in_line(side, world.calls(client), Rules())

        assert result.status == "Success"
        assert result.tables["kept" if same else "updated"] == (2 if same else 1)
        assert len(world.columns("crm", "orders")) == 3

    def test_what_somebody_sets_meanwhile_is_not_overwritten(self, world, crm, lark_side):
        """An update rests on the version that was read; a newer one is read again."""
        world.crawl(crm)
        world.lark.database("CRM").table("Orders").add_field("Note")

        client = _Meddling(world.glue, update_table=lambda: world.touch("crm", "orders"))
        result = bring_in_line(lark_side(), world.calls(client), Rules())

        assert result.status == "Success"
        assert result.tables["updated"] == 1
        assert world.set_by_others("crm", "orders")
        assert "note" in world.columns("crm", "orders")

    def test_a_table_that_went_meanwhile_is_made_again(self, world, crm, lark_side):
        """An update finds nothing; the next look makes it."""
        world.crawl(crm)
        world.lark.database("CRM").table("Orders").add_field("Note")

        def other():
            world.glue.delete_table(DatabaseName="crm", Name="orders")

        client = _Meddling(world.glue, update_table=other)
        result = bring_in_line(lark_side(), world.calls(client), Rules())

        assert (result.status, result.tables["created"]) == ("Success", 1)

    def test_a_database_that_goes_between_two_reads_is_made_again(self, world, crm, lark_side):
        """It was listed, but its tables are not there any more."""
        world.crawl(crm)

        client = _Meddling(world.glue, get_tables=lambda: world.glue.delete_database(Name="crm"))
        result = bring_in_line(lark_side(), world.calls(client), Rules())

        assert (result.status, result.databases["created"]) == ("Success", 1)
        assert world.names() == {"crm": ["customers", "orders"]}

    def test_what_is_to_be_deleted_may_be_gone_already(self, world, crm, lark_side):
        """No error, whether tables or the database went."""
        world.lark.database("Shop").table("Items", {"Item": ["Bolt"]})
        world.bases("Shop")
        world.crawl(crm)
        crm.delete(crm.rows.ids([0]))

        client = _Meddling(
            world.glue,
            batch_delete_table=lambda: world.glue.delete_table(DatabaseName="crm", Name="orders"),
            delete_database=lambda: world.glue.delete_database(Name="crm"),
        )
        result = bring_in_line(lark_side(), world.calls(client), Rules())

        assert result.status == "Success"
        assert world.names() == {"shop": ["items"]}

    def test_a_table_that_somebody_put_into_a_database_saves_it(self, world, crm, lark_side):
        """Deleting a database deletes what is in it, so that is looked at just before."""
        world.lark.database("Shop").table("Items", {"Item": ["Bolt"]})
        world.bases("Shop")
        world.crawl(crm)
        crm.delete(crm.rows.ids([0]))

        def other():
            world.glue.create_table(DatabaseName="crm", TableInput={"Name": "report"})

        client = _Meddling(world.glue, batch_delete_table=other)
        bring_in_line(lark_side(), world.calls(client), Rules())

        assert world.names() == {"crm": ["report"], "shop": ["items"]}

    def test_an_endless_conflict_is_a_failure(self, world, crm):
        """A bounded number of rounds."""
        world.crawl(crm)
        world.lark.database("CRM").table("Orders").add_field("Note")
        world.aws.calls.clear()
        world.aws.fail("glue", "UpdateTable", STALE, times=None)

        result = world.crawl_without_waiting(crm)

        assert result.status == "Partial"
        assert len(result.failures) == 1
        assert world.aws.calls.count("glue", "UpdateTable") == MOST_ROUNDS
        assert len(world.slept) == MOST_ROUNDS - 1

    def test_what_a_stale_crawl_deleted_is_brought_back(self, world, crm, lark_side):
        """One crawl knows the old name of a table, one the new; a table is left, not none."""
        old = lark_side()
        bring_in_line(old, world.calls(), Rules())
        world.lark.database("CRM").table("Orders").name = "Sales Orders"
        new = lark_side()

        # The stale crawl deletes the new name while the other one deletes the old name.
        client = _Meddling(
            world.glue, batch_delete_table=lambda: bring_in_line(old, world.calls(), Rules())
        )
        bring_in_line(new, world.calls(client), Rules())

        assert world.names() == {"crm": ["customers", "sales_orders"]}

    def test_two_crawls_in_two_threads_end_in_the_catalogue_of_one(self, world):
        """From nothing, and after many changes."""
        base = world.lark.database("CRM")
        for number in range(12):
            base.table(f"Table {number}", fields=["A", ("B", "Number")])
        source = world.bases("CRM", "Shop")
        world.lark.database("Shop").table("Items", {"Item": ["Bolt"]})
        self.crawl_twice(world, source)
        assert {name: len(tables) for name, tables in world.names().items()} == {
            "crm": 12,
            "shop": 1,
        }

        for number in range(4):
            base.remove_table(f"Table {number}")
            base.table(f"Table {number + 4}").add_field("C")
            base.table(f"Table {number + 8}").name = f"Renamed {number}"
        self.crawl_twice(world, source)

        assert world.crawl(source)["changes"] == []
        assert world.names()["crm"] == [
            *(f"renamed_{number}" for number in range(4)),
            *(f"table_{number}" for number in range(4, 8)),
        ]

    def crawl_twice(self, world, source):
        """Crawl in two threads that start together; neither may fail."""
        start = threading.Barrier(2)
        results: list[Any] = []

        def run():
            start.wait()
            results.append(world.crawl_without_waiting(source))

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [result.failures for result in results] == [(), ()]


class TestPaging:
    """Glue's lists come in pages of at most a hundred."""

    def test_everything_on_later_pages_is_seen(self, world):
        """More databases and tables than one page holds; one read per page."""
        for number in range(120):
            world.glue.create_database(DatabaseInput={"Name": f"a{number:03}"})
        base = world.lark.database("ZZZ")
        for number in range(130):
            base.table(f"t{number:03}", fields=["A"])
        source = world.bases("ZZZ")
        assert world.crawl(source)["tables"]["created"] == 130
        world.aws.calls.clear()

        result = world.crawl(source)

        assert result["changes"] == []
        assert result["tables"]["kept"] == 130
        assert [call.operation for call in world.aws.calls.named("glue")] == [
            *["GetDatabases"] * 2,
            *["GetTables"] * 2,
        ]

    def test_the_permission_to_list_may_be_missing_for_the_second_page(self, world, crm):
        """Half a list is no list."""
        for number in range(120):
            world.glue.create_database(DatabaseInput={"Name": f"a{number:03}"})
        world.aws.fail("glue", "GetDatabases", DENIED, after=1)

        with pytest.raises(PermissionDenied):
            world.crawl_without_waiting(crm)
        assert world.aws.calls.writes("glue")[120:] == []


def test_pauses_have_a_ceiling():
    """However often a call is repeated."""
    slept: list[float] = []
    calls = GlueCalls(None, sleep=slept.append, random=lambda: 1.0)
    for repeat in range(1, 12):
        calls.pause(repeat)

    assert slept[:3] == pytest.approx([0.4, 0.8, 1.6])
    assert max(slept) == 5.0
