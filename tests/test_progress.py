"""Progress: one line for what takes long, nothing for what does not."""

from __future__ import annotations

import re

import pytest

from larkbase_sdk import Options
from larkbase_sdk.progress import progress_line, progress_told_to


@pytest.fixture
def shown(lark_emulator, capsys):
    """Return what a read of so many rows shows on stderr, in pages of 100 rows."""

    def read(rows: int, *, progress: bool | None = True, name: str = "Numbers") -> str:
        lark_emulator.database("CRM").table(name, {"No": list(range(rows))})
        options = Options(progress=progress, page_size=100)
        with lark_emulator.connect(options=options) as lark:
            assert len(lark.table(f"CRM.{name}").to_arrow()) == rows
        return capsys.readouterr().err

    return read


def test_a_read_of_several_pages_shows_rows_and_calls(shown):
    """The line names the table, the share, the rows and the calls."""
    assert "CRM.Numbers  74%  184/250 rows  2 calls  0:00:00 left" in shown(250)


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


def test_a_long_wait_is_shown_before_the_first_page(shown, lark_emulator):
    """A single page that has to wait for a second or more is not done at once."""
    lark_emulator.throttle(after=0, reset=1, endpoint="search")

    assert re.search(r"CRM\.Numbers  waiting [1-9]\.\d s, rate limit", shown(100))


def test_the_line_is_taken_away(shown):
    """Nothing of it stays on the terminal."""
    assert shown(300).split("\r")[-2].strip() == ""


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ((0, None, 0, 0.0), "CRM.Orders"),
        ((500, None, 1, 0.4), "CRM.Orders  500 rows  1 call  0:00:00"),
        ((0, 0, 1, 0.4), "CRM.Orders  0 rows  1 call  0:00:00"),
        (
            (11_500, 18_204, 24, 15.5),
            "CRM.Orders  63%  11 500/18 204 rows  24 calls  0:00:09 left",
        ),
        (
            (1_000_000, 2_000_000, 2000, 3600),
            "CRM.Orders  50%  1 000 000/2 000 000 rows  2000 calls  1:00:00 left",
        ),
        ((120, 100, 2, 1.0), "CRM.Orders  100%  120/100 rows  2 calls  0:00:00 left"),
    ],
)
def test_the_line_tells_share_rows_calls_and_time(state, line):
    """What is left is told from what was needed so far; more rows than counted are no mistake."""
    assert progress_line("CRM.Orders", *state) == line


def test_a_listener_hears_the_lines_instead(shown):
    """Whoever draws the progress by other means gets the text, and an empty one at the end."""
    heard: list[str] = []
    with progress_told_to(heard.append):
        assert shown(300, progress=False) == ""

    assert heard[-2:] == ["CRM.Numbers  100%  300/300 rows  4 calls  0:00:00 left", ""]
    lines = len(heard)
    assert shown(300, progress=False, name="Others") == ""
    assert len(heard) == lines
