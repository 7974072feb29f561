"""Reads one file as the pipeline does, in a process with little memory and time.

``python -m credits_pipeline_tests.faults.hostile_worker FILE MEGABYTES`` prints the result and the
peak of memory as a line of JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.delivery import decisions
from credits_pipeline.credits.reading import Controls, Limits, UnreadableFile, read_month


def main() -> None:
    """Read the file."""
    data = Path(sys.argv[1]).read_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    try:
        reading = read_month(
            data,
            BillingMonth(2025, 1),
            decisions=decisions.rule(),
            controls=Controls(total=None, rows=None),
            limits=Limits(max_bytes=100_000_000, max_records=1_000_000),
            name="credits-2025-01.csv",
        )
        told = f"{reading.rows.height} rows, {reading.rejected.height} rejected"
        refused = False
    except UnreadableFile as refusal:
        told, refused = refusal.reason, True
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = {
        "refused": refused,
        "told": told[:500],
        "seconds": round(time.process_time() - begun, 2),
        "megabytes": (after - before) // 1024,
    }
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
