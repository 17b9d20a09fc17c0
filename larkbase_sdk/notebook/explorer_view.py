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
    line,
)
from larkbase_sdk.notebook.static_view import heading
from larkbase_sdk.notebook.tree_pane import TreePane

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_sdk.notebook.explorer_model import ExplorerModel
    from larkbase_sdk.notebook.tree import Node

_ENDED = "The kernel of this explorer has ended. Run the cell again to explore."

_STYLE = f"""<style>
.larkbase-panes {{ gap: 4px 12px; }}
.larkbase-tree {{ max-height: 520px; }}
@media (max-width: 800px) {{ .larkbase-tree {{ max-height: 200px; }} }}
.larkbase-tree button {{ text-align: left; }}
.larkbase-tree button:not(.mod-primary, :hover) {{ background: none; }}
.larkbase-status {{ min-height: 26px; overflow-wrap: anywhere; }}
.larkbase-explorer button:focus-visible {{ outline: 2px solid currentColor; outline-offset: -2px; }}
.larkbase-area table {{ border-collapse: separate; border-spacing: 0; white-space: nowrap; }}
.larkbase-area th, .larkbase-area td {{ padding: 2px 8px; text-align: left; line-height: 1.4;
  border-bottom: 1px solid var(--jp-border-color2, #ddd); }}
.larkbase-area th {{ position: sticky; top: 0; background: var(--jp-layout-color1, #fff); }}
.larkbase-error {{ border-left: 3px solid var(--jp-error-color1, #d32f2f); padding-left: 8px; }}
.larkbase-explorer p {{ margin: 2px 0; line-height: 1.4; }}
.larkbase-explorer .jupyter-widgets-disconnected::before {{ display: none; }}
.larkbase-explorer.jupyter-widgets-disconnected::before {{ content: "{_ENDED}"; color: inherit;
  font: inherit; padding: 4px 0; }}
.larkbase-explorer.jupyter-widgets-disconnected > * {{ opacity: 0.5; pointer-events: none; }}
</style>"""


class ExplorerView:
    """The widgets of a model.

    Args:
        model: The model.
        changed: Called after every action.
        static_class: Class of the static display of this explorer, which the living one hides.
    """

    def __init__(
        self, model: ExplorerModel, changed: Callable[[], None], static_class: str
    ) -> None:
        self._model = model
        self._style = f"{_STYLE}<style>.{static_class} {{ display: none; }}</style>"
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
        self._coded = ""
        self.widget = self._put_together()
        self.render()

    def _put_together(self) -> Any:
        # It takes all of a line that it shares; beneath the tree where both do not fit on one.
        wide = widgets.Layout(flex="1000 1 420px", min_width="0", width="auto")
        right = widgets.VBox(
            [self._heading, self._status.widget, self._tabs, self._code_line()], layout=wide
        )
        panes = line(self._tree.widget, right)
        panes.add_class("larkbase-panes")
        root = widgets.VBox([widgets.HTML(self._style), panes])
        root.add_class("larkbase-explorer")
        return root

    def _code_line(self) -> Any:
        text = self._code = widgets.Textarea(
            rows=3,
            placeholder="The Python code of what is selected",
            layout=widgets.Layout(flex="1 1 auto", width="auto"),
        )
        insert = button("Insert code", "Write the code that reads the same rows, to be copied")

        def write() -> None:
            text.value, self._coded = self._model.code, self._model.sql

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
        if self._coded != self._model.sql:
            self._code.value = ""  # it would read other rows than those that are shown
        self._tree.render()
        for pane in self._panes:
            pane.render()
