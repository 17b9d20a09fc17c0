"""The command line as real processes: exit codes, pure pipes, Ctrl-C, and a demo that ends."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import resource
import shlex
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-m", "larkbase_sdk.cli"]


@pytest.fixture
def environment(emulator, tmp_path):
    """The environment of a child process: that of the test, with Python's own checks on."""
    ours = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    return {**ours, "PYTHONWARNINGS": "default", "PYTHONDEVMODE": "1"}


def start(environment, *arguments, **more):
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,
    )


def ended(environment, *arguments, given=b"", **more):
    process = start(environment, *arguments, stdin=subprocess.PIPE, **more)
    out, err = process.communicate(given, timeout=60)
    return process.returncode, out, err.decode()


def test_a_pipe_gets_pure_ndjson(environment, orders):
    """stdout holds nothing but rows, stderr no warnings of Python."""
    code, out, err = ended(environment, "head", "CRM.Orders")

    assert code == 0
    assert [json.loads(line)["OrderNo"] for line in out.splitlines()] == ["A-1", "A-2", "A-3"]
    assert [line[0] for line in err.splitlines()] == ["✓", "→"]


def test_an_error_leaves_stdout_empty(environment, orders):
    """The exit code and stderr tell it."""
    code, out, err = ended(environment, "head", "CRM.Ordres")

    assert (code, out) == (2, b"")
    assert err.startswith('NotFound: No table "Ordres" in database "CRM".\n  Hint: ')


@pytest.mark.parametrize("more", [(), ("--quiet",)])
def test_a_bad_setting_of_the_environment_is_told_without_a_traceback(environment, more):
    """The package can be imported whatever the environment holds."""
    code, out, err = ended({**environment, "LARK_RATE": "fast"}, "ls", *more)

    assert (code, out) == (2, b"")
    assert err.startswith(
        "ConfigurationError: The environment variable LARK_RATE cannot be 'fast'."
    )


def test_a_reader_that_goes_away_is_no_error(environment, emulator):
    """``larkbase export … | head`` ends quietly."""
    emulator.database("CRM").table("Long", {"Name": ["x" * 1000] * 2000})
    process = start(environment, "export", "CRM.Long", "-q")
    process.stdout.readline()
    process.stdout.close()

    err = process.stderr.read().decode()
    process.stderr.close()
    assert (process.wait(60), err) == (0, "")


@pytest.mark.parametrize("arguments", [("--help",), ("athena",)])
def test_a_reader_of_a_help_text_that_goes_away_is_no_error(environment, arguments):
    """``larkbase --help | head -1``, also with ``set -o pipefail``."""
    shell = f"{shlex.join([*PROGRAM, *arguments])} | true; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(
        ["bash", "-c", shell], env=environment, capture_output=True, timeout=60, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_disk_that_takes_only_the_beginning_is_an_error(
    environment, emulator, tmp_path, unbuffered
):
    """Rows that were not written are never passed over, however Python buffers its streams."""
    emulator.database("CRM").table("Long", {"Name": ["x" * 1000] * 300})
    target, limit = tmp_path / "rows.ndjson", 100_000
    with target.open("wb") as sink:
        process = subprocess.Popen(
            [*PROGRAM, "SELECT name FROM crm.long"],
            env={**environment, "PYTHONUNBUFFERED": unbuffered},
            stdout=sink,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )
        _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (2, b"OSError: File too large\n")
    assert target.stat().st_size == limit


@pytest.mark.parametrize("arguments", [("--help",), ("ls", "-q")])
def test_a_stdout_that_takes_nothing_is_told_once(environment, orders, arguments):
    """``larkbase --help > /dev/full``"""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*PROGRAM, *arguments],
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )

    assert (ended.returncode, ended.stderr) == (2, b"OSError: No space left on device\n")


@pytest.mark.parametrize(("database", "code"), [("CRM", 0), ("Nope", 2)])
def test_a_stderr_that_takes_nothing_changes_no_exit_code(environment, orders, database, code):
    """What is said beside the data is worth no error."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*PROGRAM, "ls", database],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=full,
            timeout=60,
            check=False,
        )

    assert (ended.returncode, b"Orders" in ended.stdout) == (code, code == 0)


@pytest.mark.parametrize(
    ("closed", "told"),
    [("stdout", "→ next: larkbase head CRM.Orders\n"), ("stdout and stderr", "")],
)
def test_a_stream_that_is_closed_is_no_error(environment, orders, closed, told):
    """``larkbase ls CRM >&- 2>&-``, as cron jobs and services may do it."""
    shell = f"{shlex.join([*PROGRAM, 'ls', 'CRM'])} >&- {'2>&-' * (closed != 'stdout')}"
    ended = subprocess.run(
        shell, env=environment, shell=True, capture_output=True, timeout=60, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr.decode()) == (0, b"", told)


def test_an_answer_that_no_stdin_can_give_is_told(environment, emulator):
    """``larkbase login <&-``"""
    shell = f"{shlex.join([*PROGRAM, 'login'])} <&-"
    ended = subprocess.run(
        shell, env=environment, shell=True, capture_output=True, timeout=60, check=False
    )

    assert ended.returncode == 2
    assert "ConfigurationError: No answer came, since stdin has ended." in ended.stderr.decode()


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("ascii", rb"\u5ba2 \xe9"),
        ("ascii:surrogateescape", rb"\u5ba2 \xe9"),  # of the locale C
        ("cp1252", b"\\u5ba2 \xe9"),
    ],
)
def test_a_terminal_of_few_characters_gets_the_others_as_escapes(
    environment, emulator, encoding, name
):
    """As Python does it on stderr; data for programs is UTF-8 all the same."""
    emulator.database("CRM").table("客 é", {"Name": []})
    ours = {**environment, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}

    code, out, err = ended(ours, "ls", "CRM", "--format", "table", "-q")
    assert (code, err) == (0, "")
    assert out.splitlines()[1].startswith(name)
    code, out, err = ended(ours, "ls", "CRM", "-q")
    assert (code, json.loads(out)["table"], err) == (0, "客 é", "")


def test_ctrl_c_ends_with_130_and_no_traceback(environment, emulator, orders):
    """An interrupted read says so in one line."""
    emulator.fail(stall=30, endpoint="search")
    process = start(environment, "head", "CRM.Orders")
    while emulator.pending_faults:
        time.sleep(0.01)

    process.send_signal(signal.SIGINT)

    out, err = process.communicate(timeout=60)
    assert (out, err.decode()) == (b"", "Interrupted.\n")
    # Interrupted inside some extension modules, Python ends by the signal; shells call both 130.
    assert process.returncode in (130, -signal.SIGINT)


def in_terminal(environment, *arguments, columns):
    """Return exit code, what a terminal showed on stdout, and stderr."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (24, columns))
    process = subprocess.Popen(
        [*PROGRAM, *arguments], env=environment, stdout=theirs, stderr=subprocess.PIPE
    )
    os.close(theirs)
    shown = b""
    # At the end of a terminal Linux raises, where other systems return nothing.
    with contextlib.suppress(OSError):
        while piece := os.read(ours, 65536):
            shown += piece
    os.close(ours)
    err = process.stderr.read().decode()
    process.stderr.close()
    return process.wait(60), shown.decode().replace("\r\n", "\n"), err


def test_a_stopped_export_leaves_no_half_file(environment, emulator, orders, tmp_path):
    """SIGTERM, as of a service manager or a container that ends."""
    emulator.fail(stall=30, endpoint="search")
    process = start(environment, "export", "CRM.Orders", "--to", str(tmp_path / "rows.csv"))
    while emulator.pending_faults:
        time.sleep(0.01)

    process.send_signal(signal.SIGTERM)

    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (143, b"", b"")
    assert list(tmp_path.glob(".*")) == list(tmp_path.glob("rows.csv")) == []


def test_a_terminal_gets_a_table_that_fits(environment, orders):
    """Columns that find no room are named on stderr."""
    code, shown, err = in_terminal(environment, "head", "CRM.Orders", columns=40)

    lines = shown.splitlines()
    assert code == 0
    assert lines[0].split() == ["record_id", "OrderNo", "Amount", "Status"]
    assert [line.split()[1] for line in lines[1:]] == ["A-1", "A-2", "A-3"]
    assert max(map(len, lines)) <= 40
    assert "3 columns left out: Ordered, Total, net, Tags" in err


@pytest.mark.parametrize("form", ["table", "csv", "json", "ndjson"])
def test_no_cell_steers_a_terminal(environment, emulator, form):
    """Escape sequences are shown as text on a terminal; a pipe gets the cell as it is."""
    cell = "客户\x1b]0;title\x07\x9b31m\u202e"
    emulator.database("CRM").table("Notes", {"Note": [cell], "Kind": ["a"]})
    asked = ("head", "CRM.Notes", "--format", form)

    code, shown, _ = in_terminal(environment, *asked, columns=200)

    assert code == 0
    assert "客户" in shown
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)
    if form == "ndjson":
        assert json.loads(ended(environment, *asked)[1])["Note"] == cell


def test_a_terminal_gets_no_bytes(environment, orders):
    """Parquet is for files and pipes."""
    code, shown, err = in_terminal(
        environment, "head", "CRM.Orders", "--format", "parquet", columns=80
    )

    assert (code, shown) == (2, "")
    assert "ConfigurationError: The format parquet is not for a terminal." in err


def test_login_stores_a_profile_that_other_commands_use(environment, emulator, orders, tmp_path):
    """Without a terminal the answers are lines of stdin; the secret is no argument."""
    for name in ("LARK_APP_ID", "LARK_APP_SECRET", "LARK_DOMAIN"):
        del environment[name]
    answers = f"{emulator.app_id}\n{emulator.app_secret}\n{emulator.url}\n"

    code, out, err = ended(environment, "login", "--profile", "work", given=answers.encode())

    assert (code, out) == (0, b"")
    assert '✓ saved as profile "work" in ' in err
    assert "larkbase ls '<paste the link of a base>' --profile=work" in err
    assert emulator.app_secret not in err
    code, out, _ = ended(environment, "ls", "--profile", "work")
    assert (code, json.loads(out)["database"]) == (0, "CRM")


def test_login_without_answers_stores_nothing(environment, tmp_path):
    """An empty stdin is a usage error, not a traceback."""
    code, _, err = ended(environment, "login")

    assert code == 2
    assert "ConfigurationError: No answer came" in err
    assert not (tmp_path / "larkbase").exists()


def test_login_with_a_wrong_secret_stores_nothing(environment, emulator, tmp_path):
    """Credentials are checked before they are stored."""
    answers = f"{emulator.app_id}\nwrong-secret\n{emulator.url}\n"

    code, _, err = ended(environment, "login", given=answers.encode())

    assert code == 3
    assert "AuthenticationError" in err
    assert "wrong-secret" not in err
    assert not (tmp_path / "larkbase").exists()


def test_the_emulator_prints_what_a_client_needs_and_stops_on_ctrl_c(environment):
    """Its stdout is an environment; Ctrl-C is how it is meant to end."""
    process = start(environment, "emulator", "--port", "0", "--tenant", "sample")
    lines = [process.stdout.readline().decode().strip() for _ in range(3)]
    settings = dict(line.split("=", 1) for line in lines)

    code, out, _ = ended({**environment, **settings}, "head", "CRM.Orders", "-n", "2")
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=60)

    assert list(settings) == ["LARK_DOMAIN", "LARK_APP_ID", "LARK_APP_SECRET"]
    assert (code, len(out.splitlines())) == (0, 2)
    assert (process.returncode, rest) == (0, b"")
    assert "Ctrl-C stops it" in err.decode()
    assert "Traceback" not in err.decode()


def test_the_emulator_of_aws_prints_what_a_client_needs_and_stops_on_ctrl_c(environment):
    """Its stdout is an environment; a crawl through both emulators needs no account."""
    process = start(environment, "aws-emulator", "--port", "0")
    lines = [process.stdout.readline().decode().strip() for _ in range(5)]
    settings = dict(line.split("=", 1) for line in lines)

    code, out, _ = ended({**environment, **settings}, "glue", "ls", "--format", "table")
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=60)

    assert list(settings) == [
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    ]
    assert (code, out) == (0, b"Glue has no database that was made from Lark.\n")
    assert (process.returncode, rest) == (0, b"")
    assert "Ctrl-C stops it" in err.decode()
    assert "Traceback" not in err.decode()


@pytest.fixture
def nobody(environment):
    """The environment of somebody without an account; what else is set leads nowhere."""
    ours = {name: text for name, text in environment.items() if not name.startswith("LARK_")}
    return {**ours, "AWS_PROFILE": "none", "LARKBASE_FOLDERS": "fldcnNowhere"}


def test_the_demo_ends_by_itself_and_writes_a_file(nobody, tmp_path):
    """Each step shows its Python line; no account, no warning, nothing left running."""

    code, out, err = ended(nobody, "demo", cwd=tmp_path)

    text = out.decode()
    assert code == 0
    assert (tmp_path / "demo-output" / "orders.parquet").is_file()
    for line in (
        ">>> lark = larkbase.demo()",
        ">>> lark.databases",
        ">>> orders.schema",
        ">>> scan.explain()",
        ">>> scan.to_pandas()",
        ">>> scan.to_parquet('demo-output/orders.parquet')",
        "$ larkbase glue crawl --base-table ",
        "  created crm.orders                        new, 23 columns",
        '>>> answer = handler({"handlerType": "LARK_BASE", "payload": source}, None)',
        "('Success', 3, 5)",
        ">>> result = lark.sql(query",
        '$ larkbase athena query "SHOW TABLES IN crm" -f table -q\ntab_name\ncustomers\norders\n',
    ):
        assert line in text
    assert "on the server" in text
    assert [line[0] for line in err.splitlines() if line[0] != " "] == ["✓", "✓", "→"]
    assert "  calls to Lark: " in err


def test_without_the_extra_the_demo_leaves_its_chapter_out_and_says_how_to_get_it(nobody, tmp_path):
    """One line; the rest is as ever."""
    code = "import sys; sys.modules['moto'] = None; from larkbase_sdk.cli import main; "
    process = subprocess.run(
        [sys.executable, "-c", code + "sys.exit(main(['demo']))"],
        env=nobody,
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )

    lines = process.stdout.decode().splitlines()
    (left_out,) = [line for line in lines if line.startswith("# A chapter on the Glue crawler")]
    assert process.returncode == 0, process.stderr.decode()
    assert left_out.endswith("pip install 'larkbase-sdk[emulator]'")
    assert (tmp_path / "demo-output" / "orders.parquet").is_file()
    assert "crawl" not in "".join(lines).replace(left_out, "")
