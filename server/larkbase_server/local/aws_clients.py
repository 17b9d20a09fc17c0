"""Clients of the services that Athena itself calls: Lambda, S3 for spilled blocks, and Athena."""

from __future__ import annotations

import threading
from typing import Any

from larkbase_sdk.catalog.aws import aws_errors
from larkbase_sdk.errors import ConfigurationError
from larkbase_server.local.lambda_function import TIMEOUT

_CONNECT_SECONDS = 5
_ATTEMPTS = 3
_CONNECTIONS = 64


class AwsClients:
    """Clients of boto3, each made at its first use; safe to share between threads."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str | None], Any] = {}
        self._lock = threading.Lock()
        self._session: Any = None

    def of(self, service: str, url: str | None = None) -> Any:
        """Return the client of a service; no call.

        Args:
            service: Its name, as boto3 has it.
            url: Its address; None for the one that boto3 finds.

        Raises:
            ConfigurationError: boto3 is not installed, or no region is set.
        """
        with self._lock:
            if (service, url) not in self._made:
                self._made[service, url] = self._make(service, url)
            return self._made[service, url]

    def close(self) -> None:
        """Close the connections of all clients."""
        with self._lock:
            for client in self._made.values():
                client.close()
            self._made.clear()

    def _make(self, service: str, url: str | None) -> Any:
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            msg = "boto3 is not installed."
            raise ConfigurationError(msg, hint="pip install 'larkbase-sdk[aws]'") from error
        if self._session is None:
            self._session = boto3.session.Session()
        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            # A function may take its full time; nobody else takes so long.
            read_timeout=TIMEOUT + 10,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=_CONNECTIONS,
            tcp_keepalive=True,
        )
        with aws_errors(service):
            return self._session.client(service, endpoint_url=url, config=config)
