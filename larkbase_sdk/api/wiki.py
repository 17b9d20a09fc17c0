"""The wiki call: from a node to the object that it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.api.endpoints import WIKI_NODE
from larkbase_sdk.api.models import WikiNode
from larkbase_sdk.api.paging import read_item

if TYPE_CHECKING:
    from larkbase_sdk.api.http import Http


class Wiki:
    """Wiki v2; raises what ``Http.call`` raises."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def node(self, token: str) -> WikiNode:
        """Return a node: one call. When its ``obj_type`` is ``bitable``, it shows a base."""
        data = self._http.call(WIKI_NODE, query={"token": token, "obj_type": "wiki"})
        return read_item(WIKI_NODE, WikiNode.parse, data.get("node"))
