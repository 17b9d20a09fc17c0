"""A browser and a JupyterLab for the tests of this folder, or a clear word why there is none."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium; without one the test is skipped, or fails where one is required."""
    from lab import HOW_TO_INSTALL, browser, find_browser

    path = find_browser()
    if path is None:
        if os.environ.get("LARKBASE_REQUIRE_BROWSER"):
            pytest.fail(HOW_TO_INSTALL)
        pytest.skip(HOW_TO_INSTALL)
    with browser(path) as running:
        yield running


@pytest.fixture
def lab(chromium: Any, tmp_path: Path) -> Iterator[Any]:
    """A JupyterLab that serves the folder of the test; only started where there is a browser."""
    from lab import running_lab

    with running_lab(tmp_path) as running:
        yield running
