"""Who asks, and about which table: the two objects that almost every message carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_server.protocol.codecs import TEXT, TEXT_MAP, list_of
from larkbase_server.protocol.shape import codec_of, member

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The caller, as far as the engine tells; every member may be a placeholder or missing.

    Attributes:
        id: A legacy placeholder.
        principal: A legacy placeholder.
        account: The twelve digits of the AWS account.
        arn: The caller.
        tags: Tags of the caller.
        groups: Groups of the caller.
        config_options: For connectors that AWS manages; it may hold a token, so it is not shown.
    """

    id: str = member("id", TEXT, default="UNKNOWN")
    principal: str = member("principal", TEXT, default="UNKNOWN")
    account: str = member("account", TEXT, default="")
    arn: str = member("arn", TEXT, default="")
    tags: Mapping[str, str] = member(
        "tags", TEXT_MAP, aliases=("principalTags",), default_factory=dict
    )
    groups: tuple[str, ...] = member("groups", list_of(TEXT), aliases=("iamGroups",), default=())
    config_options: Mapping[str, str] = member(
        "configOptions", TEXT_MAP, default_factory=dict, repr=False
    )


@dataclass(frozen=True, slots=True)
class TableName:
    """A table as Athena names it, in lower case."""

    schema_name: str = member("schemaName", TEXT)
    table_name: str = member("tableName", TEXT)


IDENTITY = codec_of(lambda: Identity)
TABLE_NAME = codec_of(lambda: TableName)
