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
_OFFLINE = (
    "pip could not reach where packages come from: check the network, and the proxy and the index "
    "in pip's own settings (pip config list)."
)
_CUT_OFF = "connection broken by"
_ERROR = "ERROR: "
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
    pins = pinned()
    # Not constrained as well, or pip would speak of a conflict where there is no such wheel.
    wanted = [pins.pop(name, name) for name in names]
    with TemporaryDirectory() as scratch:
        constraints = Path(scratch) / "constraints.txt"
        constraints.write_text("".join(f"{pin}\n" for pin in sorted(pins.values())), "utf-8")
        command = [sys.executable, "-m", "pip", "install", *_OPTIONS]
        command += [f"--python-version={python}", f"--target={into}"]
        command += [f"--platform={platform}" for platform in target.platforms]
        ended = subprocess.run(  # noqa: S603 - this interpreter's pip
            [*command, f"--constraint={constraints}", *wanted],
            capture_output=True,
            text=True,
            check=False,
        )
    if ended.returncode:
        msg = f"pip cannot install the packages for {target.name}: {_reason(ended.stderr)}"
        raise ConfigurationError(msg, hint=_OFFLINE if _CUT_OFF in ended.stderr else _HINT)


def _reason(said: str) -> str:
    """Return what pip calls errors, without its link to a manual; else its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix(_ERROR) for line in lines if line.startswith(_ERROR)]
    told = [line for line in errors if not line.startswith("ResolutionImpossible")]
    return scrub(" ".join(told or errors or lines[-1:]))


def pinned() -> dict[str, str]:
    """Return what this environment has, by name in lower case, as lines of a constraints file."""
    found: dict[str, str] = {}
    for item in distributions():
        if name := item.metadata["Name"]:
            # Of two copies the first one on the path is imported.
            found.setdefault(name.lower(), f"{name}=={item.version}")
    return found
