"""Writes the parts of the documentation that say what the code says, so that they cannot differ."""

from __future__ import annotations

import functools
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa
import typer

from larkbase_sdk import errors
from larkbase_sdk.api.codes import ADVICE, CODES, TOKEN_CODES, Meaning
from larkbase_sdk.api.models import Field
from larkbase_sdk.cli.app import app
from larkbase_sdk.emulator import SWITCH_VARIANTS, Switches
from larkbase_sdk.emulator.sample import fill_sample
from larkbase_sdk.emulator.tenant import Tenant
from larkbase_sdk.errors import QueryError
from larkbase_sdk.options import ENVIRONMENT
from larkbase_sdk.read.pushdown import push
from larkbase_sdk.read.where import parse_where
from larkbase_sdk.read.zones import base_zone
from larkbase_sdk.schema.arrow_types import arrow_type
from larkbase_sdk.schema.field_types import FIELD_TYPES, FORMULA, LOOKUP, UNKNOWN, FieldType
from larkbase_sdk.schema.naming import sql_name
from larkbase_sdk.schema.table_schema import TableSchema, build_schema
from larkbase_server.environment import default_text, variables
from larkbase_server.settings import ConnectorSettings
from larkbase_server.settings_page import settings_page

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from larkbase_sdk.read.pushdown import Pushed

DOCS = Path(__file__).resolve().parent
_PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end generated -->)", re.DOTALL)


def rendered(text: str) -> str:
    """Return a page with its generated parts as they have to be; makes no call."""
    return _PART.sub(lambda part: f"{part[1]}\n{PARTS[part[2]]()}\n{part[3]}", text)


def pages() -> list[Path]:
    """Return the pages that have generated parts."""
    return [path for path in sorted(DOCS.glob("*.md")) if _PART.search(path.read_text("utf-8"))]


def main() -> None:
    """Write every page again."""
    for path in pages():
        path.write_text(rendered(path.read_text("utf-8")), "utf-8")


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(heads)
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(_cell(text) for text in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ") or "–"


def _code(*texts: str) -> str:
    return " ".join(f"`{text}`" for text in texts)


# -- field types -----------------------------------------------------------------------------------

_PROPERTIES = {
    "SingleSelect": {"options": [{"name": "a"}]},
    "MultiSelect": {"options": [{"name": "a"}]},
    "AutoNumber": {"auto_serial": {"type": "auto_increment_number"}},
}
_LITERALS = ("'a'", "'1'", "1", "'2025-01-31'")
_FORMS = (
    ("=", "c = {}"),
    ("<", "c < {}"),
    ("LIKE", "c LIKE 'a%'"),
    ("list_contains", "list_contains(c, 'a')"),
    ("is true", "c"),
    ("is false", "NOT c"),
    (".text =", "c.text = {}"),
    ("IS NULL", "c IS NULL"),
    ("IS NOT NULL", "c IS NOT NULL"),
)


def field_types() -> str:
    """Return the table of field types; what Lark can check is found by asking the translator."""
    rows = (
        (
            _code(row.ui_type),
            _arrow(row),
            _code(_glue(row)),
            _code(*_sent_forms(row)) or row.skip_reason,
            "yes" if row.sortable else "",
        )
        for row in (*FIELD_TYPES.values(), UNKNOWN)
    )
    heads = ("Lark", "Arrow", "Glue", "Conditions that are sent", "First rows by Lark's order")
    return _table(heads, rows)


def _arrow(row: FieldType) -> str:
    if row.skip_reason:
        return "no column"
    if row in (FORMULA, LOOKUP):
        return "as its result" if row is FORMULA else "list of its results"
    return _code(_short(arrow_type(row.glue)))


def _short(kind: Any) -> str:
    """Return an Arrow type as text, without the members of structures."""
    if pa.types.is_list(kind):
        return f"list<{_short(kind.value_type)}>"
    return "struct" if pa.types.is_struct(kind) else str(kind)


def _glue(row: FieldType) -> str:
    if row in (FORMULA, LOOKUP):
        return "T" if row is FORMULA else "array<T>"
    return row.glue


def _sent_forms(row: FieldType) -> Iterator[str]:
    if row.skip_reason or row is UNKNOWN:
        return
    settings = _PROPERTIES.get(row.ui_type, {})
    schema = build_schema("", "", [Field("fld", "C", row.type, row.ui_type, property=settings)])
    for name, form in _FORMS:
        if any(_is_sent(form.format(literal), schema) for literal in _LITERALS):
            yield name


def _is_sent(where: str, schema: TableSchema) -> bool:
    try:
        return _push(where, schema).filter is not None
    except QueryError:
        return False


def _push(where: str, schema: TableSchema) -> Pushed:
    zone = base_zone("Asia/Jakarta", feishu=False)
    return push(parse_where(where, schema), schema, zone=zone, text_pushdown=True)


# -- conditions ------------------------------------------------------------------------------------

_STATUS = {"options": [{"name": name} for name in ("Open", "Paid", "Shipped", "Cancelled")]}
_SAMPLE = (
    Field("fld1", "Status", 3, "SingleSelect", property=_STATUS),
    Field("fld2", "Amount", 2, "Number", property={"formatter": "0.00"}),
    Field("fld3", "OrderDate", 5, "DateTime"),
    Field("fld4", "Gift", 7, "Checkbox"),
    Field("fld5", "Tags", 4, "MultiSelect", property={"options": [{"name": "gift"}]}),
    Field("fld6", "Comment", 1, "Text"),
    Field("fld7", "Phone", 13, "Phone"),
    Field("fld8", "Net", 20, "Formula", property={"type": {"data_type": 2, "ui_type": "Number"}}),
    Field("fld9", "Contract", 17, "Attachment"),
)
_EXAMPLES = (
    "status = 'Open'",
    "status IN ('Open', 'Paid')",
    "status <> 'Open'",
    "status = 'Opened'",
    "amount > 1000",
    "amount = 1000",
    "amount IN (10, 1000)",
    "orderdate >= '2025-02-01'",
    "orderdate = '2025-02-01'",
    "gift",
    "NOT gift",
    "list_contains(tags, 'gift')",
    "comment = 'Ring twice'",
    "comment LIKE 'Ring%at the gate%'",
    "comment ILIKE 'ring%'",
    "comment = ' Ring'",
    "comment IS NULL",
    "phone = '+6281'",
    "phone LIKE '+62%'",
    "contract IS NOT NULL",
    "net > 100",
    "record_id = 'recA'",
    "status = 'Open' AND net > 100",
    "status = 'Open' OR net > 100",
    "(status = 'Open' OR gift) AND amount > 0",
)


def conditions() -> str:
    """Return what becomes of some conditions on a base in Jakarta."""
    schema = build_schema("", "", _SAMPLE)
    rows = []
    for where in _EXAMPLES:
        pushed = _push(where, schema)
        kept = (f"`{condition}`: {reason}" for condition, _, reason in map(_split, pushed.kept))
        rows.append((_code(where), " · ".join(pushed.sent), "; ".join(kept)))
    return _table(("`where`", "Lark is asked for", "Only checked here"), rows)


def _split(kept: str) -> tuple[str, str, str]:
    return kept.partition(": ")


# -- switches and settings -------------------------------------------------------------------------


def switches() -> str:
    """Return the switches of the emulator under which push-down is tested."""
    meanings = _attributes(Switches.__doc__ or "")
    rows = (
        (_code(name), _code(*map(str, values)), meanings[name].replace("``", "`"))
        for name, values in SWITCH_VARIANTS.items()
    )
    return _table(("Switch", "Tested with", "Meaning"), rows)


def _attributes(docstring: str) -> dict[str, str]:
    """Return the meanings under "Attributes:" of a docstring, by name."""
    found: dict[str, str] = {}
    name = ""
    for line in docstring.partition("Attributes:\n")[2].splitlines():
        match = re.match(r" {8}(\w+): (.*)", line)
        if match:
            name = match[1]
            found[name] = match[2]
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return found


def library_settings() -> str:
    """Return the environment variables that the library reads."""
    rows = (
        (
            _code(variable.name),
            variable.default,
            _code(variable.option) if variable.option else "",
            variable.meaning,
        )
        for variable in ENVIRONMENT
    )
    return _table(("Variable", "Default", "Option", "Meaning"), rows)


def lambda_settings() -> str:
    """Return the page of the Lambda functions' settings, one level deeper."""
    return re.sub(r"^#", "##", settings_page(), flags=re.MULTILINE)


# -- flows -----------------------------------------------------------------------------------------


@functools.cache
def _sample() -> Tenant:
    tenant = Tenant(Switches(), "http://127.0.0.1:8080", "", "")
    fill_sample(tenant)
    return tenant


def _metadata_rows(name: str) -> str:
    """Return the rows of one of the sample tenant's metadata tables."""
    table = _sample().database("Metadata").find_table(name)
    columns = [field.name for field in table.fields]
    rows = [
        ["".join(part["text"] for part in record["fields"].get(name, ())) for name in columns]
        for record in table.records
    ]
    return _table(map(_code, columns), rows)


def sample_bases() -> str:
    """Return the sample's metadata table with one row a base."""
    return _metadata_rows("databases")


def sample_tables() -> str:
    """Return the sample's metadata table with one row a table."""
    return _metadata_rows("tables")


def sample_folder() -> str:
    """Return what the folder ``Sales`` of the sample tenant holds, and what each entry means."""
    folder = _sample().drive.folder("Sales")
    meanings = {
        "bitable": "the database `{}`",
        "shortcut": "the database `{}`",
        "folder": "the database `{}`, with a table for each base in it",
    }
    rows = (
        (entry.name, entry.type, meanings.get(entry.type, "").format(sql_name(entry.name, "ascii")))
        for entry in folder.entries
    )
    return _table(("Entry", "Type", "Database"), rows)


def flow_steps() -> str:
    """Return how many steps and connector variables each flow takes, as counted in flows.md."""
    text = (DOCS / "flows.md").read_text("utf-8")
    rows = []
    for section in re.split(r"^## (?=Flow \d: )", text, flags=re.MULTILINE)[1:]:
        title = section.partition("\n")[0]
        steps = re.findall(r"^### .*, step \d+: (.*)$", section, re.MULTILINE)
        rows.append((title, str(len(steps)), "; ".join(steps), str(_variables(section))))
    return _table(("Flow", "Steps", "Which", "Variables to set"), rows)


def _variables(section: str) -> int:
    """Count what a section's first environment sets, without defaults and what all flows need."""
    found = re.search(r"^```ini\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    given = dict(line.split("=", 1) for line in found[1].splitlines()) if found else {}
    rows = {row.name: row for row in variables(ConnectorSettings).values()}
    wanted = set(given) - {"default_secret_manager_lark_app_key", "disable_glue"}
    return sum(given[name] != default_text(rows[name]) for name in wanted)


# -- command line ----------------------------------------------------------------------------------


def commands() -> str:
    """Return every command with its arguments and options, as the command line itself has them."""
    found = list(_walk("larkbase", typer.main.get_command(app)))
    counts = Counter(row for _, command in found for row in _options(command))
    shared = {row: None for row in counts if row[0][1] == "-" and counts[row] >= _SHARED}
    parts = [_command(words, command, shared) for words, command in found]
    return "\n".join([*parts, "## Shared options\n", _table(_HEADS, shared)])


_SHARED = 5
"""Commands that have an option from which on it is shown once, for all of them."""


def _options(command: Any) -> list[tuple[str, str]]:
    return [(_code(_title(item)), _plain(item.help)) for item in command.params]


def _walk(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    for name, member in getattr(command, "commands", {}).items():
        if hasattr(member, "commands"):
            yield from _walk(f"{words} {name}", member)
        else:
            yield f"{words} {name}", member


def _command(words: str, command: Any, shared: Container[tuple[str, str]]) -> str:
    context = click.Context(command, info_name=words)
    usage = " ".join([words, *command.collect_usage_pieces(context)])
    options = _options(command)
    own = [row for row in options if row not in shared]
    parts = [f"## {words}\n", f"`{usage}`\n", _about(command.help or "")]
    if own:
        parts.append(_table(_HEADS, own))
    names = [name for name, _ in options if (name, _) in shared]
    if names:
        parts.append(f"Shared options: {', '.join(names)}.\n")
    return "\n".join(parts)


_HEADS = ("Argument or option", "Meaning")


def _about(text: str) -> str:
    """Return the help of a command; its example in a block of its own."""
    about, example, rest = text.replace("\b", "").partition("Example: ")
    plain = f"{_plain(about)}\n"
    lines = " ".join(rest.split())
    return f"{plain}\n```sh\n{lines}\n```\n" if example else plain


def _plain(text: str | None) -> str:
    return " ".join((text or "").replace("``", "`").replace("<", "&lt;").split())


def _title(item: Any) -> str:
    if item.param_type_name == "argument":
        return str(item.metavar or item.name.upper())
    return ", ".join([*item.opts, *item.secondary_opts])


# -- errors ----------------------------------------------------------------------------------------


def _classes(root: type[Exception]) -> Iterator[tuple[str, str, str]]:
    for kind in root.__subclasses__():
        other = [base.__name__ for base in kind.__bases__ if base is not root]
        yield _code(kind.__name__), _code(*other), _plain(kind.__doc__)


def error_classes() -> str:
    """Return the classes of errors, the builtin each is too, and its meaning."""
    rows = [row for row in _classes(errors.LarkBaseError) if row[0].strip("`") in dir(errors)]
    return _table(("Class", "Also a", "Meaning"), rows)


def warning_classes() -> str:
    """Return the classes of warnings."""
    rows = [(name, meaning) for name, _, meaning in _classes(errors.LarkBaseWarning)]
    return _table(("Class", "Meaning"), rows)


def error_codes() -> str:
    """Return what each of Lark's codes becomes."""
    rows = [(str(code), *_meaning(meaning)) for code, meaning in sorted(CODES.items())]
    rows += [
        (f"{code} (for a token)", *_meaning(meaning))
        for code, meaning in sorted(TOKEN_CODES.items())
    ]
    return _table(("Code", "Error", "What happened", "What to do", "Repeated"), rows)


_WORDS = {
    **ADVICE,
    "base": "base X",
    "table": "table Y",
    "view": "view Z",
    "identity": "app",
    "domain": "larksuite.com",
}


def _meaning(meaning: Meaning) -> tuple[str, str, str, str]:
    text = meaning.text.format(**_WORDS)
    hint = (meaning.hint or "").format(**_WORDS)
    repeated = "yes" if meaning.backoff is not None else ""
    return _code(meaning.error.__name__), text[0].upper() + text[1:], hint, repeated


PARTS: dict[str, Callable[[], str]] = {
    "sample-bases": sample_bases,
    "sample-tables": sample_tables,
    "sample-folder": sample_folder,
    "flow-steps": flow_steps,
    "field-types": field_types,
    "conditions": conditions,
    "switches": switches,
    "library-settings": library_settings,
    "lambda-settings": lambda_settings,
    "commands": commands,
    "error-classes": error_classes,
    "warning-classes": warning_classes,
    "error-codes": error_codes,
}

if __name__ == "__main__":
    main()
