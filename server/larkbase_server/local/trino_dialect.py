"""Athena's SQL read, and what has to be changed in it so that DuckDB means the same."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from larkbase_sdk.errors import QueryError
from larkbase_server.local.trino_functions import replace_functions
from larkbase_server.local.trino_unnest import replace_unnests
from larkbase_server.local.trino_zones import replace_zones

if TYPE_CHECKING:
    from collections.abc import Iterator

    from larkbase_sdk.read.constants import SqlNode

SETTINGS = {
    # Athena's sessions are in UTC, and whole numbers divide to whole numbers there.
    "TimeZone": "'UTC'",
    "integer_division": "true",
    # Join keys found while a query runs are not handed to connectors.
    "disabled_optimizers": "'join_filter_pushdown'",
    # Nothing is fetched from anywhere, and no Python variable is a table.
    "autoinstall_known_extensions": "false",
    "python_enable_replacements": "false",
}
"""Settings of DuckDB under which a statement runs."""

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HINT = "The local Athena answers SELECT, WITH, VALUES, SHOW and DESCRIBE."


def parse_query(sql: str) -> SqlNode:
    """Return the tree of one query in Athena's SQL.

    Raises:
        QueryError: the text is no SQL, several statements, or a statement that is no query.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        with _quiet_parser():
            trees = [tree for tree in sqlglot.parse(sql, read="trino") if tree is not None]
    except SqlglotError as error:
        _check_names(sql)
        msg = f"The statement cannot be read: {_first_line(str(error))}"
        raise QueryError(msg) from error
    _check_names(sql)
    if len(trees) != 1:
        msg = f"One statement is needed, not {len(trees)}."
        raise QueryError(msg)
    if not isinstance(trees[0], exp.Query | exp.Values):
        msg = f"The local Athena does not run {sql.split()[0].upper()}."
        raise QueryError(msg, hint=_HINT)
    return trees[0]


def _check_names(sql: str) -> None:
    """Refuse names that Athena reads in double quotes only; the parser takes ``2024_x`` for 2024.

    Raises:
        QueryError: there is one.
    """
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        tokens = sqlglot.tokenize(sql, read="trino")
    except SqlglotError:
        return
    digits, end = "", -1
    for token in tokens:
        kind = token.token_type.name
        prefix = digits if token.start == end + 1 else ""
        if kind == "VAR" and (prefix or not _PLAIN_NAME.fullmatch(token.text)):
            name = f"{prefix}{token.text}"
            msg = f"The name {name} has to stand in double quotes."
            raise QueryError(msg, hint=f'Write "{name}".')
        digits, end = token.text if kind == "NUMBER" else "", token.end


def to_duckdb(tree: SqlNode) -> str:
    """Return the text of a query for DuckDB.

    Raises:
        QueryError: it holds something that DuckDB has no word for.
    """
    from sqlglot import exp
    from sqlglot.errors import ErrorLevel, SqlglotError

    changed = tree.copy()
    _refuse_ties(changed)
    replace_zones(changed)
    replace_functions(changed)
    replace_unnests(changed)
    if isinstance(changed, exp.Select):
        _name_columns(changed)
    try:
        with _quiet_parser():
            return str(changed.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE))
    except SqlglotError as error:
        msg = f"The local Athena cannot run the statement: {_first_line(str(error))}"
        raise QueryError(msg) from error


def _refuse_ties(tree: SqlNode) -> None:
    """Refuse ``FETCH FIRST … WITH TIES``, of which DuckDB would leave out the ties.

    Raises:
        QueryError: the query has one.
    """
    from sqlglot import exp

    for fetch in tree.find_all(exp.Fetch):
        options = fetch.args.get("limit_options")
        if options is not None and options.args.get("with_ties"):
            msg = "The local Athena cannot run FETCH FIRST … WITH TIES."
            raise QueryError(msg)


def plain_literals(tree: SqlNode) -> SqlNode:
    """Return the tree with every literal of a time in the one type that holds them all."""
    from sqlglot import exp

    def changed(node: SqlNode) -> SqlNode:
        if type(node) is exp.Cast and node.this.is_string and node.to.is_type("timestamp"):
            node.set("to", exp.DataType.build("timestamp"))
        return node

    return tree.transform(changed, copy=False)


def _name_columns(select: SqlNode) -> None:
    """Name the columns that the query does not name, as Athena does: ``_col0`` by position."""
    from sqlglot import exp

    for position, item in enumerate(select.expressions):
        if not item.is_star and not isinstance(item, exp.Alias | exp.Column | exp.Dot):
            item.replace(exp.alias_(item.copy(), f"_col{position}", quoted=True))


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


@contextmanager
def _quiet_parser() -> Iterator[None]:
    """Keep the parser from writing about statements that are refused anyway."""
    logger = logging.getLogger("sqlglot")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before
