"""The widgets: they show the state of the model, and every error with its next step."""

from __future__ import annotations

import os
import signal
import threading

import pytest

import larkbase_sdk as larkbase
from larkbase_sdk import Options

SCRIPT = "<script>alert('x')</script>"


def test_a_person_looks_around(lark, crm, hands):
    """Tree, preview, next page, filter, profile, SQL and code, only by pressing what is shown."""
    explorer = lark.explore()
    person = hands(explorer)
    assert "Select a table on the left." in person.html

    person.press("CRM", "Orders")
    assert person.labels == ["▾ CRM", "Orders", "▸ Views", "Customers", "Order notes"]
    assert person.button("Orders").button_style == "primary"
    assert "Formula&lt;Text&gt;" in person.html
    person.turn_to("Preview")
    assert "Rows 1–50 (180 counted)" in person.html
    person.press("Next")
    assert "<td>A-050</td>" in person.html
    assert person.button("Previous").disabled is False

    person.turn_to("Filter")
    person.field("Column").value = "status"
    assert person.field("Operator").options[:2] == ("is", "is not")
    assert person.field("value").options == ("Open", "Paid", "Shipped")
    person.field("value").value = "Paid"
    person.press("Add condition")
    assert "WHERE <code>status = &#x27;Paid&#x27;</code>" in person.html
    person.turn_to("Profile")
    assert "at most 54 rows · 1 call" in person.html
    person.press("Read and profile")
    assert "54 rows read" in person.html
    assert "<svg" in person.html

    person.turn_to("SQL")
    assert person.field("SELECT … FROM database.table").value == explorer.sql
    person.press("Run")
    assert "20 of 54 rows · " in person.html
    person.press("Insert code")
    assert person.field("The Python code of what is selected").value == explorer.code
    person.press("Remove")
    assert explorer.sql == "SELECT *\nFROM crm.orders"


def test_the_last_page_and_the_way_back(lark, crm, hands):
    """Buttons that lead nowhere cannot be pressed."""
    person = hands(lark.table("CRM.Orders").explore())
    assert person.button("Next").disabled
    person.turn_to("Preview")
    person.press("Next", "Next", "Next")

    assert "Rows 151–180 of 180" in person.html
    assert person.button("Next").disabled
    person.press("Previous", "Previous", "Previous")
    assert person.button("Previous").disabled


def test_a_short_page_is_filled_before_the_next_one(lark, crm, hands):
    """Where rows are sorted out here, Next looks further for this page."""
    rows = [{"Label": "rare" if i > 6490 else "common"} for i in range(6500)]
    crm.find_table("Orders").insert(rows)
    person = hands(lark.table("CRM.Orders").explore())
    person.turn_to("Filter")
    person.field("Column").value = "label"
    person.field("value").value = "rare"
    person.press("Add condition")
    person.turn_to("Preview")
    assert "No rows among the first" in person.html

    person.press("Next")
    assert "Rows 1–9 of 9" in person.html


def test_a_view_is_chosen_in_the_tree(lark, crm, hands):
    """The preview follows, and the line of the view is marked."""
    person = hands(lark.table("CRM.Orders").explore())
    person.turn_to("Preview")
    person.press("Views", "Open orders")

    assert "Rows 1–50 (54 counted)" in person.html
    assert "<strong>CRM.Orders · view Open orders</strong>" in person.html
    assert person.button("Open orders").button_style == "primary"
    assert person.button("All rows").button_style == ""


def test_another_table_with_equal_names_offers_its_own_operators(lark, lark_emulator, hands):
    """What can be asked follows the column's type, not its name."""
    base = lark_emulator.database("CRM")
    base.table("Texts", fields=[("X", "Text")])
    base.table("Numbers", fields=[("X", "Number")])
    person = hands(lark.database("CRM").explore())

    person.press("Texts")
    assert "contains" in person.field("Operator").options
    person.press("Numbers")
    assert "contains" not in person.field("Operator").options
    assert person.field("Operator").value == "="


def test_searching_shows_matching_tables(lark, lark_emulator, crm, hands):
    """The tree follows what is typed; Enter looks into the databases that are not read yet."""
    lark_emulator.database("HR").table("Notes on people", fields=["Name"])
    person = hands(lark.explore())
    person.press("CRM")
    person.field("Search tables").value = "note"
    assert person.labels == ["▾ CRM", "Order notes", "Search 1 more database (1 call)"]

    person.enter("Search tables")
    assert person.labels == ["▾ CRM", "Order notes", "▾ HR", "Notes on people"]
    person.enter("Search tables")
    assert person.labels == ["▾ CRM", "Order notes", "▾ HR", "Notes on people"]


def test_enter_adds_the_condition_that_was_typed(lark, crm, hands):
    """As the button does; nothing happens before a table is selected."""
    person = hands(lark.explore())
    person.enter("value")
    person.press("CRM", "Orders")
    person.field("Column").value = "status"
    person.field("value").value = "Paid"

    person.enter("value")
    assert person.explorer.model.where == "status = 'Paid'"
    assert person.field("value").value == ""


def test_code_of_other_rows_does_not_stay(lark, crm, hands):
    """What is inserted reads the rows that are selected, or is not there."""
    person = hands(lark.table("CRM.Orders").explore())
    code = person.field("The Python code of what is selected")
    person.press("Insert code")
    person.turn_to("Preview")
    assert code.value == "table = lark.table('CRM.Orders')\ndf = table.to_pandas()"

    person.press("Customers")
    assert code.value == ""
    person.press("Insert code")
    assert code.value == "table = lark.table('CRM.Customers')\ndf = table.to_pandas()"


def test_numbers_stand_to_the_right_and_times_are_exact(lark, crm, hands):
    """Columns are read from above to below, and a time is not cut to the second."""
    base = crm.table(
        "Times",
        fields=[("At", "DateTime"), ("Sum", "Number")],
        rows=[{"At": 1735837199999, "Sum": 7.0}, {"At": 1735837200000}],
    )
    person = hands(lark.table(base.url).explore())
    person.turn_to("Preview")

    assert "<td>2025-01-02 16:59:59.999</td><td style='text-align:right'>7</td>" in person.html
    assert "<td>2025-01-02 17:00:00</td><td style='text-align:right'>–</td>" in person.html


def test_an_error_is_shown_with_its_hint_and_the_explorer_goes_on(
    lark, lark_emulator, crm, hands, caplog
):
    """The way through Lark's menus stands in the widget; the next click works."""
    person = hands(lark.table("CRM.Orders").explore())
    lark_emulator.fail(91403, endpoint="search", times=1)

    person.turn_to("Preview")
    assert '<div role="alert" aria-live="polite"><div class="larkbase-error">' in person.html
    assert "<strong>PermissionDenied</strong>" in person.html
    assert "Hint: " in person.html
    assert "Add document app" in person.html
    person.turn_to("Fields")
    assert "PermissionDenied" not in person.html
    person.turn_to("Preview")
    assert "Rows 1–50" in person.html
    assert caplog.records == []


def test_a_mistake_in_sql_is_shown(lark, crm, hands):
    """With the near name, as everywhere."""
    person = hands(lark.table("CRM.Orders").explore())
    person.field("SELECT … FROM database.table").value = "SELECT amout FROM crm.orders"
    person.press("Run")

    assert "<strong>QueryError</strong>" in person.html
    assert "did you mean" in person.html.lower()
    person.press("From the selection")
    assert person.field("SELECT … FROM database.table").value == "SELECT *\nFROM crm.orders"


def test_a_warning_is_shown(lark, lark_emulator, crm, hands):
    """Warnings that prevent wrong conclusions do not go where nobody looks, however often."""
    lark_emulator.switches.refuse_filters = 1254018
    person = hands(lark.table("CRM.Orders").explore())
    person.field("Column").value = "status"
    person.turn_to("Preview")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("warnings.filters", [("default", None, Warning, None, 0)])
        for _ in range(2):
            person.field("value").value = "Open"
            person.press("Add condition")
            person.turn_to("Fields")
            person.turn_to("Preview")
            assert "⚠ CRM.Orders: Lark refused the filter (code 1254018)" in person.html


def test_waits_and_the_progress_of_long_reads_are_shown(lark_emulator, crm, hands):
    """Whoever waits sees for what, and how far it is."""
    with lark_emulator.connect(options=Options(page_size=50, concurrency=1)) as lark:
        explorer = lark.table("CRM.Orders").explore()
        person = hands(explorer)
        person.turn_to("Profile")
        seen = []
        status = explorer.widget.children[1].children[1].children[1]
        status.observe(lambda change: seen.append(change["new"]), "value")
        lark_emulator.throttle(after=2, reset=0, endpoint="search")
        person.press("Read and profile")

    texts = "\n".join(seen)
    assert "<p>Reading rows …</p>" in seen[0]
    assert "waiting " in texts
    assert "s, rate limit" in texts
    assert "CRM.Orders  " in texts
    assert "/180 rows  " in texts
    assert "180 rows read" in person.html


def interrupting(endpoint, count):
    """Return a hook that interrupts this process after so many calls of an endpoint."""
    left = [count]

    def hook(call):
        left[0] -= call["endpoint"] == endpoint
        if not left[0]:
            left[0] = -1
            signal.raise_signal(signal.SIGINT)

    return hook


def test_an_interrupt_in_the_middle_of_a_page_leaves_the_explorer_usable(lark_emulator, crm, hands):
    """The page is not half there, and the next click reads it."""
    options = Options(on_call=interrupting("search", 2))
    with lark_emulator.connect(options=options) as lark:
        person = hands(lark.table("CRM.Orders").explore())
        person.turn_to("Preview")
        person.press("Next")
        assert "Interrupted." in person.html
        assert "Rows 1–50" in person.html

        person.press("Next")
        assert "Interrupted." not in person.html
        assert "<td>A-050</td>" in person.html


def test_an_interrupt_of_a_read_leaves_the_client_usable(lark, lark_emulator, crm):
    """Ctrl-C ends the wait for an answer at once; the next read is whole."""
    orders = lark.table("CRM.Orders")
    _ = orders.schema
    lark_emulator.switches.latency = 20
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()

    with pytest.raises(KeyboardInterrupt):
        orders.to_arrow()
    timer.join()
    lark_emulator.switches.latency = 0
    assert len(orders.to_arrow()) == 180


def test_what_the_service_says_is_text(lark, lark_emulator, hands):
    """Names, options and cells with scripts in them, on every tab."""
    base = lark_emulator.database(f"Base {SCRIPT}")
    table = base.table(
        f"Table {SCRIPT}",
        fields=[f"Name {SCRIPT}", ("Kind", "SingleSelect", {"options": [SCRIPT]})],
        rows=[{f"Name {SCRIPT}": SCRIPT, "Kind": SCRIPT}] * 2,
    )
    table.view(f"View {SCRIPT}")
    explorer = lark.table(table.url).explore()
    person = hands(explorer)
    person.press("Views", f"View {SCRIPT}")
    person.turn_to("Filter")
    person.field("value").value = SCRIPT
    person.press("Add condition")
    person.turn_to("Preview")
    assert "Rows 1–2 of 2" in person.html
    person.turn_to("Profile")
    person.press("Read and profile")
    person.turn_to("SQL")
    static = [explorer._repr_html_()]
    person.press("Run")
    person.press("Insert code")

    for html in (person.html, *static, explorer._repr_html_()):
        assert "<script" not in html
        assert "&lt;script&gt;" in html


def test_unexpected_errors_are_shown_and_logged(lark_emulator, crm, hands, caplog):
    """A mistake in a hook of the user's is not lost either: its traceback is in the log."""
    options = Options(on_call=lambda call: 1 // (call["endpoint"] != "search"))
    with lark_emulator.connect(options=options) as lark:
        person = hands(lark.table("CRM.Orders").explore())
        person.turn_to("Preview")

    assert "<p><strong>ZeroDivisionError</strong></p>" in person.html
    assert caplog.records[0].exc_info[0] is ZeroDivisionError


def test_the_mimebundle_carries_the_widget_and_the_static_state(lark, crm):
    """Where there are no widgets, the HTML or the text is shown."""
    explorer = lark.table("CRM.Orders").explore()
    explorer.model.show_page(0)
    bundle = explorer._repr_mimebundle_()

    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == explorer.widget.model_id
    assert bundle["text/plain"] == "<Explorer CRM.Orders>"
    assert "Rows 1–50 (180 counted)" in bundle["text/html"]
    assert "<td>A-000</td>" in bundle["text/html"]


def test_the_static_state_follows_what_was_done_last(lark, crm):
    """Tree, fields, page, answer and profile: each is worth keeping."""
    explorer = lark.explore()
    assert "<li>CRM</li>" in explorer._repr_html_()

    explorer.model.tree.open_database("CRM")
    orders = lark.table("CRM.Orders")
    explorer.model.select(orders, "CRM")
    assert "<td style='text-align:left'>Formula&lt;Text&gt;</td>" in explorer._repr_html_()
    explorer.model.make_profile()
    assert "<svg" in explorer._repr_html_()
    explorer.model.write_sql("SELECT 41 + 1 AS answer")
    explorer.model.run_sql()
    assert ">42</td>" in explorer._repr_html_()
    assert "run the cell again" in explorer._repr_html_()


def test_a_first_call_that_fails_is_an_ordinary_error(lark, lark_emulator, crm):
    """Before there is a widget, the error ends the cell with its hint."""
    lark_emulator.fail(91403, endpoint="fields", times=None)

    with pytest.raises(larkbase.PermissionDenied, match="Add document app"):
        lark.table("CRM.Orders").explore()
