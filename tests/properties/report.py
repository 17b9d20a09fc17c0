"""Run the property tests in their full form and write what came out into docs/testing.md."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "testing.md"
TESTS = ("tests/read", "tests/properties", "tests/sql_engine/test_sql_properties.py")
_BLOCK = re.compile(r"(<!-- last full run -->\n).*?(<!-- end of last full run -->)", re.DOTALL)
_EXAMPLES = re.compile(r"- (\d+) passing\D+\d+ failing")
_LIBRARIES = ("hypothesis", "duckdb", "pyarrow")


@dataclass(frozen=True)
class Run:
    """A run: what was asked and what came out."""

    profile: str
    tests: int
    failed: int
    skipped: int
    examples: int
    seconds: float
    code: int

    @property
    def command(self) -> str:
        """The command that makes such a run."""
        if self.profile == "nightly":
            return "make nightly"
        return f"python tests/properties/report.py --profile {self.profile}"


def run_tests(profile: str) -> Run:
    """Run the tests, showing what pytest writes, and return the figures."""
    with TemporaryDirectory() as folder:
        results = Path(folder) / "results.xml"
        command = [
            sys.executable, "-m", "pytest", "-q", "-n", "2", f"--hypothesis-profile={profile}",
            "--hypothesis-show-statistics", f"--junitxml={results}", *TESTS,
        ]  # fmt: skip
        started = time.monotonic()
        output = []
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                output.append(line)
        seconds = time.monotonic() - started
        # 0 is all passed, 1 some failed; anything else is no complete run.
        if process.returncode not in (0, 1):
            raise SystemExit(process.returncode)
        suite = next(ET.parse(results).getroot().iter("testsuite"))
    return Run(
        profile,
        int(suite.get("tests", 0)),
        int(suite.get("failures", 0)) + int(suite.get("errors", 0)),
        int(suite.get("skipped", 0)),
        count_examples("".join(output)),
        seconds,
        process.returncode,
    )


def count_examples(output: str) -> int:
    """Return how many examples passed, as the statistics of hypothesis tell."""
    return sum(map(int, _EXAMPLES.findall(output)))


def described(run: Run, when: dt.date) -> str:
    """Return the figures of a run as a table for the page."""
    passed = run.tests - run.failed - run.skipped
    libraries = ", ".join(f"{name} {metadata.version(name)}" for name in _LIBRARIES)
    rows = {
        "Command": f"`{run.command}`",
        "Date": when.isoformat(),
        "Machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "Versions": f"Python {platform.python_version()}, {libraries}",
        "Tests": f"{passed:,} passed, {run.failed} failed, {run.skipped} skipped",
        "Examples": f"{run.examples:,} passed",
        "Time": f"{run.seconds / 60:.0f} minutes",
    }
    lines = [
        "| Last run | |",
        "|---|---|",
        *(f"| {name} | {text} |" for name, text in rows.items()),
    ]
    return "\n".join(lines) + "\n"


def with_figures(page: str, figures: str) -> str:
    """Return a page with these figures between its markers."""
    return _BLOCK.sub(lambda block: f"{block[1]}\n{figures}\n{block[2]}", page)


def main() -> int:
    """Run, write, and end as pytest ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=["short", "nightly"], default="nightly")
    run = run_tests(parser.parse_args().profile)
    figures = described(run, dt.datetime.now(dt.UTC).date())
    PAGE.write_text(with_figures(PAGE.read_text("utf-8"), figures), "utf-8")
    print(f"\n{figures}")
    return run.code


if __name__ == "__main__":
    sys.exit(main())
