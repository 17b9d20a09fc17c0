"""The client of Lark that a Lambda process keeps, with the credentials of its secret."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from larkbase_server.secrets import SecretsProvider

if TYPE_CHECKING:
    from larkbase_sdk.api import LarkApi
    from larkbase_sdk.options import Options
    from larkbase_server.settings import CommonSettings

ADVICE = {
    "check": "run the query or crawl again",
    "reread": "Run the query again, and before it the crawler if Glue declares the table",
    "relist": "Run the query again, and before it the crawler if Glue declares the table.",
    "relink": "Compare its id with the link of the base in the browser.",
    "page_size": "default_page_size",
    "rate": "LARK_RATE",
    "patience": "LARK_TIMEOUT and LARK_RETRIES",
}
"""What hints tell people to do who see them in Athena's console or a log of AWS."""


class LarkClient:
    """Opens Lark's API with the credentials of the secret, at the first use. Safe in threads.

    Args:
        settings: Where the credentials are, and the platform.
        options: Options of the API; read at every call, so that changes count at once.
    """

    def __init__(self, settings: CommonSettings, options: Options) -> None:
        self._options = options
        self._secrets = SecretsProvider(settings)
        self._lock = threading.Lock()
        self._rereading = threading.Lock()
        self._api: LarkApi | None = None

    @property
    def api(self) -> LarkApi:
        """The API; opening it reads the secrets and makes no call to Lark.

        Raises:
            ConfigurationError: when the credentials cannot be had.
        """
        from larkbase_sdk.api import LarkApi

        with self._lock:
            if self._api is None:
                known = self._secrets.credentials()
                self._api = LarkApi.open(
                    app_id=known.app_id,
                    app_secret=known.app_secret,
                    domain=known.domain,
                    options=self._options,
                    advice=ADVICE,
                )
            return self._api

    @property
    def opened(self) -> LarkApi | None:
        """The API that is open now, or None."""
        return self._api

    @property
    def calls(self) -> int:
        """Calls to Lark so far, by the API that is open now."""
        api = self._api
        return api.http.stats.calls if api is not None else 0

    def reread(self, refused: LarkApi | None = None) -> bool:
        """Read the secrets again after a refusal, and tell whether a new API is worth a try.

        Args:
            refused: What ``opened`` was before the refusal. When another thread has put a new one
                in its place meanwhile, nothing is read.

        Raises:
            ConfigurationError: when the credentials cannot be had.
        """
        with self._rereading:
            if refused is not None and self._api is not refused:
                return True
            changed = self._secrets.reread()
            if changed:
                with self._lock:
                    if self._api is not None:
                        self._api.close()
                    self._api = None
            return changed
