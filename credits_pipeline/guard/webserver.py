"""Dagster's webserver behind the guard, in one process: no second port leads past the guard.

A further page is one more `Page` in `serve`.
"""

import argparse
import logging
import os
from collections.abc import Sequence

import uvicorn
from dagster import DagsterInstance
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__

from credits_pipeline.guard.door import Door, Page
from credits_pipeline.guard.rules import Rules, of_dagster
from credits_pipeline.guard.upstream import Upstream

#: The defaults of `dagster-webserver`.
_STATEMENT_MS, _RECYCLE_SECONDS, _OVERFLOW = 15_000, 3_600, 20


def serve(workspace: str, port: int, behind: Sequence[tuple[str, str]] = ()) -> None:
    """Answer on this machine until a signal stops it.

    Args:
        workspace: the path of the workspace.yaml.
        port: where the guard listens, on loopback.
        behind: other pages, each with the path that it answers below and its Unix socket.
    """
    with DagsterInstance.get() as instance:
        instance.optimize_for_webserver(_STATEMENT_MS, _RECYCLE_SECONDS, _OVERFLOW)
        with WorkspaceProcessContext(
            instance, version=__version__, workspace_load_target=WorkspaceFileTarget([workspace])
        ) as context:
            dagster = create_app_from_workspace_process_context(context)
            door = Door(
                Rules.on_loopback(port),
                Page("/", dagster, of_dagster),
                *(Page(below, Upstream(socket)) for below, socket in behind),
            )
            uvicorn.run(
                door,
                host="127.0.0.1",
                port=port,
                log_level="warning",
                server_header=False,
                proxy_headers=False,
            )


def main(words: Sequence[str] | None = None) -> None:
    """Run as ``python -m credits_pipeline.guard.webserver``."""
    given = argparse.ArgumentParser()
    given.add_argument("--workspace", required=True)
    given.add_argument("--port", type=int, required=True)
    given.add_argument("--behind", action="append", default=[], metavar="/PATH=SOCKET")
    told = given.parse_args(words)
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "WARNING"))
    behind = [(path, socket) for path, _, socket in (one.partition("=") for one in told.behind)]
    serve(told.workspace, told.port, behind)


if __name__ == "__main__":
    main()
