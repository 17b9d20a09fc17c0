"""Ctrl-C in the middle of a statement ends it within a page and leaves a usable client."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

SCRIPT = """
import sys
import larkbase_sdk as larkbase

searches = 0

def on_call(call):
    global searches
    if call["endpoint"] == "search":
        searches += 1
        sys.stdout.write("page\\n")
        sys.stdout.flush()

options = larkbase.Options(page_size=20, on_call=on_call, progress=False)
lark = larkbase.connect("", options=options)
try:
    lark.sql(sys.argv[1])
    print("answered", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
options.on_call = None
print(searches, lark.sql("SELECT count(*) FROM crm.customers").to_arrow()[0][0], flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to send")
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(DISTINCT order_no) FROM crm.orders WHERE lower(status) <> 'x'",
        "SELECT count(*) FROM crm.orders a JOIN crm.orders b ON a.order_no = b.order_no",
        "COPY (FROM crm.orders) TO '/dev/null' (FORMAT csv)",
    ],
    ids=["one scan", "shared", "copy"],
)
def test_an_interrupt_ends_the_statement_and_leaves_a_usable_client(lark_emulator, crm, sql):
    """A real signal, whichever thread reads at that moment."""
    lark_emulator.switches.latency = 0.05
    environment = {
        **os.environ,
        "LARK_DOMAIN": lark_emulator.url,
        "LARK_APP_ID": lark_emulator.app_id,
        "LARK_APP_SECRET": lark_emulator.app_secret,
    }

    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, sql], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        for _ in range(3):
            assert next(lines) == "page\n"
        process.send_signal(signal.SIGINT)
        rest = [line.strip() for line in lines]

    ended = [line for line in rest if not line.startswith("page")]
    assert ended[0] == "interrupted"
    searches, customers = map(int, ended[1].split())
    assert searches < 40
    assert customers == 12
    assert process.returncode == 0
