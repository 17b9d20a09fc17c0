"""What all tests share: examples of property tests, no settings of the person, and an AWS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    if _name not in ("LARKBASE_REFERENCE", "LARKBASE_REQUIRE_BROWSER", "LARKBASE_CHROMIUM"):
        del os.environ[_name]


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of captured answers and documentation facts, which is no part of a clone."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "reference"
    folder = Path(os.environ.get("LARKBASE_REFERENCE", beside))
    if not folder.is_dir():
        pytest.skip(f"no captured answers of Lark at {folder}; set LARKBASE_REFERENCE to read them")
    return folder


@pytest.fixture(scope="session")
def aws_emulator() -> Iterator[Any]:
    """The running emulator of AWS, one a session; tests take ``aws``, which empties it."""
    from larkbase_server.local.aws_emulator import AwsEmulator

    with AwsEmulator() as emulator:
        yield emulator


@pytest.fixture
def aws(aws_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty AWS that boto3 finds through the environment, with no retries in ``client``."""
    aws_emulator.reset()
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in aws_emulator.environment().items():
        monkeypatch.setenv(name, value)
    return aws_emulator


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Figures that tests recorded: what they print themselves is lost in parallel runs."""
    for report in terminalreporter.getreports("passed"):
        for name, figure in report.user_properties:
            terminalreporter.write_line(f"{name}: {figure}")
