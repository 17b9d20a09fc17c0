"""The metadata table in Athena that maps names to Lark ids, one small query a name."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from larkbase_sdk.catalog.aws import aws_errors, open_client
from larkbase_sdk.errors import NotFound, QueryError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BASE_COLUMNS = ("lark_base_id", "lark_base_app_token")
"""Columns that may hold the base id; the first one that is filled counts."""

TABLE_COLUMN = "lark_table_id"

_RUNNING = frozenset({"QUEUED", "RUNNING"})
_NO_TABLE = ("TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND")


class LarkIds(NamedTuple):
    """The ids of a table, in the letter case that Lark knows."""

    base_id: str
    table_id: str


@dataclass(frozen=True, slots=True)
class MetadataTable:
    """Where the metadata table is, and how it is asked.

    Attributes:
        catalog: Athena's name of the catalogue.
        database: Database of the table.
        table: Name of the table.
        workgroup: Work group that pays for the queries.
        output: S3 location of the results; that of the work group when empty.
        poll: Seconds between two looks at a running query.
        timeout: Seconds until a query is stopped.
    """

    catalog: str = "AwsDataCatalog"
    database: str = "lark_base"
    table: str = "metadata_catalog"
    workgroup: str = "primary"
    output: str = ""
    poll: float = 2.0
    timeout: float = 60.0

    @property
    def label(self) -> str:
        """The table in words."""
        return f"the metadata table {self.catalog}.{self.database}.{self.table}"

    def statement(self) -> str:
        """Return the query; the two names are its parameters."""
        path = ".".join(_quoted(part) for part in (self.catalog, self.database, self.table))
        # Every column, because the one with the base id goes by two names.
        return (
            f"SELECT * FROM {path} "  # noqa: S608 (names from settings, quoted)
            "WHERE lower(database_name) = ? AND lower(table_name) = ?"
        )


class MetadataTableQuery:
    """Asks the metadata table; every question is a query in Athena.

    Args:
        where: The table.
        client: A boto3 client of Athena; one is made at the first call when None.
        clock: Monotonic seconds.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        where: MetadataTable,
        client: Any = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.where = where
        self._client = client
        self._clock = clock
        self._sleep = sleep

    def find(self, database: str, name: str) -> LarkIds | None:
        """Return the ids of a table by its names, in any letter case; None when it has no row.

        Raises:
            NotFound: there is no metadata table.
            QueryError: its rows contradict each other.
            ServiceError: the query failed, was cancelled, or took too long.
            LarkBaseError: what AWS refuses, see ``aws_errors``.
        """
        rows = self._run([database.lower(), name.lower()])
        found = {ids for ids in map(_ids_of, rows) if ids is not None}
        if len(found) > 1:
            msg = f"In {self.where.label}, {database}.{name} stands for more than one Lark table."
            raise QueryError(msg, hint="Keep one row for each database_name and table_name.")
        return next(iter(found), None)

    def _run(self, parameters: list[str]) -> list[Mapping[str, str]]:
        query_id = self._start([_literal(text) for text in parameters])
        try:
            status = self._wait(query_id)
        except BaseException:
            # Ctrl-C and a dying Lambda too: nobody would read the answer.
            self._stop(query_id)
            raise
        if status["State"] == "SUCCEEDED":
            return list(self._rows(query_id))
        reason = str(status.get("StateChangeReason") or "Athena gives no reason.")
        if any(code in reason for code in _NO_TABLE) or "does not exist" in reason:
            msg = f"Athena finds no such table as {self.where.label}: {reason}"
            raise NotFound(msg, hint="Create it, or set LARK_METADATA_TABLE.")
        state = str(status["State"]).lower()
        msg = f"The query over {self.where.label} was {state}: {reason}"
        raise ServiceError(msg, context={"query_id": query_id})

    def _start(self, literals: list[str]) -> str:
        asked: dict[str, Any] = {
            "QueryString": self.where.statement(),
            "ExecutionParameters": literals,
            "WorkGroup": self.where.workgroup,
        }
        if self.where.output:
            asked["ResultConfiguration"] = {"OutputLocation": self.where.output}
        with aws_errors("athena"):
            return str(self._athena.start_query_execution(**asked)["QueryExecutionId"])

    def _wait(self, query_id: str) -> Mapping[str, Any]:
        deadline = self._clock() + self.where.timeout
        while True:
            status = self._status(query_id)
            if status["State"] not in _RUNNING:
                return status
            if self._clock() + self.where.poll > deadline:
                seconds = f"{self.where.timeout:g}"
                msg = f"The query over {self.where.label} took longer than {seconds} s."
                hint = "Try again; LARK_METADATA_TIMEOUT allows more."
                raise ServiceError(msg, hint=hint, context={"query_id": query_id})
            self._sleep(self.where.poll)

    def _status(self, query_id: str) -> Mapping[str, Any]:
        with aws_errors("athena"):
            answer = self._athena.get_query_execution(QueryExecutionId=query_id)
        status: Mapping[str, Any] = answer["QueryExecution"]["Status"]
        return status

    def _stop(self, query_id: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._athena.stop_query_execution(QueryExecutionId=query_id)
        except (BotoCoreError, ClientError):
            return  # the reason for stopping matters more, and Athena ends the query some day

    def _rows(self, query_id: str) -> Iterator[Mapping[str, str]]:
        """Yield the rows; the first line of a SELECT's result repeats the names."""
        names: list[str] | None = None
        with aws_errors("athena"):
            pages = self._athena.get_paginator("get_query_results").paginate(
                QueryExecutionId=query_id
            )
            for page in pages:
                for row in page["ResultSet"]["Rows"]:
                    texts = [str(cell.get("VarCharValue") or "") for cell in row["Data"]]
                    if names is None:
                        names = [text.lower() for text in texts]
                    else:
                        yield dict(zip(names, texts, strict=False))

    @property
    def _athena(self) -> Any:
        if self._client is None:
            self._client = open_client("athena")
        return self._client


def _ids_of(row: Mapping[str, str]) -> LarkIds | None:
    """Return the ids of a row, or None when it does not hold both."""
    base_id = next((row[name].strip() for name in BASE_COLUMNS if row.get(name, "").strip()), "")
    table_id = row.get(TABLE_COLUMN, "").strip()
    return LarkIds(base_id, table_id) if base_id and table_id else None


def _literal(text: str) -> str:
    """Return a text as an SQL literal: Athena pastes execution parameters into the query."""
    return "'" + text.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
