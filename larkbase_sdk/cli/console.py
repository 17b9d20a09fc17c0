"""Lines of Python and of a shell that are shown as a person would type them, and then run."""

from __future__ import annotations

import shlex
from typing import Any

from larkbase_sdk.display import printable

_PROMPT = "$ larkbase "


def show(step: str, names: dict[str, Any]) -> None:
    """Show the lines of a step one by one with what each gives.

    Args:
        step: Lines of Python; one that begins with ``$ larkbase`` is a command.
        names: The variables that they share.
    """
    print()
    for line in step.strip().splitlines():
        if line.startswith(_PROMPT):
            print(line, flush=True)
            _command(line.removeprefix(_PROMPT))
        else:
            print(f">>> {line}", flush=True)
            _python(line, names)


def _command(line: str) -> None:
    from larkbase_sdk.cli import main

    main(shlex.split(line))


def _python(line: str, names: dict[str, Any]) -> None:
    """Run a line as a Python console would."""
    try:
        value = eval(line, names)  # noqa: S307 (the lines are those of this package)
    except SyntaxError:
        exec(line, names)  # noqa: S102 (a statement of this package, or a comment)
        return
    if value is not None:
        print(printable(repr(value)), flush=True)
