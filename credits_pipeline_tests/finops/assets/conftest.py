"""Sample bills in their providers' own form, with their sources, and a real Dagster instance."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.finops.assets.resource import BillsResource
from credits_pipeline.finops.decisions import Author
from credits_pipeline.finops.decisions.opening import open_decisions
from credits_pipeline.finops.samples import Written, generate
from credits_pipeline.finops.sources import Source, SourceBook
from credits_pipeline_tests.dagster_instance import dagster_instance
from credits_pipeline_tests.finops.ledger.conftest import (
    billing,  # noqa: F401 - a fixture of this folder too
)

ME = Author("tests", "cli")
#: Two whole months and one that has begun.
TODAY = date(2026, 6, 10)


@pytest.fixture(scope="session")
def sample_bills(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Sample bills of all sources, which nobody changes."""
    return generate(tmp_path_factory.mktemp("bills"), as_of=TODAY, months=2)


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The wing's folder."""
    monkeypatch.setenv("FINOPS_STORAGE", str(tmp_path / "wing"))
    monkeypatch.setenv("CREDITS_STORAGE", str(tmp_path / "credits"))
    return tmp_path / "wing"


def add(*sources: Source) -> None:
    with open_decisions() as decisions:
        for source in sources:
            SourceBook(decisions).add(source, by=ME)


@dataclass
class Wing:
    """The wing on a real instance, as a person and the daemon use it."""

    defs: dg.Definitions
    instance: dg.DagsterInstance

    def tick(self, cursor: str | None = None) -> Any:
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=cursor,
            definitions=self.defs,
            resources={"bills": BillsResource()},
        ) as context:
            data = self.defs.resolve_sensor_def("bill_manifests").evaluate_tick(context)
        for request in data.dynamic_partitions_requests or ():
            self.instance.add_dynamic_partitions(
                request.partitions_def_name, request.partition_keys
            )
        return data

    def run(
        self, partition: str, config: dict[str, Any] | None = None
    ) -> dg.ExecuteInProcessResult:
        return self.defs.resolve_job_def("bill_month").execute_in_process(
            partition_key=partition,
            instance=self.instance,
            run_config=config,
            raise_on_error=False,
        )


@pytest.fixture
def wing(storage: Path) -> Iterator[Wing]:
    with dagster_instance() as instance:
        yield Wing(build_definitions(schedule=Schedule()), instance)


def totals(written: Written) -> dict[tuple[str, str], dict[str, Any]]:
    """What the generator recorded, by source and month."""
    read = json.loads((written.folder / "totals.json").read_text())
    return {(one["source"], one["month"]): one for one in read["months"]}
