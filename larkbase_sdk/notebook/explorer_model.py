"""The state of an explorer and what can be done with it, without any widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_sdk.display import counted
from larkbase_sdk.errors import QueryError
from larkbase_sdk.notebook.conditions import Condition, Match, where_sql
from larkbase_sdk.notebook.contents import table_source
from larkbase_sdk.notebook.paging import Page, Pager
from larkbase_sdk.notebook.profiling import ColumnProfile, profile_rows
from larkbase_sdk.notebook.tree import ALL_ROWS, Key, Tree

if TYPE_CHECKING:
    import pandas as pd

    from larkbase_sdk.api.models import ViewInfo
    from larkbase_sdk.notebook.contents import Contents
    from larkbase_sdk.scan import Scan
    from larkbase_sdk.schema.table_schema import TableSchema
    from larkbase_sdk.sql.result import Result
    from larkbase_sdk.table import Table

_NOTHING = "Nothing is selected yet."
_SELECT = "Select a table first."


@dataclass(frozen=True, slots=True)
class Cost:
    """What a profile will cost at most; None where Lark gave no count."""

    rows: int | None
    calls: int | None
    seconds: float | None

    def __str__(self) -> str:
        if self.rows is None or self.calls is None or self.seconds is None:
            return "every row; Lark does not say how many there are"
        rows = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        return f"at most {rows} · {counted(self.calls, 'call')} · about {self.seconds:.1f} s"


class ExplorerModel:
    """What is selected, filtered, shown; everything but the properties may call the network.

    Args:
        contents: What is explored.

    Attributes:
        contents: The same.
        tree: Databases, tables and views.
        table: The selected table, or None.
        view: The selected view, or None for all rows.
        conditions: The filter.
        match: Whether ``all`` conditions have to hold, or ``any``.
        page: The page of the preview that was shown last, or None.
        cost: What a profile of this selection will cost, once that was asked.
        profile: Profiles of the columns, once they were made.
        result: The answer to the SQL text, once it was run.
    """

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self.tree = Tree(contents)
        self.table: Table | None = None
        self.view: ViewInfo | None = None
        self._database = ""
        self._schema: TableSchema | None = None
        self._pager: Pager | None = None
        self._forget_selection()

    # -- the tree ------------------------------------------------------------------------------

    def activate(self, key: Key) -> None:
        """Do what a click on a line of the tree means: open, close or select it.

        Raises:
            LarkBaseError: Lark's error; the selection stays as it was.
        """
        match key:
            case ("database", name):
                self.tree.toggle_database(name)
            case ("table", name, table_id):
                self.select(self.tree.database(name).tables[table_id], name)
            case ("views", name, table_id):
                self.tree.toggle_views(name, self.tree.database(name).tables[table_id])
            case ("view", name, table_id, view_id):
                self._select_view(name, table_id, view_id)
            case ("more", "tables"):
                self.tree.list_tables(self.tree.unopened)
            case ("more", _):
                self.tree.read_on()

    def select(self, table: Table, database: str) -> None:
        """Select a table; reads its fields at the first use."""
        self._schema = table.schema
        self.table, self._database = table, database
        if self.contents.has_views:
            self.tree.offer_views(database, table.id)
        self._forget_selection()

    def _select_view(self, name: str, table_id: str, view_id: str) -> None:
        view = self.tree.view(name, table_id, view_id)
        if self.table is None or (self._database, self.table.id) != (name, table_id):
            self.select(self.tree.database(name).tables[table_id], name)
        self.view = view
        self._forget_rows()

    def is_selected(self, key: Key) -> bool:
        """Tell whether a line of the tree stands for the selection; no call."""
        if self.table is None:
            return False
        view_id = ALL_ROWS if self.view is None else self.view.view_id
        place = (self._database, self.table.id)
        return key in (("table", *place), ("view", *place, view_id))

    def refresh(self) -> None:
        """Forget everything that is remembered and list the databases again."""
        self.contents.refresh()
        self.tree.read()
        self.table, self._database, self._schema = None, "", None
        self._forget_selection()

    def _forget_selection(self) -> None:
        self.view = None
        self.conditions: tuple[Condition, ...] = ()
        self.match: Match = "all"
        self._forget_rows()

    def _forget_rows(self) -> None:
        """Forget what belongs to another selection of rows."""
        if self._pager is not None:
            self._pager.close()
        self._pager = None
        self.page: Page | None = None
        self.cost: Cost | None = None
        self.profile: tuple[ColumnProfile, ...] | None = None
        self.result: Result | None = None
        self._sql: str | None = None

    # -- the filter ----------------------------------------------------------------------------

    @property
    def schema(self) -> TableSchema:
        """The columns of the selected table, as they were when it was selected; no call.

        Raises:
            QueryError: when none is selected.
        """
        if self._schema is None:
            raise QueryError(_NOTHING, hint=_SELECT)
        return self._schema

    def _selected(self) -> Table:
        if self.table is None:
            raise QueryError(_NOTHING, hint=_SELECT)
        return self.table

    @property
    def where(self) -> str | None:
        """The filter as SQL text, as ``scan(where=…)`` takes it; None without conditions."""
        if not self.conditions:
            return None
        return where_sql(self.conditions, self.match, self.schema)

    def filter_by(self, conditions: tuple[Condition, ...], match: Match) -> None:
        """Replace the filter; no call.

        Raises:
            QueryError: when a condition does not fit its column; the filter stays as it was.
        """
        where_sql(conditions, match, self.schema)
        self.conditions, self.match = conditions, match
        self._forget_rows()

    def scan(self) -> Scan:
        """Return the read of the selected rows; no call.

        Raises:
            QueryError: when no table is selected.
        """
        view_id = None if self.view is None else self.view.view_id
        return self._selected().scan(where=self.where, view=view_id)

    # -- rows ----------------------------------------------------------------------------------

    def show_page(self, number: int) -> Page:
        """Return a page of the preview, and keep it as ``page``.

        One call for a page that was not shown before; see ``Pager``.
        """
        if self._pager is None:
            self._pager = Pager(self.scan())
        self.page = self._pager.page(max(0, number))
        return self.page

    def ask_cost(self) -> Cost:
        """Return what a profile will cost, and keep it as ``cost``; at most one call."""
        plan = self.scan().explain()
        self.cost = Cost(plan.rows, plan.calls, plan.seconds)
        return self.cost

    def make_profile(self) -> tuple[ColumnProfile, ...]:
        """Read the selected rows and return the profiles, kept as ``profile``."""
        rows = self.scan().to_reader(names="sql").read_all()
        self.profile = profile_rows(rows, self.schema)
        return self.profile

    # -- the state as text ---------------------------------------------------------------------

    @property
    def sql(self) -> str:
        """The statement: the one that was written, else that of the selection; "" for none."""
        if self._sql is not None:
            return self._sql
        if self.table is None:
            return ""
        source = (
            table_source(self.table)
            if self.view is None
            else self.contents.view_source(self.table, self.view.view_id)
        )
        text = f"SELECT *\nFROM {source}"
        return text if self.where is None else f"{text}\nWHERE {self.where}"

    def write_sql(self, text: str | None) -> None:
        """Replace the statement; None for that of the selection again. No call."""
        self._sql = None if text is None or text == self.sql else text
        self.result = None

    def run_sql(self) -> Result:
        """Answer the statement, and keep the answer as ``result``.

        Raises:
            QueryError: when there is none, or SQL cannot answer it.
            LarkBaseError: Lark's error.
        """
        if not self.sql.strip():
            raise QueryError(_NOTHING, hint=f"{_SELECT[:-1]}, or write a statement.")
        self.result = self.contents.sql(self.sql)
        return self.result

    @property
    def code(self) -> str:
        """The Python code that reads the same rows; "" when nothing is selected."""
        if self._sql is not None:
            return f"df = {self.contents.python_sql}({_python_text(self._sql)}).to_pandas()"
        if self.table is None:
            return ""
        arguments = []
        if self.view is not None:
            arguments.append(f"view={self._name_of(self.view)!r}")
        if self.where is not None:
            arguments.append(f"where={self.where!r}")
        source = self.contents.python_source(self.table)
        return f"table = {source}\ndf = table.to_pandas({', '.join(arguments)})"

    def _name_of(self, view: ViewInfo) -> str:
        """Return the view's name, or its id where the name says too little."""
        from larkbase_sdk.api.links import is_link

        names = [name for other in self._selected().views for name in (other.name, other.view_id)]
        return view.name if names.count(view.name) == 1 and not is_link(view.name) else view.view_id

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows of the selection, or of the statement if one was written."""
        if self._sql is None:
            return self.scan().to_pandas()
        return (self.result or self.run_sql()).to_pandas()


def _python_text(text: str) -> str:
    """Return a text as Python writes it, over several lines where it has them."""
    if "\n" not in text or "\\" in text or '"""' in text or text.endswith('"'):
        return repr(text)
    return f'"""{text}"""'
