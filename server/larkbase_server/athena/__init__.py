"""The Athena connector: one Lambda function that answers Athena's federated queries from Lark.

``larkbase_server.athena.handler`` is the function to register, for metadata and for records. It
takes every message of the federation protocol as the event and returns the answer as JSON values:

- Ping, capabilities, schemas, tables (in pages), one table, its layout, its splits, its records.
- Settings come from the environment, see ``larkbase_server.settings.ConnectorSettings``; the app's
  credentials from AWS Secrets Manager, at the first request that needs Lark.
- What cannot be answered is raised as one of the exceptions of ``protocol.faults``, whose name and
  text Athena shows: Lark's message with its code, a hint and Lark's log id. A failure is never an
  answer with fewer rows.
- One line of JSON is logged a request: query id, request, table, rows, calls to Lark, seconds.
  It holds no cell values and no secrets.

Modules: ``function`` takes a request apart and answers it; ``connector`` is what a process keeps;
``discovery`` answers about names and schemas, ``splits`` and ``splitting`` about parts of a read,
``reading`` with rows; ``planning`` and ``constraints`` turn a query's conditions into the core's
plan; ``tables`` and ``lookup`` find a table and its columns; ``spill_store`` is the spill bucket.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from larkbase_server.athena.function import ConnectorFunction


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answer one message of the protocol; the entry point of the Lambda function.

    A Ping touches neither Lark nor AWS, and reads no settings.

    Args:
        event: The message, as the Lambda runtime hands it over.
        context: Lambda's context; its remaining time ends a read that would be cut off. May be
            None.

    Returns:
        The answer as JSON values, its keys in the order that Athena insists on.

    Raises:
        FederationException: one of its subclasses, for everything that cannot be answered.
    """
    return _function().run(event, context)


@functools.cache
def _function() -> ConnectorFunction:
    """Return what this process keeps between requests."""
    import os

    from larkbase_server.athena.function import ConnectorFunction

    return ConnectorFunction(os.environ)
