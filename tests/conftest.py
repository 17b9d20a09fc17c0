"""What all tests share: how many examples property tests run, and no settings of the person."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_LENIENT = {
    "deadline": None,
    "suppress_health_check": [
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.data_too_large,
    ],
}
settings.register_profile("short", max_examples=25, **_LENIENT)
settings.register_profile("nightly", max_examples=200, **_LENIENT)
settings.load_profile("short")

for _name in [name for name in os.environ if name.startswith(("LARK_", "LARKBASE_"))]:
    if _name not in ("LARKBASE_REFERENCE", "LARKBASE_REQUIRE_BROWSER"):
        del os.environ[_name]


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of captured answers and documentation facts, which is no part of a clone."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "reference"
    folder = Path(os.environ.get("LARKBASE_REFERENCE", beside))
    if not folder.is_dir():
        pytest.skip(f"no captured answers of Lark at {folder}; set LARKBASE_REFERENCE to read them")
    return folder
