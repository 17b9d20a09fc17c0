"""Lists that come in pages: read to the end, or an error, never cut short in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from larkbase_sdk.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from larkbase_sdk.api.endpoints import Endpoint
    from larkbase_sdk.api.http import Http

T = TypeVar("T")


def list_all(
    http: Http,
    endpoint: Endpoint,
    parse: Callable[[Mapping[str, Any]], T],
    *,
    path: Mapping[str, str] | None = None,
    query: Mapping[str, Any] | None = None,
    items: str = "items",
    token: str = "page_token",  # noqa: S107 (the name of a member, no secret)
) -> list[T]:
    """Return every item of a list, over as many calls as it has pages.

    ``has_more`` alone decides whether there is another page: a page token may come with the last
    one (table page of Lark's documentation). Missing and null items count as none.

    Raises:
        ServiceError: when a page token comes twice, is missing, or an item has no such shape.
        LarkBaseError: as for ``Http.call``.
    """
    found: list[T] = []
    seen: set[str | None] = {None}
    page_token: str | None = None
    while True:
        asked = {**(query or {}), "page_size": endpoint.page_size, "page_token": page_token}
        page = http.call(endpoint, path=path, query=asked)
        found.extend(read_items(endpoint, parse, page.get(items)))
        if not page.get("has_more"):
            return found
        page_token = page.get(token) or None
        if page_token in seen:
            msg = f"Lark's list of {endpoint.name} does not end: a page token came twice or never."
            raise ServiceError(msg, hint="Try again; report it to Lark if it stays.")
        seen.add(page_token)


def read_items(endpoint: Endpoint, parse: Callable[[Mapping[str, Any]], T], items: Any) -> list[T]:
    """Return what ``parse`` makes of each object of a list; none for a missing or null list.

    Raises:
        ServiceError: as for ``read_item``.
    """
    listed: list[Any] = read_item(endpoint, list, items or ())
    return [read_item(endpoint, parse, item) for item in listed]


def read_item(endpoint: Endpoint, parse: Callable[[Any], T], item: Any) -> T:
    """Return what ``parse`` makes of one object of an answer. Makes no call.

    Raises:
        ServiceError: when it is no object, or misses what it must have.
    """
    try:
        return parse(item)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = f"Lark's answer to {endpoint.name} holds what cannot be read: {error!r}."
        raise ServiceError(msg, hint="Try again, or with a newer larkbase.") from None
