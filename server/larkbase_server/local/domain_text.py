"""Domains as people write conditions."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from larkbase_server.local.domains import Cut, Domain


def domain_text(column: str, domain: Domain) -> str:
    """Return the condition that a domain of a column means, in SQL."""
    if domain.is_all:
        return "TRUE"
    if domain.has_all_values:
        return f"{column} IS NOT NULL"
    parts = _spans(column, domain)
    if domain.null:
        parts.append(f"{column} IS NULL")
    return " OR ".join(parts) or "FALSE"


def _spans(column: str, domain: Domain) -> list[str]:
    listed = domain.points()
    others = domain.complement().points()
    if listed:
        return [_listed(column, listed, "=", "IN")]
    if others:
        return [_listed(column, others, "<>", "NOT IN")]
    return [_span(column, low, high) for low, high in domain.spans]


def _listed(column: str, values: tuple[Any, ...], one: str, several: str) -> str:
    texts = [_literal(value) for value in values]
    if len(texts) == 1:
        return f"{column} {one} {texts[0]}"
    return f"{column} {several} ({', '.join(texts)})"


def _span(column: str, low: Cut, high: Cut) -> str:
    ends = []
    if not low.infinite:
        ends.append(f"{column} {'>' if low.above else '>='} {_literal(low.value)}")
    if not high.infinite:
        ends.append(f"{column} {'<=' if high.above else '<'} {_literal(high.value)}")
    return " AND ".join(ends)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.datetime):
        return f"TIMESTAMP '{value.replace(tzinfo=None).isoformat(' ', 'milliseconds')}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return format(value.normalize(), "f") if hasattr(value, "normalize") else str(value)
