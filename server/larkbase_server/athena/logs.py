"""Log lines: one JSON object a request, without cell values and secrets."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import scrub

if TYPE_CHECKING:
    from larkbase_server.athena.connector import Connector
    from larkbase_server.protocol.faults import FederationException
    from larkbase_server.protocol.messages import Response
    from larkbase_server.settings import ConnectorSettings

_log = logging.getLogger("larkbase.athena")


def begin(settings: ConnectorSettings) -> None:
    """Set the level that the settings ask for, and tell what is odd about them."""
    logging.getLogger("larkbase").setLevel(settings.log_level)
    for text in settings.warnings:
        _tell(logging.WARNING, {"warning": text})


class RequestLog:
    """What is told of one request; safe with any event, however malformed."""

    def __init__(self, event: Any, started: float) -> None:
        self._started = started
        self._facts: dict[str, Any] = {}
        if isinstance(event, Mapping):
            self._facts.update(_facts(event))
        self._connector: Connector | None = None
        self._calls = 0

    def watch(self, connector: Connector) -> None:
        """Count the calls to Lark from here on."""
        self._connector = connector
        self._calls = connector.calls

    def rows(self, count: int) -> None:
        """Take the number of rows read so far."""
        self._facts["rows"] = count

    def answered(self, answer: Response, notes: list[str]) -> None:
        """Tell of a request that was answered."""
        self._tell_notes(notes)
        _tell(logging.INFO, {**self._facts, **_size_of(answer), **self._cost()})

    def failed(self, fault: FederationException, notes: list[str]) -> None:
        """Tell of a request that failed."""
        self._tell_notes(notes)
        failure = {"error": type(fault).__name__, "message": str(fault)}
        _tell(logging.ERROR, {**self._facts, **failure, **self._cost()})

    def _tell_notes(self, notes: list[str]) -> None:
        for text in dict.fromkeys(notes):
            _tell(logging.WARNING, {**self._facts, "warning": text})

    def _cost(self) -> dict[str, Any]:
        seconds = {"seconds": round(time.perf_counter() - self._started, 3)}
        if self._connector is None:
            return seconds
        # A client that was opened anew counts from zero.
        now = self._connector.calls
        return {"calls": now - self._calls if now >= self._calls else now, **seconds}


def _facts(event: Mapping[str, Any]) -> Any:
    for key, member in (("request", "@type"), ("query", "queryId")):
        if isinstance(event.get(member), str):
            yield key, event[member]
    table = event.get("tableName")
    if isinstance(table, Mapping):
        yield "table", f"{table.get('schemaName')}.{table.get('tableName')}"
    elif isinstance(event.get("schemaName"), str):
        yield "schema", event["schemaName"]


def _size_of(answer: Response) -> dict[str, int]:
    """Return how much an answer lists."""
    counted = {name: name for name in ("schemas", "tables", "splits")} | {"blocks": "remote_blocks"}
    return {
        key: len(getattr(answer, attribute))
        for key, attribute in counted.items()
        if hasattr(answer, attribute)
    }


def _tell(level: int, facts: Mapping[str, Any]) -> None:
    if _log.isEnabledFor(level):
        _log.log(level, "%s", scrub(json.dumps(facts, ensure_ascii=False)))
