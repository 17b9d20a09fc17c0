"""The options that commands have in common, and what happens around every command."""

from __future__ import annotations

import functools
import inspect
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from larkbase_sdk.cli.failures import exit_code, tell
from larkbase_sdk.cli.formats import Format
from larkbase_sdk.cli.output import Output
from larkbase_sdk.cli.session import Session
from larkbase_sdk.cli.streams import forget
from larkbase_sdk.cli.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PANEL = "Common options"


class Names(StrEnum):
    """Names of the columns of records."""

    LARK = "lark"
    SQL = "sql"


def _option(
    kind: Any, default: Any, *flags: str, text: str, metavar: str | None = None
) -> inspect.Parameter:
    """Return a keyword parameter as typer reads one; ``flags`` begin with its long name."""
    name = flags[0].removeprefix("--").replace("-", "_")
    option = typer.Option(*flags, help=text, metavar=metavar, rich_help_panel=_PANEL)
    annotation = Annotated[kind, option]
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, keyword, default=default, annotation=annotation)


_QUIET = (
    _option(bool, False, "--quiet", "-q", text="Data, warnings and errors only."),
    _option(bool, False, "--no-progress", text="No progress lines."),
)
_IDENTITY = (
    _option(str | None, None, "--profile", text="Name of the stored profile."),
    _option(str | None, None, "--domain", text="larksuite, feishu or an address."),
)
_SOURCES = (
    _option(list[str] | None, None, "--folder", metavar="LINK",
            text="Drive folder whose bases are databases: link or token; may be repeated."),
    _option(list[str] | None, None, "--wiki", metavar="LINK",
            text="Wiki page that shows a base: link or token; may be repeated."),
    _option(list[str] | None, None, "--catalog", metavar="LINK",
            text="Metadata table that names bases or tables: link or <base id>:<table id>; or glue "
            "for the Glue Data Catalog; may be repeated."),
)  # fmt: skip
_STORED = (
    _option(str | None, None, "--snapshot", metavar="FOLDER",
            text="Read this snapshot instead of Lark; no account, no network."),
)  # fmt: skip
_FORMAT = (
    _option(Format | None, None, "--format", "-f", metavar="FORMAT",
            text=f"Format of data on stdout: {', '.join(Format)}; if not given, a table on a "
            "terminal and NDJSON in a pipe."),
)  # fmt: skip
_NAMES = (_option(Names, Names.LARK, "--names", text="Column names of records."),)


def data_command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command that reads bases, wherever they are found, and writes data."""
    return _command(function, (*_IDENTITY, *_SOURCES, *_FORMAT, *_NAMES, *_QUIET))


def reading_command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a data command that can read a snapshot instead of bases."""
    return _command(function, (*_IDENTITY, *_SOURCES, *_STORED, *_FORMAT, *_NAMES, *_QUIET))


def report_command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command that acts as somebody and writes what it found or did as data."""
    return _command(function, (*_IDENTITY, *_FORMAT, *_QUIET))


def local_report_command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command that needs no account of Lark and writes what it found or did as data."""
    return _command(function, (*_FORMAT, *_QUIET))


def account_command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command that writes no data and acts as somebody."""
    return _command(function, (*_IDENTITY, *_QUIET))


def local_command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command that needs no account."""
    return _command(function, _QUIET)


def _command(
    function: Callable[..., None], common: Sequence[inspect.Parameter]
) -> Callable[..., None]:
    """Add common options to a command, whose first parameter becomes the session they describe.

    Errors end here: they are told on stderr, and their exit code is the command's.
    """
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]

    @functools.wraps(function)
    def wrapper(**given: Any) -> None:
        options = {parameter.name: given.pop(parameter.name) for parameter in common}
        try:
            function(_session(**options), **given)
        except BrokenPipeError:
            forget(sys.stdout)
        except typer.Exit:
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 (no traceback for people)
            tell(error)
            raise typer.Exit(exit_code(error)) from None

    parameters = [*own, *common]
    # typer reads the signature, and older versions of it the annotations too.
    vars(wrapper)["__signature__"] = inspect.Signature(parameters)
    wrapper.__annotations__ = {item.name: item.annotation for item in parameters}
    wrapper.__doc__ = _unwrapped(function)
    return wrapper


def _unwrapped(function: Callable[..., None]) -> str:
    """Return a docstring with each paragraph on one line, which the help wraps to the window."""
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    return "\n\n".join(map(one_line, paragraphs))


def _session(
    *,
    quiet: bool,
    no_progress: bool,
    profile: str | None = None,
    domain: str | None = None,
    folder: Sequence[str] | None = None,
    wiki: Sequence[str] | None = None,
    catalog: Sequence[str] | None = None,
    snapshot: str | None = None,
    format: Format | None = None,  # noqa: A002 (the option's name)
    names: Names = Names.LARK,
) -> Session:
    return Session(
        output=Output(format, quiet=quiet),
        profile=profile,
        domain=domain,
        folders=tuple(folder or ()),
        wikis=tuple(wiki or ()),
        catalog=tuple(catalog or ()),
        snapshot=snapshot,
        progress=not (quiet or no_progress),
        names="sql" if names is Names.SQL else "lark",
    )
