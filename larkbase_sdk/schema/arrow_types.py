"""Arrow types from the type text of the Glue Data Catalog (Hive's notation)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    import pyarrow as pa

    from larkbase_sdk.options import NumberType

_SIMPLE = {
    "tinyint": "int8",
    "smallint": "int16",
    "int": "int32",
    "integer": "int32",
    "bigint": "int64",
    "long": "int64",
    "float": "float32",
    "real": "float32",
    "double": "float64",
    "boolean": "bool_",
    "bool": "bool_",
    "string": "string",
    "varchar": "string",
    "char": "string",
    "binary": "binary",
    "date": "date32",
}
_LISTS = frozenset({"array", "list", "set"})
_TIMES = frozenset({"timestamp", "timestamptz"})
_WORD = re.compile(r"[a-z]+", re.IGNORECASE)
_ARGUMENTS = re.compile(r"\((\d+(?:,\d+)*)\)")
_MEMBER = re.compile(r"((?:\\.|[^:\\])+):")
_ESCAPE = re.compile(r"\\(.)")
_SAME_AS_DECIMAL = frozenset({"decimal", "decimal(38,18)", "double"})
_PRECISION = 38
_SCALE = 18


def plain_type(glue_text: str) -> str:
    """Return a type text without blanks and in lower case, fit for comparing."""
    return "".join(glue_text.split()).lower()


def element_type(glue_text: str) -> str | None:
    """Return the ``T`` of ``array<T>``; None when the text is no array."""
    text = "".join(glue_text.split())
    if text.lower().startswith("array<") and text.endswith(">"):
        return text[len("array<") : -1]
    return None


def is_declared_as(glue_text: str, natural: str) -> bool:
    """Whether a declared type text holds the values of a natural one of the table of types."""
    declared = plain_type(glue_text)
    return declared == natural or (natural == "decimal" and declared in _SAME_AS_DECIMAL)


@lru_cache(maxsize=1024)
def arrow_type(glue_text: str, number_type: NumberType = "double") -> pa.DataType:
    """Return the Arrow type of a Glue or Hive type text, nested ones included.

    A bare ``decimal`` is float64, or decimal128(38, 18) when ``number_type`` is ``decimal``; with
    a precision of its own it is that decimal. ``timestamp`` is timestamp[ms, UTC]. Letter case
    and blanks do not matter; members of structs keep their letter case.

    Raises:
        ConfigurationError: the text is no type that can be read.
    """
    parser = _Parser("".join(glue_text.split()), number_type)
    try:
        return parser.parse()
    except (ValueError, RecursionError) as error:
        msg = f"The column type {glue_text!r} cannot be read."
        raise ConfigurationError(
            msg, hint="Expected a Hive type, such as string, decimal(10,2) or array<string>."
        ) from error


class _Parser:
    """A reader of one type text that moves from left to right; ValueError where it stops."""

    def __init__(self, text: str, number_type: NumberType) -> None:
        import pyarrow as pa

        self._pa: Any = pa
        self._text = text
        self._at = 0
        self._number_type = number_type

    def parse(self) -> pa.DataType:
        result = self._type()
        if self._at != len(self._text):
            raise ValueError(self._at)
        return result

    def _type(self) -> pa.DataType:
        word = self._match(_WORD)[0].lower()
        if word in _LISTS:
            return self._enclosed(lambda: self._pa.list_(self._type()))
        if word == "map":
            return self._enclosed(self._map)
        if word == "struct":
            return self._enclosed(lambda: self._pa.struct(self._members()))
        arguments = self._arguments()
        if word == "decimal":
            return self._decimal(arguments)
        if word in _TIMES:
            return self._pa.timestamp("ms", tz="UTC")
        if word not in _SIMPLE:
            raise ValueError(word)
        return getattr(self._pa, _SIMPLE[word])()

    def _enclosed(self, inner: Any) -> pa.DataType:
        self._expect("<")
        result = inner()
        self._expect(">")
        return result

    def _map(self) -> pa.DataType:
        key = self._type()
        self._expect(",")
        return self._pa.map_(key, self._type())

    def _members(self) -> list[tuple[str, pa.DataType]]:
        members = [self._member()]
        while self._text.startswith(",", self._at):
            self._at += 1
            members.append(self._member())
        return members

    def _member(self) -> tuple[str, pa.DataType]:
        name = _ESCAPE.sub(r"\1", self._match(_MEMBER)[1])
        return name, self._type()

    def _decimal(self, arguments: list[int]) -> pa.DataType:
        if not arguments:
            if self._number_type == "double":
                return self._pa.float64()
            arguments = [_PRECISION, _SCALE]
        precision, scale = (*arguments, 0)[:2]
        if not 0 < precision <= _PRECISION or scale > precision:
            raise ValueError(arguments)
        return self._pa.decimal128(precision, scale)

    def _arguments(self) -> list[int]:
        match = _ARGUMENTS.match(self._text, self._at)
        if match is None:
            return []
        self._at = match.end()
        return [int(part) for part in match[1].split(",")]

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(self._at)
        self._at = match.end()
        return match

    def _expect(self, sign: str) -> None:
        if not self._text.startswith(sign, self._at):
            raise ValueError(self._at)
        self._at += 1
