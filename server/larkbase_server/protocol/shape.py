"""The shape of JSON objects, declared once: a dataclass lists its members in wire order.

Reading is lenient: the order of the keys is irrelevant, unknown keys are ignored, and null is a
missing key. Writing is strict: exactly the members that the version has, in declared order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any

from larkbase_server.protocol.errors import MalformedMessage, UnsupportedVersion

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Reader = Callable[[Any, str], Any]
"""Makes a value of JSON; the text is the path of the value, for error messages."""

Writer = Callable[[Any, int], Any]
"""Makes JSON of a value, for a serde version."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How one kind of value is read and written."""

    read: Reader
    write: Writer


@dataclass(frozen=True, slots=True)
class Member:
    """One key of an object.

    Attributes:
        keys: Its name, then the names that older versions gave it.
        codec: How its value is read and written.
        since: The first serde version that has it.
        omit_default: Leave the key out when its value is the default.
    """

    keys: tuple[str, ...]
    codec: Codec
    since: int
    omit_default: bool


def member(
    key: str,
    codec: Codec,
    *,
    aliases: tuple[str, ...] = (),
    since: int = 1,
    omit_default: bool = False,
    **options: Any,
) -> Any:
    """Declare a dataclass field that is the member ``key``; without a default it must be there.

    Args:
        key: The name on the wire.
        codec: How the value is read and written.
        aliases: Names that are read as well, but never written.
        since: The first serde version that writes the member.
        omit_default: Leave the key out when its value is the default.
        options: What ``dataclasses.field`` takes: ``default``, ``default_factory``, ``repr``.
    """
    declared = Member((key, *aliases), codec, since, omit_default)
    return field(metadata={"member": declared}, **options)


def optional(codec: Codec) -> Codec:
    """Return the codec of a value that is None when its key is null or missing."""
    return Codec(
        codec.read,
        lambda value, version: None if value is None else codec.write(value, version),
    )


def codec_of(owner: Callable[[], type[DataclassInstance]]) -> Codec:
    """Return the codec of an object; ``owner`` is called late, so that a class can hold itself."""
    return Codec(lambda data, path: read_shape(owner(), data, path), write_shape)


def read_shape(owner: type[DataclassInstance], data: Any, path: str) -> Any:
    """Return an instance of the dataclass ``owner`` made of the JSON object ``data``.

    Raises:
        MalformedMessage: when it is no object, lacks a member, or a member cannot be read.
    """
    if not isinstance(data, Mapping):
        msg = f"{path} must be a JSON object."
        raise MalformedMessage(msg)
    values = {}
    for name, (declared, default) in members(owner).items():
        raw = next((data[key] for key in declared.keys if data.get(key) is not None), None)
        if raw is not None:
            values[name] = declared.codec.read(raw, f"{path}.{declared.keys[0]}")
        elif default is MISSING:
            msg = f"{path} lacks the member {declared.keys[0]!r}."
            raise MalformedMessage(msg)
    try:
        return owner(**values)
    except MalformedMessage as error:
        msg = f"{path}: {error}"
        raise MalformedMessage(msg) from None


def write_shape(value: DataclassInstance, version: int) -> dict[str, Any]:
    """Return the JSON object of a declared dataclass, in the key order of the version.

    Raises:
        UnsupportedVersion: when a member has a value that the version has no key for.
    """
    data = {}
    for name, (declared, default) in members(type(value)).items():
        content = getattr(value, name)
        if declared.since > version:
            if content != default:
                msg = f"Serde version {version} has no member {declared.keys[0]!r}."
                raise UnsupportedVersion(msg)
        elif not declared.omit_default or content != default:
            data[declared.keys[0]] = declared.codec.write(content, version)
    return data


@cache
def members(owner: type[DataclassInstance]) -> dict[str, tuple[Member, Any]]:
    """Return the members of a class by attribute, each with its default or ``MISSING``."""
    return {
        item.name: (item.metadata["member"], _default(item))
        for item in fields(owner)
        if "member" in item.metadata
    }


def _default(item: Any) -> Any:
    if item.default_factory is not MISSING:
        return item.default_factory()
    return item.default
