"""One SQL condition with the table it speaks of: its columns, its constants, and its mistakes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.constants import SqlNode, constant_of
from larkbase_sdk.read.literals import hint_for
from larkbase_sdk.read.operands import Operand, operand
from larkbase_sdk.read.pointing import error_at

if TYPE_CHECKING:
    from larkbase_sdk.schema.table_schema import TableSchema

ELSEWHERE = (
    "A condition compares a column with constants. For anything else use lark.sql(…), or a pyarrow "
    'expression such as pc.field("amount") > pc.field("paid").'
)

_QUOTE_TIMES = "Write times in quotes: '2024-12-31'."
_BARE_DATE = re.compile(r"\d{4} - \d\d? - \d\d?")


class SqlText:
    """Looks nodes of a parsed condition up in a schema, and points at those that are wrong."""

    def __init__(self, text: str, schema: TableSchema) -> None:
        self._text = text
        self._schema = schema

    def operand(self, node: SqlNode) -> Operand:
        """Return the column, or member of one, that a node names.

        Raises:
            QueryError: the node is no column, or an unknown one.
        """
        node = node.unnest()
        if type(node).__name__ != "Column" or len(node.parts) > 2:
            self.refuse(node)
        self.expect_only(node, "this", "table")
        try:
            return operand(self._schema, *(part.name for part in node.parts))
        except QueryError as error:
            raise self.error(node, error.message, self._hint(node, error)) from None

    def _hint(self, node: SqlNode, error: QueryError) -> str | None:
        if error.context.get("near") or "member" in error.context:
            return error.hint
        if len(node.parts) > 1:
            return "Columns are written without the name of their table."
        if node.this.args.get("quoted"):
            return f"Text is written in single quotes: '{node.name}'."
        return error.hint

    def text_operand(self, node: SqlNode) -> Operand:
        """Return the column of texts that a node names.

        Raises:
            QueryError: it is none.
        """
        target = self.operand(node)
        if target.kind != "text":
            msg = f'"{target.path}" holds no text that could be searched.'
            raise self.error(node, msg, hint_for(target))
        return target

    def text_constant(self, node: SqlNode) -> str | None:
        """Return the text that a node writes out; None for NULL.

        Raises:
            QueryError: it is no text.
        """
        constant = constant_of(node)
        if constant is None or not isinstance(constant.value, str | None):
            msg = f"{node.sql(dialect='duckdb')} stands where a text in single quotes is expected."
            raise QueryError(msg, hint=ELSEWHERE)
        return constant.value

    def expect_only(self, node: SqlNode, *parts: str) -> None:
        """Refuse a node that has more parts than those that are read, in any parser release."""
        if any(value and name not in parts for name, value in node.args.items()):
            self.refuse(node)

    def refuse(self, node: SqlNode) -> NoReturn:
        """Say that a node is beyond conditions.

        Raises:
            QueryError: always.
        """
        shown = node.sql(dialect="duckdb")
        msg = f"{shown} is not possible in where."
        raise self.error(node, msg, _QUOTE_TIMES if _BARE_DATE.fullmatch(shown) else ELSEWHERE)

    def error(self, node: SqlNode, message: str, hint: str | None) -> QueryError:
        """Return an error that points at a node."""
        return error_at(self._text, self._place(node), message, hint)

    def _place(self, node: SqlNode) -> int | None:
        from sqlglot import exp

        names = list(node.find_all(exp.Identifier))
        starts = [name.meta["start"] for name in names if "start" in name.meta]
        # Older releases of the parser keep no positions.
        starts = starts or [self._text.find(name.name) for name in names]
        return min((start for start in starts if start >= 0), default=None)
