"""A real Dagster instance and the product's own definitions, against the real servers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import Schedule, storage_root
from credits_pipeline.core.storage.store import open_store
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.assets.resources import InboxResource, StorageResource
from credits_pipeline.credits.delivery.decisions import current_version
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.state.attempt import Attempt
from credits_pipeline.credits.state.journal import Journal
from credits_pipeline.sandbox.cloudzero import CloudZeroStandIn
from credits_pipeline_tests.conftest import CONNECTION_ID
from credits_pipeline_tests.dagster_instance import dagster_instance

JANUARY = BillingMonth(2025, 1)


@dataclass
class Pipeline:
    """The whole pipeline in this process, as a person and the daemon use it."""

    defs: dg.Definitions
    instance: dg.DagsterInstance
    inbox: Inbox
    cloudzero: CloudZeroStandIn

    def upload(self, data: bytes, month: BillingMonth = JANUARY, **metadata: str) -> None:
        self.inbox.upload(
            self.inbox.key(month),
            data,
            metadata={name.replace("_", "-"): value for name, value in metadata.items()},
        )

    def run(
        self,
        month: BillingMonth = JANUARY,
        *,
        only: list[str] | None = None,
        config: dict[str, Any] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Run the job, or only some of its assets, with or without their checks.

        Decisions in the config of credits are about the current version, unless it names another.
        """
        config = {name: dict(told) for name, told in (config or {}).items()}
        if config.get("credits"):
            config["credits"].setdefault("for_version", self.version(month))
        selection = None if only is None else [dg.AssetKey(name) for name in only]
        return self.defs.resolve_job_def("credits_month").execute_in_process(
            partition_key=month.partition_key,
            instance=self.instance,
            raise_on_error=False,
            asset_selection=selection,
            run_config={"ops": {name: {"config": c} for name, c in config.items()}},
        )

    def version(self, month: BillingMonth = JANUARY) -> str:
        """The version that a decision made now is about."""
        return current_version(self.journal, self.inbox, month).token

    def tick(self, cursor: str | None = None, sensor: str = "credits_files") -> Any:
        """One tick of a sensor, as the daemon evaluates it."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=cursor,
            definitions=self.defs,
            resources={"credits_inbox": InboxResource(), "credits_storage": StorageResource()},
        ) as context:
            return self.defs.resolve_sensor_def(sensor).evaluate_tick(context)

    def status_context(self, result: dg.ExecuteInProcessResult) -> Any:
        """What the sensor of failed runs learns about a run."""
        run = self.instance.get_run_by_id(result.run_id)
        assert run is not None
        return dg.build_run_status_sensor_context(
            sensor_name="credits_failed_runs",
            dagster_event=result.all_events[-1],
            dagster_instance=self.instance,
            dagster_run=run,
        )

    @property
    def journal(self) -> Journal:
        return Journal(open_store(storage_root()))

    def attempt(self, result: dg.ExecuteInProcessResult, month: BillingMonth = JANUARY) -> Attempt:
        attempt = self.journal.attempt(month, result.run_id)
        assert attempt is not None
        return attempt

    def held(self, month: BillingMonth = JANUARY) -> dict[str, str]:
        """What CloudZero holds: the cost of each account."""
        rows = self.cloudzero.rows(CONNECTION_ID, str(month))
        assert len({row["resource/account"] for row in rows}) == len(rows)
        return {row["resource/account"]: row["cost/cost"] for row in rows}


@pytest.fixture
def pipeline(inbox: Inbox, cloudzero: CloudZeroStandIn) -> Iterator[Pipeline]:
    with dagster_instance() as instance:
        yield Pipeline(build_definitions(schedule=Schedule()), instance, inbox, cloudzero)
