"""Whatever breaks a run, the snapshot before stays whole, and the next run goes on from there."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import larkbase_sdk as larkbase
from larkbase_sdk import PermissionDenied, SnapshotError

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX systems")

CHILD = """
import sys
import larkbase_sdk as larkbase

def heard(call):
    print(call["endpoint"], flush=True)

url, app_id, secret, folder = sys.argv[1:5]
options = larkbase.Options(on_call=heard, progress=False)
lark = larkbase.connect(
    app_id=app_id, app_secret=secret, domain=url, folders=(), wikis=(), catalog=(), options=options
)
database = lark.databases["CRM"]
"""
TAKE = CHILD + "database.snapshot(folder)\n"
ON_A_FULL_DISK = CHILD + (
    "import resource\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
    "try:\n"
    "    database.snapshot(folder)\n"
    "except larkbase.SnapshotError as error:\n"
    "    print(error)\n"
)


def child(code: str, emulator: Any, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", code]
    arguments = [emulator.url, emulator.app_id, emulator.app_secret, str(folder)]
    return subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)


def rows_of(folder: Path) -> dict[str, int]:
    """Read every stored row, which finds damage too."""
    snap = larkbase.open_snapshot(folder)
    return {name: len(table.to_arrow()) for name, table in snap.tables.items()}


BEFORE = {"Customers": 3, "Orders": 1100, "Totals": 1}


@pytest.fixture
def changed(db, crm, tmp_path) -> Path:
    """A snapshot of the base, which has one row more in each of two tables since."""
    db.snapshot(tmp_path / "crm")
    crm.find_table("Customers").insert([{"Name": "Dewi"}])
    crm.find_table("Orders").insert([{"OrderNo": "new"}])
    return tmp_path / "crm"


class TestKilled:
    """A process that is killed leaves the old snapshot, and its complete tables for the next."""

    @posix
    def test_the_snapshot_before_stays_whole(self, changed, crm, lark_emulator, searches):
        """And a further run reads only what the killed one had not completed."""
        orders = crm.find_table("Orders")
        lark_emulator.fail(1, endpoint="search", path=orders.table_id, stall=600, times=None)
        process = child(TAKE, lark_emulator, changed)
        fields = 0
        while fields < 2:  # Customers is complete when the fields of Orders are asked for
            fields += process.stdout.readline() == "fields\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        lark_emulator.recover()

        assert rows_of(changed) == BEFORE
        searches()
        with lark_emulator.connect() as lark:
            snap = lark.databases["CRM"].snapshot(changed)
        assert rows_of(changed) == {"Customers": 4, "Orders": 1101, "Totals": 1}
        assert set(searches()) == {"Orders", "Totals"}
        assert snap.tables["Customers"].entry.how == "kept"

    @posix
    def test_the_first_snapshot_is_resumed(self, db, crm, lark_emulator, tmp_path):
        """Without one before there is nothing to open, and the error says what to do."""
        orders = crm.find_table("Orders")
        lark_emulator.fail(1, endpoint="search", path=orders.table_id, stall=600, times=None)
        process = child(TAKE, lark_emulator, tmp_path / "crm")
        fields = 0
        while fields < 2:
            fields += process.stdout.readline() == "fields\n"
        process.kill()
        process.wait()
        process.stdout.close()
        lark_emulator.recover()

        with pytest.raises(SnapshotError, match=r"never completed[\s\S]*reused"):
            larkbase.open_snapshot(tmp_path / "crm")
        db.snapshot(tmp_path / "crm")
        assert rows_of(tmp_path / "crm") == BEFORE


class TestFullDisk:
    """A disk without room costs nothing but the run."""

    @posix
    def test_the_snapshot_before_stays_whole(self, changed, lark_emulator):
        """The error says that, and half a file is not left for ever."""
        process = child(ON_A_FULL_DISK, lark_emulator, changed)
        told, _ = process.communicate(timeout=60)

        assert "cannot be written: " in told
        assert "What was there before is untouched" in told
        assert rows_of(changed) == BEFORE
        with lark_emulator.connect() as lark:
            lark.databases["CRM"].snapshot(changed)
        assert rows_of(changed) == {"Customers": 4, "Orders": 1101, "Totals": 1}
        assert not (changed / ".staging").exists()


class TestResuming:
    """Complete tables are reused when they are still what Lark holds."""

    def test_it_costs_only_the_rest(self, db, crm, lark_emulator, tmp_path, searches):
        """The table before the break is not read again."""
        orders = crm.find_table("Orders")
        lark_emulator.fail(91403, endpoint="search", path=orders.table_id)
        with pytest.raises(PermissionDenied):
            db.snapshot(tmp_path / "crm")
        searches()

        db.snapshot(tmp_path / "crm")

        assert set(searches()) == {"Orders", "Totals"}
        assert rows_of(tmp_path / "crm") == BEFORE

    def test_a_break_in_the_middle_of_a_table(self, db, crm, lark_emulator, tmp_path, searches):
        """Half a table is no table."""
        orders = crm.find_table("Orders")
        lark_emulator.fail(91403, endpoint="search", path=orders.table_id, after=1)
        with pytest.raises(PermissionDenied):
            db.snapshot(tmp_path / "crm")

        assert db.snapshot(tmp_path / "crm").tables["Orders"].count() == 1100

    def test_a_table_that_changed_meanwhile_is_read_anew(self, db, crm, lark_emulator, tmp_path):
        """What was complete before the break is old then."""
        lark_emulator.fail(91403, endpoint="search", path=crm.find_table("Orders").table_id)
        with pytest.raises(PermissionDenied):
            db.snapshot(tmp_path / "crm")
        crm.find_table("Customers").insert([{"Name": "Dewi"}])

        snap = db.snapshot(tmp_path / "crm")

        assert snap.tables["Customers"].to_arrow()["Name"].to_pylist()[-1] == "Dewi"

    def test_a_table_with_formulas_is_read_anew(self, db, crm, lark_emulator, tmp_path, searches):
        """Nobody can tell whether its values still hold."""
        last = crm.table("Zones", {"Name": ["x"]})
        lark_emulator.fail(91403, endpoint="search", path=last.table_id)
        with pytest.raises(PermissionDenied):
            db.snapshot(tmp_path / "crm")
        assert set(searches()) == {"Customers", "Orders", "Totals", "Zones"}

        db.snapshot(tmp_path / "crm")

        assert set(searches()) == {"Totals", "Zones"}

    def test_a_damaged_rest_of_a_broken_run_is_not_used(
        self, db, crm, lark_emulator, tmp_path, searches
    ):
        """What cannot be read is read from Lark."""
        lark_emulator.fail(91403, endpoint="search", path=crm.find_table("Orders").table_id)
        with pytest.raises(PermissionDenied):
            db.snapshot(tmp_path / "crm")
        for path in (tmp_path / "crm" / ".staging").iterdir():
            path.write_bytes(b"{")
        searches()

        db.snapshot(tmp_path / "crm")

        assert set(searches()) == {"Customers", "Orders", "Totals"}
        assert rows_of(tmp_path / "crm") == BEFORE

    def test_a_break_between_the_files_and_the_manifest(self, db, changed, monkeypatch):
        """The old manifest names the old files, which are all still there."""
        replace = Path.replace

        def broken(self: Path, target: Path) -> Path:
            if Path(target).name == "manifest.json":
                raise OSError(28, "No space left on device")
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", broken)
        with pytest.raises(SnapshotError, match="No space left on device"):
            db.snapshot(changed)
        monkeypatch.undo()

        assert rows_of(changed) == BEFORE
        snap = db.snapshot(changed)
        assert rows_of(changed) == {"Customers": 4, "Orders": 1101, "Totals": 1}
        assert {t.entry.how for n, t in snap.tables.items() if n != "Totals"} == {"kept"}

    def test_a_kill_before_the_first_manifest_leaves_no_stranger(
        self, db, crm, tmp_path, monkeypatch
    ):
        """Nothing of the run that was killed keeps the next one from the folder."""
        replace, unlink = Path.replace, Path.unlink

        def killed(self: Path, target: Path) -> Path:
            if Path(target).name != "manifest.json":
                return replace(self, target)
            # A killed process removes nothing any more.
            monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
            raise KeyboardInterrupt

        monkeypatch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            db.snapshot(tmp_path / "crm")
        monkeypatch.setattr(Path, "replace", replace)
        monkeypatch.setattr(Path, "unlink", unlink)

        db.snapshot(tmp_path / "crm")

        assert rows_of(tmp_path / "crm") == BEFORE
        left = {path.name for path in (tmp_path / "crm").iterdir()}
        assert left == {"manifest.json", "tables", ".lock"}


@posix
class TestLinks:
    """A folder that somebody else prepared leads no run to other files of the user."""

    @pytest.mark.parametrize("name", [".staging", "tables", ".lock"])
    def test_a_link_in_place_of_a_part_is_refused(self, db, tmp_path, name):
        """Nothing behind it is removed, made or overwritten, and a plan refuses it too."""
        folder, elsewhere = tmp_path / "crm", tmp_path / "documents"
        db.snapshot(folder)
        elsewhere.mkdir()
        (elsewhere / "thesis.txt").write_text("mine")
        own = folder / name
        if own.is_dir():
            own.rename(tmp_path / "away")
        own.unlink(missing_ok=True)
        own.symlink_to(elsewhere / "new" if name == ".lock" else elsewhere)

        for dry_run in (False, True):
            with pytest.raises(SnapshotError, match="is a link"):
                db.snapshot(folder, dry_run=dry_run)
        assert [path.name for path in elsewhere.iterdir()] == ["thesis.txt"]


class TestDamage:
    """A snapshot that is not as it was written says so; nothing is made up."""

    @pytest.fixture
    def folder(self, db, tmp_path) -> Path:
        db.snapshot(tmp_path / "crm")
        return tmp_path / "crm"

    def test_no_snapshot(self, tmp_path):
        """The hint says how to take one."""
        with pytest.raises(SnapshotError, match=r"no snapshot in[\s\S]*db\.snapshot"):
            larkbase.open_snapshot(tmp_path / "nothing")

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"format": 1}', '{"format": "x"}', "[" * 100_000, "\x00\xff"]
    )
    def test_a_damaged_manifest(self, folder, text):
        """Whatever it holds."""
        (folder / "manifest.json").write_text(text)
        with pytest.raises(SnapshotError, match="is damaged"):
            larkbase.open_snapshot(folder)

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("name", None),
            ("sql_name", 7),
            ("table_id", ["tbl"]),
            ("rows", "many"),
            ("bytes", True),
            ("where", 1),
            ("linked", []),
            ("linked", {"tbl": "x"}),
        ],
    )
    def test_a_manifest_with_a_member_of_another_kind(self, folder, member, value):
        """It is told as damage when the snapshot is opened, and nothing later breaks on it."""
        path = folder / "manifest.json"
        data = json.loads(path.read_text())
        data["tables"][0][member] = value
        path.write_text(json.dumps(data))
        with pytest.raises(SnapshotError, match="is damaged"):
            larkbase.open_snapshot(folder)

    @pytest.mark.parametrize(("member", "value"), [("database", 5), ("tables", {}), ("bases", 1)])
    def test_a_manifest_whose_head_is_of_another_kind(self, folder, member, value):
        """So is the description of the snapshot itself."""
        path = folder / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {member: value}))
        with pytest.raises(SnapshotError, match="is damaged"):
            larkbase.open_snapshot(folder)

    def test_a_manifest_that_leads_out_of_the_folder(self, folder):
        """A snapshot may come from anywhere."""
        path = folder / "manifest.json"
        entry = larkbase.open_snapshot(folder).tables["Orders"].entry
        path.write_text(path.read_text().replace(entry.file, "../../secret"))
        with pytest.raises(SnapshotError, match="is damaged"):
            larkbase.open_snapshot(folder)

    def test_a_missing_file(self, folder):
        """It is found when the snapshot is opened."""
        larkbase.open_snapshot(folder).tables["Orders"].path.unlink()
        with pytest.raises(SnapshotError, match="is missing"):
            larkbase.open_snapshot(folder)

    def test_a_file_that_was_cut(self, folder):
        """So is a size that is not the written one."""
        path = larkbase.open_snapshot(folder).tables["Orders"].path
        path.write_bytes(path.read_bytes()[:-10])
        with pytest.raises(SnapshotError, match=r"bytes instead of"):
            larkbase.open_snapshot(folder)

    def test_a_file_that_was_altered(self, folder):
        """Pages carry a checksum, which is checked when they are read."""
        snap = larkbase.open_snapshot(folder)
        path = snap.tables["Orders"].path
        body = bytearray(path.read_bytes())
        body[200] ^= 0xFF
        path.write_bytes(body)
        with pytest.raises(SnapshotError, match="is damaged"):
            snap.tables["Orders"].to_arrow()

    def test_a_schema_that_was_altered(self, folder):
        """A column of another name would be another answer."""
        path = larkbase.open_snapshot(folder).tables["Orders"].path.with_suffix(".json")
        path.write_text(path.read_text().replace("Amount", "Total"))
        with pytest.raises(SnapshotError, match="is not as it was written"):
            larkbase.open_snapshot(folder)

    def test_one_that_is_replaced_while_it_is_opened(self, folder, db, crm):
        """Whoever opens it gets the old one or the new one, never half of each."""
        ended = threading.Event()

        def renew() -> None:
            try:
                for number in range(8):
                    crm.find_table("Customers").insert([{"Name": f"new {number}"}])
                    db.snapshot(folder, tables=["Customers"])
            finally:
                ended.set()

        writer = threading.Thread(target=renew)
        writer.start()
        seen = set()
        try:
            while not ended.is_set():
                seen.add(larkbase.open_snapshot(folder).tables["Customers"].count())
        finally:
            writer.join()
        assert seen <= set(range(3, 12))

    def test_a_snapshot_that_was_replaced_while_open(self, folder, db, crm):
        """The files of the old one are gone; the hint says to open it again."""
        snap = larkbase.open_snapshot(folder)
        crm.find_table("Customers").insert([{"Name": "Dewi"}])
        db.snapshot(folder)
        with pytest.raises(SnapshotError, match=r"missing[\s\S]*open it again"):
            snap.tables["Customers"].to_arrow()
