"""Searching: pages, tokens, totals, projection, views and system members."""

from __future__ import annotations

import base64

import pytest


@pytest.fixture
def letters(emulator):
    """Seven rows a…g with a number each."""
    return emulator.database("CRM").table("Letters", {"Name": list("abcdefg"), "N": range(7)})


def names(data):
    return [item["fields"]["Name"][0]["text"] for item in data["items"]]


def test_pages_follow_one_another(api, letters):
    """Pages give every row once; the last one has no token."""
    pages = list(api.pages(letters, page_size=3))

    assert [names(page) for page in pages] == [list("abc"), list("def"), ["g"]]
    assert [page["has_more"] for page in pages] == [True, True, False]
    assert [page["total"] for page in pages] == [7, 7, 7]
    assert "page_token" not in pages[2]


def test_a_token_is_the_offset_in_base64(api, letters):
    """The token decodes to the offset of the next row."""
    token = api.search(letters, page_size=2)["page_token"]

    assert base64.b64decode(token) == b"pageToken:2"


def test_twenty_rows_come_without_a_page_size(emulator, api):
    """The default page holds 20 rows."""
    table = emulator.database("CRM").table("Many", {"Name": ["x"] * 30})

    assert len(api.search(table)["items"]) == 20


def test_a_token_in_the_body_is_ignored(api, letters):
    """Only the query parameter counts: a token in the body gives the first page again."""
    token = api.search(letters, page_size=2)["page_token"]

    assert names(api.search(letters, {"page_token": token}, page_size=2)) == ["a", "b"]


def test_a_page_size_in_the_body_counts_only_by_switch(emulator, api, letters):
    """Some saw the body's page size honoured; it is off by default."""
    assert len(api.search(letters, {"page_size": 2})["items"]) == 7

    emulator.switches.page_size_in_body = True
    assert len(api.search(letters, {"page_size": 2})["items"]) == 2


@pytest.mark.parametrize(("size", "expected"), [("0", (400, 1254011)), ("501", (400, 99992402))])
def test_page_sizes_have_limits(api, letters, size, expected):
    """Search refuses page sizes below 1 and above 500."""
    assert api.refused(letters, {}, page_size=size)[:2] == expected


def test_a_page_size_above_the_maximum_can_be_cut_instead(emulator, api, letters):
    """A switch serves 500 rows where more are asked for."""
    emulator.switches.page_size_above_max = "clamp"

    assert len(api.search(letters, page_size=9999)["items"]) == 7


@pytest.mark.parametrize("token", ["nonsense!", "eHh4", "cGFnZVRva2VuOi0x"])
def test_a_bad_token_fails(api, letters, token):
    """A text that is no token gives the generic failure."""
    assert api.refused(letters, {}, page_token=token)[:2] == (200, 1254002)


def test_opaque_tokens_say_nothing_and_belong_to_their_page_size(emulator, api, letters):
    """With opaque tokens the page size must stay the same."""
    emulator.switches.opaque_tokens = True
    pages = list(api.pages(letters, page_size=3))
    token = pages[0]["page_token"]

    assert [names(page) for page in pages] == [list("abc"), list("def"), ["g"]]
    assert len(base64.b64decode(token)) == 32
    assert api.refused(letters, {}, page_size=4, page_token=token)[1] == 1254002


@pytest.mark.parametrize(
    ("kind", "expected"), [("work", list("ef")), ("ignore", list("ab")), ("refuse", 1254002)]
)
def test_a_token_that_was_never_handed_out(emulator, api, letters, kind, expected):
    """Whether Lark takes an offset that it did not name itself is not known."""
    emulator.switches.unissued_tokens = kind
    query = {"page_size": 2, "page_token": base64.b64encode(b"pageToken:4").decode()}
    path = api.path(letters, "/records/search")
    answer = api.call("POST", path, json={}, params=query).json()
    handed_out = [names(page) for page in api.pages(letters, page_size=3)]

    assert (names(answer["data"]) if answer["code"] == 0 else answer["code"]) == expected
    assert handed_out == [list("abc"), list("def"), ["g"]]


def test_the_total_may_differ_from_page_to_page(emulator, api, letters):
    """Nothing changes, and yet it is counted in another way."""
    emulator.switches.total = "drifting"

    assert [page["total"] for page in api.pages(letters, page_size=2)] == [7, 8, 9, 7]


@pytest.mark.parametrize(
    ("kind", "expected"), [("absent", "missing"), ("empty", ""), ("present", "cGFnZVRva2VuOjEw")]
)
def test_the_last_page_may_carry_a_token(emulator, api, letters, kind, expected):
    """has_more decides, not the presence of a token."""
    emulator.switches.last_page_token = kind

    assert api.search(letters, page_size=10).get("page_token", "missing") == expected


@pytest.mark.parametrize(("kind", "expected"), [("list", []), ("null", None), ("absent", "-")])
def test_an_empty_page_has_three_shapes(emulator, api, letters, kind, expected):
    """Items of an empty page are a list, null, or missing."""
    emulator.switches.empty_items = kind
    wanted = {"conjunction": "and", "conditions": [
        {"field_name": "N", "operator": "is", "value": ["99"]}]}  # fmt: skip

    assert api.search(letters, {"filter": wanted}).get("items", "-") == expected


@pytest.mark.parametrize(
    ("kind", "expected"), [("exact", 2), ("unfiltered", 7), ("off_by_one", 3), ("absent", "-")]
)
def test_the_total_may_be_wrong(emulator, api, letters, kind, expected):
    """Nobody has proved that total is exact under a filter."""
    emulator.switches.total = kind
    wanted = {"conjunction": "and", "conditions": [
        {"field_name": "N", "operator": "isLess", "value": ["2"]}]}  # fmt: skip

    assert api.search(letters, {"filter": wanted}).get("total", "-") == expected


def test_a_stuck_token_leads_nowhere(emulator, api, letters):
    """A client must notice a page that names itself as the next one."""
    emulator.switches.stuck_page_token = True
    first = api.search(letters, page_size=2)
    second = api.search(letters, page_size=2, page_token=first["page_token"])

    assert first["page_token"] == second["page_token"]


def test_a_projection_gives_only_its_columns(api, letters):
    """field_names chooses columns; an empty list chooses all."""
    assert api.search(letters, {"field_names": ["N"]})["items"][1]["fields"] == {"N": 1}
    assert set(api.search(letters, {"field_names": []})["items"][1]["fields"]) == {"N", "Name"}


def test_a_projection_of_unknown_columns_is_refused(api, letters):
    """An unknown name in field_names gives 1254024; more than 200 names give 99992402."""
    assert api.refused(letters, {"field_names": ["Nope"]})[:2] == (200, 1254024)
    assert api.refused(letters, {"field_names": ["N"] * 201})[:2] == (400, 99992402)


def test_a_filter_column_may_have_to_be_in_the_projection(emulator, api, letters):
    """By switch, filter and sort see only the columns of field_names."""
    body = {"field_names": ["Name"], "sort": [{"field_name": "N", "desc": True}]}
    assert names(api.search(letters, body))[0] == "g"

    emulator.switches.field_names_hide_filter_columns = True
    assert api.refused(letters, body)[1] == 1254045


def test_keys_come_in_alphabetical_order(emulator, api):
    """Members are sorted at every level, so their order is not the column order."""
    emulator.switches.record_url = True
    table = emulator.database("CRM").table("T", {"b": ["x"], "a": [1], "客": [True], "Z": [2]})
    answer = api.call("POST", api.path(table, "/records/search"), json={"automatic_fields": True})

    def check(value):
        if isinstance(value, dict):
            assert list(value) == sorted(value)
            for each in value.values():
                check(each)
        elif isinstance(value, list):
            for each in value:
                check(each)

    check(answer.json())
    assert set(answer.json()["data"]["items"][0]) == {
        "created_by", "created_time", "fields", "last_modified_by", "last_modified_time",
        "record_id", "record_url",
    }  # fmt: skip


def test_a_view_gives_its_rows_order_and_columns(emulator, api, letters):
    """view_id applies filter, sort and hidden columns of the view."""
    view = letters.view(
        "Top", conditions=[("N", "isGreater", ["3"])], sort=[("N", True)], hidden=["N"]
    )
    data = api.search(letters, {"view_id": view.view_id})

    assert names(data) == ["g", "f", "e"]
    assert set(data["items"][0]["fields"]) == {"Name"}
    assert data["total"] == 3


@pytest.mark.parametrize(
    ("hiding", "named", "expected"),
    [("unless_named", True, {"N"}), ("always", True, set()), ("never", False, {"N", "Name"})],
)
def test_hidden_columns_of_a_view_are_a_switch(emulator, api, letters, hiding, named, expected):
    """Whether a view hides columns from search is only reported."""
    emulator.switches.view_hides_columns = hiding
    view = letters.view("Short", hidden=["N"])
    body = {"view_id": view.view_id, **({"field_names": ["N"]} if named else {})}

    assert set(api.search(letters, body)["items"][0]["fields"]) == expected


@pytest.mark.parametrize(
    "more",
    [
        {"sort": [{"field_name": "Name"}]},
        {"filter": {"conjunction": "and", "conditions": [
            {"field_name": "N", "operator": "isNotEmpty", "value": []}]}},
    ],
)  # fmt: skip
def test_a_view_is_ignored_with_a_filter_or_sort(api, letters, more):
    """Lark drops the view as soon as the body has its own filter or sort."""
    view = letters.view("None", conditions=[("N", "is", ["99"])])

    assert len(api.search(letters, {"view_id": view.view_id, **more})["items"]) == 7


@pytest.mark.parametrize(
    ("kind", "first"), [("creation", list("abcdefg")), ("newest", list("gfedcba"))]
)
def test_the_order_without_a_sort_is_a_switch(emulator, api, letters, kind, first):
    """The default order is not documented."""
    emulator.switches.default_order = kind

    assert api.keys(letters) == first


def test_a_shuffled_order_still_pages_through_every_row(emulator, api, letters):
    """A shuffled table keeps its order from page to page."""
    emulator.switches.default_order = "shuffled"
    found = [name for page in api.pages(letters, page_size=2) for name in names(page)]

    assert found != list("abcdefg")
    assert sorted(found) == list("abcdefg")


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ("insert", list("abbccd")),
        ("append", list("abcdef")),
        ("delete", list("abdeg")),
        ("move", list("abdega")),
        ("replace", list("abdegg")),
    ],
)
def test_edits_between_pages_repeat_or_skip_rows(emulator, api, letters, edit, expected):
    """Paging is by offset: an insertion repeats a row, a deletion or a move skips one.

    A row added at the end hides in the total that another one was deleted.
    """
    emulator.switches.edit_between_pages = edit
    pages = api.pages(letters, page_size=2)
    found = [name for _ in range(3) for name in names(next(pages))]

    assert found == expected


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"filter": [1]}, 9499),
        ({"sort": {"field_name": "N"}}, 9499),
        ({"sort": [{"field_name": "Nope"}]}, 1254045),
        ({"sort": [{}]}, 1254016),
        ({"sort": [{"field_name": "N"}] * 101}, 99992402),
        ({"view_id": "v" * 51}, 99992402),
        ({"automatic_fields": "yes"}, 9499),
    ],
)
def test_malformed_bodies_are_refused(api, letters, body, code):
    """Wrong JSON types, unknown columns and over-long lists have their own codes."""
    assert api.refused(letters, body)[1] == code


def test_a_body_that_is_no_json_is_refused(api, letters):
    """1254000 for broken JSON, 1254001 for JSON of the wrong kind."""
    path = api.path(letters, "/records/search")

    assert api.refusal("POST", path, data=b"{")[:2] == (200, 1254000)
    assert api.refusal("POST", path, data=b"[]")[:2] == (200, 1254001)


def test_batch_get_sorts_ids_into_found_and_absent(api, letters):
    """Repeated ids are answered once, unknown ones are named."""
    first = letters.records[0]["record_id"]
    path = api.path(letters, "/records/batch_get")
    data = api.data("POST", path, json={"record_ids": [first, first, "recNo"]})

    assert [record["record_id"] for record in data["records"]] == [first]
    assert (data["absent_record_ids"], data["forbidden_record_ids"]) == (["recNo"], [])


def test_batch_get_takes_at_most_a_hundred_ids(api, letters):
    """101 ids are refused, and so are none."""
    path = api.path(letters, "/records/batch_get")

    assert api.refusal("POST", path, json={"record_ids": ["r"] * 101})[:2] == (400, 99992402)
    assert api.refusal("POST", path, json={"record_ids": []})[:2] == (400, 99992402)
