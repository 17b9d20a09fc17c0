"""How long ``import larkbase_sdk`` takes in a fresh interpreter, beside its neighbours.

Run it as a script: ``python tests/benchmarks/bench_import.py``.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS = 11
MODULES = ["larkbase_sdk", "requests", "pyarrow", "pandas", "lark_oapi"]


def seconds(module: str) -> float:
    """Return the seconds that importing a module takes, without starting the interpreter."""
    code = (
        "import time; start = time.perf_counter(); "
        f"import {module}; print(time.perf_counter() - start)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return float(result.stdout)


def main() -> None:
    """Print medians, one round after the other so that a busy moment hits all alike."""
    for module in MODULES:
        seconds(module)
    taken: dict[str, list[float]] = {module: [] for module in MODULES}
    for turn in range(ROUNDS):
        for module in MODULES:
            if module != "lark_oapi" or turn < 3:
                taken[module].append(seconds(module))
    print(f"{ROUNDS} fresh interpreters each (lark_oapi: 3), warm file cache\n")
    print("| module | median ms | worst ms |")
    print("|---|---:|---:|")
    for module, times in taken.items():
        print(f"| `{module}` | {statistics.median(times) * 1e3:.0f} | {max(times) * 1e3:.0f} |")


if __name__ == "__main__":
    main()
