"""The catalogue as tables: databases, tables and fields of a client."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pyarrow as pa

    from larkbase_sdk.client import Lark

_TEXT, _COUNT = "string", "int64"


def _databases(lark: Lark) -> pa.Table:
    """Return one row a database; tables are counted where they were listed before."""
    rows = [
        {
            "name": item.sql_name,
            "lark_name": item.name,
            "id": item.base_id or None,
            "source": item.source,
            "tables": lark.catalog.known_tables(item),
            "url": item.url or None,
        }
        for item in lark.catalog.databases()
    ]
    kinds = {"name": _TEXT, "lark_name": _TEXT, "id": _TEXT, "source": _TEXT, "tables": _COUNT}
    return _table(rows, {**kinds, "url": _TEXT})


def _tables(lark: Lark) -> pa.Table:
    """Return one row a table; fields and rows are those read before."""
    rows = []
    for database in lark.catalog.databases():
        for item in lark.catalog.tables_of(database):
            fields = lark.metadata.known_fields(item.base_id, item.table_id)
            rows.append({
                "database": item.database,
                "name": item.sql_name,
                "lark_name": item.name,
                "id": item.table_id,
                "base_id": item.base_id,
                "fields": None if fields is None else len(fields),
                "rows": lark.known_rows(item.base_id, item.table_id),
                "url": item.url or None,
            })  # fmt: skip
    kinds = dict.fromkeys(("database", "name", "lark_name", "id", "base_id"), _TEXT)
    return _table(rows, {**kinds, "fields": _COUNT, "rows": _COUNT, "url": _TEXT})


def _fields(lark: Lark) -> pa.Table:
    """Return one row a field of every table that can be read."""
    kinds = dict.fromkeys(
        ("database", "table_name", "name", "lark_name", "id", "type", "lark_type", "arrow_type"),
        _TEXT,
    )
    more = {"is_primary": "bool", "filter": _TEXT, "details": _TEXT, "description": _TEXT}
    return _table(list(_field_rows(lark)), {**kinds, **more})


def _field_rows(lark: Lark) -> Iterator[dict[str, Any]]:
    for database, tables in lark.catalog.all_tables():
        for table in tables:
            if lark.metadata.known_fields(table.base_id, table.table_id) is None:
                continue
            schema = lark.catalog.schema(table)
            for column, row in zip(schema.columns, schema.rows(), strict=True):
                yield {
                    "database": database.sql_name,
                    "table_name": table.sql_name,
                    "name": column.name,
                    "lark_name": column.lark_name,
                    "id": column.field_id or None,
                    "type": (column.field.ui_type or column.lark_type).lower(),
                    "lark_type": column.lark_type,
                    "arrow_type": str(column.arrow_type),
                    "is_primary": column.field.is_primary,
                    "filter": row["filter"],
                    "details": row["details"],
                    "description": column.field.description,
                }


def _table(rows: list[dict[str, Any]], kinds: Mapping[str, str]) -> pa.Table:
    import pyarrow as pa

    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in kinds.items()])
    return pa.Table.from_pylist(rows, schema=schema)


FACTS: Mapping[str, Callable[[Lark], pa.Table]] = MappingProxyType(
    {"databases": _databases, "tables": _tables, "fields": _fields}
)
"""Tables of the database ``larkbase`` by name; each reads what is not remembered."""
