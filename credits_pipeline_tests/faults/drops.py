"""The drop of a month as its step does it, without the rest of a run.

Inbox, storage, journal, lock, client and stand-in are the real ones. This module replaces what a
Dagster step passes to the drop (its run, its log, its instance), so a drop takes a fifth of a run's
processor time.
"""

import logging
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from types import SimpleNamespace
from typing import Any

import dagster as dg

from credits_pipeline.credits.assets.attempts import Refused
from credits_pipeline.credits.assets.config import DropConfig
from credits_pipeline.credits.assets.drop import drop_month
from credits_pipeline.credits.assets.io_manager import load
from credits_pipeline.credits.assets.resources import (
    CloudZeroResource,
    InboxResource,
    StorageResource,
)
from credits_pipeline.credits.delivery.artifacts import MonthPayload
from credits_pipeline.credits.state.attempt import Attempt
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

_numbers = count(1)


@dataclass
class Step:
    """What the step passes to the drop.

    Attributes:
        events: what the drop gave Dagster to store.
    """

    run: dg.DagsterRun
    job_def: dg.JobDefinition
    assets_def: dg.AssetsDefinition
    instance: dg.DagsterInstance
    partition_key: str
    log: logging.Logger
    events: list[Any] = field(default_factory=list)

    @property
    def op_execution_context(self) -> Any:
        return SimpleNamespace(assets_def=self.assets_def, log_event=self.events.append)


@dataclass(frozen=True)
class Drops:
    """Drops of January, whose payload an earlier run made."""

    pipeline: Pipeline

    @cached_property
    def job(self) -> dg.JobDefinition:
        return self.pipeline.defs.resolve_job_def("credits_month")

    def drop(self) -> Attempt:
        """One drop; returns its attempt, which agrees with the end of the step."""
        run = dg.DagsterRun(job_name=self.job.name, run_id=f"drop-{next(_numbers)}")
        instance = self.pipeline.instance
        instance.add_run(run)
        log = logging.getLogger(__name__)
        asset = self.pipeline.defs.resolve_assets_def("cloudzero_drop")
        step: Any = Step(run, self.job, asset, instance, JANUARY.partition_key, log)
        inbox, storage, cloudzero = InboxResource(), StorageResource(), CloudZeroResource()
        _, made = load(storage, "cbf_payload", JANUARY, run_id=run.run_id)
        assert isinstance(made, MonthPayload)
        try:
            receipt = drop_month(
                step, DropConfig(), made, inbox=inbox, storage=storage, cloudzero=cloudzero
            )
        except Refused:
            receipt = None
        attempt = self.pipeline.journal.attempt(JANUARY, run.run_id)
        assert attempt is not None
        assert attempt.verdict.has_receipt is (receipt is not None)
        assert receipt is not None or step.events
        return attempt
