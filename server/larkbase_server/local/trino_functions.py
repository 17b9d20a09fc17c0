"""Functions of Athena whose meaning DuckDB has under another name, or not at all.

What the parser's own dialects translate is not repeated here. Known differences that remain: text
of times and of doubles, names of types, quotients and means of decimals, which are doubles, an
index beyond a list or a key that a map lacks, which give NULL, a group that takes no part in a
match of a pattern, which gives an empty text, NULL within lists and rows, which equals itself as
NaN does, and types that are cast where Athena refuses to compare or to join them. More is taken
than Athena takes: a name given in the list of columns is known in WHERE and GROUP BY, for one.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from larkbase_sdk.errors import QueryError
from larkbase_server.local.trino_casts import is_json, replace_cast
from larkbase_server.local.trino_macros import call
from larkbase_server.local.trino_patterns import (
    format_pattern,
    regexp_replacement,
    strftime_pattern,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_sdk.read.constants import SqlNode

_TEMPLATES = {
    "all_match": "trino_all(list_transform(:a, :b))",
    "any_match": "trino_any(list_transform(:a, :b))",
    "none_match": "NOT trino_any(list_transform(:a, :b))",
    "arrays_overlap": "trino_overlap(:a, :b)",
    "codepoint": "unicode(:a)",
    "every": "bool_and(:a)",
    "infinity": "CAST('inf' AS DOUBLE)",
    "map_agg": "map_from_entries(list((:a, :b)) FILTER (WHERE NOT :a IS NULL))",
    "millisecond": "CAST(date_part('millisecond', :a) AS BIGINT) % 1000",
    "nan": "CAST('nan' AS DOUBLE)",
    "to_base": "lower(to_base(:a, :b))",
    "to_iso8601": "trino_iso8601(:a)",
    "url_decode": "url_decode(replace(:a, '+', ' '))",
    "url_encode": "replace(url_encode(:a), '%20', '+')",
    "ArrayContains": "trino_contains(:a, :b)",
    "ArrayDistinct": "trino_distinct(:a)",
    "ArrayMax": "trino_max(:a)",
    "ArrayMin": "trino_min(:a)",
    "ArrayPosition": "trino_position(:a, :b)",
    "ArrayRemove": "trino_remove(:a, :b)",
    # The third argument is a length.
    "ArraySlice": "array_slice(:a, :start, :start + :end - 1)",
    # A time without a zone is UTC; what comes out is the wall clock of the zone.
    "AtTimeZone": "timezone(:zone, timezone('UTC', CAST(:a AS TIMESTAMP)))",
    # Whole units between two times, where DuckDB's function of this name counts boundaries.
    "DateDiff": "date_sub(:unit, :b, :a)",
    "Ceil": "trino_ceil(:a)",
    "Div": "trino_divide(:a, :b)",
    "Floor": "trino_floor(:a)",
    "Mod": "trino_remainder(:a, :b)",
    # NULL where nothing is found, not an empty text.
    "RegexpExtract": "CASE WHEN regexp_matches(:a, :b) THEN regexp_extract(:a, :b, :group) END",
    "Repeat": "trino_repeat(:a, :times)",
    "SplitPart": "trino_part(:a, :delimiter, :part_index)",
    "DateTrunc": "trino_trunc(:unit, :a)",
    "TimestampTrunc": "trino_trunc(:unit, :a)",
}
_NAMES_TWICE = frozenset({"Cast", "Div", "Mod", "TryCast"})
"""What would read the tables of a subquery within it more than once."""

_LETTERS = "abcd"
_DAYS_OF_WEEK = frozenset({"DOW", "DAYOFWEEK", "DAY_OF_WEEK"})
"""Monday is 1 there, and Sunday 7."""


def replace_functions(tree: SqlNode) -> None:
    """Put what DuckDB understands in the place of functions that it does not, in the tree.

    Raises:
        QueryError: there is something that DuckDB would answer in another way.
    """
    from sqlglot import exp

    changed = (exp.Func, exp.AtTimeZone, exp.Div, exp.Mod, exp.Add, exp.Sub, exp.JSONValue)
    # From the inside out, because what is replaced is copied into its replacement.
    for node in reversed(list(tree.find_all(*changed))):
        replacement = _replacement(node)
        if replacement is not None and node is not tree:
            node.replace(replacement)


def _replacement(node: SqlNode) -> SqlNode | None:
    name = str(node.this).lower() if _is_anonymous(node) else type(node).__name__
    if name in _NAMES_TWICE and _has_query(node):
        return None
    special = _SPECIAL.get(name)
    if special is not None:
        return special(node)
    if name not in _TEMPLATES:
        return None
    copies = {key: value.copy() for key, value in _arguments(node).items()}
    from sqlglot import exp

    return exp.replace_placeholders(_template(name).copy(), **copies)


def _has_query(node: SqlNode) -> bool:
    from sqlglot import exp

    return node.find(exp.Query) is not None


def _is_anonymous(node: SqlNode) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Anonymous)


def _arguments(node: SqlNode) -> dict[str, SqlNode]:
    """Return the arguments of a function by the names that templates give them."""
    from sqlglot import exp

    if _is_anonymous(node):
        return dict(zip(_LETTERS, node.expressions, strict=False))
    names = {"this": "a", "expression": "b"}
    found = {
        names.get(key, key): value
        for key, value in node.args.items()
        if isinstance(value, exp.Expression)
    }
    if "unit" in found:
        found["unit"] = exp.Literal.string(found["unit"].name.lower())
    return found


@cache
def _template(name: str) -> SqlNode:
    import sqlglot

    return sqlglot.parse_one(_TEMPLATES[name], read="duckdb")


def _extract(node: SqlNode) -> SqlNode | None:
    from sqlglot import exp

    if node.name.upper() not in _DAYS_OF_WEEK:
        return None
    return exp.func("isodow", node.expression.copy())


def _moved(node: SqlNode) -> SqlNode | None:
    """Return a time with an interval added or taken away; a date stays a date."""
    from sqlglot import exp

    sides = [node.this, node.expression]
    times = [side for side in sides if not isinstance(side, exp.Interval)]
    if isinstance(node, exp.Sub) and len(times) == 2:
        return _between(*times)
    if isinstance(node, exp.Add | exp.Sub) and len(times) != 1:
        return None
    return call("moved", times[0], node)


def _between(late: SqlNode, early: SqlNode) -> SqlNode | None:
    """Return the interval between two dates, which DuckDB gives as a number of days."""
    from sqlglot import exp

    if not (_is_date(late) or _is_date(early)):
        return None
    return exp.Sub(this=exp.cast(late, "timestamp"), expression=exp.cast(early, "timestamp"))


def _is_date(node: SqlNode) -> bool:
    from sqlglot import exp

    value = node.unnest()
    if isinstance(value, exp.Cast):
        return bool(value.to.is_type("date"))
    return isinstance(value, exp.CurrentDate)


def _date(node: SqlNode) -> SqlNode | None:
    from sqlglot import exp

    if node.args.get("zone") is not None or node.expressions:
        return None
    cast = exp.cast(node.this, "date")
    return replace_cast(cast) or cast


def _sequence(node: SqlNode) -> SqlNode:
    return call("sequence", *_present(node, "start", "end", "step"))


def _substring(node: SqlNode) -> SqlNode | None:
    from sqlglot import exp

    start = node.args.get("start")
    if start is None or (isinstance(start, exp.Literal) and int(start.name) > 0):
        return None
    return call("substr", *_present(node, "this", "start", "length"))


def _present(node: SqlNode, *keys: str) -> list[SqlNode]:
    return [node.args[key] for key in keys if node.args.get(key) is not None]


def _split(node: SqlNode) -> SqlNode | None:
    if node.args.get("limit") is None:
        return None
    msg = "The local Athena cannot run split with a limit."
    raise QueryError(msg)


def _arg_max(node: SqlNode) -> SqlNode | None:
    """Return the function that takes a NULL beside the greatest or the least value as well."""
    from sqlglot import exp

    if node.args.get("count") is not None:
        return None
    name = "arg_max_null" if isinstance(node, exp.ArgMax) else "arg_min_null"
    return exp.Anonymous(this=name, expressions=[node.this.copy(), node.expression.copy()])


def _concat_ws(node: SqlNode) -> SqlNode | None:
    return call("concat_ws", *node.expressions) if len(node.expressions) == 2 else None


def _json_extract(node: SqlNode) -> SqlNode | None:
    """Return the function for a text that is perhaps no JSON: then it gives NULL."""
    from sqlglot import exp

    if node.args.get("json_query"):
        _refuse_json(node)
    if is_json(node.this):
        return None
    changed = node.copy()
    changed.set("this", exp.TryCast(this=node.this.copy(), to=exp.DataType.build("json")))
    return changed


def _json_scalar(node: SqlNode) -> SqlNode:
    from sqlglot import exp

    found = exp.JSONExtract(this=node.this.copy(), expression=node.expression.copy())
    return call("json_scalar", _json_extract(found) or found)


def _refuse_json(_: SqlNode) -> None:
    msg = "The local Athena cannot run json_exists, json_query and json_value."
    raise QueryError(msg, hint="Use json_extract and json_extract_scalar.")


def _regexp_replace(node: SqlNode) -> SqlNode | None:
    return _with_pattern(node, "replacement", regexp_replacement)


def _format(node: SqlNode) -> SqlNode | None:
    from sqlglot import exp

    if not node.this.is_string:
        return None
    # Under another name, since the parser's own translation knows one pattern only.
    arguments = [exp.Literal.string(format_pattern(node.this.name)), *node.expressions]
    return exp.Anonymous(this="format", expressions=[item.copy() for item in arguments])


def _format_datetime(node: SqlNode) -> SqlNode | None:
    from sqlglot import exp

    time, pattern = node.expressions
    if not pattern.is_string:
        return None
    pattern = exp.Literal.string(strftime_pattern(pattern.name))
    return exp.func("strftime", time.copy(), pattern)


def _parse_datetime(node: SqlNode) -> SqlNode | None:
    from sqlglot import exp

    pattern = node.args.get("format")
    if pattern is None or not pattern.is_string:
        return None
    pattern = exp.Literal.string(strftime_pattern(pattern.name))
    parsed = exp.Anonymous(this="strptime", expressions=[node.this.copy(), pattern])
    return exp.Anonymous(this="timezone", expressions=[exp.Literal.string("UTC"), parsed])


def _with_pattern(node: SqlNode, key: str, translate: Callable[[str], str]) -> SqlNode | None:
    """Return the function with one of its arguments translated, if that is a literal."""
    from sqlglot import exp

    pattern = node.args.get(key)
    if pattern is None or not pattern.is_string:
        return None
    changed = node.copy()
    changed.set(key, exp.Literal.string(translate(pattern.name)))
    return changed


_SPECIAL: dict[str, Callable[[SqlNode], SqlNode | None]] = {
    "Add": _moved,
    "ArgMax": _arg_max,
    "ArgMin": _arg_max,
    "Cast": replace_cast,
    "ConcatWs": _concat_ws,
    "Date": _date,
    "DateAdd": _moved,
    "Extract": _extract,
    "Format": _format,
    "GenerateSeries": _sequence,
    "JSONExtract": _json_extract,
    "JSONExtractScalar": _json_scalar,
    "JSONValue": _refuse_json,
    "ParseDatetime": _parse_datetime,
    "RegexpReplace": _regexp_replace,
    "Split": _split,
    "Sub": _moved,
    "Substring": _substring,
    "TryCast": replace_cast,
    "format_datetime": _format_datetime,
    "json_exists": _refuse_json,
}
