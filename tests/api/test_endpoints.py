"""The protocol fits on one screen, and ids cannot change which call is made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.api import endpoints
from larkbase_sdk.api.endpoints import GET_BASE, LIST_FIELDS, Endpoint
from larkbase_sdk.errors import NotFound

ALL = [value for value in vars(endpoints).values() if isinstance(value, Endpoint)]


def test_page_sizes_are_the_documented_maxima() -> None:
    """The largest page means the fewest calls."""
    sizes = {e.name: e.page_size for e in ALL if e.page_size and e.repeatable}

    assert sizes == {
        "tables": 100, "fields": 100, "views": 100, "search": 500, "batch_get": 100,
        "files": 200, "metas": 200,
    }  # fmt: skip


def test_names_are_unique_because_quotas_are_kept_by_name() -> None:
    """Two endpoints of one name would share a quota that Lark counts apart."""
    assert len({e.name for e in ALL}) == len(ALL)


def test_only_writes_are_unsafe_to_repeat() -> None:
    """A write whose answer is lost may have happened."""
    unsafe = {e.name for e in ALL if not e.repeatable}

    assert unsafe == {"create_base", "create_table", "create_field", "batch_create"}


def test_ids_are_filled_into_the_path() -> None:
    """A path template plus ids is the address."""
    address = LIST_FIELDS.address({"app": "NQR", "table": "tblA"})

    assert address == "/open-apis/bitable/v1/apps/NQR/tables/tblA/fields"


@pytest.mark.parametrize("value", ["", "  ", ".", ".."])
def test_an_id_that_would_leave_its_place_is_refused(value: str) -> None:
    """An empty or dotted id would address another endpoint, and nothing has such an id."""
    with pytest.raises(NotFound):
        GET_BASE.address({"app": value})


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_an_id_stays_one_segment_of_the_path(value: str) -> None:
    """No id can add segments, a query or a fragment."""
    try:
        address = GET_BASE.address({"app": value})
    except NotFound:
        return
    assert address.startswith("/open-apis/bitable/v1/apps/")
    assert address.count("/") == 5
    assert not set("?#\\ ") & set(address)
