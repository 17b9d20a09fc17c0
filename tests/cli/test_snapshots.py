"""Snapshots in the terminal: taken, read without an account, and compared."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(run, orders, tmp_path: Path) -> str:
    """A snapshot of the base CRM."""
    path = str(tmp_path / "crm")
    assert run("snapshot", "CRM", path).code == 0
    return path


@pytest.fixture
def no_account(folder, emulator, monkeypatch) -> None:
    """Neither credentials nor a network."""
    for name in ("LARK_APP_ID", "LARK_APP_SECRET", "LARK_DOMAIN"):
        monkeypatch.delenv(name)
    emulator.calls.clear()


def test_taking_one(run, orders, tmp_path):
    """Facts about each table on stdout, the cost and the next step on stderr."""
    ended = run("snapshot", "CRM", str(tmp_path / "crm"))

    assert ended.code == 0
    (row,) = ended.rows
    assert (row["table"], row["rows"], row["how"]) == ("Orders", 3, "read")
    assert "✓ 1 table in" in ended.err
    assert f"→ next: larkbase ls CRM --snapshot {tmp_path}/crm" in ended.err


def test_a_dry_run(run, orders, tmp_path):
    """Nothing is written; the hint is the same command without the option."""
    ended = run("snapshot", "CRM", str(tmp_path / "crm"), "--table", "Orders", "--dry-run")

    (row,) = ended.rows
    assert (row["table"], row["action"], row["rows"], row["calls"]) == ("Orders", "read", 3, 1)
    assert "nothing was written" in ended.err
    assert f"→ next: larkbase snapshot CRM {tmp_path}/crm --table Orders" in ended.err
    assert not (tmp_path / "crm").exists()


def test_everything_in_full(run, orders, folder):
    """``--full`` keeps nothing."""
    assert run("snapshot", "CRM", folder, "--full").rows[0]["how"] == "read"


@pytest.mark.usefixtures("no_account")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ls"], {"database": "CRM", "source": "snapshot"}),
        (["ls", "CRM", "--rows"], {"table": "Orders", "rows": 3, "primary": "OrderNo"}),
        (["schema", "CRM.Orders"], {"name": "OrderNo", "type": "Text"}),
        (["head", "Orders", "-n", "1"], {"OrderNo": "A-1", "Amount": 12.5}),
        (["query", "SELECT count(*) AS n FROM crm.orders"], {"n": 3}),
        (["SELECT sum(amount) AS n FROM orders"], {"n": 19.5}),
        (["export", "Orders", "--where", "amount > 10"], {"OrderNo": "A-1"}),
        (["explain", "Orders"], {"table": "CRM.Orders", "calls": 0}),
        (["explain", "SELECT status FROM orders"], {"table": "CRM.Orders", "calls": 0}),
    ],
)
def test_reading_one_needs_no_account(run, folder, emulator, words, expected):
    """The commands that read a base read its snapshot."""
    ended = run(*words, "--snapshot", folder)

    assert ended.code == 0, ended.err
    row = ended.rows[0]
    assert {name: row[name] for name in expected} == expected
    assert emulator.calls.count() == 0


def test_the_next_step_reads_the_snapshot_too(run, folder):
    """A hint can be copied as it is."""
    assert (
        f"larkbase head CRM.Orders --snapshot={folder}"
        in run("ls", "CRM", "--snapshot", folder).err
    )


def test_comparing_two(run, orders, folder, tmp_path):
    """Tables that changed, and with ``--cells`` every difference."""
    first = orders.rows.ids([0])[0]
    orders.update(first, {"Amount": 13})
    orders.insert([{"OrderNo": "A-4"}])
    after = str(tmp_path / "after")
    run("snapshot", "CRM", after)

    summary = run("diff", folder, after)
    cells = run("diff", folder, after, "--cells", "--format", "csv")

    assert summary.rows == [
        {
            "table": "Orders", "change": "changed", "added": 1, "removed": 0, "changed": 1,
            "fields": None, "note": None,
        }
    ]  # fmt: skip
    assert f"→ next: larkbase diff {folder} {after} --cells" in summary.err
    assert f'"Orders","changed","{first}","Amount","12.5","13"' in cells.text


def test_comparing_with_the_live_base(run, orders, folder):
    """A name that is no path is a database."""
    orders.insert([{"OrderNo": "A-4"}])

    assert run("diff", folder, "CRM").rows[0]["added"] == 1
    assert run("diff", folder, orders.base.url).rows[0]["added"] == 1


def test_nothing_changed(run, folder):
    """People are told, programs get no row."""
    assert run("diff", folder, "CRM").rows == []
    assert run("diff", folder, "CRM", "--format", "table").text.strip() == "Nothing changed."


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["ls", "--snapshot", "nothing/here"], 2, "There is no snapshot"),
        (["diff", "nothing/here", "CRM"], 2, "There is no snapshot"),
        (["diff", "CRM", "HR"], 2, 'No database "HR"'),
        (["snapshot", "CRM", "x/crm", "--table", "Ordres"], 2, 'did you mean "Orders"'),
        (["snapshot", "Nope", "x/crm"], 2, 'No database "Nope"'),
    ],
)
def test_mistakes(run, orders, tmp_path, monkeypatch, words, code, told):
    """Each with its exit code, and without a traceback."""
    monkeypatch.chdir(tmp_path)
    ended = run(*words)

    assert ended.code == code
    assert told in ended.err
    assert "Traceback" not in ended.err
