"""The access lists: which tables may be seen, by the names they have in SQL."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

from larkbase_sdk.errors import NotFound, SourceSkipped
from larkbase_sdk.schema.naming import name_key

NamePair = tuple[str, str]
"""A schema and a table, or a base id and a table id."""


def split_pairs(text: str) -> tuple[tuple[NamePair, ...], tuple[str, ...]]:
    """Read a comma list of ``left:right`` and return its pairs and the entries left out.

    The first colon of an entry separates, both sides are trimmed, the order is kept and repeated
    pairs count once. Entries without a colon or with an empty side are left out; blank ones, as
    after a trailing comma, are no entries.
    """
    pairs: dict[NamePair, None] = {}
    left_out = []
    for entry in filter(None, map(str.strip, text.split(","))):
        left, _, right = (part.strip() for part in entry.partition(":"))
        if left and right:
            pairs[left, right] = None
        else:
            left_out.append(entry)
    return tuple(pairs), tuple(left_out)


def _keys(pairs: frozenset[NamePair]) -> frozenset[NamePair]:
    return frozenset((name_key(schema), name_key(table)) for schema, table in pairs)


@dataclass(frozen=True, slots=True)
class AccessLists:
    """Two lists of ``(schema, table)``; empty lists hide nothing.

    A schema that the whitelist names shows only the tables named there; every other schema shows
    all. The blacklist hides a table in any case. Letter case is ignored everywhere.

    Attributes:
        whitelist: The only tables of their schemas that may be seen.
        blacklist: Tables that are never seen; it wins over the whitelist.
    """

    whitelist: frozenset[NamePair] = frozenset()
    blacklist: frozenset[NamePair] = frozenset()
    _restricted: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        whitelist = _keys(self.whitelist)
        object.__setattr__(self, "whitelist", whitelist)
        object.__setattr__(self, "blacklist", _keys(self.blacklist))
        object.__setattr__(self, "_restricted", frozenset(schema for schema, _ in whitelist))

    @classmethod
    def parse(cls, whitelist: str = "", blacklist: str = "") -> AccessLists:
        """Read two comma lists of ``schema:table``; a bad entry is left out with a warning.

        Warns:
            SourceSkipped: for every entry that is not ``schema:table``.
        """
        white, bad_white = split_pairs(whitelist)
        black, bad_black = split_pairs(blacklist)
        for entry in bad_white + bad_black:
            text = f"The access list entry {entry!r} was left out: it is not schema:table."
            warnings.warn(text, SourceSkipped, stacklevel=2)
        return cls(frozenset(white), frozenset(black))

    def visible(self, schema: str, table: str) -> bool:
        """Tell whether a table may be seen."""
        schema_key, table_key = name_key(schema), name_key(table)
        if (schema_key, table_key) in self.blacklist:
            return False
        return schema_key not in self._restricted or (schema_key, table_key) in self.whitelist

    def require(self, schema: str, table: str) -> None:
        """Do nothing when a table may be seen.

        Raises:
            NotFound: when it is hidden; its text is that of a table that does not exist.
        """
        if not self.visible(schema, table):
            msg = f"Table not found: {schema}.{table}"
            raise NotFound(msg)
