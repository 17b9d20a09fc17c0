"""The Lambda functions of this project, under the names that they have on this machine."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_server.athena.function import ConnectorFunction
    from larkbase_server.crawler.function import CrawlerFunction
    from larkbase_server.local.lambda_function import Handler

CONNECTOR = "larkbase-athena"
"""Default name of the Athena connector."""

CRAWLER = "larkbase-crawler"
"""Default name of the Glue crawler."""


class ProjectFunctions:
    """Connector and crawler with a memory of their own, as in a Lambda process that just began.

    Nothing is loaded or read before the first invocation of each.

    Args:
        environ: Their environment variables; those of this process when None.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._lock = threading.Lock()
        self._made_connector: ConnectorFunction | None = None
        self._made_crawler: CrawlerFunction | None = None

    def handlers(self, connector: str = CONNECTOR, crawler: str = CRAWLER) -> dict[str, Handler]:
        """Return the handlers by the names that the functions shall have."""
        return {connector: self._connector, crawler: self._crawler}

    def lark_calls(self) -> int:
        """Return how many calls the connector made to Lark so far."""
        return self._made_connector.calls if self._made_connector is not None else 0

    def _connector(self, event: Any, context: Any) -> Any:
        with self._lock:
            if self._made_connector is None:
                from larkbase_server.athena.function import ConnectorFunction

                self._made_connector = ConnectorFunction(self._environ)
        return self._made_connector.run(event, context)

    def _crawler(self, event: Any, _context: Any) -> Any:
        with self._lock:
            if self._made_crawler is None:
                from larkbase_server.crawler.function import CrawlerFunction

                self._made_crawler = CrawlerFunction(self._environ)
        return self._made_crawler.run(event)
