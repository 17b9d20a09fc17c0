"""The readers that are measured beside this library.

Each does what its users write: the official SDK with its builders, and a short script of
requests. Both take page after page, and both can send a search that was written by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from served import PAGE, Places

Rows = list[dict[str, Any]]


# -- the official SDK ------------------------------------------------------------------------------


class Official:
    """The official SDK, as its examples use it."""

    name = "lark-oapi"

    def __init__(self, places: Places) -> None:
        import lark_oapi

        builder = lark_oapi.Client.builder().domain(places["domain"])
        self._client = (
            builder.app_id(places["app_id"]).app_secret(places["app_secret"]).build()
        )  # fmt: skip

    def rows(
        self, base: str, table: str, search: Any = None, *, page_size: int = PAGE, all_: bool = True
    ) -> Rows:
        """Return the rows of a search, or of its first page alone."""
        from lark_oapi.api.bitable.v1 import (
            SearchAppTableRecordRequest,
            SearchAppTableRecordRequestBody,
        )

        request = (
            SearchAppTableRecordRequest.builder()
            .app_token(base)
            .table_id(table)
            .page_size(page_size)
            .request_body(SearchAppTableRecordRequestBody(search or {}))
        )
        found = self._items(self._client.bitable.v1.app_table_record.search, request, all_=all_)
        return [{"record_id": item.record_id, **item.fields} for item in found]

    def frame(self, rows: Rows) -> Any:
        """Return the DataFrame that one makes of them."""
        import pandas as pd

        return pd.DataFrame(rows)

    def fields_of(self, folder: str) -> int:
        """Return the number of fields in all tables of the bases in a folder."""
        from lark_oapi.api.bitable.v1 import ListAppTableFieldRequest, ListAppTableRequest
        from lark_oapi.api.drive.v1 import ListFileRequest

        files = ListFileRequest.builder().folder_token(folder).page_size(200)
        number = 0
        for file in self._items(self._client.drive.v1.file.list, files):
            listing = ListAppTableRequest.builder().app_token(file.token).page_size(100)
            for table in self._items(self._client.bitable.v1.app_table.list, listing):
                fields = ListAppTableFieldRequest.builder().app_token(file.token)
                fields.table_id(table.table_id).page_size(100)
                number += len(self._items(self._client.bitable.v1.app_table_field.list, fields))
        return number

    def _items(self, call: Any, request: Any, *, all_: bool = True) -> list[Any]:
        found: list[Any] = []
        while True:
            data = call(request.build()).data
            found += (data.files if hasattr(data, "files") else data.items) or ()
            if not (all_ and data.has_more):
                return found
            request.page_token(getattr(data, "page_token", None) or data.next_page_token)


# -- requests alone --------------------------------------------------------------------------------


class Plain:
    """A short script of requests."""

    name = "requests"

    def __init__(self, places: Places) -> None:
        import requests

        self._session = requests.Session()
        self._domain = places["domain"]
        url = self._domain + "/open-apis/auth/v3/tenant_access_token/internal"
        secret = {name: places[name] for name in ("app_id", "app_secret")}
        token = self._session.post(url, json=secret, timeout=10).json()["tenant_access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def rows(
        self, base: str, table: str, search: Any = None, *, page_size: int = PAGE, all_: bool = True
    ) -> Rows:
        """Return the rows of a search, or of its first page alone."""
        path = f"bitable/v1/apps/{base}/tables/{table}/records/search"
        query = {"page_size": page_size}
        return self._items("POST", path, query, "items", body=search or {}, all_=all_)

    def frame(self, rows: Rows) -> Any:
        """Return the DataFrame that one makes of them."""
        import pandas as pd

        return pd.json_normalize(rows).rename(columns=lambda name: name.removeprefix("fields."))

    def fields_of(self, folder: str) -> int:
        """Return the number of fields in all tables of the bases in a folder."""
        query = {"folder_token": folder, "page_size": 200}
        number = 0
        for file in self._items("GET", "drive/v1/files", query, "files"):
            path = f"bitable/v1/apps/{file['token']}/tables"
            for table in self._items("GET", path, {"page_size": 100}, "items"):
                fields = f"{path}/{table['table_id']}/fields"
                number += len(self._items("GET", fields, {"page_size": 100}, "items"))
        return number

    def _items(
        self,
        method: str,
        path: str,
        query: Any,
        member: str,
        *,
        body: Any = None,
        all_: bool = True,
    ) -> Rows:
        found: Rows = []
        url, query = f"{self._domain}/open-apis/{path}", dict(query)
        while True:
            answer = self._session.request(method, url, params=query, json=body, timeout=10)
            data = answer.json()["data"]
            found += data[member] or ()
            if not (all_ and data["has_more"]):
                return found
            query["page_token"] = data.get("page_token") or data["next_page_token"]


PEERS = (Official, Plain)
