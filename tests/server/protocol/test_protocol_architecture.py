"""The room is pure: no Lark, no AWS, no pandas, and no pyarrow before there are rows."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import larkbase_server.protocol

ROOM = Path(larkbase_server.protocol.__file__).parent
MODULES = sorted(ROOM.glob("*.py"))
ALLOWED = {"pyarrow", "cryptography", "larkbase_server", "_typeshed"}
IO = {"socket", "http", "urllib", "subprocess", "os", "pathlib", "io", "shutil", "tempfile"}


def imports_of(path: Path) -> set[str]:
    """Return every module that a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_room_imports_only_arrow_and_cryptography(path):
    """Neither larkbase_sdk nor boto3, nor a library that does input or output."""
    roots = {name.split(".")[0] for name in imports_of(path)}

    assert roots - set(sys.stdlib_module_names) <= ALLOWED
    assert roots & IO == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_room_imports_nothing_else_of_the_server(path):
    """Settings, the connector and the crawler stand above it."""
    inside = {name for name in imports_of(path) if name.startswith("larkbase_server")}

    assert all(name.startswith("larkbase_server.protocol") for name in inside)


def test_cryptography_is_imported_only_when_a_block_is_encrypted():
    """Inside the functions that need it."""
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        outside = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]

        assert not any("cryptography" in ast.unparse(node) for node in outside)


def loaded_by(code: str) -> set[str]:
    """Return which heavy modules a fresh interpreter has loaded after some code."""
    watched = ["pyarrow", "cryptography", "numpy", "pandas", "boto3", "larkbase_sdk"]
    probe = f"import sys; print(*[name for name in {watched} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", f"{code}; {probe}"], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_a_ping_is_answered_before_pyarrow_is_loaded():
    """The first call of a cold function is a Ping."""
    code = (
        "from larkbase_server.protocol.discovery import PingResponse; "
        "from larkbase_server.protocol.messages import read_request, write_answer; "
        "request = read_request({'@type': 'PingRequest', 'catalogName': 'c', 'queryId': 'q'}); "
        "write_answer(PingResponse.to(request, 'lark'), 5)"
    )

    assert loaded_by(code) == set()


def test_reading_and_writing_rows_loads_neither_pandas_nor_aws():
    """The Lambda carries no pandas, and numpy only where something else brought it."""
    code = (
        "import larkbase_server.protocol.answers, larkbase_server.protocol.messages, "
        "larkbase_server.protocol.spill, larkbase_server.protocol.wire_batches"
    )

    assert loaded_by(code) - {"numpy"} == {"pyarrow"}
