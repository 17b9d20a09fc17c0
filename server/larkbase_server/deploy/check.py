"""Looks at a finished package for what would keep it from running in Lambda."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from larkbase_server.deploy.contents import FORBIDDEN, module_of
from larkbase_server.deploy.elf import NotElf, read_elf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from larkbase_server.deploy.contents import Function
    from larkbase_server.deploy.elf import Elf
    from larkbase_server.deploy.targets import Target

LARGEST_UNPACKED = 262_144_000
"""Bytes, 250 MiB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""

IN_LAMBDA = frozenset(
    {
        "ld-linux-aarch64.so.1",
        "ld-linux-x86-64.so.2",
        "libc.so.6",
        "libdl.so.2",
        "libgcc_s.so.1",
        "libm.so.6",
        "libpthread.so.0",
        "librt.so.1",
        "libstdc++.so.6",
        "libutil.so.1",
    }
)
"""Libraries of Lambda's system: those of glibc and of the C++ runtime, which its Python loads."""

_EXPECTED = (
    "larkbase_sdk/__init__.py",
    "larkbase_server/settings.py",
    "orjson/__init__.py",
    "pyarrow/__init__.py",
    "requests/__init__.py",
    "tzdata/zoneinfo/tzdata.zi",
)
_COMPILED = ("orjson/orjson", "pyarrow/lib", "pyarrow/_compute", "pyarrow/_json")


def problems(package: Path, function: Function, target: Target) -> list[str]:
    """Return what is wrong with a zip file, in sentences; nothing when it can run.

    Looked at are the files that must be there and those that must not, the unpacked size, and of
    every compiled file the processor, the libraries that it needs, and its alignment.
    """
    with zipfile.ZipFile(package) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        compiled = {
            name: archive.read(name) for name in sizes if ".so" in PurePosixPath(name).suffixes
        }
    return [
        *_presence(set(sizes), function),
        *_size(sum(sizes.values())),
        *_compiled_files(compiled, target),
    ]


def _presence(names: set[str], function: Function) -> Iterator[str]:
    module = function.handler.rpartition(".")[0].replace(".", "/")
    for name in (f"{module}/__init__.py", *_EXPECTED):
        if name not in names:
            yield f"{name} is missing."
    for prefix in _COMPILED:
        if not any(name.startswith(f"{prefix}.") and name.endswith(".so") for name in names):
            yield f"{prefix} is not there in compiled form."
    unwanted = {module_of(name) for name in names} & FORBIDDEN
    yield from (f"{name} must not be in it." for name in sorted(unwanted))


def _size(unpacked: int) -> Iterator[str]:
    if unpacked > LARGEST_UNPACKED:
        yield f"It unpacks to {unpacked / 1e6:.0f} MB, more than Lambda takes."


def _compiled_files(compiled: dict[str, bytes], target: Target) -> Iterator[str]:
    present = set(compiled)
    for name, content in sorted(compiled.items()):
        try:
            elf = read_elf(content)
        except NotElf as error:
            yield f"{name} is {error}."
            continue
        yield from _compiled_file(name, elf, present, target)


def _compiled_file(name: str, elf: Elf, present: set[str], target: Target) -> Iterator[str]:
    if elf.machine != target.elf_machine:
        yield f"{name} is not for {target.name}."
    if not elf.aligned:
        yield f"{name} cannot be loaded: its segments are not aligned."
    folder = PurePosixPath(name).parent
    places = [folder / text.removeprefix("$ORIGIN").lstrip("/") for text in elf.search]
    for library in elf.needed:
        found = library in IN_LAMBDA or any(str(place / library) in present for place in places)
        if not found:
            yield f"{name} needs {library}, which is nowhere."
