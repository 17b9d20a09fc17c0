"""Athena's query operations: states over time, cancelling, results in pages, errors."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from larkbase_server.local.aws_limits import violations
from larkbase_server.local.aws_pages import cut_page
from larkbase_server.local.aws_query import Outcome, Query, State
from larkbase_server.local.aws_select import (
    DEFAULT_CATALOG,
    DEFAULT_DATABASE,
    MalformedStatementError,
    Result,
    Session,
    StatementError,
    TableStore,
    UnknownCatalogError,
)
from larkbase_server.local.aws_wire import AwsError, Reply

if TYPE_CHECKING:
    from larkbase_server.local.aws_moto import Moto
    from larkbase_server.local.aws_wire import Call, Forward

Answer = tuple[Sequence[str], Sequence[Sequence[object]]]
Answerer = Callable[[str, tuple[str, ...]], Answer | None]

_RESULT_PAGE = 1000
_S3_LOCATION = re.compile(r"s3://([^/]+)/?(.*)")


class AthenaGaps:
    """Runs queries in memory, and lets a test decide how they go.

    A query is answered by the function given to ``answer``; where there is none, or it returns
    None, by DuckDB over the tables given to ``table``. A query over a catalogue that is known to
    Athena (``CreateDataCatalog``) but has no tables here stays running, because a connector
    answers it elsewhere.
    """

    def __init__(self, moto: Moto) -> None:
        self._moto = moto
        self._lock = threading.Lock()
        self._tables = TableStore()
        self._queries: dict[str, Query] = {}
        self._tokens: dict[str, tuple[Mapping[str, Any], str]] = {}
        self._outcome = Outcome()
        self._answerer: Answerer | None = None

    @property
    def queries(self) -> tuple[Query, ...]:
        """Every query started, oldest first."""
        with self._lock:
            return tuple(self._queries.values())

    def reset(self) -> None:
        """Forget queries, tables, answers and the outcome."""
        with self._lock:
            self._tables.clear()
            self._queries.clear()
            self._tokens.clear()
            self._outcome = Outcome()
            self._answerer = None

    def table(
        self,
        database: str,
        name: str,
        rows: Sequence[Mapping[str, Any]],
        *,
        columns: Sequence[str] | None = None,
        catalog: str = DEFAULT_CATALOG,
    ) -> None:
        """Make a table that queries can read, in place of an older one of the name.

        Args:
            database: Database of the table.
            name: Name of the table.
            rows: Its rows; a key that a row lacks is NULL.
            columns: Names of the columns; needed when there are no rows.
            catalog: Catalogue of the database.
        """
        self._tables.add((catalog, database, name), rows, columns)

    def answer(self, function: Answerer) -> None:
        """Let ``function(sql, parameters)`` return the columns and rows, or None to decline."""
        self._answerer = function

    def outcome(
        self, state: State = "SUCCEEDED", reason: str = "", *, polls: int = 2, seconds: float = 0.0
    ) -> None:
        """Decide how the queries started from now on go; see ``Outcome``."""
        self._outcome = Outcome(state, reason, polls, seconds)

    def start_running(self, sql: str) -> str:
        """Start a query that runs until it is stopped, and return its id."""
        query = Query(str(uuid.uuid4()), sql, (), Outcome("RUNNING", polls=0))
        with self._lock:
            self._queries[query.id] = query
        return query.id

    def handle(self, call: Call, forward: Forward) -> Reply:
        """Return the answer to a request; what is not about queries is moto's.

        Raises:
            AwsError: ``InvalidRequestException`` with the reason.
        """
        if problem := violations("athena", call.operation, call.parameters):
            raise _invalid(problem)
        match call.operation:
            case "StartQueryExecution":
                return Reply.of_json({"QueryExecutionId": self._start(call, forward)})
            case "GetQueryExecution":
                return self._describe(self._find(call))
            case "StopQueryExecution":
                with self._lock:
                    self._find(call).end("CANCELLED")
                return Reply.of_json({})
            case "GetQueryResults":
                return _result_page(self._find(call), call.parameters)
            case "ListQueryExecutions":
                return self._list(call.parameters)
        return forward(call.operation, call.parameters)

    def _start(self, call: Call, forward: Forward) -> str:
        asked = call.parameters
        token = asked.get("ClientRequestToken") or str(uuid.uuid4())
        if token in self._tokens:
            before, query_id = self._tokens[token]
            if before != asked:
                msg = "Idempotent parameters do not match"
                raise _invalid(msg)
            return query_id
        query = self._new_query(asked, forward)
        # Without the lock, because the function that answers may ask this service itself.
        self._evaluate(query, forward)
        with self._lock:
            self._tokens[token] = (asked, query.id)
            self._queries[query.id] = query
        return query.id

    def _new_query(self, asked: Mapping[str, Any], forward: Forward) -> Query:
        query_id = str(uuid.uuid4())
        context = asked.get("QueryExecutionContext", {})
        return Query(
            id=query_id,
            sql=asked["QueryString"],
            parameters=tuple(asked.get("ExecutionParameters", ())),
            outcome=self._outcome,
            session=Session(
                context.get("Catalog", DEFAULT_CATALOG), context.get("Database", DEFAULT_DATABASE)
            ),
            workgroup=asked.get("WorkGroup", "primary"),
            output=self._output(asked, query_id, forward),
        )

    def _output(self, asked: Mapping[str, Any], query_id: str, forward: Forward) -> tuple[str, str]:
        """Return bucket and key of the result file, in the folder that was asked for."""
        location = _output_location(asked, forward)
        found = _S3_LOCATION.fullmatch(location)
        if not found:
            msg = f"outputLocation is not a valid S3 path: {location}"
            raise _invalid(msg)
        bucket, folder = found.groups()
        if not self._moto.has_bucket(bucket):
            msg = f"Unable to verify/create output bucket {bucket}"
            raise _invalid(msg)
        return bucket, f"{folder.rstrip('/')}/{query_id}.csv".lstrip("/")

    def _evaluate(self, query: Query, forward: Forward) -> None:
        try:
            query.result = self._result(query)
        except MalformedStatementError as error:
            raise _invalid(str(error)) from error
        except UnknownCatalogError as error:
            if forward("GetDataCatalog", {"Name": error.catalog}).json().get("DataCatalog"):
                query.outcome = Outcome("RUNNING")
            query.fail(str(error))
        except StatementError as error:
            query.fail(str(error))

    def _result(self, query: Query) -> Result:
        given = self._answerer(query.sql, query.parameters) if self._answerer else None
        if given is not None:
            return Result.of_values(*given)
        return self._tables.select(query.sql, query.parameters, query.session)

    def _find(self, call: Call) -> Query:
        query_id = call.parameters["QueryExecutionId"]
        if query_id not in self._queries:
            msg = f"QueryExecution {query_id} was not found"
            raise _invalid(msg)
        return self._queries[query_id]

    def _list(self, parameters: Mapping[str, Any]) -> Reply:
        group = parameters.get("WorkGroup", "primary")
        ids = [query.id for query in reversed(self.queries) if query.workgroup == group]
        return Reply.of_json({"QueryExecutionIds": ids})

    def _describe(self, query: Query) -> Reply:
        with self._lock:
            before = query.state
            query.advance()
            if query.output and before != query.state == "SUCCEEDED":
                self._moto.put_object(*query.output, query.csv())
            return Reply.of_json({"QueryExecution": query.describe()})


def _output_location(asked: Mapping[str, Any], forward: Forward) -> str:
    """Return where results go; a work group that enforces its settings decides alone."""
    name = asked.get("WorkGroup", "primary")
    group = forward("GetWorkGroup", {"WorkGroup": name}).json().get("WorkGroup")
    if group is None:
        msg = f"WorkGroup {name} is not found."
        raise _invalid(msg)
    settings = group["Configuration"]
    own = settings.get("ResultConfiguration", {}).get("OutputLocation")
    given = asked.get("ResultConfiguration", {}).get("OutputLocation")
    location = own if own and settings["EnforceWorkGroupConfiguration"] else given or own
    if not location:
        msg = (
            "No output location provided. An output location is required either through the "
            "Workgroup result configuration setting or as an API input."
        )
        raise _invalid(msg)
    return str(location)


def _result_page(query: Query, parameters: Mapping[str, Any]) -> Reply:
    if not query.has_ended:
        msg = f"Query has not yet finished. Current state: {query.state}"
        raise _invalid(msg)
    if query.state != "SUCCEEDED":
        msg = f"Query did not finish successfully. Final query state: {query.state}"
        raise _invalid(msg)
    try:
        page, token = cut_page(
            list(enumerate(query.lines())),
            scope=[query.id],
            place=lambda line: line[0],
            size=parameters.get("MaxResults", _RESULT_PAGE),
            token=parameters.get("NextToken"),
        )
    except ValueError as error:
        raise _invalid(str(error)) from error
    rows = [{"Data": [_datum(text) for text in line]} for _, line in page]
    metadata = {"ColumnInfo": query.column_info()}
    result = {"ResultSet": {"Rows": rows, "ResultSetMetadata": metadata}, "UpdateCount": 0}
    return Reply.of_json(result | ({"NextToken": token} if token else {}))


def _datum(text: str | None) -> dict[str, str]:
    return {} if text is None else {"VarCharValue": text}


def _invalid(message: str) -> AwsError:
    return AwsError(message, "InvalidRequestException")
