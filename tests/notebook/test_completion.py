"""Tab completes names of databases and tables, in IPython as it comes."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import larkbase_sdk as larkbase


@pytest.fixture
def complete(lark, lark_emulator, tmp_path):
    """Return what Tab offers behind a text, in a shell that has a client and a snapshot."""
    base = lark_emulator.database("CRM")
    base.table("Orders", {"No": ["A-1"]})
    base.table("Price list", {"No": ["A-1"]})
    lark_emulator.database("客户管理")
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    db = lark.databases["CRM"]
    names = {"lark": lark, "db": db, "snap": db.snapshot(tmp_path / "crm"), "larkbase": larkbase}
    shell.user_ns.update(names)

    def offered(text):
        with provisionalcompleter():
            return {item.text for item in shell.Completer.completions(text, len(text))}

    yield offered
    InteractiveShell.clear_instance()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("lark.databases['", {"CRM", "客户管理"}),
        ("db.tables['", {"Orders", "Price list"}),
        ("snap.databases['", {"CRM"}),
        ("snap.tables['", {"Orders", "Price list"}),
    ],
)
def test_keys_are_completed(complete, text, names):
    """Behind the attribute itself, not only behind a variable that holds it."""
    assert complete(text) == names


def test_names_that_are_identifiers_are_attributes(complete):
    """As in ``lark.databases.CRM``."""
    assert {"CRM", "客户管理"} <= complete("lark.databases.")
    assert "Orders" in complete("db.tables.")
    assert "Price list" not in complete("db.tables.")


def test_the_module_offers_what_it_is_for(complete):
    """And none of what it imports."""
    assert complete("larkbase.") == {name for name in larkbase.__all__ if name != "__version__"}
