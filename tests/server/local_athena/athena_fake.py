"""A connector over tables in memory, which keeps what it was asked and can be made to misbehave."""

from __future__ import annotations

import base64
import os
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa
from athena_wire import (
    decode_schema,
    encode_block,
    encode_schema,
    legacy_record_bytes,
    moments,
    passes,
    text_of,
    values_of,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BUCKET = "spill"
FUNCTION = "fake-connector"
EVERYTHING = {
    "supports_filter_pushdown": [
        "sorted_range_set",
        "equatable_range_set",
        "all_or_none_value_set",
        "nullable_comparison",
    ],
    "supports_limit_pushdown": ["integer_constant"],
    "supports_top_n_pushdown": ["SUPPORTS_ORDER_BY"],
}


@dataclass
class FakeConnector:
    """Answers messages about tables in memory; tests change how.

    Attributes:
        tables: Rows in wire types by (schema, table).
        capabilities: What is declared: kinds by group.
        serde: Serde version that Ping reports.
        splits: Splits of every table.
        split_page: Splits in one answer.
        spill: Whether every answer is spilled, in blocks of so many rows; None keeps them inline.
        encrypted: Whether splits have keys.
        requests: The messages that came, in the order in which they came.
        change: Functions that change an answer, by the request's name.
    """

    tables: dict[tuple[str, str], pa.Table] = field(default_factory=dict)
    capabilities: dict[str, list[str]] = field(default_factory=lambda: dict(EVERYTHING))
    serde: int = 5
    splits: int = 1
    split_page: int = 1000
    spill: int | None = None
    encrypted: bool = True
    s3: Any = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    change: dict[str, Callable[[dict[str, Any]], Any]] = field(default_factory=dict)
    before: Callable[[dict[str, Any]], None] = lambda _: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def handler(self, event: dict[str, Any], context: Any) -> Any:
        with self.lock:
            self.requests.append(event)
        self.before(event)
        name = event["@type"].removesuffix("Request")
        answer = getattr(self, f"_{name}")(event)
        return self.change[name](answer) if name in self.change else answer

    def named(self, name: str) -> list[dict[str, Any]]:
        """Return the requests of one kind."""
        return [item for item in self.requests if item["@type"] == f"{name}Request"]

    @property
    def names(self) -> list[str]:
        """The kinds of the requests that came."""
        return [item["@type"].removesuffix("Request") for item in self.requests]

    def _Ping(self, event: Any) -> dict[str, Any]:  # noqa: N802 (after the message)
        return {
            "@type": "PingResponse",
            "catalogName": event["catalogName"],
            "queryId": event["queryId"],
            "sourceType": "fake",
            "capabilities": 24,
            "serDeVersion": self.serde,
        }

    def _GetDataSourceCapabilities(self, event: Any) -> dict[str, Any]:  # noqa: N802
        declared = {
            group: [{"subType": kind, "properties": []} for kind in kinds]
            for group, kinds in self.capabilities.items()
        }
        return {
            "@type": "GetDataSourceCapabilitiesResponse",
            "catalogName": event["catalogName"],
            "capabilities": declared,
        }

    def _ListSchemas(self, event: Any) -> dict[str, Any]:  # noqa: N802
        return {
            "@type": "ListSchemasResponse",
            "catalogName": event["catalogName"],
            "schemas": sorted({schema for schema, _ in self.tables}),
        }

    def _ListTables(self, event: Any) -> dict[str, Any]:  # noqa: N802
        names = sorted(table for schema, table in self.tables if schema == event["schemaName"])
        start = int(event["nextToken"] or 0)
        size = event["pageSize"] if event["pageSize"] > 0 else len(names)
        more = start + size < len(names)
        return {
            "@type": "ListTablesResponse",
            "tables": [
                {"schemaName": event["schemaName"], "tableName": name}
                for name in names[start : start + size]
            ],
            "catalogName": event["catalogName"],
            "nextToken": str(start + size) if more else None,
        }

    def _GetTable(self, event: Any) -> dict[str, Any]:  # noqa: N802
        return {
            "@type": "GetTableResponse",
            "catalogName": event["catalogName"],
            "tableName": event["tableName"],
            "schema": encode_schema(self._rows(event).schema),
            "partitionColumns": [],
        }

    def _GetTableLayout(self, event: Any) -> dict[str, Any]:  # noqa: N802
        partitions = pa.record_batch({"partitionId": pa.array([1], pa.int32())})
        return {
            "@type": "GetTableLayoutResponse",
            "catalogName": event["catalogName"],
            "tableName": event["tableName"],
            "partitions": encode_block(partitions),
        }

    def _GetSplits(self, event: Any) -> dict[str, Any]:  # noqa: N802
        start = int(event["continuationToken"] or 0)
        numbers = range(start, min(start + self.split_page, self.splits))
        return {
            "@type": "GetSplitsResponse",
            "catalogName": event["catalogName"],
            "splits": [self._split(event, number) for number in numbers],
            "continuationToken": str(numbers.stop) if numbers.stop < self.splits else None,
        }

    def _split(self, event: Any, number: int) -> dict[str, Any]:
        key = {"key": text_of(os.urandom(32)), "nonce": text_of(os.urandom(12))}
        place = f"prefix/{event['queryId']}/{uuid.uuid4()}"
        return {
            "spillLocation": {
                "@type": "S3SpillLocation",
                "bucket": BUCKET,
                "key": place,
                "directory": True,
            },
            "encryptionKey": key if self.encrypted else None,
            "properties": {"number": str(number)},
        }

    def _ReadRecords(self, event: Any) -> dict[str, Any]:  # noqa: N802
        batch = self._wanted(event)
        small = int(event["maxInlineBlockSize"]) <= 1
        rows = self.spill or (1000 if small else None)
        if rows is None:
            return {
                "@type": "ReadRecordsResponse",
                "catalogName": event["catalogName"],
                "records": encode_block(batch),
            }
        blocks = [batch.slice(start, rows) for start in range(0, batch.num_rows, rows)]
        return {
            "@type": "RemoteReadRecordsResponse",
            "catalogName": event["catalogName"],
            "schema": event["schema"],
            "remoteBlocks": [self._spill(event, *item) for item in enumerate(blocks)],
            "encryptionKey": event["split"]["encryptionKey"],
        }

    def _wanted(self, event: Any) -> pa.RecordBatch:
        """Return the rows of a split that pass, in the columns that are asked for."""
        rows = self._rows(event)
        number, wanted = int(event["split"]["properties"]["number"]), event["constraints"]
        cells = {name: values_of(rows.column(name).combine_chunks()) for name in rows.schema.names}
        places = [
            place
            for place in range(number, rows.num_rows, self.splits)
            if all(passes(cells[name][place], it) for name, it in wanted["summary"].items())
        ]
        for key in reversed(wanted.get("orderByClause", [])):
            values = cells[key["columnName"]]
            missing = [place for place in places if values[place] is None]
            places = [place for place in places if values[place] is not None]
            places.sort(key=lambda place: values[place], reverse="DESC" in key["direction"])
            places += missing
        if wanted.get("limit", -1) >= 0:
            places = places[: wanted["limit"]]
        schema = decode_schema(event["schema"])
        if not len(schema):
            return pa.RecordBatch.from_struct_array(pa.nulls(len(places), pa.struct([])))
        chosen = rows.select(schema.names).take(pa.array(places, pa.int64())).combine_chunks()
        return next(iter(chosen.to_batches()), pa.RecordBatch.from_pylist([], schema=schema))

    def _spill(self, event: Any, number: int, block: pa.RecordBatch) -> dict[str, Any]:
        split = event["split"]
        body, key = legacy_record_bytes(block), split["encryptionKey"]
        if key is not None:
            raw, nonce = base64.b64decode(key["key"]), base64.b64decode(key["nonce"])
            body = AESGCM(raw).encrypt(nonce, body, None)
        place = f"{split['spillLocation']['key']}.{number}"
        self.s3.put_object(Bucket=BUCKET, Key=place, Body=body)
        return {"@type": "S3SpillLocation", "bucket": BUCKET, "key": place, "directory": False}

    def _rows(self, event: Any) -> pa.Table:
        name = (event["tableName"]["schemaName"], event["tableName"]["tableName"])
        if name not in self.tables:
            raise EntityNotFoundException(f"Table not found: {'.'.join(name)}")
        return self.tables[name]


class EntityNotFoundException(Exception):
    """As connectors raise it."""


def orders() -> pa.Table:
    """Six rows with every kind of column, and NULL in each kind."""
    return pa.table(
        {
            "order_no": pa.array(["A-1", "A-2", "A-3", "A-4", "A-5", None]),
            "rating": pa.array([5, 3, None, 1, 4, 2], pa.int8()),
            "amount": pa.array([10.5, None, 99.0, 0.1, 250.0, -3.0], pa.float64()),
            "price": pa.array(
                [None if x is None else Decimal(x) for x in ("1.5", "2", None, "0.1", "7", "7")],
                pa.decimal128(38, 18),
            ),
            "gift": pa.array([True, False, True, None, False, False]),
            "ordered": moments(
                "2025-01-01 00:00:00",
                "2024-12-31 23:59:59.999",
                None,
                "2025-01-08 17:00:00.123",
                "2025-06-01 00:00:00",
                "2024-02-29 12:00:00",
            ),
            "tags": pa.array([["a", "b"], [], None, ["b"], ["c"], None], pa.list_(pa.string())),
            "place": pa.array(
                [{"city": "Ulm"}, None, {"city": None}, {"city": "Bonn"}, None, {"city": "Ulm"}],
                pa.struct([("city", pa.string())]),
            ),
            "$reserved_record_id": pa.array([f"rec{n}" for n in range(6)]),
        }
    )
