"""What a crawl reads and owns: one metadata table or one Drive folder, and its marks in Glue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from larkbase_sdk.catalog.glue import FLAG
from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

Method = Literal["LarkBase", "LarkDrive"]

BASE_KEY, TABLE_KEY = "larkBaseDataSourceId", "larkTableDataSourceId"
FOLDER_KEY = "larkDriveFolderToken"
"""Names of the ids of a source, in payloads and in the parameters of Glue tables alike."""

CLASSIFICATION = "classification"
OWN_PARAMETERS = (
    "crawlingMethod",
    "larkBaseId",
    "larkTableId",
    BASE_KEY,
    TABLE_KEY,
    FOLDER_KEY,
)
"""Table parameters that are the crawler's, besides the classification."""

_LOCATION = re.compile(
    rf"(?:^|/){FLAG}/CrawlingMethod=(LarkBase|LarkDrive)/DataSource=([^/]*)/Base=([^/]*)(?:/|$)"
)


@dataclass(frozen=True, slots=True)
class CrawlSource:
    """A source of databases, as the catalogue names it.

    Attributes:
        method: ``LarkBase`` for a metadata table, ``LarkDrive`` for a folder.
        data_source: ``<base id>:<table id>`` of the metadata table, or the folder's token.
    """

    method: Method
    data_source: str

    @classmethod
    def of_table(cls, base_id: str, table_id: str) -> CrawlSource:
        """Return the source that a metadata table is."""
        return cls("LarkBase", f"{base_id}:{table_id}")

    @classmethod
    def of_folder(cls, token: str) -> CrawlSource:
        """Return the source that a Drive folder is."""
        return cls("LarkDrive", token)

    @classmethod
    def parse(cls, text: str) -> CrawlSource:
        """Read ``<base id>:<table id>`` or a folder token.

        Raises:
            ConfigurationError: when it is neither.
        """
        base_id, colon, table_id = (part.strip() for part in text.partition(":"))
        if colon and base_id and table_id:
            return cls.of_table(base_id, table_id)
        if base_id and not colon:
            return cls.of_folder(base_id)
        msg = f"{text!r} names no source of databases."
        raise ConfigurationError(msg, hint="Write <base id>:<table id>, or a folder token.")

    @property
    def ids(self) -> tuple[str, str]:
        """Base id and table id of the metadata table; a folder has its token and ""."""
        first, _, second = self.data_source.partition(":")
        return first, second

    @property
    def label(self) -> str:
        """What messages call it."""
        kind = "metadata table" if self.method == "LarkBase" else "folder"
        return f"{kind} {self.data_source}"

    def location(self, key: str) -> str:
        """Return the ``LocationUri`` of the database with this key."""
        return f"{FLAG}/CrawlingMethod={self.method}/DataSource={self.data_source}/Base={key}"

    def parameters(self, base_id: str, table_id: str) -> dict[str, str]:
        """Return the crawler's own parameters of a table."""
        known = {
            CLASSIFICATION: FLAG,
            "crawlingMethod": self.method,
            "larkBaseId": base_id,
            "larkTableId": table_id,
        }
        if self.method == "LarkDrive":
            return {**known, FOLDER_KEY: self.data_source}
        source_base, source_table = self.ids
        return {**known, BASE_KEY: source_base, TABLE_KEY: source_table}

    def owns(self, parameters: Mapping[str, str]) -> bool:
        """Tell whether a table with these parameters was made from this very source."""
        marks = self.parameters("", "")
        names = ("crawlingMethod", BASE_KEY, TABLE_KEY, FOLDER_KEY)
        return all(parameters.get(name) == marks.get(name) for name in names if name in marks)


def parse_location(uri: str) -> tuple[CrawlSource, str] | None:
    """Return source and key of a database by its ``LocationUri``; None when it is none of ours."""
    found = _LOCATION.search(uri)
    if found is None:
        return None
    return CrawlSource(cast("Method", found[1]), found[2]), found[3]
