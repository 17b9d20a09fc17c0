"""Any type text of a Glue catalogue has an Arrow type."""

from __future__ import annotations

import pyarrow as pa
import pytest

from larkbase_sdk.errors import ConfigurationError
from larkbase_sdk.schema.arrow_types import arrow_type, element_type, is_declared_as

TEXTS = pa.list_(pa.string())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tinyint", pa.int8()),
        ("smallint", pa.int16()),
        ("int", pa.int32()),
        ("integer", pa.int32()),
        ("bigint", pa.int64()),
        ("float", pa.float32()),
        ("double", pa.float64()),
        ("boolean", pa.bool_()),
        ("string", pa.string()),
        ("varchar(20)", pa.string()),
        ("char(3)", pa.string()),
        ("binary", pa.binary()),
        ("date", pa.date32()),
        ("timestamp", pa.timestamp("ms", tz="UTC")),
        ("decimal", pa.float64()),
        ("decimal(10,2)", pa.decimal128(10, 2)),
        ("decimal(10)", pa.decimal128(10, 0)),
        (" Array < String > ", TEXTS),
        ("map<string,array<int>>", pa.map_(pa.string(), pa.list_(pa.int32()))),
        (
            "struct<Name:string,a:decimal(4,1)>",
            pa.struct({"Name": pa.string(), "a": pa.decimal128(4, 1)}),
        ),
        (r"struct<a\:b:int>", pa.struct({"a:b": pa.int32()})),
    ],
)
def test_a_type_text_has_its_arrow_type(text, expected):
    """Simple, parametrised and nested types, in any letter case."""
    assert arrow_type(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "array<struct<email:string,en_name:string,id:string,name:string>>",
            pa.list_(pa.struct({key: pa.string() for key in ("email", "en_name", "id", "name")})),
        ),
        (
            "struct<id:string,name:string,en_name:string,email:string>",
            pa.struct({key: pa.string() for key in ("id", "name", "en_name", "email")}),
        ),
        ("struct<link:string,text:string>", pa.struct({"link": pa.string(), "text": pa.string()})),
        (
            (
                "array<struct<record_ids:array<string>,table_id:string,text:string,"
                "text_arr:array<string>,type:string>>"
            ),
            pa.list_(
                pa.struct(
                    {
                        "record_ids": TEXTS,
                        "table_id": pa.string(),
                        "text": pa.string(),
                        "text_arr": TEXTS,
                        "type": pa.string(),
                    }
                )
            ),
        ),
    ],
)
def test_types_declared_by_older_catalogues_can_be_read(text, expected):
    """Catalogues written before October 2025 keep working."""
    assert arrow_type(text) == expected


def test_only_a_decimal_without_precision_follows_the_number_type():
    """A precision that somebody declared is binding."""
    found = arrow_type("struct<a:decimal,b:decimal(10,2)>", "decimal")
    assert found == pa.struct({"a": pa.decimal128(38, 18), "b": pa.decimal128(10, 2)})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "json",
        "array",
        "array<",
        "array<string",
        "array<string>>",
        "decimal(39,2)",
        "decimal(2,5)",
        "struct<>",
        "struct<a>",
        "map<string>",
        "string;",
        "array<" * 5000,
    ],
)
def test_a_text_that_is_no_type_is_refused(text):
    """The error names the text."""
    with pytest.raises(ConfigurationError, match="cannot be read"):
        arrow_type(text)


def test_the_element_of_an_array_is_its_inner_text():
    """Only arrays have one."""
    texts = ("array<array<int>>", "Array< struct<A:string> >", "string", "map<string,int>")
    assert [element_type(text) for text in texts] == ["array<int>", "struct<A:string>", None, None]


def test_doubles_and_full_decimals_hold_lark_numbers_unchanged():
    """Narrower numbers round, so they are another type."""
    declared = ("decimal", "DOUBLE", "decimal(38, 18)", "decimal(10,2)", "int", "string")
    found = [is_declared_as(text, "decimal") for text in declared]
    assert found == [True, True, True, False, False, False]
