"""What belongs into the package of each Lambda function."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import larkbase_sdk
import larkbase_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

DISTRIBUTIONS = ("cryptography", "orjson", "pyarrow", "requests", "sqlglot", "tzdata")
"""What the functions import beside larkbase; boto3 is part of Lambda's Python."""

FORBIDDEN = frozenset({"boto3", "botocore", "duckdb", "moto", "numpy", "pandas", "typer"})
"""What must not get in by way of a dependency: it costs start-up time or size for nothing."""

_CORE = frozenset(
    {"__init__", "_version", "display", "errors", "options", "profile", "progress", "ttl_cache"}
    | {"api", "catalog", "read", "schema"}
)
"""The rooms of larkbase_sdk below its doors."""

_NOT_IN_LAMBDA = frozenset({"deploy", "local", "settings_page"})
"""Rooms of larkbase_server that run on people's machines."""

_OF_COMMANDS = frozenset(
    {"larkbase_server/crawler/migrate.py", "larkbase_server/crawler/verify.py"}
)
"""Modules beside the functions' own that only the command line uses."""

_MODULE = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Function:
    """One Lambda function.

    Attributes:
        name: What its package is called by.
        handler: Where its code begins, as Lambda is told.
        rooms_left_out: Rooms of larkbase_server that it does not need.
        modules_left_out: Modules of other projects that it does not need.
    """

    name: str
    handler: str
    rooms_left_out: frozenset[str]
    modules_left_out: frozenset[str] = frozenset()

    def has(self, path: PurePosixPath) -> bool:
        """Tell whether a file, seen from the package's root, belongs into its package."""
        if path.parts[0] == "larkbase_server":
            return module_of(path.parts[1]) not in self.rooms_left_out
        return module_of(path.parts[0]) not in self.modules_left_out


CONNECTOR = Function("connector", "larkbase_server.athena.handler", frozenset({"crawler"}))
CRAWLER = Function(
    "crawler",
    "larkbase_server.crawler.handler",
    frozenset({"athena"}),
    # Blocks are encrypted and query texts are parsed by the connector only.
    frozenset({"_cffi_backend", "cffi", "cryptography", "sqlglot"}),
)
FUNCTIONS = (CONNECTOR, CRAWLER)


def module_of(name: str) -> str:
    """Return the module that a file or folder holds: ``cffi-2.0.dist-info`` belongs to ``cffi``."""
    found = _MODULE.match(name)
    return found[0] if found else name


def own_files() -> list[tuple[PurePosixPath, Path]]:
    """Return the files of larkbase that run in Lambda: place in the package, and source."""
    found = [
        *(item for room, item in _sources(larkbase_sdk) if room in _CORE),
        *(item for room, item in _sources(larkbase_server) if room not in _NOT_IN_LAMBDA),
    ]
    return [item for item in found if str(item[0]) not in _OF_COMMANDS]


def _sources(package: ModuleType) -> Iterator[tuple[str, tuple[PurePosixPath, Path]]]:
    """Yield the modules of a package: the room, the place, and the file."""
    folder = Path(package.__file__ or "").parent
    for path in sorted(folder.rglob("*.py")):
        place = PurePosixPath(path.relative_to(folder.parent).as_posix())
        yield module_of(place.parts[1]), (place, path)
