"""Refreshing a table by its changed rows: the result is always that of reading it in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import larkbase_sdk as larkbase
from larkbase_sdk.testing import LarkEmulator

DAY = 86_400.0
FIELDS = [
    "Name",
    ("Amount", "Number"),
    ("Status", "SingleSelect", {"options": ["Open", "Paid"]}),
    ("Tags", "MultiSelect", {"options": ["a", "b"]}),
    ("Changed", "ModifiedTime"),
]


def by_id(table: pa.Table) -> pa.Table:
    return table.sort_by("record_id")


@pytest.fixture
def log(lark_emulator: LarkEmulator) -> Any:
    """A table of 2,000 rows with the time of their last change, 30 days ago."""
    lark_emulator.advance(-60 * DAY)
    table = lark_emulator.database("CRM").table(
        "Log", fields=FIELDS, rows=[{"Name": f"r{n}", "Amount": n} for n in range(2000)]
    )
    lark_emulator.advance(30 * DAY)
    return table


@pytest.fixture
def take(lark, log, lark_emulator, tmp_path) -> Callable[..., larkbase.Snapshot]:
    """Take a snapshot and check that it holds what Lark holds."""

    def taken(**arguments: Any) -> larkbase.Snapshot:
        snap = lark.databases["CRM"].snapshot(tmp_path / "crm", **arguments)
        for name, table in snap.tables.items():
            live = lark.databases["CRM"].tables[name]
            assert by_id(table.to_arrow()) == by_id(live.to_arrow())
        return snap

    return taken


def entry_of(snap: larkbase.Snapshot) -> Any:
    return snap.tables["Log"].entry


class TestCost:
    """A refresh reads what changed and little more."""

    def test_changed_rows_are_read_and_others_kept(
        self, take, log, lark, lark_emulator, tmp_path, searches
    ):
        """Two counts and one page, where a full reading takes five."""
        take()
        lark_emulator.advance(DAY)
        for record_id in log.rows.ids(range(0, 2000, 100)):
            log.update(record_id, {"Status": "Paid"})
        log.insert([{"Name": "new"}])
        searches()

        snap = lark.databases["CRM"].snapshot(tmp_path / "crm")

        entry = entry_of(snap)
        assert (entry.how, entry.added, entry.changed, entry.removed) == ("refreshed", 1, 20, 0)
        assert "deleted rows were looked for by Lark's count" in entry.why
        assert searches()["Log"] == 3
        assert by_id(snap.tables["Log"].to_arrow()) == by_id(lark.table("CRM.Log").to_arrow())

    def test_rows_stay_in_their_places(self, take, log, lark_emulator):
        """Changed rows are exchanged, and new ones come at the end."""
        take()
        lark_emulator.advance(DAY)
        log.update(log.rows.ids([7])[0], {"Name": "changed"})
        log.insert([{"Name": "new"}])

        names = take().tables["Log"].to_arrow()["Name"].to_pylist()

        assert names == ["changed" if n == 7 else f"r{n}" for n in range(2000)] + ["new"]

    def test_deleted_rows_cost_a_reading_of_ids(self, take, log, lark_emulator, searches):
        """Announced as such."""
        take()
        lark_emulator.advance(DAY)
        log.delete(log.rows.ids([3, 4, 5]))
        log.insert([{"Name": "new"}])

        entry = entry_of(take())

        assert (entry.how, entry.added, entry.changed, entry.removed) == ("refreshed", 1, 0, 3)
        assert "deleted rows were looked for by reading all record ids" in entry.why

    def test_the_reading_of_ids_asks_for_one_column(self, take, log, lark, lark_emulator, tmp_path):
        """The narrowest one: Lark always sends one."""
        take()
        lark_emulator.advance(DAY)
        log.delete(log.rows.ids([3]))
        lark_emulator.calls.clear()

        lark.databases["CRM"].snapshot(tmp_path / "crm")

        *_, last = lark_emulator.calls.named("search")
        assert last.body["field_names"] == ["Amount"]

    def test_the_server_filters_by_days(self, take, log, lark, lark_emulator, tmp_path):
        """Lark compares no moments; the exact moment is compared here."""
        take()
        lark_emulator.advance(DAY)
        log.update(log.rows.ids([1])[0], {"Name": "x"})
        lark_emulator.calls.clear()

        lark.databases["CRM"].snapshot(tmp_path / "crm")

        filters = [call.body["filter"] for call in lark_emulator.calls.named("search")
                   if "filter" in call.body]  # fmt: skip
        conditions = [item for one in filters for group in one["children"]
                      for item in group["conditions"]] if "children" in filters[0] else [
            item for one in filters for item in one["conditions"]]  # fmt: skip
        assert {(c["field_name"], c["operator"], c["value"][0]) for c in conditions} >= {
            ("Changed", "isGreater", "ExactDate")
        }

    def test_refreshing_again_looks_no_further_back_than_needed(
        self, take, log, lark, lark_emulator, tmp_path, searches
    ):
        """Each refresh begins where the one before began."""
        take()
        for _ in range(3):
            lark_emulator.advance(2 * DAY)
            for record_id in log.rows.ids(range(600)):
                log.update(record_id, {"Amount": 5})
            searches()
            snap = lark.databases["CRM"].snapshot(tmp_path / "crm")
            assert entry_of(snap).changed == 600
            assert searches()["Log"] == 4

    def test_a_dry_run_tells_it(self, take, log, lark, lark_emulator, tmp_path):
        """With the rows that will be read."""
        take()
        lark_emulator.advance(DAY)
        log.update(log.rows.ids([1])[0], {"Name": "x"})

        (plan,) = lark.databases["CRM"].snapshot(tmp_path / "crm", dry_run=True).tables

        assert (plan.action, plan.rows, plan.calls) == ("refresh", 1, 3)


class TestDoubts:
    """What a refresh cannot be sure of is read in full, and the reason is stated."""

    @pytest.fixture
    def refused(self, take, log, lark_emulator) -> Callable[[], str]:
        """Change a row, take a snapshot and return why it was read in full."""

        def taken() -> str:
            lark_emulator.advance(DAY)
            log.update(log.rows.ids([1])[0], {"Name": "x"})
            entry = entry_of(take())
            assert entry.how == "read"
            return entry.why

        return taken

    def test_no_time_of_change(self, take, log, refused):
        """Nothing tells which rows changed."""
        log.delete_field("Changed")
        take()
        assert "it has no field with the time of the last change" in refused()

    @pytest.mark.parametrize("kind", ["Formula", "Lookup"])
    def test_computed_columns(self, take, log, refused, kind):
        """Their values change without the time of the last change."""
        log.add_field("Computed", kind, {"result": "Number"})
        take()
        assert '"Computed" changes without the time of the last change' in refused()

    @pytest.mark.filterwarnings("ignore::larkbase_sdk.UnknownFieldType")
    def test_columns_of_unknown_types(self, take, log, refused):
        """Nobody knows how they change."""
        log.add_field("Future", "Hologram")
        take()
        assert '"Future" changes without' in refused()

    def test_two_way_links(self, take, log, lark_emulator, refused):
        """A row of the other table changes them."""
        other = lark_emulator.database("CRM").table("Other", {"Name": ["x"]})
        log.add_field("Both ways", "DuplexLink", {"table": other})
        take()
        assert '"Both ways" changes together with another table' in refused()

    def test_links_to_a_table_that_changed(self, take, log, lark_emulator, refused):
        """Deleting a row there empties cells here."""
        other = lark_emulator.database("CRM").table("Other", {"Name": ["x"]})
        log.add_field("Link", "SingleLink", {"table": other})
        take()
        other.insert([{"Name": "y"}])
        assert 'the table that "Link" points to changed' in refused()

    def test_links_to_a_table_at_rest(self, take, log, lark_emulator):
        """They change with their own row only."""
        other = lark_emulator.database("CRM").table("Other", {"Name": ["x"]})
        log.add_field("Link", "SingleLink", {"table": other})
        take()
        lark_emulator.advance(DAY)
        log.update(log.rows.ids([1])[0], {"Link": other.rows.ids([0])})
        assert entry_of(take()).how == "refreshed"

    @pytest.mark.parametrize("edit", ["rename_field", "add_field", "delete_field"])
    def test_other_fields(self, take, log, refused, edit):
        """A changed structure is read anew."""
        take()
        arguments = {"rename_field": ("Amount", "Total"), "add_field": ("More",)}
        getattr(log, edit)(*arguments.get(edit, ("Amount",)))
        assert "its fields changed" in refused()

    def test_a_renamed_option(self, take, log, refused):
        """It changes cells of rows that nobody edited."""
        log.update(log.rows.ids([0])[0], {"Status": "Open"})
        take()
        log.rename_option("Status", "Open", "New")
        assert "its fields changed" in refused()

    def test_a_further_option(self, take, log, lark_emulator):
        """It changes no cell, so the refresh goes on."""
        take()
        lark_emulator.advance(DAY)
        log.update(log.rows.ids([1])[0], {"Status": "On hold"})
        assert entry_of(take()).how == "refreshed"

    def test_rows_without_the_time(self, take, log, refused):
        """A filter on it would not find them."""
        changed = log.field("Changed").field_id
        log.rows.rows[5].cells.pop(changed)
        log.touch()
        take()
        assert '"Changed" is empty in some rows' in refused()

    def test_a_row_that_came_with_an_old_time(self, take, log, lark_emulator, refused):
        """Such as one that was restored: the count betrays it."""
        take()
        log.insert([{"Name": "restored", "Changed": 1_600_000_000_000}])
        assert "neither stored nor changed since" in refused()

    def test_many_changed_rows(self, take, log, refused):
        """Reading everything costs no more."""
        take()
        for record_id in log.rows.ids(range(1500)):
            log.update(record_id, {"Amount": 1})
        assert "most of its rows may have changed since" in refused()

    def test_restricted_bases(self, take, log, lark_emulator, refused):
        """Their counts say nothing of what the app may see."""
        lark_emulator.database("CRM").access = "manage"
        take()
        assert "Lark's count of its rows cannot be trusted" in refused()

    @pytest.mark.filterwarnings("ignore::larkbase_sdk.TableChanged")
    def test_a_count_that_is_wrong(self, take, lark_emulator, refused):
        """The rows that came were not those counted, so some may be missing."""
        lark_emulator.switches.total = "off_by_one"
        take()
        assert refused() == "rows may have been missing last time"

    def test_no_count(self, take, lark_emulator, refused):
        """Without one, deletions would be looked for in vain."""
        take()
        lark_emulator.switches.total = "absent"
        assert "Lark does not count" in refused()

    def test_a_condition(self, take, log, lark_emulator, lark, tmp_path):
        """Rows leave it without a trace."""
        tables = {"Log": "amount < 100"}
        lark.databases["CRM"].snapshot(tmp_path / "crm", tables=tables)
        lark_emulator.advance(DAY)
        log.update(log.rows.ids([1])[0], {"Amount": 500})

        snap = lark.databases["CRM"].snapshot(tmp_path / "crm", tables=tables)

        assert snap.tables["Log"].count() == 99
        assert "rows may leave the condition" in entry_of(snap).why

    @pytest.mark.filterwarnings("ignore::larkbase_sdk.PushdownRefused")
    def test_a_refused_filter(self, take, lark_emulator, refused):
        """Then everything would be sent anyway."""
        take()
        lark_emulator.switches.refuse_filters = 1254018
        assert "Lark does not count the rows changed since" in refused()


@pytest.mark.parametrize(
    ("switch", "value"),
    [
        ("date_compare", "whole_day"),
        ("time_zone_missing", True),
        ("opaque_tokens", True),
        ("default_order", "newest"),
        ("default_order", "shuffled"),
        ("total", "unfiltered"),
        ("conditions_with_children", "refuse"),
        ("last_page_token", "present"),
    ],
)
def test_however_lark_behaves(take, log, lark_emulator, switch, value):
    """A refresh is right in each of the ways in which Lark may answer."""
    setattr(lark_emulator.switches, switch, value)
    take()
    lark_emulator.advance(DAY)
    log.update(log.rows.ids([1])[0], {"Name": "x"})
    log.delete(log.rows.ids([9]))
    log.insert([{"Name": "new"}])
    take()


def test_changes_around_midnight_and_in_the_hour_of_the_reading(take, log, lark_emulator):
    """A change is found in whatever part of whichever day it comes."""
    for _ in range(8):
        take()
        log.update(log.rows.ids([1])[0], {"Name": str(lark_emulator.calls.count())})
        assert entry_of(take()).changed == 1
        lark_emulator.advance(DAY / 5)


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "update", "update", "delete", "wait", "tag"]),
        st.integers(0, 40),
    ),
    max_size=8,
)


@given(rounds=st.lists(EDITS, min_size=1, max_size=4))
def test_any_edits_between_refreshes(rounds, tmp_path_factory):
    """Whatever happens between two snapshots, the second one is what Lark holds."""
    folder = tmp_path_factory.mktemp("crm")
    with LarkEmulator() as emulator:
        emulator.advance(-90 * DAY)
        rows = [{"Name": f"r{n}", "Amount": n} for n in range(30)]
        table = emulator.database("CRM").table("Log", fields=FIELDS, rows=rows)
        emulator.advance(30 * DAY)
        with emulator.connect() as lark:
            database = lark.databases["CRM"]
            database.snapshot(folder / "crm")
            for edits in rounds:
                for kind, number in edits:
                    edit(emulator, table, kind, number)
                snap = database.snapshot(folder / "crm")
                live = database.tables["Log"].to_arrow()
                assert by_id(snap.tables["Log"].to_arrow()) == by_id(live)


def edit(emulator: LarkEmulator, table: Any, kind: str, number: int) -> None:
    ids = table.rows.ids(range(len(table)))
    if kind == "wait":
        emulator.advance(number * 7 * 3600)
    elif kind == "insert":
        table.insert([{"Name": f"new {number}", "Amount": number}])
    elif ids and kind == "delete":
        table.delete([ids[number % len(ids)]])
    elif ids:
        cells = {"Tags": ["b"]} if kind == "tag" else {"Name": f"changed {number}"}
        table.update(ids[number % len(ids)], cells)
