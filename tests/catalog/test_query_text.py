"""Tables in the text of a query: their spelling, and nothing else that looks like it."""

from __future__ import annotations

import pytest

from larkbase_sdk.catalog.query_text import TableReference, spelling, table_references
from larkbase_sdk.errors import QueryError

BASE, TABLE = "NQRxbRkBMa6OnZsjtERcxhNWnNh", "tblEnSV7PJA1vXsD"
WANTED = (BASE.lower(), TABLE.lower())
NAME = f'"{BASE}"."{TABLE}"'


def scanned(sql):
    """The same query in a form that the parser does not know."""
    return f"EXPLAIN {sql}" if sql.lower().startswith(("select", "with", "insert")) else sql


def found(sql, **more):
    """The spelling of the wanted table in a query."""
    return spelling(sql, *WANTED, **more)


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT * FROM {NAME}",
        f"select * from {BASE}.{TABLE}",
        f'SELECT * FROM "lark"."{BASE}"."{TABLE}" AS t WHERE t.a = 1',
        f'SELECT * FROM "lambda:my-function".{BASE}."{TABLE}" t',
        f"SELECT a FROM x.y JOIN {NAME} ON true",
        f"SELECT a FROM x.y, {NAME} z, u.v",
        f"SELECT a FROM (SELECT * FROM {NAME}) q",
        f"SELECT a FROM ({NAME} JOIN x.y USING (id))",
        f"SELECT (SELECT max(a) FROM {NAME}) FROM x.y",
        f"SELECT a FROM x.y WHERE b IN (SELECT c FROM {NAME})",
        f"WITH q AS (SELECT * FROM {NAME}) SELECT * FROM q",
        f"SELECT 1 UNION ALL SELECT a FROM {NAME}",
        f"SELECT * FROM {NAME} -- the last line\n;",
        f"TABLE {NAME}",
        f"INSERT INTO x.y SELECT * FROM {NAME}",
        f"CREATE TABLE x WITH (format = 'PARQUET') AS SELECT * FROM {NAME}",
        f"CREATE OR REPLACE VIEW v AS SELECT * FROM {NAME}",
        f"MERGE INTO x.y t USING {NAME} s ON t.i = s.i WHEN MATCHED THEN UPDATE SET a = 1",
        f"UNLOAD (SELECT * FROM {NAME}) TO 's3://b/' WITH (format = 'PARQUET')",
        f"EXPLAIN SELECT * FROM {NAME}",
        f"EXPLAIN ANALYZE (FORMAT JSON) SELECT * FROM {NAME}",
        f"PREPARE p FROM SELECT * FROM {NAME} WHERE a = ?",
        f"USING EXTERNAL FUNCTION f(x INT) RETURNS INT LAMBDA 'l' SELECT f(a) FROM x.y, {NAME}",
        f"SHOW COLUMNS IN {NAME}",
        f"SHOW COLUMNS FROM {BASE}.{TABLE}",
        f"SHOW COLUMNS IN {TABLE} IN {BASE}",
        f"SHOW CREATE TABLE `{BASE}`.`{TABLE}`",
        f"SHOW STATS FOR {NAME}",
        f"DESCRIBE {NAME}",
        f"DESC FORMATTED lark.{BASE}.{TABLE}",
        f"SELECT count(*) FROM x.y; SELECT * FROM {NAME}",
        f"SELECT FROM WHERE nobody can parse this JOIN {NAME}",
    ],
)
def test_a_table_is_found_where_tables_stand(sql):
    """Quoted or not, with or without a catalogue, in every kind of statement."""
    assert found(sql) == (BASE, TABLE)
    assert found(scanned(sql)) == (BASE, TABLE)


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT '{BASE}.{TABLE}' FROM x.y",
        f"SELECT ' FROM {BASE}.{TABLE}' FROM x.y WHERE b = 'it''s FROM {BASE}.{TABLE}'",
        f"SELECT a -- FROM {NAME}\nFROM x.y",
        f"SELECT a /* FROM {NAME} */ FROM x.y",
        f"SELECT {NAME} FROM x.y",
        f"SELECT a FROM x.y WHERE {NAME} = 1 ORDER BY {NAME} DESC, {NAME}",
        f'SELECT a AS "{TABLE}" FROM x.y AS "{BASE}"',
        f"SELECT extract(day FROM {NAME}), trim(BOTH 'x' FROM {NAME}) FROM x.y",
        f"SELECT a FROM x.y WHERE b IS DISTINCT FROM {NAME}",
        f"SELECT a FROM x.y JOIN z.w ON {NAME} = 1",
        f"SELECT a FROM x.y CROSS JOIN UNNEST({NAME})",
        f"SELECT a FROM TABLE({BASE}.{TABLE}(query => 'SELECT 1'))",
        f"SHOW TABLES IN {BASE} '{TABLE}'",
        f"EXPLAIN SELECT {NAME}, extract(day FROM {NAME}) FROM x.y WHERE {NAME} IS NOT NULL",
        f"EXPLAIN SELECT '{BASE}.{TABLE}' FROM x.y -- JOIN {NAME}",
        f"EXECUTE p USING '{BASE}.{TABLE}'",
        f"SELECT * FROM {BASE}.other, other.{TABLE}",
    ],
)
def test_nothing_else_counts(sql):
    """Literals, comments, columns, aliases, functions and other tables are no references."""
    assert found(sql) is None
    assert found(scanned(sql)) is None


@pytest.mark.parametrize("statement", ["", "EXPLAIN "])
def test_two_spellings_of_one_table_are_an_error(statement):
    """Nobody can tell which is right, since ids are case-sensitive."""
    sql = f"{statement}SELECT * FROM {NAME} a JOIN {BASE.upper()}.{TABLE} b ON a.i = b.i"

    with pytest.raises(QueryError, match="spells one table in different ways") as caught:
        found(sql)
    assert f"{BASE}.{TABLE}" in caught.value.message


def test_one_spelling_may_come_twice():
    """A self join, quoted here and not there."""
    assert found(f"SELECT * FROM {NAME} a JOIN {BASE}.{TABLE} b ON a.i = b.i") == (BASE, TABLE)


@pytest.mark.parametrize("statement", ["", "EXPLAIN "])
def test_the_database_may_come_from_where_the_query_runs(statement):
    """A query that was started in the base names the table alone."""
    sql = f'{statement}SELECT * FROM "{TABLE}"'

    assert found(sql, default_database=BASE) == (BASE, TABLE)
    assert found(sql) is None


@pytest.mark.parametrize("statement", ["", "EXPLAIN "])
def test_a_common_table_expression_is_no_table(statement):
    """Its name may look like the id of a table."""
    sql = f"{statement}WITH {TABLE.upper()} AS (SELECT 1) SELECT * FROM {TABLE.upper()}"

    assert found(sql, default_database=BASE) is None


def test_doubled_quotes_stand_for_one():
    """As SQL writes them."""
    assert table_references('SHOW COLUMNS IN "a""b"."c"') == [TableReference('a"b', "c")]


@pytest.mark.parametrize("sql", ["", ";;", "-- nothing", '"', "SELECT 'open", "(" * 2000, "/*"])
def test_any_text_is_survived(sql):
    """Athena has accepted the query already; ours is not to judge it."""
    assert table_references(sql) == []
