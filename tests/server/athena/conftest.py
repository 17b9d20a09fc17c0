"""A Lark, an AWS, and an engine that speaks to the connector's handler as Athena does."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest

import larkbase_server.athena
from larkbase_server.protocol import discovery, planning
from larkbase_server.protocol.arrow_types import ArrowType
from larkbase_server.protocol.constraints import Constraints, OrderByField
from larkbase_server.protocol.identity import TableName
from larkbase_server.protocol.messages import read_response, write_message
from larkbase_server.protocol.records import (
    MAX_BLOCK_SIZE,
    MAX_INLINE_BLOCK_SIZE,
    ReadRecordsRequest,
    RemoteReadRecordsResponse,
)
from larkbase_server.protocol.spill import read_spilled
from larkbase_server.protocol.splits import Split
from larkbase_server.protocol.value_blocks import ValueBlock
from larkbase_server.protocol.value_sets import (
    AllOrNoneValueSet,
    EquatableValueSet,
    Range,
    SortedRangeSet,
)
from larkbase_server.protocol.wire_batches import from_wire

SECRET, BUCKET = "lark-app", "spill"
FLAG = "lark-base-flag"
ALL = Constraints()


@dataclass
class Engine:
    """Asks the handler in Athena's messages, and reads what it answers as Athena does.

    Attributes:
        aws: The emulator of AWS, for spilled blocks.
        version: Serde version of the requests.
        query_id: Id of the running query.
        context: Lambda's context.
        answers: Every answer as JSON, the last one last.
    """

    aws: Any
    version: int = 5
    query_id: str = "1f7c1a0e-0000-4000-8000-000000000001"
    context: Any = None
    answers: list[dict[str, Any]] = field(default_factory=list)

    def send(self, request: Any) -> Any:
        """Send a message as JSON and return the answer."""
        return read_response(self.invoke(write_message(request, self.version)))

    def invoke(self, event: Any) -> dict[str, Any]:
        """Invoke the handler with an event; both are JSON."""
        answer = larkbase_server.athena.handler(json.loads(json.dumps(event)), self.context)
        self.answers.append(json.loads(json.dumps(answer)))
        return self.answers[-1]

    @property
    def who(self) -> dict[str, str]:
        """The members that every request has."""
        return {"query_id": self.query_id, "catalog_name": "lark"}

    def about(self, table: str) -> dict[str, Any]:
        """The members that every request about a table has: ``schema.table``."""
        schema, _, name = table.partition(".")
        return {**self.who, "table_name": TableName(schema, name)}

    def ping(self) -> discovery.PingResponse:
        """Return the answer to a Ping."""
        return self.send(discovery.PingRequest(**self.who))

    def capabilities(self) -> Any:
        """Return what the connector declares."""
        request = discovery.GetDataSourceCapabilitiesRequest(**self.who)
        return self.send(request).capabilities

    def schemas(self) -> list[str]:
        """Return the names of the schemas."""
        return list(self.send(discovery.ListSchemasRequest(**self.who)).schemas)

    def tables_page(self, schema: str | None, **page: Any) -> discovery.ListTablesResponse:
        """Return one page of tables."""
        request = discovery.ListTablesRequest(**self.who, schema_name=schema, **page)
        return self.send(request)

    def tables(self, schema: str) -> list[str]:
        """Return the names of the tables of a schema."""
        return [item.table_name for item in self.tables_page(schema).tables]

    def table(self, table: str, **members: Any) -> pa.Schema:
        """Return the schema of a table."""
        return self.send(planning.GetTableRequest(**self.about(table), **members)).schema

    def layout(self, table: str, constraints: Constraints = ALL) -> pa.RecordBatch:
        """Return the partitions of a table."""
        request = planning.GetTableLayoutRequest(
            **self.about(table), constraints=constraints, schema=pa.schema([])
        )
        return self.send(request).partitions

    def splits_page(
        self, table: str, constraints: Constraints = ALL, token: str | None = None
    ) -> planning.GetSplitsResponse:
        """Return one answer with splits."""
        request = planning.GetSplitsRequest(
            **self.about(table),
            partitions=planning.single_partition(),
            constraints=constraints,
            continuation_token=token,
        )
        return self.send(request)

    def splits(self, table: str, constraints: Constraints = ALL) -> list[Split]:
        """Return all splits of a read, following the tokens."""
        page = self.splits_page(table, constraints)
        found = list(page.splits)
        while page.continuation_token is not None:
            page = self.splits_page(table, constraints, page.continuation_token)
            found += page.splits
        return found

    def read(
        self,
        table: str,
        split: Split,
        schema: pa.Schema,
        constraints: Constraints = ALL,
        *,
        block: int = MAX_BLOCK_SIZE,
        inline: int = MAX_INLINE_BLOCK_SIZE,
    ) -> pa.Table:
        """Return the rows of a split in the types of the wire, wherever its blocks are."""
        request = ReadRecordsRequest(
            **self.about(table),
            schema=schema,
            split=split,
            constraints=constraints,
            max_block_size=block,
            max_inline_block_size=inline,
        )
        answer = self.send(request)
        if not isinstance(answer, RemoteReadRecordsResponse):
            return pa.Table.from_batches([answer.records])
        client = self.aws.client("s3")
        batches = [
            read_spilled(
                client.get_object(Bucket=place.bucket, Key=place.key)["Body"].read(),
                answer.schema,
                answer.encryption_key,
            )
            for place in answer.remote_blocks
        ]
        return pa.Table.from_batches(batches, answer.schema)

    def select(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        constraints: Constraints = ALL,
        **limits: int,
    ) -> list[dict[str, Any]]:
        """Plan and read a table; return its rows with their columns by name."""
        known = self.table(table)
        chosen = known.names if columns is None else columns
        schema = pa.schema([known.field(name) for name in chosen])
        self.layout(table, constraints)
        rows = [
            self.read(table, split, schema, constraints, **limits)
            for split in self.splits(table, constraints)
        ]
        return [
            row
            for part in rows
            for batch in part.to_batches()
            for row in from_wire(batch).to_pylist()
        ]


class Sets:
    """Value sets as Athena makes them of SQL; values are Python's, types those of the wire."""

    @staticmethod
    def ranges(data_type: pa.DataType, *found: Range, null: bool = False) -> SortedRangeSet:
        """Return values in any of some ranges."""
        return SortedRangeSet(ArrowType.of(data_type), found, null_allowed=null)

    @classmethod
    def points(cls, data_type: pa.DataType, *values: Any, null: bool = False) -> SortedRangeSet:
        """Return some values: ``=`` and ``IN``."""
        found = [Range.point(value, data_type) for value in sorted(values)]
        return cls.ranges(data_type, *found, null=null)

    @classmethod
    def between(
        cls, data_type: pa.DataType, low: Any = None, high: Any = None, **ends: bool
    ) -> SortedRangeSet:
        """Return one range: ``<``, ``<=``, ``>``, ``>=``, ``BETWEEN``."""
        null = ends.pop("null", False)
        found = Range.between(data_type, low=low, high=high, **ends)
        return cls.ranges(data_type, found, null=null)

    @classmethod
    def beside(cls, data_type: pa.DataType, *values: Any, null: bool = False) -> SortedRangeSet:
        """Return all values but some: ``<>`` and ``NOT IN``."""
        ends = [None, *sorted(values), None]
        found = [
            Range.between(data_type, low=low, high=high, low_inclusive=False, high_inclusive=False)
            for low, high in pairwise(ends)
        ]
        return cls.ranges(data_type, *found, null=null)

    @classmethod
    def outside(
        cls, data_type: pa.DataType, low: Any, high: Any, *, inclusive: bool
    ) -> SortedRangeSet:
        """Return all values up to one and all from another: ``NOT BETWEEN``."""
        below = cls.between(data_type, high=low, high_inclusive=inclusive)
        above = cls.between(data_type, low=high, low_inclusive=inclusive)
        return cls.ranges(data_type, *below.ranges, *above.ranges)

    @classmethod
    def null(cls, data_type: pa.DataType) -> SortedRangeSet:
        """Return ``IS NULL``."""
        return cls.ranges(data_type, null=True)

    @classmethod
    def not_null(cls, data_type: pa.DataType) -> SortedRangeSet:
        """Return ``IS NOT NULL``."""
        return cls.between(data_type)

    @staticmethod
    def listed(
        data_type: pa.DataType, *values: Any, white: bool = True, null: bool = False
    ) -> EquatableValueSet:
        """Return some values, or all but some, of a type without order."""
        return EquatableValueSet(ValueBlock(data_type, values), white_list=white, null_allowed=null)

    @staticmethod
    def any_or_none(data_type: pa.DataType, *, null: bool) -> AllOrNoneValueSet:
        """Return what Athena says of types without equality: ``IS [NOT] NULL``."""
        return AllOrNoneValueSet(ArrowType.of(data_type), all=False, null_allowed=null)

    @staticmethod
    def where(limit: int | None = None, order: Any = (), **columns: Any) -> Constraints:
        """Return constraints; ``order`` holds column and direction by turns."""
        keys = tuple(OrderByField(*pair) for pair in zip(order[::2], order[1::2], strict=True))
        return Constraints(summary=columns, limit=limit, order_by=keys)


@dataclass
class World:
    """Lark on one side, AWS on the other, and the connector between them."""

    lark: Any
    aws: Any
    engine: Engine
    patch: pytest.MonkeyPatch

    def set(self, **environ: str) -> None:
        """Set environment variables of the function and begin a new process."""
        for name, value in environ.items():
            self.patch.setenv(name, value)
        self.fresh_process()

    @staticmethod
    def fresh_process() -> None:
        """Let the next request begin as in a new process."""
        larkbase_server.athena._function.cache_clear()

    @property
    def connector(self) -> Any:
        """What the process keeps."""
        return larkbase_server.athena._function()._connector

    def publish(self, **bases: Any) -> None:
        """Switch Flow 2 on, with bases under these schema names."""
        rows = {"id": [base.app_token for base in bases.values()], "name": list(bases)}
        table = self.lark.database("Metadata").table("databases", rows)
        self.set(
            default_does_activate_lark_base_source="true",
            default_lark_base_sources=f"{table.base.app_token}:{table.table_id}",
            disable_glue="true",
        )

    def into_glue(
        self, database: str, name: str, table: Any, columns: Sequence[Mapping[str, Any]]
    ) -> None:
        """Write a table into Glue as a crawler would, with these columns."""
        glue = self.aws.client("glue")
        location = f"{FLAG}/CrawlingMethod=LarkBase/DataSource=b:t/Base={table.base.app_token}"
        if database not in [item["Name"] for item in glue.get_databases()["DatabaseList"]]:
            glue.create_database(DatabaseInput={"Name": database, "LocationUri": location})
        parameters = {
            "classification": FLAG,
            "larkBaseId": table.base.app_token,
            "larkTableId": table.table_id,
        }
        glue.create_table(
            DatabaseName=database,
            TableInput={
                "Name": name,
                "Parameters": parameters,
                "StorageDescriptor": {"Columns": list(columns)},
            },
        )

    @staticmethod
    def glue_column(table: Any, field: str, declared: str, name: str = "") -> dict[str, Any]:
        """Return a Glue column that stands for a field of a table."""
        found = table.field(field)
        comment = (
            f"LarkBaseId={table.base.app_token}/LarkBaseTableId={table.table_id}"
            f"/LarkBaseFieldId={found.field_id}/LarkBaseFieldName={found.name}"
            f"/LarkBaseFieldType={found.ui_type}"
        )
        return {"Name": name or field.lower(), "Type": declared, "Comment": comment}

    def blocks(self) -> list[str]:
        """Return the keys of the objects in the spill bucket."""
        found = self.aws.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", ())
        return [item["Key"] for item in found]


@pytest.fixture
def world(lark_emulator: Any, aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty Lark, a Glue without databases, a spill bucket; the handler finds them all."""
    secret = {"lark_app_id": lark_emulator.app_id, "lark_app_secret": lark_emulator.app_secret}
    aws.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps(secret))
    aws.client("s3").create_bucket(Bucket=BUCKET)
    made = World(lark_emulator, aws, Engine(aws), monkeypatch)
    made.set(
        default_secret_manager_lark_app_key=SECRET,
        LARK_DOMAIN=lark_emulator.url,
        LARK_RETRIES="0",
        LARK_RATE="1000",
        spill_bucket=BUCKET,
        spill_prefix="athena-spill",
    )
    level = logging.getLogger("larkbase").level
    yield made
    logging.getLogger("larkbase").setLevel(level)
    made.fresh_process()


@pytest.fixture
def engine(world: World) -> Engine:
    """What speaks to the handler."""
    return world.engine


@pytest.fixture(scope="session")
def engine_class() -> type[Engine]:
    """What speaks to the handler, for tests with a process of their own."""
    return Engine


@pytest.fixture(scope="session")
def sets() -> type[Sets]:
    """Makes value sets and constraints."""
    return Sets


@pytest.fixture
def sales(world: World) -> Any:
    """The schema ``sales`` with the table ``orders`` of five rows, through Flow 2."""
    base = world.lark.database("Sales")
    table = base.table(
        "Orders",
        {
            "Order No": ["A1", "A2", "A3", None, "A5"],
            "Amount": [10.5, None, 3, 8, 10.5],
            "Paid": [True, None, False, True, None],
        },
    )
    table.add_field("Status", "SingleSelect", {"options": ["open", "done"]})
    for record, status in zip(table.records, ["open", "done", None, "open", "done"], strict=True):
        table.update(record["record_id"], {"Status": status})
    base.table("Customers", {"Name": ["Ann", "Budi"]})
    world.publish(sales=base)
    world.lark.calls.clear()
    return table
