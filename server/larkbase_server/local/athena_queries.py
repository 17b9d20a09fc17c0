"""Queries at the Athena endpoint, where connectors look up the text of the query they serve."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from larkbase_sdk.catalog.aws import aws_errors
from larkbase_sdk.errors import LarkBaseError, QueryError, ServiceError
from larkbase_server.local.lambda_function import function_arn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from larkbase_server.local.aws_clients import AwsClients

RESULTS = "larkbase-athena-results"
"""Bucket for the results of queries in an emulator of AWS, where nobody reads them."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class AthenaQueries:
    """Starts queries, so that they have an id and a text, and stops them at their end.

    An emulator on this machine is told of the catalogues before the first one, and given a bucket
    for results; at any other endpoint both are whatever they are there.
    """

    def __init__(
        self, clients: AwsClients, functions: Mapping[str, str], catalog: str, database: str
    ) -> None:
        self._clients = clients
        self._functions = functions
        self._context = {"Catalog": catalog, "Database": database}
        self._prepared = False

    @contextmanager
    def running(self, sql: str) -> Iterator[str]:
        """Start a query, give its id, and stop it at the end; at least two calls.

        Raises:
            QueryError: Athena refuses the text.
            LarkBaseError: the endpoint cannot be used, see ``aws_errors``.
        """
        query_id = self._start(sql)
        try:
            yield query_id
        finally:
            self._stop(query_id)

    def _start(self, sql: str) -> str:
        with aws_errors("athena"):
            client = self._clients.of("athena")
            is_emulator = urlsplit(client.meta.endpoint_url).hostname in _LOOPBACK
        if is_emulator and not self._prepared:
            self._prepare()
        try:
            return self._started(client, sql, is_emulator=is_emulator)
        except QueryError:
            if not is_emulator:
                raise
        # An emulator may have been emptied; if not, it refuses the text once more.
        self._prepare()
        return self._started(client, sql, is_emulator=True)

    def _started(self, client: Any, sql: str, *, is_emulator: bool) -> str:
        result = {"ResultConfiguration": {"OutputLocation": f"s3://{RESULTS}/"}}
        try:
            with aws_errors("athena"):
                started = client.start_query_execution(
                    QueryString=sql,
                    QueryExecutionContext=self._context,
                    **(result if is_emulator else {}),
                )
        except ServiceError as error:
            if error.context.get("aws_code") != "InvalidRequestException":
                raise
            raise QueryError(error.message, context=error.context) from error
        return str(started["QueryExecutionId"])

    def _prepare(self) -> None:
        """Make in an emulator what queries need there."""
        with aws_errors("s3"):
            self._clients.of("s3").create_bucket(Bucket=RESULTS, **_region())
        with aws_errors("athena"):
            client = self._clients.of("athena")
            known = client.list_data_catalogs()["DataCatalogsSummary"]
            names = {item["CatalogName"] for item in known}
            for catalog in self._functions.keys() - names:
                function = {"function": function_arn(self._functions[catalog])}
                client.create_data_catalog(Name=catalog, Type="LAMBDA", Parameters=function)
        self._prepared = True

    def _stop(self, query_id: str) -> None:
        try:
            with aws_errors("athena"):
                self._clients.of("athena").stop_query_execution(QueryExecutionId=query_id)
        except LarkBaseError:
            # The rows are there, or another error is on its way; the query's end changes nothing.
            return


def _region() -> dict[str, object]:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    if region == "us-east-1":
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": region}}
