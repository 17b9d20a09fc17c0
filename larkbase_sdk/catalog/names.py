"""References to databases and tables as people write them, and help when one is not found."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, TypeVar

from larkbase_sdk.catalog.catalog import CatalogDatabase, CatalogTable
from larkbase_sdk.errors import ConfigurationError, NotFound
from larkbase_sdk.schema.naming import name_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_SHOWN = 3

Named = TypeVar("Named", CatalogDatabase, CatalogTable)


def pick(listed: Sequence[Named], reference: str) -> Named | None:
    """Return what has this id, else this name, else this SQL name, or None.

    That is how people refer to things in Python; SQL speaks SQL names only (``pick_sql``).
    """
    for item in listed:
        if reference and reference == _id_of(item):
            return item
    for item in listed:
        if reference == item.name:
            return item
    key = name_key(reference)
    same = (item for item in listed if name_key(item.name) == key)
    return pick_sql(listed, reference) or next(same, None)


def pick_sql(listed: Sequence[Named], name: str) -> Named | None:
    """Return what has this SQL name, letter case apart, or None."""
    key = name_key(name)
    return next((item for item in listed if name_key(item.sql_name) == key), None)


def _id_of(item: CatalogDatabase | CatalogTable) -> str:
    return item.table_id if isinstance(item, CatalogTable) else item.base_id


def no_such(kind: str, name: str, where: str, known: Iterable[str]) -> NotFound:
    """Return the error for a name that is not there, with near names.

    Args:
        kind: What was looked for, such as "table".
        name: The name that was given.
        where: Where it was looked for, such as 'in database "CRM"', or "".
        known: The names that exist there.
    """
    names = list(known)
    message = f'No {kind} "{name}"{" " + where if where else ""}.'
    near = difflib.get_close_matches(name.lower(), [item.lower() for item in names], 1)
    parts = []
    if near:
        spelled = next(item for item in names if item.lower() == near[0])
        parts.append(f'did you mean "{spelled}"?')
    if names:
        more = ", …" if len(names) > _SHOWN else ""
        listed = ", ".join(names[:_SHOWN])
        parts.append(f"{kind.capitalize()}s: {listed}{more} ({len(names)})")
    return NotFound(message, hint=" ".join(parts) or None)


def split_reference(text: str) -> Iterator[tuple[str, str]]:
    """Yield the ways to read ``database.table``; quoted parts may hold dots, as in SQL.

    Raises:
        ConfigurationError: when a quote is not closed.
    """
    dots = list(_dots_outside_quotes(text))
    for position in dots:
        yield unquote(text[:position]), unquote(text[position + 1 :])


def _dots_outside_quotes(text: str) -> Iterator[int]:
    quoted = False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == "." and not quoted:
            yield position
    if quoted:
        msg = f"A quote is not closed in {text!r}."
        raise ConfigurationError(msg, hint='Write names with dots as "My base"."My table".')


def unquote(text: str) -> str:
    """Return a name without its double quotes, if it has them."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"')
    return text
