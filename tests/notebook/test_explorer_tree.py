"""The tree: databases, tables, views; each list is read when it is opened, and then known."""

from __future__ import annotations

import pytest

import larkbase_sdk as larkbase


def labels(explorer):
    return [("  " * node.level) + node.label for node in explorer.model.tree.nodes()]


def click(explorer, label):
    nodes = [node for node in explorer.model.tree.nodes() if node.label == label]
    explorer.model.activate(nodes[0].key)


def test_databases_tables_and_views_open_one_below_the_other(lark, crm, calls):
    """Every list costs its calls when it is opened, and none after that."""
    calls()
    explorer = lark.explore()
    assert calls() == 2
    assert labels(explorer) == ["CRM"]

    click(explorer, "CRM")
    assert calls() == 1
    assert labels(explorer) == ["CRM", "  Orders", "  Customers", "  Order notes"]

    click(explorer, "Orders")
    assert calls() == 1
    click(explorer, "Views")
    assert calls() == 1
    assert labels(explorer) == [
        "CRM", "  Orders", "    Views", "      All rows", "      Grid", "      Open orders",
        "      Ann's \"best\" <b>", "  Customers", "  Order notes",
    ]  # fmt: skip

    click(explorer, "Views")
    click(explorer, "CRM")
    click(explorer, "CRM")
    assert calls() == 0


def test_the_first_paint_of_a_large_tenant_lists_no_tables(lark_emulator, calls):
    """200 tables in 5 bases of a folder cost the call that lists the folder."""
    folder = lark_emulator.drive.folder("Sales")
    for number in range(5):
        base = lark_emulator.database(f"Base {number}")
        folder.add(base)
        for table in range(40):
            base.table(f"Table {table}", fields=["Name"])
    lark = lark_emulator.connect(folders=folder.token)
    calls()

    with lark:
        explorer = lark.explore()
        _ = explorer.widget
        assert calls() == 1
        assert labels(explorer)[:5] == [f"Base {number}" for number in range(5)]


def test_a_base_of_200_tables_costs_two_calls(lark_emulator, lark, calls):
    """Lark lists 100 tables a call; names beyond the first 200 are found by searching."""
    base = lark_emulator.database("Large")
    for table in range(201):
        base.table(f"Table {table}", fields=["Name"])
    database = lark.database(base.url)
    calls()

    explorer = database.explore()
    assert calls() == 3  # the list of tables comes in three pages
    assert labels(explorer)[-1] == "  … and 1 more: search for their names"
    explorer.model.tree.search = "table 200"
    assert labels(explorer) == ["Large", "  Table 200"]


def test_what_nobody_asked_for_is_offered(lark_emulator, crm, calls):
    """With a link the Drive root is looked into on request only."""
    other = lark_emulator.database("Other")
    with lark_emulator.connect(url=crm.url) as lark:
        calls()
        explorer = lark.explore()
        assert calls() == 1
        assert labels(explorer) == ["CRM", "Look into the Drive root"]

        click(explorer, "Look into the Drive root")
        assert labels(explorer) == ["CRM", other.name]


def test_searching_shows_what_is_known_and_offers_the_rest(lark_emulator, lark, crm, calls):
    """A search costs nothing; looking into further databases says what it costs."""
    lark_emulator.database("HR").table("Orders of coffee", fields=["Name"])
    explorer = lark.explore()
    click(explorer, "CRM")
    calls()

    explorer.model.tree.search = "ORDER"
    assert labels(explorer) == [
        "CRM", "  Orders", "  Order notes", "Search 1 more database (1 call)",
    ]  # fmt: skip
    assert calls() == 0

    click(explorer, "Search 1 more database (1 call)")
    assert calls() == 1
    assert labels(explorer) == ["CRM", "  Orders", "  Order notes", "HR", "  Orders of coffee"]

    explorer.model.tree.search = "nothing like it"
    assert labels(explorer) == ['Nothing is called "nothing like it".']


def test_a_database_or_a_table_can_be_explored_by_itself(lark, crm):
    """The tree begins with the database open, and with the table selected in it."""
    database = lark.database("CRM")

    assert labels(database.explore()) == ["CRM", "  Orders", "  Customers", "  Order notes"]
    explorer = database.table("Orders").explore()
    assert repr(explorer) == "<Explorer CRM.Orders>"
    assert labels(explorer) == ["CRM", "  Orders", "    Views", "  Customers", "  Order notes"]
    assert explorer.model.table.name == "Orders"


def test_an_app_that_sees_nothing_learns_what_to_do(lark):
    """An empty tree says how to open a base."""
    assert labels(lark.explore()) == [
        "No database is known. Paste the link of a base: lark.add(link)"
    ]


def test_refreshing_reads_everything_again(lark, crm):
    """What was added meanwhile appears; the selection is given up."""
    explorer = lark.database("CRM").table("Orders").explore()
    crm.table("Late", {"Name": ["x"]})

    explorer.model.refresh()
    click(explorer, "CRM")
    assert "  Late" in labels(explorer)
    assert explorer.model.table is None


def test_an_error_leaves_the_selection_as_it_was(lark, lark_emulator, crm):
    """A table that cannot be read is not half selected."""
    explorer = lark.database("CRM").table("Orders").explore()
    explorer.model.tree.open_database("CRM")
    lark_emulator.fail(91403, endpoint="fields", times=None)

    with pytest.raises(larkbase.PermissionDenied):
        click(explorer, "Customers")
    assert repr(explorer) == "<Explorer CRM.Orders>"


def test_only_what_has_tables_can_be_explored(lark):
    """Anything else is refused by its name."""
    with pytest.raises(TypeError, match="A dict cannot be explored"):
        larkbase.Explorer({})


def test_a_snapshot_is_explored_without_a_call(lark, crm, tmp_path, calls):
    """The same explorer reads the stored rows; only views are missing."""
    snapshot = lark.database("CRM").snapshot(tmp_path / "crm")
    calls()

    explorer = snapshot.explore()
    click(explorer, "Orders")
    page = explorer.model.show_page(3)
    assert labels(explorer) == ["CRM", "  Orders", "  Customers", "  Order notes"]
    assert page.caption == "Rows 151–180 of 180"
    assert explorer.sql == "SELECT *\nFROM crm.orders"
    assert explorer.code == "table = snap.tables['Orders']\ndf = table.to_pandas()"
    assert len(explorer.model.run_sql()) == len(explorer.to_pandas()) == 180
    assert calls() == 0
