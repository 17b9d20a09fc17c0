"""The chapter of ``larkbase demo`` about AWS: from a metadata table into Glue, then Athena."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from larkbase_sdk.cli.console import show
from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from larkbase_sdk.client import Lark
    from larkbase_server.local.aws_emulator import AwsEmulator

_SOURCE = """
# Athena finds tables in the Glue Data Catalog. This table in Lark says which bases go there.
lark.table("Metadata.databases").to_pandas(index=None)[["name", "id"]]
# Both emulators are named by the environment. First only the difference, table by table:
$ larkbase glue crawl --base-table {base}:{table} --dry-run --format table -q
"""
_INVOKE = """
# The crawler as a Lambda function: what "aws lambda invoke --payload" hands to it, and its answer.
from larkbase_server.crawler import handler
source = {{"larkBaseDataSourceId": "{base}", "larkTableDataSourceId": "{table}"}}
answer = handler({{"handlerType": "LARK_BASE", "payload": source}}, None)
answer["status"], answer["databases"]["created"], answer["tables"]["created"]
"""
_ATHENA = """
# What Athena then answers. A local Athena sends the connector the messages that Athena sends:
# table, layout, splits, records; the connector asks Lark for the rows that match, and no others.
$ larkbase athena query "SHOW TABLES IN crm" -f table -q
$ larkbase athena query "SELECT status, amount FROM crm.orders WHERE amount > 4980" -f table --stats
"""
_OTHERS = ("AWS_", "LARK_", "LARKBASE_", "default_")
"""How variables begin that would lead elsewhere."""


def take_aws_tour(names: dict[str, Any]) -> None:
    """Show a crawl into an emulator of AWS, or say in one line what it would need.

    Args:
        names: Variables of the tour; ``lark`` is the client of its emulator.
    """
    try:
        aws = _start()
    except ConfigurationError as error:
        print(f"\n# A chapter on the Glue crawler is left out. {error.message} {error.hint}")
        return
    table = names["lark"].table("Metadata.databases")
    with aws, _environment(names["lark"], aws):
        for step in (_SOURCE, _INVOKE, _ATHENA):
            show(step.format(base=table.base_id, table=table.id), names)


def _start() -> AwsEmulator:
    from larkbase_server.local.aws_emulator import AwsEmulator

    return AwsEmulator()


@contextmanager
def _environment(lark: Lark, aws: AwsEmulator) -> Iterator[None]:
    """Let the environment name the two emulators and nobody's own accounts."""
    from larkbase_sdk.emulator.tenant import APP_ID, APP_SECRET

    before = dict(os.environ)
    for name in [name for name in before if name.startswith(_OTHERS)]:
        del os.environ[name]
    os.environ.update(aws.environment())
    os.environ.update(
        LARK_DOMAIN=lark.api.domain.origin, LARK_APP_ID=APP_ID, LARK_APP_SECRET=APP_SECRET
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
