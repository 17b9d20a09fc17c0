"""Access lists show and hide what the operator wrote."""

from __future__ import annotations

import warnings

import pytest

from larkbase_sdk.catalog.access import AccessLists, split_pairs
from larkbase_sdk.errors import NotFound, SourceSkipped


def test_empty_lists_hide_nothing():
    """Without lists every table is visible."""
    assert AccessLists().visible("sales", "orders")


@pytest.mark.parametrize(
    ("schema", "table", "visible"),
    [
        ("sales", "orders", True),
        ("sales", "secrets", False),
        ("sales", "returns", False),
        ("hr", "people", True),
        ("hr", "salaries", False),
        ("stock", "items", True),
    ],
)
def test_a_whitelist_closes_its_schema_and_the_blacklist_wins(schema, table, visible):
    """Whitelisted schemas show their entries, the blacklist hides in any case."""
    lists = AccessLists.parse("sales:orders,sales:secrets", "sales:secrets,hr:salaries")

    assert lists.visible(schema, table) is visible


@pytest.mark.parametrize(("schema", "table"), [("sales", "orders"), ("SALES", "Orders")])
def test_names_are_compared_without_letter_case(schema, table):
    """Letter case matters neither in the list nor in the question."""
    lists = AccessLists.parse(" Sales : ORDERS ", "")

    assert lists.visible(schema, table)
    assert not lists.visible(schema, "customers")


def test_two_spellings_of_a_list_are_the_same_list():
    """Lists that hide the same tables are equal values."""
    assert AccessLists.parse("A:b, c:D", "") == AccessLists.parse("c:d,a:B,", "")


def test_a_hidden_table_looks_like_one_that_does_not_exist():
    """The refusal has the text that Athena users know, in the spelling they used."""
    lists = AccessLists.parse("", "sales:orders")

    with pytest.raises(NotFound) as caught:
        lists.require("Sales", "orders")

    assert str(caught.value) == "Table not found: Sales.orders"


def test_a_visible_table_is_let_through():
    """Nothing happens for a table that may be seen."""
    AccessLists.parse("", "sales:orders").require("sales", "customers")


def test_each_bad_entry_warns_and_the_others_count():
    """A typo in one entry does not take the list down, and points at the caller."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        lists = AccessLists.parse("orders,sales:orders,:x", "hr:")

    assert lists == AccessLists(whitelist=frozenset({("sales", "orders")}))
    assert [(item.category, item.filename) for item in seen] == [(SourceSkipped, __file__)] * 3
    assert [str(item.message).split("'")[1] for item in seen] == ["orders", ":x", "hr:"]


def test_pairs_keep_their_order_and_split_at_the_first_colon():
    """The right side may hold colons; blank entries are no entries; repeats count once."""
    assert split_pairs(" b : t:1 ,, a:t2 , b:t:1, nothing ") == (
        (("b", "t:1"), ("a", "t2")),
        ("nothing",),
    )
