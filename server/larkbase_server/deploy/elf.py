"""Reads from an ELF file what decides whether Lambda can load it.

Only the little-endian 64-bit form is read, which is that of both architectures of Lambda; the
layout is that of the System V ABI, chapter "Object Files".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAGIC = b"\x7fELF"

_CLASS_AND_ORDER = b"\x02\x01"
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_ENTRY = struct.Struct("<qQ")
_LOAD, _DYNAMIC = 1, 2
_NEEDED, _STRINGS, _SONAME = 1, 5, 14
_SEARCH_PATHS = (15, 29)
"""DT_RPATH and DT_RUNPATH."""


class NotElf(ValueError):
    """The bytes are no 64-bit little-endian ELF file, or a broken one."""


@dataclass(frozen=True, slots=True)
class Elf:
    """What a loader looks at.

    Attributes:
        machine: The number of the processor's architecture.
        needed: Names of the libraries that must be found.
        soname: The library's own name, or empty.
        search: Where it looks for them before the system's folders.
        aligned: Whether every segment can be mapped; a wrongly stripped file is not.
    """

    machine: int
    needed: tuple[str, ...]
    soname: str
    search: tuple[str, ...]
    aligned: bool


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int
    alignment: int

    @property
    def aligned(self) -> bool:
        return self.alignment < 2 or (self.offset - self.address) % self.alignment == 0


def read_elf(content: bytes) -> Elf:
    """Return what a loader looks at in the bytes of a file.

    Raises:
        NotElf: when they are not such a file.
    """
    try:
        return _read(content)
    except (struct.error, StopIteration, ValueError) as error:
        msg = f"not a readable ELF file: {error}"
        raise NotElf(msg) from None


def _read(content: bytes) -> Elf:
    machine, segments = _segments(content)
    entries = _entries(content, segments)
    strings = _offset(segments, next((value for tag, value in entries if tag == _STRINGS), 0))

    def texts(*tags: int) -> tuple[str, ...]:
        return tuple(_text(content, strings + value) for tag, value in entries if tag in tags)

    loaded = [segment for segment in segments if segment.kind == _LOAD]
    return Elf(
        machine,
        needed=texts(_NEEDED),
        soname="".join(texts(_SONAME)),
        search=tuple(part for text in texts(*_SEARCH_PATHS) for part in text.split(":")),
        aligned=all(segment.aligned for segment in loaded),
    )


def _segments(content: bytes) -> tuple[int, list[_Segment]]:
    """Return the machine and the program headers."""
    if not content.startswith(MAGIC + _CLASS_AND_ORDER):
        msg = "it does not begin as one"
        raise ValueError(msg)
    _, _, machine, _, _, start, _, _, _, size, count, *_ = _HEADER.unpack_from(content)
    found = []
    for number in range(count):
        kind, _, offset, address, _, length, _, alignment = _SEGMENT.unpack_from(
            content, start + number * size
        )
        found.append(_Segment(kind, offset, address, length, alignment))
    return machine, found


def _entries(content: bytes, segments: list[_Segment]) -> list[tuple[int, int]]:
    """Return tags and values of the dynamic section; none in a static file."""
    found: list[tuple[int, int]] = []
    for segment in segments:
        if segment.kind == _DYNAMIC:
            for place in range(segment.offset, segment.offset + segment.size, _ENTRY.size):
                tag, value = _ENTRY.unpack_from(content, place)
                if not tag:
                    break
                found.append((tag, value))
    return found


def _offset(segments: list[_Segment], address: int) -> int:
    """Return where in the file an address is; 0 when there is no dynamic section."""
    if not address:
        return 0
    return next(
        address - segment.address + segment.offset
        for segment in segments
        if segment.kind == _LOAD and 0 <= address - segment.address < segment.size
    )


def _text(content: bytes, place: int) -> str:
    return content[place : content.index(b"\0", place)].decode()
