"""The tab of an explorer that builds a filter: a column, an operator, a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from larkbase_sdk.display import escape
from larkbase_sdk.notebook.conditions import Condition, condition_sql, operators, takes_value
from larkbase_sdk.notebook.panes import button, line, on_enter

if TYPE_CHECKING:
    from larkbase_sdk.notebook.acting import Actions
    from larkbase_sdk.notebook.explorer_model import ExplorerModel
    from larkbase_sdk.schema.table_schema import TableSchema

_MATCHES = [("all conditions hold", "all"), ("any condition holds", "any")]


class FilterPane:
    """Mirrors the conditions of a model and adds new ones."""

    title = "Filter"

    def __init__(self, model: ExplorerModel, actions: Actions) -> None:
        self._model = model
        self._actions = actions
        self._mirroring = False
        self._schema: TableSchema | None = None
        some = widgets.Layout(flex="1 1 160px", max_width="260px")
        self._column = widgets.Dropdown(tooltip="Column", layout=some)
        self._column.observe(self._column_chosen, "value")
        self._operator = widgets.Dropdown(tooltip="Operator", layout=widgets.Layout(width="130px"))
        self._operator.observe(self._operator_chosen, "value")
        self._value = widgets.Combobox(placeholder="value", tooltip="Value", layout=some)
        self._add = button("Add condition", "Keep only rows for which it holds")
        self._add.on_click(lambda _: actions.run("Filtering", self._add_condition))
        on_enter(self._value, self._add.click)
        self._match = widgets.Dropdown(
            options=_MATCHES, tooltip="Match", layout=widgets.Layout(width="190px")
        )
        self._match.observe(self._match_chosen, "value")
        self._kept = widgets.VBox()
        self._where = widgets.HTML()
        new = line(self._column, self._operator, self._value, self._add)
        self.widget = widgets.VBox([new, self._match, self._kept, self._where])

    # -- choosing ------------------------------------------------------------------------------

    def _column_chosen(self, change: dict[str, Any]) -> None:
        if not self._mirroring and change["new"] is not None:
            self._offer_operators()

    def _offer_operators(self) -> None:
        """Offer what can be asked of the column that is chosen."""
        column = self._model.schema.sql_column(self._column.value)
        self._operator.options = operators(column)
        self._operator.index = 0
        self._value.options = tuple(dict.fromkeys(column.options))
        self._value.value = ""

    def _operator_chosen(self, change: dict[str, Any]) -> None:
        self._value.disabled = change["new"] is not None and not takes_value(change["new"])

    def _match_chosen(self, change: dict[str, Any]) -> None:
        if not self._mirroring:
            conditions = self._model.conditions
            self._actions.run("Filtering", lambda: self._model.filter_by(conditions, change["new"]))

    def _add_condition(self) -> None:
        column, operator = self._column.value, self._operator.value
        if column is None or operator is None:
            return
        value = self._value.value if takes_value(operator) else ""
        condition = Condition(column, operator, value)
        self._model.filter_by((*self._model.conditions, condition), self._model.match)
        self._value.value = ""

    def _remove(self, place: int) -> None:
        kept = self._model.conditions
        self._model.filter_by((*kept[:place], *kept[place + 1 :]), self._model.match)

    # -- showing -------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Do nothing: the fields are there since the table was selected."""

    def render(self) -> None:
        """Show the columns that can be chosen, and the conditions."""
        model = self._model
        self._mirroring = True
        try:
            self._offer_columns()
            self._match.value = model.match
        finally:
            self._mirroring = False
        self._add.disabled = model.table is None
        self._kept.children = tuple(map(self._line, range(len(model.conditions))))
        where = model.where
        self._where.value = "" if where is None else f"<p>WHERE <code>{escape(where)}</code></p>"

    def _offer_columns(self) -> None:
        schema = None if self._model.table is None else self._model.schema
        if schema is self._schema:
            return
        self._schema = schema
        columns = schema.columns if schema is not None else ()
        self._column.options = [(column.lark_name, column.name) for column in columns]
        self._column.index = 0 if columns else None
        if columns:
            self._offer_operators()

    def _line(self, place: int) -> Any:
        text = condition_sql(self._model.conditions[place], self._model.schema)
        remove = button("Remove", f"Remove {text}")
        remove.on_click(lambda _: self._actions.run("Filtering", lambda: self._remove(place)))
        return line(remove, widgets.HTML(f"<code>{escape(text)}</code>"))
