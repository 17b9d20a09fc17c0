"""Builds the packages of the Lambda functions from wheels and from this installation's code."""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from larkbase_sdk.errors import ConfigurationError
from larkbase_server.deploy.archive import sha256, write_zip
from larkbase_server.deploy.check import problems
from larkbase_server.deploy.contents import DISTRIBUTIONS, FUNCTIONS, own_files
from larkbase_server.deploy.image import move_into_image
from larkbase_server.deploy.prune import prune
from larkbase_server.deploy.strip import strip_symbols, strip_tool
from larkbase_server.deploy.targets import PYTHON, find_python
from larkbase_server.deploy.wheels import install

if TYPE_CHECKING:
    from collections.abc import Sequence

    from larkbase_server.deploy.contents import Function
    from larkbase_server.deploy.targets import Target

_IN_LAMBDA = "/var/task"
"""Where Lambda unpacks a package; tracebacks show it."""


@dataclass(frozen=True, slots=True)
class Package:
    """A finished package.

    Attributes:
        function: What runs in it: connector or crawler.
        architecture: Lambda's name of the processor.
        path: The zip file.
        zipped: Its size in bytes.
        unpacked: The size of its files in bytes.
        files: How many they are.
        sha256: Of the zip file, in hexadecimal.
        precompiled: Whether the modules are there in compiled form too, which Lambda, whose
            folder is read-only, would otherwise do again at every cold start.
    """

    function: str
    architecture: str
    path: Path
    zipped: int
    unpacked: int
    files: int
    sha256: str
    precompiled: bool


def build_packages(
    out: Path,
    targets: Sequence[Target],
    *,
    strip: bool = False,
    image: bool = False,
    python: str = PYTHON,
) -> list[Package]:
    """Build the packages of both functions, and check each of them.

    Args:
        out: Where they are written; made when it is not there.
        targets: For which processors.
        strip: Take the symbols out of compiled files.
        image: Also write what a container image is built from, into ``out / "image"``.
        python: Version of Python; another than Lambda's serves to try a package here.

    Returns:
        The packages, the connector's first, for each processor in turn.

    Raises:
        ConfigurationError: when pip cannot install what they need, when there is no tool for
            stripping, or when a package would not run in Lambda; pip asks the network.
    """
    tools = {target.name: strip_tool(target) for target in targets if strip}
    out.mkdir(parents=True, exist_ok=True)
    found: list[Package] = []
    for target in targets:
        with TemporaryDirectory() as scratch:
            site = Path(scratch, "site")
            precompiled = _fill(site, target, tools.get(target.name), python)
            found += _pack(site, out, target, precompiled=precompiled)
            if image:
                move_into_image(site, out / "image", target)
    return found


def _fill(site: Path, target: Target, strip: str | None, python: str) -> bool:
    """Put everything that any function needs into a folder; tell whether it was compiled."""
    install(DISTRIBUTIONS, site, target, python)
    prune(site)
    if strip is not None:
        strip_symbols(site, strip)
    for place, path in own_files():
        copy = site / place
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    return _precompile(site, python)


def _precompile(site: Path, version: str) -> bool:
    """Compile all modules, when there is an interpreter of that version to do it."""
    python = find_python(version)
    if python is None:
        return False
    options = ["-q", "--invalidation-mode=unchecked-hash", "-s", str(site), "-p", _IN_LAMBDA]
    environ = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    # The seed decides the order of sets of texts in compiled files.
    environ["PYTHONHASHSEED"] = "0"
    subprocess.run(  # noqa: S603 - an interpreter of this machine
        [python, "-s", "-P", "-m", "compileall", *options, site],
        check=True,
        capture_output=True,
        env=environ,
    )
    return True


def _pack(site: Path, out: Path, target: Target, *, precompiled: bool) -> list[Package]:
    files = [
        (PurePosixPath(path.relative_to(site).as_posix()), path)
        for path in site.rglob("*")
        if path.is_file()
    ]

    def pack(function: Function) -> Package:
        chosen = [(place, path) for place, path in files if function.has(place)]
        target_path = out / f"larkbase-{function.name}-{target.name}.zip"
        write_zip(target_path, chosen)
        _refuse_broken(target_path, function, target)
        return Package(
            function.name,
            target.name,
            target_path,
            zipped=target_path.stat().st_size,
            unpacked=sum(path.stat().st_size for _, path in chosen),
            files=len(chosen),
            sha256=sha256(target_path),
            precompiled=precompiled,
        )

    # Compressing is what takes the time, and threads do it side by side.
    with ThreadPoolExecutor(len(FUNCTIONS)) as pool:
        return list(pool.map(pack, FUNCTIONS))


def _refuse_broken(package: Path, function: Function, target: Target) -> None:
    found = problems(package, function, target)
    if found:
        msg = f"{package.name} would not run in Lambda: {' '.join(found)}"
        hint = "Versions of this environment decide what is in it; try newer or older ones."
        raise ConfigurationError(msg, hint=hint)
