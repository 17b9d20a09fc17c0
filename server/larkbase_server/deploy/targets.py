"""The architectures and the Python of Lambda for which packages are built."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PYTHON = "3.12"
RUNTIME = f"python{PYTHON}"
"""Lambda's name of it; its system is Amazon Linux 2023 with glibc 2.34."""


@dataclass(frozen=True, slots=True)
class Target:
    """One architecture.

    Attributes:
        name: Lambda's name of it.
        machine: The name that wheels and compilers use.
        elf_machine: The number in its ELF files.
        docker: Docker's name of it.
    """

    name: str
    machine: str
    elf_machine: int
    docker: str

    @property
    def platforms(self) -> tuple[str, ...]:
        """The tags of wheels that run there, which pip does not derive from one another."""
        forms = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
        return tuple(f"{form}_{self.machine}" for form in forms)


TARGETS = {
    target.name: target
    for target in (
        Target("x86_64", "x86_64", 62, "amd64"),
        Target("arm64", "aarch64", 183, "arm64"),
    )
}


def find_python(version: str = PYTHON) -> Path | None:
    """Return an interpreter of a version that really starts, or None.

    Looked at are this one, the path, and the versions of pyenv.
    """
    asked = (sys.executable, shutil.which(f"python{version}"), *_of_pyenv(version))
    return next((Path(found) for found in asked if found and _is(found, version)), None)


def _of_pyenv(version: str) -> list[Path]:
    return sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))


def _is(python: str | Path, version: str) -> bool:
    try:
        answer = subprocess.run(  # noqa: S603 - an interpreter of this machine
            [python, "-I", "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return re.match(rf"Python {re.escape(version)}\.", answer.stdout) is not None
