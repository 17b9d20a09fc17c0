"""Fill a tenant with the tables of a snapshot: ids, fields and rows as they were stored.

It reads the files by itself, since an emulator shares no code with the reader. What a snapshot
does not hold is not there: views, files behind attachments, parts of texts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from larkbase_sdk.emulator.base import EmulatedBase
from larkbase_sdk.emulator.cells import canonical, to_cell
from larkbase_sdk.emulator.kinds import kind_of
from larkbase_sdk.errors import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from larkbase_sdk.emulator.fields import EmulatedField
    from larkbase_sdk.emulator.table import EmulatedTable
    from larkbase_sdk.emulator.tenant import Tenant

FORMAT = 1
"""Version of the files that is understood."""

_ID = "record_id"
_FILE_MEMBERS = ("file_token", "name", "size", "type")


def fill_from_snapshot(tenant: Tenant, folder: str | Path) -> None:
    """Add the bases and tables of a snapshot to a tenant.

    Raises:
        SnapshotError: when there is no complete snapshot, or a file of it cannot be read.
    """
    path = Path(folder).expanduser()
    try:
        _fill(tenant, path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"The snapshot in {path} cannot be served: {error}"
        raise SnapshotError(msg, hint="Take it again: db.snapshot(folder).") from error


def _fill(tenant: Tenant, path: Path) -> None:
    manifest = _read(path / "manifest.json")
    with tenant.lock:
        bases = {item["base_id"]: item for item in manifest["bases"]}
        stored = [(entry, _read(_file(path, entry, "json"))) for entry in manifest["tables"]]
        tables = []
        for entry, schema in stored:
            base = _base(tenant, entry["base_id"], bases, manifest)
            table = base.add_table(entry["name"])
            table.table_id = entry["table_id"]
            base.keep_id(table.table_id)
            tables.append((table, _add_fields(table, schema), _file(path, entry, "parquet")))
        for table, columns, file in tables:
            table.restore(_records(table, columns, file))


def _read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_bytes())
    if data["format"] > FORMAT:
        msg = f"{path.name} has format {data['format']}, and up to {FORMAT} is understood."
        raise SnapshotError(msg, hint="A newer larkbase-sdk wrote it: upgrade this one.")
    return data


def _file(path: Path, entry: Mapping[str, Any], ending: str) -> Path:
    found = path / "tables" / f"{entry['file']}.{ending}"
    if found.parent != path / "tables":
        msg = f"the name {entry['file']!r} leads out of the folder"
        raise ValueError(msg)
    return found


def _base(
    tenant: Tenant, base_id: str, known: Mapping[str, Any], manifest: Mapping[str, Any]
) -> EmulatedBase:
    """Return the base with this token, made at its first table."""
    if base_id in tenant.bases:
        return tenant.bases[base_id]
    told = known.get(base_id, {})
    is_database = base_id == manifest["base_id"]
    name = manifest["database"] if is_database else told.get("name") or base_id
    base = EmulatedBase(tenant, name, base_id)
    base.formula_type = 2
    base.time_zone = told.get("time_zone") or base.time_zone
    return tenant.add_base(base)


def _add_fields(table: EmulatedTable, schema: Mapping[str, Any]) -> dict[str, EmulatedField]:
    """Add the fields of a table and return them by the names of their columns."""
    columns = {}
    for item in schema["columns"]:
        described = dict(item["field"])
        if item["wrapper"] is not None:
            # Results of a type that nobody declared were stored as text.
            result = "Text" if item["result"] == "unknown" else item["result"]
            described["property"] = {**(described["property"] or {}), "result": result}
        columns[item["name"]] = _add_field(table, described)
    for item in schema["skipped"]:
        if item["field"]["field_name"]:
            _add_field(table, item["field"])
    return columns


def _add_field(table: EmulatedTable, described: Mapping[str, Any]) -> EmulatedField:
    made = table.add_field({**described, "property": described["property"] or None})
    made.is_primary = bool(described["is_primary"])
    return made


def _records(
    table: EmulatedTable, columns: Mapping[str, EmulatedField], file: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield record ids with the cells as the service reads them out."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as rows:
        # Older versions of pyarrow fail where there is no row group.
        for batch in rows.iter_batches() if rows.num_row_groups else ():
            cells = {
                field.field_id: _cells(field, table, batch.column(name))
                for name, field in columns.items()
            }
            for position, record_id in enumerate(batch.column(_ID).to_pylist()):
                filled = {key: values[position] for key, values in cells.items()}
                yield record_id, {key: cell for key, cell in filled.items() if cell is not None}


def _cells(field: EmulatedField, table: EmulatedTable, column: pa.Array) -> list[Any]:
    values = _in_milliseconds(column).to_pylist()
    return [None if value is None else _cell(field, value, table) for value in values]


def _in_milliseconds(column: pa.Array) -> pa.Array:
    """Return times as numbers: some lie beyond the calendar of Python."""
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64())
    if pa.types.is_list(column.type) and pa.types.is_timestamp(column.type.value_type):
        return column.cast(pa.list_(pa.int64()))
    return column


def _cell(field: EmulatedField, value: Any, table: EmulatedTable) -> Any:
    """Return the cell that reads as a stored value."""
    if field.kind.family == "unknown":
        return _parsed(value)
    if field.kind.family == "result":
        return _result(field, value, table)
    if field.kind.family == "attachment":
        return _files(value)
    return to_cell(field, _without_empties(value), table.base.world)


def _parsed(text: str) -> Any:
    """Return the cell of a type that nobody knows, which was stored as JSON or as plain text."""
    try:
        return canonical(json.loads(text))
    except ValueError:
        return text


def _result(field: EmulatedField, value: Any, table: EmulatedTable) -> Any:
    kind = kind_of(field.result)
    if kind.family == "attachment":
        values = value if field.kind.ui_type == "Lookup" else [value]
        found = [file for files in values if files for file in _files(files)]
        return {"type": kind.type, "value": found}
    return to_cell(field, _without_empties(value), table.base.world)


def _files(files: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the cell of attachments whose files are not there."""
    empty = {"file_token": "", "name": "", "size": 0, "type": ""}
    return [
        empty | {name: file[name] for name in _FILE_MEMBERS if file.get(name) is not None}
        for file in files
    ]


def _without_empties(value: Any) -> Any:
    """Return a value without the members of structures that are empty."""
    if isinstance(value, Mapping):
        return {name: _without_empties(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_empties(item) for item in value if item is not None]
    return value
