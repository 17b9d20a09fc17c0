"""An interpreter for packages is one that really starts, in the version that was asked for."""

from __future__ import annotations

import sys

import pytest

from larkbase_server.deploy.targets import find_python
from larkbase_server.deploy.wheels import pinned

THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def nothing_else(monkeypatch, tmp_path):
    """A machine with an empty path and an empty home."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "bin").mkdir()
    return tmp_path


def program(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines]))
    path.chmod(0o755)
    return path


@pytest.mark.usefixtures("nothing_else")
def test_this_interpreter_serves_for_its_own_version():
    """Without a look elsewhere."""
    assert str(find_python(THIS)) == sys.executable


@pytest.mark.usefixtures("nothing_else")
def test_there_may_be_none():
    """Packages are then built without compiled modules."""
    assert find_python("3.99") is None


def test_one_on_the_path_must_start(nothing_else):
    """Version managers leave programs that only say that there is no such version."""
    program(nothing_else / "bin" / "python3.99", "echo 'not found' >&2", "exit 127")
    assert find_python("3.99") is None

    right = program(nothing_else / "bin" / "python3.99", "echo Python 3.99.1")
    assert find_python("3.99") == right


def test_versions_of_pyenv_are_found(nothing_else):
    """Those that are not on the path."""
    folder = nothing_else / "home" / ".pyenv" / "versions" / "3.99.4" / "bin"
    expected = program(folder / "python3.99", "echo Python 3.99.4")

    assert find_python("3.99") == expected


def test_versions_are_those_of_this_environment():
    """As a constraints file has them, one a line."""
    pins = dict(line.split("==") for line in pinned().values())

    assert {"pyarrow", "requests", "orjson", "sqlglot"} <= pins.keys()
    assert all(line.lower().startswith(f"{name}==") for name, line in pinned().items())
