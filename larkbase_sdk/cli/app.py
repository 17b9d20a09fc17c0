"""The typer application: its verbs, and the verb that stands for a bare SQL text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from larkbase_sdk._version import __version__
from larkbase_sdk.cli import athena, athena_deploy, glue, migrate
from larkbase_sdk.cli.account import doctor, login
from larkbase_sdk.cli.data import attachments, explain, export, head
from larkbase_sdk.cli.failures import exit_code, log_lines, sigterm_as_exit, tell, warnings_as_lines
from larkbase_sdk.cli.look import ls, schema
from larkbase_sdk.cli.play import aws_emulator, demo, emulator
from larkbase_sdk.cli.snapshot import diff, snapshot
from larkbase_sdk.cli.sql import STATEMENT, query
from larkbase_sdk.cli.streams import forget, usable_streams
from larkbase_sdk.errors import ConfigurationError, LarkBaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

_VERBS = {
    "login": login,
    "doctor": doctor,
    "ls": ls,
    "schema": schema,
    "head": head,
    "query": query,
    "export": export,
    "attachments": attachments,
    "explain": explain,
    "snapshot": snapshot,
    "diff": diff,
    "emulator": emulator,
    "aws-emulator": aws_emulator,
    "demo": demo,
}
_GROUPS = {
    "athena": (
        "Run the connector for Amazon Athena here, and put it into AWS.",
        {
            "query": athena.query,
            "serve": athena.serve,
            "validate": athena.validate,
            "package": athena_deploy.package,
            "template": athena_deploy.template,
        },
    ),
    "glue": (
        "Write the structure of bases into the Glue Data Catalog, and look at it there.",
        {"crawl": glue.crawl, "ls": glue.ls, "drop": glue.drop},
    ),
    "migrate": (
        "Move from Glue to a metadata table; the way back is larkbase glue crawl.",
        {"glue-to-base-source": migrate.glue_to_base_source, "verify": migrate.verify},
    ),
}
_HELP = {"help_option_names": ["-h", "--help"]}
_OWN_OPTIONS = frozenset({"--help", "--version", "--install-completion", "--show-completion"})

app = typer.Typer(
    name="larkbase",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=_HELP,
    epilog="Exit codes: 0 ok, 1 service error, 2 usage, 3 credentials or access, 4 network. "
    "Anywhere a name fits, a link fits. Names with dots or blanks are quoted as in SQL.",
)
for _name, _function in _VERBS.items():
    app.command(_name)(_function)
for _group, (_help, _members) in _GROUPS.items():
    _part = typer.Typer(help=_help, no_args_is_help=True, context_settings=_HELP)
    for _name, _function in _members.items():
        _part.command(_name)(_function)
    app.add_typer(_part, name=_group)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"larkbase {__version__}")
        raise typer.Exit


@app.callback()
def larkbase(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Read Lark Base (Feishu Bitable) tables from the terminal."""


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; nothing but the code leaves this function."""
    with usable_streams(), sigterm_as_exit():
        return _run(list(sys.argv[1:] if argv is None else argv))


def _run(arguments: list[str]) -> int:
    code = 0
    try:
        with warnings_as_lines(), log_lines():
            code = _ended(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # a reader that has gone away is no error
        forget(sys.stdout)
    except (LarkBaseError, KeyboardInterrupt) as error:
        tell(error)
        return exit_code(error)
    except OSError as error:
        forget(sys.stdout)
        if code == 0:  # else the command has told it
            tell(error)
            return exit_code(error)
    return code


def _ended(arguments: list[str]) -> int:
    """Run a command and return its exit code.

    Raises:
        BrokenPipeError: when nobody reads its help text to the end.
    """
    try:
        app(args=with_default_verb(arguments), prog_name="larkbase")
    except SystemExit as end:
        # What shows the help ends the process when its reader has gone away.
        if isinstance(end.__context__, BrokenPipeError):
            raise end.__context__ from None
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    return 0


def with_default_verb(arguments: list[str]) -> list[str]:
    """Put ``query`` in front of arguments that hold an SQL text and no verb.

    Raises:
        ConfigurationError: when the shell has cut a statement into words.
    """
    if not arguments or arguments[0] in {*_VERBS, *_GROUPS, *_OWN_OPTIONS}:
        return arguments
    if STATEMENT.fullmatch(f"{arguments[0]} "):
        msg = f"{arguments[0]} begins a statement, which has to be one argument."
        raise ConfigurationError(msg, hint=f'Put it in quotes: larkbase "{arguments[0]} …"')
    return ["query", *arguments] if any(map(STATEMENT.match, arguments)) else arguments
