"""``max_age``: a read that is young enough is given again, and nobody else's ever is."""

from __future__ import annotations

import datetime as dt
import os
import stat
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.compute as pc
import pytest

import larkbase_sdk as larkbase
from larkbase_sdk import ConfigurationError, Options
from larkbase_sdk.testing import LarkEmulator


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where reads are kept."""
    monkeypatch.setenv("LARKBASE_CACHE_DIR", str(tmp_path / "larkbase"))
    return tmp_path / "larkbase" / "reads"


@pytest.fixture
def base(lark_emulator) -> Any:
    base = lark_emulator.database("CRM")
    base.table("Customers", {"Name": ["Ann"]})
    base.table(
        "Orders",
        fields=[
            "OrderNo", ("Amount", "Number"), ("Customer", "SingleLink", {"table": "Customers"}),
            ("Sum", "Formula", {"result": "Number", "declared": True}),
        ],
        rows=[{"OrderNo": "A-1", "Amount": 1, "Sum": 1}, {"OrderNo": "A-2", "Amount": 2}],
    )  # fmt: skip
    return base


@pytest.fixture
def orders(lark, base) -> larkbase.Table:
    return lark.table("CRM.Orders")


@pytest.fixture
def calls(lark_emulator, orders):
    """Return the calls since the last question, but for those of metadata."""
    metadata = {"token", "base", "tables", "fields", "root_folder", "files"}

    def since() -> list[str]:
        names = [c.endpoint for c in lark_emulator.calls.list if c.endpoint not in metadata]
        lark_emulator.calls.clear()
        return names

    orders.schema  # noqa: B018 (read before the counting begins)
    since()
    return since


def age_by(cache: Path, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let some time pass."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + seconds)


class TestByAge:
    """A kept read is given again until it is too old."""

    def test_a_young_read_costs_nothing(self, orders, base, calls):
        """It is the same to the cell, whatever happened in Lark since."""
        first = orders.to_pandas(max_age="1h")
        base.find_table("Orders").insert([{"OrderNo": "A-3"}])
        again = orders.to_pandas(max_age="1h")

        assert calls() == ["search"]
        pd.testing.assert_frame_equal(first, again)

    def test_it_says_when_it_was_read(self, orders):
        """And that it was kept."""
        first = orders.to_pandas(max_age="1h").attrs["larkbase"]
        again = orders.to_pandas(max_age="1h").attrs["larkbase"]

        assert again == first | {"from_cache": True}

    @pytest.mark.parametrize(
        "max_age", ["90s", "1.5m", 90, 90.0, dt.timedelta(seconds=90), " 90 S "]
    )
    def test_an_old_read_is_done_again(self, orders, base, cache, calls, monkeypatch, max_age):
        """In whatever way the age is written."""
        orders.to_arrow(max_age=max_age)
        age_by(cache, 89, monkeypatch)
        orders.to_arrow(max_age=max_age)
        assert calls() == ["search"]
        age_by(cache, 2, monkeypatch)
        base.find_table("Orders").insert([{"OrderNo": "A-3"}])
        assert len(orders.to_arrow(max_age=max_age)) == 3
        assert calls() == ["search"]

    def test_a_read_of_the_future_is_done_again(self, orders, cache, calls, monkeypatch):
        """A clock that was set back makes nothing young."""
        orders.to_arrow(max_age="1h")
        age_by(cache, -60, monkeypatch)
        orders.to_arrow(max_age="1h")
        assert calls() == ["search", "search"]

    @pytest.mark.parametrize("max_age", ["", "soon", "1y", "-1h", -1, True, dt.timedelta(-1), []])
    def test_what_is_no_age(self, orders, calls, max_age):
        """Is said before any call."""
        with pytest.raises(ConfigurationError, match=r"max_age[\s\S]*15m"):
            orders.to_pandas(max_age=max_age)
        assert calls() == []

    def test_without_it_nothing_is_kept(self, orders, cache):
        """A read is kept only when that was asked for."""
        orders.to_pandas()
        assert not cache.exists()


class TestSameRead:
    """Whatever decides about the rows tells reads apart."""

    @pytest.mark.parametrize(
        "other",
        [
            {"columns": ["OrderNo"]},
            {"where": "amount > 1"},
            {"where": pc.field("Amount") > 1},
            {"where": pc.field("OrderNo").isin([f"A-{n}" for n in range(40)])},
            {"where": pc.field("OrderNo").isin([f"A-{n}" for n in (*range(30), *range(31, 41))])},
            {"order_by": "-Amount"},
            {"limit": 1},
            {"names": "sql"},
            {"expand": "Customer"},
        ],
    )
    def test_another_question_is_another_read(self, orders, calls, other):
        """Each is kept for itself."""
        orders.to_arrow(max_age="1h")
        orders.to_arrow(max_age="1h", where=pc.field("OrderNo").isin(
            [f"A-{n}" for n in (*range(20), 99, *range(21, 40))]))  # fmt: skip
        calls()
        expected = orders.to_arrow(**other)
        calls()
        assert orders.to_arrow(max_age="1h", **other) == expected
        assert "search" in calls()
        assert orders.to_arrow(max_age="1h", **other) == expected
        assert calls() == []

    def test_somebody_else(self, orders, base, lark_emulator):
        """Another app, another user: they may see other rows."""
        orders.to_arrow(max_age="1h")
        base.find_table("Orders").insert([{"OrderNo": "A-3"}])
        for token in ("u-one", "u-two"):
            with lark_emulator.connect(user_token=lark_emulator.user_token(token)) as other:
                assert len(other.table("CRM.Orders").to_arrow(max_age="1h")) == 3

    def test_another_service(self, orders, base, lark_emulator):
        """The same ids may be somewhere else."""
        with LarkEmulator() as elsewhere:
            elsewhere.database("CRM").table("Orders", {"OrderNo": ["B-1"]})
            orders.to_arrow(max_age="1h")
            with elsewhere.connect() as lark:
                found = lark.table("CRM.Orders").to_arrow(max_age="1h")
        assert found["OrderNo"].to_pylist() == ["B-1"]

    def test_other_options(self, orders, lark_emulator):
        """Types of columns depend on them."""
        orders.to_arrow(max_age="1h")
        with lark_emulator.connect(options=Options(number_type="decimal")) as lark:
            found = lark.table("CRM.Orders").to_arrow(max_age="1h")
        assert str(found.schema.field("Amount").type).startswith("decimal")

    def test_another_client_of_the_same_app(self, orders, lark_emulator, calls):
        """A new session finds what the last one read."""
        orders.to_arrow(max_age="1h")
        calls()
        with lark_emulator.connect() as lark:
            lark.table("CRM.Orders").to_arrow(max_age="1h")
        assert calls() == []


class TestByChange:
    """``auto`` asks the base when it was last changed."""

    COLUMNS = ("OrderNo", "Amount")

    def test_it_costs_one_call_while_nothing_changed(self, orders, base, calls):
        """And a reading when something did."""
        orders.to_arrow(max_age="auto", columns=self.COLUMNS)
        calls()
        orders.to_arrow(max_age="auto", columns=self.COLUMNS)
        assert calls() == ["metas"]
        base.find_table("Orders").insert([{"OrderNo": "A-3"}])
        assert len(orders.to_arrow(max_age="auto", columns=self.COLUMNS)) == 3
        assert calls() == ["metas", "search"]

    def test_it_is_never_kept_with_the_fields_of_before(self, lark, base, lark_emulator):
        """Who read a table before somebody changed its fields keeps them as they are now."""
        customers = lark.table("CRM.Customers")
        customers.schema  # noqa: B018 (remembered from now on)
        table = base.find_table("Customers")
        table.rename_field("Name", "Customer")
        table.add_field("Note")
        lark_emulator.advance(60)

        first = customers.to_pandas(max_age="auto")
        again = lark_emulator.connect().table("CRM.Customers").to_pandas(max_age="auto")

        assert list(first.columns) == ["Customer", "Note"]
        assert list(again.columns) == ["Customer", "Note"]
        assert again.attrs["larkbase"]["from_cache"] is True

    def test_a_field_that_became_a_formula_is_not_kept(self, lark, base, lark_emulator):
        """Its values change without the base from then on."""
        customers = lark.table("CRM.Customers")
        customers.schema  # noqa: B018 (remembered from now on)
        table = base.find_table("Customers")
        field_id = table.add_field("Note").field_id
        lark.refresh()
        customers.schema  # noqa: B018 (remembered from now on)
        table.delete_field("Note")
        formula = {"result": "Number", "declared": True}
        table.add_field({
            "field_name": "Note", "ui_type": "Formula", "field_id": field_id, "property": formula,
        })  # fmt: skip
        lark_emulator.advance(60)

        frames = [customers.to_pandas(max_age="auto") for _ in range(2)]

        assert ["from_cache" in frame.attrs["larkbase"] for frame in frames] == [False, False]

    @pytest.mark.parametrize(
        "read",
        [
            {},
            {"columns": ["Sum"]},
            {"columns": ["OrderNo"], "where": "sum > 0"},
            {"columns": ["OrderNo"], "order_by": "Sum"},
            {"columns": ["OrderNo"], "view": "Grid"},
            {"columns": ["Customer"], "expand": "Customer"},
        ],
    )
    def test_what_changes_without_the_base_is_read(self, orders, calls, read):
        """Formulas do, lookups do, and views and linked tables may hold some."""
        orders.to_arrow(max_age="auto", **read)
        calls()
        orders.to_arrow(max_age="auto", **read)
        assert "search" in calls()

    def test_a_time_that_is_not_told(self, orders, lark_emulator, calls):
        """Then nothing says that the rows are the same."""
        lark_emulator.fail(99991672, endpoint="metas", times=None)
        for _ in range(2):
            orders.to_arrow(max_age="auto", columns=self.COLUMNS)
        assert calls() == ["metas", "search"] * 2

    def test_a_change_of_this_very_second(self, orders, base, lark_emulator, calls):
        """Another one may carry the same time, so it says nothing yet."""
        lark_emulator.advance(base.modified / 1000 - time.time())
        for _ in range(2):
            orders.to_arrow(max_age="auto", columns=self.COLUMNS)
        assert calls() == ["metas", "search"] * 2


class TestFiles:
    """Kept reads belong to their owner and do not grow without end."""

    def test_only_the_owner_may_read_them(self, orders, cache):
        """Whatever the mask of the process says."""
        before = os.umask(0)
        try:
            orders.to_arrow(max_age="1h")
        finally:
            os.umask(before)
        (path,) = cache.iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(cache.stat().st_mode) == 0o700

    def test_no_secret_is_in_them(self, orders, cache, lark_emulator, base):
        """Neither in names nor in contents."""
        token = lark_emulator.user_token("u-secret-token")
        orders.to_arrow(max_age="1h")
        with lark_emulator.connect(user_token=token) as other:
            other.table("CRM.Orders").to_arrow(max_age="1h")
        for path in cache.iterdir():
            body = path.read_bytes()
            assert token.encode() not in body
            assert lark_emulator.app_secret.encode() not in body

    def test_a_damaged_file_is_read_anew(self, orders, cache, calls):
        """It is no answer, and no error either."""
        expected = orders.to_arrow(max_age="1h")
        (path,) = cache.iterdir()
        path.write_bytes(path.read_bytes()[:-50])
        assert orders.to_arrow(max_age="1h") == expected
        assert orders.to_arrow(max_age="1h") == expected
        assert calls() == ["search", "search"]

    def test_a_cache_that_cannot_be_written(self, orders, cache, calls):
        """Costs the keeping, not the answer."""
        cache.parent.mkdir(parents=True)
        cache.write_text("in the way")
        assert len(orders.to_arrow(max_age="1h")) == 2

    def test_old_ones_are_removed(self, orders, cache):
        """When the next one is kept."""
        orders.to_arrow(max_age="1h", limit=1)
        (old,) = cache.iterdir()
        half = cache / f".{old.name}.0123abcd.part"
        half.write_bytes(b"")
        week = time.time() - 8 * 86_400
        for path in (old, half):
            os.utime(path, (week, week))
        orders.to_arrow(max_age="1h", limit=2)
        assert not old.exists()
        assert len(list(cache.iterdir())) == 1

    def test_the_oldest_go_when_there_are_too_many(self, orders, cache, monkeypatch):
        """So that the disk stays free."""
        for rows in range(1, 4):
            orders.to_arrow(max_age="1h", limit=rows)
            for path in cache.iterdir():
                moment = path.stat().st_mtime - 10
                os.utime(path, (moment, moment))
        size = max(path.stat().st_size for path in cache.iterdir())
        monkeypatch.setattr("larkbase_sdk.sinks.cache.MOST_BYTES", 2 * size)
        orders.to_arrow(max_age="1h", limit=4)
        assert len(list(cache.iterdir())) == 3

    def test_all_go_on_request(self, orders, cache):
        """And their number is told."""
        orders.to_arrow(max_age="1h")
        orders.to_arrow(max_age="1h", limit=1)
        assert larkbase.clear_cache() == 2
        assert list(cache.iterdir()) == []
        assert larkbase.clear_cache() == 0

    def test_files_of_others_stay(self, orders, cache):
        """A folder called reads may have been there before."""
        cache.mkdir(parents=True)
        mine = [cache / "2019.csv", cache / ".notes", cache / "letters.arrow"]
        for path in mine:
            path.write_text("mine")
            os.utime(path, (0, 0))
        orders.to_arrow(max_age="1h")
        assert larkbase.clear_cache() == 1
        assert sorted(cache.iterdir()) == sorted(mine)
