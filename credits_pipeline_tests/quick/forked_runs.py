"""Runs forked from a process that has done their imports, which are most of what a run costs.

Each is a process of its own as ever, which can be killed. The first ones, which begin before that
process is ready, are started in Dagster's own way, and so is each where FORKED_RUNS is not set: to
a file, which is there from when everything is loaded.
"""

import os
from importlib import import_module
from multiprocessing import context, forkserver, popen_forkserver, popen_spawn_posix
from pathlib import Path

#: The code location, and what its steps import. None of it starts a thread, which a fork would
#: leave behind.
_NEEDED = (
    "dagster._grpc.server",
    "credits_pipeline.definitions",
    "boto3",
    "botocore.config",
    "httpx",
    "polars",
    "credits_pipeline.core.frames",
    "credits_pipeline.credits.cloudzero.cbf",
    "credits_pipeline.credits.cloudzero.drop",
    "credits_pipeline.credits.cloudzero.known",
    "credits_pipeline.credits.cloudzero.payload",
    "credits_pipeline.credits.model.table",
    "credits_pipeline.credits.reading",
)
_NEEDED_BY_BILLS = ("duckdb", "obstore")


class _Runs(context.SpawnContext):
    """Python's way to spawn, of which Dagster's server asks for its runs when it starts."""

    _begun = False

    def _check_available(self) -> None:
        if not self._begun:
            self._begun = True
            forkserver.set_forkserver_preload(["forked_runs_loaded"])
            forkserver.ensure_running()


def _marker() -> Path:
    return Path(os.environ["FORKED_RUNS"])


def _start(process: context.SpawnProcess) -> object:
    way = popen_forkserver if ready() else popen_spawn_posix
    return way.Popen(process)


def begin() -> None:
    """Have the runs of this process, a code server, forked as soon as they can be."""
    _marker().unlink(missing_ok=True)
    context._concrete_contexts["spawn"] = _Runs()
    context.SpawnProcess._Popen = staticmethod(_start)


def ready() -> bool:
    """Whether everything is loaded; until then a fork would be waited for."""
    return _marker().exists()


def load() -> None:
    """Load everything, in the process that runs are forked from; not if any of it is not there."""
    bills = _NEEDED_BY_BILLS if os.environ.get("FINOPS_STORAGE") else ()
    for name in (*_NEEDED, *bills):
        import_module(name)
    _marker().touch()
