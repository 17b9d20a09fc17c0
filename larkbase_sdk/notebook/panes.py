"""The tabs of an explorer that show: fields, preview, profile and SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets as widgets

from larkbase_sdk.display import escape
from larkbase_sdk.notebook.paging import ROWS
from larkbase_sdk.notebook.pictures import profile_html
from larkbase_sdk.notebook.static_view import fields_html, page_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_sdk.notebook.acting import Actions
    from larkbase_sdk.notebook.explorer_model import ExplorerModel

SELECT_FIRST = "<p>Select a table on the left.</p>"


class Pane(Protocol):
    """A tab: a mirror of one side of the model."""

    title: str
    widget: Any

    def prepare(self) -> None:
        """Read what has to be there before it can be shown; called when the tab is in front."""

    def render(self) -> None:
        """Show the state of the model; no call."""


def scrolling() -> Any:
    """Return an area for HTML that scrolls by itself."""
    area = widgets.HTML(layout=widgets.Layout(overflow="auto", max_height="540px"))
    area.add_class("larkbase-area")
    return area


def button(description: str, tooltip: str) -> Any:
    """Return a button as wide as its text."""
    whole = widgets.Layout(width="auto", flex="0 0 auto")
    return widgets.Button(description=description, tooltip=tooltip, layout=whole)


def line(*children: Any) -> Any:
    """Return widgets beside each other, on several lines where they do not fit on one."""
    return widgets.HBox(children, layout=widgets.Layout(flex_flow="row wrap"))


def on_enter(field: Any, done: Callable[[], None]) -> None:
    """Call a function whenever somebody presses Enter in a text field."""

    def heard(_: object, content: dict[str, Any], __: object) -> None:
        if content.get("event") == "submit":
            done()

    field.on_msg(heard)


class FieldsPane:
    """The columns of the selected table."""

    title = "Fields"

    def __init__(self, model: ExplorerModel) -> None:
        self._model = model
        self.widget = scrolling()

    def prepare(self) -> None:
        """Do nothing: the fields are read when the table is selected."""

    def render(self) -> None:
        """Show the columns with both names, types, and where conditions run."""
        table = self._model.table
        self.widget.value = SELECT_FIRST if table is None else fields_html(self._model)


class PreviewPane:
    """The selected rows, page by page."""

    title = "Preview"

    def __init__(self, model: ExplorerModel, actions: Actions) -> None:
        self._model = model
        self._back = button("◀ Previous", "The page before")
        self._on = button("Next ▶", f"The next {ROWS} rows: one call unless they are known")
        self._back.on_click(lambda _: actions.run("Turning back", self._turn_back))
        self._on.on_click(lambda _: actions.run("Reading rows", self._turn_on))
        self._caption = widgets.HTML()
        self._rows = scrolling()
        self.widget = widgets.VBox([line(self._back, self._on, self._caption), self._rows])

    def prepare(self) -> None:
        """Read the first page unless a page is there."""
        if self._model.table is not None and self._model.page is None:
            self._model.show_page(0)

    def _turn_back(self) -> None:
        self._model.show_page(self._model.page.number - 1 if self._model.page else 0)

    def _turn_on(self) -> None:
        """Turn to the next page; fill this one first if it is not full yet."""
        page = self._model.page
        if page is None:
            self._model.show_page(0)
        else:
            self._model.show_page(page.number + (page.rows.num_rows == ROWS))

    def render(self) -> None:
        """Show the page."""
        page = self._model.page
        self._back.disabled = page is None or page.number == 0
        self._on.disabled = page is None or not page.more
        if page is None:
            self._rows.value = SELECT_FIRST if self._model.table is None else ""
        else:
            self._rows.value = page_html(self._model, page)
        # After the rows, so that it never tells of rows that are not there yet.
        self._caption.value = "" if page is None else f"<span>{escape(page.caption)}</span>"


class ProfilePane:
    """What the columns hold, on request, after its cost was told."""

    title = "Profile"

    def __init__(self, model: ExplorerModel, actions: Actions) -> None:
        self._model = model
        self._cost = widgets.HTML()
        self._go = button("Read and profile", "Read all selected rows and count their values")
        self._go.on_click(lambda _: actions.run("Reading rows", model.make_profile))
        self._profiles = scrolling()
        self.widget = widgets.VBox([line(self._go, self._cost), self._profiles])

    def prepare(self) -> None:
        """Ask what the profile will cost: at most one call."""
        if self._model.table is not None and self._model.cost is None:
            self._model.ask_cost()

    def render(self) -> None:
        """Show the cost, and the profiles once they were made."""
        model = self._model
        self._go.disabled = model.table is None
        self._cost.value = "" if model.cost is None else f"<span>{escape(model.cost)}</span>"
        if model.profile is not None:
            rows = model.profile[0].rows if model.profile else 0
            self._profiles.value = f"<p>{rows:,} rows read</p>{profile_html(model.profile)}"
        else:
            self._profiles.value = SELECT_FIRST if model.table is None else ""


class SqlPane:
    """The statement, which follows the selection until somebody writes another one."""

    title = "SQL"

    def __init__(self, model: ExplorerModel, actions: Actions) -> None:
        self._model = model
        self._text = widgets.Textarea(
            rows=5,
            continuous_update=False,
            placeholder="SELECT … FROM database.table",
            layout=widgets.Layout(width="auto"),
        )
        self._text.observe(self._written, "value")
        self._mirroring = False
        run = button("Run", "Answer the statement")
        run.on_click(lambda _: actions.run("Answering", model.run_sql))
        reset = button("From the selection", "Write the statement of the selection again")
        reset.on_click(lambda _: actions.run("Writing", lambda: model.write_sql(None)))
        self._answer = scrolling()
        self.widget = widgets.VBox([self._text, line(run, reset), self._answer])

    def _written(self, change: dict[str, Any]) -> None:
        if not self._mirroring:
            self._model.write_sql(change["new"])

    def prepare(self) -> None:
        """Do nothing: statements run when somebody says so."""

    def render(self) -> None:
        """Show the statement and its answer."""
        self._mirroring = True
        try:
            self._text.value = self._model.sql
        finally:
            self._mirroring = False
        result = self._model.result
        self._answer.value = "" if result is None else result._repr_html_()
