"""What a Lambda process keeps between invocations: settings, secrets and clients."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import AuthenticationError
from larkbase_server.crawler.request import parse_event
from larkbase_server.notes import collected_warnings
from larkbase_server.settings import CrawlerSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_server.clients import LarkClient
    from larkbase_server.crawler.glue_calls import GlueCalls
    from larkbase_server.crawler.records import LarkSide
    from larkbase_server.crawler.request import CrawlRequest
    from larkbase_server.crawler.result import CrawlResult

_log = logging.getLogger("larkbase.crawler")


class CrawlerFunction:
    """The crawler as one process runs it; keep one. Clients are made at their first use.

    Args:
        environ: The environment variables.

    Raises:
        ConfigurationError: when one of them cannot be read.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._settings = CrawlerSettings.from_environ(environ)
        self._options = self._settings.options()
        logging.getLogger("larkbase").setLevel(self._settings.log_level)
        for text in self._settings.warnings:
            _log.warning("%s", text)
        self._lark: LarkClient | None = None
        self._glue: GlueCalls | None = None

    def run(self, event: Any) -> dict[str, Any]:
        """Crawl what a payload asks for and return the report as JSON values.

        Raises:
            LarkBaseError: what stops the whole crawl; nothing was written then.
        """
        request = parse_event(event)
        with collected_warnings() as notes:
            result = self._crawl(request)
        result = result.with_notes(dict.fromkeys(notes))
        _tell(result)
        return result.to_dict()

    def _crawl(self, request: CrawlRequest) -> CrawlResult:
        from larkbase_server.crawler.crawl import bring_in_line
        from larkbase_server.crawler.plan import Rules

        lark = self._read(request)
        rules = Rules(self._settings.name_style, request.retype, self._settings.lake_formation)
        return bring_in_line(lark, self._glue_calls(), rules, dry_run=request.dry_run)

    def _read(self, request: CrawlRequest) -> LarkSide:
        """Read the source; refused credentials are read from the secret once more."""
        from larkbase_server.crawler.read_lark import read_source

        def read() -> LarkSide:
            api = self._client().api
            return read_source(api, self._options, request.source, typed=request.retype)

        try:
            return read()
        except AuthenticationError:
            if not self._client().reread():
                raise
        return read()

    def _client(self) -> LarkClient:
        if self._lark is None:
            from larkbase_server.clients import LarkClient

            self._lark = LarkClient(self._settings, self._options)
        return self._lark

    def _glue_calls(self) -> GlueCalls:
        if self._glue is None:
            from larkbase_server.crawler.glue_calls import GlueCalls, open_glue

            self._glue = GlueCalls(open_glue(), self._settings.glue_catalog)
        return self._glue


def _tell(result: CrawlResult) -> None:
    _log.info("%s: %s", result.status, result.source)
    for text in result.failures:
        _log.warning("%s", text)
    for text in result.notes:
        _log.info("%s", text)
