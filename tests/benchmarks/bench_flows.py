"""Compare the flows: calls, seconds, freshness and memory of the connector's catalogue.

Both emulators run in a process of their own, and every flow is measured in a fresh one. While
seconds are taken, every call takes 200 ms, whether it goes to Lark or to AWS.

Run: python tests/benchmarks/bench_flows.py
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BASES, TABLES, FIELDS = 5, 40, 20
LATENCY = 0.2
WARM_LOOKUPS = 20
TTL = 1.0
COLUMNS = ("database_name", "table_name", "lark_base_id", "lark_table_id")
FLOWS = {
    "glue": "1: Glue",
    "base": "2: metadata table",
    "drive": "3: Drive folder",
    "ids": "4: ids in the query",
    "athena": "4: metadata table in Athena",
}
HEADS = (
    "Flow", "Databases, and tables of one", "First lookup of a table", "Next lookup of it",
    "A new field is seen", "A new table is found", f"Memory for {BASES * TABLES} tables",
)  # fmt: skip
CALLS = "{lark} + {aws} calls, {seconds:.1f} s"


# -- the emulators ---------------------------------------------------------------------------------


def serve() -> None:
    """Run both emulators; a line on standard input sets the seconds that a call to Lark takes."""
    from larkbase_sdk.testing import LarkEmulator
    from larkbase_server.local.aws_emulator import AwsEmulator

    with LarkEmulator() as lark, AwsEmulator() as aws:
        places = {**fill(lark, aws), "aws": aws.environment(), "domain": lark.url}
        places |= {"app_id": lark.app_id, "app_secret": lark.app_secret}
        print(json.dumps(places), flush=True)
        for line in sys.stdin:
            lark.switches.latency = float(line)
            print("ok", flush=True)


def fill(lark: Any, aws: Any) -> dict[str, Any]:
    """Make the bases, and what names them in every flow; return where it is."""
    from larkbase_sdk.options import Options
    from larkbase_server.crawler.crawl import crawl
    from larkbase_server.crawler.glue_calls import GlueCalls
    from larkbase_server.crawler.request import CrawlRequest
    from larkbase_server.crawler.source import CrawlSource

    folder = lark.drive.folder("bench")
    fields = [("Name", "Text"), *((f"Field {number}", "Number") for number in range(1, FIELDS))]
    tables, sheet = [], []
    for number in range(BASES):
        base = lark.database(f"Base {number}")
        folder.add(base)
        sheet.append({"id": base.app_token, "name": base.name})
        for item in range(TABLES):
            table = base.table(f"Table {item}", fields=fields)
            tables.append((f"base_{number}", f"table_{item}", base.app_token, table.table_id))
    source = lark.database("Metadata").table("bases", fields=["id", "name"], rows=sheet)
    ids = (source.base.app_token, source.table_id)
    with lark.connect() as client:
        request = CrawlRequest(CrawlSource.of_table(*ids))
        options = Options(name_style="ascii", rate=1000)
        crawl(client.api, GlueCalls(aws.client("glue")), request, options)
    aws.client("s3").create_bucket(Bucket="bench")
    aws.client("athena").create_data_catalog(Name="lark", Type="LAMBDA")
    rows = [dict(zip(COLUMNS, table, strict=True)) for table in tables]
    aws.athena.table("lark_base", "metadata_catalog", rows)
    return {"tables": tables, "source": ":".join(ids), "folder": folder.token}


class Emulators:
    """The process of the emulators, and where everything is in it."""

    def __init__(self) -> None:
        command = [sys.executable, __file__, "serve"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(command, text=True, **pipes)
        self.places = json.loads(self._process.stdout.readline())

    def latency(self, seconds: float) -> None:
        """Let every call to Lark take so long."""
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def stop(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()


# -- one flow, in a process of its own -------------------------------------------------------------


@dataclass
class World:
    """One flow of the connector, and counters of its calls."""

    flow: str
    places: dict[str, Any]
    delay: float = 0.0
    aws_calls: int = 0
    lark: Any = None
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        import boto3

        import larkbase_sdk as larkbase
        from larkbase_sdk.options import Options

        os.environ.update(self.places["aws"])
        boto3.setup_default_session()
        boto3.DEFAULT_SESSION.events.register("before-send", self._before_send)
        names = ("domain", "app_id", "app_secret")
        rate = 20.0 if self.delay else 1000.0
        options = Options(rate=rate, progress=False)
        self.lark = larkbase.connect("", options=options, **{n: self.places[n] for n in names})
        self.settings |= {"LARK_RATE": f"{rate:g}", "disable_glue": "true"} | self._of_flow()

    def _before_send(self, **_: Any) -> None:
        self.aws_calls += 1
        time.sleep(self.delay)

    def _of_flow(self) -> dict[str, str]:
        return {
            "glue": {"disable_glue": "false"},
            "base": {
                "default_does_activate_lark_base_source": "true",
                "default_lark_base_sources": self.places["source"],
            },
            "drive": {
                "default_does_activate_lark_drive_source": "true",
                "default_lark_drive_sources": self.places["folder"],
            },
            "ids": {"default_does_activate_experimental_feature": "true"},
            "athena": {
                "default_does_activate_experimental_feature": "true",
                "LARK_METADATA_OUTPUT": "s3://bench/answers/",
                **({} if self.delay else {"LARK_METADATA_POLL": "0.01"}),
            },
        }[self.flow]

    @property
    def lists(self) -> bool:
        """Whether the flow lists databases and tables at all."""
        return self.flow not in ("ids", "athena")

    def catalog(self, **settings: str) -> Any:
        """Return a catalogue that has read nothing yet."""
        from larkbase_server.flows import open_catalog
        from larkbase_server.settings import ConnectorSettings

        chosen = ConnectorSettings.from_environ(self.settings | settings)
        return open_catalog(chosen, self.lark.api)

    def schema(self, catalog: Any, table: tuple[str, ...]) -> Any:
        """Return the schema of a table as a query finds it, given names and ids."""
        database, name, base_id, table_id = table
        if self.flow == "ids":
            catalog = catalog.for_query(self._query(base_id, table_id))
            database, name = base_id.lower(), table_id.lower()
        elif self.flow == "athena":
            catalog = catalog.for_query("")
        return catalog.schema(catalog.table(database, name))

    def _query(self, base_id: str, table_id: str) -> str:
        """Start the query that asks, which is Athena's call and not the connector's."""
        import boto3

        delay, calls, self.delay = self.delay, self.aws_calls, 0.0
        started = boto3.client("athena").start_query_execution(
            QueryString=f'SELECT * FROM lark."{base_id}"."{table_id}"',
            ResultConfiguration={"OutputLocation": "s3://bench/queries/"},
        )
        self.delay, self.aws_calls = delay, calls
        return str(started["QueryExecutionId"])

    def cost(self, work: Callable[[], Any]) -> dict[str, Any]:
        """Return the calls and seconds of some work."""
        lark, aws = self.lark.stats.calls, self.aws_calls
        began = time.perf_counter()
        work()
        seconds = time.perf_counter() - began
        calls = {"lark": self.lark.stats.calls - lark, "aws": self.aws_calls - aws}
        return {**calls, "seconds": seconds}


def take_times(world: World) -> dict[str, Any]:
    """Return what listing, a first lookup and the next lookups cost."""
    first = world.places["tables"][0]
    world.schema(world.catalog(), first)  # loads modules, which is not charged
    listing = None
    if world.lists:
        catalog = world.catalog()

        def list_all() -> None:
            names = [item.sql_name for item in catalog.databases()]
            assert len(names) == BASES
            assert len(catalog.tables(first[0])) == TABLES

        listing = world.cost(list_all)
    catalog = world.catalog()
    cold = world.cost(lambda: world.schema(catalog, first))
    warm = world.cost(lambda: [world.schema(catalog, first) for _ in range(WARM_LOOKUPS)])
    return {"list": listing, "first": cold, "next": warm}


def take_memory(world: World) -> dict[str, Any]:
    """Return by how many MB the process grows while it looks every table up once."""
    world.schema(world.catalog(), world.places["tables"][0])
    gc.collect()
    before = resident()
    catalog = world.catalog()
    for table in world.places["tables"]:
        assert len(world.schema(catalog, table).columns) >= FIELDS
    if world.lists:
        assert sum(len(catalog.tables(f"base_{number}")) for number in range(BASES)) >= TABLES
    gc.collect()
    return {"memory": resident() - before}


def resident() -> float:
    """Return the memory of this process in MB (10^6 bytes)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def take_freshness(world: World) -> dict[str, Any]:
    """Return when a field and a table that are new in Lark are seen by a warm catalogue."""
    from larkbase_sdk.api.endpoints import CREATE_FIELD, CREATE_TABLE
    from larkbase_sdk.errors import NotFound

    known = world.places["tables"][0]
    base_id, table_id = known[2:]
    catalog = world.catalog(LARK_METADATA_TTL=str(TTL))
    world.schema(catalog, known)
    if world.lists:
        catalog.tables(known[0])
    call = world.lark.api.http.call
    path = {"app": base_id, "table": table_id}
    name = f"new_{world.flow}"
    call(CREATE_FIELD, path=path, body={"field_name": name, "type": 1})
    made = call(CREATE_TABLE, path={"app": base_id}, body={"table": {"name": name}})

    def field_is_seen() -> bool:
        return name in {column.name for column in world.schema(catalog, known).columns}

    def table_is_found() -> bool:
        try:
            world.schema(catalog, (known[0], name, base_id, str(made["table_id"])))
        except NotFound:
            return False
        return True

    checks = {"field": field_is_seen, "table": table_is_found}
    if world.flow == "athena":
        del checks["table"]
    return {"table": "once it has a row"} | first_moments(world, checks)


def first_moments(world: World, checks: dict[str, Callable[[], bool]]) -> dict[str, str]:
    """Return in words when each of these becomes true."""
    moments: dict[str, Callable[[], None]] = {
        "at once": lambda: None,
        "after the time-to-live": lambda: time.sleep(TTL * 1.1),
        "after a crawl and the time-to-live": lambda: crawl_again(world),
    }
    found: dict[str, str] = {}
    for words, wait in moments.items():
        wait()
        for name, check in checks.items():
            if name not in found and check():
                found[name] = words
        if len(found) == len(checks):
            return found
    raise AssertionError(found)


def crawl_again(world: World) -> None:
    """Bring Glue in line, as a schedule would, and wait until what was known is too old."""
    from larkbase_sdk.options import Options
    from larkbase_server.crawler.crawl import crawl
    from larkbase_server.crawler.glue_calls import GlueCalls, open_glue
    from larkbase_server.crawler.request import CrawlRequest
    from larkbase_server.crawler.source import CrawlSource

    request = CrawlRequest(CrawlSource.parse(world.places["source"]))
    crawl(world.lark.api, GlueCalls(open_glue()), request, Options(name_style="ascii", rate=1000))
    time.sleep(TTL * 1.1)


MEASURES = {"times": take_times, "memory": take_memory, "freshness": take_freshness}


def measured(flow: str, measure: str, places: dict[str, Any]) -> dict[str, Any]:
    """Run one measure in a process of its own and return what it found."""
    result = subprocess.run(
        [sys.executable, __file__, flow, measure],
        input=json.dumps(places),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(json.loads(result.stdout))


# -- the table -------------------------------------------------------------------------------------


def cells(flow: str, found: dict[str, Any]) -> Iterator[str]:
    """Yield the cells of one flow."""
    yield FLOWS[flow]
    yield CALLS.format(**found["list"]) if found["list"] else "none are listed"
    yield CALLS.format(**found["first"])
    again = found["next"]
    calls = [again["lark"] / WARM_LOOKUPS, again["aws"] / WARM_LOOKUPS]
    assert all(number == int(number) for number in calls), "each lookup costs the same"
    one = again["seconds"] / WARM_LOOKUPS
    spent = f"{one:.1f} s" if any(calls) else f"{one * 1e6:.0f} µs"
    yield f"{calls[0]:.0f} + {calls[1]:.0f} calls, {spent}"
    yield found["field"]
    yield found["table"]
    yield f"{found['memory']:.1f} MB"


@contextmanager
def running() -> Iterator[Emulators]:
    """Start the emulators, and stop them at the end."""
    emulators = Emulators()
    try:
        yield emulators
    finally:
        emulators.stop()


def main() -> int:
    """Measure every flow and print the table; return 1 when a warm lookup costs a call."""
    found: dict[str, dict[str, Any]] = {flow: {} for flow in FLOWS}
    with running() as emulators:
        # Freshness comes last: it adds fields and tables.
        for measure in MEASURES:
            emulators.latency(LATENCY if measure == "times" else 0)
            for flow in FLOWS:
                found[flow] |= measured(flow, measure, emulators.places)
    remembering = [found[flow]["next"] for flow in ("glue", "base", "drive")]
    good = not any(again["lark"] + again["aws"] for again in remembering)
    print(
        f"{BASES} bases with {TABLES} tables of {FIELDS} fields each; `a + b` calls are a to Lark "
        f"and b to AWS; every call takes {LATENCY * 1000:.0f} ms.\n"
    )
    print(f"| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}")
    for flow in FLOWS:
        print(f"| {' | '.join(cells(flow, found[flow]))} |")
    return 0 if good else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    elif len(sys.argv) > 2:
        flow, measure = sys.argv[1:3]
        delay = LATENCY if measure == "times" else 0.0
        world = World(flow, json.load(sys.stdin), delay)
        print(json.dumps(MEASURES[measure](world)))
    else:
        sys.exit(main())
