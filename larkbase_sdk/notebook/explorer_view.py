"""The widgets of an explorer, put together; they mirror a model and hold no state of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from larkbase_sdk.display import escape
from larkbase_sdk.notebook.acting import Actions, Status
from larkbase_sdk.notebook.filter_pane import FilterPane
from larkbase_sdk.notebook.panes import (
    FieldsPane,
    Pane,
    PreviewPane,
    ProfilePane,
    SqlPane,
    button,
)
from larkbase_sdk.notebook.static_view import heading
from larkbase_sdk.notebook.tree_pane import TreePane

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_sdk.notebook.explorer_model import ExplorerModel
    from larkbase_sdk.notebook.tree import Node

STATIC_CLASS = "larkbase-static"
"""Class of the static display, which the style of a living explorer hides."""

_STYLE = f"""<style>
.{STATIC_CLASS} {{ display: none; }}
.larkbase-tree button {{ text-align: left; justify-content: flex-start; overflow: hidden;
  text-overflow: ellipsis; }}
.larkbase-explorer button:focus-visible {{ outline: 2px solid currentColor; outline-offset: -2px; }}
.larkbase-area table {{ border-collapse: collapse; white-space: nowrap; }}
.larkbase-area th, .larkbase-area td {{ padding: 2px 8px; text-align: left; line-height: 1.4;
  border-bottom: 1px solid var(--jp-border-color2, #ddd); }}
.larkbase-area th {{ position: sticky; top: 0; background: var(--jp-layout-color1, #fff); }}
.larkbase-error {{ border-left: 3px solid var(--jp-error-color1, #d32f2f); padding-left: 8px; }}
.larkbase-explorer p {{ margin: 2px 0; line-height: 1.4; }}
</style>"""


class ExplorerView:
    """The widgets of a model.

    Args:
        model: The model.
        changed: Called after every action.
    """

    def __init__(self, model: ExplorerModel, changed: Callable[[], None]) -> None:
        self._model = model
        self._changed = changed
        self._status = Status()
        self._actions = Actions(model.contents, self._status, self._show)
        self._tree = TreePane(model, self._activate, self._refresh)
        self._panes: list[Pane] = [
            FieldsPane(model),
            PreviewPane(model, self._actions),
            ProfilePane(model, self._actions),
            FilterPane(model, self._actions),
            SqlPane(model, self._actions),
        ]
        self._tabs = widgets.Tab(
            children=[pane.widget for pane in self._panes],
            titles=[pane.title for pane in self._panes],
            selected_index=0,
        )
        self._tabs.observe(self._turned, "selected_index")
        self._heading = widgets.HTML()
        self.widget = self._put_together()
        self.render()

    def _put_together(self) -> Any:
        wide = widgets.Layout(flex="1 1 auto", min_width="0", width="auto")
        right = widgets.VBox(
            [self._heading, self._status.widget, self._tabs, self._code_line()], layout=wide
        )
        root = widgets.VBox([widgets.HTML(_STYLE), widgets.HBox([self._tree.widget, right])])
        root.add_class("larkbase-explorer")
        return root

    def _code_line(self) -> Any:
        text = widgets.Textarea(
            rows=3,
            placeholder="The Python code of what is selected",
            layout=widgets.Layout(flex="1 1 auto", width="auto"),
        )
        insert = button("Insert code", "Write the code that reads the same rows, to be copied")

        def write() -> None:
            text.value = self._model.code

        insert.on_click(lambda _: self._actions.run("Writing code", write))
        return widgets.HBox([insert, text])

    def _activate(self, node: Node) -> None:
        self._actions.run(
            f"Opening {node.label}",
            lambda: self._model.activate(node.key),
            self._prepare,
        )

    def _refresh(self) -> None:
        self._actions.run("Reading again", self._model.refresh)

    def _turned(self, _: object) -> None:
        self._actions.run("Reading", self._prepare)

    def _prepare(self) -> None:
        self._panes[self._tabs.selected_index or 0].prepare()

    def _show(self) -> None:
        self.render()
        self._changed()

    def render(self) -> None:
        """Show the state of the model; no call."""
        self._heading.value = f"<strong>{escape(heading(self._model))}</strong>"
        self._tree.render()
        for pane in self._panes:
            pane.render()
