"""What a Lambda process keeps between invocations: settings, secrets and clients."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import AuthenticationError, LarkBaseWarning, scrub
from larkbase_server.crawler.request import parse_event
from larkbase_server.settings import CrawlerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from larkbase_sdk.api import LarkApi
    from larkbase_server.crawler.glue_calls import GlueCalls
    from larkbase_server.crawler.records import LarkSide
    from larkbase_server.crawler.request import CrawlRequest
    from larkbase_server.crawler.result import CrawlResult
    from larkbase_server.secrets import SecretsProvider

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
        self._secrets: SecretsProvider | None = None
        self._api: LarkApi | None = None
        self._glue: GlueCalls | None = None

    def run(self, event: Any) -> dict[str, Any]:
        """Crawl what a payload asks for and return the report as JSON values.

        Raises:
            LarkBaseError: what stops the whole crawl; nothing was written then.
        """
        request = parse_event(event)
        with _collected_warnings() as notes:
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
            return read_source(self._lark(), self._options, request.source, typed=request.retype)

        try:
            return read()
        except AuthenticationError:
            if not self._provider().reread():
                raise
            self._forget_lark()
        return read()

    def _forget_lark(self) -> None:
        if self._api is not None:
            self._api.close()
        self._api = None

    def _provider(self) -> SecretsProvider:
        if self._secrets is None:
            from larkbase_server.secrets import SecretsProvider

            self._secrets = SecretsProvider(self._settings)
        return self._secrets

    def _lark(self) -> LarkApi:
        if self._api is None:
            from larkbase_sdk.api import LarkApi

            known = self._provider().credentials()
            self._api = LarkApi.open(
                app_id=known.app_id,
                app_secret=known.app_secret,
                domain=known.domain,
                options=self._options,
            )
        return self._api

    def _glue_calls(self) -> GlueCalls:
        if self._glue is None:
            from larkbase_server.crawler.glue_calls import GlueCalls, open_glue

            self._glue = GlueCalls(open_glue(), self._settings.glue_catalog)
        return self._glue


@contextmanager
def _collected_warnings() -> Iterator[list[str]]:
    """Collect the texts of our warnings, each of which is otherwise shown once a process."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LarkBaseWarning)
        yield texts
        texts += [scrub(str(item.message)) for item in caught]


def _tell(result: CrawlResult) -> None:
    _log.info("%s: %s", result.status, result.source)
    for text in result.failures:
        _log.warning("%s", text)
    for text in result.notes:
        _log.info("%s", text)
