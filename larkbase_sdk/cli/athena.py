"""Commands that play Athena and Lambda on this machine: serve, query, validate."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from larkbase_sdk.cli.aws import BASE_TABLE, FOLDER, named_source
from larkbase_sdk.cli.common import account_command, report_command
from larkbase_sdk.cli.failures import ABOUT_CREDENTIALS, SERVICE
from larkbase_sdk.cli.play import stop_signals, wait_for
from larkbase_sdk.cli.session import Session  # noqa: TC001 (typer reads annotations)
from larkbase_sdk.cli.sql import statement
from larkbase_sdk.cli.text import command, count
from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from larkbase_sdk.profile import Credentials
    from larkbase_server.local.query import AthenaResult, LocalAthena
    from larkbase_server.local.workbench import Sources

BaseTables = Annotated[
    list[str] | None,
    typer.Option(
        BASE_TABLE,
        metavar="LINK",
        help="Metadata table that names bases (Flow 2): link or <base id>:<table id>; "
        "may be repeated.",
    ),
]
Folders = Annotated[
    list[str] | None,
    typer.Option(
        FOLDER, metavar="LINK", help="Drive folder (Flow 3): link or token; may be repeated."
    ),
]


@account_command
def serve(
    session: Session,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 9001,
    connector: Annotated[
        str, typer.Option(help="Name of the connector's function.")
    ] = "larkbase-athena",
    crawler: Annotated[
        str, typer.Option(help="Name of the crawler's function.")
    ] = "larkbase-crawler",
    base_table: BaseTables = None,
    folder: Folders = None,
) -> None:
    """Run the connector and the crawler behind Lambda's invoke API until Ctrl-C.

    The line on stdout leads any client of AWS here. The functions read the environment of this
    process, as they would in Lambda.
    """
    from larkbase_server.local.functions import ProjectFunctions
    from larkbase_server.local.lambda_endpoint import LambdaEndpoint
    from larkbase_server.local.workbench import connector_environment

    credentials = _credentials(session)
    with (
        stop_signals() as stopped,
        connector_environment(credentials, _sources(base_table, folder)),
    ):
        handlers = ProjectFunctions().handlers(connector, crawler)
        with LambdaEndpoint(handlers, port) as running:
            typer.echo(f"AWS_ENDPOINT_URL_LAMBDA={running.url}")
            names = " and ".join(handlers)
            session.output.done(f"{names} at {running.url}; Ctrl-C stops them")
            again = command("athena", "query", f"--catalog=lark_base={connector}", "SHOW DATABASES")
            session.output.next(again, "in another terminal, with the variable set")
            wait_for(stopped)
    session.output.done("stopped")


@report_command
def query(
    session: Session,
    sql: Annotated[
        str,
        typer.Argument(metavar="SQL", help="The statement, or - for stdin.", show_default=False),
    ],
    catalog: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=FUNCTION]",
            help="Catalogue (lark_base), and the Lambda function that serves it where boto3 finds "
            "Lambda; without one the connector of this process. May be repeated.",
        ),
    ] = None,
    database: Annotated[
        str, typer.Option(help="Database of tables that are named without one.")
    ] = "default",
    base_table: BaseTables = None,
    folder: Folders = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show how the tables would be read; read no row.")
    ] = False,
    stats: Annotated[
        bool, typer.Option("--stats", help="Tell on stderr what the query cost.")
    ] = False,
) -> None:
    """Answer a statement as Athena would: through the connector's own messages.

    Trino's SQL over lark_base.database.table, with SHOW DATABASES, SHOW TABLES and DESCRIBE; a
    name in double quotes that ends in .parquet, .csv or .json is a local file. Without
    AWS_ENDPOINT_URL an emulator of AWS runs meanwhile.

    Example: larkbase athena query "SELECT status, count(*) n FROM lark_base.crm.orders GROUP BY 1"
    """
    session.output.check()
    text = statement(sql, "athena query")
    functions = _functions(catalog)
    with _local_athena(session, functions, _sources(base_table, folder), database) as athena:
        result = athena.query(text, explain=explain)
    if explain:
        plans = "\n".join(map(str, result.plans)) or "No table of a connector is read."
        session.output.report(plans, [plan.to_dict() for plan in result.plans])
    else:
        session.output.records(result.table.to_reader())
    if stats:
        _tell_stats(session, result)
    session.output.done(_done(result, explain=explain))


@report_command
def validate(
    session: Session,
    function: Annotated[
        str | None,
        typer.Option(
            help="Lambda function to check, where boto3 finds Lambda; without it the connector of "
            "this process."
        ),
    ] = None,
    catalog: Annotated[str, typer.Option(help="Catalogue in the requests.")] = "lark_base",
    schema: Annotated[str | None, typer.Option(help="Schema to look at; else any.")] = None,
    table: Annotated[
        str | None, typer.Option(help="Table to look at; else any. Needs --schema.")
    ] = None,
    constraints: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="Conditions such as status=Open,amount>=10,closed= (no value means NULL). "
            "Needs --table.",
        ),
    ] = "",
    planning_only: Annotated[
        bool, typer.Option("--planning-only", help="Stop after the splits; read no row.")
    ] = False,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Let a schema have no tables.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Repeats the choices of another run.")] = None,
    base_table: BaseTables = None,
    folder: Folders = None,
) -> None:
    """Ask a connector all that Athena asks, and check every answer; reads one table several times.

    Exit code 1 when a check failed.
    """
    from larkbase_server.local.validator import Validator

    session.output.check()
    _require("--schema", schema, for_option="--table", given=table)
    _require("--table", table, for_option="--constraints", given=constraints)
    sources = _sources(base_table, folder)
    with _local_athena(session, {catalog: function}, sources, "default") as athena:
        report = Validator(athena, catalog, seed=seed).run(
            schema,
            table,
            constraints=constraints,
            planning_only=planning_only,
            allow_empty=allow_empty,
        )
    session.output.report(str(report), report.rows())
    failed = sum(row["status"] == "failed" for row in report.rows())
    if failed:
        session.output.note(f"{count(failed, 'check')} failed; --seed {report.seed} repeats them")
        raise typer.Exit(SERVICE)
    checks = count(len(report.checks), "check")
    session.output.done(f"{report.function} passed {checks}, seed {report.seed}")


@contextmanager
def _local_athena(
    session: Session, functions: dict[str, str | None], sources: Sources, database: str
) -> Iterator[LocalAthena]:
    from larkbase_server.local.workbench import open_local_athena

    here = None in functions.values()
    with (
        _without_log_lines(),
        open_local_athena(
            functions,
            credentials=_credentials(session) if here else None,
            sources=sources,
            database=database,
            say=session.output.note,
        ) as athena,
    ):
        yield athena


@contextmanager
def _without_log_lines() -> Iterator[None]:
    """Keep the connector's log from the terminal, unless somebody asked for log lines."""
    silent = logging.NullHandler()
    log = logging.getLogger("larkbase")
    log.addHandler(silent)
    try:
        yield
    finally:
        log.removeHandler(silent)


def _credentials(session: Session) -> Credentials | None:
    """Return the credentials for the connector of this process; None when a secret holds them.

    Raises:
        ConfigurationError: there are none.
    """
    from larkbase_sdk.profile import find_credentials
    from larkbase_server.local.workbench import SECRETS

    if any(os.environ.get(name) for name in SECRETS):
        return None
    try:
        return find_credentials(profile=session.profile, domain=session.domain)
    except ConfigurationError as error:
        error.context["about"] = ABOUT_CREDENTIALS
        raise


def _sources(base_tables: Sequence[str] | None, folders: Sequence[str] | None) -> Sources:
    """Return the sources that links, ids and tokens name.

    Raises:
        ConfigurationError: one of them names something else.
    """
    from larkbase_server.local.workbench import Sources

    found = {BASE_TABLE: [named_source(text) for text in base_tables or ()],
             FOLDER: [named_source(text) for text in folders or ()]}  # fmt: skip
    for option, method in ((BASE_TABLE, "LarkBase"), (FOLDER, "LarkDrive")):
        for source in found[option]:
            if source.method != method:
                msg = f"{option} does not take the {source.label}."
                raise ConfigurationError(msg, hint=f"Metadata tables go with {BASE_TABLE}, folders "
                                         f"with {FOLDER}.")  # fmt: skip
    return Sources(
        tuple(source.data_source for source in found[BASE_TABLE]),
        tuple(source.data_source for source in found[FOLDER]),
    )


def _functions(catalogs: Sequence[str] | None) -> dict[str, str | None]:
    """Return the functions by catalogue of texts such as ``lark_base`` and ``crm=my-function``.

    Raises:
        ConfigurationError: a text has no name, or two have the same.
    """
    found: dict[str, str | None] = {}
    for text in catalogs or ("lark_base",):
        name, equals, function = text.partition("=")
        if not name or (equals and not function) or name in found:
            msg = f"The catalogue {text!r} cannot be used."
            raise ConfigurationError(msg, hint="Write NAME or NAME=FUNCTION, every name once.")
        found[name] = function or None
    return found


def _require(option: str, value: str | None, *, for_option: str, given: str | None) -> None:
    """Raise a ConfigurationError when an option is given without the one that it needs."""
    if given and not value:
        msg = f"{for_option} needs {option}."
        raise ConfigurationError(msg, hint=f"Add {option}.")


def _done(result: AthenaResult, *, explain: bool) -> str:
    stats = result.stats
    rows = "planned" if explain else count(result.table.num_rows, "row")
    parts = [rows, count(sum(stats.messages.values()), "message")]
    if stats.lark_calls is not None:
        parts.append(f"{count(stats.lark_calls, 'call')} to Lark")
    return f"{', '.join(parts)}, {stats.seconds:.1f} s"


def _tell_stats(session: Session, result: AthenaResult) -> None:
    stats = result.stats
    messages = ", ".join(f"{name} {number}" for name, number in stats.messages.items())
    lines = {
        "query": result.query_id,
        "messages": f"{messages}; answers {stats.answer_bytes} bytes",
        "splits": str(stats.splits),
        "rows read": str(stats.rows),
        "spilled": f"{count(stats.spilled_blocks, 'block')}, {stats.spilled_bytes} bytes",
        "calls to Lark": "unknown" if stats.lark_calls is None else str(stats.lark_calls),
    }
    for name, text in lines.items():
        session.output.note(f"  {name}: {text}")
