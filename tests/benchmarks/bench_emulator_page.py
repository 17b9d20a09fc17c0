"""How long the emulator takes for a page of 500 records of 100,000, about 2.4 kB each.

Run it as a script: ``python tests/benchmarks/bench_emulator_page.py``.
"""

from __future__ import annotations

import statistics
import time

import requests

from larkbase_sdk.testing import LarkEmulator

ROWS, PAGES = 100_000, 60


def main() -> None:
    """Print medians over the first pages: time in the server, and time a caller waits."""
    with LarkEmulator(rows=ROWS) as emulator, requests.Session() as session:
        base = emulator.url + "/open-apis"
        body = {"app_id": emulator.app_id, "app_secret": emulator.app_secret}
        path = f"{base}/auth/v3/tenant_access_token/internal"
        token = session.post(path, json=body, timeout=10).json()["tenant_access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        table = emulator.database("Large").table("Events")
        path = (
            f"{base}/bitable/v1/apps/{table.base.app_token}/tables/{table.table_id}/records/search"
        )
        waits, query = [], {"page_size": "500"}
        for _ in range(PAGES):
            started = time.perf_counter()
            answer = session.post(path, json={}, params=query, timeout=10)
            waits.append(time.perf_counter() - started)
            query["page_token"] = answer.json()["data"]["page_token"]
        calls = emulator.calls.named("search")
    print("| measured | median |")
    print("|---|---:|")
    print(f"| in the server | {statistics.median(call.seconds for call in calls) * 1e3:.1f} ms |")
    print(f"| for the caller | {statistics.median(waits) * 1e3:.1f} ms |")
    print(
        f"| size of a record | {statistics.median(call.size for call in calls) / 500:.0f} bytes |"
    )


if __name__ == "__main__":
    main()
