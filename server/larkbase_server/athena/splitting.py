"""Divide the read of a query into splits that Athena has read at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.read.splits import split_plan
from larkbase_server.athena.planning import plan_for
from larkbase_server.athena.splits import SplitProperties

if TYPE_CHECKING:
    from larkbase_server.athena.connector import Connector
    from larkbase_server.athena.lookup import Found
    from larkbase_server.protocol.constraints import Constraints


def plan_splits(
    connector: Connector, found: Found, constraints: Constraints
) -> list[SplitProperties]:
    """Return what the splits of a read carry: up to ``LARK_MAX_SPLITS`` parts, or all in one.

    Calls Lark, see ``split_plan``. Each split knows how many there are, since its invocation may
    call Lark at that share of ``LARK_RATE`` only.

    Args:
        connector: Settings and Lark.
        found: The table.
        constraints: The query's demands.

    Raises:
        QueryError: when a condition cannot be applied.
        LarkBaseError: Lark's error.
    """
    plan = plan_for(connector, found.table, found.schema(), constraints)
    context = connector.read_context(found.table, found.catalog, connector.options())
    settings = connector.settings
    divided = split_plan(plan, context, most=settings.max_splits, strategy=settings.splitting)
    return [SplitProperties(part, len(divided.parts)) for part in divided.parts]
