"""The calls to Glue that the crawler makes: read page by page, repeated for a while."""

from __future__ import annotations

import random as random_numbers
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from larkbase_sdk.catalog.aws import aws_errors
from larkbase_sdk.catalog.skipping import each
from larkbase_sdk.errors import (
    ConfigurationError,
    LarkBaseError,
    NetworkError,
    NotFound,
    RateLimited,
)
from larkbase_server.crawler.records import GlueDatabase, GlueTable, databases_of
from larkbase_server.crawler.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from larkbase_server.crawler.source import CrawlSource

ATTEMPTS = 6
"""Tries of one call, whatever keeps it from passing."""

MOST_DELETES = 100
"""Tables that one call deletes at most (API reference of Glue, ``BatchDeleteTable``)."""

ALREADY_EXISTS = "AlreadyExistsException"
STALE = "ConcurrentModificationException"
_PASSING = frozenset(
    {STALE, "InternalServiceException", "OperationTimeoutException", "ResourceNotReadyException"}
)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_CONNECTIONS = 16


def open_glue() -> Any:
    """Return a boto3 client of Glue that does not repeat calls itself; makes no call.

    Raises:
        ConfigurationError: boto3 is not installed, or no region is set.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        msg = "boto3 is not installed."
        raise ConfigurationError(msg, hint="pip install 'larkbase-sdk[aws]'") from error
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"total_max_attempts": 1},
        max_pool_connections=_CONNECTIONS,
    )
    with aws_errors("glue"):
        return boto3.client("glue", config=config)


def aws_code(error: LarkBaseError) -> str:
    """Return the code that AWS gave, or ""."""
    return str(error.context.get("aws_code", ""))


class GlueCalls:
    """Glue as the crawler uses it; every method calls the network and raises LarkBaseError.

    Calls that AWS refuses because of their rate, or because something else is going on at the
    same time, are repeated with growing pauses, ``ATTEMPTS`` times in all.

    Args:
        client: A boto3 client of Glue, best one that does not repeat calls itself.
        catalog_id: The catalogue; that of the caller's account when empty.
        sleep: Waits for some seconds.
        random: Numbers from 0 to 1 for the jitter of pauses.
    """

    def __init__(
        self,
        client: Any,
        catalog_id: str = "",
        *,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random_numbers.random,
    ) -> None:
        self._client = client
        self._where = {"CatalogId": catalog_id} if catalog_id else {}
        self._sleep = sleep
        self._random = random

    def pause(self, repeat: int) -> None:
        """Wait before repeat number ``repeat`` (from 1)."""
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**repeat)
        self._sleep(longest / 2 * (1 + self._random()))

    # -- reading -------------------------------------------------------------------------------

    def describe(self, source: CrawlSource) -> list[GlueDatabase]:
        """Return every database, with the tables of those that belong to a source.

        One call per page of databases and per page of tables; a database whose tables may not be
        read says so in ``error``.
        """
        found = self.databases()
        names = [item.name for item in databases_of(source, found)]
        read = dict(zip(names, each(self.tables, names), strict=True))
        result = []
        for item in found:
            tables = read.get(item.name, [])
            if isinstance(tables, NotFound):
                continue  # somebody deleted the database in this very moment
            if isinstance(tables, LarkBaseError):
                result.append(replace(item, error=one_line(tables)))
            else:
                result.append(replace(item, tables=tuple(tables)))
        return result

    def databases(self) -> list[GlueDatabase]:
        """Return every database without its tables; one call per page."""
        return [GlueDatabase(data) for data in self._pages("get_databases", "DatabaseList")]

    def tables(self, database: str) -> list[GlueTable]:
        """Return the tables of a database; one call per page."""
        pages = self._pages("get_tables", "TableList", DatabaseName=database)
        return [GlueTable.parse(data) for data in pages]

    def _pages(self, operation: str, member: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self._call(operation, **parameters, **token)
            yield from page[member]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    # -- writing -------------------------------------------------------------------------------

    def create_database(self, content: Mapping[str, Any]) -> None:
        """Create a database."""
        self._call("create_database", DatabaseInput=content)

    def update_database(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a database anew."""
        self._call("update_database", Name=name, DatabaseInput=content)

    def delete_database(self, name: str) -> None:
        """Delete a database with all that is in it; one that is gone already is no error."""
        try:
            self._call("delete_database", Name=name)
        except NotFound:
            return

    def create_table(self, database: str, content: Mapping[str, Any]) -> None:
        """Create a table."""
        self._call("create_table", DatabaseName=database, TableInput=content)

    def update_table(self, database: str, content: Mapping[str, Any], version: str) -> None:
        """Write a table anew, if its version is still this one; Glue archives the old one."""
        known = {"VersionId": version} if version else {}
        self._call("update_table", DatabaseName=database, TableInput=content, **known)

    def delete_tables(self, database: str, names: Sequence[str]) -> dict[str, str]:
        """Delete tables and return the errors by table; what is gone already is no error."""
        errors: dict[str, str] = {}
        for start in range(0, len(names), MOST_DELETES):
            batch = list(names[start : start + MOST_DELETES])
            try:
                answer = self._call(
                    "batch_delete_table", DatabaseName=database, TablesToDelete=batch
                )
            except NotFound:
                continue
            except LarkBaseError as error:
                errors |= dict.fromkeys(batch, one_line(error))
                continue
            errors |= _errors_of(answer)
        return errors

    def _call(self, operation: str, **parameters: Any) -> Any:
        for repeat in range(1, ATTEMPTS + 1):
            try:
                with aws_errors("glue"):
                    return getattr(self._client, operation)(**parameters, **self._where)
            except LarkBaseError as error:
                if repeat == ATTEMPTS or not _may_pass(error, parameters):
                    raise
            self.pause(repeat)
        raise AssertionError  # the last attempt returns or raises


def _may_pass(error: LarkBaseError, parameters: Mapping[str, Any]) -> bool:
    """Tell whether the same call may succeed later; one that names an old version never will."""
    code = aws_code(error)
    if code == STALE and "VersionId" in parameters:
        return False
    return isinstance(error, RateLimited | NetworkError) or code in _PASSING


def _errors_of(answer: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in answer.get("Errors", ()):
        detail = item.get("ErrorDetail", {})
        code = str(detail.get("ErrorCode", ""))
        if code != "EntityNotFoundException":
            text = f"AWS refuses glue:BatchDeleteTable: {code}: {detail.get('ErrorMessage', '')}"
            found[item["TableName"]] = text
    return found
