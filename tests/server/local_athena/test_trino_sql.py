"""Athena's SQL keeps its meaning on DuckDB: the differences that are known, one by one."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest

from larkbase_sdk.errors import QueryError

JAKARTA = "timestamp '2025-01-08 17:30:00' AT TIME ZONE 'Asia/Jakarta'"
DIFFERENCES = [
    # Numbers.
    ("5 / 2", 2),
    ("-7 / 2", -3),
    ("5e0 / 2", 2.5),
    ("sum(x) / count(*) FROM (VALUES 1, 2) AS t(x)", 1),
    ("1e0 / 0 > 1e300", True),
    ("sum(x) / 0 < -1e300 FROM (VALUES -1e0) AS t(x)", True),
    ("is_nan(0e0 / 0)", True),
    ("NULL / 0", None),
    ("try(1 / 0)", None),
    ("x / y FROM (VALUES (7, 2)) AS t(x, y) GROUP BY x / y ORDER BY x / y", 3),
    ("(SELECT 7) / 2", 3),
    ("floor(7 / 2) / 2", 1),
    ("ceiling(sum(x) / count(*)) FROM (VALUES 1, 2) AS t(x)", 1),
    ("ceil(1.2)", Decimal(2)),
    ("floor(-1.5e0)", -2.0),
    ("5 % 3", 2),
    ("-7 % 3", -1),
    ("CAST(2.5e0 AS integer)", 3),
    ("CAST(-2.5e0 AS bigint)", -3),
    ("CAST(2.5 AS integer)", 3),
    ("CAST(NULL AS integer)", None),
    ("CAST(true AS integer)", 1),
    ("CAST('12' AS tinyint)", 12),
    ("try_cast('1.5' AS integer)", None),
    ("try_cast(x AS bigint) FROM (VALUES '1e3') AS t(x)", None),
    ("try_cast(' 1' AS bigint)", None),
    ("sum(CAST(x AS bigint)) FROM (VALUES '1', '+2') AS t(x)", 3),
    ("try_cast('yes' AS boolean)", None),
    ("try_cast('T' AS boolean)", True),
    ("to_base(255, 16)", "ff"),
    ("sum(x) FROM (VALUES 1, 2) AS t(x)", 3),
    ("count_if(x > 1) FROM (VALUES 1, 2) AS t(x)", 1),
    ("greatest(1, NULL)", None),
    ("log10(100)", 2.0),
    ("truncate(2.7e0)", 2.0),
    ("is_nan(nan())", True),
    ("infinity() > 1e300", True),
    ("try(CAST('x' AS integer))", None),
    ("try_cast('x' AS integer)", None),
    # Texts.
    ("CAST('abcdef' AS varchar(3))", "abc"),
    ("CAST('a' AS char(3))", "a  "),
    ("concat_ws('+', ARRAY['a', NULL, 'b'])", "a+b"),
    ("concat_ws('+', x) FROM (VALUES 'a') AS t(x)", "a"),
    ("concat('a', NULL)", None),
    ("'a' || NULL", None),
    ("substr('abc', 2)", "bc"),
    ("substr('abc', -2)", "bc"),
    ("substr('abc', 0)", ""),
    ("substr('abc', -4, 2)", ""),
    ("strpos('abc', 'c')", 3),
    ("split_part('a,b', ',', 2)", "b"),
    ("split_part('a,b', ',', 3)", None),
    ("split('a,b', ',')", ["a", "b"]),
    ("codepoint('A')", 65),
    ("regexp_like('abc', 'b')", True),
    ("regexp_replace('aXbX', 'X', '-')", "a-b-"),
    ("regexp_replace('1a', '(.)(.)', '$2-\\$$1\\\\')", "a-$1\\"),
    ("regexp_extract('abc', 'b(c)', 1)", "c"),
    ("regexp_extract('abc', 'z')", None),
    ("regexp_extract('abc', 'z*')", ""),
    ("json_extract_scalar('{\"x\": 1}', '$.x')", "1"),
    ("json_extract_scalar('{\"x\": [1]}', '$.x')", None),
    ("json_extract_scalar('no JSON', '$.x')", None),
    ("json_extract(x, '$.x') IS NULL FROM (VALUES 'no JSON') AS t(x)", True),
    ("json_extract_scalar(json_extract('{\"x\": {\"y\": \"z\"}}', '$.x'), '$.y')", "z"),
    ("CAST(json_extract('{\"x\": \"y\"}', '$.x') AS varchar)", "y"),
    ("try_cast(json_parse('[1]') AS varchar)", None),
    ("CAST(json_extract('{\"x\": 5}', '$.x') AS integer)", 5),
    ("listagg(x, '-') WITHIN GROUP (ORDER BY x) FROM (VALUES 'b', 'a') AS t(x)", "a-b"),
    ("x FROM (VALUES 'a%', 'ab') AS t(x) WHERE x LIKE 'a!%' ESCAPE '!'", "a%"),
    ("format('%s has %,d of {x}, %.1f%%', 'a', 1234, 0.25)", "a has 1,234 of {x}, 0.2%"),
    ("format('%-3s|%3s|%03d', 'a', 'b', 7)", "a  |  b|007"),
    ("url_encode('a b')", "a+b"),
    ("url_decode('a+b%20c')", "a b c"),
    # Times.
    ("date_diff('day', timestamp '2020-03-01 23:00:00', timestamp '2020-03-02 01:00:00')", 0),
    ("date_diff('hour', timestamp '2020-03-01 23:00:00', timestamp '2020-03-02 01:30:00')", 2),
    ("day_of_week(date '2025-01-05')", 7),
    ("extract(dow FROM date '2025-01-05')", 7),
    ("week(date '2025-01-01')", 1),
    ("date_format(timestamp '2025-01-08 17:05:09', '%Y-%m-%d %H:%i:%s')", "2025-01-08 17:05:09"),
    ("format_datetime(timestamp '2025-01-08 17:05:09', 'yyyy/MM/dd HH:mm')", "2025/01/08 17:05"),
    ("format_datetime(timestamp '2025-01-08 07:05:09', 'EEE, d MMM yyyy')", "Wed, 8 Jan 2025"),
    ("format_datetime(timestamp '2025-01-08 07:05:09', 'H:m:s 100%')", "7:5:9 100%"),
    ("format_datetime(timestamp '2025-01-08 07:05:09', 'd''T''HH''''mm')", "8T07'05"),
    ("parse_datetime('8/1/2025 7', 'd/M/yyyy H') = timestamp '2025-01-08 07:00:00 UTC'", True),
    ("to_iso8601(timestamp '2025-01-08 17:05:09.120')", "2025-01-08T17:05:09.120"),
    ("date(timestamp '2025-01-08 17:00:00' AT TIME ZONE 'Asia/Jakarta')", dt.date(2025, 1, 9)),
    ("hour(timestamp '2025-01-08 17:00:00' AT TIME ZONE 'Asia/Jakarta')", 0),
    ("hour(at_timezone(timestamp '2025-01-08 17:00:00', 'Asia/Jakarta'))", 0),
    ("hour(from_unixtime(0, 'Asia/Jakarta'))", 7),
    (f"hour(from_unixtime(to_unixtime(at_timezone({JAKARTA}, 'UTC')), 'Asia/Tokyo'))", 2),
    ("hour(timestamp '2025-01-08 17:00:00' AT TIME ZONE 'Asia/Tokyo' AT TIME ZONE 'UTC')", 17),
    (f"{JAKARTA} = timestamp '2025-01-08 17:30:00'", True),
    (f"{JAKARTA} >= timestamp '2025-01-09 00:00:00'", False),
    (f"{JAKARTA} > {JAKARTA.replace('Jakarta', 'Tokyo')}", False),
    (f"{JAKARTA} BETWEEN timestamp '2025-01-08 17:00:00' AND date '2025-01-09'", True),
    (f"{JAKARTA} IN (timestamp '2025-01-08 17:30:00')", True),
    (f"hour(date_trunc('day', {JAKARTA}))", 0),
    (f"date_trunc('day', {JAKARTA}) = timestamp '2025-01-08 17:00:00'", True),
    (f"date_trunc('day', {JAKARTA} + INTERVAL '1' DAY) = timestamp '2025-01-09 17:00:00'", True),
    (f"date({JAKARTA}) = date '2025-01-09'", True),
    (f"to_unixtime({JAKARTA}) = to_unixtime(timestamp '2025-01-08 17:30:00')", True),
    (f"{JAKARTA} - timestamp '2025-01-08 17:00:00' = INTERVAL '30' MINUTE", True),
    (f"date_diff('minute', timestamp '2025-01-08 17:00:00', {JAKARTA})", 30),
    (f"date_diff('day', {JAKARTA}, timestamp '2025-01-09 16:59:00')", 0),
    ("to_unixtime(timestamp '1970-01-02 00:00:00')", 86400.0),
    ("date_parse('08/01/2025', '%d/%m/%Y') = timestamp '2025-01-08 00:00:00'", True),
    ("timestamp '2025-01-08 00:00:00 UTC' = timestamp '2025-01-08 00:00:00'", True),
    ("date_add('day', 1, date '2025-01-31')", dt.date(2025, 2, 1)),
    ("date '2025-01-31' + INTERVAL '1' MONTH", dt.date(2025, 2, 28)),
    ("max(x) - INTERVAL '1' DAY FROM (VALUES date '2025-02-01') AS t(x)", dt.date(2025, 1, 31)),
    ("date '2025-01-31' - date '2025-01-01' = INTERVAL '30' DAY", True),
    ("date('2025-01-31') - date('2025-01-01') = INTERVAL '30' DAY", True),
    ("try(date('2025/01/08'))", None),
    ("current_date - date '2025-01-01' > INTERVAL '1' DAY", True),
    ("try_cast('2025/01/08' AS date)", None),
    ("try_cast(concat('2025-01-08', ' 10:00:00') AS date)", None),
    ("CAST(concat('2025-01', '-08') AS date)", dt.date(2025, 1, 8)),
    ("try_cast('2025-01-08T10:00:00' AS timestamp)", None),
    ("hour(CAST(concat('2025-01-08', ' 10:00') AS timestamp))", 10),
    ("CAST(timestamp '2025-01-31 23:00:00' + INTERVAL '1' HOUR AS date)", dt.date(2025, 2, 1)),
    ("date_trunc('month', date '2025-01-31')", dt.date(2025, 1, 1)),
    ("hour(date_trunc('hour', timestamp '2025-01-31 10:20:30'))", 10),
    ("to_iso8601(date '2025-01-08')", "2025-01-08"),
    ("to_iso8601(parse_datetime('08/01/2025', 'dd/MM/yyyy'))", "2025-01-08T00:00:00.000Z"),
    ("millisecond(timestamp '2025-01-08 17:05:09.120')", 120),
    # Lists.
    ("cardinality(ARRAY[1, 2])", 2),
    ("contains(ARRAY['a'], 'a')", True),
    ("contains(ARRAY[1, NULL], 2)", None),
    ("element_at(ARRAY['a'], 2)", None),
    ("array_position(ARRAY['a', 'b'], 'b')", 2),
    ("array_position(ARRAY['a'], 'z')", 0),
    ("array_position(NULL, 'z')", None),
    ("array_distinct(ARRAY['b', NULL, 'a', NULL, 'b'])", ["b", None, "a"]),
    ("array_sort(array_distinct(array_agg(x))) FROM (VALUES 2, 1, 2) AS t(x)", [1, 2]),
    ("array_max(ARRAY[1, NULL])", None),
    ("array_remove(ARRAY[1, NULL, 2], 1)", [None, 2]),
    ("repeat('a', 2)", ["a", "a"]),
    ("slice(ARRAY[1, 2, 3], 2, 1)", [2]),
    ("array_join(ARRAY['a', 'b'], '+')", "a+b"),
    ("arrays_overlap(ARRAY[1, 2], ARRAY[2])", True),
    ("arrays_overlap(ARRAY[1], ARRAY[2, NULL])", None),
    ("any_match(ARRAY[1, 2], x -> x > 1)", True),
    ("any_match(ARRAY[1][2:], x -> x > 1)", False),
    ("all_match(ARRAY[1, 2], x -> x > 1)", False),
    ("none_match(ARRAY[1, 2], x -> x > 2)", True),
    ("none_match(NULL, x -> x > 2)", None),
    ("any_match(ARRAY[1, NULL], x -> x > 1)", None),
    ("all_match(ARRAY[2, NULL], x -> x > 1)", None),
    ("all_match(ARRAY[1, NULL], x -> x > 1)", False),
    ("transform(ARRAY['a'], x -> upper(x))", ["A"]),
    ("filter(ARRAY[1, 2], x -> x > 1)", [2]),
    ("sequence(1, 3)", [1, 2, 3]),
    ("sequence(3, 1)", [3, 2, 1]),
    (
        "sequence(date '2025-01-31', date '2025-03-01', INTERVAL '1' MONTH)",
        [dt.date(2025, 1, 31), dt.date(2025, 2, 28)],
    ),
    ("x FROM (SELECT ARRAY[4] AS l) t CROSS JOIN UNNEST(t.l) AS u(x)", 4),
    ("o FROM (SELECT ARRAY[4] AS l) t CROSS JOIN UNNEST(t.l) WITH ORDINALITY AS u(x, o)", 1),
    ("map_agg(x, 1) FROM (VALUES 'a', NULL) AS t(x)", [("a", 1)]),
    ("CAST(ROW(1, 'a') AS ROW(x integer, y varchar)).y", "a"),
    # Aggregates and windows.
    ("max_by(x, y) FROM (VALUES ('a', 1), ('b', 2)) AS t(x, y)", "b"),
    ("max_by(x, y) FROM (VALUES (NULL, 2), ('b', 1)) AS t(x, y)", None),
    ("min_by(x, y) FROM (VALUES ('a', NULL), (NULL, 1)) AS t(x, y)", None),
    ("every(x) FROM (VALUES true, false) AS t(x)", False),
    ("approx_distinct(x) FROM (VALUES 1, 1) AS t(x)", 1),
    ("CAST(2.5 AS decimal(10, 2))", Decimal("2.50")),
]


@pytest.mark.parametrize(("text", "value"), DIFFERENCES, ids=[text for text, _ in DIFFERENCES])
def test_an_expression_means_what_it_means_in_athena(athena, text, value):
    """The engine underneath has other names or other meanings for some of them."""
    (row,) = athena.query(f"SELECT {text}").table.to_pylist()

    assert list(row.values()) == [value]


def test_columns_without_a_name_are_named_by_position(athena):
    """As Athena names them."""
    table = athena.query("SELECT 1, 2 AS two, count(*) FROM crm.orders").table

    assert table.column_names == ["_col0", "two", "_col2"]


@pytest.mark.parametrize(
    ("order", "values"),
    [
        ("rating", [1, 2, 3, 4, 5, None]),
        ("rating DESC", [5, 4, 3, 2, 1, None]),
        ("rating NULLS FIRST", [None, 1, 2, 3, 4, 5]),
        ("rating DESC NULLS FIRST", [None, 5, 4, 3, 2, 1]),
    ],
)
def test_null_comes_last_unless_the_query_says_otherwise(athena, order, values):
    """In both directions."""
    table = athena.query(f"SELECT rating FROM orders ORDER BY {order}").table

    assert table["rating"].to_pylist() == values


def test_a_common_table_is_read_and_its_name_is_no_table_of_a_connector(athena, fake):
    """Joined with itself and limited, which some releases of the engine cannot do."""
    sql = (
        "WITH q AS (SELECT rating, order_no FROM orders WHERE rating > 2) "
        "SELECT a.order_no FROM q a JOIN q b ON a.rating = b.rating ORDER BY 1 LIMIT 2"
    )
    table = athena.query(sql).table

    assert table["order_no"].to_pylist() == ["A-1", "A-2"]
    assert {item["tableName"]["tableName"] for item in fake.named("GetTable")} == {"orders"}


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("UNNEST(ARRAY[1, 2], ARRAY['x']) AS u(a, b)", [(1, "x"), (2, None)]),
        ("UNNEST(MAP(ARRAY['k'], ARRAY[1])) AS u(k, v)", [("k", 1)]),
        ("UNNEST(ARRAY[ROW(1, 'x'), ROW(2, 'y')]) AS u(a, b)", [(1, "x"), (2, "y")]),
        ("UNNEST(ARRAY[ROW(1, 'x')]) WITH ORDINALITY AS u(a, b, n)", [(1, "x", 1)]),
        ("UNNEST(ARRAY['x', 'y']) WITH ORDINALITY AS u(a, n)", [("x", 1), ("y", 2)]),
        (
            "(VALUES (ARRAY[ROW(3, 'x')]), (NULL)) AS t(l) LEFT JOIN UNNEST(l) AS u(a, b) ON true",
            [([{"_0": 3, "_1": "x"}], 3, "x"), (None, None, None)],
        ),
    ],
)
def test_lists_of_rows_maps_and_several_lists_become_columns(athena, text, rows):
    """As many as there are names."""
    table = athena.query(f"SELECT * FROM {text} ORDER BY 1").table

    assert [tuple(row.values()) for row in table.to_pylist()] == rows


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT soundex('abc')", "cannot run the statement: SOUNDEX is not supported"),
        ("SELECT split('a,b', ',', 1)", "cannot run split with a limit"),
        ("SELECT format('%b', true)", "cannot run format with %b"),
        ("SELECT format_datetime(now(), 'yyyy zzz')", "cannot run a pattern of times with zzz"),
        ("SELECT json_value('{}', 'lax $.a')", "cannot run json_exists, json_query and json_value"),
        ("SELECT json_query('{}', 'lax $.a')", "cannot run json_exists, json_query and json_value"),
        ("SELECT json_exists('{}', 'lax $.a')", "cannot run json_exists"),
        ("SELECT CAST(json_parse('[1]') AS varchar)", "cannot be cast to varchar"),
        ("SELECT CAST('1.5' AS integer)", "Could not convert string 'no such value: 1.5'"),
        ("SELECT from_unixtime(0, 7, 0)", "cannot run from_unixtime with hours"),
        ("SELECT timezone_hour(now())", "cannot run timezone_hour"),
        ("SELECT extract(TIMEZONE_HOUR FROM now())", "cannot run timezone_hour"),
        ("SELECT 1 ORDER BY 1 FETCH FIRST 1 ROW WITH TIES", "WITH TIES"),
        ("SELECT * FROM UNNEST(ARRAY[1], ARRAY[2]) AS u(a)", "UNNEST of 2 lists"),
        ("SELECT date '2025-01-08' + INTERVAL '1' HOUR", "a date takes no hours"),
        ("SELECT date_add('minute', 5, current_date)", "a date takes no hours"),
        ("SELECT 1 / 0", "Division by zero"),
        ("SELECT 1 % 0", "Division by zero"),
        ("SELECT count(*) / sum(x) FROM (VALUES 0) AS t(x)", "Division by zero"),
    ],
)
def test_what_the_engine_would_answer_in_another_way_is_told(athena, sql, text):
    """Not answered in another way."""
    with pytest.raises(QueryError, match=text):
        athena.query(sql)


@pytest.mark.parametrize("name", ["2024_sales", "1a", "客户", "$reserved_record_id"])
def test_a_name_that_athena_reads_in_quotes_only_needs_them(athena, name):
    """A number with an alias is not what was meant."""
    hint = re.escape(f'Write "{name}".')
    for sql in (f"SELECT {name} FROM orders", f"SELECT t.{name} FROM t", f"SELECT 1 FROM {name}"):
        with pytest.raises(QueryError, match=hint):
            athena.query(sql)

    assert athena.query(f'SELECT 1 AS "{name}" -- {name}').table.column_names == [name]


def test_a_subquery_within_a_quotient_is_read_once(athena):
    """However often its value is needed."""
    result = athena.query("SELECT (SELECT max(rating) FROM orders) / 2 AS half")

    assert (result.table["half"].to_pylist(), len(result.plans)) == ([2], 1)


def test_a_function_that_nobody_knows_is_told(athena):
    """With its name."""
    with pytest.raises(QueryError, match="frobnicate does not exist"):
        athena.query("SELECT frobnicate(1)")


def test_the_engine_reads_no_files_that_the_statement_does_not_name(athena, tmp_path):
    """A name that is a path, but has no suffix of data, is a table of the connector."""
    path = tmp_path / "secret.txt"
    path.write_text("x\n1\n")

    with pytest.raises(Exception, match="Table not found"):
        athena.query(f'SELECT * FROM "{path}"')
