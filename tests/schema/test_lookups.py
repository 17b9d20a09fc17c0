"""Formulas and lookups have the type of what they yield."""

from __future__ import annotations

import pytest

from larkbase_sdk.schema.field_types import FIELD_TYPES, UNKNOWN
from larkbase_sdk.schema.lookups import Resolution, Resolver, innermost, parse_lark_type

PERSON = "struct<avatar_url:string,email:string,en_name:string,id:string,name:string>"


def resolve(field, tables=None, depth=20):
    """What a field of table ``tblA`` holds, as (Lark type, Glue type)."""
    tables = {"tblA": [field]} | (tables or {})
    resolution = Resolver("tblA", tables["tblA"], tables.get, depth).resolve(field)
    return resolution.lark_type, resolution.glue_type


@pytest.mark.parametrize(
    ("property_", "expected"),
    [
        ({"type": {"ui_type": "Number", "data_type": 2}}, ("Formula<Number>", "decimal")),
        ({"type": {"ui_type": "datetime"}}, ("Formula<DateTime>", "timestamp")),
        ({"type": {"data_type": 7}}, ("Formula<Checkbox>", "boolean")),
        ({"type": {"ui_type": "User"}}, ("Formula<User>", f"array<{PERSON}>")),
        ({"type": {"ui_type": "Duration", "data_type": 2}}, ("Formula<unknown>", "string")),
        ({"type": {}}, ("Formula<Text>", "string")),
        ({"type": "Number"}, ("Formula<Text>", "string")),
        ({"formatter": ""}, ("Formula<Text>", "string")),
        (None, ("Formula<Text>", "string")),
    ],
)
def test_a_formula_has_the_type_of_its_declared_result(make_field, property_, expected):
    """Bases of the older formula type declare none; their formulas are read as text."""
    assert resolve(make_field("f", "Formula", property_)) == expected


def test_a_formula_without_a_declared_result_may_hold_anything(make_field):
    """Its values are read leniently, row by row."""
    formula = make_field("f", "Formula")
    assert Resolver("tblA", [formula]).resolve(formula).result is UNKNOWN


@pytest.mark.parametrize(
    ("ui_type", "glue"),
    [
        ("Text", "array<string>"),
        ("Number", "array<decimal>"),
        ("Rating", "array<tinyint>"),
        ("DateTime", "array<timestamp>"),
        ("Checkbox", "array<boolean>"),
        ("SingleSelect", "array<string>"),
        ("MultiSelect", "array<array<string>>"),
        ("DuplexLink", "array<struct<link_record_ids:array<string>>>"),
        ("Url", "array<struct<link:string,text:string,type:string>>"),
        ("User", f"array<array<{PERSON}>>"),
        ("Attachment", f"array<{FIELD_TYPES['Attachment'].glue}>"),
    ],
)
@pytest.mark.parametrize("roll_up", [0, None])
def test_a_lookup_of_original_values_is_an_array_of_its_targets_type(
    make_field, make_lookup, ui_type, glue, roll_up
):
    """The target is found in another table of the base."""
    target = make_field("target", ui_type)
    lookup = make_lookup("l", "tblB", target.field_id, roll_up)
    assert resolve(lookup, {"tblB": [target]}) == (f"Lookup<{ui_type}>", glue)


def test_a_lookup_that_counts_is_an_array_of_numbers(make_field, make_lookup):
    """Its type in Glue comments still names the target, so that old catalogues stay as they are."""
    target = make_field("target", "Text")
    lookup = make_lookup("l", "tblB", target.field_id, 2)
    assert resolve(lookup, {"tblB": [target]}) == ("Lookup<Text>", "array<decimal>")


@pytest.mark.parametrize(
    ("ui_type", "glue"),
    [
        ("Number", "array<decimal>"),
        ("Rating", "array<decimal>"),
        ("Text", "array<string>"),
        ("DateTime", "array<string>"),
        ("MultiSelect", "array<string>"),
    ],
)
def test_a_lookup_that_computes_something_unknown_keeps_whatever_comes(
    make_field, make_lookup, ui_type, glue
):
    """A sum is a number; the latest date or the distinct texts are none, and must not be lost."""
    target = make_field("target", ui_type)
    lookup = make_lookup("l", "tblB", target.field_id, 7)
    assert resolve(lookup, {"tblB": [target]}) == (f"Lookup<{ui_type}>", glue)


def test_a_count_of_something_unknown_is_an_array_of_numbers(make_field, make_lookup):
    """Each step of a chain makes its own type of that of the step below it."""
    target = make_field("target", "Text")
    middle = make_lookup("middle", "tblC", target.field_id, 7)
    count = make_lookup("count", "tblB", middle.field_id, 2)
    tables = {"tblB": [middle], "tblC": [target]}
    assert resolve(count, tables) == ("Lookup<Lookup<Text>>", "array<decimal>")


def test_a_lookup_of_a_counting_lookup_is_an_array_of_numbers(make_field, make_lookup):
    """Original values of counts are counts."""
    target = make_field("target", "Text")
    middle = make_lookup("middle", "tblC", target.field_id, 2)
    lookup = make_lookup("l", "tblB", middle.field_id)
    tables = {"tblB": [middle], "tblC": [target]}
    assert resolve(lookup, tables) == ("Lookup<Lookup<Text>>", "array<decimal>")


def test_a_lookup_within_its_own_table_needs_no_other(make_field, make_lookup):
    """Nobody is asked for the fields of the table at hand."""
    target = make_field("target", "Number")
    lookup = make_lookup("l", "tblA", target.field_id)
    assert Resolver("tblA", [lookup, target]).resolve(lookup).lark_type == "Lookup<Number>"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ({"type": {"ui_type": "Number"}}, ("Lookup<Formula>", "array<decimal>")),
        (None, ("Lookup<Formula>", "array<string>")),
        ({"type": {"ui_type": "Button"}}, ("Lookup<NULL>", "array<string>")),
    ],
)
def test_a_lookup_of_a_formula_has_the_formulas_result(make_field, make_lookup, formula, expected):
    """A formula that yields a button counts as no target."""
    target = make_field("target", "Formula", formula)
    lookup = make_lookup("l", "tblB", target.field_id)
    assert resolve(lookup, {"tblB": [target]}) == expected


@pytest.mark.parametrize(
    ("table_id", "target"), [("tblGone", "fldX"), ("tblB", "fldGone"), ("", "fldX"), ("tblB", "")]
)
def test_a_missing_target_gives_texts(make_field, make_lookup, table_id, target):
    """The table or the field is gone, or Lark does not name it."""
    lookup = make_lookup("l", table_id, target)
    tables = {"tblB": [make_field("other")]}
    assert resolve(lookup, tables) == ("Lookup<NULL>", "array<string>")


def test_a_lookup_that_lark_says_nothing_of_gives_texts(make_field):
    """The documentation shows lookups without any property."""
    assert resolve(make_field("l", "Lookup")) == ("Lookup<NULL>", "array<string>")


@pytest.mark.parametrize("ui_type", ["Stage", "Button"])
def test_a_lookup_of_a_field_without_values_gives_texts(make_field, make_lookup, ui_type):
    """Such a target counts as missing."""
    target = make_field("target", ui_type)
    lookup = make_lookup("l", "tblB", target.field_id)
    assert resolve(lookup, {"tblB": [target]}) == ("Lookup<NULL>", "array<string>")


def test_a_circle_of_lookups_ends(make_lookup):
    """Two lookups that show each other."""
    first = make_lookup("first", "tblB", "fld2")
    second = make_lookup("second", "tblA", "fld1")
    expected = ("Lookup<Lookup<NULL>>", "array<string>")
    assert resolve(first, {"tblB": [second]}) == expected


def test_a_lookup_of_itself_ends(make_lookup):
    """The smallest circle."""
    assert resolve(make_lookup("self", "tblA", "fld1")) == ("Lookup<NULL>", "array<string>")


@pytest.fixture
def chain(make_field, make_lookup):
    """Four lookups, each of the next one, and a number at the end, each in a table of its own."""
    tables = {"tbl4": [make_field("end", "Number")]}
    for place in (3, 2, 1, 0):
        below = tables[f"tbl{place + 1}"][0]
        tables[f"tbl{place}"] = [make_lookup(f"l{place}", f"tbl{place + 1}", below.field_id)]
    return tables


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (3, ("Lookup<Lookup<Lookup<Lookup<Number>>>>", "array<decimal>")),
        (2, ("Lookup<Lookup<Lookup<NULL>>>", "array<string>")),
    ],
)
def test_a_chain_is_followed_as_deep_as_allowed(chain, depth, expected):
    """Three steps lead from the first lookup to the last."""
    found = Resolver("tbl0", chain["tbl0"], chain.get, depth).resolve(chain["tbl0"][0])
    assert (found.lark_type, found.glue_type) == expected


def test_a_chain_far_deeper_than_pythons_stack_is_followed(make_field, make_lookup):
    """With a depth limit to match."""
    fields = [make_lookup(f"l{place}", "tblA", f"fld{place + 2}") for place in range(5000)]
    fields.append(make_field("end", "Number"))
    assert Resolver("tblA", fields, depth=5000).resolve(fields[0]).glue_type == "array<decimal>"


def test_each_table_is_asked_for_once(make_field, make_lookup):
    """However many lookups lead there, and even when it is not there."""
    asked = []

    def fields_of(table_id):
        asked.append(table_id)
        return [target] if table_id == "tblB" else None

    target = make_field("target")
    fields = [
        make_lookup(f"l{place}", table, "fld1") for place in (1, 2) for table in ("tblB", "tblX")
    ]
    resolver = Resolver("tblA", fields, fields_of)
    assert [resolver.resolve(field).lark_type for field in fields] == [
        "Lookup<Text>",
        "Lookup<NULL>",
    ] * 2
    assert asked == ["tblB", "tblX"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Text", Resolution("Text", FIELD_TYPES["Text"])),
        ("formula<number>", Resolution("formula<number>", FIELD_TYPES["Number"], "formula")),
        ("Lookup<Lookup<Url>>", Resolution("Lookup<Lookup<Url>>", FIELD_TYPES["Url"], "lookup")),
        ("Lookup<Formula>", Resolution("Lookup<Formula>", UNKNOWN, "lookup")),
        ("Lookup<NULL>", Resolution("Lookup<NULL>", UNKNOWN, "lookup")),
        ("Lookup", Resolution("Lookup", UNKNOWN, "lookup")),
        ("Whatever", Resolution("Whatever", UNKNOWN)),
        ("<>", None),
        ("", None),
    ],
)
def test_a_type_text_is_read_back(text, expected):
    """As the comments of Glue columns hold it."""
    assert parse_lark_type(text) == expected


def test_the_innermost_type_is_what_a_chain_ends_in():
    """With and without brackets."""
    assert [innermost(text) for text in ("Lookup<Lookup<Url>>", "Url")] == ["Url", "Url"]
