"""Packages of the functions, built once a run, and what runs them as Lambda does."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from larkbase_server.deploy.local_runtime import install_lambda_libraries
from larkbase_server.deploy.package import build_packages
from larkbase_server.deploy.targets import PYTHON, TARGETS, find_python

HERE = {target.machine: target for target in TARGETS.values()}.get(platform.machine())


@dataclass(frozen=True)
class Runnable:
    """The packages that run on this machine, unpacked, with an interpreter for them."""

    python: Path
    libraries: Path
    connector: Path
    crawler: Path


@dataclass(frozen=True)
class Built:
    """A package, and what the command said of it."""

    path: Path
    row: dict[str, Any]


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Let one process of a parallel run in at a time."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Fill a folder by name, once for all processes of this run."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def filled(name: str, fill: Callable[[Path], None]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with alone(shared / f"{name}.lock"):
            if not done.exists():
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return filled


@pytest.fixture(scope="session")
def packages(once: Any) -> dict[tuple[str, str], Built]:
    """What ``larkbase athena package --image`` builds, by function and architecture."""

    def build(folder: Path) -> None:
        command = [sys.executable, "-m", "larkbase_sdk.cli", "athena", "package"]
        ended = subprocess.run(
            [*command, "--image", "--out", folder, "--format", "ndjson"],
            capture_output=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr.decode()
        (folder / "said.ndjson").write_bytes(ended.stdout)

    folder = once("packages", build)
    rows = [json.loads(line) for line in (folder / "said.ndjson").read_text().splitlines()]
    found = {}
    for row in rows:
        _, function, architecture = row["package"].removesuffix(".zip").split("-")
        found[function, architecture] = Built(folder / row["package"], row)
    return found


@pytest.fixture(scope="session")
def runnable(once: Any, packages: dict[tuple[str, str], Built]) -> Runnable:
    """The packages for Lambda's Python where there is one, else such for this one."""
    if HERE is None or platform.system() != "Linux":
        pytest.skip("packages run on Linux, on x86_64 and arm64 only")
    python, version = find_python(), PYTHON
    if python is None:
        python, version = Path(sys.executable), f"{sys.version_info[0]}.{sys.version_info[1]}"

    def unpack(folder: Path) -> None:
        if version == PYTHON:
            zips = {name: packages[name, HERE.name].path for name in ("connector", "crawler")}
        else:
            own = build_packages(folder / "zips", [HERE], python=version)
            zips = {package.function: package.path for package in own}
        for name, path in zips.items():
            zipfile.ZipFile(path).extractall(folder / name)
        install_lambda_libraries(folder / "libraries", HERE, version)

    folder = once("runnable", unpack)
    return Runnable(python, folder / "libraries", folder / "connector", folder / "crawler")
