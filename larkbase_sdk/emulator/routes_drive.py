"""Finding bases and fetching files: Drive, wiki and media."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from larkbase_sdk.emulator.answers import Answer, ApiError, wrong_type
from larkbase_sdk.emulator.drive import OWNER, Entry, Folder
from larkbase_sdk.emulator.ids import number_of
from larkbase_sdk.emulator.request import ApiRequest, list_member

if TYPE_CHECKING:
    from larkbase_sdk.emulator.media import Media

_MAX_FILES = 200
_DIGITS = re.compile(r"\d{1,9}", re.ASCII)
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def list_files(request: ApiRequest) -> dict[str, Any]:
    """Return ``data`` of "list files"; the root comes in one page and without shortcuts."""
    size = _file_page_size(request)
    folder = _folder(request, request.param("folder_token"))
    entries = _ordered(request, folder.entries)
    if not request.param("folder_token"):
        entries = [entry for entry in entries if entry.target is None]
        return {"files": _listed(entries, folder), "has_more": False}
    start = _start(request.param("page_token"), entries)
    page = entries[start : start + size]
    data = {"files": _listed(page, folder), "has_more": start + size < len(entries)}
    if data["has_more"]:
        data["next_page_token"] = _token(entries[start + size])
    return data


def _file_page_size(request: ApiRequest) -> int:
    text = request.param("page_size") or "100"
    if not _DIGITS.fullmatch(text) or not 1 <= int(text) <= _MAX_FILES:
        raise ApiError(1064001)
    return int(text)


def _folder(request: ApiRequest, token: str) -> Folder:
    drive = request.tenant.drive
    found = drive.folders.get(token) if token else drive.root
    if found is None:
        raise ApiError(1061003)
    if not found.shared:
        raise ApiError(1061004)
    return found


def _ordered(request: ApiRequest, entries: list[Entry]) -> list[Entry]:
    by_created = request.param("order_by") == "CreatedTime"
    descending = request.param("direction", "DESC") != "ASC"
    return sorted(
        entries,
        key=lambda entry: (entry.created if by_created else entry.modified(), entry.token),
        reverse=descending,
    )


def _listed(entries: list[Entry], folder: Folder) -> list[dict[str, Any]]:
    return [entry.listed(folder.token, folder.drive.origin()) for entry in entries]


def _token(entry: Entry) -> str:
    number = number_of(entry.token) % 10**19
    return base64.b64encode(f"{entry.modified()}|{number}".encode()).decode()


def _start(token: str, entries: list[Entry]) -> int:
    if not token:
        return 0
    try:
        number = base64.b64decode(token, validate=True).decode().partition("|")[2]
    except ValueError:
        raise ApiError(1061002) from None
    for index, entry in enumerate(entries):
        if str(number_of(entry.token) % 10**19) == number:
            return index
    raise ApiError(1061002)


def root_folder(request: ApiRequest) -> dict[str, Any]:
    """Return ``data`` of "root folder metadata"."""
    return dict(request.tenant.drive.root_meta())


def folder_meta(request: ApiRequest) -> dict[str, Any]:
    """Return ``data`` of "folder metadata"."""
    folder = request.tenant.drive.folders.get(request.path["folder_token"])
    if folder is None:
        raise ApiError(91203)
    if not folder.shared:
        raise ApiError(91204)
    return {
        "id": str(number_of(folder.token) % 10**19),
        "name": folder.name,
        "parentId": folder.parent.token if folder.parent is not None else "",
        "token": folder.token,
    }


def batch_metas(request: ApiRequest) -> dict[str, Any]:
    """Return ``data`` of "batch query of metadata"."""
    body = request.body()
    wanted = list_member(body, "request_docs", _MAX_FILES)
    if not wanted:
        raise ApiError(1061002)
    metas, failed = [], []
    for item in wanted:
        if not isinstance(item, dict):
            raise wrong_type(member="request_docs", value=item)
        token, kind = str(item.get("doc_token", "")), str(item.get("doc_type", ""))
        found = request.tenant.drive.find(token)
        if found is None or found[1].type != kind:
            failed.append({"code": 970005, "token": token})
        else:
            metas.append(_meta(request, *found, with_url=bool(body.get("with_url"))))
    return {"failed_list": failed, "metas": metas}


def _meta(request: ApiRequest, folder: Folder, entry: Entry, *, with_url: bool) -> dict[str, Any]:
    told = {
        "create_time": str(entry.created),
        "doc_token": entry.token,
        "doc_type": entry.type,
        "latest_modify_time": str(entry.modified()),
        "latest_modify_user": OWNER,
        "owner_id": OWNER,
        "request_doc_info": {"doc_token": entry.token, "doc_type": entry.type},
        "title": entry.name,
    }
    if with_url:
        told["url"] = str(entry.listed(folder.token, request.tenant.url)["url"])
    return told


def wiki_node(request: ApiRequest) -> dict[str, Any]:
    """Return ``data`` of "get node"."""
    token = request.param("token")
    if not token:
        raise ApiError(131002)
    nodes = request.tenant.drive.nodes
    kind = request.param("obj_type") or "wiki"
    if kind == "wiki":
        found = nodes.get(token)
    else:
        matches = (n for n in nodes.values() if (n.obj_token, n.obj_type) == (token, kind))
        found = next(matches, None)
    if found is None:
        raise ApiError(131005)
    return {"node": found.described()}


def download_media(request: ApiRequest) -> Answer:
    """Return the bytes of a file; honours a single ``Range``."""
    media = _media(request, request.path["file_token"])
    _check_extra(request, media)
    return _file_answer(request, media)


def temporary_urls(request: ApiRequest) -> dict[str, Any]:
    """Return ``data`` with download addresses that need no token."""
    found = []
    for tokens in request.params("file_tokens"):
        for token in tokens.split(","):
            media = _media(request, token)
            address = f"{request.tenant.url}/emulator/files/{media.token}"
            found.append({"file_token": media.token, "tmp_download_url": address})
    return {"tmp_download_urls": found}


def temporary_file(request: ApiRequest) -> Answer:
    """Return the bytes behind a temporary address."""
    return _file_answer(request, _media(request, request.path["file_token"]))


def _media(request: ApiRequest, token: str) -> Media:
    media = request.tenant.media.get(token)
    if media is None:
        raise ApiError(1061003)
    return media


def _check_extra(request: ApiRequest, media: Media) -> None:
    """Refuse a file of a base with advanced permissions without ``extra`` (403)."""
    if media.token not in request.tenant.guarded_files():
        return
    try:
        extra = orjson.loads(request.param("extra") or "{}")
    except orjson.JSONDecodeError:
        extra = {}
    if not (isinstance(extra, dict) and extra.get("bitablePerm", {}).get("tableId")):
        raise ApiError(1061004)


def _file_answer(request: ApiRequest, media: Media) -> Answer:
    headers = [("Content-Disposition", f"attachment; filename*=UTF-8''{quote(media.name)}"),
               ("Accept-Ranges", "bytes")]  # fmt: skip
    content, size = media.content, len(media.content)
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    if wanted is None:
        return Answer(200, content, media.type, tuple(headers))
    first, last = wanted.groups()
    start = int(first) if first else max(size - int(last or 0), 0)
    end = min(int(last), size - 1) if first and last else size - 1
    if start >= size:
        return Answer(416, b"", media.type, (("Content-Range", f"bytes */{size}"),))
    headers.append(("Content-Range", f"bytes {start}-{end}/{size}"))
    return Answer(206, content[start : end + 1], media.type, tuple(headers))
