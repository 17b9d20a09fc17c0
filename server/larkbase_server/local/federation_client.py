"""Athena's side of the federation protocol: it asks a function, and reads what comes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from larkbase_sdk.catalog.aws import aws_errors
from larkbase_sdk.errors import ServiceError
from larkbase_server.local.function_errors import error_of
from larkbase_server.local.strict_reading import read_strictly
from larkbase_server.protocol.discovery import (
    GetDataSourceCapabilitiesRequest,
    GetDataSourceCapabilitiesResponse,
    ListSchemasRequest,
    ListSchemasResponse,
    ListTablesRequest,
    ListTablesResponse,
    PingRequest,
    PingResponse,
)
from larkbase_server.protocol.errors import ProtocolError
from larkbase_server.protocol.faults import FunctionError
from larkbase_server.protocol.identity import Identity, TableName
from larkbase_server.protocol.messages import write_message
from larkbase_server.protocol.planning import GetTableRequest, GetTableResponse
from larkbase_server.protocol.records import ReadRecordsResponse, RemoteReadRecordsResponse
from larkbase_server.protocol.versions import OLDEST, common_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_server.local.aws_clients import AwsClients
    from larkbase_server.local.counters import Counters
    from larkbase_server.protocol.capabilities import Capabilities
    from larkbase_server.protocol.messages import Request, Response
    from larkbase_server.protocol.records import ReadRecordsRequest

IDENTITY = Identity(account="123456789012", arn="arn:aws:iam::123456789012:user/local-athena")

_WITH_CAPABILITIES = 4
"""The first serde version that has GetDataSourceCapabilitiesRequest."""

Answer = TypeVar("Answer")


class FederationClient:
    """One catalogue as one query sees it; safe to share between the threads of the query.

    The first message is a Ping, as Athena's is, and tells in which serde version the others are
    written. Answers that Athena could not read are errors here too.

    Args:
        clients: Where Lambda is called.
        function: Name or ARN of the function.
        endpoint: Address of Lambda; None for the one that boto3 finds.
        catalog: Name of the catalogue.
        query_id: Id of the query.
        counters: What the messages are counted in.
    """

    def __init__(
        self,
        clients: AwsClients,
        function: str,
        catalog: str,
        query_id: str,
        counters: Counters,
        *,
        endpoint: str | None = None,
    ) -> None:
        self.function = function
        self.catalog = catalog
        self.query_id = query_id
        self._clients = clients
        self._endpoint = endpoint
        self._counters = counters
        self._version: int | None = None
        self._capabilities: Capabilities | None = None

    @property
    def common(self) -> dict[str, Any]:
        """The members that every request but Ping has at its begin."""
        return {"identity": IDENTITY, "query_id": self.query_id, "catalog_name": self.catalog}

    @property
    def version(self) -> int:
        """The serde version that both sides understand; the first use costs a Ping.

        Raises:
            LarkBaseError: as ``ask``.
        """
        if self._version is None:
            self._version = self._common(self.ping().serde_version)
        return self._version

    def ping(self) -> PingResponse:
        """Ask what the function is."""
        return self.ask(PingRequest(**self.common), PingResponse)

    def capabilities(self) -> Capabilities:
        """Return what may be pushed down; one call in a query, none below serde version 4."""
        if self._capabilities is None:
            self._capabilities = {}
            if self.version >= _WITH_CAPABILITIES:
                request = GetDataSourceCapabilitiesRequest(**self.common)
                answer = self.ask(request, GetDataSourceCapabilitiesResponse)
                self._capabilities = answer.capabilities
        return self._capabilities

    def schemas(self) -> tuple[str, ...]:
        """Return the names of the schemas."""
        return self.ask(ListSchemasRequest(**self.common), ListSchemasResponse).schemas

    def tables(
        self, schema: str, token: str | None = None, page_size: int | None = None
    ) -> ListTablesResponse:
        """Return one page of a schema's tables; all of them without a page size."""
        request = ListTablesRequest(
            **self.common, schema_name=schema, next_token=token, page_size=page_size
        )
        return self.ask(request, ListTablesResponse)

    def table(self, name: TableName) -> GetTableResponse:
        """Return the columns of a table."""
        return self.ask(GetTableRequest(**self.common, table_name=name), GetTableResponse)

    def ask_for_records(
        self, request: ReadRecordsRequest
    ) -> ReadRecordsResponse | RemoteReadRecordsResponse:
        """Send a request for rows and return its answer, inline or not."""
        answer = self._answer(request)
        if isinstance(answer, RemoteReadRecordsResponse):
            return answer
        return self._of_kind(request, answer, ReadRecordsResponse)

    def ask(self, request: Request, kind: type[Answer]) -> Answer:
        """Send a request and return its answer.

        Raises:
            LarkBaseError: the function reported it (``error_of`` tells which class), Lambda
                refused the invocation, or the answer is one that Athena could not read.
        """
        return self._of_kind(request, self._answer(request), kind)

    def _of_kind(self, request: Request, answer: Response, kind: type[Answer]) -> Answer:
        if isinstance(answer, kind):
            return answer
        asked, came = type(request).__name__, type(answer).__name__
        msg = f"{self.function} answered {asked} with a {came}."
        raise ServiceError(msg, context={"function": self.function})

    def _answer(self, request: Request) -> Response:
        # A Ping is understood by every version, and comes before one is known.
        version = OLDEST if isinstance(request, PingRequest) else self.version
        name = type(request).__name__
        data, size = self.invoke(write_message(request, version))
        self._counters.add_message(name.removesuffix("Request"), size)
        try:
            response = read_strictly(data, version)
        except ProtocolError as error:
            msg = f"The answer of {self.function} to {name} cannot be read: {error}"
            raise ServiceError(msg, context={"function": self.function}) from error
        if isinstance(response, FunctionError):
            raise error_of(response, self.function)
        return response

    def invoke(self, message: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
        """Invoke the function with a message as it is; return its answer and the bytes of it.

        Raises:
            LarkBaseError: Lambda refused the invocation, or the answer is no JSON object.
        """
        payload = json.dumps(message).encode()
        with aws_errors("lambda"):
            client = self._clients.of("lambda", self._endpoint)
            answer = client.invoke(FunctionName=self.function, Payload=payload)
            body = answer["Payload"].read()
        try:
            data = json.loads(body)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            msg = f"{self.function} answered {message.get('@type')} with no JSON object."
            raise ServiceError(msg, context={"function": self.function})
        return data, len(body)

    def _common(self, reported: int) -> int:
        try:
            return common_version(reported)
        except ProtocolError as error:
            msg = f"{self.function} cannot be talked to: {error}"
            raise ServiceError(msg, context={"function": self.function}) from error
