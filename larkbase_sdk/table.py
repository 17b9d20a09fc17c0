"""Databases and tables as people address them; a table reads through `Scan`."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from larkbase_sdk.accessors import TableMap, ViewList
from larkbase_sdk.display import age_text, counted, escape, html_card, html_link, html_table
from larkbase_sdk.errors import ConfigurationError
from larkbase_sdk.scan import Scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from larkbase_sdk import Explorer
    from larkbase_sdk.api.models import BaseInfo, ViewInfo
    from larkbase_sdk.attachments import Attachments
    from larkbase_sdk.catalog.catalog import CatalogDatabase, CatalogTable
    from larkbase_sdk.client import Lark
    from larkbase_sdk.scan import DtypeBackend, Expand
    from larkbase_sdk.schema.table_schema import NameKind, TableSchema
    from larkbase_sdk.sinks.cache import MaxAge
    from larkbase_sdk.snapshot.plan import SnapshotPlan
    from larkbase_sdk.snapshot.selection import Tables
    from larkbase_sdk.snapshot.snapshot import Snapshot
    from larkbase_sdk.sql.dataset import ScannedDataset


class Database:
    """A Lark base: a name, an id and tables; made by ``lark.databases[…]``."""

    def __init__(self, lark: Lark, found: CatalogDatabase) -> None:
        self.lark = lark
        self._found = found

    @property
    def name(self) -> str:
        """The name where the database was found, which is usually the base's; no call."""
        return self._found.name

    @property
    def sql_name(self) -> str:
        """The name in SQL; no call."""
        return self._found.sql_name

    @property
    def id(self) -> str:
        """The base's token, or "" when the tables lie in several bases; no call."""
        return self._found.base_id

    @property
    def source(self) -> str:
        """Where the database was found, such as ``link`` or ``drive root``; no call."""
        return self._found.source

    @property
    def url(self) -> str:
        """A link that opens the base or folder, or ""; no call."""
        return self._found.url

    @property
    def info(self) -> BaseInfo:
        """What Lark says of the base: time zone, advanced permissions; one call at first use."""
        return self.lark.metadata.base(self.id)

    @cached_property  # IPython completes behind it, which it does not behind a property
    def tables(self) -> TableMap:
        """The tables by name; one call per 100 tables at the first use."""
        return TableMap(self)

    def catalog_tables(self) -> tuple[CatalogTable, ...]:
        """Return the records of the tables; one call per 100 tables at the first use."""
        return self.lark.catalog.tables_of(self._found)

    def table_of(self, found: CatalogTable) -> Table:
        """Return the table of a record that ``catalog_tables`` gave; no call."""
        return Table(self, found)

    def table(self, reference: str, *, refresh: bool = False) -> Table:
        """Return a table by name, SQL name, id or link.

        With ``refresh`` all metadata is forgotten first, so that it is read again.

        Raises:
            NotFound: when the base has no such table.
            ConfigurationError: when the link leads to another base.
        """
        from larkbase_sdk.api.links import is_link

        if refresh:
            self.lark.refresh()
        if is_link(reference):
            table = self.lark.table(reference)
            for found in self.catalog_tables():
                if (found.base_id, found.table_id) == (table.base_id, table.id):
                    return Table(self, found)
            msg = f'The link leads to no table of "{self.name}".'
            raise ConfigurationError(msg, hint="Use lark.table(link).")
        return Table(self, self.lark.catalog.table_in(self._found, reference))

    def explore(self) -> Explorer:
        """Return a widget to look around in the tables; one call per 100 tables at first use."""
        from larkbase_sdk import Explorer

        return Explorer(self)

    @overload
    def snapshot(
        self,
        folder: str | Path,
        *,
        tables: Tables | None = ...,
        incremental: bool = ...,
        dry_run: Literal[False] = ...,
    ) -> Snapshot: ...

    @overload
    def snapshot(
        self,
        folder: str | Path,
        *,
        tables: Tables | None = ...,
        incremental: bool = ...,
        dry_run: Literal[True],
    ) -> SnapshotPlan: ...

    def snapshot(
        self,
        folder: str | Path,
        *,
        tables: Tables | None = None,
        incremental: bool = True,
        dry_run: bool = False,
    ) -> Snapshot | SnapshotPlan:
        """Store the tables in a folder of Parquet files, and return the snapshot open.

        Example:
            >>> snap = db.snapshot("data/crm")
            >>> snap.tables["Orders"].to_pandas(where="status = 'Open'")

        The snapshot becomes visible when every table is there; until then, and after any error,
        the one before is whole. A run that broke off is resumed by the next one. Tables that did
        not change are kept, where that can be told: revision and time of change stand still and
        nothing in them is computed. Of a table with a field for the time of the last change (of
        all fields) and without formulas and lookups, only the rows changed since are read, and
        once Lark's count says that rows are gone, the ids of all. ``snap.manifest`` says of each
        table when it was read, how, and why so.

        Args:
            folder: Where the files go; made when missing.
            tables: Tables by name, SQL name, id or link, or a mapping from these to conditions
                (``{"Orders": "status = 'Open'"}``); all when None. Tables of an earlier snapshot
                that are not named stay as they were.
            incremental: False to read every table in full.
            dry_run: Only return what would be done, with rows, calls and time; nothing is written.

        Raises:
            SnapshotError: when the folder holds something else, somebody else writes it, or it
                cannot be written.
            LarkBaseError: Lark's error about a table; the tables before it are reused next time.

        Warns:
            TableChanged: for a table that changed while it was read; it is read in full next time.
        """
        if dry_run:
            return self.lark.plan_snapshot(self, folder, tables, incremental=incremental)
        return self.lark.take_snapshot(self, folder, tables, incremental=incremental)

    def __repr__(self) -> str:
        return f"<Database {self.name!r} id={self.id}>"

    def _repr_html_(self) -> str:
        title = html_link(self.url, self.name) if self.url else escape(self.name)
        known = self.lark.catalog.known_tables(self._found)
        if known is None:
            return html_card(f"Database {title}", "<p>db.tables lists the tables.</p>")
        return html_card(f"Database {title}", html_table(self.tables.rows()))


class Table:
    """A table of a base; made by ``lark.table("CRM.Orders")`` or ``db.tables["Orders"]``.

    Example:
        >>> orders.head()
        >>> orders.to_pandas(where="Status = 'Open' AND Amount > 1000")
    """

    def __init__(self, database: Database, found: CatalogTable) -> None:
        self.database = database
        self._found = found

    @property
    def name(self) -> str:
        """The table's name in Lark; no call."""
        return self._found.name

    @property
    def sql_name(self) -> str:
        """The name in SQL; no call."""
        return self._found.sql_name

    @property
    def id(self) -> str:
        """The table's id; no call."""
        return self._found.table_id

    @property
    def base_id(self) -> str:
        """The token of the base that holds the table; no call."""
        return self._found.base_id

    @property
    def base_info(self) -> BaseInfo:
        """What Lark says of that base: time zone, advanced permissions; one call at first use."""
        return self.database.lark.metadata.base(self.base_id)

    @property
    def url(self) -> str:
        """A link that opens the table, or ""; no call."""
        return self._found.url

    @property
    def label(self) -> str:
        """Database and table, as in "CRM.Orders"; no call."""
        return f"{self.database.name}.{self.name}"

    @property
    def schema(self) -> TableSchema:
        """The columns with their names and types; read at the first use, then remembered."""
        return self.database.lark.metadata.schema(self.base_id, self.id, self.name)

    @property
    def views(self) -> list[ViewInfo]:
        """The views: id, name, type; read at the first use, then remembered."""
        return ViewList(self.database.lark.metadata.views(self.base_id, self.id))

    def scan(
        self,
        *,
        columns: str | Sequence[str] | None = None,
        where: Any = None,
        view: str | None = None,
        order_by: str | Sequence[str] = (),
        limit: int | None = None,
    ) -> Scan:
        """Return a read to be refined and run; no call.

        Args:
            columns: Column or columns by field id, Lark name or SQL name, in the order wanted;
                all when None.
            where: SQL text over SQL names (``"status = 'Open'"``), or a pyarrow expression over
                ids, Lark names or SQL names (``pc.field("Amount") > 1000``).
            view: Name, id or link of a view whose rows are wanted; its columns do not matter.
            order_by: Column, or columns; a leading ``-`` means descending. Empty cells come last.
            limit: Rows at most.
        """
        scan = self._new_scan()
        if columns is not None:
            scan = scan.select(*_names(columns))
        if where is not None:
            scan = scan.where(where)
        if view is not None:
            scan = scan.in_view(view)
        return scan.order_by(*_names(order_by)).limit(limit)

    def _new_scan(self) -> Scan:
        return Scan(self)

    def count(self, *, where: Any = None, view: str | None = None) -> int:
        """Return the number of rows; see ``Scan.count``."""
        return self.scan(where=where, view=view).count()

    def head(self, n: int = 5) -> pd.DataFrame:
        """Return the first rows as a DataFrame; one call for up to 500 rows."""
        return self.scan().head(n)

    def to_pandas(
        self,
        *,
        expand: Expand | None = None,
        explode: bool = False,
        dtype_backend: DtypeBackend = "pyarrow",
        index: str | None = "record_id",
        timezone: str | None = None,
        names: NameKind = "lark",
        max_age: MaxAge | None = None,
        **scan: Any,
    ) -> pd.DataFrame:
        """Read into a DataFrame, see `Scan.to_pandas`; ``scan`` as for ``scan()``."""
        return self.scan(**scan).to_pandas(
            expand=expand,
            explode=explode,
            dtype_backend=dtype_backend,
            index=index,
            timezone=timezone,
            names=names,
            max_age=max_age,
        )

    def to_arrow(
        self,
        *,
        names: NameKind = "lark",
        expand: Expand | None = None,
        max_age: MaxAge | None = None,
        **scan: Any,
    ) -> pa.Table:
        """Read into a pyarrow table; ``scan`` takes the arguments of ``scan()``."""
        return self.scan(**scan).to_arrow(names=names, expand=expand, max_age=max_age)

    def to_reader(self, *, names: NameKind = "lark", **scan: Any) -> pa.RecordBatchReader:
        """Return a reader of record batches, one page in memory at a time."""
        return self.scan(**scan).to_reader(names=names)

    def to_polars(self, *, names: NameKind = "lark", **scan: Any) -> pl.DataFrame:
        """Read into a polars DataFrame (extra ``polars``)."""
        return self.scan(**scan).to_polars(names=names)

    def to_parquet(self, path: str | Path, *, names: NameKind = "lark", **scan: Any) -> Path:
        """Write a Parquet file, page by page, and return its path."""
        return self.scan(**scan).to_parquet(path, names=names)

    def to_csv(self, path: str | Path, *, names: NameKind = "lark", **scan: Any) -> Path:
        """Write a CSV file, page by page, and return its path; lists and structs as JSON."""
        return self.scan(**scan).to_csv(path, names=names)

    def to_duckdb(
        self, path: str | Path, *, table: str | None = None, names: NameKind = "sql", **scan: Any
    ) -> Path:
        """Write the rows into a table of a DuckDB file and return the file's path.

        The table replaces one of the same name; after an error it is as it was before. Columns
        carry SQL names, so that the same SQL text works there.

        Args:
            path: The file, made when it is not there.
            table: Name of the table in the file; by default the table's SQL name.
            names: ``sql`` for SQL names, ``lark`` for Lark's own column names.
            **scan: What to read, as for ``scan()``.

        Raises:
            ConfigurationError: when there is no such folder, or the file is no DuckDB database.
        """
        from larkbase_sdk.sql.duckdb_file import write_duckdb

        reader = self.scan(**scan).to_reader(names=names)
        return write_duckdb(reader, Path(path).expanduser(), table or self.sql_name)

    def to_dataset(self, *, names: NameKind = "lark", **scan: Any) -> ScannedDataset:
        """Return a pyarrow dataset that reads when it is scanned, for polars, DuckDB and pyarrow.

        Example:
            >>> pl.scan_pyarrow_dataset(orders.to_dataset()).filter(pl.col("Amount") > 9).collect()

        Columns and filters of each scan go to Lark as far as it can take them, and are applied
        here exactly. Reads the fields, and no rows before it is scanned.

        Args:
            names: ``lark`` for Lark's own column names, ``sql`` for SQL names.
            **scan: What the dataset holds, as for ``scan()``.
        """
        from larkbase_sdk.sql.lark_table import LarkTable
        from larkbase_sdk.sql.tables import Use

        return LarkTable(self.scan(**scan)).dataset(Use(), names)

    def explore(self) -> Explorer:
        """Return a widget to look at the fields and rows; reads the fields at the first use."""
        from larkbase_sdk import Explorer

        return Explorer(self)

    def attachments(self, column: str, **scan: Any) -> Attachments:
        """Return the files of an attachment column, not yet read or downloaded.

        Raises:
            UnsupportedField: when the column holds no attachments.
        """
        from larkbase_sdk.attachments import Attachments

        return Attachments(self.scan(**scan), column)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the rows to any Arrow library, page by page; each export reads anew."""
        return self.scan().__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """Export the schema to any Arrow library without reading rows."""
        return self.scan().__arrow_c_schema__()

    def __repr__(self) -> str:
        return f"<Table {self.label!r} id={self.id}>"

    def _repr_html_(self) -> str:
        from larkbase_sdk.sql.identifiers import identifier

        title = html_link(self.url, self.label) if self.url else escape(self.label)
        metadata = self.database.lark.metadata
        schema = metadata.known_schema(self.base_id, self.id)
        names = f"{identifier(self.database.sql_name)}.{identifier(self.sql_name)}"
        question = f"SELECT … FROM {names}"  # noqa: S608 (shown, never run)
        hint = escape(f".head() · .to_pandas() · lark.sql('{question}')")
        if schema is None:
            return html_card(f"Table {title}", f"<p>.schema shows the fields. {hint}</p>")
        rows = counted(self.database.lark.known_rows(self.base_id, self.id), "row")
        age = age_text(metadata.schema_age(self.base_id, self.id))
        known = f"<p>{rows} · fields read {age}</p>"
        return html_card(f"Table {title}", known, schema._repr_html_(), f"<p>{hint}</p>")


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
