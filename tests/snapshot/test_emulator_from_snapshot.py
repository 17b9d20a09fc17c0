"""An emulator that serves a snapshot answers as the base did when it was stored."""

from __future__ import annotations

import pytest

import larkbase_sdk as larkbase
from larkbase_sdk import SnapshotError
from larkbase_sdk.testing import LarkEmulator

pytestmark = pytest.mark.filterwarnings("ignore::larkbase_sdk.LarkBaseWarning")


@pytest.fixture(scope="module")
def demo():
    with larkbase.demo() as lark:
        yield lark


@pytest.mark.parametrize("name", ["CRM", "Field Types", "HR", "客户管理"])
def test_every_row_of_every_type_comes_back(demo, tmp_path, name):
    """Under the ids of the base, its tables, fields and records."""
    stored = demo.databases[name].snapshot(tmp_path / "stored")

    with LarkEmulator.from_snapshot(tmp_path / "stored") as emulator, emulator.connect() as lark:
        served = lark.databases[name]
        assert served.id == stored.manifest.base_id
        assert {t.id for t in served.tables.values()} == {t.id for t in stored.tables.values()}
        assert larkbase.diff(stored, served).is_empty
        for table in stored.tables.values():
            assert served.tables[table.name].schema.to_arrow() == table.schema.to_arrow()


def test_it_filters_and_counts(demo, tmp_path):
    """Conditions are answered by the server, as Lark would."""
    stored = demo.databases["CRM"].snapshot(tmp_path / "stored")

    with LarkEmulator.from_snapshot(tmp_path / "stored") as emulator, emulator.connect() as lark:
        orders = lark.table("CRM.Orders")
        where = "status = 'Open' AND amount > 1000 AND orderdate > TIMESTAMP '2025-01-05'"
        found, expected = (
            table.to_arrow(columns=["OrderNo", "Net", "Owner"], where=where)
            for table in (orders, stored.tables["Orders"])
        )
        assert len(found) > 0
        assert found == expected
        assert emulator.calls.named("search")[-1].body["filter"]
        assert orders.count() == 1200


def test_it_can_be_edited(demo, tmp_path):
    """A test changes what it needs; the snapshot stays as it is."""
    stored = demo.databases["CRM"].snapshot(tmp_path / "stored")

    with LarkEmulator.from_snapshot(tmp_path / "stored") as emulator, emulator.connect() as lark:
        table = emulator.database("CRM").find_table("Customers")
        table.update(table.rows.ids([0])[0], {"Name": "changed"})
        table.insert([{"Name": "new"}])
        found = larkbase.diff(stored, lark.databases["CRM"]).tables["Customers"]

    assert (len(found.added), found.changed_rows) == (1, 1)
    assert larkbase.open_snapshot(tmp_path / "stored").tables["Customers"].count() == 120


def test_it_takes_the_options_of_an_emulator(demo, tmp_path):
    """Such as switches and credentials."""
    demo.databases["CRM"].snapshot(tmp_path / "stored", tables=["Customers"])

    with LarkEmulator.from_snapshot(
        tmp_path / "stored", app_id="cli_mine", opaque_tokens=True
    ) as emulator:
        assert emulator.app_id == "cli_mine"
        assert emulator.switches.opaque_tokens


@pytest.mark.parametrize("damage", ["no folder", "manifest", "schema", "rows"])
def test_what_cannot_be_served(demo, tmp_path, damage):
    """The error names the folder, and nothing keeps running."""
    snap = demo.databases["CRM"].snapshot(tmp_path / "stored", tables=["Customers"])
    rows = snap.tables["Customers"].path
    broken = {
        "no folder": None,
        "manifest": tmp_path / "stored" / "manifest.json",
        "schema": rows.with_suffix(".json"),
        "rows": rows,
    }[damage]
    if broken is not None:
        broken.write_text("{}")
    folder = tmp_path / ("nothing" if broken is None else "stored")

    with pytest.raises(SnapshotError, match=f"{folder.name} cannot be served"):
        LarkEmulator.from_snapshot(folder)
