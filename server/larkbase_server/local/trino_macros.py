"""Macros of DuckDB for functions and operators of Athena that need more than another name.

The parser does not know the types of columns, so a macro has to suit all of them:
``cast_to_type(x, y)`` gives ``x`` in the type of ``y``, or fails where that cannot be.
"""

from __future__ import annotations

PREFIX = "trino_"

MACROS = """
-- Zero divides doubles only. NULLIF: DuckDB 2.0 makes an error of every zero, 1.5 makes it NULL.
CREATE MACRO trino_divide(a, b) AS COALESCE(a / NULLIF(b, 0), CASE WHEN b = 0 AND a IS NOT NULL
    THEN cast_to_type(CASE WHEN typeof(a / NULLIF(b, 0)) NOT IN ('DOUBLE', 'FLOAT')
        THEN 'Division by zero' WHEN a > 0 THEN 'inf' WHEN a < 0 THEN '-inf' ELSE 'nan' END,
        a / NULLIF(b, 0)) END);
CREATE MACRO trino_remainder(a, b) AS COALESCE(a % NULLIF(b, 0), CASE WHEN b = 0 AND a IS NOT NULL
    THEN cast_to_type('Division by zero', a % NULLIF(b, 0)) END);

-- On the way to a whole number a half is rounded away from zero.
CREATE MACRO trino_whole(a) AS CASE WHEN typeof(a) IN ('DOUBLE', 'FLOAT')
    THEN cast_to_type(round(TRY_CAST(a AS DOUBLE)), a) ELSE a END;

-- A date stays a date where DuckDB makes it a timestamp.
CREATE MACRO trino_trunc(u, a) AS cast_to_type(date_trunc(u, a), a);
CREATE MACRO trino_moved(a, b) AS cast_to_type(b, a);
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
CREATE MACRO trino_max(l) AS CASE WHEN list_count(l) < len(l) THEN NULL ELSE list_max(l) END;
CREATE MACRO trino_min(l) AS CASE WHEN list_count(l) < len(l) THEN NULL ELSE list_min(l) END;
CREATE MACRO trino_remove(l, x) AS list_filter(l, LAMBDA e : e IS DISTINCT FROM x);

-- The first of equal elements stays, and NULL is an element.
CREATE MACRO trino_distinct(l) AS list_filter(l, LAMBDA x, i : list_position(l, x) = i);
-- 0 where the element is not found.
CREATE MACRO trino_position(l, x) AS CASE WHEN l IS NULL OR x IS NULL THEN NULL
    ELSE COALESCE(list_position(l, x), 0) END;
CREATE MACRO trino_repeat(x, n) AS list_transform(range(n), LAMBDA i : x);

-- NULL where there are fewer parts.
CREATE MACRO trino_part(a, d, n) AS list_extract(string_split(a, d), n);
-- A start outside the text gives nothing.
CREATE MACRO trino_substr(a, s)
    AS CASE WHEN s = 0 OR s < -length(a) THEN '' ELSE substr(a, s) END,
    (a, s, n) AS CASE WHEN s = 0 OR s < -length(a) THEN '' ELSE substr(a, s, n) END;
"""
"""The statements that make them; their names begin with ``PREFIX``."""
