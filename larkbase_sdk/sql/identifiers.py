"""Names as SQL writes them."""

from __future__ import annotations

import re
from functools import lru_cache

from larkbase_sdk.sql.session import connect, quoted

_PLAIN = re.compile(r"[^\W\d]\w*")
_NOT_RESERVED = "unreserved"


def identifier(name: str) -> str:
    """Return a SQL name, in double quotes where SQL needs them."""
    plain = _PLAIN.fullmatch(name) is not None and name.lower() not in _reserved()
    return name if plain else quoted(name)


@lru_cache(maxsize=1)
def _reserved() -> frozenset[str]:
    """Return the words that are no names for the SQL engine of this process."""
    with connect() as connection:
        rows = connection.execute(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> ?",
            [_NOT_RESERVED],
        ).fetchall()
    return frozenset(word for (word,) in rows)
