"""One Athena query: how it goes over time, and how the service describes it and its result."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from larkbase_server.local.aws_select import Result, Session

if TYPE_CHECKING:
    from collections.abc import Iterable

State = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]

_ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
_USER_ERROR = 2
_STATEMENT_TYPES = {
    **dict.fromkeys(("SELECT", "WITH", "VALUES", "INSERT", "UNLOAD", "USING"), "DML"),
    **dict.fromkeys(("CREATE", "DROP", "ALTER", "MSCK"), "DDL"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a query goes: what it ends as, and how long that takes.

    Attributes:
        state: What it ends as; ``RUNNING`` never ends.
        reason: Text of ``StateChangeReason``; empty for none.
        polls: How many times ``GetQueryExecution`` still shows it queued (first) or running.
        seconds: How long it takes at least.
    """

    state: State = "SUCCEEDED"
    reason: str = ""
    polls: int = 2
    seconds: float = 0.0


@dataclass(slots=True)
class Query:
    """One started query.

    Attributes:
        id: Its ``QueryExecutionId``.
        sql: Its text, as written.
        parameters: Its execution parameters.
        outcome: How it goes.
        session: Catalogue and database that it was started in.
        workgroup: Work group that it was started in.
        output: Bucket and key of its result file, or None.
        state: State as the last caller saw it.
    """

    id: str
    sql: str
    parameters: tuple[str, ...]
    outcome: Outcome
    session: Session = field(default_factory=Session)
    workgroup: str = "primary"
    output: tuple[str, str] | None = None
    result: Result | None = field(default=None, repr=False)
    state: State = "QUEUED"
    started: float = field(default_factory=time.time, repr=False)
    ended: float | None = field(default=None, repr=False)
    polls: int = field(default=0, repr=False)

    @property
    def has_ended(self) -> bool:
        """Whether the state is final."""
        return self.state in _ENDED

    @property
    def statement_type(self) -> str:
        """Athena's word for the kind of statement: ``DML``, ``DDL`` or ``UTILITY``."""
        first = self.sql.lstrip(" \t\r\n(").partition("\n")[0].partition(" ")[0]
        return _STATEMENT_TYPES.get(first.upper(), "UTILITY")

    def fail(self, reason: str) -> None:
        """Let a query that should have succeeded fail, in the time it would have taken."""
        if self.outcome.state == "SUCCEEDED":
            going = self.outcome
            self.outcome = Outcome("FAILED", reason, going.polls, going.seconds)

    def advance(self) -> None:
        """Move on by one poll."""
        if self.has_ended:
            return
        self.polls += 1
        waited = time.time() - self.started >= self.outcome.seconds
        if waited and self.polls > self.outcome.polls:
            self.end(self.outcome.state)
        elif self.polls > 1:
            self.state = "RUNNING"

    def end(self, state: State) -> None:
        """Settle the state, unless it was settled before."""
        if self.has_ended:
            return
        self.state = state
        if state in _ENDED:
            self.ended = time.time()

    def describe(self) -> dict[str, Any]:
        """Return the members of ``QueryExecution``."""
        described: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": self.sql,
            "StatementType": self.statement_type,
            "QueryExecutionContext": {
                "Catalog": self.session.catalog,
                "Database": self.session.database,
            },
            "WorkGroup": self.workgroup,
            "Status": self._status(),
            "Statistics": {"DataScannedInBytes": 0},
        }
        if self.output:
            described["ResultConfiguration"] = {"OutputLocation": "s3://" + "/".join(self.output)}
        if self.parameters:
            described["ExecutionParameters"] = list(self.parameters)
        return described

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.started}
        if self.ended is not None:
            status["CompletionDateTime"] = self.ended
        if self.state != self.outcome.state or not self.outcome.reason:
            return status
        status["StateChangeReason"] = self.outcome.reason
        if self.state == "FAILED":
            status["AthenaError"] = {
                "ErrorCategory": _USER_ERROR,
                "Retryable": False,
                "ErrorMessage": self.outcome.reason,
            }
        return status

    def lines(self) -> list[tuple[str | None, ...]]:
        """Return the rows of the result; those of a query follow a row of column names."""
        if self.result is None:
            return []
        header = [tuple(name for name, _ in self.result.columns)]
        return [*(header if self.statement_type == "DML" else []), *self.result.rows]

    def csv(self) -> bytes:
        """Return the result file: every text in quotes, nothing at all for NULL."""
        return "".join(f"{','.join(_quoted(line))}\n" for line in self.lines()).encode()

    def column_info(self) -> list[dict[str, Any]]:
        """Return the members of ``ColumnInfo``."""
        return [
            {
                "CatalogName": "hive",
                "SchemaName": "",
                "TableName": "",
                "Name": name,
                "Label": name,
                "Type": kind,
                "Nullable": "UNKNOWN",
                "CaseSensitive": kind == "varchar",
            }
            for name, kind in (self.result.columns if self.result else ())
        ]


def _quoted(line: Iterable[str | None]) -> list[str]:
    return ["" if text is None else '"' + text.replace('"', '""') + '"' for text in line]
