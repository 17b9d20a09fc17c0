"""Taking a snapshot: what it holds, what it states, what it keeps, and what it refuses."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import larkbase_sdk as larkbase
from larkbase_sdk import Options, SnapshotError
from larkbase_sdk.testing import LarkEmulator


def how(snap: larkbase.Snapshot) -> dict[str, str]:
    return {name: table.entry.how for name, table in snap.tables.items()}


def manifest_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text())


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


class TestContents:
    """Every table, with its schema, in files that other tools read."""

    def test_every_table_is_stored_as_it_is_read(self, db, tmp_path):
        """The stored rows and columns are those of the live tables."""
        snap = db.snapshot(tmp_path / "crm")

        assert list(snap.tables) == ["Customers", "Orders", "Totals"]
        for name, table in snap.tables.items():
            assert table.to_arrow() == db.tables[name].to_arrow()
            assert table.schema == db.tables[name].schema

    def test_the_files_are_parquet_under_sql_names(self, db, tmp_path):
        """Whoever reads them without larkbase finds the record id first, then SQL names."""
        snap = db.snapshot(tmp_path / "crm")

        found = pq.read_table(snap.tables["Orders"].path)
        assert found.column_names == [
            "record_id", "orderno", "amount", "status", "tags", "customer"
        ]  # fmt: skip
        assert found.column("orderno").to_pylist()[:2] == ["A-0", "A-1"]

    def test_the_manifest_states_when_and_how_each_table_was_read(self, db, crm, tmp_path):
        """And that the tables are no picture of one moment."""
        db.snapshot(tmp_path / "crm")

        manifest = manifest_of(tmp_path / "crm")
        orders = next(item for item in manifest["tables"] if item["name"] == "Orders")
        assert manifest["format"] == 1
        assert manifest["sdk"] == larkbase.__version__
        assert "no picture of one moment" in manifest["note"]
        told = {key: orders[key] for key in ("rows", "revision", "modified", "where", "how", "why")}
        assert told == {
            "rows": 1100,
            "revision": crm.find_table("Orders").revision,
            "modified": crm.modified // 1000,
            "where": None,
            "how": "read",
            "why": "it is new here",
        }
        assert orders["read_from"] <= orders["read_to"] <= manifest["written_at"]

    def test_only_some_tables(self, db, tmp_path, searches):
        """Others are not read."""
        snap = db.snapshot(tmp_path / "crm", tables=["customers"])

        assert list(snap.tables) == ["Customers"]
        assert set(searches()) == {"Customers"}

    def test_a_table_under_a_condition(self, db, tmp_path):
        """Its rows are those of the condition, which the manifest states."""
        snap = db.snapshot(tmp_path / "crm", tables={"Orders": "status = 'Open'"})

        assert snap.tables["Orders"].count() == db.tables["Orders"].count(where="status = 'Open'")
        assert manifest_of(tmp_path / "crm")["tables"][0]["where"] == "status = 'Open'"

    def test_a_table_that_was_not_asked_for_stays(self, db, crm, tmp_path, searches):
        """Refreshing one table loses no other one."""
        db.snapshot(tmp_path / "crm")
        crm.find_table("Orders").insert([{"OrderNo": "new"}])
        crm.find_table("Customers").insert([{"Name": "new"}])
        searches()

        snap = db.snapshot(tmp_path / "crm", tables=["Customers"])

        assert {name: table.count() for name, table in snap.tables.items()} == {
            "Customers": 4, "Orders": 1100, "Totals": 1
        }  # fmt: skip
        assert set(searches()) == {"Customers"}

    def test_a_table_that_was_deleted_leaves(self, db, crm, tmp_path):
        """The snapshot holds what the database has now."""
        db.snapshot(tmp_path / "crm")
        crm.remove_table("Totals")

        snap = db.snapshot(tmp_path / "crm")

        assert list(snap.tables) == ["Customers", "Orders"]

    def test_an_empty_table_keeps_its_columns(self, db, crm, tmp_path):
        """Types come from the fields, not from rows."""
        crm.table("Empty", fields=["Name", ("When", "DateTime")])
        db.lark.refresh()

        empty = db.snapshot(tmp_path / "crm").tables["Empty"]

        assert empty.count() == 0
        assert str(empty.to_arrow().schema.field("When").type) == "timestamp[ms, tz=UTC]"


def test_a_database_of_several_bases(lark, crm, lark_emulator, tmp_path, searches):
    """Its tables are stored, kept and served with the base that each comes from."""
    hr = lark_emulator.database("HR")
    people = hr.table("People", {"Name": ["Ann"]})
    columns = ["database_name", "database_lark_base_id", "table_name", "table_lark_base_id",
               "table_lark_table_id"]  # fmt: skip
    named = [("shop", crm, crm.find_table("Customers")), ("shop", hr, people)]
    listing = lark_emulator.database("Metadata").table("tables", fields=columns, rows=[
        dict(zip(columns, (name, base.app_token, table.name, base.app_token, table.table_id),
                 strict=True))
        for name, base, table in named
    ])  # fmt: skip
    shop = lark.add(listing.url, catalog=True)["shop"]

    shop.snapshot(tmp_path / "shop")
    searches()
    people.insert([{"Name": "Budi"}])
    snap = shop.snapshot(tmp_path / "shop")

    assert snap.manifest.base_id == ""
    assert how(snap) == {"Customers": "kept", "People": "read"}
    assert set(searches()) == {"People"}
    assert snap.sql("SELECT name FROM shop.people").to_arrow()["name"].to_pylist() == [
        "Ann", "Budi"
    ]  # fmt: skip
    with LarkEmulator.from_snapshot(tmp_path / "shop") as served:
        assert {base.app_token for base in served.bases} == {crm.app_token, hr.app_token}

    listing.update(listing.rows.ids([0])[0], {"table_name": "Clients"})
    lark.refresh()
    snap = lark.databases["shop"].snapshot(tmp_path / "shop")
    assert how(snap) == {"Clients": "kept", "People": "kept"}
    assert len(snap.sql("FROM shop.clients")) == 3


class TestKeeping:
    """What stood still is kept; everything else, and every doubt, is read."""

    def test_tables_at_rest_are_kept(self, db, tmp_path, searches):
        """A second snapshot costs no search but those of tables with formulas."""
        db.snapshot(tmp_path / "crm")
        searches()

        snap = db.snapshot(tmp_path / "crm")

        assert how(snap) == {"Customers": "kept", "Orders": "kept", "Totals": "read"}
        assert searches() == {"Totals": 1}

    def test_a_changed_base_is_read(self, db, crm, tmp_path):
        """Its time of change speaks for all its tables: which one changed is not certain."""
        db.snapshot(tmp_path / "crm")
        crm.find_table("Customers").insert([{"Name": "Dewi"}])

        snap = db.snapshot(tmp_path / "crm")

        assert how(snap) == dict.fromkeys(["Customers", "Orders", "Totals"], "read")
        assert snap.tables["Customers"].to_arrow() == db.tables["Customers"].to_arrow()

    def test_the_time_of_change_alone_is_not_enough(self, db, crm, tmp_path, monkeypatch):
        """A revision that moved means that the table changed, whatever Drive says."""
        db.snapshot(tmp_path / "crm")
        still = crm.modified
        crm.find_table("Customers").insert([{"Name": "Dewi"}])
        monkeypatch.setattr(type(crm), "modified", property(lambda _: still))

        snap = db.snapshot(tmp_path / "crm")

        assert how(snap) == {"Customers": "read", "Orders": "kept", "Totals": "read"}

    def test_the_revision_alone_is_not_enough(self, db, crm, tmp_path):
        """An edit that moves only the base's time of change is seen."""
        db.snapshot(tmp_path / "crm")
        customers = crm.find_table("Customers")
        customers.update(customers.rows.ids([0])[0], {"Name": "Anna"})
        customers.revision -= 1
        crm.revision += 1

        snap = db.snapshot(tmp_path / "crm")

        assert snap.tables["Customers"].to_arrow()["Name"].to_pylist()[0] == "Anna"

    def test_a_base_that_changed_this_very_second_is_read(self, db, crm, lark_emulator, tmp_path):
        """A later change may carry the same time."""
        lark_emulator.advance(crm.modified / 1000 - time.time())
        db.snapshot(tmp_path / "crm")
        assert "kept" not in how(db.snapshot(tmp_path / "crm")).values()

        lark_emulator.advance(60)
        assert "kept" not in how(db.snapshot(tmp_path / "crm")).values()
        assert how(db.snapshot(tmp_path / "crm"))["Orders"] == "kept"

    def test_without_the_drive_scope_nothing_is_kept(
        self, db, lark_emulator, tmp_path, monkeypatch
    ):
        """Then nobody can tell that a table stood still."""
        db.snapshot(tmp_path / "crm")
        lark_emulator.fail(99991672, endpoint="metas", times=None)

        snap = db.snapshot(tmp_path / "crm")

        assert set(how(snap).values()) == {"read"}
        assert "Lark does not tell whether it changed" in snap.tables["Orders"].entry.why

    def test_everything_in_full_on_request(self, db, tmp_path):
        """``incremental=False`` trusts nothing."""
        db.snapshot(tmp_path / "crm")

        snap = db.snapshot(tmp_path / "crm", incremental=False)

        assert set(how(snap).values()) == {"read"}

    def test_another_condition_is_read(self, db, tmp_path):
        """Kept rows would be those of the other one."""
        db.snapshot(tmp_path / "crm", tables=["Orders"])

        snap = db.snapshot(tmp_path / "crm", tables={"Orders": "amount > 200"})

        assert snap.tables["Orders"].count() == db.tables["Orders"].count(where="amount > 200")

    def test_somebody_else_reads_anew(self, db, crm, lark_emulator, tmp_path):
        """Another identity may see other rows."""
        db.snapshot(tmp_path / "crm")
        token = lark_emulator.user_token("u-someone-else")

        with lark_emulator.connect(user_token=token) as other:
            snap = other.databases["CRM"].snapshot(tmp_path / "crm")

        assert set(how(snap).values()) == {"read"}

    def test_other_types_of_numbers_are_read(self, crm, lark_emulator, tmp_path):
        """The stored columns are those that the options ask for."""
        with lark_emulator.connect() as lark:
            lark.databases["CRM"].snapshot(tmp_path / "crm")
        with lark_emulator.connect(options=Options(number_type="decimal")) as lark:
            snap = lark.databases["CRM"].snapshot(tmp_path / "crm")

        assert str(snap.tables["Orders"].schema.column("amount").arrow_type).startswith("decimal")

    def test_a_damaged_table_is_not_kept(self, db, tmp_path):
        """A file that is not as it was written is read from Lark again."""
        path = db.snapshot(tmp_path / "crm").tables["Customers"].path
        body = bytearray(path.read_bytes())
        body[len(body) // 2] ^= 0xFF
        path.write_bytes(body)

        snap = db.snapshot(tmp_path / "crm")

        assert how(snap)["Customers"] == "read"
        assert snap.tables["Customers"].to_arrow() == db.tables["Customers"].to_arrow()

    @pytest.mark.filterwarnings("ignore::larkbase_sdk.EmptyBecauseRestricted")
    def test_an_empty_answer_of_a_restricted_base_is_not_kept(self, db, crm, tmp_path):
        """Giving the app its right changes neither the table nor the base."""
        crm.access = "role"
        crm.find_table("Customers").role_hides_rows = True
        assert db.snapshot(tmp_path / "crm", tables=["Customers"]).tables["Customers"].count() == 0
        crm.find_table("Customers").role_hides_rows = False

        snap = db.snapshot(tmp_path / "crm", tables=["Customers"])

        assert snap.tables["Customers"].count() == 3

    def test_no_file_is_left_that_nobody_needs(self, db, crm, tmp_path):
        """Old tables go when the new ones are visible; files of other people stay."""
        db.snapshot(tmp_path / "crm")
        (tmp_path / "crm" / "tables" / "notes.json").write_text("{}")
        crm.find_table("Customers").insert([{"Name": "Dewi"}])

        snap = db.snapshot(tmp_path / "crm")

        named = {f"tables/{t.entry.file}.{end}" for t in snap.tables.values()
                 for end in ("parquet", "json")}  # fmt: skip
        assert files_of(tmp_path / "crm") == named | {
            "manifest.json", ".lock", "tables/notes.json"
        }  # fmt: skip


class TestDryRun:
    """What it will cost is told before."""

    def test_it_tells_rows_calls_and_time_and_writes_nothing(self, db, tmp_path, searches):
        """One call a table, for the number of rows."""
        plan = db.snapshot(tmp_path / "crm", dry_run=True)

        assert [(t.table, t.action, t.rows, t.calls) for t in plan.tables] == [
            ("Customers", "read", 3, 1),
            ("Orders", "read", 1100, 3),
            ("Totals", "read", 1, 1),
        ]
        assert plan.calls == 5
        assert plan.seconds is not None
        assert not (tmp_path / "crm").exists()
        assert sum(searches().values()) == 3

    def test_it_tells_what_would_be_kept(self, db, tmp_path):
        """With the reason."""
        db.snapshot(tmp_path / "crm")

        rows = db.snapshot(tmp_path / "crm", dry_run=True).rows()

        assert [(row["table"], row["action"], row["calls"]) for row in rows] == [
            ("Customers", "keep", 0), ("Orders", "keep", 0), ("Totals", "read", 1)
        ]  # fmt: skip
        assert rows[2]["why"].startswith('"Sum" can change at any time')

    def test_it_shows_itself(self, db, crm, tmp_path):
        """As text and as HTML, in which names of the service are escaped."""
        crm.table("<script>alert(1)</script>", {"Name": ["x"]})
        db.lark.refresh()

        plan = db.snapshot(tmp_path / "crm", dry_run=True)

        assert "Orders" in repr(plan)
        assert "nothing was written" in repr(plan)
        assert "<script>" not in plan._repr_html_()


class TestRefusals:
    """What cannot work is said before anything is lost."""

    def test_a_folder_with_other_files(self, db, tmp_path):
        """Nobody's files are mixed with ours."""
        (tmp_path / "report.docx").write_text("mine")

        with pytest.raises(SnapshotError, match=r"holds other files, such as report\.docx"):
            db.snapshot(tmp_path)
        assert files_of(tmp_path) == {"report.docx"}

    def test_a_file_in_place_of_the_folder(self, db, tmp_path):
        """It is left alone."""
        (tmp_path / "crm").write_text("mine")

        with pytest.raises(SnapshotError, match="is a file"):
            db.snapshot(tmp_path / "crm")

    def test_the_folder_of_another_database(self, db, lark, lark_emulator, tmp_path):
        """A snapshot is not replaced by that of another base."""
        db.snapshot(tmp_path / "crm")
        lark_emulator.database("HR").table("People", {"Name": ["x"]})
        lark.refresh()

        with pytest.raises(SnapshotError, match='holds a snapshot of "CRM"'):
            lark.databases["HR"].snapshot(tmp_path / "crm")

    def test_two_writers(self, db, lark_emulator, tmp_path):
        """The second one is told, and the first one ends well."""
        held = threading.Event()
        resume = threading.Event()

        def hold(call: dict[str, Any]) -> None:
            if call["endpoint"] == "search":
                held.set()
                resume.wait(30)

        with lark_emulator.connect(options=Options(on_call=hold, progress=False)) as slow:
            first = threading.Thread(
                target=lambda: slow.databases["CRM"].snapshot(tmp_path / "crm", tables="Orders")
            )
            first.start()
            assert held.wait(30)
            with pytest.raises(SnapshotError, match="Another run is writing"):
                db.snapshot(tmp_path / "crm")
            resume.set()
            first.join(30)

        assert larkbase.open_snapshot(tmp_path / "crm").tables["Orders"].count() == 1100

    def test_an_unknown_table(self, db, tmp_path):
        """With near names, and before anything is read."""
        with pytest.raises(larkbase.NotFound, match='did you mean "Orders"'):
            db.snapshot(tmp_path / "crm", tables=["Ordres"])

    def test_no_table_at_all(self, db, tmp_path):
        """An empty list is a slip."""
        with pytest.raises(larkbase.ConfigurationError, match="No table was named"):
            db.snapshot(tmp_path / "crm", tables=[])

    def test_a_condition_that_is_no_text(self, db, tmp_path):
        """The manifest could not state it."""
        with pytest.raises(larkbase.ConfigurationError, match="is no text"):
            db.snapshot(tmp_path / "crm", tables={"Orders": 5})

    def test_a_newer_format(self, db, tmp_path):
        """It is not touched, and the hint says what to do."""
        db.snapshot(tmp_path / "crm")
        path = tmp_path / "crm" / "manifest.json"
        newer = path.read_text().replace('"format": 1', '"format": 2')
        path.write_text(newer)

        for attempt in (
            lambda: larkbase.open_snapshot(tmp_path / "crm"),
            lambda: db.snapshot(tmp_path / "crm"),
            lambda: LarkEmulator.from_snapshot(tmp_path / "crm"),
        ):
            with pytest.raises(SnapshotError, match=r"format 2[\s\S]*newer larkbase-sdk"):
                attempt()
        assert path.read_text() == newer
