"""References to databases and tables, as people and as SQL write them."""

from __future__ import annotations

import pytest

from larkbase_sdk.catalog.catalog import CatalogDatabase
from larkbase_sdk.catalog.names import no_such, pick, pick_sql, split_reference
from larkbase_sdk.errors import ConfigurationError


def database(name, sql_name, base_id):
    return CatalogDatabase(name, sql_name, base_id, "link")


FIRST = database("A B", "a_b", "bascnOne")
SECOND = database("a_b", "a_b_bascntwo", "bascnTwo")
THIRD = database("Été", "été", "bascnThree")
SEVERAL = database("sub", "sub", "")
LISTED = [FIRST, SECOND, THIRD, SEVERAL]


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("bascnTwo", SECOND),
        ("A B", FIRST),
        ("a_b", SECOND),
        ("A_B", FIRST),
        ("a b", FIRST),
        ("e\u0301te\u0301", THIRD),
        ("BASCNTWO", None),
        ("", None),
        ("c", None),
    ],
)
def test_people_refer_by_id_then_name_then_sql_name(reference, found):
    """Ids keep their letter case; names are also found without theirs."""
    assert pick(LISTED, reference) is found


@pytest.mark.parametrize(
    ("name", "found"),
    [("a_b", FIRST), ("A_B_BASCNTWO", SECOND), ("A B", None), ("bascnOne", None)],
)
def test_sql_refers_by_sql_name_only(name, found):
    """A Lark name that looks like another database's SQL name is not meant."""
    assert pick_sql(LISTED, name) is found


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("CRM.Orders", [("CRM", "Orders")]),
        ("a.b.c", [("a", "b.c"), ("a.b", "c")]),
        ('"my.base"."my ""big"" table"', [("my.base", 'my "big" table')]),
        ("Orders", []),
    ],
)
def test_a_reference_is_read_in_every_possible_way(text, ways):
    """Quotes keep dots together, as in SQL."""
    assert list(split_reference(text)) == ways


def test_an_open_quote_is_refused():
    """The hint shows how to write it."""
    with pytest.raises(ConfigurationError, match="quote is not closed"):
        list(split_reference('"CRM.Orders'))


@pytest.mark.parametrize(
    ("known", "hint"),
    [
        ([], None),
        (["Orders"], 'did you mean "Orders"? Tables: Orders (1)'),
        (["A", "B", "C", "D"], "Tables: A, B, C, … (4)"),
    ],
)
def test_a_missed_name_gets_near_ones(known, hint):
    """And some of those that there are."""
    error = no_such("table", "order", 'in database "CRM"', known)

    assert error.message == 'No table "order" in database "CRM".'
    assert error.hint == hint
