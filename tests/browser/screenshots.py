"""Take the pictures of `docs/images` again, in JupyterLab on the sample data."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from lab import HOW_TO_INSTALL, browser, find_browser, open_notebook, running_lab, write_notebook

IMAGES = Path(__file__).parents[2] / "docs" / "images"
MOST_BYTES = 300_000
CELLS = [
    "import larkbase_sdk as larkbase\n\nlark = larkbase.demo()\norders = lark.table('CRM.Orders')",
    "lark.explore()",
    "orders.count()\norders",
]


def explored(page: Any) -> Any:
    """Return the explorer after it was used for a while."""
    explorer = page.locator(".larkbase-explorer")
    for name in ("▸ CRM", "Orders", "▸ Views"):
        explorer.get_by_role("button", name=name, exact=True).click()
    explorer.get_by_role("button", name="Open orders", exact=True).wait_for()
    explorer.get_by_role("tab", name="Preview").click()
    explorer.get_by_text("Rows 1–50").wait_for()
    explorer.get_by_role("button", name="Insert code").click()
    code = explorer.get_by_placeholder("The Python code of what is selected")
    page.wait_for_function("area => area.value", arg=code.element_handle())
    return explorer


def take(place: Any, name: str) -> None:
    """Write the picture of a part of the page."""
    target = IMAGES / name
    place.screenshot(path=str(target), animations="disabled")
    size = target.stat().st_size
    print(f"{target.relative_to(IMAGES.parents[1])}: {size:,} bytes")
    if size > MOST_BYTES:
        raise SystemExit(f"{name} is larger than {MOST_BYTES:,} bytes.")


def main() -> None:
    """Take both pictures."""
    chromium = find_browser()
    if chromium is None:
        raise SystemExit(HOW_TO_INSTALL)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        write_notebook(Path(folder) / "pictures.ipynb", *CELLS)
        with (
            browser(chromium) as running,
            running_lab(Path(folder)) as lab,
            open_notebook(running, lab, "pictures.ipynb", width=1250, height=1600) as notebook,
        ):
            notebook.page.keyboard.press("Control+b")  # the list of files takes half the width
            notebook.run_all()
            take(explored(notebook.page), "explorer.png")
            notebook.page.mouse.move(0, 0)  # the line below it would be marked
            take(notebook.page.locator(".jp-OutputArea-output").last, "table.png")


if __name__ == "__main__":
    sys.exit(main())
