"""A schema survives the way into the Glue Data Catalog and back."""

from __future__ import annotations

import re
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from larkbase_sdk.api.models import Field
from larkbase_sdk.errors import UnknownFieldType
from larkbase_sdk.schema.glue import (
    ColumnOrigin,
    GlueColumn,
    glue_columns,
    origin_of,
    parse_comment,
    schema_from_glue,
)
from larkbase_sdk.schema.table_schema import build_schema

BASE, TABLE = "CqOmb2abcdefghijklmnopqrstu", "tblGGeNFxIWyWkj6"
TAKEN_BY_GLUE = re.compile("[\t\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


def origin(name: str, lark_type: str = "Text") -> ColumnOrigin:
    """The origin of a column of a field with ids of real length."""
    return ColumnOrigin(BASE, TABLE, "fldd33RNIk", name, lark_type)


def from_glue(*columns: GlueColumn, **options):
    """The columns of a schema read from Glue."""
    return schema_from_glue("bas1", "tbl1", columns, **options).columns


# --- comments


@pytest.mark.parametrize(
    "name", ["Amount", "客户 名称", "100% %41", "a=b", "tab\there", "Price/Unit"]
)
def test_an_ordinary_name_stands_in_the_comment_as_it_is(name):
    """Letter by letter the text of older crawlers, so that a first crawl changes nothing."""
    comment = ColumnOrigin("bas1", "tbl1", "fld1", name, "Formula<Number>").comment()
    assert comment == (
        "LarkBaseId=bas1/LarkBaseTableId=tbl1/LarkBaseFieldId=fld1"
        f"/LarkBaseFieldName={name}/LarkBaseFieldType=Formula<Number>"
    )


def test_a_line_break_in_a_name_is_encoded():
    """Glue takes single lines only."""
    said = ColumnOrigin("bas1", "tbl1", "fld1", "100%\nsure", "Text")
    assert said.comment() == (
        "LarkBaseId=bas1/LarkBaseTableId=tbl1/LarkBaseFieldId=fld1"
        "/LarkBaseFieldName*=100%25%0Asure/LarkBaseFieldType=Text"
    )
    assert parse_comment(said.comment()) == said


@given(st.text(st.characters(), max_size=40), st.sampled_from(["Text", "Lookup<Lookup<Number>>"]))
@example("a/LarkBaseFieldType=Number", "Text")
@example("/LarkBaseFieldName=x/LarkBaseFieldId=fldX", "Text")
@example("%0A", "Text")
@example("\n%0A\ud800\uffff😀", "Text")
def test_a_comment_is_read_back_as_it_was_meant(name, lark_type):
    """Slashes, line breaks, look-alikes of the comment itself: every name survives."""
    said = origin(name, lark_type)
    comment = said.comment()
    assume("Name~=" not in comment)
    assert parse_comment(comment) == said


@given(st.text(max_size=400), st.integers(0, 25))
def test_a_comment_always_fits_glue(name, depth):
    """Whatever the field is called and however deep its lookups are."""
    comment = origin(name, "Lookup<" * depth + "Formula" + ">" * depth).comment()
    assert len(comment.encode("utf-16-le")) <= 2 * 255
    assert TAKEN_BY_GLUE.fullmatch(comment)


def test_a_long_name_leaves_its_beginning_in_the_comment():
    """Ids and type stay whole; the full name is in the column parameters."""
    said = origin("long " * 50)
    comment = said.comment()
    assert len(comment) == 255
    assert f"/LarkBaseFieldName~={'long ' * 5}" in comment
    assert parse_comment(comment) == replace(said, field_name="")


def test_a_type_too_long_for_a_comment_keeps_its_end():
    """Twenty lookups of lookups."""
    said = origin("n", "Lookup<" * 20 + "Number" + ">" * 20)
    assert parse_comment(said.comment()).lark_type == "Lookup<Number>"


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("", ColumnOrigin()),
        ("price per unit", ColumnOrigin()),
        (
            "LarkBaseFieldName=a/LarkBaseFieldType=Text/LarkBaseChildFieldType=null",
            ColumnOrigin(field_name="a", lark_type="Text"),
        ),
        (
            (
                "checked! LarkBaseId=b/LarkBaseTableId=t/LarkBaseFieldId=f/LarkBaseFieldName=a b"
                "/LarkBaseFieldType=Lookup<Url> (by Ann)"
            ),
            ColumnOrigin("b", "t", "f", "a b", "Lookup<Url>"),
        ),
        ("LarkBaseId=b/LarkBaseTableId=t/LarkBaseFie", ColumnOrigin("b", "t")),
        ("LarkBaseFieldId=f/LarkBaseFieldName=a", ColumnOrigin(field_id="f", field_name="a")),
        ("LarkBaseFieldId=f/LarkBaseFieldType=Url", ColumnOrigin(field_id="f", lark_type="Url")),
    ],
)
def test_a_comment_is_read_as_far_as_it_can_be(comment, expected):
    """Missing, foreign, edited and shortened ones."""
    assert parse_comment(comment) == expected


def test_parameters_fill_what_the_comment_leaves_open():
    """A comment that says something wins."""
    column = GlueColumn(
        "a",
        "string",
        "LarkBaseFieldId=fld1",
        {"larkFieldId": "fld9", "larkFieldName": "A", "larkUIType": "Text"},
    )
    assert origin_of(column) == ColumnOrigin("", "", "fld1", "A", "Text")


# --- to Glue


def test_a_schema_becomes_glue_columns(make_field):
    """Name, type, comment and parameters, as Glue's API takes them."""
    schema = build_schema("bas1", "tbl1", [make_field("Price/Unit", "Number")], style="ascii")
    assert [column.to_input() for column in glue_columns(schema)] == [
        {
            "Name": "price_unit",
            "Type": "decimal",
            "Comment": "LarkBaseId=bas1/LarkBaseTableId=tbl1/LarkBaseFieldId=fld1"
            "/LarkBaseFieldName=Price/Unit/LarkBaseFieldType=Number",
            "Parameters": {
                "larkFieldId": "fld1",
                "larkFieldName": "Price/Unit",
                "larkUIType": "Number",
            },
        }
    ]


def test_a_glue_column_is_read_as_the_api_answers_it():
    """Members may be missing; what goes out comes back."""
    assert GlueColumn.parse({"Name": "a"}) == GlueColumn("a", "string")
    column = GlueColumn("a", "int", "text", {"k": "v"})
    assert GlueColumn.parse(column.to_input()) == column


@pytest.mark.parametrize(
    ("typed", "declared"),
    [(False, ["array<string>", "array<decimal>"]), (True, ["array<decimal>", "array<decimal>"])],
)
def test_a_lookup_of_a_formula_is_declared_as_texts_unless_told_otherwise(
    make_field, make_lookup, typed, declared
):
    """Older catalogues declare it so; a lookup of a number is not concerned."""
    formula = make_field("f", "Formula", {"type": {"ui_type": "Number"}})
    number = make_field("n", "Number")
    lookups = [make_lookup(f"of {item.name}", "tbl2", item.field_id) for item in (formula, number)]
    schema = build_schema("bas1", "tbl1", lookups, fields_of={"tbl2": [formula, number]}.get)
    columns = glue_columns(schema, typed_formula_lookups=typed)
    assert [column.type for column in columns] == declared


# --- from Glue


def test_a_schema_comes_back_from_glue_as_it_went(make_field, make_lookup):
    """With the live fields both paths give the same columns."""
    fields = [
        make_field("Order No", "AutoNumber", {"auto_serial": {"type": "custom"}}),
        make_field("Amount", "Number", {"formatter": "0.00"}),
        make_field("Sum", "Formula", {"type": {"ui_type": "DateTime"}}),
        make_lookup("Names", "tbl2", "fldT"),
        make_lookup("Count", "tbl2", "fldT", 2),
        make_field("Who", "User"),
    ]
    target = Field("fldT", "t", 1, "Text")
    schema = build_schema("bas1", "tbl1", fields, style="ascii", fields_of={"tbl2": [target]}.get)
    back = schema_from_glue("bas1", "tbl1", glue_columns(schema), fields=fields)
    assert back == schema


def test_without_live_fields_the_comment_is_taken_at_its_word():
    """Ids, names and types come from the catalogue alone."""
    comment = ColumnOrigin("bas1", "tbl1", "fld1", "Sum", "Formula<Number>").comment()
    (column,) = from_glue(GlueColumn("sum", "decimal", comment))
    found = (column.field_id, column.lark_name, column.lark_type, column.wrapper)
    assert found == ("fld1", "Sum", "Formula<Number>", "formula")
    assert (column.result.ui_type, column.arrow_type) == ("Number", pa.float64())


def test_a_renamed_field_is_found_by_its_id(make_field):
    """The name in the comment is out of date."""
    field = make_field("New name", "Number")
    comment = ColumnOrigin("b", "t", field.field_id, "Old name", "Number").comment()
    (column,) = from_glue(GlueColumn("old_name", "decimal", comment), fields=[field])
    assert (column.name, column.lark_name) == ("old_name", "New name")


def test_a_field_made_anew_is_found_by_its_name(make_field):
    """The id in the comment is of a deleted field."""
    field = make_field("Amount", "Number")
    comment = ColumnOrigin("b", "t", "fldGone", "Amount", "Number").comment()
    (column,) = from_glue(GlueColumn("amount", "decimal", comment), fields=[field])
    assert column.field_id == field.field_id


def test_a_column_without_a_comment_is_found_by_its_sql_name(make_field):
    """Its declared type stays binding."""
    fields = [make_field("Go", "Button"), make_field("go", "Number")]
    (column,) = from_glue(GlueColumn("go", "string"), fields=fields)
    assert (column.field_id, column.arrow_type) == ("fld2", pa.string())


def test_a_column_whose_field_is_gone_belongs_to_no_field(make_field):
    """The other columns are not touched."""
    gone = GlueColumn("gone", "string", ColumnOrigin("b", "t", "fldGone", "Gone", "Text").comment())
    columns = from_glue(gone, GlueColumn("here", "string"), fields=[make_field("here")])
    assert [(item.field_id, item.lark_name) for item in columns] == [("", ""), ("fld1", "here")]


def test_a_column_without_a_comment_and_without_live_fields_keeps_its_declared_type():
    """Nothing is sent to Lark for it, since its type there is not known."""
    (column,) = from_glue(GlueColumn("amount", "bigint"))
    assert (column.lark_name, column.arrow_type, column.filter_family) == (
        "amount",
        pa.int64(),
        "none",
    )


def test_a_declared_type_that_cannot_be_read_makes_a_text_column():
    """One warning; the other columns are not touched."""
    columns = [GlueColumn("odd", "interval", origin("odd").comment()), GlueColumn("a", "int")]
    with pytest.warns(UnknownFieldType, match="column 'odd' is read as text"):
        found = from_glue(*columns)
    assert [item.arrow_type for item in found] == [pa.string(), pa.int32()]


@pytest.mark.parametrize(
    ("ui_type", "declared", "family"),
    [
        ("Number", "decimal", "number"),
        ("Number", "decimal(38,18)", "number"),
        ("Number", "double", "number"),
        ("Number", "decimal(10,2)", "none"),
        ("Number", "string", "none"),
        ("Text", "string", "text"),
        ("Text", "int", "none"),
        ("User", "array<struct<email:string,en_name:string,id:string,name:string>>", "none"),
        ("CreatedUser", "struct<id:string,name:string,en_name:string,email:string>", "none"),
        ("Url", "struct<link:string,text:string>", "none"),
    ],
)
def test_conditions_are_sent_only_when_the_declared_type_is_the_fields_own(
    make_field, ui_type, declared, family
):
    """A conversion may turn a filled cell into NULL, which Lark knows nothing of."""
    column = GlueColumn("f", declared, origin("f", ui_type).comment())
    fields = [make_field("f", ui_type)]
    assert [item.filter_family for item in from_glue(column, fields=fields)] == [family]
    assert [item.filter_family for item in from_glue(column)] == [family]


@pytest.mark.parametrize(
    ("lark_type", "declared", "result"),
    [
        ("Lookup<Text>", "array<string>", "Text"),
        ("Lookup<Text>", "array<decimal>", "Number"),
        ("Lookup<Formula>", "array<timestamp>", "DateTime"),
        ("Lookup<Formula>", "array<string>", "unknown"),
        ("Lookup<Number>", "array<string>", "unknown"),
        ("Lookup<Number>", "string", "unknown"),
        ("Formula<Number>", "boolean", "Checkbox"),
    ],
)
def test_the_values_of_a_lookup_are_known_by_comment_and_declared_type(lark_type, declared, result):
    """The declared type decides where the comment names only the target."""
    column = GlueColumn("f", declared, origin("f", lark_type).comment())
    assert [item.result.ui_type for item in from_glue(column)] == [result]


def test_a_field_that_changed_its_type_is_read_as_it_is_now(make_field):
    """The cells are texts, the declared number stays."""
    column = GlueColumn("f", "decimal", origin("f", "Number").comment())
    (found,) = from_glue(column, fields=[make_field("f", "Text")])
    assert (found.result.ui_type, found.lark_type, found.glue_type, found.filter_family) == (
        "Text",
        "Number",
        "decimal",
        "none",
    )
