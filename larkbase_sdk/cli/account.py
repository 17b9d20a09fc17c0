"""Commands about the identity: store its credentials, check what it may do."""

from __future__ import annotations

import os
import sys
from getpass import getpass
from typing import Annotated

import typer

from larkbase_sdk.cli.ask import ask
from larkbase_sdk.cli.common import account_command, data_command
from larkbase_sdk.cli.failures import ACCESS
from larkbase_sdk.cli.session import Session  # noqa: TC001 (typer reads annotations)
from larkbase_sdk.errors import LarkBaseError


@account_command
def login(
    session: Session,
    app_id: Annotated[
        str | None, typer.Option(help="App id (cli_…); asked for if missing.")
    ] = None,
) -> None:
    """Store credentials as a profile, after checking them with one call.

    Asks for what is missing; the secret is not shown. Without a terminal the answers are lines of
    stdin: app id (unless given), secret, domain (unless given).
    """
    from larkbase_sdk.login import login as store

    report = store(
        app_id=app_id,
        domain=session.domain,
        profile=session.profile or os.environ.get("LARKBASE_PROFILE") or "default",
        ask=ask,
        ask_hidden=_ask_hidden,
    )
    if not report.ok:
        session.output.note(repr(report))
    session.output.next(session.command("ls", "<paste the link of a base>"))


def _ask_hidden(question: str) -> str:
    return getpass(question) if sys.stdin.isatty() else ask(question)


@data_command
def doctor(
    session: Session,
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="URL", help="Link, name or id of a base to check.", show_default=False
        ),
    ] = None,
) -> None:
    """Check credentials, scopes and access, and say how to mend what is wrong.

    Exit code 0 when nothing failed, else 3.
    """
    from larkbase_sdk.doctor import examine, not_connected

    try:
        with session.lark(url) as lark:
            report = examine(lark, url)
    except LarkBaseError as error:
        report = not_connected(error)
    session.output.report(repr(report), report.rows())
    if not report.ok:
        raise typer.Exit(ACCESS)
    session.output.next(session.command("ls", url))
