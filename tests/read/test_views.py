"""A view's own conditions are merged into a filter only when that surely keeps the view's rows."""

from __future__ import annotations

from typing import Any

import pytest

from larkbase_sdk.api.models import View, ViewCondition
from larkbase_sdk.read.filters import render_filter
from larkbase_sdk.read.pushdown import push
from larkbase_sdk.read.views import combine_view, merge_view
from larkbase_sdk.read.where import parse_where
from larkbase_sdk.schema.table_schema import TableSchema

TYPES = {
    "fldName": 1,
    "fldAmount": 2,
    "fldStatus": 3,
    "fldTags": 4,
    "fldDue": 5,
    "fldDone": 7,
    "fldOwner": 11,
    "fldTel": 13,
    "fldSite": 15,
    "fldFiles": 17,
    "fldCustomer": 18,
    "fldTotal": 20,
    "fldNo": 1005,
}


def _view(*conditions: ViewCondition, conjunction: str = "and", complete: bool = True) -> View:
    return View("vew1", "Mine", "grid", conjunction, conditions, frozenset(), complete)


def _condition(field: str, operator: str, *value: str) -> ViewCondition:
    return ViewCondition(field, TYPES.get(field, 1), operator, value)


def _one(field: str, operator: str, *value: str) -> dict[str, Any]:
    return {"field_id": field, "operator": operator, "value": list(value)}


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        (_condition("fldName", "is", "x"), ["x"]),
        (_condition("fldName", "isNot", "x"), ["x"]),
        (_condition("fldName", "doesNotContain", "x"), ["x"]),
        (_condition("fldName", "isEmpty"), []),
        (_condition("fldName", "isNotEmpty", "ignored"), []),
        (_condition("fldAmount", "isGreaterEqual", "-10.5"), ["-10.5"]),
        (_condition("fldStatus", "is", "o1"), ["Open"]),
        (_condition("fldStatus", "isNot", "Open"), ["Open"]),
        (_condition("fldTags", "contains", "o2"), ["Won"]),
        (_condition("fldDue", "isLess", "ExactDate", "1704153600000"),
         ["ExactDate", "1704153600000"]),
        (_condition("fldDue", "isGreater", "Today"), ["Today"]),
        (_condition("fldDue", "is", "CurrentWeek"), ["CurrentWeek"]),
        (_condition("fldDone", "is", "true"), ["true"]),
        (_condition("fldOwner", "contains", "ou_1"), ["ou_1"]),
        (_condition("fldCustomer", "is", "recA1"), ["recA1"]),
        (_condition("fldTel", "is", "110"), ["110"]),
        (_condition("fldSite", "is", "Home"), ["Home"]),
        (_condition("fldFiles", "isNotEmpty"), []),
    ],
)  # fmt: skip
def test_a_condition_that_means_the_same_is_taken(
    condition: ViewCondition, value: list[str], deals: TableSchema
) -> None:
    """Fields stay ids, and options given by id become names."""
    expected = {"field_id": condition.field_id, "operator": condition.operator, "value": value}
    assert merge_view(_view(condition), deals) == {"conjunction": "and", "conditions": [expected]}


@pytest.mark.parametrize(
    "condition",
    [
        _condition("fldGone", "is", "x"),
        _condition("", "is", "x"),
        _condition("fldTotal", "isNotEmpty"),
        _condition("fldNo", "is", "5"),
        ViewCondition("fldName", 2, "is", ("5",)),
        _condition("fldName", "isGreater", "x"),
        _condition("fldName", "like", "x"),
        _condition("fldName", "is"),
        _condition("fldName", "is", ""),
        _condition("fldName", "contains", "x", "y"),
        _condition("fldAmount", "is", "1e3"),
        _condition("fldAmount", "contains", "1"),
        _condition("fldStatus", "contains", "o1"),
        _condition("fldStatus", "is", "o4"),
        _condition("fldStatus", "is", "optUnknown"),
        _condition("fldTags", "is", "o1"),
        _condition("fldDue", "is", "1704153600000"),
        _condition("fldDue", "is", "ExactDate", "soon"),
        _condition("fldDue", "is", "someday"),
        _condition("fldDue", "isLess", "CurrentWeek"),
        _condition("fldDue", "isNot", "Today"),
        _condition("fldDone", "is", "false"),
        _condition("fldDone", "isNot", "true"),
        _condition("fldOwner", "is", "me"),
        _condition("fldSite", "contains", "x"),
        _condition("fldFiles", "contains", "x"),
    ],
)
def test_a_condition_in_doubt_keeps_the_view_a_view(
    condition: ViewCondition, deals: TableSchema
) -> None:
    """One condition that cannot be sent as it is meant spoils the whole."""
    assert merge_view(_view(_condition("fldName", "isEmpty"), condition), deals) is None


def test_incomplete_or_too_many_conditions_keep_the_view_a_view(deals: TableSchema) -> None:
    """What Lark left out, or what does not fit into one filter, cannot be merged."""
    condition = _condition("fldName", "isEmpty")
    many = [_condition("fldName", "is", f"v{number}") for number in range(51)]
    assert merge_view(_view(condition, complete=False), deals) is None
    assert merge_view(_view(condition, conjunction="xor"), deals) is None
    assert merge_view(_view(*many, conjunction="or"), deals) is None


def test_a_view_and_a_condition_become_one_filter(deals: TableSchema) -> None:
    """A view of alternatives is one child; a view of conjuncts joins the others."""
    pushed = push(parse_where("name = 'x'", deals), deals, zone=None, text_pushdown=True)
    conditions = [_condition("fldStatus", "is", "o1"), _condition("fldDone", "is", "true")]
    rendered = [_one("fldStatus", "is", "Open"), _one("fldDone", "is", "true")]
    name = _one("fldName", "is", "x")
    any_of = merge_view(_view(*conditions, conjunction="or"), deals)
    all_of = merge_view(_view(*conditions), deals)
    assert any_of == {"conjunction": "or", "conditions": rendered}
    assert combine_view(any_of, pushed.filter) == {
        "conjunction": "and",
        "conditions": [],
        "children": [
            {"conjunction": "and", "conditions": [name]},
            {"conjunction": "or", "conditions": rendered},
        ],
    }
    assert all_of is not None
    both = combine_view(all_of, pushed.filter)
    assert both == {"conjunction": "and", "conditions": [*rendered, name]}
    assert combine_view(all_of, None) == all_of
    assert render_filter(all_of, deals)["conditions"][0]["field_name"] == "Status"


def test_a_view_without_conditions_adds_nothing(deals: TableSchema) -> None:
    """Alone it needs no filter; beside a filter, the filter stays as it is."""
    pushed = push(parse_where("name = 'x' OR done", deals), deals, zone=None, text_pushdown=True)
    empty = merge_view(_view(), deals)
    assert empty == {"conjunction": "and", "conditions": []}
    assert combine_view(empty, None) is None
    assert combine_view(empty, pushed.filter) == pushed.filter


def test_what_exceeds_the_limits_together_is_not_combined(deals: TableSchema) -> None:
    """Two filters that fit alone may not fit together."""
    words = ", ".join(f"'v{number}'" for number in range(20))
    pushed = push(parse_where(f"name IN ({words})", deals), deals, zone=None, text_pushdown=True)
    many = [_condition("fldName", "is", f"w{number}") for number in range(20)]
    view = merge_view(_view(*many, conjunction="or"), deals)
    assert view is not None
    assert combine_view(view, pushed.filter) is None
