"""Texts of the crawl's report."""

from __future__ import annotations


def one_line(text: object) -> str:
    """Return a text, or the text of an error with its code, log id and hint, on one line."""
    return " ".join(part.strip() for part in str(text).splitlines())
