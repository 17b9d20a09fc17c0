"""Displays cost no call and let no markup of the service through."""

from __future__ import annotations

import html
import io
import re

import pytest

import larkbase_sdk as larkbase
from larkbase_sdk.doctor import Check, DoctorReport

SCRIPT = "<script>\x1b]0;alert\x07('x')\u202e</script>"
PUBLIC = [name for name in larkbase.__all__ if isinstance(getattr(larkbase, name), type)]
WARNINGS = [name for name in PUBLIC if issubclass(getattr(larkbase, name), Warning)]
ERRORS = [name for name in PUBLIC if issubclass(getattr(larkbase, name), larkbase.LarkBaseError)]


@pytest.fixture
def table(lark_emulator):
    """A table whose every name and value steers browsers and terminals, with a file and a view."""
    found = lark_emulator.database(f"Base {SCRIPT}").table(
        f"Table {SCRIPT}",
        fields=[
            f"Name {SCRIPT}",
            ("Kind", "SingleSelect", {"options": [f"Option {SCRIPT}"]}),
            ("File", "Attachment"),
        ],
        rows=[{f"Name {SCRIPT}": SCRIPT, "File": [(f"{SCRIPT}.txt", b"x")]}],
    )
    found.view(f"View {SCRIPT}")
    return found


@pytest.fixture
def shown(lark, table, tmp_path):
    """Every object with a display, after its first use, so that it has something to show."""
    found = lark.table(table.url)
    database = found.database
    files = found.attachments("File")
    len(files)
    check = Check(f"base {SCRIPT}", "fail", SCRIPT, SCRIPT, f"javascript:{SCRIPT}")
    lark.databases.rows()
    explorer = found.explore()
    explorer.model.show_page(0)
    scan = found.scan(view=f"View {SCRIPT}")
    sql = f'SELECT * FROM "{table.url}"'
    errors = {
        name: getattr(larkbase, name)(SCRIPT, hint=SCRIPT, help_url=f"javascript:{SCRIPT}")
        for name in ERRORS
    }
    snapshot = database.snapshot(tmp_path / f"snapshot {SCRIPT.replace('/', ' ')}")
    table.insert([{f"Name {SCRIPT}": f"another {SCRIPT}"}])
    return errors | {
        "Lark": lark,
        "DatabaseMap": lark.databases,
        "Database": database,
        "TableMap": database.tables,
        "Table": found,
        "Schema": found.schema,
        "Column": found.schema.columns[0],
        "ViewList": found.views,
        "Scan": scan,
        "Plan": found.scan(where="kind = 'Open'").explain(),
        "Result": lark.sql(sql),
        "SqlPlan": lark.explain(sql),
        "Explorer": explorer,
        "Snapshot": snapshot,
        "SnapshotPlan": database.snapshot(tmp_path / "plan", dry_run=True),
        "SnapshotDiff": snapshot.diff(database),
        "Options": larkbase.Options(name_style="ascii"),
        "Attachments": files,
        "DoctorReport": DoctorReport((check,)),
    }


NAMES = [
    *(name for name in PUBLIC if name not in WARNINGS),
    "DatabaseMap", "TableMap", "ViewList", "Attachments", "DoctorReport",
]  # fmt: skip
NOTHING_OF_THE_SERVICE = {"Options"}


@pytest.mark.parametrize("name", NAMES)
def test_markup_of_the_service_is_escaped(shown, name):
    """A name with a script in it is shown as text."""
    html = shown[name]._repr_html_()

    assert "<script" not in html.lower()
    assert "&lt;script&gt;" in html or name in NOTHING_OF_THE_SERVICE
    assert "javascript:" not in html.replace("javascript:&lt;", "")


@pytest.mark.parametrize("name", NAMES)
def test_control_signs_of_the_service_are_escaped(shown, name):
    """A name with an escape sequence in it does not steer the terminal that shows it."""
    text = repr(shown[name]) + str(shown[name])

    assert not {"\x1b", "\x07", "\u202e"} & set(text)


@pytest.mark.parametrize("name", NAMES)
def test_displaying_costs_no_call(shown, lark_emulator, name):
    """Neither the text nor the HTML asks Lark for anything."""
    before = lark_emulator.calls.count()

    repr(shown[name])
    shown[name]._repr_html_()

    assert lark_emulator.calls.count() == before


@pytest.mark.parametrize("name", ["Lark", "Database", "TableMap", "Table", "Attachments"])
def test_displaying_before_the_first_use_costs_no_call_either(lark, lark_emulator, table, name):
    """What is not known yet is a dash or a hint, never a read."""
    lark.refresh()
    found = lark.table(table.url)
    objects = {
        "Lark": lark,
        "Database": found.database,
        "TableMap": found.database.tables,
        "Table": found,
        "Attachments": found.attachments("File"),
    }
    before = lark_emulator.calls.count()

    repr(objects[name])
    objects[name]._repr_html_()

    assert lark_emulator.calls.count() == before


def test_tables_show_the_rows_that_are_known(lark, table):
    """A count or a whole read is remembered for the displays; before it there is a dash."""
    found = lark.table(table.url)
    assert found.database.tables.rows()[0]["rows"] is None

    table.insert([{}, {}])
    found.to_arrow(limit=1)
    assert found.database.tables.rows()[0]["rows"] is None
    found.to_arrow()
    assert found.database.tables.rows()[0]["rows"] == 3
    table.insert([{}])
    found.count()
    assert list(found.database.tables.rows()[0]) == ["name", "id", "fields", "rows", "primary"]
    assert found.database.tables.rows()[0]["rows"] == 4
    lark.refresh()
    assert found.database.tables.rows()[0]["rows"] is None


def test_a_table_shows_its_rows_and_the_age_of_what_is_known(lark, table):
    """The card of a table says how many rows there are and when the fields were read."""
    found = lark.table(table.url)
    _ = found.schema
    assert "– rows · fields read 0 s ago" in found._repr_html_()

    found.count()
    assert "<p>1 row · fields read 0 s ago" in found._repr_html_()


def test_the_statement_on_the_card_of_a_table_can_be_run(lark, lark_emulator):
    """Names that are words of SQL are quoted."""
    lark_emulator.database("Order").table("Select", {"Name": ["a"]})

    card = lark.table("Order.Select")._repr_html_()
    shown = re.search(r"lark\.sql\('SELECT … (.*?)'\)", html.unescape(card))

    assert shown is not None
    assert len(lark.sql(shown[1])) == 1


def test_objects_are_short_as_text(lark, lark_emulator):
    """What a console shows of them fits a line, and says what they are."""
    lark_emulator.database("CRM").table("Orders", fields=[("Amount due", "Number")])
    orders = lark.table("CRM.Orders")

    assert repr(lark) == f"Lark({lark.domain}, as app cli_demo, 1 database known)"
    assert repr(orders.database) == f"<Database 'CRM' id={orders.base_id}>"
    assert repr(orders) == f"<Table 'CRM.Orders' id={orders.id}>"
    assert repr(orders.schema.columns[0]) == (
        "<Column 'Amount due', in SQL amount_due: Number, double>"
    )
    assert repr(orders.scan(limit=3)) == "<Scan CRM.Orders · limit 3>"


def test_a_result_is_no_wider_than_the_terminal(lark, lark_emulator, monkeypatch):
    """And says how many of its columns are shown; a notebook shows all of them."""
    fields = [f"Column number {n}" for n in range(200)]
    lark_emulator.database("CRM").table("Wide", fields=fields, rows=[{fields[0]: "客户" * 9}] * 2)
    result = lark.sql("FROM crm.wide")
    assert len(repr(result).splitlines()[0].split()) == 201

    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("sys.stdout", Terminal())
    heading, *_, caption = repr(result).splitlines()

    assert heading.split() == ["record_id", "column_number_0", "column_number_1"]
    assert caption.startswith("3 of 201 columns · 2 rows · ")
    assert "column_number_199" in result._repr_html_()


class Terminal(io.StringIO):
    """A stdout that somebody looks at."""

    def isatty(self):
        return True


def test_only_web_links_become_links(shown):
    """A link of another kind stays text."""
    assert "<a " not in shown["DoctorReport"]._repr_html_()


def test_options_show_their_values_and_no_hooks():
    """The display holds what the text holds."""
    html = larkbase.Options(rate=7)._repr_html_()

    assert "<td style='text-align:left'>rate</td><td style='text-align:left'>7</td>" in html
    assert "on_call" not in html
