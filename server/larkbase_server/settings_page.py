"""The page of all environment variables, made from the table in ``settings``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_server.environment import default_text, variables
from larkbase_server.settings import ConnectorSettings, CrawlerSettings

if TYPE_CHECKING:
    from larkbase_server.environment import Variable

_INTRODUCTION = """\
# Settings of the connector and the crawler

Both Lambda functions are set up with environment variables.
A variable that is empty counts as not set, unless its row says otherwise.
When several names of one setting are set, the first one of its row wins and the log says so.
Flags are on with `true`, `1`, `yes` or `on` in any letter case.
The variables of AWS itself, such as `AWS_REGION` and `AWS_ENDPOINT_URL`, work as boto3 says.
`JAVA_TOOL_OPTIONS`, `glue_connection` and the `throttle_…` variables may be set and are not read.
Calls to Lark go by `LARK_RATE` and by what Lark answers.
"""
_HEADER = "| Variable | Also accepted | Function | Default | Meaning |\n|---|---|---|---|---|\n"


def settings_page() -> str:
    """Return the page in Markdown, with one table per group of settings."""
    connector, crawler = variables(ConnectorSettings), variables(CrawlerSettings)
    groups: dict[str, list[str]] = {}
    for attribute, variable in (connector | crawler).items():
        functions = [
            name
            for name, own in (("connector", connector), ("crawler", crawler))
            if attribute in own
        ]
        function = "both" if len(functions) > 1 else functions[0]
        groups.setdefault(variable.group, []).append(_row(variable, function))
    tables = (f"## {group}\n\n{_HEADER}{''.join(rows)}" for group, rows in groups.items())
    return "\n".join([_INTRODUCTION, *tables])


def _row(variable: Variable, function: str) -> str:
    aliases = ", ".join(
        " with ".join(f"`{part}`" for part in alias.split(":")) for alias in variable.aliases
    )
    cells = (
        f"`{variable.name}`",
        aliases or "–",
        function,
        default_text(variable),
        variable.meaning,
    )
    return f"| {' | '.join(cells)} |\n"
