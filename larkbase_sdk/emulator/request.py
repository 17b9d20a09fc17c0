"""One request as the handlers see it, and the checks that many of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from larkbase_sdk.emulator.answers import ApiError, invalid_field, wrong_type
from larkbase_sdk.emulator.people import ID_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from larkbase_sdk.emulator.base import EmulatedBase
    from larkbase_sdk.emulator.switches import Switches
    from larkbase_sdk.emulator.table import EmulatedTable
    from larkbase_sdk.emulator.tenant import Tenant

T = TypeVar("T")

_LONGEST_IDS = {"app_token": 100, "table_id": 50}


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request after authentication.

    Attributes:
        endpoint: Short word of the endpoint.
        path: Parameters of the path.
        query: Query parameters, every value.
        raw_body: The body's bytes.
        headers: Header values by lower-case name.
    """

    tenant: Tenant
    endpoint: str
    path: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    raw_body: bytes
    headers: Mapping[str, str]

    @property
    def switches(self) -> Switches:
        """The switches in force."""
        return self.tenant.switches

    def param(self, name: str, default: str = "") -> str:
        """Return the last value of a query parameter."""
        values = self.params(name)
        return values[-1] if values else default

    def params(self, name: str) -> list[str]:
        """Return every value of a query parameter."""
        return [value for key, value in self.query if key == name]

    def body(self) -> dict[str, Any]:
        """Return the JSON object of the body; an empty body is an empty object.

        Raises:
            ApiError: 1254000 when the body is no JSON, 1254001 when it is no object.
        """
        if not self.raw_body.strip():
            return {}
        try:
            parsed = orjson.loads(self.raw_body)
        except orjson.JSONDecodeError:
            raise ApiError(1254000) from None
        if not isinstance(parsed, dict):
            raise ApiError(1254001)
        return parsed

    def base(self) -> EmulatedBase:
        """Return the base that the path names.

        Raises:
            ApiError: 91402 for a wiki node token, 91403 without access, 99992402 for a text that
                is too long for one, else 1254040.
        """
        token = self._id("app_token")
        found = self.tenant.bases.get(token)
        if found is not None:
            if not found.shared:
                raise ApiError(91403)
            return found
        if token in self.tenant.drive.nodes:
            raise ApiError(self.switches.wiki_token_code)
        raise ApiError(self.switches.unknown_base_code)

    def table(self) -> EmulatedTable:
        """Return the table that the path names.

        Raises:
            ApiError: 1254041 when the base has no such table, 99992402 for a text that is too
                long for one.
        """
        wanted = self._id("table_id")
        for table in self.base().tables:
            if table.table_id == wanted:
                return table
        raise ApiError(1254041)

    def _id(self, name: str) -> str:
        value, longest = self.path[name], _LONGEST_IDS[name]
        if len(value) > longest:
            raise invalid_field(member=name, why=f"the max len is {longest}")
        return value

    def user_id_type(self, value: str | None = None) -> str:
        """Return the kind of person ids asked for.

        Raises:
            ApiError: 99992402 for an unknown kind.
        """
        wanted = value or self.param("user_id_type") or "open_id"
        if wanted not in ID_TYPES:
            raise invalid_field(
                member="user_id_type", why=f"must be one of [{', '.join(ID_TYPES)}]"
            )
        return wanted

    def page_size(self, text: str, default: int, maximum: int, *, above: str) -> int:
        """Return the page size that a parameter asks for.

        Raises:
            ApiError: 1254011 for a size below 1, 99992402 for no number or one above the maximum.
        """
        if not text:
            return default
        try:
            size = int(text)
        except ValueError:
            raise invalid_field(member="page_size", why="must be an integer") from None
        if size <= 0:
            raise ApiError(1254011)
        if size > maximum:
            if above == "refuse":
                raise invalid_field(member="page_size", why=f"the max value is {maximum}")
            return maximum
        return size

    def list_page(self, items: Sequence[T], ids: Sequence[str]) -> tuple[list[T], dict[str, Any]]:
        """Return the asked page of a list and its paging members; the token is the last id.

        Raises:
            ApiError: 1254002 for a token that is no id of the list.
        """
        above = self.switches.list_page_size_above_max
        size = self.page_size(self.param("page_size"), 20, 100, above=above)
        token = self.param("page_token")
        if token and token not in ids:
            raise ApiError(1254002)
        start = ids.index(token) + 1 if token else 0
        page = list(items[start : start + size])
        paging: dict[str, Any] = {"has_more": start + size < len(items), "total": len(items)}
        if page:
            # Present on the last page too, as the documented example shows.
            paging["page_token"] = ids[start + len(page) - 1]
        return page, paging


def text_member(body: Mapping[str, Any], name: str, default: str = "") -> str:
    """Return a text member of a body.

    Raises:
        ApiError: 9499 for another JSON type.
    """
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise wrong_type(member=name, value=value)
    return value


def list_member(body: Mapping[str, Any], name: str, maximum: int) -> list[Any]:
    """Return a list member of a body; a missing one is empty.

    Raises:
        ApiError: 9499 for another JSON type, 99992402 when it is too long.
    """
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong_type(member=name, value=value)
    if len(value) > maximum:
        raise invalid_field(member=name, why=f"the max len is {maximum}")
    return value
