"""SQL names are predictable, unique and the same in Athena and in a notebook."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from larkbase_sdk.schema.naming import MAX_NAME_LENGTH, name_key, sql_name, unique_names

STYLES = st.sampled_from(["ascii", "unicode"])
ASCII = st.text(st.characters(max_codepoint=127))
# Few letters and ids, so that names collide often.
CROWDED = st.lists(
    st.tuples(st.text("aA_ 客é", max_size=3), st.sampled_from(["a", "A", "客", "1", ""])),
    max_size=12,
)


@pytest.mark.parametrize(
    ("text", "ascii_name", "unicode_name"),
    [
        ("My Table #1", "my_table__1", "my_table__1"),
        ("2024 Sales", "2024_sales", "2024_sales"),
        ("客户", "__", "客户"),
        ("客户 ID", "___id", "客户_id"),
        ("Café", "caf_", "café"),
        ("Cafe\u0301", "cafe_", "café"),
        ("a😀b", "a_b", "a_b"),
        ("$Cost", "$cost", "$cost"),
        ("İstanbul", "i_stanbul", "i̇stanbul"),
        ("Straße", "stra_e", "straße"),
        ("ΑΣ", "__", "ας"),
        ("हिन्दी", "______", "हिन्दी"),
        ("❤️ x", "___x", "___x"),
        ("-\u0303x", "__x", "__x"),
        ("  ", "__", "__"),
        ("a\nb", "a_b", "a_b"),
        ("\ud800", "_", "_"),
        ("", "", ""),
    ],
)
def test_a_name_becomes_its_sql_name(text, ascii_name, unicode_name):
    """One underscore for each character that SQL cannot have; nothing is trimmed or joined."""
    assert (sql_name(text, "ascii"), sql_name(text, "unicode")) == (ascii_name, unicode_name)


@given(ASCII)
def test_both_styles_agree_on_ascii_names(text):
    """A query over such a table moves from a notebook to Athena unchanged."""
    assert sql_name(text, "unicode") == sql_name(text, "ascii")


@given(st.text())
def test_ascii_names_hold_nothing_but_ascii(text):
    """Every other character is one underscore."""
    name = sql_name(text, "ascii")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789$_")
    assert len(name) == len(text.lower())


@given(st.text(), STYLES)
def test_a_sql_name_is_its_own_sql_name(text, style):
    """Naming twice changes nothing, and the letter case of SQL does not matter."""
    name = sql_name(text, style)
    assert (sql_name(name, style), name_key(name)) == (name, name)


def test_later_owners_of_a_name_carry_their_id():
    """The first field keeps the plain name."""
    fields = [("Amount", "fldA"), ("amount", "fldB"), ("AMOUNT", "fldC")]
    assert unique_names(fields) == ["amount", "amount_fldb", "amount_fldc"]


def test_a_suffixed_name_that_is_taken_gets_another_suffix():
    """Even when the ids differ only in letter case."""
    fields = [("x_fldb", "fldA"), ("X", "f0"), ("x", "fldB"), ("x", "FLDB")]
    assert unique_names(fields) == ["x_fldb", "x", "x_fldb_2", "x_fldb_3"]


def test_a_reserved_name_is_left_free():
    """A field that would take it is renamed like any later owner."""
    assert unique_names([("Record ID", "fldA")], reserved=["RECORD_ID"]) == ["record_id_flda"]


def test_an_empty_name_gives_none():
    """The object is skipped; the others keep their places."""
    assert unique_names([("", "fldA"), ("a", "fldB")]) == [None, "a"]


@pytest.mark.parametrize("style", ["ascii", "unicode"])
def test_a_long_name_is_cut_and_carries_its_id(style):
    """Its name does not depend on other long names that begin alike."""
    first, second = unique_names([("a" * 300, "fldA"), ("a" * 301, "fldB")], style)
    assert first == "a" * 250 + "_flda"
    assert second == "a" * 250 + "_fldb"


def test_a_long_name_of_another_script_fits_glue_too():
    """The limit counts bytes, and a character of this name has three."""
    assert unique_names([("客" * 100, "fldA")]) == ["客" * 83 + "_flda"]


@given(CROWDED, STYLES)
def test_names_are_unique_and_fit(fields, style):
    """Whatever the fields are called."""
    names = [name for name in unique_names(fields, style, ["a"]) if name is not None]
    assert len({*map(name_key, names), "a"}) == len(names) + 1
    assert all(len(name.encode()) <= MAX_NAME_LENGTH for name in names)


@given(CROWDED, CROWDED, STYLES)
def test_names_do_not_depend_on_later_fields(fields, later, style):
    """Adding a field at the end renames nothing."""
    assert unique_names(fields + later, style)[: len(fields)] == unique_names(fields, style)
