"""Dagster: its home, its instance, and the processes that keep months going there."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import dagster as dg

from credits_pipeline.doctor.finding import Finding, note, ok, wrong

_DAEMON = "SENSOR"
#: The part of a dagster.yaml that restarts runs whose process died, and only those.
_RECOVERY = (
    "run_retries: {enabled: true, max_retries: 2, retry_on_asset_or_op_failure: false} and "
    "run_monitoring: {enabled: true}"
)


def dagster_found(stack: ExitStack) -> Iterator[Finding | dg.DagsterInstance]:
    """Whether Dagster remembers what it did, and keeps months going.

    Args:
        stack: keeps the instance open.

    Yields:
        Findings, and the instance last; a temporary one if there is no home.
    """
    home = os.environ.get("DAGSTER_HOME", "").strip()
    if not home:
        yield note(
            "Dagster's home",
            "DAGSTER_HOME is not set, so Dagster forgets its runs and cursors when it stops.",
            "Set it to a permanent folder with a dagster.yaml.",
        )
        yield stack.enter_context(dg.DagsterInstance.ephemeral())
        return
    try:
        instance = stack.enter_context(dg.DagsterInstance.get())
        runs = instance.get_runs_count()
    except Exception as error:  # noqa: BLE001 - a database's driver raises errors of its own
        yield wrong(
            "Dagster's home",
            f"the instance at {home} can't be opened: {error}",
            "Check that DAGSTER_HOME is a folder, and that its dagster.yaml names storage that "
            "answers.",
        )
        yield stack.enter_context(dg.DagsterInstance.ephemeral())
        return
    storage = type(instance.run_storage).__name__
    if (Path(home) / "dagster.yaml").is_file():
        yield ok("Dagster's home", f"{home}, {runs:,} runs in {storage}")
    else:
        yield note(
            "Dagster's home",
            f"{home} has no dagster.yaml, so Dagster's defaults apply.",
            f"Create a dagster.yaml there with: {_RECOVERY}",
        )
    yield _recovery(instance)
    yield _daemon(instance)
    yield instance


def _recovery(instance: dg.DagsterInstance) -> Finding:
    missing = [
        name
        for name, there in (
            ("run_retries", instance.run_retries_enabled),
            ("run_monitoring", instance.run_monitoring_enabled),
        )
        if not there
    ]
    if missing:
        return note(
            "runs that die",
            f"{' and '.join(missing)} are off, so a run whose process dies is retried only by "
            "the sensor, after an hour.",
            f"In dagster.yaml: {_RECOVERY}",
        )
    # Dagster's default, even if a dagster.yaml does not state it.
    told = instance.get_settings("run_retries") or {}
    if told.get("retry_on_asset_or_op_failure", True):
        return note(
            "runs that die",
            "are started again by Dagster, and so are those that a person has to look at: "
            "retry_on_asset_or_op_failure is not off.",
            f"In dagster.yaml: {_RECOVERY}",
        )
    return ok("runs that die", "are started again by Dagster")


def _daemon(instance: dg.DagsterInstance) -> Finding:
    found = instance.get_daemon_statuses(daemon_types=[_DAEMON]).get(_DAEMON)
    if found is not None and found.healthy:
        return ok("Dagster's daemon", "is running, so the inbox is checked")
    return note(
        "Dagster's daemon",
        "is not running, so nothing starts by itself.",
        "dg dev, or dagster-daemon run beside dagster-webserver",
    )
