"""Comparing two flows table by table: do the same names show the same columns and rows?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from larkbase_sdk.errors import LarkBaseError
from larkbase_server.crawler.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from larkbase_sdk.catalog.catalog import Catalog, CatalogTable
    from larkbase_sdk.client import Lark
    from larkbase_sdk.schema.table_schema import TableSchema


@dataclass(frozen=True, slots=True)
class Compared:
    """One table in both flows.

    Attributes:
        database: SQL name of the database.
        table: SQL name of the table.
        differences: What is not the same, in words.
        glue_rows: Rows through Glue; None when they were not counted.
        direct_rows: Rows directly; None when they were not counted.
    """

    database: str
    table: str
    differences: tuple[str, ...] = ()
    glue_rows: int | None = None
    direct_rows: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "database": self.database,
            "table": self.table,
            "differences": list(self.differences),
            "glueRows": self.glue_rows,
            "directRows": self.direct_rows,
        }


@dataclass(frozen=True, slots=True)
class Verification:
    """What a comparison of two flows found; ``str`` gives it as text.

    Attributes:
        tables: Every table that one of the flows shows.
    """

    tables: tuple[Compared, ...]

    @property
    def agrees(self) -> bool:
        """Whether both flows show the same."""
        return not any(table.differences for table in self.tables)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"agrees": self.agrees, "tables": [table.to_dict() for table in self.tables]}

    def __str__(self) -> str:
        same = sum(not table.differences for table in self.tables)
        lines = [f"{same} of {len(self.tables)} tables are the same in both flows."]
        for table in self.tables:
            lines += [f"  {table.database}.{table.table}: {text}" for text in table.differences]
        return "\n".join(lines)


def verify(lark: Lark, glue: Catalog, direct: Catalog, *, rows: bool = True) -> Verification:
    """Compare what Glue shows with what a metadata table or folder shows directly.

    Databases, tables, ids, columns and declared types are compared, and the number of rows that
    each flow leads to; both catalogues are read anew. A table that cannot be read has its error
    among the differences.

    Args:
        lark: The client that counts rows.
        glue: A ``GlueCatalog``.
        direct: A ``BasesCatalog`` of the metadata tables, with SQL names in ``ascii`` style.
        rows: Whether rows are counted.

    Raises:
        LarkBaseError: one of the catalogues cannot be listed.
    """
    glue.refresh()
    direct.refresh()
    comparison = _Comparison(lark if rows else None, glue, direct)
    listed = (_tables(glue), _tables(direct))
    names = dict.fromkeys(name for tables in listed for name in tables)
    return Verification(
        tuple(comparison.of(name, *(tables.get(name) for tables in listed)) for name in names)
    )


def _tables(catalog: Catalog) -> dict[tuple[str, str], CatalogTable]:
    return {
        (database.sql_name, table.sql_name): table
        for database in catalog.databases()
        for table in catalog.tables(database.sql_name)
    }


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Two flows, and the row counts of tables that were counted; without a client none is."""

    lark: Lark | None
    glue: Catalog
    direct: Catalog
    counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def of(
        self, name: tuple[str, str], first: CatalogTable | None, second: CatalogTable | None
    ) -> Compared:
        if first is None or second is None:
            return Compared(*name, (f"only {'directly' if first is None else 'in Glue'}",))
        try:
            differences = [
                *_id_differences(first, second),
                *_column_differences(self.glue.schema(first), self.direct.schema(second)),
            ]
            in_glue, directly = self.count(first), self.count(second)
        except LarkBaseError as error:
            return Compared(*name, (one_line(error),))
        if in_glue != directly:
            differences.append(f"{in_glue} rows in Glue, {directly} directly")
        return Compared(*name, tuple(differences), in_glue, directly)

    def count(self, table: CatalogTable) -> int | None:
        if self.lark is None:
            return None
        ids = (table.base_id, table.table_id)
        if ids not in self.counts:
            self.counts[ids] = _count(self.lark, table)
        return self.counts[ids]


def _id_differences(first: CatalogTable, second: CatalogTable) -> Iterator[str]:
    for name in ("base_id", "table_id"):
        old, new = getattr(first, name), getattr(second, name)
        if old != new:
            yield f"{name}: {old} in Glue, {new} directly"


def _column_differences(first: TableSchema, second: TableSchema) -> Iterator[str]:
    old = {column.name: column.glue_type for column in first.columns}
    new = {column.name: column.glue_type for column in second.columns}
    for name in old | new:
        if name not in new or name not in old:
            yield f"column {name}: only {'directly' if name in new else 'in Glue'}"
        elif old[name] != new[name]:
            yield f"type of {name}: {old[name]} in Glue, {new[name]} directly"
    common = [name for name in old if name in new]
    if common != [name for name in new if name in old]:
        yield "order of columns"


def _count(lark: Lark, table: CatalogTable) -> int:
    from larkbase_sdk.catalog.catalog import CatalogDatabase
    from larkbase_sdk.table import Database, Table

    database = CatalogDatabase(table.database, table.database, table.base_id, table.source)
    return Table(Database(lark, database), table).count()
