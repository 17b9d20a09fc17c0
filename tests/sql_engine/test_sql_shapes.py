"""Which statements over one table say by their shape what need not be read."""

from __future__ import annotations

import pytest
import sqlglot

from larkbase_sdk.sql.shapes import OrderKey, SingleTable, only_table, single_table


def shape(sql: str, dialect: str = "duckdb") -> SingleTable | None:
    return single_table(sqlglot.parse_one(sql, read=dialect))


@pytest.mark.parametrize(
    ("sql", "limit", "offset"),
    [
        ("SELECT * FROM t LIMIT 10", 10, 0),
        ("SELECT * FROM crm.t AS x WHERE x.a = 1 LIMIT 10 OFFSET 5", 10, 5),
        ("FROM t LIMIT 3", 3, 0),
        ("SELECT a, b AS c, a + 1, upper(b), c.text, d[1] FROM t LIMIT 0", 0, 0),
        ("SELECT * EXCLUDE (a), b FROM t LIMIT 2", 2, 0),
        ("SELECT t.* FROM t FETCH FIRST 3 ROWS ONLY", 3, 0),
        ("SELECT CASE WHEN a THEN 1 ELSE b END, a::INT FROM t LIMIT 2", 2, 0),
        ('SELECT ?, $x FROM "https://a.larksuite.com/base/b?table=t" LIMIT 2', 2, 0),
    ],
)
def test_a_limit_without_an_order(sql, limit, offset):
    """Any rows will do; those passed over have to be read too."""
    found = shape(sql)

    assert found is not None
    assert (found.limit, found.offset, found.order, found.is_count) == (limit, offset, (), False)
    assert found.rows == limit + offset


@pytest.mark.parametrize(
    ("sql", "keys"),
    [
        ("SELECT * FROM t ORDER BY a LIMIT 1", [("a", False)]),
        ("SELECT * FROM t AS x ORDER BY x.a DESC, B LIMIT 1", [("a", True), ("B", False)]),
        ("SELECT * FROM t ORDER BY a NULLS LAST LIMIT 1", [("a", False)]),
        ("SELECT b, a FROM t ORDER BY 2 DESC LIMIT 1", [("a", True)]),
        ("SELECT a AS x, b FROM t ORDER BY X LIMIT 1", [("a", False)]),
        ("SELECT a * 2 AS a FROM t ORDER BY t.a LIMIT 1", [("a", False)]),
    ],
)
def test_an_order_by_columns(sql, keys):
    """Positions and new names lead to the column they mean."""
    found = shape(sql)

    assert found is not None
    assert found.order == tuple(OrderKey(column, descending) for column, descending in keys)


@pytest.mark.parametrize(
    "sql", ["SELECT count(*) FROM t", "SELECT count(*) AS n FROM t WHERE a = 1"]
)
def test_a_plain_count(sql):
    """The number of rows and nothing else; its condition is told."""
    found = shape(sql)

    assert found is not None
    assert (found.is_count, found.limit, found.rows) == (True, None, None)
    assert (found.where is None) == ("WHERE" not in sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t",
        "SELECT DISTINCT a FROM t LIMIT 1",
        "SELECT a FROM t GROUP BY a LIMIT 1",
        "SELECT a FROM t GROUP BY ALL LIMIT 1",
        "SELECT sum(a) FROM t LIMIT 1",
        "SELECT histogram(a) FROM t LIMIT 1",
        "SELECT unnest(a) FROM t LIMIT 1",
        "SELECT row_number() OVER () FROM t LIMIT 1",
        "SELECT a FROM t QUALIFY a > 1 LIMIT 1",
        "SELECT COLUMNS('a.*') FROM t LIMIT 1",
        "SELECT * REPLACE (a + 1 AS a) FROM t LIMIT 1",
        "SELECT a FROM t, u LIMIT 1",
        "SELECT a FROM t JOIN u USING (a) LIMIT 1",
        "SELECT a FROM t, unnest(t.b) LIMIT 1",
        "SELECT a FROM t WHERE a IN (SELECT b FROM u) LIMIT 1",
        "SELECT (SELECT 1) FROM t LIMIT 1",
        "WITH t AS (SELECT 1 AS a) SELECT a FROM t LIMIT 1",
        "SELECT a FROM (SELECT * FROM t) LIMIT 1",
        "SELECT a FROM t UNION ALL SELECT a FROM u LIMIT 1",
        "SELECT a FROM t LIMIT 10%",
        "SELECT a FROM t LIMIT ?",
        "SELECT a FROM t LIMIT 1 OFFSET ?",
        "SELECT * FROM t USING SAMPLE 10 ROWS LIMIT 1",
        "SELECT * FROM t TABLESAMPLE 10% LIMIT 1",
        "SELECT * FROM t AS x(a, b) LIMIT 1",
        "SELECT * FROM read_parquet('x') LIMIT 1",
        "SELECT a FROM t ORDER BY a NULLS FIRST LIMIT 1",
        "SELECT a FROM t ORDER BY lower(a) LIMIT 1",
        "SELECT a FROM t ORDER BY a COLLATE nocase LIMIT 1",
        "SELECT a * 2 AS a FROM t ORDER BY a LIMIT 1",
        "SELECT a AS x, b AS x FROM t ORDER BY x LIMIT 1",
        "SELECT * FROM t ORDER BY 1 LIMIT 1",
        "SELECT a FROM t ORDER BY 2 LIMIT 1",
        "SELECT * FROM t ORDER BY ALL LIMIT 1",
        "SELECT * FROM t ORDER BY a.text LIMIT 1",
        "SELECT count(*) FROM t LIMIT 1",
        "SELECT count(*) FROM t GROUP BY a",
        "SELECT count(a) FROM t",
        "SELECT count(DISTINCT a) FROM t",
        "SELECT count(*) FILTER (a > 1) FROM t",
        "SELECT count(*) OVER () FROM t",
        "SELECT count(*), 1 FROM t",
        "SUMMARIZE t",
    ],
)
def test_everything_else_is_left_to_the_engine(sql):
    """Wherever a row of the result is not certainly one row of the table."""
    assert shape(sql) is None


def test_dialects_decide_where_empty_cells_come():
    """Athena puts them last, MySQL first: only the former can be told from a server's order."""
    sql = "SELECT a FROM t ORDER BY a LIMIT 1"

    assert shape(sql, "athena") is not None
    assert shape(sql, "mysql") is None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t RIGHT JOIN range(3) r ON r.range = t.n WHERE t.n IS NULL",
        "SELECT * FROM range(3) r LEFT JOIN t ON r.range = t.n WHERE t.n IS NULL",
        "SELECT * FROM t PIVOT (sum(a) FOR b IN (1, 2)) WHERE a > 1",
        "SELECT * FROM t WHERE a > 1 USING SAMPLE 10 ROWS",
    ],
)
def test_a_condition_behind_a_join_is_none_of_the_tables(sql):
    """It also sees rows that the join made, and of a sample it says only which drawn rows stay."""
    assert only_table(sqlglot.parse_one(sql, read="duckdb")) is None
