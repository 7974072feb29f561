"""The pipeline in a company's code location: neither takes the other's names, runs or values."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.assets.names import Names
from credits_pipeline.credits.assets.resources import (
    CloudZeroResource,
    InboxResource,
    StorageResource,
)
from credits_pipeline.credits.assets.runs import is_ours, is_to_send
from credits_pipeline.credits.assets.sensors import write_missing_attempt
from credits_pipeline_tests.conftest import CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

GOOD = b"047210934418,$1.00\n"
#: One row can't be read.
SPOILT = GOOD + b"rubbish,$2.00\n"
PAGE = (Path(__file__).parents[3] / "docs" / "existing-dagster.md").read_text()
DAILY = dg.DailyPartitionsDefinition("2025-01-01")
MONTHLY = dg.MonthlyPartitionsDefinition("2024-01-01")


class CompanyIOManager(dg.IOManager):
    """Stores values in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        self.kept[context.asset_key.to_user_string()] = obj

    def load_input(self, context: dg.InputContext) -> Any:
        return self.kept[context.asset_key.to_user_string()]


def company(io_manager: CompanyIOManager) -> dg.Definitions:
    """A company with its own instance of everything that a code location has once."""

    @dg.asset(group_name="credits", partitions_def=DAILY)
    def points() -> int:
        return 7

    @dg.asset(group_name="credits")
    def total() -> int:
        return 8

    @dg.asset(key=["loyalty", "credits"], group_name="credits", partitions_def=MONTHLY)
    def loyalty() -> None:
        raise RuntimeError("the company's own trouble")

    return dg.Definitions(
        assets=[points, total, loyalty],
        jobs=[
            dg.define_asset_job("loyalty_month", dg.AssetSelection.assets(["loyalty", "credits"]))
        ],
        resources={
            "io_manager": io_manager,
            "storage": "theirs",
            "inbox": "theirs",
            "cloudzero": "theirs",
        },
        executor=dg.multiprocess_executor,
    )


@pytest.fixture
def io_manager() -> CompanyIOManager:
    return CompanyIOManager()


@pytest.fixture
def merged(io_manager: CompanyIOManager, pipeline: Pipeline) -> dg.Definitions:
    pipeline.defs = dg.Definitions.merge(pipeline.defs, company(io_manager))
    return pipeline.defs


def keys_of(defs: dg.Definitions, job: str) -> set[str]:
    layer = defs.resolve_job_def(job).asset_layer
    return {key.to_user_string() for key in layer.executable_asset_keys}


OURS = {"raw_credits_csv", "credits", "cbf_payload", "cloudzero_drop"}


def test_the_company_s_names_stay_the_company_s(
    merged: dg.Definitions, io_manager: CompanyIOManager, pipeline: Pipeline
) -> None:
    dg.Definitions.validate_loadable(merged)
    done = merged.resolve_implicit_global_asset_job_def().execute_in_process(
        asset_selection=[dg.AssetKey("total")], instance=pipeline.instance
    )
    assert done.success
    assert io_manager.kept == {"total": 8}
    assert keys_of(merged, "credits_month") == OURS


def test_a_month_runs_beside_them(
    merged: dg.Definitions, io_manager: CompanyIOManager, pipeline: Pipeline
) -> None:
    pipeline.upload(GOOD)
    result = pipeline.run()
    assert result.success
    assert pipeline.held() == {"047210934418": "-1.00"}
    assert io_manager.kept == {}
    run = pipeline.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.tags["credits/verdict"] == "verified"


@pytest.mark.filterwarnings("ignore::dagster.PreviewWarning")
def test_the_group_may_be_called_otherwise(pipeline: Pipeline) -> None:
    defs = pipeline.defs.map_asset_specs(func=lambda spec: spec.replace_attributes(group_name="x"))
    assert keys_of(defs, "credits_month") == OURS


def test_a_failing_asset_of_the_same_last_name_is_not_a_month_of_ours(
    merged: dg.Definitions, pipeline: Pipeline
) -> None:
    result = merged.resolve_job_def("loyalty_month").execute_in_process(
        partition_key=JANUARY.partition_key, instance=pipeline.instance, raise_on_error=False
    )
    assert not result.success
    skipped = write_missing_attempt(
        pipeline.status_context(result), StorageResource(), "it failed", Names()
    )
    assert isinstance(skipped, dg.SkipReason)
    assert pipeline.journal.attempt(JANUARY, result.run_id) is None


@pytest.mark.parametrize("prefix", [(), ("eu",), ("loyalty",), ("finance", "eu")])
@pytest.mark.parametrize("other", [(), ("eu",), ("loyalty",), ("finance", "eu"), ("x", "eu")])
def test_a_run_is_ours_by_whole_keys(prefix: tuple[str, ...], other: tuple[str, ...]) -> None:
    names, theirs = Names(prefix), Names(other)
    for key in theirs.months:
        run = dg.DagsterRun(job_name="__ASSET_JOB", asset_selection=frozenset({key}))
        assert is_ours(run, names) == (prefix == other)
        drops = key == theirs.asset("cloudzero_drop")
        assert is_to_send(run, names) == (drops and prefix == other)


def test_a_month_under_a_prefix_is_sent_as_it_is_without(pipeline: Pipeline) -> None:
    pipeline.defs = build_definitions(schedule=Schedule(), key_prefix=["finance", "aws"])
    pipeline.upload(GOOD)
    result = pipeline.run()
    assert result.success
    made = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()
            if event.asset_key}  # fmt: skip
    assert made == {f"finance/aws/{noun}" for noun in OURS}
    assert pipeline.held() == {"047210934418": "-1.00"}


def test_two_streams_share_no_name_and_no_place(pipeline: Pipeline) -> None:
    second = {
        "inbox": InboxResource(bucket="another"),
        "storage": StorageResource(root="/tmp/another"),  # noqa: S108 - never written to
        "cloudzero": CloudZeroResource(connection_id="another"),
    }
    both = dg.Definitions.merge(
        pipeline.defs, build_definitions(schedule=Schedule(), resources=second, name="eu")
    )
    dg.Definitions.validate_loadable(both)
    assert keys_of(both, "credits_month_eu") == {f"eu/{noun}" for noun in OURS}
    made = both.resources or {}
    with dg.build_resources(
        {"one": made["credits_cloudzero"], "two": made["credits_cloudzero_eu"]}
    ) as ready:
        addresses = {ready.one.address()[1], ready.two.address()[1]}
        assert addresses == {CONNECTION_ID, "another"}
        locks = [repr(each.lock(pipeline.instance)) for each in (ready.one, ready.two)]
    assert locks[0] != locks[1]
    for sensor in both.sensors or ():
        suffix = sensor.name.endswith("_eu")
        assert all(key.endswith("_eu") == suffix for key in sensor.required_resource_keys)


def follower() -> dg.AssetsDefinition:
    """The page's example for another code location."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (code,) = [block for block in blocks if "def credits_are_told" in block]
    made: dict[str, Any] = {}
    exec(code, made)  # noqa: S102 - our own page
    asset = made["credits_are_told"]
    assert isinstance(asset, dg.AssetsDefinition)
    return asset


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_an_asset_of_another_location_follows_each_verified_month_and_no_blocked_one(
    pipeline: Pipeline,
) -> None:
    # An automation condition sees only the asset's key, as in a location with nothing else.
    theirs = dg.Definitions([follower(), dg.AssetSpec("cloudzero_drop", partitions_def=MONTHLY)])
    followed: list[str] = []
    # The first look, before any month; it does not follow what was verified earlier.
    seen = dg.evaluate_automation_conditions(defs=theirs, instance=pipeline.instance)
    for month, content in ((JANUARY, GOOD), (JANUARY.shift(1), SPOILT), (JANUARY.shift(2), GOOD)):
        pipeline.upload(content, month)
        pipeline.run(month)
        seen = dg.evaluate_automation_conditions(
            defs=theirs, instance=pipeline.instance, cursor=seen.cursor
        )
        followed += sorted(seen.get_requested_partitions(dg.AssetKey("credits_are_told")))
    assert followed == ["2025-01-01", "2025-03-01"]


def test_checks_that_are_run_without_a_month_end_with_a_sentence(pipeline: Pipeline) -> None:
    """As with the button "Execute all" on the page of checks: no month changes."""
    pipeline.upload(GOOD)
    assert pipeline.run().success
    february = JANUARY.shift(1)
    pipeline.upload(SPOILT, february)
    assert not pipeline.run(february).success

    def stands() -> list[object]:
        lasts = [(a.billing_month, a.run_id, a.verdict) for a in pipeline.journal.lasts()]
        check = dg.AssetCheckKey(dg.AssetKey("credits"), "nothing_rejected")
        shown = [
            (info.partition_key, info.latest_execution_status)
            for info in pipeline.instance.event_log_storage.get_asset_check_partition_info([check])
            if info.partition_key is not None
        ]
        return [sorted(lasts), sorted(shown), len(pipeline.cloudzero.log)]

    before = stands()
    every = dg.define_asset_job("all", dg.AssetSelection.checks_for_assets(*Names().months))
    defs = dg.Definitions.merge(pipeline.defs, dg.Definitions(jobs=[every]))
    result = defs.resolve_job_def("all").execute_in_process(
        instance=pipeline.instance, raise_on_error=False
    )
    assert {event.step_key for event in result.all_events if event.is_step_success} == {
        "check_the_credits",
        "cbf_payload_payload_equals_credits",
        "ask_cloudzero_before_the_drop",
        "cloudzero_drop_drop_equals_payload",
        "look_at_the_drop_again",
    }
    assert result.success
    assert result.get_asset_check_evaluations() == []
    assert stands() == before


def test_the_package_offers_it_and_loads_dagster_only_then() -> None:
    script = """
import sys
import credits_pipeline
assert "dagster" not in sys.modules
from credits_pipeline import build_definitions
assert "polars" not in sys.modules
print(build_definitions.__name__)"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "build_definitions\n"
