"""Progress: one line for what takes long, nothing for what does not."""

from __future__ import annotations

import re

import pytest

from larkbase_sdk import Options


@pytest.fixture
def shown(lark_emulator, capsys):
    """Return what a read of so many rows shows on stderr, in pages of 100 rows."""

    def read(rows: int, *, progress: bool | None = True) -> str:
        lark_emulator.database("CRM").table("Numbers", {"No": list(range(rows))})
        options = Options(progress=progress, page_size=100)
        with lark_emulator.connect(options=options) as lark:
            assert len(lark.table("CRM.Numbers").to_arrow()) == rows
        return capsys.readouterr().err

    return read


def test_a_read_of_several_pages_shows_rows_and_calls(shown):
    """The line names the table, the share, the rows and the calls."""
    assert "CRM.Numbers   67%  200/300 rows  2 calls" in shown(300)


def test_a_single_page_shows_nothing(shown):
    """What is done at once needs no line."""
    assert shown(100) == ""


@pytest.mark.parametrize("progress", [False, None])
def test_nothing_is_shown_to_nobody(shown, progress):
    """Neither when switched off nor, by itself, where nobody looks."""
    assert shown(300, progress=progress) == ""


def test_a_wait_is_shown(shown, lark_emulator):
    """Whoever looks at a line that stands still learns why."""
    lark_emulator.throttle(after=2, reset=0, endpoint="search")

    assert re.search(r"waiting \d\.\d s, rate limit", shown(300))
