"""Each type of Lark has its one Glue type, Arrow type and set of conditions."""

from __future__ import annotations

import pyarrow as pa
import pytest

from larkbase_sdk.schema.arrow_types import arrow_type
from larkbase_sdk.schema.field_types import FIELD_TYPES, UNKNOWN, field_type_of, find_type

PERSON = "struct<avatar_url:string,email:string,en_name:string,id:string,name:string>"
TEXTS = pa.list_(pa.string())


def struct(*names: str, **others: pa.DataType) -> pa.DataType:
    """A struct of texts, except for the members given with a type."""
    return pa.struct([(name, others.get(name, pa.string())) for name in names])


PERSONS = pa.list_(struct("avatar_url", "email", "en_name", "id", "name"))
LINKS = pa.struct([("link_record_ids", TEXTS)])
PLACE = ("address", "adname", "cityname", "full_address", "location", "name", "pname")
FILE = ("file_token", "name", "size", "tmp_url", "type", "url")
TIME = pa.timestamp("ms", tz="UTC")

PUBLISHED = {
    "Text": ("string", pa.string()),
    "Barcode": ("string", pa.string()),
    "Phone": ("string", pa.string()),
    "Email": ("string", pa.string()),
    "SingleSelect": ("string", pa.string()),
    "AutoNumber": ("string", pa.string()),
    "Number": ("decimal", pa.float64()),
    "Currency": ("decimal", pa.float64()),
    "Progress": ("decimal", pa.float64()),
    "Rating": ("tinyint", pa.int8()),
    "Checkbox": ("boolean", pa.bool_()),
    "DateTime": ("timestamp", TIME),
    "CreatedTime": ("timestamp", TIME),
    "ModifiedTime": ("timestamp", TIME),
    "MultiSelect": ("array<string>", TEXTS),
    "User": (f"array<{PERSON}>", PERSONS),
    "CreatedUser": (f"array<{PERSON}>", PERSONS),
    "ModifiedUser": (f"array<{PERSON}>", PERSONS),
    "GroupChat": (
        "array<struct<avatar_url:string,id:string,name:string>>",
        pa.list_(struct("avatar_url", "id", "name")),
    ),
    "Attachment": (
        "array<struct<file_token:string,name:string,size:int,tmp_url:string,type:string,url:string>>",
        pa.list_(struct(*FILE, size=pa.int32())),
    ),
    "SingleLink": ("struct<link_record_ids:array<string>>", LINKS),
    "DuplexLink": ("struct<link_record_ids:array<string>>", LINKS),
    "Url": ("struct<link:string,text:string,type:string>", struct("link", "text", "type")),
    "Location": (f"struct<{','.join(f'{name}:string' for name in PLACE)}>", struct(*PLACE)),
    "Formula": ("string", pa.string()),
    "Lookup": ("array<string>", TEXTS),
}


def test_every_type_has_its_published_glue_and_arrow_type():
    """The whole type map, as Athena and notebooks show it."""
    kept = {name: kind for name, kind in FIELD_TYPES.items() if not kind.skip_reason}
    assert {name: (kind.glue, arrow_type(kind.glue)) for name, kind in kept.items()} == PUBLISHED


def test_only_buttons_and_stages_become_no_column():
    """Lark returns no values for these two."""
    assert [name for name, kind in FIELD_TYPES.items() if kind.skip_reason] == ["Stage", "Button"]


def test_numbers_are_exact_decimals_on_request():
    """With number_type="decimal", as the older connector typed them."""
    numbers = [kind.glue for kind in FIELD_TYPES.values() if kind.glue == "decimal"]
    assert [arrow_type(glue, "decimal") for glue in numbers] == [pa.decimal128(38, 18)] * 3


def test_the_table_agrees_with_the_documented_types(sample):
    """Names and numbers are those of Lark's own documentation."""
    documented = {row["ui_type"]: row["type"] for row in sample("field-types.json")["types"]}
    assert {name: kind.type for name, kind in FIELD_TYPES.items()} == documented


@pytest.mark.parametrize("spelling", ["SingleSelect", "singleselect", "SINGLESELECT"])
def test_the_letter_case_of_a_type_does_not_matter(spelling, make_field):
    """A type is found by its name in any letter case."""
    assert field_type_of(make_field("f", spelling)) is FIELD_TYPES["SingleSelect"]


@pytest.mark.parametrize("spelling", ["single_select", "Duration", "unknown"])
def test_a_name_that_is_not_in_the_table_is_unknown_whatever_its_number(spelling, make_field):
    """A new ui type may share a known number and look different."""
    assert field_type_of(make_field("f", spelling, type=3)) is UNKNOWN


def test_a_field_without_a_type_name_is_typed_by_its_number():
    """Where a number stands for several types, the plain one is meant."""
    found = [find_type("", number).ui_type for number in (1, 2, 11, 1005, 99)]
    assert found == ["Text", "Number", "User", "AutoNumber", "unknown"]


def test_only_numbers_and_times_are_sorted_as_arrow_sorts_them():
    """The order of texts and selects in Lark is not known."""
    families = {kind.filter_family for kind in FIELD_TYPES.values() if kind.sortable}
    assert families == {"number", "date"}


def test_each_family_of_conditions_has_its_types():
    """Which fields take which conditions in a search call."""
    families: dict[str, list[str]] = {}
    for kind in FIELD_TYPES.values():
        families.setdefault(kind.filter_family, []).append(kind.ui_type)
    assert families == {
        "text": ["Text", "Email", "Barcode"],
        "number": ["Number", "Progress", "Currency", "Rating"],
        "select": ["SingleSelect"],
        "multiselect": ["MultiSelect"],
        "date": ["DateTime", "CreatedTime", "ModifiedTime"],
        "checkbox": ["Checkbox"],
        "people": ["User", "SingleLink", "DuplexLink", "GroupChat", "CreatedUser", "ModifiedUser"],
        "phone": ["Phone"],
        "url": ["Url"],
        "presence": ["Attachment", "Location"],
        "autonumber": ["AutoNumber"],
        "none": ["Lookup", "Formula", "Stage", "Button"],
    }
