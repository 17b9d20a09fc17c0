"""Lists are read to their end, and views say whether their filter is fully known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from larkbase_sdk.api.bitable import read_view
from larkbase_sdk.api.models import BaseInfo, TableInfo, ViewCondition, ViewInfo
from larkbase_sdk.errors import NetworkError, ServiceError

if TYPE_CHECKING:
    from larkbase_sdk.api import LarkApi


def _table(number: int) -> dict[str, Any]:
    return {"table_id": f"tbl{number}", "name": f"T{number}", "revision": number}


def test_a_list_is_read_page_by_page(server: Any, api: LarkApi) -> None:
    """``has_more`` alone decides: the last page may carry a token, too."""
    server.data({"items": [_table(1)], "has_more": True, "page_token": "p1"})
    server.data({"items": [_table(2)], "has_more": True, "page_token": "p2"})
    server.data({"items": [_table(3)], "has_more": False, "page_token": "p3"})

    tables = api.bitable.tables("NQRx")

    assert tables == [TableInfo(f"tbl{n}", f"T{n}", n) for n in (1, 2, 3)]
    assert [seen.query for seen in server.requests] == [
        {"page_size": ["100"]},
        {"page_size": ["100"], "page_token": ["p1"]},
        {"page_size": ["100"], "page_token": ["p2"]},
    ]


def test_what_comes_on_two_pages_is_listed_once(server: Any, api: LarkApi) -> None:
    """Else one table would get two names, the second one with its id."""
    server.data({"items": [_table(1), _table(2)], "has_more": True, "page_token": "p1"})
    server.data({"items": [_table(2), _table(3)], "has_more": False})

    assert [table.table_id for table in api.bitable.tables("NQRx")] == ["tbl1", "tbl2", "tbl3"]


@pytest.mark.parametrize(
    "data",
    [{"items": None, "has_more": False}, {"has_more": False, "page_token": ""}, {}, None],
)
def test_an_empty_list_comes_in_many_shapes(server: Any, api: LarkApi, data: Any) -> None:
    """Null, missing and empty items all mean none."""
    server.data(data)

    assert api.bitable.views("NQRx", "tbl1") == []


@pytest.mark.parametrize("tokens", [["p1", "p1"], ["p1", "p2", "p1"], [""], [None]])
def test_a_list_that_goes_in_circles_is_an_error(
    server: Any, api: LarkApi, tokens: list[str | None]
) -> None:
    """Neither an endless loop nor a list that is cut short in silence."""
    for token in tokens:
        server.data({"items": [], "has_more": True, "page_token": token})

    with pytest.raises(ServiceError) as caught:
        api.bitable.fields("NQRx", "tbl1")

    assert "page token" in caught.value.message
    assert len(server.requests) == len(tokens)


@pytest.mark.parametrize(
    "items",
    [[{"name": "no id"}], ["text"], [None], {"a": 1}, 5, [{"table_id": "t", "revision": "x"}]],
)
def test_items_that_cannot_be_read_are_an_error(server: Any, api: LarkApi, items: Any) -> None:
    """A strange answer is told as such, not as a crash and not as an empty list."""
    server.data({"items": items, "has_more": False})

    with pytest.raises(ServiceError) as caught:
        api.bitable.tables("NQRx")

    assert "tables" in caught.value.message


def test_a_base_is_described(server: Any, api: LarkApi) -> None:
    """Unknown members are ignored, missing ones get a neutral value."""
    server.data({"app": {"app_token": "NQRx", "name": "CRM", "is_advanced": True, "new": 1}})
    server.data({})

    assert api.bitable.base("NQRx") == BaseInfo("NQRx", "CRM", is_advanced=True)
    with pytest.raises(ServiceError):
        api.bitable.base("NQRx")


def test_fields_keep_names_as_lark_spells_them(server: Any, api: LarkApi) -> None:
    """Blanks and line breaks inside names are real, since calls address fields by name."""
    server.data({"items": [{"field_id": "fld1", "field_name": "A\n b ", "type": 1,
                            "ui_type": "Text", "property": None}]})  # fmt: skip

    field = api.bitable.fields("NQRx", "tbl1")[0]

    assert (field.field_id, field.name, dict(field.property)) == ("fld1", "A\n b ", {})


def test_search_pages_by_the_query(server: Any, api: LarkApi) -> None:
    """A page token in the body would be ignored and bring the first page for ever."""
    server.data({"items": []})

    body = api.bitable.search(
        "NQRx", "tbl1", {"sort": []}, page_size=500, page_token="cGFnZVRva2VuOjIw", parse=bytes
    )

    assert json.loads(body)["data"] == {"items": []}
    assert server.requests[0].query == {"page_size": ["500"], "page_token": ["cGFnZVRva2VuOjIw"]}
    assert server.requests[0].body == {"sort": []}


def test_search_repeats_once_what_the_caller_can_mend(server: Any, api: LarkApi) -> None:
    """A reader that wants a smaller page after two refusals gets its error then."""
    for _ in range(3):
        server.code(1254607)

    with pytest.raises(ServiceError) as caught:
        api.bitable.search("NQRx", "tbl1", {}, page_size=500, parse=bytes, repeat_once={1254607})

    assert caught.value.code == 1254607
    assert len(server.requests) == 2


def test_batch_get_sends_ids(server: Any, api: LarkApi) -> None:
    """At most 100 ids go into one call, in the body."""
    server.data({"records": []})
    api.bitable.batch_get("NQRx", "tbl1", ("rec1", "rec2"), parse=bytes)

    assert server.requests[0].body == {"record_ids": ["rec1", "rec2"]}
    for ids in ([], ["rec"] * 101):
        with pytest.raises(ValueError, match="1 to 100"):
            api.bitable.batch_get("NQRx", "tbl1", ids, parse=bytes)


def test_views_are_listed(server: Any, api: LarkApi) -> None:
    """A view list holds ids and names."""
    server.data({"items": [{"view_id": "vew1", "view_name": "Open", "view_type": "kanban"}]})

    assert api.bitable.views("NQRx", "tbl1") == [ViewInfo("vew1", "Open", "kanban")]


def _view(filter_info: Any, **more: Any) -> dict[str, Any]:
    return {
        "view_id": "vew1", "view_name": "Open", "view_type": "grid",
        "property": {"filter_info": filter_info, "hidden_fields": None, **more},
    }  # fmt: skip


def _condition(value: Any, operator: str = "is", **more: Any) -> dict[str, Any]:
    return {"field_id": "fld1", "field_type": 3, "operator": operator, "value": value, **more}


def _filter(*conditions: Any, **more: Any) -> dict[str, Any]:
    return {"conjunction": "and", "conditions": list(conditions), "condition_omitted": None, **more}


def test_a_view_is_read_with_its_own_filter(server: Any, api: LarkApi) -> None:
    """Values of a view's conditions come as JSON text and are decoded."""
    found = _filter(_condition('["Open","Late"]', "contains"), _condition(None, "isEmpty"))
    found["conjunction"] = "or"
    server.data({"view": _view(found, hidden_fields=["fld7", "fld8"])})

    view = api.bitable.view("NQRx", "tbl1", "vew1")

    assert server.requests[0].path.endswith("/tables/tbl1/views/vew1")
    assert (view.view_id, view.name, view.view_type) == ("vew1", "Open", "grid")
    assert view.conjunction == "or"
    assert view.conditions == (
        ViewCondition("fld1", 3, "contains", ("Open", "Late")),
        ViewCondition("fld1", 3, "isEmpty", ()),
    )
    assert view.hidden_fields == {"fld7", "fld8"}
    assert view.complete


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ('["a"]', ("a",)),
        ('["ExactDate","1690992000000"]', ("ExactDate", "1690992000000")),
        ('"bare"', ("bare",)),
        ("[12, 1.5]", ("12", "1.5")),
        ("[true]", ("true",)),
        ("false", ("false",)),
        (["already a list"], ("already a list",)),
    ],
)
def test_values_of_a_view_are_decoded(value: Any, decoded: tuple[str, ...]) -> None:
    """Whatever scalar the JSON text holds becomes the text that a filter would take."""
    view = read_view(_view(_filter(_condition(value))))

    assert view.conditions == (ViewCondition("fld1", 3, "is", decoded),)
    assert view.complete


@pytest.mark.parametrize("found", [None, {}, _filter()])
def test_a_view_without_filter_is_complete(found: Any) -> None:
    """No condition describes all rows."""
    view = read_view(_view(found))

    assert (view.conditions, view.hidden_fields, view.complete) == ((), frozenset(), True)


@pytest.mark.parametrize(
    "found",
    [
        _filter(_condition('["a"]'), condition_omitted=True),
        _filter(_condition("not json")),
        _filter(_condition('[{"nested": 1}]')),
        _filter(_condition("[[1]]")),
        _filter(_condition("[]")),
        _filter(_condition(None)),
        _filter({"operator": "is", "value": '["a"]'}),
        _filter({"field_id": "fld1", "value": '["a"]'}),
        _filter("text"),
        _filter(children=[{"conjunction": "or"}]),
        {"conjunction": "xor", "conditions": []},
        {"conjunction": "and", "conditions": "text"},
        "text",
    ],
)
def test_a_filter_that_is_not_fully_understood_makes_the_view_incomplete(found: Any) -> None:
    """The reader must know that these conditions do not describe the view's rows."""
    assert not read_view(_view(found)).complete


@pytest.mark.parametrize("shown", [None, "text", []])
def test_a_view_whose_settings_are_not_shown_is_incomplete(shown: Any) -> None:
    """A filter that nobody shows may still be there."""
    view = read_view({"view_id": "vew1", "property": shown})

    assert (view.view_id, view.complete) == ("vew1", False)


def test_a_cut_page_is_never_taken_for_a_short_one(server: Any, api: LarkApi) -> None:
    """Six repeats later it is an error, not fewer rows."""
    for _ in range(7):
        server.json({"code": 0, "data": {"items": [_table(1)], "has_more": False}}, cut=40)

    with pytest.raises(NetworkError):
        api.bitable.tables("NQRx")

    assert len(server.requests) == 7
