"""A shared read gives every scan all batches, or the error that ended it."""

from __future__ import annotations

import threading

import pyarrow as pa
import pytest

from larkbase_sdk.read.plan import Part, ReadPlan, Residual
from larkbase_sdk.schema.table_schema import TableSchema
from larkbase_sdk.sql.sharing import SharedRead

SCHEMA = TableSchema("base", "table", "T", ())
BATCHES = [pa.record_batch({"n": [n, n + 1]}) for n in range(0, 20, 2)]


def plan(*output, server=None, limit=None):
    part = Part("base", "table", (), filter=server, limit=limit)
    return ReadPlan(SCHEMA, (part,), output, Residual())


class Source:
    """Opens the read, and counts how often."""

    def __init__(self, error=None):
        self.opened = 0
        self.error = error

    def open(self, wanted):
        del wanted
        self.opened += 1
        yield from BATCHES
        if self.error is not None:
            raise self.error


def test_every_scan_gets_every_batch():
    """Also when scans run at the same time in several threads, and one lags behind."""
    source = Source()
    shared = SharedRead(plan("n"), source.open, whole=True)
    lagging = shared.batches()
    next(lagging)
    found: list[list[pa.RecordBatch]] = []

    threads = [
        threading.Thread(target=lambda: found.append(list(shared.batches()))) for _ in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [BATCHES] * 4
    assert list(lagging) == BATCHES[1:]
    assert source.opened == 1


def test_every_scan_gets_the_error():
    """The batches before it are never taken for all."""
    shared = SharedRead(plan("n"), Source(ValueError("broken")).open, whole=True)

    for _ in range(2):
        scan = shared.batches()
        assert [next(scan) for _ in BATCHES] == BATCHES
        with pytest.raises(ValueError, match="broken"):
            next(scan)


def test_what_it_serves():
    """Columns that it has, rows that it has, and no end of their own."""
    whole = SharedRead(plan("a", "b"), Source().open, whole=True)
    some = SharedRead(plan("a", "b", server={"x": 1}), Source().open, whole=False)

    assert whole.serves(plan("a"))
    assert whole.serves(plan("b", "a", server={"x": 1}))
    assert not whole.serves(plan("c"))
    assert not whole.serves(plan("a", limit=5))
    assert some.serves(plan("a", server={"x": 1}))
    assert not some.serves(plan("a", server={"x": 2}))
    assert not some.serves(plan("a"))


def test_rows_that_are_not_kept_go_to_one_scan_only(monkeypatch):
    """A second scan that comes too late reads for itself and takes nothing from the first."""
    monkeypatch.setattr("larkbase_sdk.sql.sharing.MOST_BYTES", 1)
    shared = SharedRead(plan("n"), Source().open, whole=True)
    assert shared.serves(plan("n"))
    first = shared.batches()
    found = [next(first)]

    assert shared.batches() is None
    assert not shared.serves(plan("n"))
    assert found + list(first) == BATCHES


def test_closing_ends_the_read():
    """Nothing is fetched after the statement."""
    source = Source()
    shared = SharedRead(plan("n"), source.open, whole=True)
    scan = shared.batches()
    next(scan)
    shared.close()

    assert list(scan) == []
    shared.close()
