"""The shape of the house: who may import whom, and what an import may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SDK = ROOT / "larkbase_sdk"

FLOORS = [
    {"errors", "options", "_version", "ttl_cache", "display", "progress", "profile"},
    {"api"},
    {"schema"},
    {"read"},
    {"catalog", "sinks", "scan", "explanation"},
    {"table", "accessors", "attachments", "sql"},
    {"client", "doctor", "login", "snapshot"},
    {"notebook", "cli"},
]
APART = {"emulator", "testing"}
HEAVY = ["pandas", "duckdb", "boto3", "IPython", "pyarrow", "numpy", "sqlglot", "typer"]


def _room(path: Path) -> str:
    return path.relative_to(SDK).parts[0].removesuffix(".py")


def _floor(room: str) -> int:
    return next(level for level, rooms in enumerate(FLOORS) if room in rooms)


def _modules() -> Iterator[Path]:
    return (path for path in SDK.rglob("*.py") if path != SDK / "__init__.py")


def _imports(path: Path) -> Iterator[str]:
    """Yield the rooms that a module imports when it runs; imports for types do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.startswith("larkbase_sdk."):
                yield name.split(".")[1]


@pytest.mark.parametrize("path", list(_modules()), ids=lambda path: str(path.relative_to(SDK)))
def test_a_room_imports_only_rooms_below_it(path):
    """Lower floors know nothing of the doors above them."""
    room = _room(path)
    if room in APART:
        return
    others = set(_imports(path)) - APART - {room}
    above = {other for other in others if _floor(other) > _floor(room)}

    assert above == set()


def test_the_emulator_shares_no_knowledge_of_lark_with_the_reader():
    """A misunderstanding cannot hide in both the emulator and the reader."""
    forbidden = {"api", "schema", "read"}
    found = {
        (path.name, room)
        for path in (SDK / "emulator").rglob("*.py")
        for room in set(_imports(path)) & forbidden
    }

    assert found == set()


def test_importing_the_package_loads_nothing_heavy():
    """``import larkbase_sdk`` stays quick because heavy libraries load at their first use."""
    code = f"import sys, larkbase_sdk; print([name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout.strip() == "[]"


def test_every_public_name_exists():
    """What ``__all__`` promises can be imported, and is sorted."""
    import larkbase_sdk

    missing = [name for name in larkbase_sdk.__all__ if not hasattr(larkbase_sdk, name)]

    assert missing == []
    assert list(larkbase_sdk.__all__) == sorted(larkbase_sdk.__all__)
