"""Databases and tables as the crawler writes them into Glue, and what differs from what is there.

Pure functions. What other people have set (descriptions, owners, further parameters) is taken over
from the entry that was there before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from larkbase_sdk.schema.glue import GlueColumn
from larkbase_server.crawler.columns import column_differences
from larkbase_server.crawler.source import OWN_PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from larkbase_server.crawler.records import GlueDatabase, GlueTable, LarkTable
    from larkbase_server.crawler.source import CrawlSource

TABLE_TYPE = "LARK_BASE_TABLE"
INPUT_FORMAT = "org.apache.hadoop.mapred.TextInputFormat"
OUTPUT_FORMAT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
EVERYBODY = (
    {
        "Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
        "Permissions": ["ALL"],
    },
)
"""What a new database grants on its tables, unless Lake Formation rules."""

_OF_OTHERS_DATABASE = ("Description", "Parameters", "CreateTableDefaultPermissions")
_OF_OTHERS_TABLE = ("Description", "Owner", "Retention", "LastAccessTime", "LastAnalyzedTime")


def database_input(
    name: str,
    location: str,
    before: GlueDatabase | None,
    granted: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return a database as Glue's API takes it.

    Args:
        name: Its name.
        location: Its ``LocationUri``.
        before: The entry whose settings it takes over, if any.
        granted: What it grants on its tables where ``before`` does not say; None says nothing.
    """
    default = {} if granted is None else {"CreateTableDefaultPermissions": list(granted)}
    taken_over = _taken_over(before.data if before else {}, _OF_OTHERS_DATABASE)
    return {**default, **taken_over, "Name": name, "LocationUri": location}


def table_input(
    source: CrawlSource,
    key: str,
    table: LarkTable,
    name: str,
    columns: Sequence[GlueColumn],
    before: GlueTable | None,
) -> dict[str, Any]:
    """Return a table as Glue's API takes it.

    Args:
        source: The source that is crawled.
        key: Key of the database.
        table: The table in Lark.
        name: Its name in Glue.
        columns: Its columns.
        before: The entry whose settings it takes over, if any.
    """
    data = before.data if before else {}
    parameters = dict(before.parameters) if before else {}
    for stale in OWN_PARAMETERS:
        parameters.pop(stale, None)
    storage = data.get("StorageDescriptor") or {}
    return {
        **_taken_over(data, _OF_OTHERS_TABLE),
        "Name": name,
        "TableType": TABLE_TYPE,
        "Parameters": parameters | source.parameters(*table.ids),
        "PartitionKeys": [],
        "StorageDescriptor": {
            **_taken_over(storage, tuple(storage)),
            "Columns": [column.to_input() for column in columns],
            "Location": f"{source.location(key)}/Table={table.table_id}",
            "InputFormat": INPUT_FORMAT,
            "OutputFormat": OUTPUT_FORMAT,
        },
    }


def _taken_over(data: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: data[name] for name in names if data.get(name) is not None}


def table_differences(present: GlueTable, wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """Return in what a table in Glue differs from the table wanted; empty when in nothing.

    Only what the crawler answers for counts: its own parameters, location and columns.
    """
    return tuple(_differences(present, wanted))


def _differences(present: GlueTable, wanted: Mapping[str, Any]) -> Iterator[str]:
    for name in OWN_PARAMETERS:
        old, new = present.parameters.get(name), wanted["Parameters"].get(name)
        if old != new:
            yield f"{name}: {old or '–'} → {new or '–'}"
    storage = wanted["StorageDescriptor"]
    if present.location != storage["Location"]:
        yield f"location: {present.location or '–'} → {storage['Location']}"
    columns = [GlueColumn.parse(item) for item in storage["Columns"]]
    yield from column_differences(present.columns, columns)
