"""The sensor alone retries what failed for a temporary reason."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.credits.assets import attempts, files_sensor
from credits_pipeline.credits.assets.resources import (
    CloudZeroResource,
    InboxResource,
    StorageResource,
)
from credits_pipeline.credits.assets.sensors import write_missing_attempt
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.sandbox.cloudzero import Fault
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

GOOD = b"047210934418,$150000.00\n112480036627,$2.50\n"


class Clock:
    """The sensor's clock: the real one plus what the test adds."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self, _: Any = None) -> datetime:
        return datetime.now(UTC) + self.ahead


class Daemon:
    """The sensor's ticks and the runs that they request, one after the other."""

    def __init__(self, pipeline: Pipeline, clock: Clock) -> None:
        self.pipeline = pipeline
        self.clock = clock
        self.cursor: str | None = None
        self.results: list[dg.ExecuteInProcessResult] = []

    def tick(self) -> list[dg.RunRequest]:
        defs = self.pipeline.defs
        with dg.build_sensor_context(
            instance=self.pipeline.instance,
            cursor=self.cursor,
            definitions=defs,
            resources={"credits_inbox": InboxResource(), "credits_storage": StorageResource()},
        ) as context:
            data = defs.resolve_sensor_def("credits_files").evaluate_tick(context)
        self.cursor = data.cursor
        return list(data.run_requests or ())

    def work(self, ahead: timedelta = timedelta()) -> int:
        """A later tick and the runs that it requests; returns their number."""
        self.clock.ahead += ahead
        requests = self.tick()
        for request in requests:
            assert request.partition_key == JANUARY.partition_key
            self.results.append(self.pipeline.run())
        return len(requests)

    @property
    def verdicts(self) -> list[Verdict]:
        return [self.pipeline.attempt(result).verdict for result in self.results]


@pytest.fixture
def daemon(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    clock = Clock()

    class Moved(datetime):
        now = clock.now  # type: ignore[assignment]

    for module in (files_sensor, attempts):
        monkeypatch.setattr(module, "datetime", Moved)
    return Daemon(pipeline, clock)


MINUTES, HOURS = timedelta(minutes=1), timedelta(hours=1)


def test_an_outage_longer_than_the_budget_heals_by_itself_when_it_is_over(
    daemon: Daemon, pipeline: Pipeline
) -> None:
    pipeline.cloudzero.inject(Fault(operation="any", kind="status", status=503))
    pipeline.upload(GOOD)
    assert daemon.work() == 1
    assert daemon.work(10 * MINUTES) == 0
    assert daemon.work(6 * MINUTES) == 1
    assert daemon.work(50 * MINUTES) == 0
    pipeline.cloudzero.clear_faults()
    assert daemon.work(11 * MINUTES) == 1
    assert daemon.work(4 * HOURS) == daemon.work(24 * HOURS) == 0
    assert daemon.verdicts == [Verdict.FAILED, Verdict.FAILED, Verdict.VERIFIED]
    assert pipeline.held() == {"047210934418": "-150000.00", "112480036627": "-2.50"}


def test_a_month_that_broke_off_is_completed_by_itself(daemon: Daemon, pipeline: Pipeline) -> None:
    pipeline.cloudzero.inject(Fault(operation="create", kind="reset", commit=False))
    pipeline.cloudzero.inject(Fault(operation="contents", kind="reset", at=3, count=99))
    pipeline.upload(GOOD)
    daemon.work()
    assert daemon.verdicts == [Verdict.INCOMPLETE]
    pipeline.cloudzero.clear_faults()
    assert daemon.work(16 * MINUTES) == 1
    assert daemon.verdicts[-1] is Verdict.VERIFIED


def refused(pipeline: Pipeline) -> None:
    pipeline.cloudzero.inject(Fault(operation="create", kind="status", status=403))
    pipeline.upload(GOOD)


def blocked(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD + b"rubbish,$1.00\n")


def held(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.VERIFIED
    pipeline.upload(b"047210934418,$1.00\n")


@pytest.mark.parametrize("cause", [refused, blocked, held], ids=lambda cause: cause.__name__)
def test_what_a_person_has_to_settle_is_not_asked_for_again(
    cause: Callable[[Pipeline], None], daemon: Daemon, pipeline: Pipeline
) -> None:
    cause(pipeline)
    assert daemon.work() == 1
    for _ in range(8):
        assert daemon.work(12 * HOURS) == 0


def test_a_rematerialisation_that_fell_into_an_outage_is_helped_as_well(
    daemon: Daemon, pipeline: Pipeline
) -> None:
    pipeline.upload(GOOD)
    daemon.work()
    daemon.work()
    pipeline.cloudzero.inject(Fault(operation="any", kind="reset"))
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.FAILED
    pipeline.cloudzero.clear_faults()
    assert daemon.work(5 * MINUTES) == 0
    assert daemon.work(11 * MINUTES) == 1
    assert daemon.verdicts == [Verdict.VERIFIED, Verdict.UNCHANGED]


def test_a_dry_run_does_not_hide_that_the_month_needs_another(
    daemon: Daemon, pipeline: Pipeline
) -> None:
    pipeline.cloudzero.inject(Fault(operation="create", kind="status", status=500))
    pipeline.upload(GOOD)
    daemon.work()
    pipeline.cloudzero.clear_faults()
    dry = pipeline.run(config={"cloudzero_drop": {"dry_run": True}})
    assert pipeline.attempt(dry).verdict is Verdict.DRY_RUN
    assert daemon.work(16 * MINUTES) == 1
    assert daemon.verdicts[-1] is Verdict.VERIFIED


def test_after_a_power_cut_a_dead_drop_is_not_taken_for_a_running_one(
    daemon: Daemon, pipeline: Pipeline
) -> None:
    """Dagster's records say STARTED for ever; the stream's lock says that nobody sends."""
    from dataclasses import replace

    pipeline.upload(GOOD)
    daemon.work()
    ended = pipeline.attempt(daemon.results[0])
    pipeline.journal.begin_sending(replace(ended, verdict=Verdict.SENDING))
    stream = CloudZeroResource(base_url=ended.base_url, connection_id=ended.connection_id)
    with stream.lock(pipeline.instance).hold():
        assert daemon.work() == 0
        assert pipeline.attempt(daemon.results[0]).verdict is Verdict.SENDING
    assert daemon.work() == 0
    found = pipeline.attempt(daemon.results[0])
    assert found.verdict is Verdict.INCOMPLETE
    assert "its process ended" in found.reason
    assert "Materialise 2025-01 again" in found.what_to_do
    assert daemon.work(16 * MINUTES) == 1
    assert daemon.verdicts[-1] is Verdict.VERIFIED


def test_killed_between_its_last_word_and_the_pointers_the_pointers_follow(
    daemon: Daemon, pipeline: Pipeline
) -> None:
    from dataclasses import replace

    pipeline.upload(GOOD)
    daemon.work()
    ended = pipeline.attempt(daemon.results[0])
    pipeline.journal.begin_sending(replace(ended, verdict=Verdict.SENDING))
    StorageResource().store().write(
        f"attempts/{JANUARY}/{ended.run_id}.json", replace(ended).to_json()
    )
    assert daemon.work() == 0
    for last in (pipeline.journal.last(JANUARY), pipeline.journal.last_sent(JANUARY)):
        assert last is not None
        assert last.verdict is Verdict.VERIFIED
    assert daemon.work(16 * MINUTES) == 0


def test_what_a_killed_run_came_to_does_not_hide_the_run_after_it(pipeline: Pipeline) -> None:
    from dataclasses import replace

    pipeline.upload(GOOD)
    first = pipeline.attempt(pipeline.run())
    second = pipeline.attempt(pipeline.run(config={"cloudzero_drop": {"force": True}}))
    assert second.verdict is Verdict.VERIFIED
    pipeline.journal.close(replace(first, verdict=Verdict.INCOMPLETE), sent=True)
    for last in (pipeline.journal.last(JANUARY), pipeline.journal.last_sent(JANUARY)):
        assert last == second


def ended(pipeline: Pipeline, status: dg.DagsterRunStatus) -> str:
    """A run of the month that Dagster ended before it recorded anything; returns its id."""
    job = pipeline.defs.resolve_job_def("credits_month")
    run = pipeline.instance.create_run_for_job(
        job,
        tags={"dagster/partition": JANUARY.partition_key},
        status=dg.DagsterRunStatus.STARTED,
    )
    event = {
        dg.DagsterRunStatus.CANCELED: pipeline.instance.report_run_canceled,
        dg.DagsterRunStatus.FAILURE: pipeline.instance.report_run_failed,
    }[status](run)
    found = pipeline.instance.get_run_by_id(run.run_id)
    assert found is not None
    context = dg.build_run_status_sensor_context(
        sensor_name="credits_canceled_runs",
        dagster_event=event,
        dagster_instance=pipeline.instance,
        dagster_run=found,
    )
    write_missing_attempt(context, StorageResource(), "it ended")
    return run.run_id


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(dg.DagsterRunStatus.CANCELED, True), (dg.DagsterRunStatus.FAILURE, False)],
)
def test_what_a_person_cancelled_is_left_alone_and_what_was_killed_is_not(
    status: dg.DagsterRunStatus, permanent: bool, pipeline: Pipeline
) -> None:
    attempt = pipeline.journal.attempt(JANUARY, ended(pipeline, status))
    assert attempt is not None
    assert (attempt.verdict, attempt.permanent) == (Verdict.FAILED, permanent)


def test_a_dead_run_that_is_written_down_late_does_not_hide_the_one_after_it(
    pipeline: Pipeline,
) -> None:
    """Its attempt counts from when it was requested, not from when it is recorded."""
    pipeline.upload(GOOD)
    job = pipeline.defs.resolve_job_def("credits_month")
    dead = pipeline.instance.create_run_for_job(
        job,
        tags={"dagster/partition": JANUARY.partition_key},
        status=dg.DagsterRunStatus.STARTED,
    )
    after = pipeline.attempt(pipeline.run())
    event = pipeline.instance.report_run_failed(dead)
    found = pipeline.instance.get_run_by_id(dead.run_id)
    assert found is not None
    context = dg.build_run_status_sensor_context(
        sensor_name="credits_failed_runs",
        dagster_event=event,
        dagster_instance=pipeline.instance,
        dagster_run=found,
    )
    write_missing_attempt(context, StorageResource(), "its process ended")
    written = pipeline.journal.attempt(JANUARY, dead.run_id)
    assert written is not None
    assert written.verdict is Verdict.FAILED
    assert pipeline.journal.last(JANUARY) == after
