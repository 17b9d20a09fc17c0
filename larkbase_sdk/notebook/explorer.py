"""The explorer: a widget to look around in databases, whose state is SQL and Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from larkbase_sdk.display import printable
from larkbase_sdk.notebook.contents import contents_of
from larkbase_sdk.notebook.explorer_model import ExplorerModel
from larkbase_sdk.notebook.static_view import heading, static_html
from larkbase_sdk.snapshot.snapshot import Snapshot
from larkbase_sdk.table import Database, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from larkbase_sdk.client import Lark
    from larkbase_sdk.notebook.explorer_view import ExplorerView

_VIEW = "application/vnd.jupyter.widget-view+json"


class Explorer:
    """A widget to look around; made by ``lark.explore()``, ``db.explore()``, ``table.explore()``.

    Left the databases with their tables and views; right the fields, a preview in pages of 50
    rows, a profile whose cost is told first, a filter and SQL. Nothing is read before it is
    shown. In a saved or exported notebook the last state stays as a table.

    Example:
        >>> ex = lark.explore()
        >>> ex.sql; ex.code; ex.to_pandas()

    Args:
        explored: A client, which costs the calls that list its databases; a database, those that
            list its tables; a table, those that list its fields and, if they are not known any
            more, the tables of its database; a snapshot, which costs none.

    Attributes:
        model: What is selected and shown, without widgets.

    Raises:
        LarkBaseError: Lark's error about the first thing that has to be shown; errors after that
            are shown in the widget.
    """

    def __init__(self, explored: Lark | Database | Table | Snapshot) -> None:
        self.model = ExplorerModel(contents_of(explored))
        self._display_id = f"larkbase-explorer-{uuid4().hex}"
        self._displayed = False
        self._built: ExplorerView | None = None
        if isinstance(explored, Table):
            self.model.select(explored, explored.database.name)
            self.model.tree.open_database(explored.database.name)
        elif isinstance(explored, Database | Snapshot):
            self.model.tree.open_database(explored.name)

    @property
    def sql(self) -> str:
        """The selected rows as a SQL statement, or the statement that was written; no call."""
        return self.model.sql

    @property
    def code(self) -> str:
        """The Python code that reads the same rows; no call while lists are remembered."""
        return self.model.code

    def to_pandas(self) -> pd.DataFrame:
        """Read the selected rows, or those of the statement, into a DataFrame.

        Raises:
            QueryError: when nothing is selected.
        """
        return self.model.to_pandas()

    @property
    def widget(self) -> Any:
        """The widget, for layouts of one's own; no call."""
        if self._built is None:
            from larkbase_sdk.notebook.explorer_view import ExplorerView

            self._built = ExplorerView(self.model, self._leave_state, self._display_id)
        return self._built.widget

    # -- displays ------------------------------------------------------------------------------

    def __repr__(self) -> str:
        where = f" · where {self.model.where}" if self.model.where else ""
        return printable(f"<Explorer {heading(self.model)}{where}>")

    def _repr_html_(self) -> str:
        return static_html(self.model)

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> dict[str, Any]:
        del include, exclude
        return {
            _VIEW: self.widget._repr_mimebundle_()[_VIEW],
            "text/html": self._repr_html_(),
            "text/plain": repr(self),
        }

    def _ipython_display_(self) -> None:
        """Display the widget, and beside it the static state that a saved notebook keeps.

        The two are separate outputs, because an output with a widget that is written again loses
        its focus; the style of the living widget hides the static one.
        """
        from IPython.display import display

        bundle = self._repr_mimebundle_()
        del bundle["text/html"]
        display(bundle, raw=True)  # type: ignore[no-untyped-call]  # IPython has no types
        display(self._static(), raw=True, display_id=self._display_id)  # type: ignore[no-untyped-call]
        self._displayed = True

    def _leave_state(self) -> None:
        """Write the state into the outputs that are there already."""
        if self._displayed:
            from IPython.display import update_display

            static = self._static()
            update_display(static, raw=True, display_id=self._display_id)  # type: ignore[no-untyped-call]

    def _static(self) -> dict[str, str]:
        html = f'<div class="larkbase-static {self._display_id}">{self._repr_html_()}</div>'
        return {"text/html": html, "text/plain": ""}
