"""A process that runs months as a bare process does, each in a child that may be killed.

It imports once and forks, so hundreds of schedules take minutes. It reads lines of JSON on standard
input, each ``{"environment": {...}, "partition": "2025-01-01", "kill_at_write": int or null}``. It
answers ``{"pid": n}`` at once, and ``{"status": n}`` when that child has ended.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

#: polars, numpy and Arrow read these when they load: none may make a pool of threads, because the
#: forked child would wait for threads that it does not have.
WITHOUT_POOLS = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
    "_RJEM_MALLOC_CONF": "background_thread:false",
}
os.environ.update(WITHOUT_POOLS)

import dagster as dg  # noqa: E402 - after what it reads
import httpx  # noqa: E402 - as above
import tenacity  # noqa: E402 - as above
from filelock import FileLock  # noqa: E402 - as above

from credits_pipeline.core import aws  # noqa: E402 - as above
from credits_pipeline.core.storage import archive, profiles  # noqa: E402 - as above
from credits_pipeline.credits.assets.build import build_definitions  # noqa: E402 - as above
from credits_pipeline.credits.cloudzero import cbf, confirm, drop  # noqa: E402 - as above
from credits_pipeline.credits.evaluation import judgement, plausible  # noqa: E402 - as above
from credits_pipeline.credits.inbox.bucket import Inbox  # noqa: E402 - as above
from credits_pipeline.credits.model import table  # noqa: E402 - as above
from credits_pipeline.credits.reading import reader  # noqa: E402 - as above
from credits_pipeline.credits.state import journal, quota  # noqa: E402 - as above
from credits_pipeline_tests.dagster_instance import dagster_instance  # noqa: E402 - as above

#: Loaded before the fork, for all runs: polars and pandera take longer than a run.
LOADED = (
    *(tenacity.Retrying, FileLock, Inbox, archive, profiles, reader, table, judgement, plausible),
    *(cbf, drop, confirm, journal, quota),
)
#: Threads that hold no lock while nobody uses polars; the allocator handles its own at a fork.
IDLE = {"polars-ooc-clea", "jemalloc_bg_thd"}


def main() -> None:
    """Serve until the input ends."""
    job = build_definitions().resolve_job_def("credits_month")
    aws.s3_client()
    # Load now what these load when they are first made.
    httpx.Client().close()
    with dagster_instance() as instance:
        instance.create_run_for_job(job, tags={"dagster/partition": "2025-01-01"})
    # Forking a process whose threads hold locks would hang the child, so there must be none.
    others = {
        task.joinpath("comm").read_text().strip()
        for task in Path("/proc/self/task").iterdir()
        if task.name != str(os.getpid())
    }
    if others - IDLE:
        raise SystemExit(f"threads before the fork: {others}")
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            run(job, order)
        say(pid=child)
        _, status = os.waitpid(child, 0)
        say(status=status)


def say(**told: int) -> None:
    """Print one answer."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def run(job: dg.JobDefinition, order: dict[str, Any]) -> None:
    """One run of a month, in the child; never returns."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(nowhere, 1)
    os.dup2(log, 2)
    os.environ.update(order["environment"])
    if order["kill_at_write"] is not None:
        kill_at_write(order["kill_at_write"], order["environment"]["CREDITS_STORAGE"])
    with dagster_instance() as instance:
        result = job.execute_in_process(
            partition_key=order["partition"], instance=instance, raise_on_error=False
        )
    os._exit(0 if result.success else 1)


def kill_at_write(number: int, storage: str) -> None:
    """Make this process die when it is about to rename its Nth file into the storage."""
    left = number

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event == "os.rename" and str(arguments[1]).startswith(storage):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


if __name__ == "__main__":
    main()
