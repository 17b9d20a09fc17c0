"""Options of the library and the environment variables that set them.

``options`` holds the defaults of this process; every client reads it unless it was given an
``Options`` of its own. Nothing here calls the network.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NumberType = Literal["double", "decimal"]
NameStyle = Literal["unicode", "ascii"]

MAX_PAGE_SIZE = 500
"""Rows per search page that Lark allows (search page of Lark's documentation)."""

MAX_CONCURRENCY = 16
"""Calls in flight at most; a client keeps as many connections open."""

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


@dataclass(slots=True)
class Options:
    """Everything that can be tuned, with defaults that suit an analyst.

    Attributes:
        rate: Calls per second and endpoint; Lark allows 20.
        concurrency: Calls in flight at one base at most, 1 to 16; they begin at 2, grow while the
            base keeps up, and halve when it does not. 1 reads one page after another.
        retries: How often a refused or broken call is repeated.
        timeout: Seconds until a silent connection counts as broken.
        page_size: Rows per page, 1 to 500.
        metadata_ttl: Seconds for which lists of bases, tables and fields are remembered.
        number_type: Arrow type of number fields: ``double`` or ``decimal`` (38,18).
        name_style: SQL names in ``unicode`` (letters of every script kept) or ``ascii`` style.
        strict: Raise on a cell that cannot be converted, instead of NULL with a warning.
        text_pushdown: Send text equality to the server.
        trust_total: Let an unfiltered count come from Lark's ``total``.
        lookup_depth: How many lookup-to-lookup steps are followed.
        progress: Show progress lines; None decides by terminal or notebook.
        offline: Refuse every network call.
        on_call: Called with a dict after each HTTP call, perhaps by several threads at a time.
        on_retry: Called with a dict before each wait, likewise.
    """

    rate: float = 20.0
    concurrency: int = 8
    retries: int = 6
    timeout: float = 30.0
    page_size: int = MAX_PAGE_SIZE
    metadata_ttl: float = 300.0
    number_type: NumberType = "double"
    name_style: NameStyle = "unicode"
    strict: bool = False
    text_pushdown: bool = True
    trust_total: bool = True
    lookup_depth: int = 20
    progress: bool | None = None
    offline: bool = False
    on_call: Callable[[dict[str, Any]], None] | None = field(default=None, repr=False)
    on_retry: Callable[[dict[str, Any]], None] | None = field(default=None, repr=False)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in type(self).__slots__:
            raise self._unknown(name)
        check = _CHECKS.get(name)
        if check is not None and not _passes(check, value):
            msg = f"The option {name} cannot be {value!r}."
            raise ConfigurationError(msg, hint=f"Allowed: {_ALLOWED[name]}.")
        object.__setattr__(self, name, value)

    def replace(self, **changes: Any) -> Options:
        """Return a copy with some options changed."""
        known = {item.name for item in fields(self)}
        for name in changes:
            if name not in known:
                raise self._unknown(name)
        return replace(self, **changes)

    def _unknown(self, name: str) -> ConfigurationError:
        known = sorted(item.name for item in fields(self))
        near = difflib.get_close_matches(name, known, 1)
        hint = f'did you mean "{near[0]}"? ' if near else ""
        msg = f'There is no option "{name}".'
        return ConfigurationError(msg, hint=f"{hint}Options: {', '.join(known)}.")

    def _repr_html_(self) -> str:
        from larkbase_sdk.display import html_table

        shown = [item.name for item in fields(self) if item.repr]
        return html_table([{"option": name, "value": repr(getattr(self, name))} for name in shown])


def _passes(check: Callable[[Any], bool], value: Any) -> bool:
    try:
        return check(value)
    except (TypeError, ValueError, OverflowError):  # of another type, or not a finite number
        return False


_ALLOWED = {
    "rate": "a number above 0",
    "concurrency": f"a whole number from 1 to {MAX_CONCURRENCY}",
    "retries": "a whole number from 0",
    "timeout": "seconds above 0",
    "page_size": f"a whole number from 1 to {MAX_PAGE_SIZE}",
    "metadata_ttl": "seconds from 0",
    "number_type": "double or decimal",
    "name_style": "unicode or ascii",
    "lookup_depth": "a whole number above 0",
    "strict": "True or False",
    "text_pushdown": "True or False",
    "trust_total": "True or False",
    "offline": "True or False",
    "progress": "True, False or None",
}
_CHECKS: dict[str, Callable[[Any], bool]] = {
    "rate": lambda value: value > 0,
    "concurrency": lambda value: int(value) == value and 1 <= value <= MAX_CONCURRENCY,
    "retries": lambda value: int(value) == value and value >= 0,
    "timeout": lambda value: value > 0,
    "page_size": lambda value: int(value) == value and 1 <= value <= MAX_PAGE_SIZE,
    "metadata_ttl": lambda value: value >= 0,
    "number_type": lambda value: value in ("double", "decimal"),
    "name_style": lambda value: value in ("unicode", "ascii"),
    "lookup_depth": lambda value: int(value) == value and value > 0,
    "strict": lambda value: isinstance(value, bool),
    "text_pushdown": lambda value: isinstance(value, bool),
    "trust_total": lambda value: isinstance(value, bool),
    "offline": lambda value: isinstance(value, bool),
    "progress": lambda value: value is None or isinstance(value, bool),
}


def parse_flag(text: str) -> bool:
    """Return the truth of a flag written as true/false, 1/0, yes/no or on/off.

    Raises:
        ValueError: for any other text.
    """
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    msg = f"{text!r} is neither on nor off"
    raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: its name, what it means, and the option it sets, if any."""

    name: str
    meaning: str
    default: str = ""
    option: str | None = None
    parse: Callable[[str], Any] = str


ENVIRONMENT: tuple[Variable, ...] = (
    Variable("LARK_APP_ID", "App id (cli_…) of the Lark app that reads."),
    Variable("LARK_APP_SECRET", "Secret of that app."),
    Variable(
        "LARK_DOMAIN",
        "larksuite, feishu, or a full address such as http://127.0.0.1:8080.",
        "larksuite",
    ),
    Variable("LARKBASE_URL", "Link of the default base."),
    Variable(
        "LARKBASE_FOLDERS",
        "Drive folders whose bases are databases: links or tokens, separated by commas.",
    ),
    Variable(
        "LARKBASE_WIKIS",
        "Wiki pages that show a base: links or tokens, separated by commas.",
    ),
    Variable(
        "LARKBASE_CATALOG",
        "Metadata tables that name bases or tables: links or <base id>:<table id>, separated by "
        "commas; glue (or glue:<account>) for the Glue Data Catalog.",
    ),
    Variable("LARKBASE_PROFILE", "Name of the stored profile to use.", "default"),
    Variable("LARKBASE_CACHE_DIR", "Folder for profiles and cached reads.", "~/.larkbase"),
    Variable("LARKBASE_OFFLINE", "Forbid every network call.", "off", "offline", parse_flag),
    Variable(
        "LARKBASE_PROGRESS",
        "Show progress lines.",
        "on a terminal or in a notebook",
        "progress",
        parse_flag,
    ),
    Variable(
        "LARKBASE_LOG",
        "Level of the command line's log lines on stderr: debug, info, warning. Programs set the "
        "level of the logger larkbase themselves.",
    ),
    Variable("LARK_RATE", "Calls per second and endpoint.", "20", "rate", float),
    Variable(
        "LARK_CONCURRENCY",
        f"Calls in flight at one base at most, 1 to {MAX_CONCURRENCY}; 1 reads page after page.",
        "8",
        "concurrency",
        int,
    ),
    Variable("LARK_RETRIES", "Repeats of a refused or broken call.", "6", "retries", int),
    Variable(
        "LARK_TIMEOUT", "Seconds until a silent connection is broken off.", "30", "timeout", float
    ),
    Variable(
        "LARK_METADATA_TTL",
        "Seconds for which metadata is remembered.",
        "300",
        "metadata_ttl",
        float,
    ),
    Variable(
        "LARK_NUMBER_TYPE",
        "Type of number fields: double or decimal.",
        "double",
        "number_type",
        lambda text: text.strip().lower(),
    ),
    Variable(
        "LARK_NAME_STYLE",
        "Style of SQL names: unicode or ascii.",
        "unicode",
        "name_style",
        lambda text: text.strip().lower(),
    ),
    Variable(
        "LARK_STRICT", "Raise on a cell that cannot be converted.", "off", "strict", parse_flag
    ),
    Variable(
        "LARK_TEXT_PUSHDOWN", "Send text equality to the server.", "on", "text_pushdown", parse_flag
    ),
    Variable(
        "LARK_TRUST_TOTAL",
        "Let an unfiltered count come from Lark's total.",
        "on",
        "trust_total",
        parse_flag,
    ),
)


def options_from(environ: Mapping[str, str]) -> Options:
    """Return the options that these environment variables describe.

    Raises:
        ConfigurationError: when a variable cannot be read; it names the variable and its text.
    """
    result = Options()
    for variable in ENVIRONMENT:
        text = environ.get(variable.name, "").strip()
        if variable.option is None or not text:
            continue
        try:
            setattr(result, variable.option, variable.parse(text))
        except ValueError as error:
            hint = error.hint if isinstance(error, ConfigurationError) else None
            msg = f"The environment variable {variable.name} cannot be {text!r}."
            raise ConfigurationError(msg, hint=hint or variable.meaning) from error
    return result


environment_error: ConfigurationError | None = None
"""Why the environment cannot be read, or None: the first connection raises it, no import does."""

options = Options()
"""The options of this process."""

try:
    options = options_from(os.environ)
except ConfigurationError as error:
    environment_error = error
