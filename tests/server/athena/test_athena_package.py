"""The whole connector in a process that holds only what the Lambda package holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys

ABSENT = ["numpy", "pandas", "duckdb", "polars", "IPython", "typer", "rich", "starlette", "moto"]

CODE = """
import importlib.abc, json, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
from larkbase_server.athena import handler

who = {{"queryId": "q", "catalogName": "lark"}}
name = {{"schemaName": "b", "tableName": "t"}}

def send(kind, **members):
    event = {{"@type": kind, **who, **members}}
    return json.loads(json.dumps(handler(event, None)))

send("PingRequest")
assert send("ListSchemasRequest")["schemas"] == ["b"]
assert send("ListTablesRequest", schemaName="b")["tables"] == [name]
schema = send("GetTableRequest", tableName=name)["schema"]
block = send("GetTableLayoutRequest", tableName=name, schema=schema)["partitions"]
[split] = send("GetSplitsRequest", tableName=name, partitions=block)["splits"]
answers = [
    send("ReadRecordsRequest", tableName=name, schema=schema, split=split, **sizes)
    for sizes in ({{}}, {{"maxInlineBlockSize": "1"}})
]
from larkbase_server.protocol.messages import read_response
rows = read_response(answers[0]).records
assert rows.num_rows == 3, rows
assert len(answers[1]["remoteBlocks"]) == 1 and answers[1]["encryptionKey"]
print(json.dumps(rows.column(0).to_pylist()), set({absent!r}) & set(sys.modules))
"""


def test_the_connector_needs_none_of_the_notebooks_libraries(world):
    """From Ping to encrypted blocks, through Glue, with conversions that no kernel does."""
    table = world.lark.database("B").table("T", {"A": ["x", "y", None], "N": [1, 2, None]})
    table.add_field("F", "Formula", {"result": "Text"})
    columns = [
        world.glue_column(table, "A", "string"),
        world.glue_column(table, "N", "decimal(10,2)"),
        world.glue_column(table, "F", "string"),
    ]
    world.into_glue("b", "t", table, columns)

    result = subprocess.run(
        [sys.executable, "-c", CODE.format(absent=ABSENT)],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stderr.count("Traceback") == 0, result.stderr
    texts, loaded = result.stdout.rsplit(" ", 1)
    assert (json.loads(texts), loaded.strip()) == (["x", "y", None], "set()")
