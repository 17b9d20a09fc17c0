"""The state of an explorer as SQL, as Python and as data; all three mean the same rows."""

from __future__ import annotations

import pytest

import larkbase_sdk as larkbase
from larkbase_sdk.notebook.conditions import Condition


def choose_view(explorer, name):
    """Open the views of the selected table and choose one."""
    model = explorer.model
    model.activate(("views", model.table.database.name, model.table.id))
    view = next(view for view in model.table.views if view.name == name)
    model.activate(("view", model.table.database.name, model.table.id, view.view_id))


def run(code, lark):
    """Return what the code of an explorer leaves in ``df``."""
    space = {"lark": lark}
    exec(code, space)
    return space["df"]


def same_rows(explorer, lark):
    """Return the record ids, after comparing all ways to come to them."""
    read = explorer.to_pandas()
    assert list(lark.sql(explorer.sql).to_pandas()["record_id"]) == list(read.index)
    assert list(run(explorer.code, lark).index) == list(read.index)
    return list(read["OrderNo"])


def test_a_table(lark, crm):
    """The shortest statement that reads it, and the shortest code."""
    explorer = lark.table("CRM.Orders").explore()

    assert explorer.sql == "SELECT *\nFROM crm.orders"
    assert explorer.code == "table = lark.table('CRM.Orders')\ndf = table.to_pandas()"
    assert len(same_rows(explorer, lark)) == 180


def test_a_view_with_quotes_in_its_name_and_a_filter(lark, crm):
    """A view is its link in SQL, and its name in Python."""
    explorer = lark.table("CRM.Orders").explore()
    choose_view(explorer, 'Ann\'s "best" <b>')
    explorer.model.filter_by((Condition("status", "is", "Paid"),), "all")

    link = f"{crm.url}?table={explorer.model.table.id}&view={explorer.model.view.view_id}"
    assert explorer.sql == f"SELECT *\nFROM \"{link}\"\nWHERE status = 'Paid'"
    assert explorer.code.splitlines()[1] == (
        "df = table.to_pandas(view='Ann\\'s \"best\" <b>', where=\"status = 'Paid'\")"
    )
    assert same_rows(explorer, lark) == [f"A-{i}" for i in range(150, 180) if i % 3 == 1 and i % 10]


def test_all_rows_again(lark, crm):
    """The line above the views takes the view away."""
    explorer = lark.table("CRM.Orders").explore()
    choose_view(explorer, "Open orders")
    explorer.model.activate(("view", "CRM", explorer.model.table.id, ""))

    assert len(same_rows(explorer, lark)) == 180


def test_names_that_need_quotes(lark, lark_emulator):
    """Dots, quotes, reserved words and other scripts in every name."""
    base = lark_emulator.database('My "base". 1')
    base.table("Select", {"OrderNo": ["A-1"]})
    base.table("客户", {"OrderNo": ["B-1"]})
    base.table('x."y"', {"OrderNo": ["C-1"]})
    database = lark.databases['My "base". 1']
    explorers = [database.tables[name].explore() for name in ("Select", "客户", 'x."y"')]

    assert [explorer.sql for explorer in explorers] == [
        'SELECT *\nFROM my__base___1."select"',
        "SELECT *\nFROM my__base___1.客户",
        "SELECT *\nFROM my__base___1.x__y_",
    ]
    assert [same_rows(explorer, lark) for explorer in explorers] == [["A-1"], ["B-1"], ["C-1"]]


def test_a_view_whose_name_says_too_little(lark, lark_emulator):
    """A name that is the id of another view, or a link, gives way to the view's own id."""
    table = lark_emulator.database("CRM").table("Orders", {"OrderNo": ["A-1", "A-2"]})
    plain = table.view("Plain")
    table.view(plain.view_id, conditions=[("OrderNo", "is", ["A-1"])])
    table.view("https://example.com/base/x", conditions=[("OrderNo", "is", ["A-2"])])
    explorer = lark.table("CRM.Orders").explore()

    for name, rows in ((plain.view_id, ["A-1"]), ("https://example.com/base/x", ["A-2"])):
        choose_view(explorer, name)
        assert f"view='{explorer.model.view.view_id}'" in explorer.code
        assert same_rows(explorer, lark) == rows


def test_a_statement_that_was_written_takes_the_place_of_the_selection(lark, crm, calls):
    """It is answered once, kept, and given up with the next selection."""
    explorer = lark.table("CRM.Orders").explore()
    explorer.model.write_sql("SELECT max(amount) AS most\nFROM crm.orders")
    result = explorer.model.run_sql()
    calls()

    assert explorer.to_pandas().to_dict("list") == {"most": [179.0]}
    assert explorer.model.result is result
    assert calls() == 0
    assert explorer.sql == "SELECT max(amount) AS most\nFROM crm.orders"
    assert list(run(explorer.code, lark)["most"]) == [179.0]
    explorer.model.filter_by((Condition("amount", "<", "9"),), "all")
    assert explorer.sql == "SELECT *\nFROM crm.orders\nWHERE amount < 9"


@pytest.mark.parametrize(
    "text",
    ["SELECT 1 AS one", 'SELECT\n\'"""\' AS one', "SELECT\n'\\n' AS one", 'SELECT\n1 AS "a"'],
)
def test_code_of_a_statement_is_python(lark, text):
    """Whatever quotes and breaks it holds."""
    explorer = lark.explore()
    explorer.model.write_sql(text)

    assert run(explorer.code, lark).equals(explorer.to_pandas())


def test_nothing_to_run(lark):
    """An empty statement is refused with the next step."""
    with pytest.raises(larkbase.QueryError, match="Nothing is selected"):
        lark.explore().model.run_sql()


def test_tables_of_one_name_are_told_apart_by_their_ids(lark_emulator):
    """A folder of bases can hold two tables of the same name; each one's code reads itself."""
    folder = lark_emulator.drive.folder("Sales")
    team = folder.folder("Team")
    for name in ("North", "South"):
        base = lark_emulator.database(name)
        base.table("Orders", {"OrderNo": [name]})
        team.add_shortcut(base, "Orders")
    with lark_emulator.connect(folders=folder.token) as lark:
        tables = lark.database("Team").catalog_tables()
        assert [table.name for table in tables] == ["Orders", "Orders"]
        found = []
        for table in tables:
            explorer = lark.explore()
            explorer.model.activate(("database", "Team"))
            explorer.model.activate(("table", "Team", table.table_id))
            found += same_rows(explorer, lark)

    assert found == ["North", "South"]
