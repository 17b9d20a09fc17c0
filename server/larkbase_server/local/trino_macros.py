"""Macros of DuckDB for functions and operators of Athena that need more than another name.

The parser does not know the types of columns, so a macro has to suit all of them:
``cast_to_type(x, y)`` gives ``x`` in the type of ``y``, or fails where that cannot be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from larkbase_sdk.read.constants import SqlNode

PREFIX = "trino_"

MACROS = """
-- Zero divides doubles only. NULLIF: DuckDB 2.0 makes an error of every zero, 1.5 makes it NULL.
CREATE MACRO trino_divide(a, b) AS COALESCE(a / NULLIF(b, 0), CASE WHEN b = 0 AND a IS NOT NULL
    THEN cast_to_type(CASE WHEN typeof(a / NULLIF(b, 0)) NOT IN ('DOUBLE', 'FLOAT')
        THEN 'Division by zero' WHEN a > 0 THEN 'inf' WHEN a < 0 THEN '-inf' ELSE 'nan' END,
        a / NULLIF(b, 0)) END);
CREATE MACRO trino_remainder(a, b) AS COALESCE(a % NULLIF(b, 0), CASE WHEN b = 0 AND a IS NOT NULL
    THEN cast_to_type('Division by zero', a % NULLIF(b, 0)) END);

-- A whole number stays one, as it does with round.
CREATE MACRO trino_floor(a) AS cast_to_type(floor(a), round(a));
CREATE MACRO trino_ceil(a) AS cast_to_type(ceil(a), round(a));

-- What a cast reads: on the way to a whole number a half is rounded away from zero, and a text
-- that does not have the form p becomes one that no type takes.
CREATE MACRO trino_read(a, p) AS CASE WHEN typeof(a) IN ('DOUBLE', 'FLOAT')
    THEN cast_to_type(round(TRY_CAST(a AS DOUBLE)), a)
    WHEN typeof(a) = 'VARCHAR' AND NOT regexp_full_match(CAST(a AS VARCHAR), p)
    THEN cast_to_type('no such value: ' || CAST(a AS VARCHAR), a) ELSE a END;

-- Lists and objects are no texts.
CREATE MACRO trino_json_scalar(j)
    AS CASE WHEN json_type(j) NOT IN ('ARRAY', 'OBJECT') THEN j ->> '$' END;
CREATE MACRO trino_json_text(j) AS CASE WHEN json_type(j) IN ('ARRAY', 'OBJECT')
    THEN error('JSON lists and objects cannot be cast to varchar') ELSE j ->> '$' END;

-- A date stays a date where DuckDB makes it a timestamp.
CREATE MACRO trino_trunc(u, a) AS cast_to_type(date_trunc(u, a), a);
CREATE MACRO trino_moved(a, b) AS CASE WHEN typeof(a) = 'DATE'
    AND TRY_CAST(b AS TIMESTAMP) <> date_trunc('day', TRY_CAST(b AS TIMESTAMP))
    THEN cast_to_type('a date takes no hours, minutes or seconds', a) ELSE cast_to_type(b, a) END;
CREATE MACRO trino_iso8601(a) AS CASE typeof(a) WHEN 'DATE' THEN strftime(a, '%Y-%m-%d')
    WHEN 'TIMESTAMP WITH TIME ZONE' THEN strftime(a, '%Y-%m-%dT%H:%M:%S.%gZ')
    ELSE strftime(a, '%Y-%m-%dT%H:%M:%S.%g') END;
CREATE MACRO trino_sequence(a, b) AS generate_series(a, b, CASE WHEN a <= b THEN 1 ELSE -1 END),
    (a, b, s) AS list_transform(generate_series(a, b, s), LAMBDA x : cast_to_type(x, a));

-- NULL among the elements may be anything.
CREATE MACRO trino_any(l) AS CASE WHEN l IS NULL THEN NULL WHEN list_contains(l, TRUE) THEN TRUE
    WHEN list_count(l) < len(l) THEN NULL ELSE FALSE END;
CREATE MACRO trino_all(l) AS CASE WHEN l IS NULL THEN NULL WHEN list_contains(l, FALSE) THEN FALSE
    WHEN list_count(l) < len(l) THEN NULL ELSE TRUE END;
CREATE MACRO trino_contains(l, x) AS CASE WHEN NOT list_contains(l, x) AND list_count(l) < len(l)
    THEN NULL ELSE list_contains(l, x) END;
CREATE MACRO trino_overlap(a, b) AS CASE WHEN NOT list_has_any(a, b)
    AND (list_count(a) < len(a) OR list_count(b) < len(b)) THEN NULL ELSE list_has_any(a, b) END;
CREATE MACRO trino_max(l) AS CASE WHEN list_count(l) < len(l) THEN NULL ELSE list_max(l) END;
CREATE MACRO trino_min(l) AS CASE WHEN list_count(l) < len(l) THEN NULL ELSE list_min(l) END;
CREATE MACRO trino_remove(l, x) AS list_filter(l, LAMBDA e : e IS DISTINCT FROM x);

-- The first of equal elements stays, and NULL is an element.
CREATE MACRO trino_distinct(l) AS list_filter(l, LAMBDA x, i : list_position(l, x) = i);
-- 0 where the element is not found.
CREATE MACRO trino_position(l, x) AS CASE WHEN l IS NULL OR x IS NULL THEN NULL
    ELSE COALESCE(list_position(l, x), 0) END;
CREATE MACRO trino_repeat(x, n) AS list_transform(range(n), LAMBDA i : x);

-- A list is joined as well.
CREATE MACRO trino_concat_ws(s, x) AS CASE WHEN typeof(x) LIKE '%[]'
    THEN array_to_string(TRY_CAST(x AS VARCHAR[]), s) ELSE concat_ws(s, x) END;
-- NULL where there are fewer parts.
CREATE MACRO trino_part(a, d, n) AS list_extract(string_split(a, d), n);
-- A start outside the text gives nothing.
CREATE MACRO trino_substr(a, s)
    AS CASE WHEN s = 0 OR s < -length(a) THEN '' ELSE substr(a, s) END,
    (a, s, n) AS CASE WHEN s = 0 OR s < -length(a) THEN '' ELSE substr(a, s, n) END;
"""
"""The statements that make them; their names begin with ``PREFIX``."""


def call(name: str, *arguments: SqlNode) -> SqlNode:
    """Return a call of a macro; its name goes without the prefix."""
    from sqlglot import exp

    return exp.func(PREFIX + name, *(argument.copy() for argument in arguments))
