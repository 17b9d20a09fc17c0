"""Installs wheels for Lambda's Python and processor into a folder, with pip."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from larkbase_sdk.errors import ConfigurationError, scrub

if TYPE_CHECKING:
    from collections.abc import Iterable

    from larkbase_server.deploy.targets import Target

_HINT = (
    "The versions are those of this environment; where one has no wheel for Lambda's Python, "
    "install another version here. pip reads its own settings for where packages come from."
)
_OPTIONS = (
    "--quiet",
    "--disable-pip-version-check",
    "--no-input",
    "--no-compile",
    "--only-binary=:all:",
    "--implementation=cp",
)


def install(names: Iterable[str], into: Path, target: Target, python: str) -> None:
    """Install distributions with what they need, in the versions of this environment.

    Args:
        names: What to install.
        into: A folder, which is made when it is not there.
        target: The processor.
        python: Version of Python, such as "3.12".

    Raises:
        ConfigurationError: when pip is missing or cannot install them; pip asks the network.
    """
    with TemporaryDirectory() as scratch:
        pins = Path(scratch) / "pins.txt"
        pins.write_text("".join(f"{pin}\n" for pin in pinned()), "utf-8")
        command = [sys.executable, "-m", "pip", "install", *_OPTIONS]
        command += [f"--python-version={python}", f"--target={into}", f"--constraint={pins}"]
        command += [f"--platform={platform}" for platform in target.platforms]
        ended = subprocess.run(  # noqa: S603 - this interpreter's pip
            [*command, *names], capture_output=True, text=True, check=False
        )
    if ended.returncode:
        reason = scrub(ended.stderr.strip().splitlines()[-1] if ended.stderr.strip() else "")
        msg = f"pip cannot install the packages for {target.name}: {reason}"
        raise ConfigurationError(msg, hint=_HINT)


def pinned() -> list[str]:
    """Return what this environment has, as lines of a constraints file."""
    found = {item.metadata["Name"]: item.version for item in distributions()}
    return sorted(f"{name}=={version}" for name, version in found.items() if name)
