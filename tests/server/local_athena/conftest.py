"""A fake connector behind the Lambda endpoint, and a local Athena in front of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from larkbase_server.local.lambda_endpoint import LambdaEndpoint
from larkbase_server.local.query import LocalAthena

sys.path.insert(0, str(Path(__file__).parent))

from athena_fake import BUCKET, FUNCTION, FakeConnector, orders


@pytest.fixture(scope="session")
def athena_server() -> Iterator[tuple[FakeConnector, LambdaEndpoint]]:
    """The fake connector behind an endpoint, one a session."""
    connector = FakeConnector()
    with LambdaEndpoint({FUNCTION: lambda event, context: connector.handler(event, context)}) as it:
        yield connector, it


@pytest.fixture(scope="session")
def session_athena(athena_server: Any) -> Iterator[LocalAthena]:
    """The local Athena, one a session; tests take ``athena``."""
    with LocalAthena({"lark_base": FUNCTION}, athena_server[1].url, database="crm") as running:
        yield running


@pytest.fixture
def fake(athena_server: Any) -> FakeConnector:
    """The fake connector as it begins: all is declared, and it has the table ``crm.orders``."""
    connector: FakeConnector = athena_server[0]
    vars(connector).clear()
    connector.__init__(tables={("crm", "orders"): orders()})
    return connector


@pytest.fixture
def aws_here(aws_emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The emulator of AWS that the environment leads to, with what other tests left in it."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in aws_emulator.environment().items():
        monkeypatch.setenv(name, value)
    return aws_emulator


@pytest.fixture
def athena(
    fake: FakeConnector, aws_here: Any, session_athena: LocalAthena
) -> Iterator[LocalAthena]:
    """A local Athena whose catalogue ``lark_base`` is the fake connector."""
    yield session_athena
    # A query that had enough rows leaves reads behind, which the next test must not see.
    for thread in threading.enumerate():
        if thread.name == "athena-read":
            thread.join(20)


@pytest.fixture
def endpoint(athena_server: Any) -> str:
    """Address of the Lambda endpoint with the fake connector."""
    return athena_server[1].url


@pytest.fixture
def spilling(fake: FakeConnector, aws_here: Any) -> FakeConnector:
    """The fake connector with a spill bucket."""
    fake.s3 = aws_here.client("s3")
    fake.s3.create_bucket(Bucket=BUCKET)
    return fake
