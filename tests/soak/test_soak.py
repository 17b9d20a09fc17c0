"""A minute of the fault soak; ``make soak`` runs ten."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 60


@pytest.mark.timeout(300)
def test_no_answer_is_wrong_and_nothing_hangs_while_calls_go_wrong(capsys):
    """Reads, counts, statements, queries and crawls, each compared with the truth."""
    command = [sys.executable, str(Path(__file__).with_name("soak.py")), "--seconds", str(SECONDS)]
    environment = {name: value for name, value in os.environ.items() if "AWS" not in name}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    result = json.loads(done.stdout)

    with capsys.disabled():
        print(f"\nsoak: {result}")
    assert result["operations"] > 20
    assert result["faults survived"] > 20
    assert (result["wrong answers"], result["hangs"]) == (0, 0)
