"""Bills as they grow: a row's cost at ten and thirty times, one month of thirty-six.

BENCH_BILL_ROWS (10,000,000) is the middle size; the others are a tenth of it and three times it.
There are BENCH_MONTHS (36) months with BENCH_MONTH_ROWS (100,000) rows each. Ratios compare
processor seconds; each measurement runs in its own process, and its start is not counted.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.bills import FILES, MEMORY, ROWS, generate
from credits_pipeline.core.month import BillingMonth

SIZES = (ROWS // 10, ROWS, ROWS * 3)
MONTHS = int(os.environ.get("BENCH_MONTHS", "36"))
MONTH_ROWS = int(os.environ.get("BENCH_MONTH_ROWS", "100000"))
_LAST = BillingMonth(2026, 5)

_START = """
import json, os, sys, time
from pathlib import Path
from bench.bills import Source, refresher
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.finops.ingest import Limits, ingest_month
from credits_pipeline.finops.lake import open_lake
from credits_pipeline.finops.manifests import months
bills, storage, memory = sys.argv[1:]
lake = open_lake(storage)
began = time.process_time()
"""
INGEST = (
    _START
    + """
for month in months(Source(bills)):
    done = ingest_month(Source(bills), month, lake, limits=Limits(memory=memory))
    assert done.outcome in ("published", "unchanged"), done.checks
"""
)
REFRESH = """
refreshed = refresher(storage, memory).refresh()
assert refreshed.holds
"""
END = """
print()  # behind what DuckDB may have drawn
print(json.dumps(time.process_time() - began))
"""


def seconds(script: str, folder: Path) -> float:
    """Processor seconds that a process takes after its start."""
    done = subprocess.run(
        [sys.executable, "-c", script + END, str(folder / "bills"), str(folder / "wing"), MEMORY],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return float(json.loads(done.stdout.splitlines()[-1]))


def rows_cost_the_same() -> None:
    first = 0.0
    for rows in SIZES:
        with tempfile.TemporaryDirectory() as place:
            generate(Path(place) / "bills", rows=rows, files=max(1, FILES * rows // ROWS))
            took = seconds(INGEST + REFRESH, Path(place))
            each = took / rows * 1e6
            first = first or each
            print(
                f"{rows:>12,} rows {took:8.1f} s of CPU {each:7.1f} s a million  "
                f"ratio {each / first:.2f} (at most 1.2 is wanted)"
            )


def one_month_again() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for ago in range(MONTHS):
            month = str(_LAST.shift(-ago))
            generate(folder / "bills", rows=MONTH_ROWS, files=1, month=month)
        every = seconds(INGEST + REFRESH, folder)
        nothing = seconds(INGEST + REFRESH, folder)
        generate(folder / "bills", rows=MONTH_ROWS, files=1, month=str(_LAST), seed=7)
        one = seconds(INGEST + REFRESH, folder)
        print(
            f"{MONTHS} months of {MONTH_ROWS:,} rows {every:8.1f} s of CPU; one of them again "
            f"{one:.1f} s, {one / (every / MONTHS):.2f} of a month; nothing new {nothing:.1f} s"
        )


def main() -> None:
    rows_cost_the_same()
    one_month_again()


if __name__ == "__main__":
    main()
