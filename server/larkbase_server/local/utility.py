"""SHOW and DESCRIBE: what there is, answered from the lists and descriptions of connectors."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from larkbase_sdk.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from larkbase_server.local.federation_client import FederationClient

_NAME = r'(?:`[^`]*`|"(?:[^"]|"")*"|[^\s."`\';]+)'
_PATH = rf"{_NAME}(?:\s*\.\s*{_NAME}){{0,2}}"
_LIKE = r"(?:\s+(?:LIKE\s+)?'(?P<like>(?:[^']|'')*)')?"
_END = r"\s*;?\s*"
_FORMS = {
    "schemas": rf"SHOW\s+(?:DATABASES|SCHEMAS)(?:\s+(?:IN|FROM)\s+(?P<path>{_PATH}))?{_LIKE}",
    "tables": rf"SHOW\s+TABLES(?:\s+(?:IN|FROM)\s+(?P<path>{_PATH}))?{_LIKE}",
    "columns": rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+(?P<path>{_PATH})",
    "describe": rf"DESC(?:RIBE)?\s+(?:(?:EXTENDED|FORMATTED)\s+)?(?P<path>{_PATH})",
}
_PATTERNS = {
    kind: re.compile(rf"\s*{form}{_END}", re.IGNORECASE | re.DOTALL)
    for kind, form in _FORMS.items()
}
_LONGEST = {"schemas": 1, "tables": 2, "columns": 3, "describe": 3}
_FIRST_WORD = re.compile(r"\s*(show|desc|describe)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Utility:
    """A statement that asks what there is.

    Attributes:
        kind: ``schemas``, ``tables``, ``columns`` or ``describe``.
        catalog: The catalogue that it is about.
        schema: The database, when it is about one.
        table: The table, when it is about one.
        like: Pattern of the names wanted, with ``*`` and ``|``; None for all.
    """

    kind: str
    catalog: str
    schema: str = ""
    table: str = ""
    like: str | None = None

    def answer(self, client: FederationClient) -> pa.Table:
        """Return the rows; asks the connector as Athena does.

        Raises:
            LarkBaseError: what the connector reports.
        """
        makers: dict[str, Callable[[FederationClient], pa.Table]] = {
            "schemas": self._schemas,
            "tables": self._tables,
            "columns": self._columns,
            "describe": self._describe,
        }
        return makers[self.kind](client)

    def _schemas(self, client: FederationClient) -> pa.Table:
        return _table(database_name=self._matching(client.schemas()))

    def _tables(self, client: FederationClient) -> pa.Table:
        found = client.tables(self.schema)
        return _table(tab_name=self._matching([item.table_name for item in found.tables]))

    def _columns(self, client: FederationClient) -> pa.Table:
        return _table(field=list(self._schema(client).names))

    def _describe(self, client: FederationClient) -> pa.Table:
        from larkbase_server.local.engine_types import athena_type

        schema = self._schema(client)
        comments = [(item.metadata or {}).get(b"comment", b"").decode() for item in schema]
        return _table(
            col_name=list(schema.names),
            data_type=[athena_type(item.type) for item in schema],
            comment=comments,
        )

    def _schema(self, client: FederationClient) -> pa.Schema:
        from larkbase_server.protocol.identity import TableName

        return client.table(TableName(self.schema, self.table)).schema

    def _matching(self, names: Sequence[str]) -> list[str]:
        if self.like is None:
            return list(names)
        patterns = [part.strip().replace("%", "*") for part in self.like.lower().split("|")]
        return [name for name in names if any(fnmatch.fnmatchcase(name, part) for part in patterns)]


def parse_utility(sql: str, catalog: str, database: str) -> Utility | None:
    """Return the statement that a text is; None when it begins like none of this kind.

    Args:
        sql: The text.
        catalog: Catalogue of names without one.
        database: Database of names without one.

    Raises:
        QueryError: it begins like one, but cannot be read.
    """
    if not _FIRST_WORD.match(sql):
        return None
    for kind, pattern in _PATTERNS.items():
        found = pattern.fullmatch(sql)
        if found is None:
            continue
        names = [_unquoted(name) for name in re.findall(_NAME, found["path"] or "")]
        if len(names) <= _LONGEST[kind]:
            like = found.groupdict().get("like")
            return _utility(kind, names, (catalog, database), like)
    msg = "The statement cannot be read."
    hint = (
        "SHOW DATABASES [IN catalog], SHOW TABLES [IN database], SHOW COLUMNS FROM table, "
        "DESCRIBE table; LIKE 'pattern' filters names."
    )
    raise QueryError(msg, hint=hint)


def _utility(kind: str, names: list[str], defaults: tuple[str, str], like: str | None) -> Utility:
    catalog, database = defaults
    if kind == "schemas":
        return Utility(kind, names[0] if names else catalog, like=like)
    if kind == "tables":
        names = names or [database]
        place = names[0] if len(names) > 1 else catalog
        return Utility(kind, place, names[-1].lower(), like=like)
    *before, table = names
    schema = before[-1] if before else database
    place = before[0] if len(before) > 1 else catalog
    return Utility(kind, place, schema.lower(), table.lower())


def _unquoted(name: str) -> str:
    if name[:1] == name[-1:] and name[:1] in ('"', "`"):
        return name[1:-1].replace('""', '"')
    return name


def _table(**columns: list[str]) -> pa.Table:
    import pyarrow as pa

    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
