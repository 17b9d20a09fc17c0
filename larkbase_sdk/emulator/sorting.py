"""Sorting: what each field sorts by; empty cells come last in both directions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from larkbase_sdk.emulator.answers import ApiError, invalid_field, wrong_type
from larkbase_sdk.emulator.conditions import is_empty, segments_text
from larkbase_sdk.emulator.display import displayed
from larkbase_sdk.emulator.serial import counter_of

if TYPE_CHECKING:
    from larkbase_sdk.emulator.fields import EmulatedField
    from larkbase_sdk.emulator.filters import Columns, FieldFinder
    from larkbase_sdk.emulator.switches import Switches

MAX_SORTS = 100


@dataclass(frozen=True, slots=True)
class SortKey:
    """One column of a sort."""

    field: EmulatedField
    descending: bool


def parse_sort(raw: Any, switches: Switches, find: FieldFinder) -> tuple[SortKey, ...]:
    """Return the sort of a search body.

    Raises:
        ApiError: as the service refuses it (1254016, 1254045, 1254108, 9499, 99992402).
    """
    if raw is None or raw == []:
        return ()
    if not isinstance(raw, list):
        raise wrong_type(member="sort", value=raw)
    if switches.refuse_sorts is not None:
        raise ApiError(switches.refuse_sorts)
    limit = switches.max_sort_chars
    if limit is not None and len(orjson.dumps(raw).decode()) > limit:
        raise ApiError(1254108)
    if len(raw) > MAX_SORTS:
        raise invalid_field(member="sort", why=f"the max len is {MAX_SORTS}")
    return tuple(_sort_key(item, find) for item in raw)


def _sort_key(item: Any, find: FieldFinder) -> SortKey:
    if not isinstance(item, Mapping):
        raise wrong_type(member="sort", value=item)
    name, descending = item.get("field_name"), item.get("desc", False)
    if not isinstance(name, str) or not name:
        raise ApiError(1254016)
    if not isinstance(descending, bool) and descending not in ("true", "false"):
        raise wrong_type(member="desc", value=descending)
    field = find(name)
    if field.kind.family == "silent":
        raise ApiError(1254016)
    return SortKey(field, descending in (True, "true"))


def order(
    keys: tuple[SortKey, ...], positions: Sequence[int], cells: Columns, switches: Switches
) -> Sequence[int]:
    """Return positions in the order of a sort; ties keep the order they had."""
    for key in reversed(keys):
        value_of = _value_of(key.field, switches)
        filled: list[tuple[Any, int]] = []
        empty: list[int] = []
        for position, cell in zip(positions, cells(key.field.field_id, positions), strict=True):
            if is_empty(cell):
                empty.append(position)
            else:
                filled.append((value_of(cell), position))
        filled.sort(key=lambda pair: pair[0], reverse=key.descending)
        positions = [position for _, position in filled] + empty
    return positions


def _value_of(field: EmulatedField, switches: Switches) -> Callable[[Any], Any]:
    family = field.kind.family
    if family == "number" and switches.sort_by_displayed:
        return displayed(field) or (lambda cell: cell)
    if family in ("single", "multi") and switches.select_sort == "option":
        return _by_option(field)
    if family == "autonumber":
        return lambda cell: counter_of(field.property or {}, cell) or 0
    if family == "result":
        return _result_value
    fold = switches.text_sort == "casefold"
    plain = _PLAIN.get(family, lambda cell: cell)
    return lambda cell: _folded(plain(cell), fold)


def _folded(value: Any, fold: bool) -> Any:
    return value.casefold() if fold and isinstance(value, str) else value


def _by_option(field: EmulatedField) -> Callable[[Any], Any]:
    places = {name: place for place, name in enumerate(field.options)}
    last = len(places)

    def value_of(cell: Any) -> list[int]:
        names = [cell] if isinstance(cell, str) else cell
        return [places.get(name, last) for name in names]

    return value_of


def _result_value(cell: Any) -> tuple[int, Any]:
    value = cell.get("value")
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, int | float):
        return (0, first)
    if isinstance(first, dict):
        first = first.get("text", first.get("name", ""))
    return (1, str(first))


def _joined_names(cell: Any) -> str:
    return ",".join(str(item.get("name", "")) for item in cell)


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "text": segments_text,
    "multi": ",".join,
    "person": _joined_names,
    "chat": _joined_names,
    "attachment": _joined_names,
    "url": lambda cell: str(cell.get("text", "")),
    "location": lambda cell: str(cell.get("full_address", "")),
    "link": lambda cell: ",".join(cell.get("link_record_ids") or []),
    "unknown": str,
}
