"""The figures of the full run are counted right and land in their place."""

from __future__ import annotations

import datetime as dt
import importlib.util
from pathlib import Path
from typing import Any

import pytest

STATISTICS = """
tests/read/test_logic.py::test_rewriting_keeps_the_rows:

  - during reuse phase (0.01 seconds):
    - Typical runtimes: ~ 1-2 ms
    - 2 passing, 0 failing, and 0 invalid test cases

  - during generate phase (0.79 seconds):
    - Typical runtimes: ~ 3-43 ms, of which ~ 1-35 ms in data generation
    - 198 passing, 0 failing, and 5 invalid test cases

  - Stopped because settings.max_examples=200


tests/properties/test_pushdown.py::test_a_condition_means_what_sql_means:

  - during generate phase (1.79 seconds):
    - 1000 passing examples, 1 failing examples, 5 invalid examples
"""


@pytest.fixture(scope="module")
def report() -> Any:
    path = Path(__file__).with_name("report.py")
    spec = importlib.util.spec_from_file_location("properties_report", path)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by its name.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, spec.name, module)
        spec.loader.exec_module(module)
        yield module


def test_examples_are_added_up(report):
    """Over all phases and tests; failing and invalid ones are none."""
    assert report.count_examples(STATISTICS) == 1200


def test_a_run_is_described_in_full(report):
    """What was run, where, when and with which result."""
    run = report.Run("nightly", 120, 2, 1, 14_200, 1500.0, 1)

    text = report.described(run, dt.date(2026, 1, 2))

    assert "| Command | `make nightly` |" in text
    assert "| Date | 2026-01-02 |" in text
    assert "| Tests | 117 passed, 2 failed, 1 skipped |" in text
    assert "| Examples | 14,200 passed |" in text
    assert "| Time | 25 minutes |" in text


def test_figures_replace_those_of_the_run_before(report):
    """Between the markers, and nowhere else."""
    page = "a\n<!-- last full run -->\nold\n<!-- end of last full run -->\nb\n"
    once = report.with_figures(page, "| new |\n")

    assert once == "a\n<!-- last full run -->\n\n| new |\n\n<!-- end of last full run -->\nb\n"
    assert report.with_figures(once, "| new |\n") == once


def test_the_page_has_the_markers(report):
    """The run has a place to write to."""
    assert report.with_figures(report.PAGE.read_text("utf-8"), "here") != report.PAGE.read_text(
        "utf-8"
    )
