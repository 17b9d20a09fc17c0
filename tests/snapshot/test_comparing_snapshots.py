"""Comparing two states: tables, fields, rows and cells, each recognised by its id."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import larkbase_sdk as larkbase
from larkbase_sdk import SnapshotError
from larkbase_sdk.snapshot.cells import differing
from larkbase_sdk.testing import LarkEmulator


@pytest.fixture
def base(lark_emulator) -> Any:
    """A base with two tables."""
    base = lark_emulator.database("CRM")
    base.table("Customers", {"Name": ["Ann", "Budi"]})
    base.table(
        "Orders",
        fields=[
            "OrderNo", ("Amount", "Number"), ("Tags", "MultiSelect", {"options": ["a", "b"]}),
            ("Due", "DateTime"), ("Files", "Attachment"),
        ],
        rows=[
            {"OrderNo": "A-1", "Amount": 1, "Tags": ["a"], "Files": [("x.txt", b"x")]},
            {"OrderNo": "A-2", "Amount": 2, "Due": 1_735_689_600_000},
            {"OrderNo": "A-3"},
        ],
    )  # fmt: skip
    return base


@pytest.fixture
def db(lark, base) -> larkbase.Database:
    return lark.databases["CRM"]


@pytest.fixture
def before(db, tmp_path) -> larkbase.Snapshot:
    """How the base was."""
    return db.snapshot(tmp_path / "before")


@pytest.fixture
def orders(base) -> Any:
    return base.find_table("Orders")


def edited(orders: Any) -> list[str]:
    """Change the table in every way, and return the record ids that were there."""
    first, second, third = orders.rows.ids(range(3))
    orders.update(first, {"Tags": ["a", "b"], "Amount": None})
    orders.update(second, {"Due": 1_735_776_000_000})
    orders.delete([third])
    orders.insert([{"OrderNo": "A-4"}])
    return [first, second, third]


def test_nothing_changed(db, before, tmp_path):
    """Two readings of the same rows are equal."""
    after = db.snapshot(tmp_path / "after")

    found = after.diff(before)

    assert found.is_empty
    assert found.rows() == []
    assert len(found.to_arrow()) == 0
    assert "(nothing changed)" in repr(found)
    assert "(nothing changed)" in found._repr_html_()


def test_rows_and_cells(db, before, orders, tmp_path):
    """Each changed cell is named, with what it was and what it is."""
    first, second, _ = edited(orders)
    after = db.snapshot(tmp_path / "after")

    found = after.diff(tmp_path / "before")
    table = found.tables["Orders"]

    assert table.added.column("orderno").to_pylist() == ["A-4"]
    assert table.removed.column("orderno").to_pylist() == ["A-3"]
    assert table.changed.to_pylist() == [
        {"record_id": first, "field": "Amount", "before": "1", "after": None},
        {"record_id": first, "field": "Tags", "before": '["a"]', "after": '["a","b"]'},
        {
            "record_id": second, "field": "Due",
            "before": "2025-01-01T00:00:00.000Z", "after": "2025-01-02T00:00:00.000Z",
        },
    ]  # fmt: skip
    assert table.changed_rows == 2
    assert found.rows() == [
        {
            "table": "Orders", "change": "changed", "added": 1, "removed": 1, "changed": 2,
            "fields": None, "note": None,
        }
    ]  # fmt: skip


def test_one_line_for_every_difference(db, before, orders, tmp_path):
    """For spreadsheets and for further questions."""
    edited(orders)
    frame = db.snapshot(tmp_path / "after").diff(before).to_pandas()

    assert list(frame.columns) == ["table", "change", "record_id", "field", "before", "after"]
    assert frame["change"].value_counts().to_dict() == {"changed": 3, "added": 1, "removed": 1}


def test_fields(db, before, orders, tmp_path):
    """A renamed field is not a lost one; cells of a field that is new are no changes."""
    orders.rename_field("Amount", "Total")
    orders.delete_field("Due")
    orders.add_field("Note")
    db.lark.refresh()

    table = db.snapshot(tmp_path / "after").diff(before).tables["Orders"]

    assert list(map(str, table.fields)) == ["Amount → Total", "+Note", "−Due"]
    assert [(change.change, change.name) for change in table.fields] == [
        ("renamed", "Total"), ("added", "Note"), ("removed", "Due")
    ]  # fmt: skip
    assert len(table.changed) == 0


def test_a_field_of_another_type(db, before, orders, tmp_path):
    """Its cells are not compared: they cannot be equal."""
    was = orders.field("Amount")
    orders.delete_field("Amount")
    orders.add_field({"field_name": "Amount", "ui_type": "Text", "field_id": was.field_id})
    db.lark.refresh()

    table = db.snapshot(tmp_path / "after").diff(before).tables["Orders"]

    assert list(map(str, table.fields)) == ["Amount: Number → Text"]


def test_tables(db, before, base, tmp_path):
    """New ones, and those that are gone."""
    base.remove_table("Customers")
    base.table("Products", {"Name": ["Tea"]})
    db.lark.refresh()

    found = db.snapshot(tmp_path / "after").diff(before)

    assert (found.added, found.removed) == (("Products",), ("Customers",))
    assert not found.is_empty
    assert [(row["table"], row["change"]) for row in found.rows()] == [
        ("Products", "added"), ("Customers", "removed")
    ]  # fmt: skip


def test_a_renamed_table_is_the_same(db, before, orders, tmp_path):
    """It goes by its id."""
    orders.name = "Sales"
    db.lark.refresh()

    found = db.snapshot(tmp_path / "after").diff(before)

    assert (found.added, found.removed) == ((), ())
    assert "Sales" in found.tables


def test_a_live_base(db, before, orders, lark_emulator):
    """What changed since a snapshot, without taking another one; the base is read once."""
    edited(orders)
    lark_emulator.calls.clear()

    found = larkbase.diff(before, db)

    assert found.tables["Orders"].changed_rows == 2
    assert lark_emulator.calls.count("search") == 2
    assert larkbase.diff(db, db).is_empty


def test_a_copy_of_a_base(db, before, lark, lark_emulator, tmp_path):
    """Tables of other bases go by their names; their rows have other ids."""
    lark_emulator.database("Copy").table("Customers", {"Name": ["Ann", "Budi"]})
    lark.refresh()

    found = larkbase.diff(before, lark.databases["Copy"])

    assert (len(found.tables["Customers"].added), len(found.tables["Customers"].removed)) == (2, 2)
    assert found.removed == ("Orders",)


def test_where_a_file_can_be_fetched_does_not_count(before, orders, tmp_path):
    """Lark changes these links at will; the file stays the same."""
    with LarkEmulator.from_snapshot(before.path) as other, other.connect() as lark:
        assert larkbase.diff(before, lark.databases["CRM"]).is_empty
        table = other.database("CRM").find_table("Orders")
        table.update(table.rows.ids([0])[0], {"Files": [("y.txt", b"y")]})
        changed = larkbase.diff(before, lark.databases["CRM"]).tables["Orders"].changed
    assert changed.column("field").to_pylist() == ["Files"]


def test_other_conditions_are_noted(db, before, tmp_path):
    """Rows that seem to be gone may only be outside of the condition."""
    after = db.snapshot(tmp_path / "after", tables={"Orders": "amount > 1"})

    table = after.diff(before).tables["Orders"]

    assert len(table.removed) == 2
    assert "different conditions" in table.note


def test_no_snapshot_there(before, tmp_path):
    """The error names the folder."""
    with pytest.raises(SnapshotError, match="There is no snapshot"):
        before.diff(tmp_path / "nothing")


def test_displays_escape_names(lark, lark_emulator, tmp_path):
    """Names of fields and tables may hold HTML."""
    table = lark_emulator.database("CRM").table("<script>", {"Name": ["x"]})
    before = lark.databases["CRM"].snapshot(tmp_path / "before")
    table.add_field("<img>")
    lark.refresh()
    found = lark.databases["CRM"].snapshot(tmp_path / "after").diff(before)

    assert "<script>" in repr(found)
    assert "<script>" not in found._repr_html_()
    assert "<img>" not in found._repr_html_()


KIND = pa.list_(pa.struct([("id", pa.string()), ("n", pa.list_(pa.float64()))]))
CELLS = st.lists(
    st.none()
    | st.lists(
        st.none()
        | st.fixed_dictionaries({
            "id": st.none() | st.sampled_from("ab"),
            "n": st.none() | st.lists(st.none() | st.sampled_from([0.0, 1.5]), max_size=2),
        }),
        max_size=2,
    ),
    max_size=6,
)  # fmt: skip


@given(pairs=st.lists(st.tuples(CELLS, CELLS), max_size=4))
def test_cells_differ_just_as_python_values_do(pairs):
    """Lists of structures, empty and filled, to any depth."""
    before = [cell for old, new in pairs for cell, _ in zip(old, new, strict=False)]
    after = [cell for old, new in pairs for _, cell in zip(old, new, strict=False)]

    found = differing(pa.array(before, KIND), pa.array(after, KIND)).to_pylist()

    assert found == [old != new for old, new in zip(before, after, strict=True)]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (pa.string(), [None, "", "a"]),
        (pa.float64(), [None, 0.0, 1.5]),
        (pa.bool_(), [None, True, False]),
        (pa.timestamp("ms", "UTC"), [None, dt.datetime(2025, 1, 1, tzinfo=dt.UTC)]),
        (pa.decimal128(38, 18), [None, 1, 2]),
    ],
)
def test_plain_cells_differ_just_as_python_values_do(kind, values):
    """Every pair of cells."""
    pairs = [(old, new) for old in values for new in values]
    before, after = (pa.array(list(side), kind) for side in zip(*pairs, strict=True))

    assert differing(before, after).to_pylist() == [old != new for old, new in pairs]
