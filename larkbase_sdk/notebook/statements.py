"""Names and texts as SQL and Python write them."""

from __future__ import annotations

from larkbase_sdk.sql.session import quoted


def text_literal(text: str) -> str:
    """Return a text as a SQL constant."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def reference(database: str, table: str) -> str:
    """Return how ``lark.table`` is told a table by name; parts are quoted where they must be."""
    return f"{_part(database)}.{_part(table)}"


def _part(name: str) -> str:
    needs_quotes = "." in name or '"' in name or name != name.strip()
    return quoted(name) if needs_quotes else name
