"""Casts that Athena and DuckDB do in different ways: of texts, of doubles, of JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from larkbase_server.local.trino_macros import call

if TYPE_CHECKING:
    from larkbase_sdk.read.constants import SqlNode

_DAY = r"\s*[+-]?[0-9]{4,}-[0-9]{1,2}-[0-9]{1,2}"
_CLOCK = r"( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]+)?)?)?"
_TEXTS = {
    ("tinyint", "smallint", "int", "bigint"): r"[+-]?[0-9]+",
    ("boolean",): r"(?i:t|f|true|false|1|0)",
    ("date",): rf"{_DAY}\s*",
    # What follows the time of day names a zone; a T between date and time does not.
    ("timestamp",): rf"{_DAY}{_CLOCK}( ?[A-SU-Za-z+-].*)?\s*",
}
"""What Athena takes of a text, by the types to which it is cast; DuckDB takes more."""


def replace_cast(node: SqlNode) -> SqlNode | None:
    """Return what casts as Athena does, or None where DuckDB already does."""
    kind = node.to
    if kind.is_type("varchar", "char"):
        return _to_text(node)
    if _is_null(node.this):
        return None
    pattern = next((text for names, text in _TEXTS.items() if kind.is_type(*names)), None)
    if pattern is None or _is_fine(node.this, pattern):
        return None
    changed = node.copy()
    changed.set("this", call("read", node.this, _literal(pattern)))
    return changed


def is_json(node: SqlNode) -> bool:
    """Tell whether an expression is JSON, as far as its text shows."""
    from sqlglot import exp

    value = node.unnest()
    if isinstance(value, exp.Cast):
        return bool(value.to.is_type("json"))
    return isinstance(value, exp.JSONExtract | exp.ParseJSON)


def _is_null(node: SqlNode) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Null)


def _is_fine(value: SqlNode, pattern: str) -> bool:
    """Tell whether a literal needs no check."""
    if value.is_string:
        return re.fullmatch(pattern, value.name) is not None
    return bool(value.is_int)


def _to_text(node: SqlNode) -> SqlNode | None:
    """Return a cast to text that cuts at the length of the type, and takes the quotes off JSON."""
    from sqlglot import exp

    changed = node.copy()
    length = changed.to.expressions
    if is_json(node.this):
        changed = call("json_scalar" if isinstance(node, exp.TryCast) else "json_text", node.this)
    elif not length:
        return None
    else:
        changed.set("to", exp.DataType.build("varchar"))
    if not length:
        return changed
    if node.to.is_type("char"):
        return exp.Anonymous(this="rpad", expressions=[changed, length[0].this, _literal(" ")])
    return exp.Anonymous(this="left", expressions=[changed, length[0].this])


def _literal(text: str) -> SqlNode:
    from sqlglot import exp

    return exp.Literal.string(text)
