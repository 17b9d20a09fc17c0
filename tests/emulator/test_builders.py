"""What tests use to fill an emulator."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys

import numpy as np
import pytest
import requests

from larkbase_sdk.emulator import LarkEmulator
from larkbase_sdk.errors import ConfigurationError


def test_columns_become_typed_fields(emulator):
    """Types follow from the values; None is an empty cell."""
    table = emulator.database("CRM").table(
        "Orders",
        {
            "OrderNo": ["A-1", "A-2"],
            "Amount": [12.5, None],
            "Count": [1, 2],
            "Done": [True, None],
            "When": [dt.datetime(2025, 1, 1, tzinfo=dt.UTC), None],
            "Day": [dt.date(2025, 1, 1), None],
            "Tags": [["a"], None],
            "Nothing": [None, None],
        },
    )

    assert [(field.name, field.ui_type) for field in table.fields] == [
        ("OrderNo", "Text"), ("Amount", "Number"), ("Count", "Number"), ("Done", "Checkbox"),
        ("When", "DateTime"), ("Day", "DateTime"), ("Tags", "MultiSelect"), ("Nothing", "Text"),
    ]  # fmt: skip
    assert [list(record["fields"]) for record in table.records] == [
        ["OrderNo", "Amount", "Count", "Done", "When", "Day", "Tags"], ["OrderNo", "Count"],
    ]  # fmt: skip
    assert table.fields[0].is_primary


def test_a_name_gives_the_same_base_and_table_again(emulator):
    """Bases and tables are made on first use; ids do not change between runs."""
    base = emulator.database("CRM")
    table = base.table("Orders", {"Name": ["a"]})
    base.table("Orders", {"Name": ["b"]})
    with LarkEmulator() as other:
        again = other.database("CRM").table("Orders", {"Name": ["a"]})

        assert emulator.database("CRM") is base
        assert len(table) == 2
        assert (again.base.app_token, again.table_id) == (base.app_token, table.table_id)
        assert again.fields[0].field_id == table.fields[0].field_id
        assert again.records[0]["record_id"] == table.records[0]["record_id"]


def test_numbers_of_numpy_are_numbers(emulator):
    """A column of a frame may be given as it is."""
    table = emulator.database("CRM").table("T", {"Amount": np.array([1.5, 2.25])})

    assert [record["fields"]["Amount"] for record in table.records] == [1.5, 2.25]


def test_columns_of_different_lengths_are_told_by_name(emulator):
    """And no half table stays behind."""
    base = emulator.database("CRM")

    with pytest.raises(ValueError, match=r"differ in length: \{'a': 1, 'b': 2\}"):
        base.table("Other", {"a": [1], "b": [1, 2]})
    assert base.find_table("Other") is None


def test_an_empty_table_is_found_again(emulator):
    """A table without rows is not made twice."""
    base = emulator.database("CRM")
    table = base.table("Empty", fields=["Name"])

    assert base.table("Empty") is table
    assert base.tables == [table]


def test_ids_look_like_larks(emulator):
    """Tokens and ids have the usual prefixes and lengths."""
    table = emulator.database("CRM").table("Orders", {"Name": ["a"]})
    ids = [table.table_id, table.fields[0].field_id, table.views[0].view_id]

    assert [(text[:3], len(text)) for text in ids] == [("tbl", 16), ("fld", 10), ("vew", 10)]
    assert len(table.base.app_token) == 27
    record_id = table.records[0]["record_id"]
    assert record_id.startswith("rec")
    assert len(record_id) == 14
    assert record_id[3:].isalpha()


@pytest.mark.parametrize("gone", [True, False], ids=["removed", "renamed"])
def test_a_new_table_of_a_name_that_was_given_up_is_another_one(emulator, gone):
    """A client that remembers the old one must not take the new one for it."""
    base = emulator.database("CRM")
    old = base.table("Orders", {"Name": ["a", "b"]})
    if gone:
        base.remove_table("Orders")
    else:
        old.name = "Old"
    new = base.table("Orders", {"Name": ["c"]})

    ids = {*(field.field_id for field in old.fields), *(row["record_id"] for row in old.records)}
    assert new.table_id != old.table_id
    assert not ids & {new.fields[0].field_id, new.records[0]["record_id"]}
    assert len(new.records) == 1


def test_links_lead_to_the_emulator(emulator):
    """A table's link names base, table and view."""
    table = emulator.database("CRM").table("Orders", {"Name": ["a"]})

    assert table.url == (
        f"{emulator.url}/base/{table.base.app_token}"
        f"?table={table.table_id}&view={table.views[0].view_id}"
    )


def test_rows_change_and_go(emulator):
    """insert, update and delete work on a running emulator."""
    table = emulator.database("CRM").table("Orders", {"Name": ["a", "b"]})
    first, second = (record["record_id"] for record in table.records)
    table.update(first, {"Name": "A"})
    table.delete([second])
    table.insert([{table.fields[0].field_id: "c"}], first=True)

    texts = [record["fields"]["Name"][0]["text"] for record in table.records]
    assert texts == ["c", "A"]


def test_fields_change_and_go(emulator):
    """A renamed field keeps its id; a deleted one takes its cells along."""
    table = emulator.database("CRM").table("Orders", {"Name": ["a"], "N": [1]})
    number = table.field("N")
    field_id = number.field_id
    table.rename_field("N", "Amount")
    renamed = table.field("Amount").field_id
    table.delete_field("Amount")

    assert renamed == field_id
    assert list(table.records[0]["fields"]) == ["Name"]
    assert table.find_field("Amount") is None


def test_a_renamed_option_is_renamed_in_the_cells(emulator):
    """Options change their name between two reads."""
    specs = ["Name", ("One", "SingleSelect"), ("Many", "MultiSelect")]
    rows = [{"One": "old", "Many": ["old", "x"]}]
    table = emulator.database("CRM").table("T", fields=specs, rows=rows)
    table.rename_option("One", "old", "new")
    table.rename_option("Many", "old", "new")

    assert table.records[0]["fields"] == {"One": "new", "Many": ["new", "x"]}
    assert table.field("Many").property["options"][0]["name"] == "new"


def test_a_new_field_may_take_a_name_that_was_given_up(emulator):
    """Ids stay unique when a name is used again."""
    table = emulator.database("CRM").table("Orders", {"Name": ["a"], "N": [1]})
    table.rename_field("N", "Old")
    new = table.add_field("N", "Number")

    assert new.field_id != table.field("Old").field_id


def test_duplex_links_have_two_ends(emulator):
    """The back field appears in the other table."""
    base = emulator.database("CRM")
    people = base.table("People", {"Name": ["a"]})
    orders = base.table("Orders", {"No": ["1"]})
    made = orders.add_field("Buyer", "DuplexLink", {"table": people, "back": "Bought"})
    back = people.field("Bought")

    assert made.property == {
        "back_field_id": back.field_id, "back_field_name": "Bought", "multiple": True,
        "table_id": people.table_id, "table_name": "People",
    }  # fmt: skip
    assert back.property["back_field_id"] == made.field_id
    assert back.property["table_id"] == orders.table_id


def test_lookups_name_their_target(emulator):
    """The property holds target table and field, as live ones do."""
    base = emulator.database("CRM")
    people = base.table("People", {"Name": ["a"], "Age": [30]})
    orders = base.table("Orders", {"No": ["1"]})
    link = orders.add_field("Buyer", "SingleLink", {"table": "People"})
    look = orders.add_field("Age", "Lookup", {"table": people, "field": "Age", "link": "Buyer"})

    assert look.result == "Number"
    assert look.property["target_field"] == people.field("Age").field_id
    assert look.property["filter_info"]["target_table"] == people.table_id
    assert look.property["filter_info"]["conditions"]["children"][0]["field_id"] == link.field_id


def test_declared_formulas_tell_their_type(emulator):
    """property.type names the result type when asked for."""
    table = emulator.database("CRM").table("T", {"Name": ["a"]})
    declared = table.add_field("Sum", "Formula", {"result": "Number", "declared": True})
    silent = table.add_field("Text", "Formula", {"result": "Text"})

    assert declared.property["type"] == {
        "data_type": 2, "ui_property": {"formatter": "0.0"}, "ui_type": "Number",
    }  # fmt: skip
    assert "type" not in silent.property


def test_unknown_types_are_kept(emulator):
    """A type of the future is listed with its name and holds any JSON."""
    table = emulator.database("CRM").table("T", fields=["Name", ("Span", "Duration")])
    table.insert([{"Span": {"h": 1}}])

    assert (table.field("Span").kind.type, table.records[0]["fields"]) == (9001, {"Span": {"h": 1}})


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda table: table.insert([{"Nope": 1}]), KeyError),
        (lambda table: table.insert([{"N": "x"}]), ValueError),
        (lambda table: table.insert([{"N": float("nan")}]), ValueError),
        (lambda table: table.update("recNo", {}), KeyError),
        (lambda table: table.add_field("N", "Number"), ValueError),
        (lambda table: table.add_field("L", "SingleLink", {"table": "Nope"}), KeyError),
    ],
)
def test_mistakes_of_a_test_are_errors(emulator, call, error):
    """Unknown names and unfit values do not pass in silence."""
    table = emulator.database("CRM").table("T", {"Name": ["a"], "N": [1]})

    with pytest.raises(error):
        call(table)


def test_a_taken_port_is_a_configuration_error(emulator):
    """The message says which port and what to do."""
    port = int(emulator.url.rpartition(":")[2])

    with pytest.raises(ConfigurationError, match=f"port {port}"):
        LarkEmulator(port=port)


def test_serve_runs_until_it_is_interrupted():
    """The blocking form tells how to connect, answers, and ends quietly on Ctrl-C."""
    code = "from larkbase_sdk.emulator import serve; serve(port=0)"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        url = process.stdout.readline().split()[-1]
        settings = process.stdout.readline().split()
        status = requests.get(f"{url}/open-apis/drive/v1/files", timeout=10).status_code
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=10)[1]

    assert settings == [
        f"LARK_DOMAIN={url}", "LARK_APP_ID=cli_demo",
        "LARK_APP_SECRET=demo-secret-of-the-emulator",
    ]  # fmt: skip
    assert (status, process.returncode, errors) == (400, 0, "")


def test_a_stopped_emulator_leaves_its_port(emulator):
    """After stop nobody answers, and the port is free."""
    port = int(emulator.url.rpartition(":")[2])
    emulator.stop()

    with LarkEmulator(port=port) as again:
        assert again.url == emulator.url


def test_the_pytest_fixture_is_an_empty_emulator(lark_emulator):
    """larkbase_sdk.testing offers the emulator as a fixture."""
    assert isinstance(lark_emulator, LarkEmulator)
    assert lark_emulator.bases == []


def test_the_emulator_needs_no_pytest():
    """Tests may be written with unittest, and a page of the documentation be tried in a console."""
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "from larkbase_sdk.testing import LarkEmulator\n"
        "with LarkEmulator() as emulator: print(emulator.database('CRM').name)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "CRM\n", "")
