"""Whatever Lark answers, a call ends with a value or with an error of larkbase."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.errors import LarkBaseError, LarkBaseWarning
from larkbase_sdk.read.decode import PageDecoder
from larkbase_sdk.schema.table_schema import build_schema

FIELD = {
    "field_id": "fldA",
    "field_name": "Amount",
    "type": 2,
    "ui_type": "Number",
    "is_primary": True,
    "is_hidden": False,
    "property": {"formatter": "0.00"},
    "description": {"text": "what it costs"},
}
VIEW = {"view_id": "vewA", "view_name": "Open", "view_type": "grid"}
FILTER = {
    "conjunction": "and",
    "conditions": [
        {"field_id": "fldA", "operator": "is", "value": '["1"]', "condition_id": "con1"}
    ],
}
GOOD: dict[str, Any] = {
    "base": {
        "app": {"app_token": "A", "name": "CRM", "revision": 4, "is_advanced": False,
                "time_zone": "Asia/Jakarta"}
    },
    "tables": {
        "items": [{"table_id": "tblA", "name": "Orders", "revision": 7}],
        "has_more": False, "page_token": "", "total": 1,
    },
    "fields": {"items": [FIELD], "has_more": False, "page_token": "", "total": 1},
    "views": {"items": [VIEW], "has_more": False, "page_token": "", "total": 1},
    "view": {"view": {**VIEW, "property": {"filter_info": FILTER, "hidden_fields": ["fldA"]}}},
    "files": {
        "files": [{"token": "A", "name": "CRM", "type": "bitable", "parent_token": "f",
                   "url": "https://acme.larksuite.com/base/A", "created_time": "1",
                   "modified_time": "2", "owner_id": "ou"}],
        "has_more": False, "next_page_token": "",
    },
    "metas": {
        "metas": [{"doc_token": "A", "doc_type": "bitable", "title": "CRM", "owner_id": "ou",
                   "create_time": "1", "latest_modify_user": "ou", "latest_modify_time": "2",
                   "url": "https://acme.larksuite.com/base/A"}],
        "failed_list": [],
    },
    "node": {
        "node": {"space_id": "1", "node_token": "w", "obj_token": "A", "obj_type": "bitable",
                 "title": "CRM", "node_type": "origin"}
    },
    "search": {
        "items": [{"record_id": "recA", "fields": {"Amount": 1.5}}],
        "has_more": False, "page_token": "", "total": 1,
    },
    "batch_get": {
        "records": [{"record_id": "recA", "fields": {"Amount": 1.5}}],
        "absent_record_ids": [], "forbidden_record_ids": [],
    },
}  # fmt: skip


def decoder() -> PageDecoder:
    from larkbase_sdk.api.models import Field

    schema = build_schema("A", "tblA", [Field.parse(FIELD)])
    return PageDecoder(schema.columns, warn=lambda *_: None)


CALLS = {
    "base": lambda api: api.bitable.base("A"),
    "tables": lambda api: api.bitable.tables("A"),
    "fields": lambda api: api.bitable.fields("A", "tblA"),
    "views": lambda api: api.bitable.views("A", "tblA"),
    "view": lambda api: api.bitable.view("A", "tblA", "vewA"),
    "files": lambda api: api.drive.files("fldA"),
    "metas": lambda api: api.drive.metas([("A", "bitable")]),
    "node": lambda api: api.wiki.node("w"),
    "search": lambda api: api.bitable.search(
        "A", "tblA", {}, page_size=500, parse=decoder().decode
    ),
    "batch_get": lambda api: api.bitable.batch_get(
        "A", "tblA", ["recA"], parse=decoder().decode_records
    ),
}


def outcome(api: Any, name: str, secret: str) -> Any:
    """Return what the call gives; fails for an error that is none of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LarkBaseWarning)
        try:
            return CALLS[name](api)
        except LarkBaseError as error:
            found = error
    assert secret not in f"{found}{found!r}{found.context}"
    return found


@pytest.mark.parametrize("name", GOOD)
def test_the_good_answer_is_understood(api, one_answer, secret, name):
    """Without it the next test would prove little."""
    one_answer.data(GOOD[name])

    assert not isinstance(outcome(api, name, secret), LarkBaseError)


@pytest.mark.parametrize("name", GOOD)
@given(data=st.data())
def test_an_answer_that_is_wrong_in_places_ends_well(api, one_answer, changed, secret, name, data):
    """Members of other kinds, too large, or missing."""
    one_answer.data(data.draw(changed(GOOD[name])))

    outcome(api, name, secret)


@pytest.mark.parametrize("name", GOOD)
@given(data=st.data())
def test_an_answer_of_any_bytes_ends_well(api, one_answer, any_json, secret, name, data):
    """No JSON, other JSON, cut-off JSON, any status."""
    good = json.dumps({"code": 0, "data": GOOD[name]}).encode()
    one_answer.status = data.draw(st.sampled_from([200, 200, 400, 403, 404, 418, 500]))
    one_answer.body = data.draw(
        st.binary(max_size=60)
        | any_json.map(lambda value: json.dumps(value).encode())
        | st.integers(0, len(good) - 1).map(lambda cut: good[:cut])
        | st.builds(
            lambda code, msg: json.dumps({"code": code, "msg": msg}).encode(), any_json, any_json
        )
    )

    outcome(api, name, secret)


@given(data=st.data())
def test_an_error_never_repeats_the_secret(api, one_answer, secret, data):
    """Even when Lark's own text holds it."""
    text = data.draw(st.text(max_size=10)) + secret + data.draw(st.text(max_size=10))
    code = data.draw(st.sampled_from([9499, 91402, 1254018, 99991663, 5]))
    one_answer.body = json.dumps({"code": code, "msg": text, "error": {"message": text}}).encode()

    assert isinstance(outcome(api, "base", secret), LarkBaseError)
