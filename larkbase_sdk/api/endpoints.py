"""Every Lark endpoint that larkbase calls, with its page size and its quota, on one screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from larkbase_sdk.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class RateClass:
    """A documented quota; Lark counts it per endpoint, app and tenant."""

    per_second: float | None
    per_minute: float | None = None


READ = RateClass(20)
WRITE = RateClass(50)
SCHEMA_WRITE = RateClass(10)
BASE_WRITE = RateClass(None, 20)
METAS = RateClass(50, 1000)
WIKI = RateClass(None, 100)
UNSTATED = RateClass(5)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call of Lark's API.

    Attributes:
        name: A short word for counters, hooks and messages.
        method: The HTTP method.
        path: Path template; its members are filled by ``address``.
        rate_class: The documented quota.
        page_size: The largest page Lark allows, or None when nothing is paged.
        repeatable: False for writes, which may have happened although no answer came.
    """

    name: str
    method: str
    path: str
    rate_class: RateClass
    page_size: int | None = None
    repeatable: bool = True

    def address(self, values: Mapping[str, str]) -> str:
        """Return the path with its members filled and escaped.

        Raises:
            NotFound: when an id is empty, or a dot name that would climb in the path; Lark has
                nothing under such an id.
        """
        for name, value in values.items():
            if not value.strip() or value in {".", ".."}:
                msg = f"Lark has nothing under the {name} id {value!r}."
                raise NotFound(msg, hint="Copy the link of the base from the browser.")
        return self.path.format_map({name: quote(value, safe="") for name, value in values.items()})


_BASE = "/open-apis/bitable/v1/apps/{app}"
_TABLE = _BASE + "/tables/{table}"
_DRIVE = "/open-apis/drive"

# fmt: off
TOKEN = Endpoint("token", "POST", "/open-apis/auth/v3/tenant_access_token/internal", UNSTATED)
GET_BASE = Endpoint("base", "GET", _BASE, READ)
LIST_TABLES = Endpoint("tables", "GET", _BASE + "/tables", READ, page_size=100)
LIST_FIELDS = Endpoint("fields", "GET", _TABLE + "/fields", READ, page_size=100)
LIST_VIEWS = Endpoint("views", "GET", _TABLE + "/views", READ, page_size=100)
GET_VIEW = Endpoint("view", "GET", _TABLE + "/views/{view}", READ)
SEARCH_RECORDS = Endpoint("search", "POST", _TABLE + "/records/search", READ, page_size=500)
BATCH_GET = Endpoint("batch_get", "POST", _TABLE + "/records/batch_get", READ, page_size=100)
LIST_FILES = Endpoint("files", "GET", _DRIVE + "/v1/files", READ, page_size=200)
ROOT_FOLDER = Endpoint("root_folder", "GET", _DRIVE + "/explorer/v2/root_folder/meta", UNSTATED)
DRIVE_METAS = Endpoint("metas", "POST", _DRIVE + "/v1/metas/batch_query", METAS, page_size=200)
WIKI_NODE = Endpoint("wiki_node", "GET", "/open-apis/wiki/v2/spaces/get_node", WIKI)
DOWNLOAD_MEDIA = Endpoint("media", "GET", _DRIVE + "/v1/medias/{token}/download", UNSTATED)

CREATE_BASE = Endpoint("create_base", "POST", "/open-apis/bitable/v1/apps", BASE_WRITE,
                       repeatable=False)
CREATE_TABLE = Endpoint("create_table", "POST", _BASE + "/tables", SCHEMA_WRITE, repeatable=False)
CREATE_FIELD = Endpoint("create_field", "POST", _TABLE + "/fields", SCHEMA_WRITE, repeatable=False)
BATCH_CREATE = Endpoint("batch_create", "POST", _TABLE + "/records/batch_create", WRITE,
                        page_size=1000, repeatable=False)
# fmt: on
