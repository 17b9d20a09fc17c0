"""Times ``AT TIME ZONE``, which DuckDB has as the wall clock of the zone, without the zone.

The wall clock is what dates, hours and texts are made of. Where the moment counts instead, as in a
comparison, the time is given back its zone. Known difference that remains: of a column that a
subquery made in this way, only the wall clock is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.errors import QueryError

if TYPE_CHECKING:
    from larkbase_sdk.read.constants import SqlNode

_PARTS = frozenset({"TIMEZONE_HOUR", "TIMEZONE_MINUTE"})


def replace_zones(tree: SqlNode) -> None:
    """Put moments in the place of wall clocks where moments count, in the tree.

    Raises:
        QueryError: there is something that needs the zone itself.
    """
    from sqlglot import exp

    # From the inside out, because what is replaced is copied into its replacement.
    for node in reversed(list(tree.find_all(exp.UnixToTime, exp.Anonymous, exp.Extract))):
        _spell_out(node)
    for node in reversed(list(tree.find_all(exp.AtTimeZone))):
        while isinstance(node.this.unnest(), exp.AtTimeZone):
            node.set("this", node.this.unnest().this)
    for node in reversed(list(tree.find_all(exp.DateDiff))):
        _align(node)
    moments = (exp.Predicate, exp.Sub, exp.TimeToUnix)
    for node in reversed(list(tree.find_all(*moments))):
        if not (isinstance(node, exp.Sub) and _is_interval(node.expression)):
            _give_back(node)


def _spell_out(node: SqlNode) -> None:
    """Write functions of zones as ``AT TIME ZONE``."""
    from sqlglot import exp

    if isinstance(node, exp.UnixToTime):
        if node.args.get("hours") is not None:
            _refuse("from_unixtime with hours and minutes")
        zone = node.args.get("zone")
        if zone is not None:
            node.set("zone", None)
            node.replace(exp.AtTimeZone(this=node.copy(), zone=zone))
        return
    if isinstance(node, exp.Extract):
        if node.name.upper() in _PARTS:
            _refuse(node.name.lower())
        return
    name = str(node.this).upper()
    if name in _PARTS:
        _refuse(name.lower())
    if name == "AT_TIMEZONE":
        node.replace(exp.AtTimeZone(this=node.expressions[0], zone=node.expressions[1]))


def _refuse(what: str) -> None:
    msg = f"The local Athena cannot run {what}."
    raise QueryError(msg)


def _align(node: SqlNode) -> None:
    """Let both times of ``date_diff`` be in the zone of the first."""
    from sqlglot import exp

    first, second = _zone_of(node.expression), _zone_of(node.this)
    if first == second:
        return
    moment = _moment(node.this)
    node.set("this", moment if first is None else exp.AtTimeZone(this=moment, zone=first.copy()))


def _give_back(node: SqlNode) -> None:
    from sqlglot import exp

    for key in ("this", "expression", "low", "high"):
        operand = node.args.get(key)
        if isinstance(operand, exp.Expression) and _zone_of(operand) is not None:
            node.set(key, _moment(operand))
    for operand in list(node.expressions):
        if _zone_of(operand) is not None:
            operand.replace(_moment(operand))


def _zone_of(node: SqlNode) -> SqlNode | None:
    """Return the zone whose wall clock an expression is, or None."""
    from sqlglot import exp

    value = node.unnest()
    if isinstance(value, exp.AtTimeZone):
        zone: SqlNode = value.args["zone"]
        return zone
    kept = (exp.DateTrunc, exp.TimestampTrunc, exp.DateAdd, exp.Max, exp.Min)
    moved = isinstance(value, exp.Add | exp.Sub) and _is_interval(value.expression)
    return _zone_of(value.this) if moved or isinstance(value, kept) else None


def _moment(node: SqlNode) -> SqlNode:
    """Return the moment of a time, whether it is the wall clock of a zone or not."""
    from sqlglot import exp

    zone, value = _zone_of(node), node.unnest()
    if zone is None:
        return node.copy()
    if isinstance(value, exp.AtTimeZone):
        return exp.cast(value.this.copy(), "timestamptz")
    return exp.Anonymous(this="timezone", expressions=[zone.copy(), node.copy()])


def _is_interval(node: SqlNode) -> bool:
    from sqlglot import exp

    return isinstance(node.unnest(), exp.Interval)
