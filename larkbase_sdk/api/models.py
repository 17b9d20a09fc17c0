"""What Lark says of bases, tables, fields, views, files and wiki nodes, as plain values.

Parsing is lenient: unknown members are ignored, missing ones get a neutral value, because the
service adds members without notice. Nothing here calls the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class BaseInfo:
    """A base. ``revision`` counts structural changes; ``time_zone`` may be no IANA name."""

    app_token: str
    name: str
    revision: int = 0
    is_advanced: bool = False
    time_zone: str = ""
    formula_type: int = 1

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> BaseInfo:
        """Read the ``data.app`` member of "get base"."""
        return cls(
            app_token=str(data.get("app_token") or ""),
            name=str(data.get("name") or ""),
            revision=int(data.get("revision") or 0),
            is_advanced=bool(data.get("is_advanced")),
            time_zone=str(data.get("time_zone") or ""),
            formula_type=int(data.get("formula_type") or 1),
        )


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table of a base. ``revision`` moves with data as well as with structure."""

    table_id: str
    name: str
    revision: int = 0

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> TableInfo:
        """Read an item of "list tables"."""
        return cls(
            str(data["table_id"]), str(data.get("name") or ""), int(data.get("revision") or 0)
        )


@dataclass(frozen=True, slots=True)
class Field:
    """A field as Lark lists it: the raw name is kept, since calls address fields by it."""

    field_id: str
    name: str
    type: int
    ui_type: str
    is_primary: bool = False
    is_hidden: bool = False
    property: Mapping[str, Any] = field(default_factory=dict, hash=False)
    description: str | None = None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Field:
        """Read an item of "list fields"; ``description`` comes as text, segments or an object."""
        return cls(
            field_id=str(data["field_id"]),
            name=str(data.get("field_name") or ""),
            type=int(data.get("type") or 0),
            ui_type=str(data.get("ui_type") or ""),
            is_primary=bool(data.get("is_primary")),
            is_hidden=bool(data.get("is_hidden")),
            property=dict(data.get("property") or {}),
            description=_description(data.get("description")),
        )


def _description(value: Any) -> str | None:
    if isinstance(value, Mapping):
        value = value.get("text")
    if isinstance(value, list):
        value = "".join(str(part.get("text", "")) for part in value if isinstance(part, Mapping))
    return str(value) if value else None


@dataclass(frozen=True, slots=True)
class ViewInfo:
    """A view of a table, as "list views" shows it."""

    view_id: str
    name: str
    view_type: str = "grid"

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> ViewInfo:
        """Read an item of "list views"."""
        return cls(
            str(data["view_id"]), str(data.get("view_name") or ""), str(data.get("view_type") or "")
        )


@dataclass(frozen=True, slots=True)
class ViewCondition:
    """One condition of a view's own filter; fields go by id, ``value`` is decoded JSON text."""

    field_id: str
    field_type: int
    operator: str
    value: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A view with its own filter and hidden fields.

    Attributes:
        conditions: The view's filter; empty when it has none.
        complete: False when Lark left conditions out or one could not be read, so that the
            conditions do not describe the view's rows.
        hidden_fields: Ids of the fields that the view hides.
    """

    view_id: str
    name: str
    view_type: str
    conjunction: str
    conditions: tuple[ViewCondition, ...]
    hidden_fields: frozenset[str]
    complete: bool


@dataclass(frozen=True, slots=True)
class DriveFile:
    """An entry of a Drive folder; for a shortcut, what it points to."""

    token: str
    name: str
    type: str
    parent_token: str = ""
    url: str = ""
    target_type: str = ""
    target_token: str = ""
    created_time: int = 0
    modified_time: int = 0

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> DriveFile:
        """Read an item of "list files"; times are seconds, sent as text."""
        shortcut = data.get("shortcut_info") or {}
        return cls(
            token=str(data["token"]),
            name=str(data.get("name") or ""),
            type=str(data.get("type") or "").lower(),
            parent_token=str(data.get("parent_token") or ""),
            url=str(data.get("url") or ""),
            target_type=str(shortcut.get("target_type") or "").lower(),
            target_token=str(shortcut.get("target_token") or ""),
            created_time=int(data.get("created_time") or 0),
            modified_time=int(data.get("modified_time") or 0),
        )


@dataclass(frozen=True, slots=True)
class DocMeta:
    """Metadata of a document; ``modified_time`` (seconds) is a cheap sign of change.

    ``requested_token`` is the token that was asked for, where Lark answers with another one.
    """

    token: str
    type: str
    title: str = ""
    url: str = ""
    modified_time: int = 0
    requested_token: str = ""

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> DocMeta:
        """Read an item of ``metas`` in "batch query"."""
        asked = data.get("request_doc_info") or {}
        token = str(data.get("doc_token") or "")
        return cls(
            token,
            str(data.get("doc_type") or ""),
            str(data.get("title") or ""),
            str(data.get("url") or ""),
            int(data.get("latest_modify_time") or 0),
            str(asked.get("doc_token") or token),
        )


@dataclass(frozen=True, slots=True)
class WikiNode:
    """A wiki node and the object it shows."""

    node_token: str
    obj_token: str
    obj_type: str
    title: str = ""

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> WikiNode:
        """Read ``data.node`` of "get node"."""
        return cls(
            str(data.get("node_token") or ""),
            str(data.get("obj_token") or ""),
            str(data.get("obj_type") or "").lower(),
            str(data.get("title") or ""),
        )
