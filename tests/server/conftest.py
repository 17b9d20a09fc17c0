"""AWS for the tests of the server side: one emulator a session, empty for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from larkbase_server.local.aws_emulator import AwsEmulator


@pytest.fixture(scope="session")
def aws_emulator() -> Iterator[AwsEmulator]:
    """The running emulator; tests take ``aws``, which empties it."""
    with AwsEmulator() as emulator:
        yield emulator


@pytest.fixture
def aws(aws_emulator: AwsEmulator, monkeypatch: pytest.MonkeyPatch) -> AwsEmulator:
    """An empty AWS that boto3 finds through the environment, with no retries in ``client``."""
    aws_emulator.reset()
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in aws_emulator.environment().items():
        monkeypatch.setenv(name, value)
    return aws_emulator
