"""Zip files that come out the same, byte for byte, from the same files."""

from __future__ import annotations

import hashlib
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path, PurePosixPath

_MOMENT = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip file can say."""

_LEVEL = 4
"""Half the time of zlib's usual level, for 3 % more bytes."""

_UNIX = 3
_READABLE = 0o100644
_EXECUTABLE = 0o100755


def write_zip(target: Path, entries: Iterable[tuple[PurePosixPath, Path]]) -> None:
    """Write files into a zip file, sorted and without their dates and owners.

    Args:
        target: The zip file.
        entries: For each file its place in the zip file, and where it is.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, path in sorted(entries, key=lambda entry: str(entry[0])):
            entry = zipfile.ZipInfo(str(place), _MOMENT)
            entry.create_system = _UNIX
            entry.compress_type = zipfile.ZIP_DEFLATED
            mode = _EXECUTABLE if ".so" in place.suffixes else _READABLE
            entry.external_attr = mode << 16
            archive.writestr(entry, path.read_bytes(), compresslevel=_LEVEL)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
