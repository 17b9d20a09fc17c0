"""Arguments that several commands share, and lists of names inside one argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from larkbase_sdk.api.links import is_link
from larkbase_sdk.catalog.names import unquote
from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from larkbase_sdk.table import Table

TableArgument = Annotated[
    str,
    typer.Argument(
        metavar="TABLE",
        help='"Database.Table", a link, or a name in the default base (LARKBASE_URL).',
        show_default=False,
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(help="Columns, separated by commas: Lark names, SQL names or field ids."),
]
Where = Annotated[
    str | None, typer.Option(help="Condition in SQL over SQL names: \"status = 'Open'\".")
]
View = Annotated[str | None, typer.Option(help="Only the rows of this view: name, id or link.")]
OrderBy = Annotated[
    str | None,
    typer.Option(help="Columns to sort by, separated by commas; a leading - means descending."),
]
Limit = Annotated[int | None, typer.Option(min=0, help="Rows at most.")]


def names(text: str | None) -> tuple[str, ...] | None:
    """Return the names of a list such as ``Amount,"Total, net"``; None when none was given.

    Raises:
        ConfigurationError: when a quote is not closed or a name is empty.
    """
    if text is None:
        return None
    parts = [""]
    quoted = False
    for character in text:
        if character == '"':
            quoted = not quoted
        if character == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    if quoted or not all(part.strip() for part in parts):
        msg = f"The list of columns {text!r} cannot be read."
        raise ConfigurationError(msg, hint='Write names with commas in quotes: Amount,"Total, net"')
    return tuple(unquote(part) for part in parts)


def order(text: str | None) -> tuple[str, ...]:
    """Return the keys of an order such as ``-Amount,-"Total, net"``."""
    return tuple(_key(part) for part in names(text) or ())


def _key(part: str) -> str:
    """Return a key without the quotes that follow its minus sign."""
    return f"-{unquote(part[1:])}" if part.startswith('-"') else part


def table_reference(database: str, table: Table) -> str:
    """Return how to name a table next time, given how its database was named this time.

    A database that was named by a link is known only through it, so the table gets a link too.
    """
    if is_link(database):
        return table.url
    return f"{database}.{quoted(table.name)}"


def quoted(name: str) -> str:
    """Return a name, in double quotes when a reference needs them."""
    if name.isidentifier():
        return name
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
