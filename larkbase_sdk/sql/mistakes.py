"""Errors of DuckDB as errors of the question, which point at the place and name near names."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import QueryError
from larkbase_sdk.read.pointing import error_at
from larkbase_sdk.schema.naming import RECORD_ID, RESERVED_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from larkbase_sdk.schema.table_schema import TableSchema

Known = tuple[str, "TableSchema"]
"""The label of a table and its columns."""

_NO_COLUMN = re.compile(r'does not have a column named "(.+?)"|Referenced column "(.+?)" not found')
_NO_VALUE = re.compile(r"Values were not provided for the following .*?parameters: (.+)")
_UNPREPARED = "Unexpected prepared parameter"
_EXCESS = re.compile(r"excess parameters: (.+)|Expected \d+, got \d+")
_NEAR_TOKEN = re.compile(r'at or near "(.+?)"')
_LONGEST_HINT = 3


def parse_error(error: duckdb.Error, text: str) -> QueryError:
    """Return the error for a text that is no SQL."""
    found = details_of(error)
    message, rest = _message(found)
    token = _NEAR_TOKEN.search(message)
    place = _place(found, text, 0, token[1] if token else "")
    return error_at(text, place, f"The text cannot be read as SQL: {message}", rest)


def query_error(
    error: duckdb.Error, text: str, tables: Sequence[Known], shift: int = 0
) -> QueryError:
    """Return DuckDB's error as one of the question.

    Args:
        error: DuckDB's error.
        text: The statement.
        tables: The tables that it reads.
        shift: Bytes that stood before the text when DuckDB saw it.
    """
    found = details_of(error)
    message, rest = _message(found)
    missing = _missing_column(found)
    if missing:
        place = _place(found, text, shift, missing)
        return _no_column(missing, tables, text, place, rest)
    parameter = _NO_VALUE.search(message)
    if parameter or _UNPREPARED in message:
        return _no_value(parameter[1] if parameter else "", text)
    if _EXCESS.search(message):
        msg = "There are more values than parameters in the statement."
        return QueryError(msg, hint="Each value needs a ? or $name in the statement.")
    token = _NEAR_TOKEN.search(message)
    place = _place(found, text, shift, token[1] if token else "")
    return error_at(text, place, message, rest)


def details_of(error: duckdb.Error) -> dict[str, Any]:
    """Return the members of an error that DuckDB wrote as JSON, or its text as one member."""
    text = str(error)
    start = text.find("{")
    if start >= 0:
        try:
            found = json.loads(text[start:])
        except ValueError:
            found = None
        if isinstance(found, dict) and "exception_message" in found:
            return found
    kind, _, message = text.partition(": ")
    return {"exception_message": message if kind.endswith("Error") else text}


def is_unknown_column(error: duckdb.Error) -> bool:
    """Tell whether the statement names a column that is not there."""
    return bool(_missing_column(details_of(error)))


def _missing_column(found: dict[str, Any]) -> str:
    if found.get("error_subtype") == "COLUMN_NOT_FOUND" and found.get("name"):
        return str(found["name"])
    match = _NO_COLUMN.search(str(found["exception_message"]))
    return next(filter(None, match.groups()), "") if match else ""


def _message(found: dict[str, Any]) -> tuple[str, str | None]:
    """Return the first line, and the next few as a hint."""
    text = str(found["exception_message"]).partition("\nLINE ")[0].strip()
    first, *rest = [line.strip() for line in text.splitlines() if line.strip()] or [text]
    return first, " ".join(rest[:_LONGEST_HINT]) or None


def _no_column(
    name: str, tables: Sequence[Known], text: str, place: int | None, rest: str | None
) -> QueryError:
    labels = " or ".join(label for label, _ in tables)
    message = f'column "{name}" not found' + (f" in {labels}." if labels else ".")
    return error_at(text, place, message, _near_columns(name, tables, text) or rest)


def _near_columns(name: str, tables: Sequence[Known], text: str) -> str | None:
    if name.lower() in RESERVED_COLUMNS:
        return _instead_of_reserved(name)
    near: list[str] = []
    for _, schema in tables:
        try:
            schema.sql_column(name)
        except QueryError as error:
            near += error.context.get("near") or []
    if near:
        names = " or ".join(f'"{one}"' for one in dict.fromkeys(near))
        return f"did you mean {names}?"
    if f'"{name}"' in text:
        return f"Text is written in single quotes: '{name}'."
    return None


def _instead_of_reserved(name: str) -> str:
    if name.lower() == RESERVED_COLUMNS[0]:
        return f'did you mean "{RECORD_ID}"?'
    return f"Only Athena has this column. The id of a record is the column {RECORD_ID}."


def _no_value(names: str, text: str) -> QueryError:
    for reserved in RESERVED_COLUMNS:
        if reserved in text.lower():
            place = text.lower().find(reserved)
            message = f'column "{reserved}" not found.'
            return error_at(text, place, message, _instead_of_reserved(reserved))
    shown = ", ".join(f"${name.strip()}" for name in names.split(",") if name.strip())
    msg = f"There is no value for the parameter {shown or '?'}."
    return QueryError(msg, hint='Pass values: lark.sql(text, [1000]) or lark.sql(text, {"x": 1}).')


def _place(found: dict[str, Any], text: str, shift: int, word: str) -> int | None:
    """Return the place as a count of characters: DuckDB counts bytes, its parser does not always.

    A word that stands there decides which it was.
    """
    position = str(found.get("position", ""))
    if not position.isdecimal():
        return _only_place(text, word)
    offset = int(position) - shift
    encoded = text.encode()
    if not 0 <= offset <= len(encoded):
        return None
    in_bytes = len(encoded[:offset].decode(errors="ignore"))
    if word and not _stands_at(text, in_bytes, word) and _stands_at(text, offset, word):
        return offset
    return in_bytes


def _stands_at(text: str, place: int, word: str) -> bool:
    return text[place : place + len(word) + 1].lower().lstrip('"').startswith(word.lower())


def _only_place(text: str, word: str) -> int | None:
    """Return where a word stands when it stands in one place only."""
    places = [match.start() for match in re.finditer(re.escape(word), text)] if word else []
    return places[0] if len(places) == 1 else None
