"""Time tasks beside the peers and beside what Lark allows, and print Markdown tables.

The readers of a task take turns at one emulator, which runs in another process with the latency
and the rate limit of the service; all must find the same. Memory is that of fresh processes.

Run: python tests/benchmarks/bench_peers.py [rounds]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from peers import PEERS, Official, Plain
from served import LATENCY, RATE, Places, Served, connect, serve, served

ROUNDS = 3
ROWS, BIG_ROWS, FIELDS = 20_000, 100_000, 10
BASES, TABLES = 5, 40
STEP = 100
"""Of so many rows one changes before a refresh."""

OURS = "larkbase"
WHERE = "Status = 'Open' AND Amount > 9500"
BY_HAND = {
    "filter": {
        "conjunction": "and",
        "conditions": [
            {"field_name": "Status", "operator": "is", "value": ["Open"]},
            {"field_name": "Amount", "operator": "isGreater", "value": ["9500"]},
        ],
    }
}
SORT_BY_HAND = {"sort": [{"field_name": "Amount", "desc": True}]}
TOP = 5

Work = Callable[[], Any]


# -- the emulator ----------------------------------------------------------------------------------


def serve_tenant(switches: dict[str, Any], rows: int) -> None:
    """Run an emulator with a large table, a table that changes, and a folder of bases."""
    from larkbase_sdk.emulator.emulator import LarkEmulator
    from larkbase_sdk.emulator.large import add_generated_table

    with LarkEmulator() as emulator:
        large, log = emulator.database("Large"), emulator.database("Log")
        events = add_generated_table(large, "Events", rows, FIELDS)
        folder, elsewhere = emulator.drive.folder("bench"), emulator.drive.folder("elsewhere")
        elsewhere.add(large)
        elsewhere.add(log)
        for number in range(BASES):
            base = emulator.database(f"Base {number}")
            folder.add(base)
            for table in range(TABLES):
                base.table(f"Table {table}", fields=[("Name", "Text"), ("Amount", "Number")])
        emulator.advance(-86_400 * 30.0)
        changing = log.table(
            "Log",
            fields=["Name", ("Amount", "Number"), ("Changed", "ModifiedTime")],
            rows=({"Name": f"row {number}", "Amount": 1} for number in range(ROWS)),
        )
        emulator.advance(86_400 * 30.0)
        for name, value in switches.items():
            setattr(emulator.switches, name, value)

        def touch() -> int:
            touched = changing.rows.ids(range(0, ROWS, STEP))
            for record_id in touched:
                cells = changing.rows.values(changing.fields[1].field_id, [0])
                changing.update(record_id, {"Amount": cells[0] + 1})
            return len(touched)

        def calls() -> int:
            number = emulator.calls.count()
            emulator.calls.clear()
            return number

        places = {
            "base": large.app_token,
            "events": events.table_id,
            "log_base": log.app_token,
            "log": changing.table_id,
            "folder": folder.token,
        }
        serve(emulator, places, touch=touch, calls=calls)


# -- the tasks -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Task:
    """Something that all readers do.

    Attributes:
        what: Its name.
        least: Calls that nobody can do without, whatever the reader.
        readers: What each reader does; all return the same.
        before: A word to the emulator's process before each reading.
    """

    what: str
    least: int
    readers: dict[str, Work]
    before: str | None = None

    @property
    def limit(self) -> float:
        """Seconds below which nobody gets: the latency, or what the rate leaves."""
        return max(LATENCY, self.least / RATE)


def selective_filter(places: Places) -> Task:
    """Return the task to find a few rows of a large table."""
    table = connect(places).database(places["base"]).table(places["events"])
    _ = table.schema

    def everything(peer: Any) -> Work:
        def read() -> int:
            frame = peer.frame(peer.rows(places["base"], places["events"]))
            return int(((frame["Status"] == "Open") & (frame["Amount"] > 9500)).sum())

        return read

    def by_hand(peer: Any) -> Work:
        return lambda: len(peer.frame(peer.rows(places["base"], places["events"], BY_HAND)))

    readers: dict[str, Work] = {OURS: lambda: len(table.to_pandas(where=WHERE))}
    return Task(f"Some of {ROWS:,} rows", 1, readers | _both(places, by_hand, everything))


def top_rows(places: Places) -> Task:
    """Return the task to find the greatest rows of a large table."""
    table = connect(places).database(places["base"]).table(places["events"])
    _ = table.schema

    def everything(peer: Any) -> Work:
        def read() -> list[float]:
            frame = peer.frame(peer.rows(places["base"], places["events"]))
            return list(frame.nlargest(TOP, "Amount")["Amount"])

        return read

    def by_hand(peer: Any) -> Work:
        def read() -> list[float]:
            asked = places["base"], places["events"], SORT_BY_HAND
            return list(peer.frame(peer.rows(*asked, page_size=TOP, all_=False))["Amount"])

        return read

    def ours() -> list[float]:
        return list(table.to_pandas(order_by="-Amount", limit=TOP)["Amount"])

    return Task(f"First {TOP} by a number", 1, {OURS: ours} | _both(places, by_hand, everything))


def _both(places: Places, *ways: Callable[[Any], Work]) -> dict[str, Work]:
    """Return what the peers do, with a search written by hand and with pandas."""
    names = ("search written by hand", "all rows, then pandas")
    found = {}
    for kind in PEERS:
        peer = kind(places)
        for name, way in zip(names, ways, strict=True):
            found[f"{peer.name}, {name}"] = way(peer)
    return found


def discovery(places: Places) -> Task:
    """Return the task to learn of every field in a folder of bases."""

    def ours() -> int:
        with connect(places, folders=places["folder"]) as lark:
            tables = [table for _, found in lark.catalog.all_tables() for table in found]
            return sum(len(lark.catalog.schema(table).columns) for table in tables)

    readers: dict[str, Work] = {OURS: ours}
    for kind in PEERS:
        readers[f"{kind.name}, one after another"] = lambda kind=kind: kind(places).fields_of(
            places["folder"]
        )
    return Task(f"Fields of {BASES * TABLES} tables", BASES * TABLES, readers)


def refresh(places: Places, folder: Path) -> Task:
    """Return the task to bring a stored table up to date, of which few rows changed."""
    database = connect(places).database(places["log_base"])
    database.snapshot(folder)

    def ours() -> int:
        stored = database.snapshot(folder)
        return int(stored.sql("SELECT sum(amount) AS n FROM log.log").to_pandas()["n"][0])

    def again(peer: Any) -> Work:
        def read() -> int:
            frame = peer.frame(peer.rows(places["log_base"], places["log"]))
            frame[["Amount"]].to_parquet(folder / f"{peer.name}.parquet")
            return int(frame["Amount"].sum())

        return read

    readers: dict[str, Work] = {OURS: ours}
    readers |= {f"{kind.name}, all rows again": again(kind(places)) for kind in PEERS}
    return Task(f"{ROWS:,} stored rows, 1 % changed", 1, readers, before="touch")


# -- measuring -------------------------------------------------------------------------------------


@dataclass(slots=True)
class Taken:
    """What a reader took: seconds of each reading, calls of the last, and what it found."""

    seconds: list[float]
    calls: int = 0
    found: Any = None


def measure(task: Task, emulator: Served, rounds: int) -> dict[str, Taken]:
    """Let the readers take turns, and see that they find the same.

    Raises:
        SystemExit: when they do not.
    """
    taken = {name: Taken([]) for name in task.readers}
    for _ in range(rounds):
        if task.before:
            emulator.ask(task.before)
        for name, read in task.readers.items():
            time.sleep(1)  # the quota of the one before is not charged to the next
            emulator.ask("calls")
            began = time.perf_counter()
            taken[name].found = read()
            taken[name].seconds.append(time.perf_counter() - began)
            taken[name].calls = emulator.ask("calls")
        found = {name: entry.found for name, entry in taken.items()}
        if any(other != found[OURS] for other in found.values()):
            sys.exit(f"{task.what}: the readers disagree: {found}")
    return taken


def lines(task: Task, taken: dict[str, Taken]) -> Iterator[str]:
    """Yield the rows of the table, the limit first."""
    ours = statistics.median(taken[OURS].seconds)
    yield f"| {task.what} | what Lark allows | {task.limit:.2f} | {task.least} | |"
    for name, entry in taken.items():
        seconds = statistics.median(entry.seconds)
        yield f"| | {name} | {seconds:.2f} | {entry.calls} | {seconds / ours:.1f} |"


# -- memory ----------------------------------------------------------------------------------------


def highest() -> float:
    """Return the most memory that this process ever had, in MB (10^6 bytes)."""
    # The figure of getrusage would begin with that of the process that started this one.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


MEMORY = {
    f"{OURS}, a DataFrame": lambda places: _our_table(places).to_pandas,
    f"{OURS}, in batches": lambda places: lambda: sum(map(len, _our_table(places).to_reader())),
    "lark-oapi, a DataFrame": lambda places: _frame_of(Official(places), places),
    "requests, a DataFrame": lambda places: _frame_of(Plain(places), places),
}


def _our_table(places: Places) -> Any:
    lark = connect(places, rate=1e5)
    return lark.database(places["base"]).table(places["events"])


def _frame_of(peer: Any, places: Places) -> Work:
    return lambda: peer.frame(peer.rows(places["base"], places["events"]))


def fill_memory(name: str, places: Places) -> None:
    """Read a large table in this process, and print what it took."""
    import pandas as pd
    import pyarrow.compute
    import pyarrow.json  # noqa: F401 (what is loaded at the first reading is not charged)

    pd.DataFrame({"a": [1]})
    read = MEMORY[name](places)
    start, began = highest(), time.perf_counter()
    kept = read()
    print(json.dumps([time.perf_counter() - began, highest() - start]))
    del kept


def print_memory() -> None:
    """Print seconds and memory of reading a large table without latency and limit."""
    print(f"\n{BIG_ROWS:,} rows, {FIELDS} fields, without latency and limit:\n")
    print("| reader | seconds | grows by at most (MB) |")
    print("|---|---:|---:|")
    with served(__file__, {}, BIG_ROWS) as emulator:
        for name in MEMORY:
            command = [sys.executable, __file__, "memory"]
            command += map(json.dumps, (name, emulator.places))
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            seconds, grown = json.loads(done.stdout)
            print(f"| {name} | {seconds:.1f} | {grown:.0f} |")


def main(rounds: int) -> None:
    """Print every table."""
    switches = {"latency": LATENCY, "rate": RATE}
    print(
        f"{LATENCY * 1000:g} ms a call, {RATE:g} calls a second allowed; medians of {rounds}; "
        "all readers found the same.\n"
    )
    print("| task | reader | seconds | calls | times the seconds of larkbase |")
    print("|---|---|---:|---:|---:|")
    with served(__file__, switches, ROWS) as emulator, tempfile.TemporaryDirectory() as folder:
        places = emulator.places
        tasks = (selective_filter(places), top_rows(places), refresh(places, Path(folder)),
                 discovery(places))  # fmt: skip
        for task in tasks:
            print(*lines(task, measure(task, emulator, rounds)), sep="\n", flush=True)
    print_memory()


if __name__ == "__main__":
    words = sys.argv[1:]
    roles: dict[str, Callable[..., None]] = {"serve": serve_tenant, "memory": fill_memory}
    role = roles.get(words[0]) if words else None
    if role is not None:
        role(*map(json.loads, words[1:]))
    else:
        main(int(words[0]) if words else ROUNDS)
