"""The magics ``%lark`` and ``%%lark``: SQL in a notebook cell."""

from __future__ import annotations

import argparse
import difflib
import re
import shlex
from contextlib import contextmanager
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, NoReturn

from larkbase_sdk.client import Lark, last_connected
from larkbase_sdk.errors import ConfigurationError, LarkBaseError, QueryError
from larkbase_sdk.read.pointing import error_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from larkbase_sdk.sql.plan import SqlPlan
    from larkbase_sdk.sql.result import Result

_USAGE = "%%lark [NAME] [--limit ROWS] [--arrow | --polars | --explain]"
_PIECES = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | --[^\n]* | /\*.*?\*/
      | \{\{(?P<variable>.*?)\}\}""",
    re.VERBOSE | re.DOTALL,
)
_VARIABLE = re.compile(r"\{\{\s*[A-Za-z_]\w*\s*\}\}")


def register(shell: Any) -> None:
    """Make the magics known to an IPython shell; ``%load_ext larkbase_sdk`` calls this.

    What they do is told by ``%lark?``. Errors are shown without a traceback.
    """
    from IPython.core.magic import no_var_expand

    @no_var_expand  # IPython would paste values into the text
    def lark(line: str, cell: str | None = None) -> Any:
        """Answer SQL over Lark tables: %lark SELECT … gives a Result.

        %%lark takes the statement from the cell, and in its first line

            %%lark [NAME] [--limit ROWS] [--arrow | --polars | --explain]

        a name stores a DataFrame in that variable; --arrow a pyarrow table, --polars a polars
        DataFrame. Without a name the rows are shown. --explain shows what would be read, and reads
        nothing.

        {{ name }} in a statement is the value of a variable, bound as a parameter. DataFrames are
        tables by the names of their variables. The client is the variable lark if it holds one,
        else the client that was connected last.
        """
        with _without_traceback():
            if cell is None:
                return _Statement(line, shell.user_ns).run(None)
            return _run_cell(line, cell, shell.user_ns)

    shell.register_magic_function(lark, magic_kind="line_cell", magic_name="lark")


def _run_cell(line: str, cell: str, variables: dict[str, Any]) -> Any:
    options = _options(line)
    statement = _Statement(cell, variables)
    if options.explain:
        return statement.explain()
    result = statement.run(options.limit)
    if not (options.name or options.arrow or options.polars):
        return result
    found = _converted(result, options)
    if not options.name:
        return found
    variables[options.name] = found
    print(f"{options.name}: {result.caption()}")  # noqa: T201 (the cell's output)
    return None


def _converted(result: Result, options: argparse.Namespace) -> Any:
    if options.arrow:
        return result.to_arrow()
    return result.to_polars() if options.polars else result.to_pandas()


class _Parser(argparse.ArgumentParser):
    """A parser that raises instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        msg = f"The first line of the cell cannot be read: {message}."
        raise QueryError(msg, hint=f"Usage: {_USAGE}")


def _options(line: str) -> argparse.Namespace:
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("name", nargs="?")
    parser.add_argument("--limit", type=int)
    kind = parser.add_mutually_exclusive_group()
    for flag in ("--arrow", "--polars", "--explain"):
        kind.add_argument(flag, action="store_true")
    try:
        words = shlex.split(line)
    except ValueError as error:
        parser.error(str(error))
    options = parser.parse_args(words)
    name = options.name
    if name is not None and (not name.isidentifier() or iskeyword(name)):
        parser.error(f"{name!r} cannot be the name of a variable")
    if options.limit is not None and options.limit < 0:
        parser.error("--limit takes a number from 0")
    return options


class _Statement:
    """A statement with the variables of a notebook, whose values it may use."""

    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self._variables = variables
        self._text, self._values = bound(text, variables)
        self._lark = _client(variables)

    def run(self, limit: int | None) -> Result:
        """Return the rows."""
        return self._lark.sql(self._text, self._values, variables=self._variables, limit=limit)

    def explain(self) -> SqlPlan:
        """Return what would be read."""
        return self._lark.explain(self._text, self._values, variables=self._variables)


def _client(variables: Mapping[str, Any]) -> Lark:
    own = variables.get("lark")
    found = own if isinstance(own, Lark) else last_connected()
    if found is None:
        msg = "There is no connection to Lark yet."
        raise ConfigurationError(msg, hint='lark = larkbase_sdk.connect("https://…/base/…")')
    return found


def bound(text: str, variables: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a statement with ``$name`` for every ``{{ name }}``, and the values by name.

    Raises:
        QueryError: for something else than the name of a variable, or one inside quotes, where a
            parameter would be plain text.
    """
    values: dict[str, Any] = {}

    def placed(match: re.Match[str]) -> str:
        if match["variable"] is None:
            inside = _VARIABLE.search(match["quoted"] or "")
            if inside is not None:
                msg = f"{inside[0]} stands inside quotes, where it is plain text."
                place = match.start() + inside.start()
                raise error_at(text, place, msg, "Write it without quotes: it is a value already.")
            return match[0]
        name = match["variable"].strip()
        values[name] = _value(name, text, match.start(), variables)
        return f"${name}"

    return _PIECES.sub(placed, text), values


def _value(name: str, text: str, place: int, variables: Mapping[str, Any]) -> Any:
    if not name.isidentifier():
        msg = f"{{{{ {name} }}}} is not the name of a variable."
        hint = "Compute it before, and give it a name."
        raise error_at(text, place, msg, hint)
    if name not in variables:
        known = [one for one in variables if not one.startswith("_")]
        near = difflib.get_close_matches(name, known, 1)
        msg = f"There is no variable {name}."
        raise error_at(text, place, msg, f"did you mean {near[0]}?" if near else None)
    return variables[name]


@contextmanager
def _without_traceback() -> Iterator[None]:
    """Let errors of ours end the cell with their text alone; IPython asks for it."""
    try:
        yield
    except LarkBaseError as error:
        kinds = (
            kind for kind in type(error).__mro__ if kind.__module__ == LarkBaseError.__module__
        )
        lines = f"{next(kinds).__name__}: {error}".splitlines()
        vars(error)["_render_traceback_"] = lambda: lines
        raise
