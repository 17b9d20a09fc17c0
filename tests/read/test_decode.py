"""Promises about one page: rows, paging members, odd JSON, warnings, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from larkbase_sdk.api.answers import MalformedBody
from larkbase_sdk.api.models import Field
from larkbase_sdk.errors import CellNotConverted, ServiceError
from larkbase_sdk.read import bodies
from larkbase_sdk.read.decode import Page, PageDecoder, Records
from larkbase_sdk.schema.arrow_types import arrow_type
from larkbase_sdk.schema.table_schema import Column, build_schema

TEXT, NUMBER, DONE, DUE, TAGS, PARENT, RATE = build_schema(
    "base",
    "tbl",
    [
        Field("fld1", "Text 文", 1, "Text"),
        Field("fld2", "Number", 2, "Number"),
        Field("fld3", "Done", 7, "Checkbox"),
        Field("fld4", "Due", 5, "DateTime"),
        Field("fld5", "Tags", 4, "MultiSelect"),
        Field("fld6", "Parent", 18, "SingleLink"),
        Field("fld7", "Rate", 20, "Formula", property={"type": {"ui_type": "Number"}}),
    ],
).columns
COLUMNS = (TEXT, NUMBER, DONE, DUE, TAGS, PARENT, RATE)
MONEY = replace(NUMBER, arrow_type=arrow_type("decimal", "decimal"))
FULL = {
    "Text 文": [{"text": "one ", "type": "text"}, {"text": "two", "type": "mention"}],
    "Number": 1.5,
    "Done": True,
    "Due": 1690992000000,
    "Tags": ["a", "b"],
    "Parent": {"link_record_ids": ["rec9"]},
    "Rate": {"type": 2, "value": [20]},
}
FULL_ROW = {
    "record_id": "rec1",
    "text_文": "one two",
    "number": 1.5,
    "done": True,
    "due": dt.datetime(2023, 8, 2, 16, tzinfo=dt.UTC),
    "tags": ["a", "b"],
    "parent": {"link_record_ids": ["rec9"]},
    "rate": 20.0,
}
EMPTY_ROW = dict.fromkeys(FULL_ROW) | {"done": False}


def answer(items: Any, **data: Any) -> dict[str, Any]:
    return {"code": 0, "msg": "success", "data": {"items": items, "has_more": False, **data}}


def page(*cells: dict[str, Any], **data: Any) -> bytes:
    """A page with a record for each of ``cells``: rec1, rec2, and so on."""
    items = [{"fields": row, "record_id": f"rec{number}"} for number, row in enumerate(cells, 1)]
    return json.dumps(answer(items, **data)).encode()


def raw_page(cell: str, name: str = "Number") -> bytes:
    """A page whose second record holds one cell, spelled as given."""
    return (
        '{"code":0,"data":{"items":[{"fields":{},"record_id":"rec1"},'
        f'{{"fields":{{"{name}":{cell}}},"record_id":"rec2"}}],"has_more":false,"total":2}}}}'
    ).encode()


def read(
    body: bytes, columns: Sequence[Column] = COLUMNS
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The rows of a page and the warnings by column."""
    notes: dict[str, str] = {}
    decoder = PageDecoder(columns, warn=notes.__setitem__)
    batch = decoder.decode(body).batch
    assert batch.schema == decoder.schema
    batch.validate(full=True)
    return batch.to_pylist(), notes


def cell(body: bytes, column: Column) -> Any:
    """The cell of the second record, when nothing was noted."""
    rows, notes = read(body, [column])
    assert notes == {}
    assert [row["record_id"] for row in rows] == ["rec1", "rec2"]
    return rows[1][column.name]


def test_a_page_becomes_a_batch_of_the_declared_types():
    """The record id comes first, then the columns in their order, typed."""
    decoder = PageDecoder(COLUMNS)
    assert decoder.schema == pa.schema(
        [
            pa.field("record_id", pa.string(), nullable=False),
            ("text_文", pa.string()),
            ("number", pa.float64()),
            ("done", pa.bool_()),
            ("due", pa.timestamp("ms", "UTC")),
            ("tags", pa.list_(pa.string())),
            ("parent", pa.struct([("link_record_ids", pa.list_(pa.string()))])),
            ("rate", pa.float64()),
        ]
    )
    assert read(page(FULL, {}))[0] == [FULL_ROW, EMPTY_ROW | {"record_id": "rec2"}]


def test_only_the_wanted_columns_are_decoded_in_the_wanted_order():
    """Cells of other fields do not matter, however strange."""
    body = page({"Number": 1, "Text 文": 5, "Other": {"deep": [[["x"]]]}, "Done": True})
    assert read(body, [DONE, NUMBER]) == ([{"record_id": "rec1", "done": True, "number": 1.0}], {})


def test_without_columns_there_are_the_record_ids():
    """Counting needs no cells."""
    assert read(page(FULL, {}), [])[0] == [{"record_id": "rec1"}, {"record_id": "rec2"}]


@pytest.mark.parametrize("data", [{"items": []}, {"items": None}, {}, {"items": [], "total": 0}])
def test_missing_items_are_an_empty_page_of_the_right_schema(data):
    """Missing, null and empty lists mean the same."""
    decoder = PageDecoder(COLUMNS)
    result = decoder.decode(json.dumps({"code": 0, "data": data}).encode())
    assert (result.batch.num_rows, result.batch.schema) == (0, decoder.schema)
    assert (result.has_more, result.page_token) == (False, None)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"has_more": True, "page_token": "t1", "total": 9}, (True, "t1", 9)),
        ({"has_more": False, "page_token": "t1", "total": 9}, (False, "t1", 9)),
        ({"has_more": False, "page_token": ""}, (False, None, None)),
        ({"has_more": True, "page_token": None, "total": None}, (True, None, None)),
        ({"has_more": "true", "page_token": 7, "total": "12"}, (True, "7", 12)),
        ({"has_more": None, "total": 2.0}, (False, None, 2)),
        ({"has_more": 1, "total": "many"}, (True, None, None)),
    ],
)
def test_the_paging_members_are_read_leniently(data, expected):
    """Empty tokens are no tokens, and a missing total is unknown."""
    result = PageDecoder([NUMBER]).decode(page({"Number": 1}, **data))
    assert (result.has_more, result.page_token, result.total) == expected
    assert result.batch.to_pylist() == [{"record_id": "rec1", "number": 1.0}]


def test_unknown_members_are_ignored_at_every_level():
    """Lark adds members without notice."""
    body = answer(
        [{"fields": {"Number": 1}, "record_id": "rec1", "id": "rec1", "created_time": 5}],
        new={"a": [1]},
    )
    body |= {"error": {"log_id": "x", "message": "none"}, "more": [1, {"b": None}]}
    rows, _ = read(json.dumps(body).encode(), [NUMBER])
    assert rows == [{"record_id": "rec1", "number": 1.0}]


@pytest.mark.parametrize("fields", [{}, None, ...], ids=["empty", "null", "missing"])
def test_a_row_without_cells_is_a_row(fields):
    """No row is dropped."""
    item = {"record_id": "rec1"} | ({} if fields is ... else {"fields": fields})
    full = {"record_id": "rec2", "fields": FULL}
    rows, _ = read(json.dumps(answer([item, full])).encode())
    assert rows == [EMPTY_ROW | {"record_id": "rec1"}, FULL_ROW | {"record_id": "rec2"}]


@pytest.mark.parametrize(
    "empty",
    [
        {},
        dict.fromkeys(FULL),
        {
            "Text 文": [],
            "Tags": [],
            "Parent": {"link_record_ids": None},
            "Done": False,
            "Rate": {"type": 2, "value": []},
        },
        {
            "Text 文": [{"text": "", "type": "text"}],
            "Parent": {"link_record_ids": []},
            "Rate": {"type": 2, "value": None},
        },
        {"Parent": {}, "Rate": {"type": 2}},
    ],
)
def test_every_kind_of_empty_cell_is_null_and_a_checkbox_false(empty):
    """Also beside filled rows, and without a warning."""
    assert read(page(empty, FULL, empty)) == (
        [
            EMPTY_ROW | {"record_id": "rec1"},
            FULL_ROW | {"record_id": "rec2"},
            EMPTY_ROW | {"record_id": "rec3"},
        ],
        {},
    )


@pytest.mark.parametrize(
    ("spelling", "number"),
    [
        ('"100"', 100.0), ("1e3", 1000.0), ("-0", 0.0), ("9007199254740993", 2.0**53),
        ("123456789012345678901234567890", 123456789012345678901234567890.0),
        ("0.1234567890123456789", 0.1234567890123456789), ("1e-400", 0.0),
        ('[{"text":"7","type":"text"}]', 7.0),
    ],
)  # fmt: skip
def test_numbers_survive_every_spelling(spelling, number):
    """Text, exponents and more digits than a double holds."""
    assert cell(raw_page(spelling), NUMBER) == number


@pytest.mark.parametrize(
    ("spelling", "number"),
    [
        ("0.1", "0.1"), ("1e3", "1000"), ('"2.50"', "2.5"),
        ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
        ("0.12345678901234567849", "0.123456789012345678"),
        ("0.1234567890123456785", "0.123456789012345679"),
        ("12345678901234500000", "12345678901234500000"),
    ],
)  # fmt: skip
def test_decimals_are_exact_to_the_last_digit(spelling, number):
    """Every digit of the number's text counts, up to eighteen places."""
    assert cell(raw_page(spelling), MONEY) == Decimal(number)


@pytest.mark.parametrize(
    "spelling",
    ["1e20", "123456789012345678901234567890", "-1e58", "1e75", "1E400", "NaN", "Infinity"],
)
@pytest.mark.parametrize("column", [MONEY, NUMBER], ids=["decimal", "double"])
def test_a_number_out_of_range_spoils_only_its_cell(spelling, column):
    """The rest of the page is there; a decimal never wraps around in silence."""
    body = raw_page(spelling).replace(b'"fields":{}', b'"fields":{"Number":4}')
    rows, notes = read(body, [column])
    assert rows[0]["number"] == 4
    fits = column is NUMBER and spelling[0] in "1-" and spelling != "1E400"
    assert (rows[1]["number"] is None, "number" in notes) == (not fits, not fits)


@pytest.mark.parametrize(
    ("spelling", "text"),
    [
        ('"bare"', "bare"),
        ("12", "12"),
        ('[{"text":"\\u5ba2\\ud83d\\ude00\\u0000","type":"text"}]', "客😀\x00"),
        ('[{"text":"a\\ud800b","type":"text"}]', "a\ufffdb"),
        ('[{"text":"\\udc00","type":"text"}]', "\ufffd"),
        ('[{"type":"text","text":"客户"}]', "客户"),
        ('{"a":[1,2.5,"客"]}', '{"a":[1,2.5,"客"]}'),
    ],
)
def test_texts_survive_every_spelling(spelling, text):
    """Escapes, halves of surrogate pairs, and shapes that nobody expected."""
    assert cell(raw_page(spelling, "Text 文"), TEXT) == text


def test_bytes_that_are_not_utf8_become_replacement_characters():
    """One broken byte does not cost the page, and never reaches a batch."""
    body = raw_page('[{"text":"a?b","type":"text"}]', "Text 文").replace(b"a?b", b"a\xffb")
    assert cell(body, TEXT) == "a\ufffdb"


@pytest.mark.parametrize(
    ("spelling", "tags"), [('"a"', ["a"]), ('["a",1,null]', ["a", "1", None]), ('""', None)]
)
def test_a_text_where_a_list_is_expected_is_a_list_of_one(spelling, tags):
    """Lists survive single values and odd elements."""
    assert cell(raw_page(spelling, "Tags"), TAGS) == tags


@pytest.mark.parametrize("spell", [
    lambda text: text.replace('"total":2', '"total":2,"total":2'),
    lambda text: text.replace('{"Number":5}', '{"Number":4,"Number":5}'),
    lambda text: json.dumps(json.loads(text), indent=2),
    lambda text: f"\ufeff\r\n {text}\n\n",
], ids=["double member", "double cell", "pretty", "byte order mark"])  # fmt: skip
def test_a_page_survives_its_formatting(spell):
    """The last of two equal members counts, as in every JSON library."""
    assert cell(spell(raw_page("5").decode()).encode(), NUMBER) == 5.0


@pytest.mark.parametrize("millis", [253_402_300_800_000, -62_135_596_800_001, 10**30])
def test_a_time_that_no_calendar_holds_is_null(millis):
    """A batch can always be turned into Python dates."""
    rows, notes = read(raw_page(str(millis), "Due"), [DUE])
    assert rows == [{"record_id": "rec1", "due": None}, {"record_id": "rec2", "due": None}]
    assert notes == {"due": "the time is outside the years 1 to 9999"}


def test_a_numeric_formula_survives_error_texts_in_some_rows():
    """Numbers stay; the erroneous row is NULL and noted."""
    error = {"type": 1, "value": [{"text": "存在错误", "type": "text"}]}
    rows, notes = read(page({"Rate": {"type": 2, "value": [20]}}, {"Rate": error}), [RATE])
    assert [row["rate"] for row in rows] == [20.0, None]
    assert notes == {"rate": "the text is not a number"}


def test_one_odd_column_does_not_change_the_others():
    """A column that needs a closer look is merged with the rest, in row order."""
    odd = {**FULL, "Rate": {"type": 2, "value": [1, 2]}}
    rows, notes = read(page(FULL, odd, {}, FULL))
    assert rows == [
        FULL_ROW,
        FULL_ROW | {"record_id": "rec2", "rate": None},
        EMPTY_ROW | {"record_id": "rec3"},
        FULL_ROW | {"record_id": "rec4"},
    ]
    assert notes == {"rate": "several values stand where one is expected"}


def test_two_columns_may_read_the_same_field():
    """Each has its own declared type."""
    twice = replace(NUMBER, name="as_text", arrow_type=pa.string(), glue_type="string")
    again = replace(NUMBER, name="again")
    rows, _ = read(page({"Number": 1.5}), [NUMBER, twice, again])
    assert rows == [{"record_id": "rec1", "number": 1.5, "as_text": "1.5", "again": 1.5}]


def test_a_column_warns_once_however_many_cells_fail():
    """Once per column over all pages of a decoder, and never with the cell."""
    heard: list[tuple[str, str]] = []
    decoder = PageDecoder([NUMBER, DUE], warn=lambda *call: heard.append(call))
    for _ in range(2):
        decoder.decode(page({"Number": "secret", "Due": True}, {"Number": "other"}))
    assert heard == [
        ("number", "the text is not a number"),
        ("due", "true or false stands where a number is expected"),
    ]


def test_by_default_the_warning_is_a_python_warning():
    """It names the column and the reason."""
    with pytest.warns(CellNotConverted, match='column "number" became NULL: the text is not a num'):
        PageDecoder([NUMBER]).decode(page({"Number": "many"}))


def test_strict_raises_and_names_column_and_record_but_not_the_cell():
    """The cell may hold personal data; the record id leads to it."""
    with pytest.raises(ServiceError) as caught:
        PageDecoder([TEXT, NUMBER], strict=True).decode(page({"Number": 1}, {"Number": "secret"}))
    assert caught.value.context == {"column": "number", "record_id": "rec2"}
    assert "number" in str(caught.value)
    assert "rec2" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>busy</html>", b'{"code":0,"data":{"items":[{"fie', b"[]", b"null", b'"x"',
        b'{"code":0}', b'{"code":0,"data":null}', b'{"code":0,"data":[]}',
        b'{"code":0,"data":{"items":{}}}', b'{"code":0,"data":{"items":[null]}}',
        b'{"code":0,"data":{"items":[{"fields":{}}]}}',
        b'{"code":0,"data":{"items":[{"record_id":null,"fields":{}}]}}',
        b'{"code":0,"data":{"items":[{"record_id":5,"fields":{}}]}}',
        b'{"code":0,"data":{"items":[]}}{"code":0,"data":{"items":[]}}',
        b'{"data":' + b"[" * 100_000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("columns", [COLUMNS, ()], ids=["columns", "ids only"])
def test_what_is_no_answer_of_a_search_is_malformed(body, columns):
    """A broken answer is told apart from an empty page, so that the call can be repeated."""
    with pytest.raises(MalformedBody):
        PageDecoder(columns).decode(body)


def test_cells_that_are_no_object_are_malformed():
    """The cells of a record come by field name."""
    with pytest.raises(MalformedBody):
        PageDecoder(COLUMNS).decode(b'{"data":{"items":[{"record_id":"rec1","fields":[]}]}}')


def test_records_by_id_come_with_the_ids_that_failed():
    """Absent and forbidden ids are told apart."""
    data = {
        "records": [{"fields": {"Number": 1}, "record_id": "rec1", "shared_url": "https://x"}],
        "absent_record_ids": ["rec2"],
        "forbidden_record_ids": ["rec3", "rec4"],
    }
    decoder = PageDecoder([NUMBER])
    result = decoder.decode_records(json.dumps({"code": 0, "data": data}).encode())
    assert result.batch.to_pylist() == [{"record_id": "rec1", "number": 1.0}]
    assert (result.absent, result.forbidden) == (("rec2",), ("rec3", "rec4"))
    with pytest.raises(MalformedBody, match="record ids"):
        decoder.decode_records(b'{"code":0,"data":{"absent_record_ids":true}}')
    nothing = decoder.decode_records(b'{"code":0,"data":{"absent_record_ids":null}}')
    assert (nothing.batch.num_rows, nothing.absent, nothing.forbidden) == (0, (), ())
    assert isinstance(nothing, Records)


def test_the_usual_page_is_read_once(monkeypatch):
    """No second JSON library looks at a page of documented shapes."""
    monkeypatch.setattr(bodies, "orjson", None)
    monkeypatch.setattr(bodies, "json", None)
    rows, notes = read(page(FULL, {}, FULL))
    assert rows == [FULL_ROW, EMPTY_ROW | {"record_id": "rec2"}, FULL_ROW | {"record_id": "rec3"}]
    assert notes == {}


def test_a_batch_keeps_nothing_but_its_own_values():
    """The body is not held by the batch, and neither are members that were not asked for."""
    heavy = {**FULL, "Other": "x" * 10_000, "Parent": {"link_record_ids": None}}
    body = page(*[heavy] * 200)
    references = sys.getrefcount(body)
    batch = PageDecoder(COLUMNS).decode(body).batch
    assert sys.getrefcount(body) == references
    assert batch.get_total_buffer_size() < len(body) / 20
    assert batch.get_total_buffer_size() <= batch.nbytes + 64 * len(COLUMNS)


def test_pages_may_be_decoded_in_several_threads():
    """One decoder serves all of them."""
    decoder = PageDecoder(COLUMNS)
    bodies = [page(*[FULL] * rows, total=rows) for rows in range(1, 40)]
    with ThreadPoolExecutor(4) as pool:
        results: list[Page] = list(pool.map(decoder.decode, bodies))
    for rows, result in enumerate(results, 1):
        assert (result.batch.num_rows, result.total) == (rows, rows)
        assert result.batch.column("rate").to_pylist() == [20.0] * rows
