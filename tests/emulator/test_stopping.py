"""The emulator ends at once, whatever it is doing."""

from __future__ import annotations

import logging
import threading

import pytest
import requests

from larkbase_sdk.testing import LarkEmulator


def test_a_call_that_waits_ends_with_the_emulator_and_leaves_no_traceback(caplog):
    """Its connection is broken; the log stays empty."""
    errors: list[Exception] = []
    emulator = LarkEmulator()
    emulator.fail(endpoint="base", stall=60)

    def ask() -> None:
        try:
            requests.get(f"{emulator.url}/open-apis/bitable/v1/apps/x", timeout=30)
        except requests.ConnectionError as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    with caplog.at_level(logging.DEBUG, logger="uvicorn.error"):
        thread.start()
        while emulator.pending_faults:
            pass
        emulator.stop()
        thread.join(10)

    assert len(errors) == 1
    assert [record for record in caplog.records if record.exc_info] == []


def test_pending_faults_are_counted():
    """Those that were met are not among them; one without an end counts as one."""
    with LarkEmulator() as emulator:
        emulator.fail(1254607, times=2)
        emulator.fail(1254607, endpoint="search", times=None)
        assert emulator.pending_faults == 3

        answer = requests.get(f"{emulator.url}/open-apis/bitable/v1/apps/x", timeout=30)
        assert (answer.json()["code"], emulator.pending_faults) == (1254607, 2)


@pytest.mark.parametrize("stopped", [1, 2])
def test_stopping_twice_is_no_error(stopped):
    """Also after the context manager has stopped it."""
    emulator = LarkEmulator()
    for _ in range(stopped):
        emulator.stop()
