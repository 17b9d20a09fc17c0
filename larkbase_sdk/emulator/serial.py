"""Auto numbers: how a rule renders a counter, and the counter inside a rendered text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator.clock import day_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

_DATE_PATTERNS = {"yyyyMMdd": "%Y%m%d", "yyyyMM": "%Y%m", "yyyy": "%Y", "MMdd": "%m%d"}


def _parts(rule: Mapping[str, Any]) -> list[tuple[str, str]]:
    serial = rule.get("auto_serial") or {}
    if serial.get("type") != "custom":
        return [("system_number", "1")]
    return [(str(part["type"]), str(part.get("value", ""))) for part in serial["options"]]


def render_serial(rule: Mapping[str, Any], counter: int, created: int, zone: tzinfo) -> str:
    """Return the text of an auto number; a custom rule pads the counter with zeros."""
    texts = []
    for kind, value in _parts(rule):
        if kind == "system_number":
            texts.append(str(counter).zfill(int(value or 1)))
        elif kind == "created_time":
            pattern = _DATE_PATTERNS.get(value, "%Y%m%d")
            texts.append(day_of(created, zone).strftime(pattern))
        else:
            texts.append(value)
    return "".join(texts)


def counter_of(rule: Mapping[str, Any], text: str) -> int | None:
    """Return the counter inside an auto number, or None when the text does not hold one."""
    before = after = 0
    seen = False
    for kind, value in _parts(rule):
        if kind == "system_number":
            seen = True
            continue
        length = len(value)
        before, after = (before, after + length) if seen else (before + length, after)
    digits = text[before : len(text) - after]
    return int(digits) if digits.isascii() and digits.isdigit() else None
