"""Tables that an SQL text refers to, in the spelling of the text; nothing else of it counts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from larkbase_sdk.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
      (?P<nothing> \s+ | --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<text>    '(?:[^']|'')*(?:'|\Z) )
    | (?P<quoted>  "(?:[^"]|"")*(?:"|\Z) | `(?:[^`]|``)*(?:`|\Z) )
    | (?P<word>    \w[\w$@]* )
    | (?P<sign>    . )
    """,
    re.VERBOSE | re.DOTALL,
)

_SIGN = "sign"

_PARSED = frozenset({"SELECT", "WITH", "INSERT", "CREATE", "DELETE", "MERGE", "UPDATE", "TABLE"})
"""First words of the statements that are given to the parser."""

_BEFORE_TABLES = frozenset({"JOIN", "INTO", "UPDATE", "TABLE"})
_FURTHER = {
    "SHOW": frozenset({"IN", "FOR", "PARTITIONS", "TBLPROPERTIES"}),
    "MERGE": frozenset({"USING"}),
}
"""Words that stand before tables in statements with that first word."""

_LEADING = frozenset({"DESCRIBE", "DESC", "ANALYZE"})
_PASSED_OVER = frozenset({"IF", "NOT", "EXISTS", "LATERAL", "EXTENDED", "FORMATTED"})
_ENDS_FROM = frozenset(
    {"SELECT", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "FETCH"}
    | {"UNION", "INTERSECT", "EXCEPT", "WINDOW", "SET"}
)


class TableReference(NamedTuple):
    """A table as an SQL text spells it; the database is empty where the text names none."""

    database: str
    table: str


def spelling(
    sql: str, database: str, table: str, default_database: str = ""
) -> TableReference | None:
    """Return how a query spells a table whose names are known in lower case only.

    Only references to tables count: not literals, comments, aliases, columns, or names of
    common table expressions.

    Args:
        sql: Text of the query.
        database: Name of the database, in any letter case.
        table: Name of the table, in any letter case.
        default_database: Database of references that name none, as the query was started in it.

    Raises:
        QueryError: the query spells it in two ways.
    """
    wanted = (database.lower(), table.lower())
    text = sql.lower()
    if wanted[1] not in text or wanted[0] not in text + default_database.lower():
        return None
    found = {
        reference._replace(database=reference.database or default_database)
        for reference in table_references(sql)
    }
    same = sorted(item for item in found if tuple(part.lower() for part in item) == wanted)
    if len(same) > 1:
        shown = " and ".join(".".join(item) for item in same)
        msg = f"The query spells one table in different ways: {shown}."
        raise QueryError(msg, hint="Ids are case-sensitive: write each as Lark gives it.")
    return same[0] if same else None


def table_references(sql: str) -> list[TableReference]:
    """Return the tables that an SQL text of Athena refers to, in their spelling there.

    The text is parsed. What the parser does not know, such as ``SHOW … IN``, ``UNLOAD``,
    ``EXPLAIN`` or ``USING EXTERNAL FUNCTION``, is scanned for the places where tables stand.
    """
    first = next((token.keyword for token in _tokens(sql) if token.text != "("), "")
    found = _parsed(sql) if first in _PARSED else None
    return _scanned(sql) if found is None else found


def _parsed(sql: str) -> list[TableReference] | None:
    """Return the references that a parser finds, or None when it does not know the statement."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        # Without context, because the parser would log parts of a text that it does not know.
        trees = sqlglot.parse(sql, dialect="athena", error_message_context=0)
    except (SqlglotError, RecursionError):
        return None
    known = [tree for tree in trees if tree is not None]
    if any(tree.find(exp.Command) for tree in known):
        return None
    common = {item.alias.lower() for tree in known for item in tree.find_all(exp.CTE)}
    return [
        TableReference(table.db, table.name)
        for tree in known
        for table in tree.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier) and (table.db or table.name.lower() not in common)
    ]


@dataclass(slots=True)
class _Frame:
    """What is known between two brackets.

    Attributes:
        selects: Whether a ``SELECT`` stands here, so that ``FROM`` is followed by tables and is
            not a part of a function, as in ``extract(day FROM x)``.
        in_from: Whether a comma separates tables.
        expects: Whether a table comes next.
    """

    selects: bool = False
    in_from: bool = False
    expects: bool = False


class _Token(NamedTuple):
    kind: str
    text: str

    @property
    def is_name(self) -> bool:
        return self.kind in ("word", "quoted")

    @property
    def keyword(self) -> str:
        return self.text.upper() if self.kind == "word" else ""

    @property
    def name(self) -> str:
        if self.kind == "word":
            return self.text
        quote = self.text[0]
        return self.text.strip(quote).replace(quote * 2, quote)


@dataclass(slots=True)
class _Scan:
    """One walk over the tokens of a statement."""

    tokens: list[_Token]
    frames: list[_Frame] = field(default_factory=lambda: [_Frame(selects=True)])
    found: list[TableReference] = field(default_factory=list)
    common: set[str] = field(default_factory=set)

    def run(self) -> list[TableReference]:
        """Return the references, without the names of common table expressions."""
        place = 0
        while place < len(self.tokens):
            token = self.tokens[place]
            if token.kind == _SIGN:
                self._sign(token.text)
                place += 1
            elif token.is_name and not self._keyword(token.keyword, place):
                place = self._name(place)
            else:
                place += 1
        if self.tokens and self.tokens[0].keyword == "SHOW":
            return _joined(self.found)
        return [
            item for item in self.found if item.database or item.table.lower() not in self.common
        ]

    def _sign(self, sign: str) -> None:
        frame = self.frames[-1]
        if sign == "(":
            self.frames.append(_Frame(in_from=frame.expects, expects=frame.expects))
            frame.expects = False
        elif sign == ")" and len(self.frames) > 1:
            self.frames.pop()
        elif sign == ",":
            frame.expects = frame.in_from

    def _keyword(self, word: str, place: int) -> bool:
        """Take a keyword that decides whether tables follow; False for anything else."""
        frame = self.frames[-1]
        if word in _ENDS_FROM:
            frame.selects = frame.selects or word == "SELECT"
            frame.in_from = frame.expects = False
        elif word == "FROM":
            before = self.tokens[place - 1].keyword if place else ""
            frame.in_from = frame.expects = frame.selects and before != "DISTINCT"
        elif word in _BEFORE_TABLES or self._is_leading(word, place):
            frame.in_from = frame.in_from or word == "JOIN"
            frame.expects = True
        else:
            return frame.expects and word in _PASSED_OVER
        return True

    def _is_leading(self, word: str, place: int) -> bool:
        first = self.tokens[0].keyword
        return (word in _LEADING and place == 0) or word in _FURTHER.get(first, ())

    def _name(self, place: int) -> int:
        """Take a dotted name, and return the place behind it."""
        parts = [self.tokens[place].name]
        while self._text(place + 1) == "." and self._is_name(place + 2):
            place += 2
            parts.append(self.tokens[place].name)
        after = self._text(place + 1)
        frame = self.frames[-1]
        if frame.expects and after != "(":
            database = parts[-2] if len(parts) > 1 else ""
            self.found.append(TableReference(database, parts[-1]))
        if len(parts) == 1 and after.upper() == "AS" and self._text(place + 2) == "(":
            self.common.add(parts[0].lower())
        frame.expects = False
        return place + 1

    def _text(self, place: int) -> str:
        return self.tokens[place].text if place < len(self.tokens) else ""

    def _is_name(self, place: int) -> bool:
        return place < len(self.tokens) and self.tokens[place].is_name


def _joined(found: list[TableReference]) -> list[TableReference]:
    """Read ``SHOW COLUMNS FROM table IN database``, which names the two apart."""
    if [item.database for item in found] == ["", ""]:
        return [TableReference(found[1].table, found[0].table)]
    return found


def _scanned(sql: str) -> list[TableReference]:
    statements: list[list[_Token]] = [[]]
    for token in _tokens(sql):
        if token == (_SIGN, ";"):
            statements.append([])
        else:
            statements[-1].append(token)
    return [item for statement in statements for item in _Scan(statement).run()]


def _tokens(sql: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(sql):
        kind = str(match.lastgroup)
        if kind != "nothing":
            yield _Token(kind, match[0])
