"""Storing and judging 20,000 resources, compared with 2,000.

No other tool has these rules. What counts is that ten times as many resources take ten times as
long, and no more memory than the engine may have.
"""

import resource as usage
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

SIZES = (2_000, 20_000)
AT = datetime(2026, 6, 1, tzinfo=UTC)


def rows(number: int) -> Iterator[dict[str, Any]]:
    """Instances, of which one in ten is idle."""
    from credits_pipeline_tests.finops.optimization.seen import resource, row

    for each in range(number):
        idle = {"cpu_max_14d": 1.0, "network_mb_day_14d": 1.0} if each % 10 == 0 else {}
        yield row(resource("aws.ec2.instance", id_=f"i-{each}", cost="10.00", **idle))


def measured(number: int) -> None:
    """Store and judge so many, and print processor seconds, megabytes and recommendations."""
    from credits_pipeline.finops.depot import Depot
    from credits_pipeline.finops.optimization.making import Maker
    from credits_pipeline.finops.scans.building import BUILT
    from credits_pipeline.finops.scans.shelf import ScanShelf

    depot = Depot(tempfile.mkdtemp())
    start = time.process_time()
    ScanShelf(depot).keep("resources", BUILT, rows(number), AT, {"parts": []})
    kept = Maker(depot, ()).recommend({})
    most = usage.getrusage(usage.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{time.process_time() - start:.2f} {most} {kept.rows}")


def main() -> None:
    """Measure both sizes, each in its own process."""
    found = []
    for number in SIZES:
        done = subprocess.run(
            [sys.executable, "-m", "bench.scanning", str(number)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        seconds, megabytes, items = done.stdout.split()
        found.append(float(seconds))
        print(f"{number:,} resources: {seconds} s, {megabytes} MB at most, {items} recommendations")
    print(f"{SIZES[1] // SIZES[0]} times as many take {found[1] / found[0]:.1f} times as long")


if __name__ == "__main__":
    measured(int(sys.argv[1]))
