"""The state of an explorer as plain HTML, which stays where no kernel runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.display import escape, html_card, html_table
from larkbase_sdk.notebook.cells import html_rows
from larkbase_sdk.notebook.pictures import profile_html

if TYPE_CHECKING:
    from larkbase_sdk.notebook.explorer_model import ExplorerModel
    from larkbase_sdk.notebook.paging import Page

_HINT = "This is the last state of an explorer; run the cell again to explore."


def heading(model: ExplorerModel) -> str:
    """Return what is selected, in one line of text."""
    if model.table is None:
        return model.contents.title
    view = f" · view {model.view.name}" if model.view is not None else ""
    return f"{model.table.label}{view}"


def static_html(model: ExplorerModel) -> str:
    """Return the state of a model as HTML; no call."""
    parts = [f"<p>{_HINT}</p>"]
    if model.sql:
        parts.append(f"<pre><code>{escape(model.sql)}</code></pre>")
    parts.append(_scrolling(_shown(model)))
    if model.profile:
        parts.append(_scrolling(profile_html(model.profile)))
    return html_card(f"Explorer {escape(heading(model))}", *parts)


def _scrolling(html: str) -> str:
    return f"<div style='overflow:auto;max-height:540px'>{html}</div>"


def _shown(model: ExplorerModel) -> str:
    """Return the answer to a statement, else the page, else the fields, else the tree."""
    if model.result is not None:
        return model.result._repr_html_()
    if model.page is not None:
        return f"<p>{escape(model.page.caption)}</p>{page_html(model, model.page)}"
    if model.table is not None:
        return fields_html(model)
    lines = "".join(f"<li>{escape(node.label)}</li>" for node in model.tree.nodes())
    return f"<ul>{lines}</ul>"


def fields_html(model: ExplorerModel) -> str:
    """Return the columns of the selected table as an HTML table."""
    return html_table(model.schema.rows(), empty="The table has no fields that hold values.")


def page_html(model: ExplorerModel, page: Page) -> str:
    """Return a page as an HTML table under Lark's own names."""
    if not page.rows.num_rows:
        return ""
    schemas = (model.schema.to_arrow(names) for names in ("sql", "lark"))
    titles = dict(zip(*(schema.names for schema in schemas), strict=True))
    return html_rows(page.rows, [titles.get(name, name) for name in page.rows.column_names])
