"""The manifest: what a snapshot holds, and when, how and from which state each table was read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from larkbase_sdk._version import __version__
from larkbase_sdk.errors import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FORMAT = 1
"""Version of the files; a reader refuses a higher one."""

NAME = "manifest.json"

_NOTE = (
    "Each table was read at its own time, as stated with it, while the base may have been edited. "
    "The tables are no picture of one moment."
)
_DAMAGED = "Take the snapshot again; what is whole in it is kept."

How = Literal["read", "kept", "refreshed"]


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A table of a snapshot.

    Attributes:
        name: Lark's name of the table.
        sql_name: Its name in SQL.
        base_id: Token of its base.
        table_id: Id of the table.
        url: A link that opens it in Lark, or "".
        file: Name of its two files, without the endings ``.parquet`` and ``.json``.
        rows: Number of its rows.
        bytes: Size of the Parquet file.
        sha256: Digest of the Parquet file.
        schema_sha256: Digest of the schema file.
        revision: Lark's revision of the table before it was read; 0 when unknown.
        modified: When the base was changed last before that (seconds since 1970); 0 when unknown.
        where: The condition that its rows fulfil, or None for all rows.
        how: ``read`` in full; ``kept`` from the snapshot before, because it stood still; or
            ``refreshed``: the rows changed since then were read, the others kept.
        why: The reason for that, in words.
        read_from: When the last reading of rows began (ISO 8601, UTC).
        read_to: When it ended.
        checked_at: When it was last made sure that the rows are those of the table.
        server_time: When that reading began by the clock of the service (seconds since 1970).
        full_read_at: When all rows were last read.
        identity: Who read it, such as ``app cli_a1b…``.
        doubtful: Whether rows may be missing: the table changed while it was read, or no row came
            although advanced permissions are on.
        calls: Calls that it cost this time.
        added: Rows that came new with a refresh.
        changed: Rows that a refresh found changed.
        removed: Rows that a refresh found gone.
        linked: Revisions of the tables that its links point to, before it was read.
    """

    name: str
    sql_name: str
    base_id: str
    table_id: str
    url: str
    file: str
    rows: int
    bytes: int
    sha256: str
    schema_sha256: str
    revision: int
    modified: int
    where: str | None
    how: How
    why: str
    read_from: str
    read_to: str
    checked_at: str
    server_time: float
    full_read_at: str
    identity: str
    doubtful: bool = False
    calls: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    linked: Mapping[str, int] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> tuple[str, str]:
        """The ids by which the table is the same in another snapshot of its base."""
        return self.base_id, self.table_id


@dataclass(frozen=True, slots=True)
class BaseEntry:
    """What was known of a base: see ``larkbase_sdk.api.models.BaseInfo``."""

    base_id: str
    name: str
    time_zone: str = ""
    is_advanced: bool = False
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """A snapshot in words.

    Attributes:
        database: Name of the database.
        sql_name: Its name in SQL.
        base_id: Token of its base; "" when its tables lie in several bases.
        url: A link that opens it in Lark, or "".
        domain: The service that was asked, such as ``larksuite.com``.
        identity: Who read, such as ``app cli_a1b…``.
        written_at: When the snapshot became visible (ISO 8601, UTC).
        tables: Its tables, in Lark's order.
        bases: What was known of their bases.
        sdk: Version of this library that wrote it.
    """

    database: str
    sql_name: str
    base_id: str
    url: str
    domain: str
    identity: str
    written_at: str
    tables: tuple[TableEntry, ...]
    bases: tuple[BaseEntry, ...] = ()
    sdk: str = __version__

    def to_json(self) -> str:
        """Return the text of the file."""
        head = {"format": FORMAT, "note": _NOTE}
        return json.dumps(head | asdict(self), ensure_ascii=False, indent=1) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a snapshot folder.

    Raises:
        SnapshotError: when there is none, it is damaged, or a newer version wrote it.
    """
    data = read_object(folder / NAME)
    try:
        known = _known(Manifest, data)
        known["tables"] = tuple(table_entry(item) for item in known["tables"])
        known["bases"] = tuple(BaseEntry(**_known(BaseEntry, item)) for item in known["bases"])
        return Manifest(**known)
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise damaged(folder / NAME, "it lacks what a manifest holds") from error


def table_entry(data: Any) -> TableEntry:
    """Return a table entry from its JSON.

    Raises:
        TypeError: when members are missing.
        ValueError: when a member is of another kind.
    """
    entry = TableEntry(**_known(TableEntry, data))
    if not _is_file_name(entry.file):
        msg = "no table entry"
        raise ValueError(msg)
    return entry


def _is_file_name(text: Any) -> bool:
    """Tell whether a name stays inside its folder: a manifest may come from anywhere."""
    return isinstance(text, str) and bool(text) and not set(text) & set("/\\:\0") and text[0] != "."


_Record = TypeVar("_Record")


def _known(kind: type[_Record], data: Any) -> dict[str, Any]:
    """Return the members that this version knows; later ones of the same format are ignored.

    Raises:
        TypeError: when a member is of another kind.
    """
    kinds = {item.name: item.type for item in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    known = {name: value for name, value in data.items() if name in kinds}
    for name, value in known.items():
        if not _IS_KIND[str(kinds[name])](value):
            raise TypeError(name)
    return known


def _is_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(type(number) is int for number in value.values())


_IS_KIND: Mapping[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "str | None": lambda value: value is None or isinstance(value, str),
    "How": lambda value: isinstance(value, str),
    "int": lambda value: type(value) is int,
    "float": lambda value: type(value) in (int, float),
    "bool": lambda value: isinstance(value, bool),
    "Mapping[str, int]": _is_counts,
    "tuple[TableEntry, ...]": lambda value: isinstance(value, list),
    "tuple[BaseEntry, ...]": lambda value: isinstance(value, list),
}
"""Whether a value of JSON is of the kind that a member is declared as."""


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON file of a snapshot and check the version of its format.

    Raises:
        SnapshotError: when it is not there, damaged, or written by a newer version.
    """
    try:
        data: Any = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise damaged(path, "it is missing") from error
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, "it cannot be read as JSON") from error
    if not isinstance(data, dict) or not isinstance(version := data.get("format"), int):
        raise damaged(path, "it names no format")
    if version > FORMAT:
        msg = f"{path} has format {version}, and this version reads up to {FORMAT}."
        hint = "A newer larkbase-sdk wrote it: pip install --upgrade larkbase-sdk."
        raise SnapshotError(msg, hint=hint)
    return data


def damaged(path: Path, why: str) -> SnapshotError:
    """Return the error about a file that is not as it was written."""
    return SnapshotError(f"The snapshot file {path} is damaged: {why}.", hint=_DAMAGED)
