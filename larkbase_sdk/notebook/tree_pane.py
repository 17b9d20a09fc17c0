"""The left side of an explorer: a search field and the tree as buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from larkbase_sdk.notebook.panes import button, on_enter
from larkbase_sdk.notebook.tree import SEARCH_ON

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_sdk.notebook.explorer_model import ExplorerModel
    from larkbase_sdk.notebook.tree import Key, Node

_INDENT = 14
_SIGNS = {None: "", True: "▾ ", False: "▸ "}


class TreePane:
    """Mirrors the tree of a model.

    Args:
        model: The model.
        activate: Called with the key of the line that was clicked.
        refresh: Called when everything is to be read again.
    """

    def __init__(
        self, model: ExplorerModel, activate: Callable[[Node], None], refresh: Callable[[], None]
    ) -> None:
        self._model = model
        self._activate = activate
        self._nodes: dict[Key, Node] = {}
        self._buttons: dict[Key, Any] = {}
        # One model each for all buttons: a tree of 200 tables opens 200 of them at once.
        self._layouts = [
            widgets.Layout(width="auto", margin=f"0 0 0 {level * _INDENT}px", flex="0 0 auto")
            for level in range(4)
        ]
        self._style = widgets.ButtonStyle()
        self._search = widgets.Text(
            placeholder="Search tables", layout=widgets.Layout(width="auto", flex="1 1 auto")
        )
        self._search.observe(self._searched, "value")
        on_enter(self._search, self._search_on)
        again = button("Refresh", "Forget what is known and read it again")
        again.on_click(lambda _: refresh())
        self._lines = widgets.VBox(layout=widgets.Layout(overflow="auto"))
        self._lines.add_class("larkbase-tree")
        self.widget = widgets.VBox(
            [widgets.HBox([self._search, again]), self._lines],
            layout=widgets.Layout(width="auto", min_width="0", flex="1 1 270px"),
        )

    def _searched(self, change: dict[str, Any]) -> None:
        self._model.tree.search = change["new"]
        self.render()

    def _search_on(self) -> None:
        """Look into the other databases too, where the tree offers it."""
        if SEARCH_ON in self._nodes:
            self._activate(self._nodes[SEARCH_ON])

    def render(self) -> None:
        """Show the lines of the tree."""
        nodes = self._model.tree.nodes()
        self._nodes = {node.key: node for node in nodes}
        self._lines.children = tuple(map(self._button, nodes))

    def _button(self, node: Node) -> Any:
        button = self._buttons.get(node.key)
        if button is None:
            button = self._buttons[node.key] = widgets.Button(
                layout=self._layouts[node.level], style=self._style
            )
            button.on_click(lambda _, key=node.key: self._activate(self._nodes[key]))
        button.description = _SIGNS[node.opened] + node.label
        button.tooltip = node.label
        button.disabled = node.kind == "note"
        button.button_style = "primary" if self._model.is_selected(node.key) else ""
        return button
