"""The fast way and the plain way through a page give the same batch, cell by cell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.api.models import Field
from larkbase_sdk.read.decode import Page, PageDecoder
from larkbase_sdk.read.kernels import kernel_for
from larkbase_sdk.schema.arrow_types import arrow_type
from larkbase_sdk.schema.field_types import FIELD_TYPES
from larkbase_sdk.schema.table_schema import Column, build_schema

LOOKUP_PROPERTY = {"filter_info": {"target_table": "tblOther"}, "target_field": "fldTarget"}
PLAIN_TYPES = tuple(
    name
    for name, kind in FIELD_TYPES.items()
    if not kind.skip_reason and name not in ("Formula", "Lookup")
)
OLDER_TYPES = {
    "User": "array<struct<email:string,en_name:string,id:string,name:string>>",
    "CreatedUser": "struct<id:string,name:string,en_name:string,email:string>",
    "Url": "struct<link:string,text:string>",
    "SingleLink": "array<struct<record_ids:array<string>,table_id:string,text:string,"
    "text_arr:array<string>,type:string>>",
    "Number": "string",
    "Text": "double",
    "DateTime": "bigint",
    "Checkbox": "string",
    "Rating": "decimal(4,1)",
    "MultiSelect": "string",
    "f MultiSelect": "string",
    "f Number": "string",
    "f Checkbox": "tinyint",
    "f CreatedUser": "struct<id:string,name:string>",
    "f Attachment": "array<struct<name:string,size:bigint>>",
    "l Number": "array<string>",
    "l User": "array<struct<id:string,name:string>>",
    "l Text": "string",
    "l DateTime": "timestamp",
}


def _columns() -> tuple[Column, ...]:
    """One column for each field type, plain, as a formula's result and behind a lookup."""
    columns: list[Column] = []
    for number_type in ("double", "decimal"):
        for name in PLAIN_TYPES:
            kind = FIELD_TYPES[name]
            fields = [
                Field(f"fld{name}", name, kind.type, name),
                Field(
                    f"fldF{name}",
                    f"f {name}",
                    20,
                    "Formula",
                    property={"type": {"data_type": kind.type, "ui_type": name}},
                ),
                Field(f"fldL{name}", f"l {name}", 19, "Lookup", property=LOOKUP_PROPERTY),
            ]
            target = [Field("fldTarget", "target", kind.type, name)]
            columns += build_schema(
                "base", "tbl", fields, number_type=number_type, fields_of=lambda _, t=target: t
            ).columns
    untyped = [Field("fldU", "untyped", 20, "Formula"), Field("fldN", "lost", 19, "Lookup")]
    columns += build_schema("base", "tbl", untyped).columns
    by_name = {column.lark_name: column for column in columns}
    for name, declared in OLDER_TYPES.items():
        columns.append(replace(by_name[name], arrow_type=arrow_type(declared), glue_type=declared))
    return tuple(
        replace(column, name=f"column_{number}", field=replace(column.field, name=f"名 {number}"))
        for number, column in enumerate(columns)
    )


COLUMNS = _columns()

# Everything below makes JSON text, not Python values, so that odd spellings reach the decoder.
texts = st.one_of(
    st.sampled_from(["", "a", "北京", "100", " 7 ", "true", "1e3", "不", "x\ty", "\ud800", "\x00"]),
    st.text(max_size=5),
)
json_texts = st.builds(
    lambda text, ascii_only: json.dumps(
        text, ensure_ascii=ascii_only or any("\ud800" <= sign <= "\udfff" for sign in text)
    ),
    texts,
    st.booleans(),
)
numbers = st.one_of(
    st.integers(-200, 200).map(str),
    st.integers(-(2**70), 2**70).map(str),
    st.integers(1_600_000_000_000, 1_800_000_000_000).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(
        [
            "0",
            "-0",
            "1.50",
            "1e3",
            "1E400",
            "1e-30",
            "3.0",
            "9007199254740993",
            "123456789012345678901234567890",
            "0.1234567890123456789",
            "NaN",
            "99999999999999999999.4",
            "12345678901234567890",
            "1e20",
            "-1e25",
        ]
    ),
)
flags = st.sampled_from(["true", "false"])
nulls = st.just("null")


def lists(elements: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(elements, max_size=most).map(lambda items: f"[{','.join(items)}]")


def objects(members: dict[str, st.SearchStrategy[str]]) -> st.SearchStrategy[str]:
    """Objects that hold some of these members, in any order."""
    pairs = [
        value.map(lambda text, n=name: f"{json.dumps(n)}:{text}") for name, value in members.items()
    ]
    return (
        st.lists(st.sampled_from(range(len(pairs))), unique=True)
        .flatmap(lambda chosen: st.tuples(*(pairs[index] for index in chosen)))
        .map(lambda items: "{" + ",".join(items) + "}")
    )


def texts_of(*names: str) -> dict[str, st.SearchStrategy[str]]:
    return dict.fromkeys(names, json_texts)


segments = st.builds(
    lambda text, kind: f'{{"text":{text},"type":"{kind}"}}',
    json_texts,
    st.sampled_from(["text", "url", "mention"]),
)
persons = objects(texts_of("avatar_url", "email", "en_name", "id", "name"))
links = objects({"link_record_ids": lists(json_texts) | nulls})
ELEMENTS: dict[str, st.SearchStrategy[str]] = {
    "segments": segments,
    "text": json_texts,
    "number": numbers,
    "checkbox": flags,
    "millis": st.integers(-(10**12), 2 * 10**12).map(str),
    "texts": json_texts,
    "persons": persons,
    "chats": objects(texts_of("avatar_url", "id", "name")),
    "attachments": objects(
        texts_of("file_token", "name", "tmp_url", "type", "url")
        | {"size": st.integers(0, 2**33).map(str)}
    ),
    "links": links,
    "url": objects(texts_of("link", "text", "type")),
    "location": objects(texts_of("address", "adname", "cityname", "full_address", "name")),
    "unknown": json_texts | numbers,
}
LIST_SHAPES = {"segments", "texts", "persons", "chats", "attachments"}
scalars = st.one_of(json_texts, numbers, flags, nulls)
odd = st.recursive(
    scalars | segments | links,
    lambda inner: st.one_of(
        lists(inner), objects({"value": inner, "type": numbers, "text": inner, "id": inner})
    ),
    max_leaves=4,
)


def usual(column: Column) -> st.SearchStrategy[str]:
    """Cells of the documented shape of a column, empty ones included."""
    shape = column.result.shape
    element = ELEMENTS[shape]
    if column.wrapper is not None:
        return lists(element).map(lambda value: f'{{"type":1,"value":{value}}}')
    return lists(element) if shape in LIST_SHAPES else element


def cells(column: Column) -> st.SearchStrategy[str | None]:
    """A cell of a column: mostly usual, at times of any shape; None when it is absent."""
    wrapped = st.builds(lambda value: f'{{"value":{value}}}', odd)
    return st.one_of(st.none(), usual(column), usual(column), usual(column), nulls, odd, wrapped)


@st.composite
def pages(draw: st.DrawFn, strange: bool) -> tuple[tuple[Column, ...], str]:
    columns = tuple(draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=4, unique_by=id)))
    rows = []
    for number in range(draw(st.integers(0, 4))):
        pairs = []
        for column in columns:
            cell = draw(cells(column) if strange else st.one_of(st.none(), usual(column)))
            if cell is not None:
                pairs.append(f"{json.dumps(column.lark_name)}:{cell}")
        rows.append(f'{{"fields":{{{",".join(pairs)}}},"record_id":"rec{number}"}}')
    body = f'{{"code":0,"data":{{"items":[{",".join(rows)}],"has_more":false,"total":9}}}}'
    return columns, body


def decode(columns: Sequence[Column], body: str) -> tuple[Page, dict[str, str]]:
    notes: dict[str, str] = {}
    decoder = PageDecoder(columns, warn=lambda name, reason: notes.update({name: reason}))
    return decoder.decode(body.encode()), notes


def plain_way(body: str) -> str:
    """The same page as only plain JSON can read it: pyarrow's reader refuses double members."""
    return body.replace('"total":9', '"total":9,"total":9')


@pytest.mark.parametrize("strange", [False, True], ids=["usual cells", "strange cells"])
@given(data=st.data())
def test_both_ways_give_the_same_batch(strange: bool, data: st.DataObject) -> None:
    """Whatever the cells are, kernels and cell converters agree, in values and in warnings."""
    columns, body = data.draw(pages(strange))
    fast, fast_notes = decode(columns, body)
    plain, plain_notes = decode(columns, plain_way(body))
    assert fast.batch.schema == plain.batch.schema
    for name in fast.batch.schema.names:
        left, right = fast.batch.column(name), plain.batch.column(name)
        assert left.equals(right), (name, left, right)
    assert fast_notes == plain_notes
    assert (fast.has_more, fast.page_token, fast.total) == (False, None, 9)
    assert (plain.has_more, plain.page_token, plain.total) == (False, None, 9)
    fast.batch.validate(full=True)


def test_every_documented_type_is_read_in_bulk() -> None:
    """Only what Lark declares no type for, or a catalogue declares otherwise, goes cell by cell."""
    contract = COLUMNS[: -len(OLDER_TYPES)]
    without = [column for column in contract if kernel_for(column) is None]
    assert {column.lark_type for column in without if column.result.shape != "unknown"} == {
        "Formula<SingleLink>",
        "Formula<DuplexLink>",
    }


def test_a_formula_of_unknown_result_may_change_from_page_to_page() -> None:
    """It is read as text in bulk, until a page holds something else."""
    columns = [column for column in COLUMNS if column.lark_type == "Formula<Text>"]
    columns = [column for column in columns if column.result.shape == "unknown"]
    assert columns
    cells = [
        '{"type":1,"value":[{"text":"a","type":"text"},{"text":"b"}]}',
        '{"type":2,"value":[7]}',
        '{"type":1,"value":[{"text":null}]}',
        '{"type":11,"value":[{"id":"ou_1","name":"Ann"}]}',
        '"bare"',
        '{"type":1,"value":[]}',
        '{"type":1,"value":[{"text":"c"}]}',
    ]
    decoder = PageDecoder(columns)
    for cell in cells:
        fields = ",".join(f"{json.dumps(column.lark_name)}:{cell}" for column in columns)
        body = (
            '{"code":0,"data":{"items":[{"fields":{'
            + fields
            + '},"record_id":"rec1"}],"has_more":false,"total":9}}'
        )
        plain, _ = decode(columns, plain_way(body))
        assert decoder.decode(body.encode()).batch.equals(plain.batch)
