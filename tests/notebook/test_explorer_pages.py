"""The preview: pages of 50 rows, each fetched when it is shown."""

from __future__ import annotations

import re

import pytest

import larkbase_sdk as larkbase
from larkbase_sdk.notebook.conditions import Condition


@pytest.fixture
def model(lark, crm):
    """The model of an explorer of the orders."""
    return lark.table("CRM.Orders").explore().model


def shown(page):
    return page.caption, page.rows.column("orderno").to_pylist() if page.rows.num_rows else []


def test_a_page_costs_a_call_when_it_is_shown_and_none_later(model, calls):
    """Nobody pays for rows that are not looked at, and turning back is free."""
    calls()
    assert shown(model.show_page(0)) == (
        "Rows 1–50 (180 counted)", [f"A-{i:03d}" for i in range(50)],
    )  # fmt: skip
    assert calls() == 1

    costs = []
    for number in (1, 2, 3):
        page = model.show_page(number)
        costs.append(calls())
    assert max(costs) == 1
    assert shown(page) == ("Rows 151–180 of 180", [f"A-{i:03d}" for i in range(150, 180)])
    assert not page.more

    assert shown(model.show_page(1))[1][0] == "A-050"
    assert model.show_page(99).number == 3
    assert calls() == 0


def test_opaque_tokens_change_nothing(model, lark_emulator, calls):
    """Where tokens are no offsets, pages follow each other one by one."""
    lark_emulator.switches.opaque_tokens = True
    calls()
    pages = [model.show_page(number) for number in range(4)]

    assert [row for page in pages for row in shown(page)[1]] == [f"A-{i:03d}" for i in range(180)]
    assert calls() <= 4


def test_a_table_of_one_page_says_so_at_once(lark, crm, calls):
    """Whether more rows follow is known without a further call."""
    model = lark.table("CRM.Customers").explore().model
    calls()

    page = model.show_page(0)
    assert (page.caption, page.more, calls()) == ("Rows 1–2 of 2", False, 1)


def test_a_table_without_rows(lark, crm):
    """Nothing is a page, too."""
    crm.table("Empty", fields=["Name"])
    page = lark.table("CRM.Empty").explore().model.show_page(0)

    assert (page.caption, page.rows.num_rows, page.more) == ("No rows", 0, False)


def test_a_count_that_lark_does_not_give(model, lark_emulator):
    """The end is where no more rows come."""
    lark_emulator.switches.total = "absent"
    pages = [model.show_page(number) for number in range(5)]

    assert pages[0].caption == "Rows 1–50"
    assert (pages[4].number, pages[4].caption) == (3, "Rows 151–180 of 180")


def test_a_count_that_is_wrong(model, lark_emulator):
    """The end is where no more rows come, and a warning says that the count was another one."""
    lark_emulator.switches.total = "off_by_one"
    for number in range(3):
        model.show_page(number)

    with pytest.warns(larkbase.TableChanged, match="180 rows came"):
        model.show_page(3)
    page = model.show_page(4)
    assert (page.number, page.caption) == (3, "Rows 151–180 of 180")


def test_a_filter_and_a_view_choose_the_rows(model, calls):
    """Conditions go to Lark, so that a page of matching rows costs one call too."""
    model.activate(("views", "CRM", model.table.id))
    view = next(view for view in model.table.views if view.name == "Open orders")
    model.activate(("view", "CRM", model.table.id, view.view_id))
    model.filter_by((Condition("amount", ">", "100"),), "all")
    calls()

    page = model.show_page(0)
    numbers = [i for i in range(101, 180) if i % 3 == 0 and i % 10]
    assert shown(page) == (
        f"Rows 1–{len(numbers)} of {len(numbers)}", [f"A-{i}" for i in numbers],
    )  # fmt: skip
    assert calls() == 2  # the view's conditions, and the page


def test_rows_that_are_sorted_out_here_stop_after_ten_calls(lark, lark_emulator, crm, calls):
    """A page that would need the whole table is shown as far as it came."""
    orders = crm.find_table("Orders")
    orders.insert({"Label": "rare" if i == 6400 else "common"} for i in range(6500))
    model = lark.table("CRM.Orders").explore().model
    model.filter_by((Condition("label", "is", "rare"),), "all")
    calls()

    page = model.show_page(0)
    assert re.fullmatch(r"No rows among the first 4,\d\d\d", page.caption)
    assert (page.more, calls()) == (True, 10)
    page = model.show_page(0)
    assert (page.caption, page.more) == ("Rows 1–1 of 1", False)


def test_a_refused_filter_is_survived(model, lark_emulator):
    """The rows are filtered here, and a warning says so."""
    lark_emulator.switches.refuse_filters = 1254018
    model.filter_by((Condition("status", "is", "Open"),), "all")

    with pytest.warns(larkbase.PushdownRefused):
        page = model.show_page(0)
    assert page.rows.column("status").to_pylist() == ["Open"] * 50


def test_after_an_error_the_page_can_be_asked_for_again(model, lark_emulator):
    """An error in the middle is no end of the table."""
    model.show_page(0)
    lark_emulator.fail(91403, endpoint="search", times=1)
    with pytest.raises(larkbase.PermissionDenied):
        model.show_page(2)

    assert shown(model.show_page(2))[1][0] == "A-100"
    assert shown(model.show_page(0))[1][0] == "A-000"


def test_another_selection_forgets_the_pages(model):
    """Rows of two selections never stand side by side."""
    model.show_page(2)
    model.filter_by((Condition("amount", ">=", "170"),), "all")

    assert model.page is None
    assert shown(model.show_page(0)) == (
        "Rows 1–10 of 10", [f"A-{i}" for i in range(170, 180)],
    )  # fmt: skip
