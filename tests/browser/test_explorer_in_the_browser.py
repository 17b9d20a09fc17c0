"""What a person sees who opens a tutorial in JupyterLab, runs it and clicks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lab import find_browser, open_notebook, write_notebook

TUTORIAL = Path(__file__).parents[2] / "notebooks" / "04-explorer-and-snapshots.ipynb"

BASIC = [
    "import larkbase_sdk as larkbase\n\nlark = larkbase.demo()",
    "explorer = lark.explore()\nexplorer",
]
SLOW = [
    """
import ipywidgets
from larkbase_sdk.testing import LarkEmulator

emulator = LarkEmulator(tenant="sample")
explorer = emulator.connect().table("CRM.Orders").explore()
explorer
""",
    """
def switch(name, seconds):
    button = ipywidgets.Button(description=name)
    button.on_click(lambda _: setattr(emulator.switches, "latency", seconds))
    return button

ipywidgets.HBox([switch("Make Lark slow", 600), switch("Make Lark quick", 0)])
""",
]

CUT = """explorer => {
    const right = explorer.getBoundingClientRect().right + 1;
    return Array.from(explorer.querySelectorAll(".larkbase-explorer button"))
        .filter(button => button.offsetParent && !button.closest(".larkbase-tree"))
        .filter(button => button.scrollWidth > button.clientWidth
            || button.getBoundingClientRect().right > right)
        .map(button => button.innerText);
}"""


@pytest.fixture
def tutorial(tmp_path: Path) -> str:
    """The name of the notebook to open: a tutorial, or the shortest notebook that explores."""
    target = tmp_path / TUTORIAL.name
    if TUTORIAL.is_file():
        shutil.copy(TUTORIAL, target)
    else:
        write_notebook(target, *BASIC)
    return target.name


def button(place, name):
    return place.get_by_role("button", name=name, exact=True)


def seen(place, text):
    """Wait until a text can be seen."""
    place.get_by_text(text).first.wait_for()


def open_orders(explorer):
    """Open the base CRM in the tree unless it is open, and select its table Orders."""
    if not button(explorer, "Orders").is_visible():
        button(explorer, "▸ CRM").click()
    button(explorer, "Orders").click()
    seen(explorer, "CRM.Orders")


def column_of(explorer, title):
    """Return the texts of a column of the table that is shown."""
    table = explorer.locator("table:visible")
    headings = table.locator("thead th").all_inner_texts()
    place = headings.index(title) + 1
    return table.locator(f"tbody td:nth-child({place})").all_inner_texts()


def test_a_person_explores_a_tutorial(chromium, lab, tutorial, tmp_path):
    """Run all cells; tree, next page, filter, profile, code, keyboard; then the saved notebook."""
    with open_notebook(chromium, lab, tutorial) as notebook:
        notebook.run_all()
        explore(notebook, tmp_path / "explorer.png")
        assert_left_alone(notebook)
        keep_last_state(notebook)
    lab.end_kernels()
    with open_notebook(chromium, lab, tutorial) as notebook:
        static = notebook.page.locator(".larkbase-static").first
        static.scroll_into_view_if_needed()
        seen(static, "20 of 271 rows")
        seen(static, "run the cell again to explore")
        assert side_of(static, "recWTbchMzpVTz") == "left"
        assert side_of(static, "3560.43") == "right"


def explore(notebook, picture):
    """Do what a person would do with an explorer, and check what they would see."""
    page = notebook.page
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    explorer = page.locator(".larkbase-explorer").first
    explorer.scroll_into_view_if_needed()

    open_orders(explorer)
    explorer.get_by_role("tab", name="Preview").click()
    seen(explorer, "Rows 1–50 (1,200 counted)")
    assert column_of(explorer, "OrderNo") == [f"A-{i:04d}" for i in range(1, 51)]
    button(explorer, "Next ▶").click()
    seen(explorer, "Rows 51–100 (1,200 counted)")
    assert column_of(explorer, "OrderNo") == [f"A-{i:04d}" for i in range(51, 101)]

    explorer.get_by_role("tab", name="Filter").click()
    explorer.locator("select").first.select_option("Status")
    explorer.get_by_placeholder("value").fill("Open")
    page.keyboard.press("Enter")
    seen(explorer, "WHERE status = 'Open'")
    assert_no_button_is_cut(page, explorer)
    explorer.get_by_role("tab", name="Preview").click()
    seen(explorer, "Rows 1–50 (271 counted)")
    assert set(column_of(explorer, "Status")) == {"Open"}

    button(explorer, "Insert code").click()
    code = explorer.get_by_placeholder("The Python code of what is selected")
    page.wait_for_function("area => area.value", arg=code.element_handle())
    assert code.input_value() == (
        "table = lark.table('CRM.Orders')\ndf = table.to_pandas(where=\"status = 'Open'\")"
    )
    explorer.screenshot(path=str(picture))
    assert picture.stat().st_size > 10_000

    explorer.get_by_role("tab", name="Profile").click()
    seen(explorer, "at most 271 rows · 1 call")
    button(explorer, "Read and profile").click()
    seen(explorer, "271 rows read")
    assert explorer.get_by_role("img", name="Amount: histogram").is_visible()

    ask_by_keyboard(page, explorer)


def side_of(place, text):
    """Return to which side of its column a cell stands."""
    cell = place.get_by_role("cell", name=text, exact=True).first
    return cell.evaluate("cell => getComputedStyle(cell).textAlign")


def assert_no_button_is_cut(page, explorer):
    """In a narrow window the parts stand beneath each other, and all texts of buttons are whole."""
    wide = page.viewport_size
    for width in (700, wide["width"]):
        page.set_viewport_size(wide | {"width": width})
        assert explorer.evaluate(CUT) == []


def ask_by_keyboard(page, explorer):
    """Go from the tab in front to SQL, to the button Run, and press it, without a mouse."""
    explorer.get_by_role("tab", name="Profile").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    statement = explorer.get_by_placeholder("SELECT … FROM database.table")
    statement.wait_for()
    assert statement.input_value() == "SELECT *\nFROM crm.orders\nWHERE status = 'Open'"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    seen(explorer, "20 of 271 rows")


def assert_left_alone(notebook):
    """Nothing came from outside this machine, nothing broke, the static state is out of sight."""
    assert (notebook.strangers, notebook.errors) == ([], [])
    static = notebook.page.locator(".larkbase-static")
    assert static.count() >= 1
    assert not any(place.is_visible() for place in static.all())


def keep_last_state(notebook):
    """Save the notebook; the last state is in the file."""
    saved = notebook.save()
    outputs = [item for cell in saved["cells"] for item in cell.get("outputs", ())]
    html = ["".join(item.get("data", {}).get("text/html", "")) for item in outputs]
    assert any("20 of 271 rows" in text for text in html)


def depth(explorer, place):
    """Return how far below the top of an explorer something stands."""
    return place.bounding_box()["y"] - explorer.bounding_box()["y"]


def test_an_interrupted_kernel_leaves_the_explorer_usable(chromium, lab, tmp_path):
    """The stop button of the notebook ends a wait that would last for minutes; nothing jumps."""
    write_notebook(tmp_path / "slow.ipynb", *SLOW)
    with open_notebook(chromium, lab, "slow.ipynb") as notebook:
        notebook.run_all()
        explorer = notebook.page.locator(".larkbase-explorer")
        button(notebook.page, "Make Lark slow").click()
        preview = explorer.get_by_role("tab", name="Preview")
        before = depth(explorer, preview)
        preview.click()
        seen(explorer, "Reading …")
        assert depth(explorer, preview) == before

        notebook.interrupt()
        seen(explorer, "Interrupted.")
        button(notebook.page, "Make Lark quick").click()
        explorer.get_by_role("tab", name="Fields").click()
        preview.click()
        seen(explorer, "Rows 1–50 (1,200 counted)")

        notebook.restart()
        notebook.page.locator(".larkbase-explorer.jupyter-widgets-disconnected").wait_for()
        assert "Run the cell again" in explorer.evaluate(
            "explorer => getComputedStyle(explorer, '::before').content"
        )


def test_a_path_to_a_browser_can_be_given(monkeypatch):
    """Where it lies elsewhere, one variable says so."""
    monkeypatch.setenv("LARKBASE_CHROMIUM", "/opt/browser/chrome")

    assert find_browser() == "/opt/browser/chrome"
