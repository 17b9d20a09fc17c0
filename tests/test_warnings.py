"""Warnings reach people: at every read that they concern, and at their own line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import larkbase_sdk as larkbase
lark = larkbase.connect()
table = lark.table("HR.Reviews")
for _ in range(2):
    table.to_arrow()
table.to_pandas()
"""


@pytest.fixture
def run(lark_emulator, tmp_path):
    """Run the program in a process of its own, and return where it warned of what."""
    base = lark_emulator.database("HR")
    base.table("Reviews", {"Name": []})
    base.access = "role"
    ours = {"LARK_DOMAIN": lark_emulator.url, "LARK_APP_ID": lark_emulator.app_id}
    environment = {**os.environ, **ours, "LARK_APP_SECRET": lark_emulator.app_secret}
    script = tmp_path / "report.py"
    script.write_text(PROGRAM, encoding="utf-8")

    def warned(*options):
        command = [sys.executable, *options, str(script)]
        ended = subprocess.run(command, env=environment, capture_output=True, check=False)
        lines = ended.stderr.decode().splitlines()
        return [line.split(":")[1:3] for line in lines if line.startswith(str(script))]

    return warned


def test_each_read_warns_at_the_line_that_reads(run):
    """A second read of the same rows is as doubtful as the first one."""
    name = " EmptyBecauseRestricted"

    assert run() == [["6", name], ["6", name], ["7", name]]


def test_the_filters_of_the_program_win(run):
    """Whoever wants no warning gets none."""
    assert run("-W", "ignore") == []
