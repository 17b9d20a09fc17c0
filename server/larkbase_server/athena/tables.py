"""A table as Athena sees it, and where the core finds the values of its columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from larkbase_sdk.errors import QueryError
from larkbase_sdk.schema.naming import RECORD_ID, RESERVED_COLUMNS, name_key
from larkbase_server.protocol.wire_batches import wire_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from larkbase_sdk.schema.table_schema import Column, TableSchema

_RESERVED_METADATA = {"comment": "Reserved column from Lark Base Connector"}


_DELETED = (
    "Was its field deleted? Run the query again; other processes may remember the field for "
    "LARK_METADATA_TTL seconds."
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the values of one of Athena's columns come from.

    Attributes:
        name: SQL name of the core's column, or ``record_id``; "" when there is none.
        constant: The text of every row when there is no such column; None for NULL.
    """

    name: str = ""
    constant: str | None = None


@dataclass(frozen=True, slots=True)
class AthenaTable:
    """A table under the names and types of the wire.

    The core calls the record id ``record_id`` and takes a dot for the member of a structure, so
    that a column of such a name goes by another one there.

    Attributes:
        schema: What the core reads: the columns that stand for a Lark field, each field once.
        wire: The columns as Athena sees them, the reserved ones last.
        origins: Where the values come from, by Athena's name.
        unreadable: Columns that have no origin, with the reason.
    """

    schema: TableSchema
    wire: pa.Schema
    origins: Mapping[str, Origin]
    unreadable: Mapping[str, str]

    def origin(self, name: str) -> Origin:
        """Return where the values of a column come from.

        Raises:
            QueryError: when the table has no such column, or it cannot be read.
        """
        key = name_key(name)
        found = self.origins.get(key)
        if found is None:
            reason = self.unreadable.get(key, "the table has no such column")
            msg = f'The column "{name}" cannot be read: {reason}.'
            hint = None if key in self.unreadable else _DELETED
            raise QueryError(msg, hint=hint, context={"column": name})
        return found

    def covers(self, wanted: pa.Schema) -> bool:
        """Tell whether all the columns of a request are here, with the types of the request."""
        known = {item.name: item.type for item in self.wire}
        return all(known.get(name_key(item.name)) == item.type for item in wanted)


def athena_table(schema: TableSchema) -> AthenaTable:
    """Return a table of the catalogue as Athena sees it; no call."""
    builder = _Builder(schema)
    for name, column in zip(_names(schema.columns), schema.columns, strict=True):
        builder.add(name, column)
    builder.add_reserved()
    readable = replace(schema, columns=tuple(builder.columns.values()))
    return AthenaTable(readable, pa.schema(builder.fields), builder.origins, builder.unreadable)


def _names(columns: Iterable[Column]) -> list[str]:
    """Return the names in lower case, as Athena asks for them, and unique."""
    names: dict[str, None] = {}
    for column in columns:
        base = name = name_key(column.name)
        count = 1
        while name in names:
            count += 1
            name = f"{base}_{count}"
        names[name] = None
    return list(names)


class _Builder:
    def __init__(self, schema: TableSchema) -> None:
        self._schema = schema
        self._taken = {RECORD_ID, *(name_key(column.name) for column in schema.columns)}
        self.columns: dict[str, Column] = {}
        self.fields: list[pa.Field] = []
        self.origins: dict[str, Origin] = {}
        self.unreadable: dict[str, str] = {}

    def add(self, name: str, column: Column) -> None:
        self.fields.append(pa.field(name, wire_type(column.arrow_type)))
        known = self.columns.get(column.field_id)
        if not column.lark_name:
            self.origins[name] = Origin()
        elif not column.field_id:
            self.unreadable[name] = (
                "the catalogue names no field id for it, and the fields of the table cannot be "
                "listed now"
            )
        elif known is None:
            self.columns[column.field_id] = replace(column, name=self._internal(name))
            self.origins[name] = Origin(self.columns[column.field_id].name)
        elif known.arrow_type == column.arrow_type:
            self.origins[name] = Origin(known.name)
        else:
            self.unreadable[name] = (
                f'it stands for the same Lark field as "{known.name}", with another type'
            )

    def _internal(self, name: str) -> str:
        """Return the name by which the core can address a column."""
        if name != RECORD_ID and "." not in name:
            return name
        inner = name.replace(".", "_") + "_"
        while inner in self._taken:
            inner += "_"
        self._taken.add(inner)
        return inner

    def add_reserved(self) -> None:
        texts = (None, self._schema.table_id, self._schema.base_id)
        for name, text in zip(RESERVED_COLUMNS, texts, strict=True):
            if name in self.origins or name in self.unreadable:
                continue
            self.fields.append(pa.field(name, pa.string(), metadata=_RESERVED_METADATA))
            self.origins[name] = Origin(RECORD_ID) if text is None else Origin("", text)
