"""Takes out of installed wheels what no Lambda function uses."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from larkbase_server.deploy.elf import read_elf

if TYPE_CHECKING:
    from pathlib import Path

_FOLDERS = frozenset({"__pycache__", "tests", "include", "includes", "src"})
"""Compiled for another Python, tests, headers and sources of libraries."""

_TOP = frozenset({"bin", "cffi", "pycparser"})
"""Programs, and what makes bindings: cryptography loads the compiled part of cffi only."""

_SOURCES = frozenset({".pyx", ".pxd", ".pxi", ".pyi", ".h", ".hpp", ".c", ".cc", ".cpp"})
_BOOKKEEPING = frozenset(
    {"RECORD", "INSTALLER", "REQUESTED", "WHEEL", "direct_url.json", "entry_points.txt"}
)
"""What pip notes down; licences and metadata stay."""

_ARROW_MODULES = frozenset({"lib", "_acero", "_compute", "_json"})
"""Compiled modules of pyarrow that are imported; acero sorts and filters tables."""

_DIALECTS = frozenset(
    {"__init__", "athena", "base", "dialect", "hive", "mysql", "presto", "prql", "trino"}
)
"""Athena's dialect of SQL in sqlglot, with those it is made of."""

_DIALECT_FOLDERS = frozenset({"dialects", "generators", "parsers", "typing"})


def prune(site: Path) -> None:
    """Delete what is not needed from a folder into which wheels were installed."""
    # In this order a folder comes after what is in it.
    for path in sorted(site.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif not needed(PurePosixPath(path.relative_to(site).as_posix())):
            path.unlink()
    _prune_arrow(site / "pyarrow")


def needed(path: PurePosixPath) -> bool:
    """Tell whether a file of a wheel, seen from the folder, may be used in Lambda."""
    if path.parts[0] in _TOP or _FOLDERS & set(path.parts[:-1]) or path.suffix in _SOURCES:
        return False
    if path.parent.suffix == ".dist-info":
        return path.name not in _BOOKKEEPING
    if path.parts[0] == "sqlglot":
        return _of_athena(path)
    return True


def _of_athena(path: PurePosixPath) -> bool:
    if path.parts[1] in _DIALECT_FOLDERS:
        return path.stem in _DIALECTS
    return path.parts[1] != "executor"


def _prune_arrow(folder: Path) -> None:
    """Keep the compiled modules that are imported, and the libraries that these load."""
    libraries = {path.name: path for path in folder.glob("*.so*") if path.is_file()}
    waiting = [name for name in libraries if name.split(".")[0] in _ARROW_MODULES]
    kept: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in libraries and name not in kept:
            kept.add(name)
            waiting += read_elf(libraries[name].read_bytes()).needed
    for name in libraries.keys() - kept:
        libraries[name].unlink()
