"""Cells: from what people write (or plain Python values) to what the service reads out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_DOWN, Context, Decimal
from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator.clock import midnight
from larkbase_sdk.emulator.fields import EmulatedField
from larkbase_sdk.emulator.kinds import kind_of

if TYPE_CHECKING:
    from larkbase_sdk.emulator.media import MediaStore
    from larkbase_sdk.emulator.people import Directory
    from larkbase_sdk.emulator.switches import Switches

_FIFTEEN_DIGITS = Context(prec=15, rounding=ROUND_DOWN)
_JSON_INTEGERS = range(-(2**63), 2**64)
_WEB_ADDRESS = re.compile(r"https?://\S+")
_LONGEST_PHONE = 64


@dataclass(frozen=True, slots=True)
class World:
    """What a cell may refer to."""

    directory: Directory
    media: MediaStore
    switches: Switches
    zone: tzinfo


class CellError(ValueError):
    """A value that the field cannot hold; ``code`` is what the service answers."""

    def __init__(self, code: int, field: EmulatedField, value: object) -> None:
        super().__init__(f"the {field.ui_type} field {field.name!r} cannot hold {value!r}")
        self.code = code


def to_cell(field: EmulatedField, value: Any, world: World) -> Any:
    """Return the cell as the service reads it out, or None for an empty cell.

    Accepts the read shape, the write shape and plain Python values.

    Raises:
        CellError: when the field's type cannot hold the value.
    """
    if value is None:
        return None
    convert = _CONVERTERS.get(field.kind.family)
    return canonical(value) if convert is None else convert(field, value, world)


def canonical(value: Any) -> Any:
    """Return a JSON value with the keys of every object in alphabetical order."""
    if isinstance(value, Mapping):
        return {str(key): canonical(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    return value


def number_cell(value: float | Decimal) -> int | float:
    """Return a number as the service keeps it: a double, cut to 15 significant digits."""
    if isinstance(value, int) and abs(value) < 10**15:
        return value
    exact = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
    cut = _FIFTEEN_DIGITS.create_decimal(exact)
    number = float(cut)
    return int(cut) if number.is_integer() and int(cut) in _JSON_INTEGERS else number


def _text(field: EmulatedField, value: Any, world: World) -> Any:
    if isinstance(value, list) and all(isinstance(_text_of(part), str) for part in value):
        return canonical(value) or None
    if not isinstance(value, str):
        raise CellError(1254060, field, value)
    if not value:
        return None
    if field.ui_type == "Email":
        return [{"link": f"mailto:{value}", "text": value, "type": "url"}]
    if world.switches.auto_links and _WEB_ADDRESS.fullmatch(value):
        return [{"link": value, "text": value, "type": "url"}]
    if world.switches.text_newlines == "split":
        return [{"text": line, "type": "text"} for line in value.splitlines(keepends=True)]
    return [{"text": value, "type": "text"}]


def _text_of(segment: Any) -> Any:
    return segment.get("text") if isinstance(segment, Mapping) else None


def _number(field: EmulatedField, value: Any, _world: World) -> Any:
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise CellError(1254061, field, value)
    return number_cell(value)


def _single(field: EmulatedField, value: Any, _world: World) -> Any:
    if not isinstance(value, str):
        raise CellError(1254062, field, value)
    if not value:
        return None
    field.add_option(value)
    return value


def _multi(field: EmulatedField, value: Any, _world: World) -> Any:
    names = [value] if isinstance(value, str) else value
    if not _are_texts(names):
        raise CellError(1254063, field, value)
    names = sorted(names) if isinstance(names, set) else list(names)
    for name in names:
        field.add_option(name)
    return names or None


def _are_texts(items: Any) -> bool:
    return isinstance(items, list | tuple | set) and all(isinstance(one, str) for one in items)


def _date(field: EmulatedField, value: Any, world: World) -> Any:
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    if isinstance(value, date):
        return midnight(value, world.zone)
    if isinstance(value, bool) or not isinstance(value, int):
        raise CellError(1254064, field, value)
    return value


def _checkbox(field: EmulatedField, value: Any, _world: World) -> Any:
    if not isinstance(value, bool):
        raise CellError(1254065, field, value)
    return value


def _items(field: EmulatedField, value: Any, code: int) -> list[Any]:
    items = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(item, str | Mapping) for item in items):
        raise CellError(code, field, value)
    return list(items)


def _person(field: EmulatedField, value: Any, world: World) -> Any:
    people = []
    for item in _items(field, value, 1254066):
        known = world.directory.person(item).cell
        full = isinstance(item, Mapping) and set(item) != {"id"}
        people.append(canonical(item) if full else known)
    return people or None


def _chat(field: EmulatedField, value: Any, world: World) -> Any:
    return [world.directory.chat(item) for item in _items(field, value, 1254066)] or None


def _phone(field: EmulatedField, value: Any, _world: World) -> Any:
    if not isinstance(value, str) or len(value) > _LONGEST_PHONE:
        raise CellError(1254072, field, value)
    return value or None


def _url(field: EmulatedField, value: Any, _world: World) -> Any:
    if isinstance(value, str):
        return {"link": value, "text": value} if value else None
    if not isinstance(value, Mapping):
        raise CellError(1254068, field, value)
    return canonical(value)


def _attachment(field: EmulatedField, value: Any, world: World) -> Any:
    items = value if isinstance(value, list) else [value]
    found = [world.media.describe(item) for item in items]
    if any(item is None for item in found):
        raise CellError(1254069, field, value)
    return found or None


def _link(field: EmulatedField, value: Any, _world: World) -> Any:
    if isinstance(value, Mapping):
        value = value.get("link_record_ids") or []
    ids = [value] if isinstance(value, str) else value
    if not _are_texts(ids):
        raise CellError(1254067, field, value)
    return {"link_record_ids": list(ids)} if ids else None


def _location(field: EmulatedField, value: Any, _world: World) -> Any:
    if isinstance(value, Mapping):
        return canonical(value)
    if not isinstance(value, str) or value.count(",") != 1:
        raise CellError(1254015, field, value)
    return {
        "address": "", "adname": "", "cityname": "", "full_address": value, "location": value,
        "name": "", "pname": "",
    }  # fmt: skip


def _autonumber(_field: EmulatedField, value: Any, _world: World) -> Any:
    return str(value)


def _result(field: EmulatedField, value: Any, world: World) -> Any:
    if isinstance(value, Mapping) and "value" in value:
        return canonical(value)
    inner = EmulatedField(field.field_id, field.name, kind_of(field.result), None)
    is_list = isinstance(value, list | tuple) and inner.kind.family not in ("multi", "person")
    collected: list[Any] = []
    for item in value if is_list else [value]:
        cell = to_cell(inner, item, world)
        if cell is not None:
            collected.extend(_elements(inner, cell))
    return {"type": inner.kind.type, "value": collected} if collected else None


def _elements(inner: EmulatedField, cell: Any) -> list[Any]:
    if inner.kind.family == "link":
        return list(cell["link_record_ids"])
    return cell if isinstance(cell, list) else [cell]


_CONVERTERS: dict[str, Callable[[EmulatedField, Any, World], Any]] = {
    "text": _text,
    "number": _number,
    "single": _single,
    "multi": _multi,
    "date": _date,
    "checkbox": _checkbox,
    "person": _person,
    "chat": _chat,
    "phone": _phone,
    "url": _url,
    "attachment": _attachment,
    "link": _link,
    "location": _location,
    "autonumber": _autonumber,
    "result": _result,
}
