"""The command line: each command parses, calls one public function and hands over the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        argv: The arguments without the program's name; those of the process when None.

    Returns:
        0 ok, 1 service error, 2 usage, 3 credentials or access, 4 network, 130 interrupted.
    """
    try:
        from larkbase_sdk.cli.app import run
    except KeyboardInterrupt:  # nothing that could tell it is loaded yet
        return 130
    return run(argv)
