"""Time the decoder against the official SDK on the same bytes, and print a Markdown table.

Run: python tests/benchmarks/bench_decode.py [rounds]
"""

from __future__ import annotations

import json
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lark_oapi
import orjson
import pandas as pd
import pyarrow as pa
from lark_oapi.api.bitable.v1 import SearchAppTableRecordResponse

from larkbase_sdk.read import bodies
from larkbase_sdk.read.decode import _SEARCH, PageDecoder
from larkbase_sdk.schema.table_schema import build_schema

sys.path.insert(0, str(Path(__file__).parent))
import synthetic_page

if TYPE_CHECKING:
    from collections.abc import Callable

AIMED_ROWS, AIMED_RATIO = 80_000, 2.5
OURS, PEER = "larkbase: bytes → record batch", "lark-oapi: unmarshal → DataFrame"
ROUNDS = 150


def contenders(body: bytes) -> dict[str, Callable[[], Any]]:
    """Return what is timed; each entry turns the body into the result that a user works with."""
    schema = build_schema(
        "base", "tbl", synthetic_page.fields(), fields_of=synthetic_page.target_fields
    )
    decoder = PageDecoder(schema.columns)
    three = PageDecoder(schema.columns[:3])

    def official() -> Any:
        return lark_oapi.JSON.unmarshal(body.decode(), SearchAppTableRecordResponse)

    def official_frame() -> pd.DataFrame:
        items = official().data.items
        return pd.DataFrame([{"record_id": item.record_id, **item.fields} for item in items])

    return {
        "larkbase: bytes → record batch": lambda: decoder.decode(body),
        "… pyarrow's JSON reader in it": lambda: decoder._bulk.read(body, _SEARCH),
        "… UTF-8 check in that": lambda: bodies._is_utf8(body),
        "larkbase: 3 of 32 columns": lambda: three.decode(body),
        "larkbase: → pandas, Arrow types": lambda: decoder.decode(body).batch.to_pandas(
            types_mapper=pd.ArrowDtype
        ),
        "larkbase: → pandas, default types": lambda: decoder.decode(body).batch.to_pandas(),
        "lark-oapi: unmarshal": official,
        PEER: official_frame,
        "json and json_normalize of pandas": lambda: pd.json_normalize(
            json.loads(body)["data"]["items"]
        ),
        "orjson.loads alone": lambda: orjson.loads(body),
    }


def measure(functions: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Time every function once per round, so that a busy moment hits all of them alike."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(rounds + 2):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            if turn >= 2:
                times[name].append(time.perf_counter() - start)
    return times


def report(times: dict[str, list[float]], rows: int) -> str:
    """Return the Markdown table; ratios are of medians, against the official SDK's frame."""
    peer = statistics.median(times[PEER])
    lines = [
        "| step | median ms | best ms | rows/s (median) | × lark-oapi + DataFrame |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, taken in times.items():
        median = statistics.median(taken)
        lines.append(
            f"| {name} | {median * 1e3:.2f} | {min(taken) * 1e3:.2f} | "
            f"{rows / median:,.0f} | {peer / median:.2f} |"
        )
    return "\n".join(lines)


def verdict(times: dict[str, list[float]], rows: int) -> str:
    """Return in words whether the aims are reached, by the medians of this run."""
    ours, peer = (statistics.median(times[name]) for name in (OURS, PEER))
    speed = "reached" if rows / ours >= AIMED_ROWS else "not reached on this machine"
    ratio = "reached" if peer / ours >= AIMED_RATIO else "not reached in this run"
    return f"\n{AIMED_ROWS:,} rows/s: {speed}.\n{AIMED_RATIO} times the official SDK: {ratio}."


def main() -> None:
    """Print the table and what it was measured on."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    body = synthetic_page.page()
    times = measure(contenders(body), rounds)
    print(
        f"{synthetic_page.ROWS} records, {len(synthetic_page.fields())} fields, "
        f"{len(body):,} bytes; {rounds} rounds; Python {platform.python_version()}, "
        f"pyarrow {pa.__version__}, pandas {pd.__version__}\n"
    )
    print(report(times, synthetic_page.ROWS))
    print(verdict(times, synthetic_page.ROWS))


if __name__ == "__main__":
    main()
