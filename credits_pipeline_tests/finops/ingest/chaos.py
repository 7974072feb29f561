"""Kills an ingest at random moments, again and again, and checks what counts afterwards.

By hand: ``python -m credits_pipeline_tests.finops.ingest.chaos --schedules 50 --seed 7``
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from credits_pipeline.finops.lake import Lake, open_lake
from credits_pipeline_tests.finops.bills import (
    MAY,
    Source,
    charge,
    csv_text,
    packed,
    rows_of,
    take_in,
    write_aws,
)

ROWS = 400
#: What the killed process runs; it reports its start, because its imports are no ingest.
_WORK = """
import sys
from credits_pipeline_tests.finops.bills import Source, take_in
from credits_pipeline.finops.lake import open_lake
source = Source("aws-bills", "aws", sys.argv[1], "bills")
lake = open_lake(sys.argv[2])
sys.stdin.readline()
while True:
    print("begin", flush=True)
    done = take_in(source, lake, again=True)
    print(done.outcome, flush=True)
    sys.stdin.readline()
"""


@dataclass
class Seen:
    """The results of the schedules."""

    kills: int = 0
    new: int = 0
    old: int = 0


def run(schedules: int, seed: int, folder: Path) -> Seen:
    """Kill this many ingests at different moments; raise if a month is neither version, whole."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    lake = open_lake(str(folder / "lake"))
    source = _deliver(folder / "bills", 0)
    began = time.monotonic()
    take_in(source, lake)
    usual = time.monotonic() - began
    seen = Seen()
    counts = 0
    process: subprocess.Popen[str] | None = None
    for schedule in range(1, schedules + 1):
        _deliver(folder / "bills", schedule)
        process = _started(folder)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.readline() == "begin\n"
        time.sleep(chance.uniform(0, usual * 1.3))
        process.kill()
        process.communicate()
        seen.kills += 1
        found = _what_counts(lake, source)
        if found not in (counts, schedule):
            raise AssertionError(f"schedule {schedule}: {found} counts, before {counts}")
        seen.new += found == schedule
        seen.old += found == counts
        counts = found
    done = take_in(source, lake)
    assert done.outcome in ("published", "unchanged")
    assert _what_counts(lake, source) == schedules
    left = list((folder / "lake/.work").glob("ingest-*"))
    assert left == [], left
    return seen


def _started(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WORK, str(folder / "bills"), str(folder / "lake")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def _deliver(root: Path, number: int) -> Source:
    """A delivery in two files whose rows all say which delivery they are from."""
    rows = [charge(BilledCost=str(number), EffectiveCost=str(number)) for _ in range(ROWS)]
    half = packed(csv_text(rows[: ROWS // 2]))
    rest = packed(csv_text(rows[ROWS // 2 :]))
    files = {"bills-00001.csv.gz": half, "bills-00002.csv.gz": rest}
    return write_aws(root, files, executionId=str(number))


def _what_counts(lake: Lake, source: Source) -> int:
    """The number of the delivery whose rows count, all of them and no others."""
    version = lake.current(source.name, MAY)
    assert version is not None
    amounts = Counter(row["BilledCost"] for row in rows_of(lake, version))
    assert list(amounts.values()) == [ROWS], amounts
    (amount,) = amounts
    assert Decimal(version.totals["USD"]["BilledCost"]) == amount * ROWS
    return int(amount)


def main() -> None:
    """See the module."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--schedules", type=int, default=50)
    arguments.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311 - as above
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seen = run(chosen.schedules, chosen.seed, Path(folder))
    print(  # noqa: T201 - a command's answer
        f"seed {chosen.seed}: {seen.kills} kills, {seen.new} times the new version counted "
        f"afterwards, {seen.old} times the old one, each of them whole"
    )


if __name__ == "__main__":
    main()
