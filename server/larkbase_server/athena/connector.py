"""What a Lambda process keeps between requests: settings, Lark, the catalogue, the spill bucket."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from larkbase_sdk.errors import PermissionDenied
from larkbase_server.clients import LarkClient
from larkbase_server.settings import ConnectorSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from larkbase_sdk.api import LarkApi
    from larkbase_sdk.api.models import BaseInfo
    from larkbase_sdk.catalog.catalog import CatalogTable
    from larkbase_sdk.catalog.chain import ChainCatalog
    from larkbase_sdk.catalog.metadata import Metadata
    from larkbase_sdk.options import Options
    from larkbase_sdk.read.pages import ReadContext
    from larkbase_server.protocol.identity import Identity
    from larkbase_server.protocol.spill import SpillTarget
    from larkbase_server.protocol.spiller import Spilling


class Connector:
    """The connector as one process runs it; keep one. Clients are made at their first use.

    Args:
        environ: The environment variables.

    Attributes:
        settings: What they say.

    Raises:
        ConfigurationError: when one of them cannot be read.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.settings = ConnectorSettings.from_environ(environ)
        # Elsewhere all splits are read by one process, whose single pacer already bounds them.
        self._splits_are_processes = "AWS_LAMBDA_FUNCTION_NAME" in environ
        self._options = self.settings.options()
        self._client = LarkClient(self.settings, self._options)
        self._lock = threading.RLock()
        self._metadata: Metadata | None = None
        self._catalog: ChainCatalog | None = None
        self._target: SpillTarget | None = None
        self._spilling: Spilling | None = None

    @property
    def api(self) -> LarkApi:
        """Lark; its first use reads the secret.

        Raises:
            ConfigurationError: when the credentials cannot be had.
        """
        return self._client.api

    @property
    def calls(self) -> int:
        """Calls to Lark so far."""
        return self._client.calls

    @property
    def metadata(self) -> Metadata:
        """What Lark says of bases and tables; shared with the catalogue."""
        with self._lock:
            if self._metadata is None:
                from larkbase_server.flows import open_metadata

                self._metadata = open_metadata(self.settings, self.api)
            return self._metadata

    @property
    def catalog(self) -> ChainCatalog:
        """Every flow that is switched on."""
        with self._lock:
            if self._catalog is None:
                from larkbase_server.flows import open_catalog

                self._catalog = open_catalog(self.settings, self.api, self.metadata)
            return self._catalog

    @property
    def opened(self) -> LarkApi | None:
        """Lark, if it was used already."""
        return self._client.opened

    def reread_credentials(self, refused: LarkApi | None) -> bool:
        """Read the secret again after a refusal, and tell whether a second try may help.

        Args:
            refused: What ``opened`` was before the refusal.

        Raises:
            ConfigurationError: when the credentials cannot be had.
        """
        changed = self._client.reread(refused)
        if changed:
            with self._lock:
                self._metadata = self._catalog = None
        return changed

    def options(self, splits: int = 1) -> Options:
        """Return the options of one read, and pace Lark's API accordingly.

        Args:
            splits: How many invocations read the table at the same time. In Lambda each of them
                is a process of its own, so they share the rate of calls.
        """
        shared = self.settings.options(splits=splits if self._splits_are_processes else 1)
        self._options.rate = shared.rate
        return shared

    def base_info(self, base_id: str) -> BaseInfo | None:
        """Return what Lark says of a base; None when only its tables are open to the app."""
        try:
            return self.metadata.base(base_id)
        except PermissionDenied:
            return None

    def read_context(
        self, table: CatalogTable, catalog: ChainCatalog, options: Options
    ) -> ReadContext:
        """Return what the core needs to read parts of a table; no call.

        Args:
            table: The table.
            catalog: The catalogue as the running query sees it.
            options: What ``options`` returned.
        """
        from larkbase_sdk.read.pages import ReadContext

        def restricted() -> bool:
            info = self.base_info(table.base_id)
            return info is not None and info.is_advanced

        return ReadContext(
            bitable=self.api.bitable,
            options=options,
            refresh=lambda: catalog.schema(table, fresh=True),
            restricted=restricted,
            table=f"{table.database}.{table.sql_name}",
        )

    def spill_target(self, identity: Identity) -> SpillTarget:
        """Return where the splits of a request may spill, and who makes their keys."""
        from larkbase_server.athena.spill_store import key_factory
        from larkbase_server.protocol.spill import SpillTarget

        known = self.settings
        with self._lock:
            if self._target is None:
                keys = key_factory(known)
                self._target = SpillTarget(known.spill_bucket, known.spill_prefix, keys)
            return self._target.of(identity)

    @property
    def spilling(self) -> Spilling:
        """How blocks are written; the S3 client is made at the first block."""
        from larkbase_server.athena.spill_store import spilling_of

        with self._lock:
            if self._spilling is None:
                self._spilling = spilling_of(self.settings)
            return self._spilling
