"""Text for terminals, lists of names, and the exit code of every error."""

from __future__ import annotations

import pytest

from larkbase_sdk import errors
from larkbase_sdk.cli import main
from larkbase_sdk.cli.app import with_default_verb
from larkbase_sdk.cli.arguments import names, order, quoted
from larkbase_sdk.cli.failures import exit_code
from larkbase_sdk.cli.text import command, count
from larkbase_sdk.display import display_width, fit, printable, shorten


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("客户 é 👩‍💻", "客户 é 👩‍💻"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\rb", "a\\rb"),
        ("\x9b31m", "\\x9b31m"),
        ("abc\u202etxt.exe", "abc\\u202etxt.exe"),
        ("half \ud83d", "half \\ud83d"),
    ],
)
def test_control_signs_become_their_escapes(text, shown):
    """What comes from the service cannot steer the terminal."""
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("Amount", ("Amount",)),
        ("Amount, Status", ("Amount", "Status")),
        ('"Total, net",Amount', ("Total, net", "Amount")),
        ('"say ""hi""",客户', ('say "hi"', "客户")),
    ],
)
def test_lists_of_columns_are_read_as_in_sql(text, expected):
    """Commas part names, quotes keep them together."""
    assert names(text) == expected


def test_keys_of_an_order_may_be_quoted_behind_their_minus():
    """Descending keys work for odd names too."""
    assert order('-"Total, net",Status,-Amount') == ("-Total, net", "Status", "-Amount")


def test_names_are_quoted_when_a_reference_needs_it():
    """Hints can be copied back into a shell."""
    assert [quoted(name) for name in ("Orders", "客户", "My base", 'a"b')] == [
        "Orders", "客户", '"My base"', '"a""b"',
    ]  # fmt: skip
    assert command("head", 'CRM."My table"', None) == "larkbase head 'CRM.\"My table\"'"


def test_numbers_are_grouped_and_agree_with_their_noun():
    """Eighteen thousand rows are read at a glance."""
    assert [count(number, "row") for number in (0, 1, 18204)] == ["0 rows", "1 row", "18 204 rows"]


def test_the_help_is_wrapped_to_the_window(capsys, monkeypatch):
    """A paragraph of a docstring is one paragraph on any window."""
    monkeypatch.setenv("COLUMNS", "60")
    main(["ls", "--help"])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]

    start = next(i for i, line in enumerate(lines) if line.startswith("Lark has no list"))
    paragraph = lines[start : lines.index("", start)]
    assert [len(line) > 45 for line in paragraph[:-1]] == [True] * (len(paragraph) - 1)
    assert " ".join(paragraph).endswith("one for every 500 rows.")


def test_wide_columns_are_shortened_before_columns_are_left_out():
    """Everything shows when it fits; then the widest give way; then the last are left out."""
    rows = [{"name": "x" * 20, "客户": "y" * 30, "c": None}]

    def shown(width):
        text, hidden = fit(rows, width)
        assert max(display_width(line) for line in text.splitlines()) <= max(width, 16)
        return text.splitlines()[1].split(), hidden

    assert shown(100) == (["x" * 20, "y" * 30, "–"], [])
    assert shown(41) == (["x" * 17 + "…", "y" * 17 + "…", "–"], [])
    assert shown(36) == (["x" * 16 + "…", "y" * 16 + "…"], ["c"])
    assert shown(20) == (["x" * 20], ["客户", "c"])
    assert shown(3) == (["x" * 15 + "…"], ["客户", "c"])


def test_columns_whose_names_begin_alike_all_stay():
    """A heading that is shortened to the text of another one hides no column."""
    rows = [{"a long heading of a column 1": 1, "a long heading of a column 2": 2}]

    assert fit(rows, 34) == (
        "a long heading …  a long heading …\n1                 2",
        [],
    )


def test_chinese_characters_take_two_places():
    """A shortened text never sticks out."""
    assert [shorten("客户管理系统", width) for width in (12, 11, 10, 4)] == [
        "客户管理系统", "客户管理系…", "客户管理…", "客…",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ServiceError("x"), 1),
        (errors.RateLimited("x"), 1),
        (errors.SnapshotError("x"), 2),
        (ZeroDivisionError("x"), 1),
        (errors.ConfigurationError("x"), 2),
        (errors.NotFound("x"), 2),
        (errors.QueryError("x"), 2),
        (errors.UnsupportedField("x"), 2),
        (FileNotFoundError("x"), 2),
        (errors.AuthenticationError("x"), 3),
        (errors.PermissionDenied("x"), 3),
        (errors.ConfigurationError("x", context={"about": "credentials"}), 3),
        (errors.NetworkError("x"), 4),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda value: value if isinstance(value, int) else type(value).__name__,
)
def test_every_error_has_its_exit_code(error, code):
    """0 ok, 1 service error, 2 usage, 3 credentials or access, 4 network, 130 interrupted."""
    assert exit_code(error) == code


def test_every_error_class_was_thought_of():
    """A new class of error must choose its exit code."""
    known = {
        "ServiceError", "RateLimited", "SnapshotError", "ConfigurationError", "NotFound",
        "QueryError", "UnsupportedField", "AuthenticationError", "PermissionDenied",
        "NetworkError",
    }  # fmt: skip

    assert {kind.__name__ for kind in errors.LarkBaseError.__subclasses__()} >= known
    ours = [
        kind.__name__
        for kind in errors.LarkBaseError.__subclasses__()
        if kind.__module__ == errors.__name__
    ]
    assert set(ours) == known


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], []),
        (["ls"], ["ls"]),
        (["SELECT 1"], ["query", "SELECT 1"]),
        (["with q as (select 1) from q"], ["query", "with q as (select 1) from q"]),
        (["--format", "csv", "FROM x"], ["query", "--format", "csv", "FROM x"]),
        (["selection"], ["selection"]),
        (["--version"], ["--version"]),
        (["head", "select 1"], ["head", "select 1"]),
    ],
)
def test_query_is_the_default_verb(arguments, expected):
    """A bare statement needs no verb; anything else keeps its own."""
    assert with_default_verb(arguments) == expected
