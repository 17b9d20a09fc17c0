"""One table says what each of Lark's codes means and what to do about it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from larkbase_sdk.api.codes import (
    ADVICE,
    BROKEN,
    BUSY,
    CODES,
    FEW,
    SLOW,
    TOKEN_CODES,
    UNREACHABLE,
    Backoff,
    meaning_of,
)
from larkbase_sdk.errors import (
    AuthenticationError,
    NotFound,
    PermissionDenied,
    QueryError,
    RateLimited,
    ServiceError,
)

NAMES = {
    **ADVICE,
    "base": "base X",
    "table": "table Y",
    "view": "view Z",
    "identity": "app cli_a1b…",
    "domain": "larksuite.com",
}
_WRITES = range(1254060, 1254075)


@pytest.fixture(scope="module")
def documented() -> list[dict[str, Any]]:
    """The codes of Lark's documentation, from the reference folder."""
    default = Path(__file__).parents[3] / "shared" / "reference"
    folder = Path(os.environ.get("LARKBASE_REFERENCE", default)) / "lark-samples"
    path = folder / "error-codes.json"
    if not path.exists():
        pytest.skip(f"no reference sample at {path}; set LARKBASE_REFERENCE")
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_every_text_and_hint_can_be_filled() -> None:
    """No reader ever sees a placeholder."""
    for meaning in [*CODES.values(), *TOKEN_CODES.values(), meaning_of(1, asking_for_token=True)]:
        for text in (meaning.text, meaning.hint or "", meaning.user_hint or ""):
            assert "{" not in text.format_map(NAMES)


def test_every_error_that_a_reader_can_mend_says_how() -> None:
    """A refusal without advice helps nobody; only a missing record needs none."""
    without = {code for code, meaning in CODES.items() if not meaning.hint}
    silent_queries = {1254016, 1254018, 9499, 99992402}

    assert without == {1254006, 1254043} | silent_queries


def test_documented_repeatable_codes_are_repeated(documented: list[dict[str, Any]]) -> None:
    """What the documentation calls temporary is tried again, and nothing else but two."""
    wanted = {e["code"] for e in documented if e["retryable"] == "yes"}
    ours = {code for code, meaning in CODES.items() if meaning.backoff is not None}

    assert ours - wanted == {1254002, 1254200}
    assert wanted - ours == set()


def test_every_documented_read_error_has_a_meaning(documented: list[dict[str, Any]]) -> None:
    """Only codes of writes, and of other areas, fall back to the general meaning."""
    reads = {"records.search", "records.batch_get", "fields.list", "tables.list", "view.get"}
    missing = {
        e["code"]
        for e in documented
        if e["code"] not in CODES
        and any(reads & set(pages) for pages in e["http"].values())
        and e["code"] not in _WRITES
    }

    # Values, names and counts that only writes can get wrong.
    assert missing == {
        1254007, 1254008, 1254012, 1254013, 1254014, 1254015, 1254019, 1254020, 1254021, 1254022,
        1254032, 1254033, 1254047, 1254048, 1254049, 1254100, 1254101, 1254102, 1254103, 1254104,
        1254105, 1254109, 1254110, 1254130,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (91403, PermissionDenied),
        (99991672, PermissionDenied),
        (1254302, PermissionDenied),
        (91402, NotFound),
        (1254040, NotFound),
        (1254041, NotFound),
        (99991400, RateLimited),
        (1254290, RateLimited),
        (99991663, AuthenticationError),
        (1254018, QueryError),
        (1254607, ServiceError),
        (424242, ServiceError),
    ],
)
def test_a_code_becomes_the_error_a_reader_can_act_on(code: int, error: type[Exception]) -> None:
    """Classes follow the remedy, not Lark's numbering."""
    assert meaning_of(code).error is error


@pytest.mark.parametrize("code", [10003, 10005, 10012, 10013, 10014, 10015, 99991543, 424242])
def test_a_refused_token_request_concerns_the_credentials(code: int) -> None:
    """Whatever the number, the advice names the brands, which are often mixed up."""
    meaning = meaning_of(code, asking_for_token=True)

    assert meaning.error is AuthenticationError
    assert meaning.backoff is None
    assert "feishu.cn and larksuite.com" in (meaning.hint or "")


def test_a_busy_token_service_is_asked_again() -> None:
    """Throttling and internal errors stay what they are when a token is asked for."""
    assert meaning_of(99991400, asking_for_token=True).error is RateLimited
    assert meaning_of(2200, asking_for_token=True).backoff is FEW


@pytest.mark.parametrize("code", [99991401, 99991403, 99991662, 99991673])
def test_a_refused_caller_is_told_so_already_when_the_token_is_asked_for(code: int) -> None:
    """An address that is not allowed, or a used-up quota, is no matter of id and secret."""
    assert meaning_of(code, asking_for_token=True) == CODES[code]


@pytest.mark.parametrize("code", [99991661, 99991664, 99991665, 99991671, 1061005, 131004])
def test_only_a_person_is_told_how_long_a_user_token_lasts(code: int) -> None:
    """An app never had such a token."""
    assert "user token" not in (CODES[code].hint or "")
    assert "user token" in (CODES[code].user_hint or "")


def test_an_access_refusal_tells_which_button_adds_the_app() -> None:
    """The dialog that adds an app is the least known place of a base."""
    hint = (CODES[91403].hint or "").format_map(NAMES)

    assert hint == (
        "Open the base → ⋯ → More → Add document app → choose the app cli_a1b…, then lark.doctor()."
    )
    assert "Add document app" not in (CODES[91403].user_hint or "")


@pytest.mark.parametrize(
    ("backoff", "ceilings"),
    [
        (BUSY, [1, 2, 4, 8, 16, 16]),
        (FEW, [1, 2, 4, 8, 8, 8]),
        (SLOW, [30, 60, 60, 60, 60, 60]),
        (BROKEN, [0.5, 1, 2, 4, 8, 8]),
        (UNREACHABLE, [0.5, 1, 2, 2, 2, 2]),
    ],
)
def test_waits_grow_up_to_a_cap(backoff: Backoff, ceilings: list[float]) -> None:
    """Each wait lies anywhere below its ceiling, so that clients do not march in step."""
    assert [backoff.delay(n, lambda: 1.0) for n in range(1, 7)] == ceilings
    assert [backoff.delay(n, lambda: 0.0) for n in range(1, 7)] == [backoff.floor] * 6


def test_a_copy_is_waited_for_in_tens_of_seconds() -> None:
    """Copying a base takes minutes, so asking every second only costs calls."""
    assert CODES[1254036].backoff == SLOW
    assert SLOW.floor == 10
