"""SQL conditions are understood as SQL means them, or refused with a pointer to the place."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from decimal import Decimal

import pytest

from larkbase_sdk.api.models import Field
from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.predicate import (
    And,
    Compare,
    Constant,
    Contains,
    In,
    IsNull,
    Like,
    Not,
    Or,
    Predicate,
    columns_of,
)
from larkbase_sdk.read.where import parse_where
from larkbase_sdk.schema.table_schema import TableSchema, build_schema

JANUARY = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
OPEN = Compare("status", "=", "Open")
DONE = Compare("done", "=", True)


@pytest.mark.parametrize(
    ("text", "predicate"),
    [
        ("status = 'Open'", OPEN),
        ("STATUS == 'Open'", OPEN),
        ('"Status" = \'Open\'', OPEN),
        ("'Open' = status", OPEN),
        ("status != 'Open'", Compare("status", "<>", "Open")),
        ("amount < 5", Compare("amount", "<", 5)),
        ("5 < amount", Compare("amount", ">", 5)),
        ("-5 <= amount", Compare("amount", ">=", -5)),
        ("amount >= -1.50", Compare("amount", ">=", Decimal("-1.50"))),
        ("amount > +.5e1", Compare("amount", ">", Decimal(5))),
        ("amount = 1_000", Compare("amount", "=", 1000)),
        ("amount = 99999999999999999999", Compare("amount", "=", 99999999999999999999)),
        ("amount = NULL", Compare("amount", "=", None)),
        ("name = 'it''s \\n'", Compare("name", "=", "it's \\n")),
        ("record_id = 'rec1'", Compare("record_id", "=", "rec1")),
        ("amount BETWEEN 1 AND 2",
         And((Compare("amount", ">=", 1), Compare("amount", "<=", 2)))),
        ("amount NOT BETWEEN 1 AND 2",
         Not(And((Compare("amount", ">=", 1), Compare("amount", "<=", 2))))),
        ("status IN ('Open', 'Won')", In("status", ("Open", "Won"))),
        ("status NOT IN ('Open', NULL)", Not(In("status", ("Open",), has_null=True))),
        ("status IN (NULL)", In("status", (), has_null=True)),
        ("name LIKE 'a%'", Like("name", "a%")),
        ("name NOT ILIKE 'a%'", Not(Like("name", "a%", ignore_case=True))),
        ("name NOT LIKE 'a!%' ESCAPE '!'", Not(Like("name", "a!%", "!"))),
        ("name LIKE NULL", Constant(None)),
        ("name IS NULL", IsNull("name")),
        ("name IS NOT NULL", Not(IsNull("name"))),
        ("files IS NULL", IsNull("files")),
        ("done", DONE),
        ("NOT done", Not(DONE)),
        ("done IS TRUE", And((DONE, Not(IsNull("done"))))),
        ("done IS NOT FALSE", Not(And((Compare("done", "<>", True), Not(IsNull("done")))))),
        ("amount > 1 IS NULL",
         Not(Or((And((Compare("amount", ">", 1), Not(IsNull("amount")))),
                 And((Compare("amount", "<=", 1), Not(IsNull("amount")))))))),
        ("(amount > 1) IS TRUE", And((Compare("amount", ">", 1), Not(IsNull("amount"))))),
        ("status IS NOT DISTINCT FROM 'Open'", And((OPEN, Not(IsNull("status"))))),
        ("status IS DISTINCT FROM 'Open'", Not(And((OPEN, Not(IsNull("status")))))),
        ("status IS DISTINCT FROM NULL", Not(IsNull("status"))),
        ("done AND status = 'Open' AND NULL", And((DONE, OPEN, Constant(None)))),
        ("done OR (status = 'Open' AND FALSE)", Or((DONE, And((OPEN, Constant(False)))))),
        ("1 = 1", Constant(True)),
        ("'a' > 'b'", Constant(False)),
        ("1 < NULL", Constant(None)),
        ("starts_with(name, '50%')", Like("name", "50\\%%", "\\")),
        ("name ^@ 'a_'", Like("name", "a\\_%", "\\")),
        ("ends_with(name, 'a') OR suffix(name, 'a')",
         Or((Like("name", "%a", "\\"), Like("name", "%a", "\\")))),
        ("prefix(name, 'a')", Like("name", "a%", "\\")),
        ("contains(name, 'a\\')", Like("name", "%a\\\\%", "\\")),
        ("strpos(name, 'a') > 0", Like("name", "%a%", "\\")),
        ("0 = strpos(name, 'a')", Not(Like("name", "%a%", "\\"))),
        ("position('a' IN name) >= 1", Like("name", "%a%", "\\")),
        ("contains(name, NULL)", Constant(None)),
        ("list_contains(tags, 'Open')", Contains("tags", "Open")),
        ("array_contains(owner, 'ou_1')", Contains("owner", "ou_1")),
        ("contains(customer, 'rec1')", Contains("customer", "rec1")),
        ("list_has(customer.link_record_ids, 'rec1')", Contains("customer", "rec1")),
        ("list_contains(tags, NULL)", Constant(None)),
        ("site.text = 'Home'", Compare("site.text", "=", "Home")),
        ("SITE.TEXT LIKE '%x'", Like("site.text", "%x")),
        ("customer.link_record_ids IS NULL", IsNull("customer.link_record_ids")),
    ],
)  # fmt: skip
def test_condition_becomes_a_predicate(text: str, predicate: Predicate, deals: TableSchema) -> None:
    """Each form of the grammar has one meaning."""
    assert parse_where(text, deals) == predicate


@pytest.mark.parametrize(
    ("literal", "instant"),
    [
        ("'2024-01-01'", JANUARY),
        ("DATE '2024-01-01'", JANUARY),
        ("TIMESTAMP '2024-01-01 00:00:00'", JANUARY),
        ("CAST('2024-01-01T00:00:00Z' AS TIMESTAMP)", JANUARY),
        ("'2024-01-01'::timestamptz", JANUARY),
        ("TIMESTAMPTZ '2024-01-01 08:00:00+08'", JANUARY),
        ("TIMESTAMP WITH TIME ZONE '2024-01-01 08:00:00+08:00'", JANUARY),
        ("'2023-12-31 18:30-05:30'", JANUARY),
        ("'2024-01-01 00:00:00.0005'", JANUARY + dt.timedelta(microseconds=500)),
        ("'2024-01-01 00:00:00.000000000'", JANUARY),
    ],
)
def test_times_are_utc_unless_they_have_an_offset(
    literal: str, instant: dt.datetime, deals: TableSchema
) -> None:
    """Every way to write a time gives the same aware time in UTC, in full."""
    assert parse_where(f"due_date >= {literal}", deals) == Compare("due_date", ">=", instant)


@pytest.mark.parametrize(
    ("text", "message", "hint", "caret"),
    [
        ("amout > 5", "no column 'amout'", "'amount'", "amout"),
        ("done AND nam = 'x'", "no column 'nam'", "'name'", "nam"),
        ("\"Due date\" > '2024-01-01'", "no column 'Due date'", "'due_date'", '"Due date"'),
        ('status = "Open"', "no column 'Open'", "single quotes: 'Open'", '"Open"'),
        ("deals.amount > 5", "no column 'deals'", "without the name of their table", "deals"),
        ("name = 5", "holds text", "single quotes", "name"),
        ("amount = '5'", "holds numbers", "without quotes", "amount"),
        ("amount = TRUE", "holds numbers", "without quotes", "amount"),
        ("amount > 1e999", "holds numbers", "without quotes", "amount"),
        ("done = 1", "holds true or false", "TRUE or FALSE", "done"),
        ("due_date > 'soon'", "holds times", "2024-12-31", "due_date"),
        ("due_date > 20240101", "holds times", "2024-12-31", "due_date"),
        ("due_date > '2024-01-01 00:00:00.0000005'", "holds times", "2024-12-31", "due_date"),
        ("due_date > DATE '2024-01-01 10:00'", "is no date", "DATE '2024-12-31'", "due_date"),
        ("due_date > DATE 'soon'", "is no date", "DATE '2024-12-31'", "due_date"),
        ("tags = 'Open'", "lists of texts", "list_contains(tags", "tags"),
        ("owner = 'ou_1'", "lists of people", "list_contains(owner", "owner"),
        ("customer = 'rec1'", "links to records", "list_contains(customer", "customer"),
        ("site = 'Home'", "nested values", "site.text", "site"),
        ("site.txt = 'Home'", "no member", "'text'", "site"),
        ("name.text = 'Home'", "no member", "none", "name"),
        ("name", "alone is no condition", "single quotes", "name"),
        ("list_contains(name, 'x')", "no list", "single quotes", "name"),
        ("tags LIKE 'x'", "no text", "list_contains", "tags"),
        ("name LIKE 5", "5 stands where a text", "lark.sql", "name"),
        ("name LIKE 'x!' ESCAPE '!'", "escape character", None, "name"),
        ("name LIKE 'x' ESCAPE '!!'", "one character", None, "name"),
        ("due_date > 2024-01-31", "is not possible", "in quotes: '2024-12-31'", None),
        ("amount > stars", "Two columns", "lark.sql", "amount"),
        ("amount + 1 > 5", "amount + 1", "lark.sql", "amount"),
        ("lower(name) = 'x'", "LOWER(name)", "lark.sql", "name"),
        ("amount IN (SELECT 1)", "SELECT", "lark.sql", "amount"),
        ("amount IN (1, stars)", "list of constants", "lark.sql", "amount"),
        ("name IN ()", "list of constants", "lark.sql", "name"),
        ("amount BETWEEN SYMMETRIC 2 AND 1", "not possible", "lark.sql", "amount"),
        ("name ~ 'x'", "not possible", "lark.sql", "name"),
        ("name LIKE ANY ('x', 'y')", "stands where a text", "lark.sql", "name"),
        ("due_date > now()", "NOW()", "lark.sql", None),
        ("amount = ?", "?", "lark.sql", None),
        ("CAST(amount AS INT) = 5", "CAST", "lark.sql", "amount"),
        ("strpos(name, 'x') = 3", "not possible", "lark.sql", "name"),
        ("status IS 5", "not possible", "lark.sql", "status"),
        ("CASE WHEN done THEN TRUE END", "CASE", "lark.sql", "done"),
        ("name COLLATE nocase = 'x'", "COLLATE", "lark.sql", "name"),
        ("done = (amount > 5)", "not possible", "lark.sql", "amount"),
        ("site.text.x = 'x'", "not possible", "lark.sql", "site"),
        ("name NOT DISTINCT FROM 'x'", "cannot be read", None, None),
        ("amount >", "cannot be read", None, ">"),
        ("amount = 1; DROP TABLE deals", "cannot be read", None, "DROP"),
        ("amount = 1 ORDER BY amount", "cannot be read", None, "ORDER"),
        ("done\nOR amount = = 2", "cannot be read", None, None),
        ("name = 'x", "quote is not closed", "name = 'x", None),
        ("'a' = 1", "cannot be compared", None, None),
        ("  ", "empty", "Leave out", None),
    ],
)
def test_mistakes_name_the_place_and_the_remedy(
    text: str, message: str, hint: str | None, caret: str | None, deals: TableSchema
) -> None:
    """Whatever is no condition on this table is a QueryError with a hint and a caret."""
    with pytest.raises(QueryError) as caught:
        parse_where(text, deals)
    assert message in caught.value.message
    if hint is not None:
        assert hint in str(caught.value.hint)
    if caret is not None:
        shown, pointer = str(caught.value.hint).split("\n")[-2:]
        assert shown[len(pointer) - 1 :].startswith(caret)


def test_a_column_that_is_called_like_a_word_of_sql_is_quoted() -> None:
    """The error says so, where the parser stumbles over it."""
    schema = build_schema("base", "tbl", [Field("fld1", "When", 2, "Number", property={})])

    with pytest.raises(QueryError) as caught:
        parse_where("when > 3", schema)
    assert str(caught.value.hint).split("\n") == [
        'A column that is called like a word of SQL is quoted: "when".',
        "    when > 3",
        "    ^",
    ]
    assert parse_where('"when" > 3', schema) == Compare("when", ">", 3)


def test_the_caret_keeps_its_place_below_wide_letters(deals: TableSchema) -> None:
    """Chinese letters take two columns of a terminal, and so does the caret's line."""
    with pytest.raises(QueryError) as caught:
        parse_where("name = '客户' AND\n name = '客户' AND nam = 'x'", deals)
    assert str(caught.value.hint).split("\n")[1:] == [
        "     name = '客户' AND nam = 'x'",
        "    " + " " * 19 + "^",
    ]


def test_a_long_chain_is_read_and_a_deep_nest_is_refused(deals: TableSchema) -> None:
    """Thousands of ORs are one flat predicate; a nest beyond Python's stack is a QueryError."""
    chain = parse_where(" OR ".join(["amount = 1"] * 2000), deals)
    assert chain == Or((Compare("amount", "=", 1),) * 2000)
    with pytest.raises(QueryError, match="nested too deeply"):
        parse_where("(" * 3000 + "done" + ")" * 3000, deals)


def test_columns_of_a_condition_are_whole_columns(deals: TableSchema) -> None:
    """Who reads a condition's columns needs the structure, not its member."""
    predicate = parse_where("site.text = 'x' OR NOT (list_contains(tags, 'a') AND done)", deals)
    assert columns_of(predicate) == {"site", "tags", "done"}


def test_the_parser_is_loaded_only_when_a_condition_is_read() -> None:
    """Importing the module costs no parser, dataframe or Arrow library."""
    code = (
        "import sys, larkbase_sdk.read.where\n"
        "print([name for name in ('sqlglot', 'pandas', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
