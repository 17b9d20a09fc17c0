"""How large the Lambda packages are, and how long a new process takes to its first answer.

Run it as a script: ``python tests/benchmarks/bench_package.py``. It needs pip's network.
"""

from __future__ import annotations

import statistics
import sys
import time
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import ConfigurationError
from larkbase_sdk.testing import LarkEmulator
from larkbase_server.deploy.contents import CONNECTOR
from larkbase_server.deploy.local_runtime import LocalRuntime, install_lambda_libraries
from larkbase_server.deploy.package import build_packages
from larkbase_server.deploy.targets import PYTHON, TARGETS, find_python

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_server.deploy.package import Package

ROUNDS = 11
LARGEST_ZIPPED, LARGEST_UNPACKED, SLOWEST_PING = 50e6, 130e6, 0.4
IDENTITY = {
    "id": "UNKNOWN",
    "principal": "UNKNOWN",
    "account": "123456789012",
    "arn": "UNKNOWN",
    "tags": {},
    "groups": [],
}


def message(kind: str, **more: Any) -> dict[str, Any]:
    """Return a message of Athena."""
    return {
        "@type": f"{kind}Request",
        "identity": IDENTITY,
        "queryId": "benchmark",
        "catalogName": "lark_base",
        **more,
    }


def sizes(folder: Path) -> list[Package]:
    """Print how large the packages are, stripped and not; return those that are not."""
    print("| package | files | unpacked MB | zipped MB | unpacked, stripped | zipped, stripped |")
    print("|---|---:|---:|---:|---:|---:|")
    plain = build_packages(folder / "plain", list(TARGETS.values()))
    try:
        stripped = build_packages(folder / "stripped", list(TARGETS.values()), strip=True)
    except ConfigurationError:
        stripped = []
    for number, package in enumerate(plain):
        cells = [f"{package.unpacked / 1e6:.1f}", f"{package.zipped / 1e6:.1f}"]
        if stripped:
            other = stripped[number]
            cells += [f"{other.unpacked / 1e6:.1f}", f"{other.zipped / 1e6:.1f}"]
        else:
            cells += ["no tool", "no tool"]
        print(f"| `{package.path.name}` | {package.files} | {' | '.join(cells)} |")
    return plain


def here(folder: Path, built: list[Package]) -> tuple[Path, Path, Path, str]:
    """Return an interpreter, Lambda's libraries and the unpacked connector for this machine."""
    import platform

    target = next(item for item in TARGETS.values() if item.machine == platform.machine())
    python, version = find_python(), PYTHON
    if python is None:
        python, version = Path(sys.executable), f"{sys.version_info[0]}.{sys.version_info[1]}"
        built = build_packages(folder / "own", [target], python=version)
    path = next(
        package.path
        for package in built
        if (package.function, package.architecture) == ("connector", target.name)
    )
    zipfile.ZipFile(path).extractall(folder / "task")
    install_lambda_libraries(folder / "libraries", target, version)
    return python, folder / "libraries", folder / "task", version


def timed(start: Callable[[], LocalRuntime], event: Any) -> tuple[float, float]:
    """Return the seconds from the process's start to its first answer, and those of the next."""
    began = time.perf_counter()
    with start() as process:
        outcome = process.invoke(event)
        first = time.perf_counter() - began
        assert not outcome.failed, outcome.payload
        began = time.perf_counter()
        process.invoke(event)
        return first, time.perf_counter() - began


def measure(title: str, start: Callable[[], LocalRuntime], event: Any) -> float:
    """Print the medians of one event, and return the first answer's."""
    timed(start, event)
    taken = [timed(start, event) for _ in range(ROUNDS)]
    first, following = zip(*taken, strict=True)
    cells = (statistics.median(first), max(first), statistics.median(following))
    print(f"| {title} | {' | '.join(f'{value * 1e3:.1f}' for value in cells)} |")
    return cells[0]


def without_compiled_modules(task: Path) -> None:
    """Take out what was compiled, as in a package that was built without a Python 3.12."""
    for path in task.rglob("*.pyc"):
        path.unlink()


def answers(folder: Path, built: list[Package]) -> float:
    """Print how long answers take, and return the seconds to the first Ping."""
    from larkbase_server.local.aws_emulator import AwsEmulator

    python, libraries, task, version = here(folder, built)
    print(f"\nUnder awslambdaric, Python {version}, warm file cache, {ROUNDS} processes each:\n")
    print("| first event of a process | median ms | worst ms | the same event again, ms |")
    print("|---|---:|---:|---:|")
    with AwsEmulator() as aws, LarkEmulator(tenant="sample") as lark:
        environ = {
            **aws.environment(),
            "LARK_DOMAIN": lark.url,
            "LARK_APP_ID": lark.app_id,
            "LARK_APP_SECRET": lark.app_secret,
        }

        def start() -> LocalRuntime:
            return LocalRuntime(python, task, libraries, CONNECTOR.handler, environ)

        ping = measure("Ping", start, message("Ping"))
        measure("list of databases, from an emulated Glue", start, message("ListSchemas"))
        without_compiled_modules(task)
        measure("Ping, modules not compiled", start, message("Ping"))
        measure("list of databases, modules not compiled", start, message("ListSchemas"))
    return ping


def main() -> None:
    """Print sizes and times, and whether the aims are reached."""
    with TemporaryDirectory() as scratch:
        built = sizes(Path(scratch))
        ping = answers(Path(scratch), built)
    small = all(
        package.zipped < LARGEST_ZIPPED and package.unpacked < LARGEST_UNPACKED for package in built
    )
    print(f"\n50 MB zipped and 130 MB unpacked: {'reached' if small else 'not reached'}.")
    reached = ping < SLOWEST_PING
    print(f"400 ms to the first Ping: {'reached' if reached else 'not reached'}.")


if __name__ == "__main__":
    main()
