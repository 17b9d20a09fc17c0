"""An emulator of this machine answers its programs, and no page that a browser has open."""

from __future__ import annotations

import pytest
import requests

from larkbase_sdk.testing import LarkEmulator

PATH = "/open-apis/auth/v3/tenant_access_token/internal"


def ask(emulator, **headers):
    """Ask for a token as a browser would, which needs no permission of the server for that."""
    body = {"app_id": emulator.app_id, "app_secret": emulator.app_secret}
    answer = requests.post(emulator.url + PATH, json=body, headers=headers, timeout=10)
    return answer.status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://pages.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.pages.example:80"},
        {"Origin": "http://[broken"},
        {"Host": "pages.example"},
        {"Host": "pages.example:8080"},
        {"Host": "127.0.0.1.pages.example"},
        {"Host": "127.0.0.1@pages.example"},
        {"Host": ""},
    ],
)
def test_a_page_of_the_web_is_refused(lark_emulator, headers):
    """By its origin, and by a name of its own that was made to lead to this machine."""
    assert ask(lark_emulator, **headers) == 403
    assert lark_emulator.calls.count("token") == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "localhost"},
        {"Host": "LOCALHOST.:8080"},
        {"Host": "bucket.localhost:1"},
        {"Host": "[::1]:8080"},
        {"Origin": "http://localhost:3000"},
    ],
)
def test_programs_and_pages_of_this_machine_are_answered(lark_emulator, headers):
    """Under each of its names."""
    assert ask(lark_emulator, **headers) == 200


def test_an_emulator_for_other_machines_answers_under_their_name_for_it():
    """Whoever opens it to a network decides who is in it."""
    with LarkEmulator(host="0.0.0.0") as emulator:
        assert ask(emulator, Host="emulator.test") == 200
