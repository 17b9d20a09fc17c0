"""``explain()`` tells what a read will do before it costs anything."""

from __future__ import annotations

import pytest

import larkbase_sdk as larkbase


@pytest.fixture
def table(lark, lark_emulator):
    made = lark_emulator.database("CRM").table(
        "Orders",
        fields=[
            ("OrderNo", "Text"),
            ("Amount", "Number", {"formatter": "0"}),
            ("Status", "SingleSelect", {"options": ["Open", "Paid"]}),
            ("Net", "Formula", {"result": "Number", "declared": True}),
        ],
        rows=[{"Amount": n, "Status": "Open" if n % 2 else "Paid", "Net": n} for n in range(1201)],
    )
    made.view("Open ones", conditions=[("Status", "is", ["Open"])])
    return lark.table("CRM.Orders")


def test_conditions_are_split_between_server_and_here(table, lark_emulator):
    """What Lark cannot filter stands apart, with the reason; one call gives the estimate."""
    plan = table.scan(columns=["OrderNo"], where="status = 'Open' AND net > 5").explain()

    assert plan.on_server == ('Status is "Open"',)
    assert plan.here == ("net > 5: Lark cannot filter by formulas",)
    assert (plan.fields_read, plan.fields_total, plan.rows, plan.calls) == (3, 4, 600, 2)
    assert repr(plan).splitlines()[0] == (
        "Scan CRM.Orders  1 of 4 fields, and Status, Net for the check"
    )
    assert lark_emulator.calls.count("search") == 1


def test_the_text_is_for_people(table):
    """One line a decision, the cost at the end."""
    lines = repr(table.scan(where="status = 'Open'", limit=3).explain()).splitlines()

    assert lines[0] == "Scan CRM.Orders  4 of 4 fields"
    assert lines[1].strip() == 'on the server   Status is "Open" · stop after 3'
    assert lines[-1].strip().startswith("estimate")


def test_a_view_that_travels_in_the_filter_is_named(table):
    """Its conditions are sent, so not every row is."""
    plan = table.scan(view="Open ones").explain()

    assert plan.on_server == ('the conditions of view "Open ones"',)
    assert plan.rows == 600
    assert plan.filter is not None


def test_a_view_that_is_read_beside_the_rows_counts_too(table, lark_emulator):
    """Its record ids are read first when it hides a column that is wanted."""
    lark_emulator.database("CRM").find_table("Orders").view(
        "Five", conditions=[("Net", "is", ["5"])], hidden=["OrderNo"]
    )
    scan = table.scan(view="Five", where="status = 'Open'")

    plan = scan.explain()
    glances = lark_emulator.calls.count("search")
    scan.to_arrow()

    assert (plan.rows, plan.calls) == (601, 3)
    assert glances == 2
    assert lark_emulator.calls.count("search") == glances + plan.calls


def test_a_condition_that_never_holds_costs_nothing(table, lark_emulator):
    """Nothing is read, so nothing is asked either."""
    plan = table.scan(where="amount = 1 AND FALSE").explain()

    assert (plan.rows, plan.calls, plan.seconds) == (0, 0, 0)
    assert "nothing is read" in repr(plan)
    assert lark_emulator.calls.count("search") == 0


def test_an_error_is_told_instead_of_a_plan_that_cannot_run(table, lark_emulator):
    """A table that may not be read has no plan worth showing."""
    lark_emulator.fail(91403, endpoint="search")

    with pytest.raises(larkbase.PermissionDenied):
        table.scan().explain()


def test_a_missing_count_leaves_dashes(table, lark_emulator):
    """A plan can be shown without an estimate."""
    lark_emulator.switches.total = "absent"

    plan = table.scan().explain()

    assert (plan.rows, plan.calls) == (None, None)
    assert "–" in repr(plan)
