"""Files behind attachment cells, kept in memory."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from larkbase_sdk.emulator.ids import stable_id


@dataclass(frozen=True, slots=True)
class Media:
    """A file: its token, name, MIME type and bytes."""

    token: str
    name: str
    type: str
    content: bytes


class MediaStore:
    """All files of the tenant by token."""

    def __init__(self) -> None:
        self._files: dict[str, Media] = {}

    def add(self, name: str, content: bytes, *, media_type: str | None = None) -> Media:
        """Keep a file and return it; equal name and bytes give the same token."""
        kind = media_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        token = stable_id("", 27, "media", name, content)
        media = self._files[token] = Media(token, name, kind, content)
        return media

    def get(self, token: str) -> Media | None:
        """Return the file with this token, or None."""
        return self._files.get(token)

    def describe(self, item: Any) -> dict[str, Any] | None:
        """Return the stored members of an attachment, or None when there is no such file.

        ``item`` is ``{"file_token": …}``, a pair of name and bytes, or a complete attachment; a
        complete one without a stored file gets a file of the stated size.
        """
        if isinstance(item, tuple | list) and len(item) == 2:
            return _members(self.add(str(item[0]), bytes(item[1])))
        if not isinstance(item, Mapping) or not isinstance(item.get("file_token"), str):
            return None
        known = self._files.get(item["file_token"])
        if known is not None:
            return _members(known)
        size = item.get("size") or 0
        if not isinstance(item.get("name"), str) or not isinstance(size, int):
            return None
        content = (item["name"].encode() * (size // max(len(item["name"]), 1) + 1))[:size]
        kind = str(item.get("type") or "application/octet-stream")
        media = Media(item["file_token"], item["name"], kind, content)
        self._files[media.token] = media
        return _members(media)


def _members(media: Media) -> dict[str, Any]:
    return {
        "file_token": media.token,
        "name": media.name,
        "size": len(media.content),
        "type": media.type,
    }
