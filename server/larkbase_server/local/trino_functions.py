"""Functions of Athena whose meaning DuckDB has under another name, or not at all.

What the parser's own dialects translate is not repeated here. Known differences that remain:
rounding of halves when a double becomes a whole number (DuckDB takes the even one), text of times
and of large doubles, and ``date + interval``, which DuckDB makes a timestamp.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from larkbase_sdk.read.constants import SqlNode

_TEMPLATES = {
    "all_match": (
        "CASE WHEN :a IS NULL THEN NULL "
        "ELSE COALESCE(list_bool_and(list_transform(:a, :b)), TRUE) END"
    ),
    "any_match": (
        "CASE WHEN :a IS NULL THEN NULL "
        "ELSE COALESCE(list_bool_or(list_transform(:a, :b)), FALSE) END"
    ),
    "none_match": (
        "CASE WHEN :a IS NULL THEN NULL "
        "ELSE NOT COALESCE(list_bool_or(list_transform(:a, :b)), FALSE) END"
    ),
    "arrays_overlap": "list_has_any(:a, :b)",
    "codepoint": "unicode(:a)",
    "every": "bool_and(:a)",
    "infinity": "CAST('inf' AS DOUBLE)",
    "map_agg": "map_from_entries(list((:a, :b)) FILTER (WHERE NOT :a IS NULL))",
    "nan": "CAST('nan' AS DOUBLE)",
    "to_iso8601": "strftime(:a, '%Y-%m-%dT%H:%M:%S.%g')",
    # Whole units between two times, where DuckDB's function of this name counts boundaries.
    "DateDiff": "date_sub(:unit, :b, :a)",
    # NULL where nothing is found, not an empty text.
    "RegexpExtract": "CASE WHEN regexp_matches(:a, :b) THEN regexp_extract(:a, :b, :group) END",
    # A time without a zone is UTC; what comes out is the wall clock of the zone.
    "AtTimeZone": "timezone(:zone, timezone('UTC', CAST(:a AS TIMESTAMP)))",
    # The third argument is a length.
    "ArraySlice": "array_slice(:a, :start, :start + :end - 1)",
}
_LETTERS = "abcd"
_DAYS_OF_WEEK = frozenset({"DOW", "DAYOFWEEK", "DAY_OF_WEEK"})
"""Monday is 1 there, and Sunday 7."""

_JODA = {
    "yyyy": "%Y", "yy": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "dd": "%d", "HH": "%H",
    "hh": "%I", "mm": "%M", "ss": "%S", "SSS": "%g", "EEEE": "%A", "EEE": "%a", "a": "%p",
}  # fmt: skip
"""Parts of a pattern of ``format_datetime``, the longer ones first."""


def replace_functions(tree: SqlNode) -> None:
    """Put what DuckDB understands in the place of functions that it does not, in the tree."""
    from sqlglot import exp

    # From the inside out, because what is replaced is copied into its replacement.
    for node in reversed(list(tree.find_all(exp.Func, exp.AtTimeZone))):
        replacement = _replacement(node)
        if replacement is not None and node is not tree:
            node.replace(replacement)


def _replacement(node: SqlNode) -> SqlNode | None:
    from sqlglot import exp

    name = type(node).__name__
    if name == "Anonymous":
        name = str(node.this).lower()
        arguments = dict(zip(_LETTERS, node.expressions, strict=False))
    else:
        arguments = _arguments(node)
    if name == "format_datetime":
        return _formatted(arguments)
    if name == "Extract" and node.name.upper() in _DAYS_OF_WEEK:
        return exp.func("isodow", node.expression.copy())
    if name not in _TEMPLATES:
        return None
    copies = {key: value.copy() for key, value in arguments.items()}
    return exp.replace_placeholders(_template(name).copy(), **copies)


def _arguments(node: SqlNode) -> dict[str, SqlNode]:
    """Return the arguments of a function that the parser knows, by the names of templates."""
    from sqlglot import exp

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


def _formatted(arguments: dict[str, SqlNode]) -> SqlNode | None:
    """Return ``format_datetime`` with its pattern as DuckDB writes patterns."""
    from sqlglot import exp

    pattern = arguments.get("b")
    if pattern is None or not pattern.is_string:
        return None
    text, rest = "", pattern.name
    while rest:
        part = next((key for key in _JODA if rest.startswith(key)), rest[0])
        text += _JODA.get(part, part)
        rest = rest[len(part) :]
    return exp.func("strftime", arguments["a"].copy(), exp.Literal.string(text))
