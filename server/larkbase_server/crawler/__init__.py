"""The Glue crawler: brings the Glue Data Catalog in line with what Lark holds (Flow 1)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from larkbase_server.crawler.function import CrawlerFunction


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes both
    """Crawl one source; the entry point of the Lambda function.

    Args:
        event: What to crawl, in any form that ``request.parse_event`` reads.
        context: Lambda's context, which is not used.

    Returns:
        The result as JSON values, see ``CrawlResult.to_dict``.

    Raises:
        LarkBaseError: what stops the whole crawl, such as a wrong payload, refused credentials
            or an unreadable source; nothing was written then.
    """
    return _function().run(event)


@functools.cache
def _function() -> CrawlerFunction:
    """Return what this process keeps between invocations; a failure is not kept."""
    import os

    from larkbase_server.crawler.function import CrawlerFunction

    return CrawlerFunction(os.environ)
