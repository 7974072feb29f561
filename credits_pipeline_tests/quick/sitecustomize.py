"""Python's own hook, for every process that the tests start: it looks for garbage rarely.

What a process imports stays, and looking through it again and again takes a fifth of the time that
Dagster needs to start. A code server of ours also forks its runs, see `forked_runs`.
"""

import gc
import os
import sys

gc.set_threshold(1_000_000, 20, 20)

if (
    sys.orig_argv[1:5] == ["-m", "dagster", "api", "grpc"]
    and "credits_pipeline.definitions" in sys.orig_argv
    and os.environ.get("FORKED_RUNS")
):
    import forked_runs

    forked_runs.begin()
