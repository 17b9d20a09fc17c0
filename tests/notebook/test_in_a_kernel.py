"""In a real kernel: what a notebook holds after it was run, saved and exported."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import nbformat.v4 as nbformat
import pytest

CELLS = [
    """
import larkbase_sdk as larkbase
from larkbase_sdk import Options

lark = larkbase.demo(options=Options(page_size=500, concurrency=1))
orders = lark.table("CRM.Orders")
""",
    "explorer = orders.explore()\nexplorer",
    """
model = explorer.model
tabs = explorer.widget.children[1].children[1].children[2]
tabs.selected_index = 1
print(explorer)
""",
    "frame = orders.to_pandas()\nlen(frame)",
    "orders.views",
]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A notebook that was run by a kernel of its own, outside this process."""
    folder = tmp_path_factory.mktemp("kernel")
    notebook = nbformat.new_notebook(cells=[nbformat.new_code_cell(cell) for cell in CELLS])
    (folder / "made.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute"]
    subprocess.run(
        [*command, "--output", "run.ipynb", "made.ipynb"],
        cwd=folder,
        env=os.environ | {"IPYTHONDIR": str(folder / "ipython")},
        check=True,
        capture_output=True,
    )
    return nbformat.reads((folder / "run.ipynb").read_text("utf-8"))


def outputs(notebook: Any, cell: int) -> list[Any]:
    """Return the outputs of a cell that are displays or results."""
    return [item for item in notebook.cells[cell].outputs if "data" in item]


def test_an_explorer_is_a_widget_and_leaves_its_last_state(executed):
    """The widget and the static table are two outputs; the second one follows what is done."""
    widget, static = outputs(executed, 1)

    assert set(widget.data) == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    assert widget.data["text/plain"] == "<Explorer CRM.Orders>"
    assert "Rows 1–50 (1,200 counted)" in static.data["text/html"]
    assert "<td>A-0050</td>" in static.data["text/html"]


def test_a_living_explorer_hides_its_own_last_state_only(executed):
    """That of another cell, which was not run since the notebook was opened, stays."""
    html = outputs(executed, 1)[1].data["text/html"]
    state = executed.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    styles = [str(part["state"].get("value", "")) for part in state.values()]
    (hidden,) = {
        name for text in styles for name in re.findall(r"\.([\w-]+) { display: none; }", text)
    }

    assert hidden != "larkbase-static"
    assert f'class="larkbase-static {hidden}"' in html


def test_an_exported_notebook_shows_the_last_state_once(executed):
    """Without a kernel and without its widgets a page still shows the rows."""
    import nbconvert

    alone = executed.copy()
    alone.metadata = {key: value for key, value in executed.metadata.items() if key != "widgets"}
    html, _ = nbconvert.HTMLExporter().from_notebook_node(alone)

    assert html.count("Rows 1–50 (1,200 counted)") == 1
    assert "This is the last state of an explorer; run the cell again to explore." in html


def test_a_long_read_shows_a_bar(executed):
    """A bar and beside it the line; both are drawn by a widget, which is gone after the read."""
    bar, result = outputs(executed, 3)
    shown = bar.data["application/vnd.jupyter.widget-view+json"]["model_id"]
    state = executed.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    parts = [child.removeprefix("IPY_MODEL_") for child in state[shown]["state"]["children"]]

    assert result.data["text/plain"] == "1200"
    assert [state[part]["model_name"] for part in parts] == [
        "HTMLModel", "FloatProgressModel", "HTMLModel",
    ]  # fmt: skip
    line = " ".join(state[parts[2]]["state"]["value"].split())  # its blanks keep their width
    assert line == "CRM.Orders 100% 1 200/1 200 rows 3 calls 0:00:00 left"


def test_a_list_of_views_is_a_table(executed):
    """What is returned as a list is shown as a table all the same."""
    (views,) = outputs(executed, 4)

    assert "Open orders" in views.data["text/html"]
    assert views.data["text/plain"].splitlines()[0].split() == ["name", "id", "type"]
