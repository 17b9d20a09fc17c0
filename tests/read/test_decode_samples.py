"""Documented and captured answers of Lark decode to what they show."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from larkbase_sdk.api.models import Field
from larkbase_sdk.read.decode import Page, PageDecoder
from larkbase_sdk.schema.field_types import FIELD_TYPES
from larkbase_sdk.schema.table_schema import Column, build_schema

ALL_TYPES = {
    "人员": "User", "修改人": "ModifiedUser", "创建人": "CreatedUser", "创建时间": "CreatedTime",
    "单向关联": "SingleLink", "单选": "SingleSelect", "双向关联": "DuplexLink",
    "地理位置": "Location", "复选框": "Checkbox", "多行文本": "Text", "多选": "MultiSelect",
    "数字": "Number", "日期": "DateTime", "最后更新时间": "ModifiedTime", "条码": "Barcode",
    "电话号码": "Phone", "自动编号": "AutoNumber", "群组": "GroupChat", "评分": "Rating",
    "货币": "Currency", "超链接": "Url", "进度": "Progress", "附件": "Attachment",
}  # fmt: skip
ALL_TYPES_ROW = {
    "record_id": "recyOaMB2F",
    "创建时间": dt.datetime(2023, 8, 3, 8, 6, 13, tzinfo=dt.UTC),
    "单向关联": {"link_record_ids": ["recnVYsuqV"]},
    "单选": "选项1",
    "双向关联": {"link_record_ids": ["recqLvMaXT", "recrdld32q"]},
    "复选框": True,
    "多选": ["选项1", "选项2"],
    "数字": 2323.2323,
    "日期": dt.datetime(2023, 8, 2, 16, tzinfo=dt.UTC),
    "最后更新时间": dt.datetime(2023, 12, 13, 8, 13, 11, tzinfo=dt.UTC),
    "条码": "123",
    "电话号码": "131xxxx6666",
    "自动编号": "17",
    "评分": 3,
    "货币": 1.0,
    "进度": 0.66,
    "超链接": {"link": "https://example.feishu.cn", "text": "飞书多维表格官网", "type": None},
}


def columns(**types: str) -> tuple[Column, ...]:
    """Columns by field name; ``Formula<X>`` and ``Lookup<X>`` wrap the type X."""
    fields, targets = [], []
    for number, (name, text) in enumerate(types.items()):
        wrapper, _, result = text.rstrip(">").rpartition("<")
        prop: dict[str, Any] = {}
        if wrapper == "Formula":
            prop = {"type": {"ui_type": result}}
        elif wrapper == "Lookup":
            targets.append(Field(f"fldT{number}", name, 0, result))
            prop = {"filter_info": {"target_table": "tblT"}, "target_field": f"fldT{number}"}
        ui_type = wrapper or result
        fields.append(
            Field(f"fld{number}", name, FIELD_TYPES[ui_type].type, ui_type, property=prop)
        )
    return build_schema("base", "tbl", fields, fields_of=lambda _: targets).columns


def decoded(reference: Path, file: str, **types: str) -> Page:
    """A sample as a page of exactly these fields; a warning fails the test."""
    body = (reference / "lark-samples" / file).read_bytes()
    return PageDecoder(columns(**types)).decode(body)


def rows(page: Page) -> list[dict[str, Any]]:
    return page.batch.to_pylist()


def test_every_documented_type(reference: Path):
    """The documented page with one cell of each type."""
    page = decoded(reference, "records-search-all-types.json", **ALL_TYPES)
    (row,) = rows(page)
    assert {name: row[name] for name in ALL_TYPES_ROW} == ALL_TYPES_ROW
    assert row["多行文本"] == "多行文本内容1@张三"
    assert [person["name"] for person in row["人员"]] == ["张三", "李四"]
    assert row["修改人"] == row["创建人"]
    assert row["创建人"][0]["email"] == ""
    assert row["群组"][0]["id"] == "oc_cd07f55f14d6f4a4f1b51504e7e97f48"
    assert row["地理位置"]["full_address"] == "天安门广场，北京市东城区东长安街"
    assert (row["附件"][0]["name"], row["附件"][0]["size"]) == ("飞书.jpeg", 32975)
    assert (page.has_more, page.page_token, page.total) == (False, None, 1)


def test_records_by_id_have_the_same_cells(reference: Path):
    """A batch get shows cells like a search, and tells which ids failed."""
    body = (reference / "lark-samples" / "records-batch-get.json").read_bytes()
    result = PageDecoder(columns(**ALL_TYPES)).decode_records(body)
    (row,) = result.batch.to_pylist()
    assert {name: row[name] for name in ALL_TYPES_ROW} == ALL_TYPES_ROW
    assert (result.absent, result.forbidden) == (("rec111111",), ("recyOaMB2F",))


def test_a_captured_page(reference: Path):
    """An empty row, a text that is a link in one row and plain in the next, a file."""
    page = decoded(
        reference,
        "records-search-captured-page.json",
        **{
            "files": "Attachment",
            "likes (text column)": "Text",
            "link (text column)": "Text",
            "published": "DateTime",
        },
    )
    empty, first, second = rows(page)
    assert empty == {
        "record_id": "recuVbBpLcOpB6",
        "files": None,
        "likes__text_column_": None,
        "link__text_column_": None,
        "published": None,
    }
    assert first["link__text_column_"] == "https://www.example.com/explore/68b45f64"
    assert second["link__text_column_"] == "https://www.example.com/explore/68b455be"
    assert first["files"][0]["name"] == "picture.webp"
    assert second["files"] is None
    assert second["published"] == dt.datetime(2025, 8, 31, 14, 1, 34, tzinfo=dt.UTC)
    assert (page.has_more, page.page_token, page.total) == (True, "cGFnZVRva2VuOjIw", 21)


def test_empty_cells(reference: Path):
    """A null link is NULL, an untouched checkbox is false, split lines are joined."""
    page = decoded(
        reference,
        "records-search-empty-cells.json",
        Name="Text",
        Parent="SingleLink",
        Done="Checkbox",
    )
    assert rows(page) == [
        {"record_id": "recEmpty001", "name": "only a name", "parent": None, "done": False},
        {"record_id": "recEmpty002", "name": None, "parent": None, "done": False},
        {"record_id": "recEmpty003", "name": "line one\nline two", "parent": None, "done": False},
    ]


def test_an_empty_page(reference: Path):
    """No rows, all columns."""
    page = decoded(reference, "records-search-empty-page.json", N="Number")
    assert page.batch.schema.names == ["record_id", "n"]
    assert (page.batch.num_rows, page.has_more, page.page_token, page.total) == (0, False, None, 0)


def test_two_pages(reference: Path):
    """The first leads to the second, which is the last."""
    first = decoded(reference, "records-search-page-1.json", N="Number")
    last = decoded(reference, "records-search-page-2.json", N="Number")
    assert (first.has_more, first.page_token) == (True, "cGFnZVRva2VuOjI=")
    assert (last.has_more, last.page_token) == (False, None)
    assert [row["n"] for row in rows(first) + rows(last)] == [1.0, 2.0, 3.0]


def test_formulas_and_lookups(reference: Path):
    """One result for a formula, a list for a lookup; an error text is a text."""
    page = decoded(
        reference,
        "records-search-formula-lookup.json",
        **{
            "formula text": "Formula<Text>",
            "formula number": "Formula<Number>",
            "formula date": "Formula<DateTime>",
            "formula over select": "Formula<SingleSelect>",
            "lookup text": "Lookup<Text>",
            "lookup person": "Lookup<User>",
            "lookup number many": "Lookup<Number>",
        },
    )
    first, second = rows(page)
    person = {
        "avatar_url": None,
        "email": "user@example.com",
        "en_name": None,
        "name": "Test One",
        "id": "ou_92945f86a98bba075174776959c90eda",
    }
    assert first == {
        "record_id": "recuYGr0ZICv2B",
        "formula_text": "ok",
        "formula_number": 20.0,
        "formula_date": dt.datetime(2025, 10, 6, 0, 52, 18, tzinfo=dt.UTC),
        "formula_over_select": "Sample text value",
        "lookup_text": ["test"],
        "lookup_person": [[person]],
        "lookup_number_many": [1.0, 2.5, 3.0],
    }
    empty = dict.fromkeys(first) | {"record_id": "recuYGr0ZICv2C", "formula_text": "存在错误"}
    assert second == empty


def test_formulas_and_lookups_of_unknown_result(reference: Path):
    """Without declared results they are texts."""
    page = decoded(
        reference,
        "records-search-formula-lookup.json",
        **{
            "formula text": "Formula",
            "formula number": "Formula",
            "lookup text": "Lookup",
            "lookup number many": "Lookup",
        },
    )
    assert rows(page)[0] == {
        "record_id": "recuYGr0ZICv2B",
        "formula_text": "ok",
        "formula_number": "20",
        "lookup_text": ["test"],
        "lookup_number_many": ["1", "2.5", "3"],
    }


def test_a_captured_date_formula(reference: Path):
    """A date formula gives milliseconds, whatever the field displays."""
    page = decoded(
        reference,
        "records-search-formula-date-captured.json",
        **{
            "industry": "SingleSelect",
            "relevant": "Text",
            "summary": "Text",
            "day only": "Formula<DateTime>",
        },
    )
    assert rows(page) == [
        {
            "record_id": "recuTLt37HJgCX",
            "industry": "general",
            "relevant": "yes",
            "summary": "first paragraph\n\nsecond paragraph",
            "day_only": dt.datetime(2025, 8, 12, 16, tzinfo=dt.UTC),
        }
    ]


@pytest.mark.parametrize("name", ["货币", "进度", "数字"])
def test_decimals_of_the_documented_page(reference: Path, name: str):
    """Under ``number_type="decimal"`` numbers keep exactly the digits that Lark sent."""
    field = Field("fld1", name, 2, ALL_TYPES[name])
    schema = build_schema("base", "tbl", [field], number_type="decimal")
    body = (reference / "lark-samples" / "records-search-all-types.json").read_bytes()
    (row,) = PageDecoder(schema.columns).decode(body).batch.to_pylist()
    expected = {"货币": "1", "进度": "0.66", "数字": "2323.2323"}[name]
    assert row[name] == Decimal(expected)
