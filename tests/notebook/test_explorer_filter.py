"""The filter builder: what is clicked together is SQL that `scan` and `lark.sql` both take."""

from __future__ import annotations

import datetime as dt

import pytest

import larkbase_sdk as larkbase
from larkbase_sdk.notebook.conditions import Condition, operators

NOON = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)
NIGHT = dt.datetime(2025, 3, 1, 23, 59, 59, 999000, tzinfo=dt.UTC)


@pytest.fixture
def things(lark_emulator):
    """A table with a column of each kind, whose names need quotes in SQL or hold some."""
    base = lark_emulator.database("Shop")
    other = base.table("Other", {"Name": ["one", "two"]})
    table = base.table(
        "Things",
        fields=[
            "Order",
            ("State", "SingleSelect", {"options": ["a", 'b"<i>']}),
            ("No.", "Number"),
            ("When", "DateTime"),
            ("Done", "Checkbox"),
            ("Tags", "MultiSelect", {"options": ["x", "it's"]}),
            ("Other", "SingleLink", {"table": other}),
            ("Who", "User"),
            ("File", "Attachment"),
            ("2nd", "Text"),
        ],
    )
    first, second = other.rows.ids([0, 1])
    table.insert(
        [
            {"Order": "50% off", "State": "a", "No.": 1.5, "When": NOON, "Done": True,
             "Tags": ["x"], "Other": [first], "Who": ["Ann"], "2nd": "yes"},
            {"Order": r"back\\slash _ it's", "State": 'b"<i>', "No.": -2, "When": NIGHT,
             "Tags": ["x", "it's"], "Other": [second], "File": [("a.txt", b"x")]},
            {"Order": "500 off"},
        ]
    )  # fmt: skip
    return table


@pytest.fixture
def explorer(lark, things):
    """An explorer of that table."""
    return lark.table("Shop.Things").explore()


def ids(explorer):
    """Return the places of the rows that are found by reading and by SQL."""
    read = explorer.to_pandas().index
    asked = explorer.model.run_sql().to_pandas()["record_id"]
    assert sorted(read) == sorted(asked)
    everything = list(explorer.model.table.to_pandas().index)
    return [everything.index(record_id) for record_id in read]


CASES = [
    ("order", "is", "500 off", "\"order\" = '500 off'", [2]),
    ("order", "is not", "500 off", "\"order\" <> '500 off'", [0, 1]),
    ("order", "contains", "off", "\"order\" LIKE '%off%'", [0, 2]),
    ("order", "contains", "50%", "\"order\" LIKE '%50\\%%' ESCAPE '\\'", [0]),
    ("order", "contains", r"\s", r""""order" LIKE '%\\s%' ESCAPE '\'""", [1]),
    ("order", "does not contain", "it's", "\"order\" NOT LIKE '%it''s%'", [0, 2]),
    ("order", "starts with", "50", "\"order\" LIKE '50%'", [0, 2]),
    ("order", "ends with", "s", "\"order\" LIKE '%s'", [1]),
    ("order", "is not empty", "ignored", '"order" IS NOT NULL', [0, 1, 2]),
    ("state", "is", 'b"<i>', "state = 'b\"<i>'", [1]),
    ("state", "is empty", "", "state IS NULL", [2]),
    ("no_", ">", "1e0", "no_ > 1", [0]),
    ("no_", "=", " -2.0 ", "no_ = -2.0", [1]),
    ("no_", "<>", "1.5", "no_ <> 1.5", [1]),
    ("when", "on the day", "2025-03-01",
     "(\"when\" >= TIMESTAMP '2025-03-01 00:00:00' AND \"when\" < TIMESTAMP '2025-03-02 00:00:00')",
     [0, 1]),
    ("when", "after", "2025-03-01T12:00+00:00", "\"when\" > TIMESTAMP '2025-03-01 12:00:00'", [1]),
    ("when", "at or before", "2025-03-01 20:00+08:00",
     "\"when\" <= TIMESTAMP '2025-03-01 12:00:00'", [0]),
    ("done", "is true", "", "done = TRUE", [0]),
    ("done", "is false", "", "done = FALSE", [1, 2]),
    ("tags", "has", "it's", "list_contains(tags, 'it''s')", [1]),
    ("tags", "has not", "it's", "NOT list_contains(tags, 'it''s')", [0]),
    ("who", "is not empty", "", "who IS NOT NULL", [0]),
    ("file", "is empty", "", "file IS NULL", [0, 2]),
    ("2nd", "is", "yes", "\"2nd\" = 'yes'", [0]),
]  # fmt: skip


@pytest.mark.parametrize(("column", "operator", "value", "where", "rows"), CASES)
def test_a_condition_is_the_sql_that_reading_and_lark_sql_take(
    explorer, column, operator, value, where, rows
):
    """The text is what one would write by hand, and both doors find the same rows with it."""
    explorer.model.filter_by((Condition(column, operator, value),), "all")

    assert explorer.model.where == where
    assert ids(explorer) == rows


def test_a_linked_record_is_found_by_its_id(explorer, things):
    """Ids of linked records stand in the cells."""
    record_id = explorer.model.table.to_pandas()["Other"].iloc[0]["link_record_ids"][0]
    explorer.model.filter_by((Condition("other", "links to", record_id),), "all")

    assert ids(explorer) == [0]


@pytest.mark.parametrize(("match", "word", "rows"), [("all", "AND", []), ("any", "OR", [0, 1, 2])])
def test_several_conditions_hold_together_or_apart(explorer, match, word, rows):
    """One word stands between all of them."""
    conditions = (Condition("no_", "<", "9"), Condition("state", "is empty"))
    explorer.model.filter_by(conditions, match)

    assert explorer.model.where == f"no_ < 9 {word} state IS NULL"
    assert ids(explorer) == rows


@pytest.mark.parametrize(
    ("condition", "message", "hint"),
    [
        (Condition("no_", ">", "many"), "holds numbers", "10.5"),
        (Condition("no_", ">", "nan"), "holds numbers", "10.5"),
        (Condition("when", "before", "soon"), "holds times", "2024-12-31"),
        (Condition("when", "on the day", "9999-12-31"), "holds times", "2024-12-31"),
        (Condition("done", "contains", "x"), "cannot be asked", "is true, is false"),
        (Condition("done", "is empty"), "cannot be asked", "is true, is false"),
        (Condition("tag", "has", "x"), "no column 'tag'", "tags"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_filter_stays(explorer, condition, message, hint):
    """The error says what does fit."""
    explorer.model.filter_by((Condition("state", "is", "a"),), "all")

    with pytest.raises(larkbase.QueryError, match=message) as caught:
        explorer.model.filter_by((condition,), "all")
    assert hint in caught.value.hint
    assert explorer.model.where == "state = 'a'"


def test_every_column_can_be_asked_something(explorer):
    """Each type offers operators, and each operator gives a condition that can be read."""
    values = {"number": "1", "date": "2025-01-01"}
    for column in explorer.model.schema.columns:
        for operator in operators(column):
            value = values.get(column.filter_family, "x")
            explorer.model.filter_by((Condition(column.name, operator, value),), "all")
            explorer.model.show_page(0)


def test_without_a_table_there_is_nothing_to_filter(lark, things):
    """The error says what to do first."""
    explorer = lark.explore()

    with pytest.raises(larkbase.QueryError, match="Nothing is selected") as caught:
        explorer.to_pandas()
    assert caught.value.hint == "Select a table first."
    assert (explorer.sql, explorer.code) == ("", "")
