"""Everything that a local Athena needs, started in this process: functions, and an AWS if missing.

The connector of this process runs behind the Lambda endpoint and reads the process's environment,
as it would in Lambda. What the environment lacks is put into it for the time being: an emulator
of AWS with a spill bucket when no endpoint of AWS is named, the credentials of Lark, and where
tables are found.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_server.local.functions import CONNECTOR, ProjectFunctions
from larkbase_server.local.lambda_endpoint import LambdaEndpoint
from larkbase_server.local.query import CATALOG, LocalAthena

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from larkbase_sdk.profile import Credentials
    from larkbase_server.local.table_scan import ReadSettings

SPILL_BUCKET = "larkbase-spill"
"""Spill bucket in an emulator of AWS that was started here."""

_ENDPOINT = "AWS_ENDPOINT_URL"
SECRETS = (
    "default_secret_manager_lark_app_key",
    "LARK_APP_ID_SECRET_NAME",
    "LARK_APP_SECRET_SECRET_NAME",
)
"""Variables that name a secret with the credentials of Lark."""

_OTHER_IDENTITIES = ("AWS_PROFILE", "AWS_SESSION_TOKEN")
_FLOWS = (
    "default_does_activate_lark_base_source",
    "default_does_activate_lark_drive_source",
    "default_does_activate_experimental_feature",
)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the connector of this process finds tables, beside what the environment says.

    Attributes:
        tables: Metadata tables as ``<base id>:<table id>`` (Flow 2).
        folders: Tokens of Drive folders (Flow 3).
    """

    tables: Sequence[str] = ()
    folders: Sequence[str] = ()

    def environment(self) -> dict[str, str]:
        """Return the environment variables that say so."""
        found = {}
        if self.tables:
            found[_FLOWS[0]] = "true"
            found["default_lark_base_sources"] = ",".join(self.tables)
        if self.folders:
            found[_FLOWS[1]] = "true"
            found["default_lark_drive_sources"] = ",".join(self.folders)
        return found


@contextmanager
def open_local_athena(
    functions: Mapping[str, str | None] | None = None,
    *,
    credentials: Credentials | None = None,
    sources: Sources | None = None,
    database: str = "default",
    read: ReadSettings | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[LocalAthena]:
    """Start what a local Athena needs and give it; all of it ends with the block.

    Args:
        functions: Lambda functions by catalogue; None stands for the connector of this process.
            ``{"lark_base": None}`` when missing. Functions that are named are called where boto3
            finds Lambda (``AWS_ENDPOINT_URL_LAMBDA``).
        credentials: Credentials of Lark for the connector of this process, unless its environment
            names a secret.
        sources: Where that connector finds tables.
        database: Database of tables that are named without one.
        read: How splits are read.
        say: Told what is started that nobody asked for.

    Raises:
        ConfigurationError: moto or boto3 is missing.
    """
    wanted = {CATALOG: None} if functions is None else functions
    with ExitStack() as stack:
        changes = _identity(credentials) | (sources or Sources()).environment()
        stack.enter_context(_environment(changes))
        if not os.environ.get(_ENDPOINT):
            stack.enter_context(_emulator(say))
        elsewhere = frozenset(filter(None, wanted.values()))
        here = f"{CONNECTOR}-here" if CONNECTOR in elsewhere else CONNECTOR
        project = ProjectFunctions() if None in wanted.values() else None
        endpoint = None
        if project is not None:
            endpoint = stack.enter_context(LambdaEndpoint(project.handlers(connector=here)))
        yield stack.enter_context(
            LocalAthena(
                {name: function or here for name, function in wanted.items()},
                endpoint.url if endpoint is not None else None,
                elsewhere=elsewhere,
                database=database,
                read=read,
                lark_calls=project.lark_calls if project is not None else None,
            )
        )


@contextmanager
def connector_environment(
    credentials: Credentials | None = None, sources: Sources | None = None
) -> Iterator[None]:
    """Let the environment hold what a connector of this process needs, for the block."""
    with _environment(_identity(credentials) | (sources or Sources()).environment()):
        yield


def _identity(credentials: Credentials | None) -> dict[str, str]:
    """Return the variables of the credentials, unless a secret holds them."""
    if credentials is None or any(os.environ.get(name) for name in SECRETS):
        return {}
    found = {"LARK_APP_ID": credentials.app_id, "LARK_APP_SECRET": credentials.app_secret}
    return found | ({"LARK_DOMAIN": credentials.domain} if credentials.domain else {})


@contextmanager
def _emulator(say: Callable[[str], None]) -> Iterator[None]:
    """Run an emulator of AWS with a spill bucket, and lead the environment there."""
    from larkbase_server.local.aws_emulator import AwsEmulator

    with AwsEmulator() as aws:
        changes = {"spill_bucket": SPILL_BUCKET} | aws.environment()
        aws.client("s3").create_bucket(Bucket=changes["spill_bucket"])
        say(f"no {_ENDPOINT} is set: an emulator of AWS runs in this process, its Glue is empty")
        if not any(os.environ.get(name) for name in _FLOWS):
            # Nothing else could name a table; the query itself can.
            changes[_FLOWS[2]] = "true"
            say('no source of tables is set: name them as "<base id>"."<table id>"')
        with _environment(changes, without=_OTHER_IDENTITIES):
            yield


@contextmanager
def _environment(changes: Mapping[str, str], without: Sequence[str] = ()) -> Iterator[None]:
    """Change variables of this process for a while."""
    before = {name: os.environ.get(name) for name in (*changes, *without)}
    for name in without:
        os.environ.pop(name, None)
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
