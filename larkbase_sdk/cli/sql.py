"""The command that answers SQL, and what it shares with the explanation of a statement."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from larkbase_sdk.api.links import is_link
from larkbase_sdk.cli.common import reading_command
from larkbase_sdk.cli.session import Session  # noqa: TC001 (typer reads annotations)
from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from larkbase_sdk.sql.plan import SqlPlan, TableScan

STATEMENT = re.compile(
    r"\s*\(*\s*(select|with|from|values|describe|show|summarize|pivot|unpivot|copy|explain)\s",
    re.IGNORECASE,
)
"""How a text begins that is SQL rather than the name of something."""

_STDIN = "-"
_FILE = re.compile(r"\S+\.sql", re.IGNORECASE)
_LINK = re.compile(r"""(["'])((?:https?://)?[^"'\s]+/(?:base|wiki)/[^"'\s]+)\1""")


@reading_command
def query(
    session: Session,
    sql: Annotated[
        str,
        typer.Argument(metavar="SQL", help="The statement, or - for stdin.", show_default=False),
    ],
) -> None:
    """Answer an SQL statement over databases, links and local files.

    Example: larkbase "SELECT status, count(*) FROM crm.orders GROUP BY 1"
    """
    session.output.check()
    text = statement(sql)
    with session.lark(link_in(text)) as lark:
        result = lark.sql(text, variables={})
        session.done(lark, session.output.records(result.to_reader()))
    if sql != _STDIN:
        session.output.next(session.command("explain", sql), "what Lark filters of it")


def explain_statement(session: Session, sql: str) -> None:
    """Write what a statement would read from each table."""
    text = statement(sql)
    with session.lark(link_in(text)) as lark:
        plan = lark.explain(text, variables={})
        session.output.report(repr(plan), _rows(plan))
    if sql != _STDIN:
        session.output.next(session.command("query", sql))


def statement(argument: str, verb: str = "query") -> str:
    """Return the statement that an argument is, or stdin for ``-``; UTF-8 in every locale.

    Args:
        argument: What was given.
        verb: The command, for hints.

    Raises:
        ConfigurationError: for the name of a file, for ``-`` on a terminal, where nothing would
            come, and for other bytes than UTF-8.
    """
    if _FILE.fullmatch(argument):
        msg = f"{argument} is the name of a file, not a statement."
        raise ConfigurationError(msg, hint=f"larkbase {verb} - < {argument}")
    if argument != _STDIN:
        return _decoded(os.fsencode(argument))
    if sys.stdin.isatty():
        msg = "The statement is to come from stdin, which is this terminal."
        raise ConfigurationError(msg, hint=f"larkbase {verb} - < report.sql")
    return _decoded(sys.stdin.buffer.read())


def _decoded(text: bytes) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        msg = "The statement is not UTF-8 text."
    raise ConfigurationError(msg, hint="Store the file as UTF-8.")


def link_in(text: str) -> str | None:
    """Return the first link that a statement uses as a table, which chooses the domain."""
    found = (match[2] for match in _LINK.finditer(text))
    return next((link for link in found if is_link(link)), None)


def _rows(plan: SqlPlan) -> list[dict[str, object]]:
    """Return an explanation as rows for programs, one a reading."""
    return [_row(scan) for scan in plan.scans]


def _row(scan: TableScan) -> dict[str, object]:
    return {
        "table": scan.label,
        "on_server": list(scan.on_server),
        "here": list(scan.here),
        "notes": list(scan.notes),
        "fields_read": scan.fields_read,
        "fields_total": scan.fields_total,
        "rows": scan.rows,
        "calls": scan.calls,
        "seconds": scan.seconds,
    }
