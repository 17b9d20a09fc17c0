"""Promises about one cell: what each declared type makes of each JSON shape."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from larkbase_sdk.api.models import Field
from larkbase_sdk.errors import UnsupportedField
from larkbase_sdk.read.cells import cell_converter
from larkbase_sdk.schema.arrow_types import arrow_type
from larkbase_sdk.schema.table_schema import Column, build_schema

TEXT_SEGMENT = {"text": "hello ", "type": "text"}
MENTION = {"text": "@Ana", "type": "mention", "mentionType": "User", "token": "ou_1"}
LINK_SEGMENT = {"text": "a page", "type": "url", "link": "https://example.com"}
ANA = {"id": "ou_1", "name": "Ana", "en_name": "Ana", "email": "", "avatar_url": "https://a"}
TOM = {"id": "ou_2", "name": "Tom", "en_name": "Tom", "email": "t@x", "avatar_url": "https://t"}
OLDER_LINK = (
    "array<struct<record_ids:array<string>,table_id:string,text:string,"
    "text_arr:array<string>,type:string>>"
)


def column(ui_type: str, declared: str | None = None, **more: Any) -> Column:
    """A column of a ui type, declared with its own or with another Glue type."""
    field = Field("fld1", "Cell", 0, ui_type, **more)
    found = build_schema("base", "tbl", [field]).columns[0]
    if declared is None:
        return found
    return replace(found, arrow_type=arrow_type(declared), glue_type=declared)


def formula(result: str, declared: str | None = None) -> Column:
    return column("Formula", declared, property={"type": {"ui_type": result}})


def lookup(declared: str) -> Column:
    return column("Lookup", declared)


def convert(target: Column, cell: Any) -> Any:
    """The converted cell; anything noted on the way fails the test."""
    notes: list[str] = []
    value = cell_converter(target)(cell, notes.append)
    assert notes == []
    return value


def refuse(target: Column, cell: Any) -> tuple[Any, list[str]]:
    """The converted cell and the notes, which never show what the cell held."""
    notes: list[str] = []
    value = cell_converter(target)(cell, notes.append)
    assert all(str(cell) not in note for note in notes)
    return value, notes


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ([TEXT_SEGMENT, MENTION, LINK_SEGMENT], "hello @Anaa page"),
        ([{"text": "line one\n", "type": "text"}, {"text": "line two"}], "line one\nline two"),
        (TEXT_SEGMENT, "hello "),
        ("plain", "plain"),
        ([{"text": None, "type": "text"}, TEXT_SEGMENT, None], "hello "),
        ([{"text": 7}], "7"),
        (42, "42"),
        (-0.5, "-0.5"),
        (3.0, "3"),
        (1e22, "10000000000000000000000"),
        (1.5e-7, "0.00000015"),
        (Decimal("1E+999999"), "1E+999999"),
        (True, "true"),
        ([ANA], '[{"id":"ou_1","name":"Ana","en_name":"Ana","email":"","avatar_url":"https://a"}]'),
        ({"名": 1}, '{"名":1}'),
        (["a", "b"], '["a","b"]'),
        ([TEXT_SEGMENT, "b"], '[{"text":"hello ","type":"text"},"b"]'),
        ([Decimal("1.5")], "[1.5]"),
    ],
)
def test_a_string_column_takes_every_shape(cell, text):
    """Segments are joined, numbers written plainly, anything else kept as JSON."""
    assert convert(column("Text"), cell) == text


EMPTY = [
    None,
    "",
    [],
    {},
    {"link_record_ids": None},
    {"link_record_ids": []},
    {"type": 1, "value": []},
    {"type": 1, "value": None},
    {"type": 1, "value": ""},
    {"value": [None]},
    {"type": 1},
]


@pytest.mark.parametrize("cell", EMPTY, ids=repr)
@pytest.mark.parametrize(
    "result",
    ["Text", "SingleSelect", "Number", "Rating", "Checkbox", "DateTime", "Url", "SingleLink"],
)
def test_an_empty_formula_is_null(result, cell):
    """Empty is NULL for every result type, never 0, false or an empty text."""
    assert convert(formula(result), cell) is None


@pytest.mark.parametrize("cell", EMPTY[:6], ids=repr)
@pytest.mark.parametrize(
    "ui_type",
    [
        "Text",
        "Phone",
        "Number",
        "Rating",
        "DateTime",
        "MultiSelect",
        "User",
        "Attachment",
        "SingleLink",
        "Url",
        "Location",
    ],
)
def test_an_empty_cell_is_null(ui_type, cell):
    """Every kind of emptiness is NULL, whatever the declared type."""
    assert convert(column(ui_type), cell) is None


@pytest.mark.parametrize("result", ["Text", "Number", "Rating", "Checkbox", "DateTime"])
def test_empty_segments_are_null(result):
    """A text of empty segments cannot be told from no text."""
    empty = [{"text": "", "type": "text"}]
    assert convert(column("Text"), empty) is None
    assert convert(formula(result), {"type": 1, "value": empty}) is None


@pytest.mark.parametrize("declared", [None, "string", "tinyint"])
@pytest.mark.parametrize("cell", [None, "", [], False, 0, 2, "false", "maybe", {"a": 1}, [1, 2]])
def test_a_checkbox_that_is_not_true_is_false(declared, cell):
    """A checkbox has no third state: absent and odd cells are false, under any type."""
    falsehood = {None: False, "string": "false", "tinyint": 0}[declared]
    assert convert(column("Checkbox", declared), cell) == falsehood


@pytest.mark.parametrize("cell", [True, 1, "true", "TRUE", " 1 ", [True]])
def test_a_checkbox_knows_what_is_true(cell):
    """True, 1 and the text true are true."""
    assert convert(column("Checkbox"), cell) is True


def test_a_formula_of_truth_that_holds_other_text_is_null():
    """An error text of a formula is neither true nor false."""
    error = {"type": 1, "value": [{"text": "存在错误", "type": "text"}]}
    assert refuse(formula("Checkbox"), error) == (None, ["the text is neither true nor false"])


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (0, 0),
        (-3, -3),
        (0.1, 0.1),
        ("100", 100),
        (" 2.50 ", 2.5),
        ("1e3", 1000),
        (".5", 0.5),
        ([{"text": "12", "type": "text"}], 12),
        ([7], 7),
        (2**53 + 1, 2.0**53),
        (Decimal("0.1"), 0.1),
    ],
)
def test_a_double_takes_numbers_and_numeric_text(cell, number):
    """Text that is a number is a number."""
    assert convert(column("Number"), cell) == number


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("many", "the text is not a number"),
        ("1_000", "the text is not a number"),
        ("١٢", "the text is not a number"),
        ("NaN", "the text is not a number"),
        (True, "true or false stands where a number is expected"),
        (float("inf"), "the number is not finite"),
        (10**400, "the number is outside the range of double"),
        ([1, 2], "several values stand where one is expected"),
        ({"a": 1}, "an object stands where a single value is expected"),
    ],
)
def test_what_is_no_number_is_null_and_noted(cell, reason):
    """The note says what stood there in kind, not in content."""
    assert refuse(column("Number"), cell) == (None, [reason])


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (0.1, "0.1"),
        (0, "0"),
        ("-0.10", "-0.1"),
        (Decimal("0.0000000000000000005"), "0.000000000000000001"),
        (Decimal("-0.0000000000000000005"), "-0.000000000000000001"),
        (Decimal("0.00000000000000000049"), "0"),
        (12345678901234500000, "12345678901234500000"),
        ("99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999"),
        (Decimal("1E-400"), "0"),
    ],
)
def test_a_decimal_is_built_from_the_text_of_the_number(cell, number):
    """Eighteen places, rounded half up, with no detour over binary fractions."""
    value = convert(column("Number", "decimal(38,18)"), cell)
    assert value == Decimal(number)
    assert value.as_tuple().exponent == -18


@pytest.mark.parametrize(
    "cell",
    [
        10**20,
        -(10**20),
        1e300,
        Decimal("1E+999999"),
        Decimal("99999999999999999999.9999999999999999995"),
    ],
)
def test_a_decimal_out_of_range_is_null_and_noted(cell):
    """More than twenty digits before the point do not fit."""
    assert refuse(column("Number", "decimal(38,18)"), cell) == (
        None,
        ["the number is outside the range of decimal128(38, 18)"],
    )


@pytest.mark.parametrize(
    ("cell", "number"),
    [(3, 3), ("5", 5), (4.0, 4), (True, 1), (False, 0), (-128, -128), (127, 127)],
)
def test_a_tinyint_takes_whole_numbers_and_truth(cell, number):
    """true is 1 and false is 0."""
    assert convert(column("Rating"), cell) == number


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (128, "the number is outside the range of int8"),
        (-129, "the number is outside the range of int8"),
        (3.5, "the number is not whole"),
        ("three", "the text is not a number"),
    ],
)
def test_a_tinyint_out_of_range_is_null_and_noted(cell, reason):
    """Nothing is cut to fit."""
    assert refuse(column("Rating"), cell) == (None, [reason])


@pytest.mark.parametrize(
    ("cell", "millis"),
    [
        (1690992000000, 1690992000000),
        (0, 0),
        (-1, -1),
        (5, 5),
        ("1690992000000", 1690992000000),
        (1690992000000.9, 1690992000000),
        (1.69e12, 1690000000000),
    ],
)
def test_a_timestamp_is_milliseconds_whatever_its_size(cell, millis):
    """Zero, negative and small values are times as well; digits as text too."""
    assert convert(column("DateTime"), cell) == millis


@pytest.mark.parametrize("cell", ["2024-01-01", True, 10**18, -(10**15)])
def test_what_is_no_time_is_null_and_noted(cell):
    """A text that is no number, and a time that no calendar holds."""
    value, notes = refuse(column("DateTime"), cell)
    assert value is None
    assert len(notes) == 1


def test_a_declared_date_counts_days_in_utc():
    """A date is the UTC day, also before 1970."""
    dates = column("DateTime", "date")
    assert [convert(dates, cell) for cell in (0, 86_399_999, -1)] == [0, 0, -1]


@pytest.mark.parametrize(
    ("ui_type", "cell", "value"),
    [
        ("MultiSelect", ["a", "b"], ["a", "b"]),
        ("MultiSelect", "a", ["a"]),
        ("MultiSelect", [1, None, True], ["1", None, "true"]),
        ("User", [ANA, TOM], [{**ANA}, {**TOM}]),
        ("User", ANA, [{**ANA}]),
        (
            "GroupChat",
            [{"id": "oc_1", "more": 1}],
            [{"avatar_url": None, "id": "oc_1", "name": None}],
        ),
    ],
)
def test_a_list_takes_one_or_many(ui_type, cell, value):
    """A single object or text is a list of one; members go by name, extra ones are left out."""
    assert convert(column(ui_type), cell) == value


def test_a_member_that_does_not_fit_is_null_alone():
    """A file too large for the declared size keeps its name and its links."""
    file = {"file_token": "box1", "name": "big.mp4", "size": 2**31, "type": "video/mp4"}
    value, notes = refuse(column("Attachment"), [file])
    assert value == [
        {
            "file_token": "box1",
            "name": "big.mp4",
            "size": None,
            "tmp_url": None,
            "type": "video/mp4",
            "url": None,
        }
    ]
    assert notes == ["the number is outside the range of int32"]


@pytest.mark.parametrize(
    ("ui_type", "cell", "value"),
    [
        (
            "Url",
            {"link": "https://x", "text": "x"},
            {"link": "https://x", "text": "x", "type": None},
        ),
        (
            "Url",
            [{"link": "https://x", "text": "x"}],
            {"link": "https://x", "text": "x", "type": None},
        ),
        (
            "SingleLink",
            {"link_record_ids": ["rec1", "rec2"]},
            {"link_record_ids": ["rec1", "rec2"]},
        ),
        ("SingleLink", ["rec1", "rec2"], {"link_record_ids": ["rec1", "rec2"]}),
        ("SingleLink", "rec1", {"link_record_ids": ["rec1"]}),
    ],
)
def test_a_struct_takes_members_by_name(ui_type, cell, value):
    """Missing members are NULL; a link may come as bare ids."""
    assert convert(column(ui_type), cell) == value


def test_a_struct_cannot_be_made_of_a_text():
    """A bare text has no members."""
    assert refuse(column("Url"), "https://x") == (
        None,
        ["a single value stands where an object is expected"],
    )


@pytest.mark.parametrize(
    ("ui_type", "declared", "cell", "value"),
    [
        (
            "User",
            "array<struct<email:string,en_name:string,id:string,name:string>>",
            [ANA],
            [{"email": "", "en_name": "Ana", "id": "ou_1", "name": "Ana"}],
        ),
        (
            "CreatedUser",
            "struct<id:string,name:string,en_name:string,email:string>",
            [ANA, TOM],
            {"id": "ou_1", "name": "Ana", "en_name": "Ana", "email": ""},
        ),
        (
            "Url",
            "struct<link:string,text:string>",
            {"link": "l", "text": "t", "type": "url"},
            {"link": "l", "text": "t"},
        ),
        (
            "SingleLink",
            OLDER_LINK,
            {"link_record_ids": ["rec1"]},
            [
                {
                    "record_ids": ["rec1"],
                    "table_id": None,
                    "text": None,
                    "text_arr": None,
                    "type": None,
                }
            ],
        ),
        (
            "SingleLink",
            OLDER_LINK,
            [
                {
                    "record_ids": ["rec1"],
                    "table_id": "tbl2",
                    "text": "one",
                    "text_arr": ["one"],
                    "type": "text",
                }
            ],
            [
                {
                    "record_ids": ["rec1"],
                    "table_id": "tbl2",
                    "text": "one",
                    "text_arr": ["one"],
                    "type": "text",
                }
            ],
        ),
        ("SingleLink", OLDER_LINK, {"link_record_ids": None}, None),
        ("Number", "string", 12.50, "12.5"),
        ("Number", "bigint", "12", 12),
        ("Number", "float", 1e300, None),
        ("Text", "binary", "hé", "hé".encode()),
        (
            "Location",
            "map<string,string>",
            {"name": "Square", "pname": 1},
            [("name", "Square"), ("pname", "1")],
        ),
    ],
)
def test_the_declared_type_is_binding(ui_type, declared, cell, value):
    """What a catalogue declares is what a cell becomes, also types of older catalogues."""
    assert refuse(column(ui_type, declared), cell)[0] == value


@pytest.mark.parametrize(
    ("result", "value", "expected"),
    [
        ("Text", [TEXT_SEGMENT, MENTION], "hello @Ana"),
        ("SingleSelect", ["北京"], "北京"),
        ("SingleSelect", ["a", "b"], '["a","b"]'),
        ("SingleSelect", [TEXT_SEGMENT], "hello "),
        ("Number", [20], 20),
        ("Number", 20, 20),
        ("Number", [{"text": "20", "type": "text"}], 20),
        ("DateTime", [1759711938000], 1759711938000),
        ("Checkbox", [True], True),
        ("Checkbox", [0], False),
        ("MultiSelect", ["a", "b"], ["a", "b"]),
        ("User", [ANA], [{**ANA}]),
        ("Url", [{"link": "l", "text": "t"}], {"link": "l", "text": "t", "type": None}),
        (
            "SingleLink",
            ["rec1", {"link_record_ids": ["rec2"]}],
            {"link_record_ids": ["rec1", "rec2"]},
        ),
    ],
)
@pytest.mark.parametrize("wrapper", [{"type": 1}, {}, {"type": 20, "ui_type": "Text"}], ids=str)
def test_a_formula_gives_its_single_result(result, value, expected, wrapper):
    """The wrapper is taken off, whatever it says of the type."""
    assert convert(formula(result), {**wrapper, "value": value}) == expected


def test_a_formula_without_wrapper_is_taken_as_it_is():
    """A bare value is accepted as well."""
    assert convert(formula("Text"), [TEXT_SEGMENT]) == "hello "


@pytest.mark.parametrize("result", ["Number", "DateTime", "Url"])
def test_several_results_for_one_value_are_null_and_noted(result):
    """No result is picked at random and none is lost in silence."""
    several = {"Url": [{"link": "a"}, {"link": "b"}]}.get(result, [1, 2])
    value, notes = refuse(formula(result), {"type": 1, "value": several})
    assert value is None
    assert len(notes) == 1
    assert "several values" in notes[0]


def test_an_error_text_in_a_numeric_formula_is_null_and_noted():
    """An erroneous formula gives ordinary text."""
    error = {"type": 1, "value": [{"text": "存在错误", "type": "text"}]}
    assert refuse(formula("Number"), error) == (None, ["the text is not a number"])


@pytest.mark.parametrize(
    ("declared", "value", "expected"),
    [
        ("array<string>", [TEXT_SEGMENT, MENTION], ["hello ", "@Ana"]),
        ("array<double>", [1, "2.5", None], [1, 2.5, None]),
        ("array<double>", 5, [5]),
        ("array<array<string>>", ["a", ["b", "c"]], [["a"], ["b", "c"]]),
        (
            "array<struct<link_record_ids:array<string>>>",
            ["rec1", {"link_record_ids": ["rec2"]}],
            [{"link_record_ids": ["rec1"]}, {"link_record_ids": ["rec2"]}],
        ),
        ("array<struct<id:string>>", ANA, [{"id": "ou_1"}]),
        (
            "array<string>",
            [ANA],
            ['{"id":"ou_1","name":"Ana","en_name":"Ana","email":"","avatar_url":"https://a"}'],
        ),
        ("double", [5], 5),
    ],
)
def test_a_lookup_converts_each_value(declared, value, expected):
    """One element for each value, converted to the declared element type."""
    assert convert(lookup(declared), {"type": 1, "value": value}) == expected


def test_an_element_that_does_not_fit_is_null_alone():
    """The other values of the list stay."""
    assert refuse(lookup("array<double>"), {"value": [1, "x", 3]}) == (
        [1, None, 3],
        ["the text is not a number"],
    )


def test_a_value_nested_without_end_is_null_and_noted():
    """Deeper than JSON text can be written."""
    deep: list[Any] = []
    for _ in range(200_000):
        deep = [deep, 1]
    notes: list[str] = []
    assert cell_converter(column("Text"))(deep, notes.append) is None
    assert notes == ["the value is nested too deep"]


def test_a_type_that_no_cell_can_fill_is_an_error_that_names_the_column():
    """It is found before any page is read."""
    strange = replace(column("Text"), arrow_type=pa.duration("s"))
    with pytest.raises(UnsupportedField, match='"cell" is declared as duration'):
        cell_converter(strange)
