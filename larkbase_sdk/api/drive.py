"""The Drive calls: folders, metadata of documents, and downloads of attachments."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from larkbase_sdk.api.domain import known_suffix, split_url
from larkbase_sdk.api.endpoints import DOWNLOAD_MEDIA, DRIVE_METAS, LIST_FILES, ROOT_FOLDER
from larkbase_sdk.api.models import DocMeta, DriveFile
from larkbase_sdk.api.paging import list_all, read_items
from larkbase_sdk.errors import ConfigurationError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from larkbase_sdk.api.http import Http


class Drive:
    """Drive, the read side; every method calls the network and raises what ``Http.call`` does."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def root(self) -> str:
        """Return the token of the caller's own root folder; an app's is usually empty."""
        token = self._http.call(ROOT_FOLDER).get("token")
        if not isinstance(token, str) or not token:
            msg = "Lark does not name the root folder."
            raise ServiceError(msg, hint="Give the link of a folder instead.")
        return token

    def files(self, folder_token: str = "") -> list[DriveFile]:
        """Return the entries of one folder, oldest first; sub folders are not entered.

        One call per 200 entries. Sorted by creation, since the default order by edit time shifts
        while files are edited. Without a token: the root, which Lark lists without shortcuts.
        """
        query = {
            "folder_token": folder_token or None,
            "order_by": "CreatedTime",
            "direction": "ASC",
        }
        return list_all(
            self._http,
            LIST_FILES,
            DriveFile.parse,
            query=query,
            items="files",
            token="next_page_token",  # noqa: S106 (the name of a member, no secret)
        )

    def metas(self, documents: Iterable[tuple[str, str]]) -> list[DocMeta]:
        """Return metadata of documents given as (token, type); one call per 200.

        A document that Lark does not show to the caller is left out.
        """
        wanted = [{"doc_token": token, "doc_type": kind} for token, kind in documents]
        most = DRIVE_METAS.page_size or 1
        found: list[DocMeta] = []
        for start in range(0, len(wanted), most):
            body = {"request_docs": wanted[start : start + most], "with_url": True}
            data = self._http.call(DRIVE_METAS, body=body)
            found += read_items(DRIVE_METAS, DocMeta.parse, data.get("metas"))
        return found

    def download(self, url_or_token: str, extra: str | None = None) -> Iterator[bytes]:
        """Yield an attachment in pieces: one call, made when the first piece is asked for.

        Args:
            url_or_token: The ``url`` of an attachment cell, or its file token. The call goes to
                the configured API in any case, so that the token reaches no other host.
            extra: The ``extra`` parameter of the url, which bases with advanced permissions need;
                taken from the url when there is one.

        Raises:
            ConfigurationError: for a url of another kind or host; before any call.
        """
        token = url_or_token
        if "://" in url_or_token:
            token, own_extra = self._media(url_or_token)
            extra = own_extra if extra is None else extra
        return self._http.stream(DOWNLOAD_MEDIA, path={"token": token}, query={"extra": extra})

    def _media(self, url: str) -> tuple[str, str | None]:
        hint = "Use the url of an attachment cell as Lark gives it."
        try:
            parts, host = split_url(url)
        except ValueError as error:
            msg = f"This is no usable link of an attachment: {error}."
            raise ConfigurationError(msg, hint=hint) from None
        if host != self._http.domain.host and known_suffix(host) is None:
            msg = f"The attachment lies at {host}, which is not the API of this client."
            raise ConfigurationError(msg, hint=hint)
        match parts.path.split("/"):
            case [*_, "medias", token, "download"] if token:
                return unquote(token), next(iter(parse_qs(parts.query).get("extra", [])), None)
        msg = "This link downloads no attachment."
        raise ConfigurationError(msg, hint=hint)
