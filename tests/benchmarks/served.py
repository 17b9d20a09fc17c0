"""The emulator in a process of its own, and a client of this library for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import larkbase_sdk as larkbase

LATENCY, RATE, PAGE = 0.2, 20.0, 500
"""What a call takes, what Lark allows in a second, and the rows of its largest page."""

Places = dict[str, Any]


class Served:
    """An emulator in another process.

    Attributes:
        places: Where it is, its credentials, and what its maker put into it.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.places: Places = self._answer()

    def ask(self, word: str) -> Any:
        """Let the other process do something, and return what it answers."""
        print(word, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@contextmanager
def served(script: str, *arguments: Any) -> Iterator[Served]:
    """Start ``script serve …`` with arguments in JSON, and end it afterwards."""
    command = [sys.executable, script, "serve", *map(json.dumps, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Served(process)


def serve(emulator: Any, places: Places, **acts: Callable[[], Any]) -> None:
    """Tell where an emulator is, and act on words until standard input ends."""
    where = {name: getattr(emulator, name) for name in ("app_id", "app_secret")}
    print(json.dumps({"domain": emulator.url, **where, **places}), flush=True)
    for word in sys.stdin:
        print(json.dumps(acts[word.strip()]()), flush=True)


def connect(
    places: Places, *, rate: float = RATE, on_call: Any = None, **sources: Any
) -> larkbase.Lark:
    """Return a client that knows of nothing but its sources."""
    credentials = {name: places[name] for name in ("domain", "app_id", "app_secret")}
    options = larkbase.Options(rate=rate, progress=False, on_call=on_call)
    return larkbase.connect(
        "", **credentials, options=options,
        **{"folders": (), "wikis": (), "catalog": (), **sources},
    )  # fmt: skip
