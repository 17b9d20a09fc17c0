"""Time the Athena connector's handler: rows of a large table to encrypted blocks, and GetTable.

Run: python tests/benchmarks/bench_connector.py [rows]

The emulators of Lark and AWS run in a process of their own. The figures are those of fresh
processes of the connector, each on one core, as a Lambda function with one virtual processor is,
and told by their own processor time. Lark's answers are those of the emulator, remembered: where
cores share their units, as hyperthreads do, making them on the other core would slow down what is
measured. Each process also parses a page of the same kind with orjson alone, which tells how fast
the machine was at that moment; where the speed of a machine moves, the best process tells most
about the connector, and the median most about the day.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

sys.path.insert(0, str(Path(__file__).parent))
import synthetic_page
from remembered import remembered

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 100_000
FEW = 8
ROUNDS = 200
PROCESSES = 9
AIM_ROWS, AIM_MEMORY, AIM_TABLE = 30_000, 350, 5
SECRET, BUCKET = "lark-app", "spill"

CORES = sorted(os.sched_getaffinity(0))

# Over HTTPS, as in AWS, botocore signs no bodies. The emulator speaks plain HTTP.
AWS_CONFIG = """
[default]
s3 =
    payload_signing_enabled = false
"""


def services(rows: int) -> None:
    """Run both emulators, print the connector's environment, and wait for the end of stdin."""
    os.sched_setaffinity(0, CORES[1:] or CORES)
    from larkbase_sdk.testing import LarkEmulator
    from larkbase_server.local.aws_emulator import AwsEmulator

    with (
        LarkEmulator(rows=rows) as lark,
        remembered(lark.url) as domain,
        AwsEmulator() as aws,
        tempfile.NamedTemporaryFile("w", suffix=".ini") as config,
    ):
        config.write(AWS_CONFIG)
        config.flush()
        base = lark.database("Large")
        source = lark.database("Metadata").table(
            "databases", {"id": [base.app_token], "name": ["large"]}
        )
        secret = {"lark_app_id": lark.app_id, "lark_app_secret": lark.app_secret}
        aws.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps(secret))
        aws.client("s3").create_bucket(Bucket=BUCKET)
        environ = {
            **aws.environment(),
            "AWS_CONFIG_FILE": config.name,
            "LARK_DOMAIN": domain,
            "default_secret_manager_lark_app_key": SECRET,
            "default_does_activate_lark_base_source": "true",
            "default_lark_base_sources": f"{source.base.app_token}:{source.table_id}",
            "disable_glue": "true",
            "spill_bucket": BUCKET,
            "LARK_RATE": "1000",
            "ATHENA_FEDERATION_SDK_LOG_LEVEL": "error",
        }
        print(json.dumps(environ), flush=True)
        sys.stdin.read()


def message(kind: str, **members: Any) -> dict[str, Any]:
    """Return a message about the large table."""
    who = {"queryId": "bench", "catalogName": "lark"}
    name = {"schemaName": "large", "tableName": "events"}
    return {"@type": kind, **who, "tableName": name, **members}


def processor_seconds() -> float:
    """Return the processor time of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def read(columns: int) -> dict[str, Any]:
    """Read the large table through the handler and return what it cost, once all is loaded."""
    os.sched_setaffinity(0, CORES[:1])
    # As in the Lambda package, which holds neither.
    sys.modules.update(numpy=None, pandas=None)  # type: ignore[arg-type]
    import pyarrow as pa

    from larkbase_server.athena import handler
    from larkbase_server.protocol.codecs import write_base64
    from larkbase_server.protocol.framing import read_schema, schema_bytes

    answer = handler(message("GetTableRequest"), None)
    known = read_schema(base64.b64decode(answer["schema"]), "schema")
    wanted = pa.schema(list(known)[:columns])
    schema = write_base64(schema_bytes(wanted, legacy=False))

    def rows(**constraints: int) -> dict[str, Any]:
        members = {"constraints": {"summary": {}, "expression": [], **constraints}}
        block = {"aId": "1", "schema": schema, "records": ""}
        planned = handler(message("GetSplitsRequest", partitions=block, **members), None)
        [members["split"]] = planned["splits"]
        members["maxInlineBlockSize"] = "1"
        return handler(message("ReadRecordsRequest", schema=schema, **members), None)

    rows(limit=1)
    page = synthetic_page.page()
    busy, begun = processor_seconds(), time.perf_counter()
    answer = rows()
    return {
        "columns": len(wanted),
        "seconds": time.perf_counter() - begun,
        "processor": processor_seconds() - busy,
        "blocks": len(answer["remoteBlocks"]),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "table": median_of(lambda: handler(message("GetTableRequest"), None)),
        "yardstick": synthetic_page.ROWS / median_of(lambda: orjson.loads(page)),
    }


def median_of(work: Callable[[], Any]) -> float:
    """Return the median seconds of a piece of work."""
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def measured(environ: dict[str, str], columns: int) -> dict[str, Any]:
    """Return the figures of a fresh process."""
    command = [sys.executable, __file__, "--read", str(columns)]
    result = subprocess.run(
        command, env={**os.environ, **environ}, stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def best_and_median(environ: dict[str, str], columns: int) -> list[dict[str, Any]]:
    """Return the figures of the processes with the least and the median processor time."""
    measured(environ, columns)  # whose answers are remembered for the others
    found = [measured(environ, columns) for _ in range(PROCESSES)]
    found.sort(key=lambda item: item["processor"])
    return [{"which": "best", **found[0]}, {"which": "median", **found[PROCESSES // 2]}]


def main(rows: int) -> None:
    """Print the table and whether the aims are reached."""
    command = [sys.executable, __file__, "--services", str(rows)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        environ = json.loads(process.stdout.readline())  # type: ignore[union-attr]
        found = [item for columns in (FEW, 1000) for item in best_and_median(environ, columns)]
        process.communicate()
    print(
        f"{rows:,} rows, no latency, answers remembered, one core; blocks encrypted and written to "
        f"S3 by two threads; {PROCESSES} processes each\n"
    )
    print(
        "| columns | process | seconds | rows/s | rows/s per core | blocks | peak memory (MB) "
        "| meanwhile, `orjson.loads` alone: rows/s |"
    )
    print("|---:|---|---:|---:|---:|---:|---:|---:|")
    for item in found:
        print(
            f"| {item['columns']} | {item['which']} | {item['seconds']:.1f} "
            f"| {rows / item['seconds']:,.0f} | {rows / item['processor']:,.0f} | {item['blocks']} "
            f"| {item['memory']:.0f} | {item['yardstick']:,.0f} |"
        )
    table = max(item["table"] for item in found)
    print(f"\nGetTable from memory, {found[-1]['columns']} columns: {table * 1e3:.2f} ms.\n")
    aims = {
        f"{AIM_ROWS:,} rows/s per core, {item['columns']} columns, {item['which']} process": (
            rows / item["processor"] >= AIM_ROWS
        )
        for item in found
    } | {
        f"Less than {AIM_MEMORY} MB": all(item["memory"] < AIM_MEMORY for item in found),
        f"GetTable under {AIM_TABLE} ms": table * 1e3 < AIM_TABLE,
    }
    for aim, reached in aims.items():
        print(f"{aim}: {'reached' if reached else 'not reached on this machine'}.")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["--services"]:
        services(int(arguments[1]))
    elif arguments[:1] == ["--read"]:
        print(json.dumps(read(int(arguments[1]))))
    else:
        main(int(arguments[0]) if arguments else ROWS)
