"""Dagster's instance, for commands that run or lock what the pipeline runs and locks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from credits_pipeline.cli.output import say

if TYPE_CHECKING:
    import dagster as dg


@contextmanager
def dagster_instance() -> Iterator["dg.DagsterInstance"]:
    """The instance at ``DAGSTER_HOME``; without one a temporary instance."""
    import dagster as dg  # noqa: PLC0415 - loads when the command runs

    if os.environ.get("DAGSTER_HOME", "").strip():
        with dg.DagsterInstance.get() as instance:
            yield instance
        return
    say(
        "DAGSTER_HOME is not set, so Dagster's UI will not show this; the pipeline's own storage "
        "does.",
        "yellow",
    )
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance
