"""One request from event to answer: read, checked, answered, written, and told in one log line."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import AuthenticationError
from larkbase_server.athena.errors import fault_for
from larkbase_server.athena.logs import RequestLog
from larkbase_server.notes import collected_warnings
from larkbase_server.protocol.discovery import (
    GetDataSourceCapabilitiesRequest,
    ListSchemasRequest,
    ListTablesRequest,
    PingRequest,
    PingResponse,
)
from larkbase_server.protocol.faults import OperationNotSupportedException
from larkbase_server.protocol.messages import read_request, write_answer
from larkbase_server.protocol.versions import answer_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_server.athena.connector import Connector
    from larkbase_server.protocol.messages import Request, Response

SOURCE_TYPE = "lark-base"


class ConnectorFunction:
    """The connector as one process runs it; keep one. Safe in threads.

    Args:
        environ: The environment variables; they are read at the first request that is no Ping.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._lock = threading.Lock()
        self._connector: Connector | None = None

    @property
    def calls(self) -> int:
        """Calls to Lark so far."""
        return self._connector.calls if self._connector is not None else 0

    def run(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer one message.

        Raises:
            FederationException: one of its subclasses, for everything that cannot be answered.
        """
        log = RequestLog(event, time.perf_counter())
        with collected_warnings() as notes:
            try:
                request = read_request(event)
                answer = self._answer(request, context, log)
                written = write_answer(answer, answer_version(event))
            except Exception as error:
                fault = fault_for(error)
                log.failed(fault, notes)
                raise fault from error
        log.answered(answer, notes)
        return written

    def _answer(self, request: Request, context: Any, log: RequestLog) -> Response:
        if isinstance(request, PingRequest):
            return PingResponse.to(request, SOURCE_TYPE)
        connector = self._opened()
        log.watch(connector)
        api = connector.opened
        try:
            return _answer(connector, request, context, log)
        except AuthenticationError:
            if not connector.reread_credentials(api):
                raise
        return _answer(connector, request, context, log)

    def _opened(self) -> Connector:
        """Return the connector; one that cannot be made is tried anew at the next request."""
        with self._lock:
            if self._connector is None:
                from larkbase_server.athena.connector import Connector
                from larkbase_server.athena.logs import begin

                connector = Connector(self._environ)
                begin(connector.settings)
                self._connector = connector
            return self._connector


def _answer(connector: Connector, request: Request, context: Any, log: RequestLog) -> Response:
    from larkbase_server.athena import discovery

    if isinstance(request, ListSchemasRequest):
        return discovery.schemas(connector, request)
    if isinstance(request, ListTablesRequest):
        return discovery.tables(connector, request)
    if isinstance(request, GetDataSourceCapabilitiesRequest):
        return discovery.capabilities(connector, request)
    return _answer_about_table(connector, request, context, log)


def _answer_about_table(
    connector: Connector, request: Request, context: Any, log: RequestLog
) -> Response:
    from larkbase_server.athena import discovery
    from larkbase_server.protocol.planning import (
        GetSplitsRequest,
        GetTableLayoutRequest,
        GetTableRequest,
    )
    from larkbase_server.protocol.records import ReadRecordsRequest

    _refuse_passthrough(request)
    match request:
        case GetTableRequest():
            return discovery.table(connector, request)
        case GetTableLayoutRequest():
            return discovery.layout(connector, request)
        case GetSplitsRequest():
            from larkbase_server.athena.splits import splits

            return splits(connector, request)
        case ReadRecordsRequest():
            from larkbase_server.athena.reading import records

            return records(connector, request, context, log.rows)
    msg = "The connector has no user-defined functions."
    raise OperationNotSupportedException(msg)


def _refuse_passthrough(request: Any) -> None:
    constraints = getattr(request, "constraints", None)
    asked = getattr(request, "query_passthrough", None)
    if asked or (constraints is not None and constraints.query_passthrough):
        msg = "The connector takes no native queries: there is no query language of Lark."
        raise OperationNotSupportedException(msg)
