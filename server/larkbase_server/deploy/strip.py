"""Takes the symbols out of compiled files, with a tool that knows their architecture."""

from __future__ import annotations

import platform
import shutil
import subprocess
from typing import TYPE_CHECKING

from larkbase_sdk.errors import ConfigurationError
from larkbase_server.deploy.elf import MAGIC

if TYPE_CHECKING:
    from pathlib import Path

    from larkbase_server.deploy.targets import Target


def strip_tool(target: Target) -> str:
    """Return a program of this machine that strips files for a processor.

    Raises:
        ConfigurationError: when there is none.
    """
    names = [f"{target.machine}-linux-gnu-strip", "llvm-strip"]
    if platform.system() == "Linux" and platform.machine() == target.machine:
        names.append("strip")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        msg = f"There is no tool that strips files for {target.name}: {' or '.join(names)}."
        raise ConfigurationError(msg, hint="Install LLVM, or build without --strip.")
    return found


def strip_symbols(site: Path, tool: str) -> None:
    """Strip every compiled file below a folder.

    Raises:
        ConfigurationError: when the tool fails.
    """
    files = [path for path in sorted(site.rglob("*.so*")) if is_elf(path)]
    ended = subprocess.run(  # noqa: S603 - a tool of this machine
        [tool, "--strip-unneeded", *files], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        msg = f"{tool} failed: {ended.stderr.strip()}"
        raise ConfigurationError(msg, hint="Build without --strip.")


def is_elf(path: Path) -> bool:
    """Tell whether a file is a compiled one."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC
