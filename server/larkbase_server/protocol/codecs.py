"""Codecs of plain JSON values: texts, numbers, flags, bytes, lists, maps and tagged objects."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from larkbase_server.protocol.errors import MalformedMessage
from larkbase_server.protocol.shape import Codec, read_shape, write_shape

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_WHOLE = re.compile(r"-?[0-9]{1,19}")

Classes = Mapping[str, type["DataclassInstance"]]


def must_be(what: str, path: str) -> NoReturn:
    """Raise the error that says what a member must be; its value is never quoted."""
    msg = f"{path} must be {what}."
    raise MalformedMessage(msg)


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        must_be("a text", path)
    return value


def _integer(value: Any, path: str) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        must_be("a whole number", path)
    return value


def _count(value: Any, path: str) -> int | None:
    number = _integer(value, path)
    return None if number < 0 else number


def _flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        must_be("true or false", path)
    return value


def read_base64(value: Any, path: str) -> bytes:
    """Return the bytes of a base64 text.

    Raises:
        MalformedMessage: when it is no base64.
    """
    text = _text(value, path)
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        must_be("base64", path)


def write_base64(value: bytes) -> str:
    """Return standard base64 with padding and without line breaks."""
    return base64.b64encode(value).decode("ascii")


def _scalar(value: Any, path: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return _text(value, path)


def _mapping(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        must_be("a JSON object", path)
    return value


def _text_map(value: Any, path: str) -> dict[str, str]:
    entries = _mapping(value, path).items()
    return {key: _scalar(item, f"{path}.{key}") for key, item in entries if item is not None}


def _as_is(value: Any, _: int) -> Any:
    return value


TEXT = Codec(_text, _as_is)
INTEGER = Codec(_integer, _as_is)
FLAG = Codec(_flag, _as_is)
BYTES = Codec(read_base64, lambda value, _: write_base64(value))
JSON = Codec(
    lambda value, _: tuple(value) if isinstance(value, list) else value,
    lambda value, _: list(value) if isinstance(value, tuple) else value,
)
COUNT = Codec(_count, lambda value, _: -1 if value is None else value)
"""A number of rows; None is "no limit", which the wire writes as -1."""

SIZE = Codec(_integer, lambda value, _: str(value))
"""A number of bytes, which the wire writes as a text."""

TEXT_MAP = Codec(_text_map, lambda value, _: dict(value))


def choice(*values: str) -> Codec:
    """Return the codec of a text that is one of a few."""

    def read(value: Any, path: str) -> str:
        if value not in values:
            must_be("one of " + ", ".join(values), path)
        return str(value)

    return Codec(read, _as_is)


def list_of(codec: Codec) -> Codec:
    """Return the codec of a tuple whose items have the given codec."""

    def read(value: Any, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            must_be("a JSON list", path)
        return tuple(codec.read(item, f"{path}[{index}]") for index, item in enumerate(value))

    return Codec(read, lambda value, version: [codec.write(item, version) for item in value])


def map_of(codec: Codec) -> Codec:
    """Return the codec of a dict with text keys whose values have the given codec."""

    def read(value: Any, path: str) -> dict[str, Any]:
        entries = _mapping(value, path).items()
        return {key: codec.read(item, f"{path}.{key}") for key, item in entries}

    def write(value: Mapping[str, Any], version: int) -> dict[str, Any]:
        return {key: codec.write(item, version) for key, item in value.items()}

    return Codec(read, write)


def tagged(classes: Callable[[], Classes], aliases: Mapping[str, str] | None = None) -> Codec:
    """Return the codec of objects that name their class in ``@type``.

    Args:
        classes: Called late; the classes by the name that the wire gives them, their own.
        aliases: Names that are read as well, with the name they stand for.
    """
    others = aliases or {}

    def read(value: Any, path: str) -> Any:
        name = _mapping(value, path).get("@type")
        owner = classes().get(others.get(str(name), str(name)))
        if owner is None:
            must_be(f"one of {', '.join(classes())}, not {name!r}", path)
        return read_shape(owner, value, path)

    return Codec(read, write_tagged)


def write_tagged(value: DataclassInstance, version: int) -> dict[str, Any]:
    """Return the JSON object of a value, with the name of its class as the first key."""
    return {"@type": type(value).__name__, **write_shape(value, version)}
