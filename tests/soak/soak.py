"""Random reads, statements, queries and crawls while calls go wrong; every answer is checked.

Example:
    python tests/soak/soak.py --seconds 600 --seed 1
"""

from __future__ import annotations

import argparse
import datetime as dt
import faulthandler
import json
import os
import platform
import re
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from operations import OPERATIONS, WrongAnswer
from world import SPILL, World

from larkbase_sdk.errors import LarkBaseError, LarkBaseWarning
from larkbase_server.local.aws_emulator import AwsEmulator

_HANG = 120.0
"""Seconds after which an operation counts as hanging; every wait of a call is far shorter."""


@dataclass
class Result:
    """What came of a soak.

    Attributes:
        operations: Operations that ended, by name.
        injected: Faults that calls met.
        survived: Those met by operations that gave the right answer all the same.
        errors: Operations that ended with an error of larkbase, which a fault may do.
        wrong: Answers that were not the truth, and errors of other kinds, described.
        hangs: Operations that did not end.
    """

    operations: Counter[str] = field(default_factory=Counter)
    injected: int = 0
    survived: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values."""
        return {
            "operations": sum(self.operations.values()),
            "by kind": dict(sorted(self.operations.items())),
            "faults injected": self.injected,
            "faults survived": self.survived,
            "ended with an error": sum(self.errors.values()),
            "errors": dict(self.errors),
            "wrong answers": len(self.wrong),
            "hangs": len(self.hangs),
        }


class Worker(threading.Thread):
    """One world, operated on until the time is over."""

    def __init__(self, seed: int, end: float, result: Result, lock: threading.Lock) -> None:
        super().__init__(daemon=True, name=f"soak {seed}")
        self._seed, self._end, self._result, self._lock = seed, end, result, lock
        self.doing, self.since = "", time.monotonic()

    def run(self) -> None:
        world = World(self._seed)
        try:
            while time.monotonic() < self._end:
                self._step(world)
        finally:
            self.doing = ""
            world.close()

    def _step(self, world: World) -> None:
        operations, weights = zip(*OPERATIONS, strict=True)
        operation = world.dice.choices(operations, weights)[0]
        world.upset()
        self.doing, self.since = operation.__name__, time.monotonic()
        before, wrong, error = world.faults, "", ""
        try:
            operation(world)
        except LarkBaseError as caught:
            error = f"{type(caught).__name__} {caught.code or ''}".strip()
        except WrongAnswer as caught:
            wrong = f"{operation.__name__} (seed {self._seed}): {caught}"
        except Exception:  # noqa: BLE001 - any other error is a wrong answer too
            wrong = f"{operation.__name__} (seed {self._seed}): {traceback.format_exc()}"
        world.settle()
        self._count(operation.__name__, world.faults - before, wrong, error)

    def _count(self, name: str, met: int, wrong: str, error: str) -> None:
        with self._lock:
            self._result.operations[name] += 1
            self._result.injected += met
            if wrong:
                self._result.wrong.append(wrong)
            elif error:
                self._result.errors[error] += 1
                if not met:
                    self._result.wrong.append(f"{name} failed without a fault: {error}")
            else:
                self._result.survived += met


def soak(seconds: float, seed: int, workers: int) -> Result:
    """Run workers for some seconds and return what came of it."""
    warnings.simplefilter("ignore", LarkBaseWarning)
    result, lock = Result(), threading.Lock()
    end = time.monotonic() + seconds
    running = [Worker(seed * 1000 + number, end, result, lock) for number in range(workers)]
    for worker in running:
        worker.start()
    while any(worker.is_alive() for worker in running):
        late = [w for w in running if w.doing and time.monotonic() - w.since > _HANG]
        if late:
            result.hangs += [f"{worker.doing} ({worker.name})" for worker in late]
            faulthandler.dump_traceback(all_threads=True)
            break
        time.sleep(0.2)
    return result


_BLOCK = re.compile(r"(<!-- last soak -->\n).*?(<!-- end of last soak -->)", re.DOTALL)


def write_figures(page: Path, result: Result, seconds: float) -> None:
    """Put the figures between the marks of a page."""
    figures = result.to_dict()
    kinds = ", ".join(f"{count} × {name}" for name, count in figures.pop("by kind").items())
    errors = ", ".join(f"{count} × {name}" for name, count in figures.pop("errors").items())
    rows = "".join(f"| {name} | {count:,} |\n" for name, count in figures.items())
    text = (
        f"\n{dt.datetime.now(dt.UTC):%Y-%m-%d}, {seconds:.0f} seconds, Python "
        f"{platform.python_version()} on {os.cpu_count()} cores:\n\n"
        f"| Figure | Count |\n| --- | --- |\n{rows}\n"
        f"Operations: {kinds}.\n"
        f"Errors that ended an operation, each with its hint: {errors or 'none'}.\n\n"
    )
    page.write_text(_BLOCK.sub(rf"\g<1>{text}\g<2>", page.read_text("utf-8")), "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--write", type=Path, help="page of documentation that gets the figures")
    given = parser.parse_args()
    with AwsEmulator() as aws:
        os.environ.update(aws.environment())
        aws.client("s3").create_bucket(Bucket=SPILL)
        result = soak(given.seconds, given.seed, given.workers)
    for text in [*result.wrong, *result.hangs]:
        print(text, file=sys.stderr)
    print(json.dumps(result.to_dict(), indent=2))
    if given.write:
        write_figures(given.write, result, given.seconds)
    return int(bool(result.wrong or result.hangs or not result.operations))


if __name__ == "__main__":
    sys.exit(main())
