"""Pages of a list with opaque tokens, which moto does not cut."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def cut_page(
    items: Sequence[Any],
    *,
    scope: Sequence[Any],
    place: Callable[[Any], Any],
    size: int,
    token: str | None,
) -> tuple[list[Any], str | None]:
    """Return one page and the token of the next one, or None after the last.

    A token holds the place of the last item it followed, so a page stays right while items come
    and go.

    Args:
        items: The whole list; it is ordered by ``place`` here.
        scope: What the list is about; a token of another scope is refused.
        place: Gives the sort key of an item, of a type that JSON keeps.
        size: Most items on a page.
        token: Token from the page before, or None for the first page.

    Raises:
        ValueError: The token is none of ours or belongs to another list.
    """
    ordered = sorted(items, key=place)
    if token is not None:
        last = _read_token(token, scope)
        ordered = [item for item in ordered if place(item) > last]
    page = ordered[:size]
    return page, _write_token(scope, place(page[-1])) if len(ordered) > size else None


def _write_token(scope: Sequence[Any], last: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([*scope, last]).encode()).decode()


def _read_token(token: str, scope: Sequence[Any]) -> Any:
    try:
        *found, last = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError, binascii.Error) as error:
        msg = "The token is not one that was handed out."
        raise ValueError(msg) from error
    if found != list(scope):
        msg = "The token belongs to another list."
        raise ValueError(msg)
    return last
