"""SQL names of databases, tables and columns, made from Lark's own names."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from larkbase_sdk.options import NameStyle

RECORD_ID = "record_id"
"""The first column of every table outside Athena: the id of the record."""

RESERVED_COLUMNS = ("$reserved_record_id", "$reserved_table_id", "$reserved_base_id")
"""Columns that the Athena connector adds after the others, in this order."""

SPLIT_KEY = "$reserved_split_key"
"""A number field that a user may add so that a table is read in parallel; an ordinary column."""

MAX_NAME_LENGTH = 255
"""The longest name the Glue Data Catalog takes, in bytes of UTF-8."""

_ASCII = frozenset("abcdefghijklmnopqrstuvwxyz0123456789$")
_MARKS = frozenset({"Mn", "Mc"})


def sql_name(text: str, style: NameStyle = "unicode") -> str:
    """Return the SQL name of a Lark name; empty only for an empty text.

    The text is lower-cased without regard to the language of this machine; then each character
    that is kept stays and each other one becomes one underscore. Style ``ascii`` keeps a to z,
    0 to 9 and ``$``; style ``unicode`` also keeps the letters and digits of every script.
    """
    if style == "ascii":
        return "".join(char if char in _ASCII else "_" for char in text.lower())
    return _unicode_name(text)


def name_key(name: str) -> str:
    """Return what two SQL names have in common when SQL takes them for the same name."""
    return unicodedata.normalize("NFC", name.lower())


def unique_names(
    items: Iterable[tuple[str, str]],
    style: NameStyle = "unicode",
    reserved: Iterable[str] = (),
) -> list[str | None]:
    """Return one SQL name for each (name, id), all different; None where the name is empty.

    The first owner of a name keeps it, a later one gets ``_`` and its id in SQL form. A name
    thus depends only on the items before it. Names too long for Glue are cut and carry their id.

    Args:
        items: Lark names with the ids that tell equal ones apart, in Lark's order.
        style: See ``sql_name``.
        reserved: SQL names that nobody may take.
    """
    taken = {name_key(name) for name in reserved}
    result: list[str | None] = []
    for text, item_id in items:
        name = _free_name(text, item_id, style, taken) if text else None
        if name is not None:
            taken.add(name)
        result.append(name)
    return result


def _free_name(text: str, item_id: str, style: NameStyle, taken: set[str]) -> str:
    base = sql_name(text, style)
    suffix = "_" + sql_name(item_id, style)
    name = base if _length(base) <= MAX_NAME_LENGTH else _suffixed(base, suffix)
    count = 1
    while name in taken:
        name = _suffixed(base, suffix if count == 1 else f"{suffix}_{count}")
        count += 1
    return name


def _suffixed(base: str, suffix: str) -> str:
    room = MAX_NAME_LENGTH - _length(suffix)
    while _length(base) > room:
        base = base[: min(len(base) - 1, room)]
    return base + suffix


def _length(name: str) -> int:
    return len(name.encode())


def _unicode_name(text: str) -> str:
    kept = ""
    follows_letter = False
    for char in name_key(text):
        follows_letter = _is_kept(char, follows_letter)
        kept += char if follows_letter or char == "$" else "_"
    return kept


def _is_kept(char: str, follows_letter: bool) -> bool:
    if char.isascii():
        return char.isalnum()
    category = unicodedata.category(char)
    if category in _MARKS:
        return follows_letter and not _is_variation_selector(char)
    return category[0] in "LN"


def _is_variation_selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
