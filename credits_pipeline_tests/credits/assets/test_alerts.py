"""Every channel gets each alert once: the sensor's ticks on a real instance, with real servers."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.storage.schedules.sqlite import SqliteScheduleStorage
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._utils.error import SerializableErrorInfo

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import Schedule
from credits_pipeline.core.storage.store import FolderStore, StorageError
from credits_pipeline.credits.assets import alert_sensor, attempts
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.assets.resources import InboxResource, StorageResource
from credits_pipeline.credits.inbox.bucket import Inbox
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.sandbox.cloudzero import SCOPES, CloudZeroStandIn, Fault
from credits_pipeline_tests.alerts.conftest import (
    Mailbox,
    Topic,
    Webhook,
    mailbox,
    topic,
    webhook,
)
from credits_pipeline_tests.conftest import API_KEY, CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline
from credits_pipeline_tests.credits.assets.test_reconcile import age, bill, row, stream
from credits_pipeline_tests.dagster_instance import dagster_instance

__all__ = ["mailbox", "topic", "webhook"]

GOOD = b"047210934418,$150000.00\n112480036627,$2.50\n"
BAD = GOOD + b"rubbish,$1.00\n"
UI = "https://dagster.example.com"


@dataclass
class Desk:
    """A person who listens on every channel, and the sensor that alerts."""

    pipeline: Pipeline
    webhook: Webhook
    mailbox: Mailbox
    topic: Topic
    now: datetime = datetime(2025, 2, 3, 10, tzinfo=UTC)
    cursor: str | None = None
    heard: list[str] = field(default_factory=list)

    def tick(self) -> str:
        """One tick of the sensor, as the daemon evaluates it: why it started nothing."""
        data = self.pipeline.tick(self.cursor, "credits_alerts")
        self.cursor = data.cursor
        return str(data.skip_message)

    def told(self, ticks: int = 3) -> list[str]:
        """The titles that every channel got over some ticks, the same on each."""
        for _ in range(ticks):
            self.tick()
        slack = [text.splitlines()[0].strip("*") for text in self.webhook.taken]
        mails = [subject.removeprefix("[credits] ") for subject in self.mailbox.subjects]
        queue = [message["Subject"].removeprefix("[credits] ") for message in self.topic.taken()]
        self.webhook.taken.clear()
        self.mailbox.taken.clear()
        assert slack == mails == queue
        return slack


@contextmanager
def remembering(folder: Path) -> Iterator[dg.DagsterInstance]:
    """An instance in memory that remembers ticks, which Dagster's own does not."""
    with dagster_instance() as instance:
        ticks = SqliteScheduleStorage.from_local(str(folder / "ticks"))
        ticks.register_instance(instance)
        instance._schedule_storage = ticks
        yield instance


@pytest.fixture
def pipeline(inbox: Inbox, cloudzero: CloudZeroStandIn, tmp_path: Path) -> Iterator[Pipeline]:
    with remembering(tmp_path) as instance:
        yield Pipeline(build_definitions(schedule=Schedule()), instance, inbox, cloudzero)


@pytest.fixture
def desk(
    pipeline: Pipeline,
    webhook: Webhook,
    mailbox: Mailbox,
    topic: Topic,
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """All three channels, on 3 February 2025."""
    monkeypatch.setenv("CREDITS_ALERT_SLACK", webhook.url)
    monkeypatch.setenv("CREDITS_ALERT_EMAIL", "finops@example.com")
    server = f"smtp://127.0.0.1:{mailbox.port}?from=credits@example.com"
    monkeypatch.setenv("CREDITS_ALERT_SMTP", server)
    monkeypatch.setenv("CREDITS_ALERT_SNS", topic.arn)
    monkeypatch.setenv("CREDITS_UI_URL", UI)
    monkeypatch.setenv("CREDITS_DUE_DAY", "off")
    made = Desk(pipeline, webhook, mailbox, topic)

    class Moved(datetime):
        @classmethod
        def now(cls, _: Any = None) -> datetime:  # type: ignore[override]
            return made.now

    monkeypatch.setattr(alert_sensor, "datetime", Moved)
    return made


def test_without_a_channel_nothing_is_done(pipeline: Pipeline) -> None:
    pipeline.upload(BAD)
    pipeline.run()
    with dg.build_sensor_context(
        instance=pipeline.instance,
        definitions=pipeline.defs,
        resources={"credits_inbox": InboxResource(), "credits_storage": StorageResource()},
    ) as context:
        data = pipeline.defs.resolve_sensor_def("credits_alerts").evaluate_tick(context)
    assert "No channel is set" in str(data.skip_message)
    assert StorageResource().store().read("alerts/told.json") is None


def test_a_blocked_month_is_reported_once_with_dollars_what_to_do_and_a_link(
    desk: Desk, pipeline: Pipeline
) -> None:
    pipeline.upload(GOOD)
    pipeline.run()
    assert desk.told() == []
    pipeline.upload(BAD)
    results = [pipeline.run() for _ in range(2)]
    desk.tick()
    (mail,) = desk.mailbox.taken
    text = mail.get_content()
    for words in (
        "What happened: 1 row",
        "Dollars: $150,002.50 in the file; before, CloudZero held $150,002.50.",
        "What to do: Nothing was sent. Upload a corrected file",
        f"Run: {UI}/runs/{results[-1].run_id}",
    ):
        assert words in text
    pipeline.run()
    assert desk.told() == ["2025-01: blocked, nothing was sent"]


def test_a_new_version_with_the_same_fault_is_reported_again_and_a_good_one_settles_it(
    desk: Desk, pipeline: Pipeline
) -> None:
    blocked = "2025-01: blocked, nothing was sent"
    for content in (BAD, BAD + b"\n"):
        pipeline.upload(content)
        pipeline.run()
        assert desk.told() == [blocked]
    pipeline.upload(GOOD)
    pipeline.run()
    assert desk.told() == ["2025-01: settled (blocked, nothing was sent)"]
    assert desk.tick() == "Nothing is wrong"


def test_a_restart_of_everything_repeats_nothing(
    desk: Desk, pipeline: Pipeline, tmp_path: Path
) -> None:
    """Also with another Dagster instance, which has no cursor."""
    pipeline.upload(BAD)
    pipeline.run()
    assert len(desk.told()) == 1
    aws.forget_clients()
    with remembering(tmp_path / "another") as instance:
        desk.pipeline = replace(pipeline, instance=instance, defs=build_definitions())
        desk.cursor = None
        assert desk.told() == []


def held(pipeline: Pipeline) -> str:
    pipeline.upload(GOOD)
    pipeline.run()
    pipeline.upload(b"047210934418,$1.00\n")
    return "2025-01: held for a decision, nothing was sent"


def failed(pipeline: Pipeline) -> str:
    pipeline.cloudzero.inject(Fault(operation="contents", kind="status", status=403))
    pipeline.upload(GOOD)
    return "2025-01: failed, nothing was sent"


def incomplete(pipeline: Pipeline) -> str:
    pipeline.cloudzero.inject(Fault(operation="create", kind="wrong_count"))
    pipeline.upload(GOOD)
    return "2025-01: incomplete, CloudZero may hold a part of it"


def partial(pipeline: Pipeline) -> str:
    pipeline.upload(GOOD + b"112480036627,$9.00\n")
    return "2025-01: sent in part"


@pytest.mark.parametrize(
    "cause", [held, failed, incomplete, partial], ids=lambda cause: cause.__name__
)
def test_every_kind_of_end_that_needs_a_person_is_reported_once(
    desk: Desk, pipeline: Pipeline, cause: Callable[[Pipeline], str]
) -> None:
    title = cause(pipeline)
    for expected in ([title], [], []):
        pipeline.run()
        assert desk.told() == expected


def test_a_run_that_was_killed_is_reported_by_its_attempt(desk: Desk, pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    attempt = pipeline.attempt(pipeline.run())
    pipeline.journal.begin_sending(attempt)
    assert desk.told() == []
    pipeline.journal.close(attempts.interrupted(attempt, "it was killed"), sent=True)
    assert desk.told() == ["2025-01: incomplete, CloudZero may hold a part of it"]


def test_a_channel_that_is_down_gets_it_later_and_the_others_do_not_get_it_twice(
    desk: Desk, pipeline: Pipeline
) -> None:
    pipeline.upload(BAD)
    pipeline.run()
    desk.webhook.answers = [500, 500]
    for _ in range(2):
        with pytest.raises(alert_sensor.AlertError, match=r"Slack did not accept .*500.*next tick"):
            desk.tick()
    assert desk.told() == ["2025-01: blocked, nothing was sent"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("CREDITS_ALERT_SLACK", "hooks.slack.com/s3cr3t"), ("CREDITS_UI_URL", "dagster.example.com")],
)
def test_a_setting_that_can_not_be_used_makes_the_tick_red_and_the_others_tell(
    desk: Desk, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    pipeline.upload(BAD)
    pipeline.run()
    for _ in range(2):
        with pytest.raises(alert_sensor.AlertError, match=name) as caught:
            desk.tick()
        assert "s3cr3t" not in str(caught.value)
    assert len(desk.mailbox.taken) == 1


@pytest.mark.parametrize(
    ("day", "setting", "missing"),
    [
        (9, "10", None),
        (10, "10", "2025-01"),
        (28, "28", "2025-01"),
        (27, "28", None),
        (28, "off", None),
    ],
)
def test_a_file_that_has_not_come_by_its_day_is_reported_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, day: int, setting: str, missing: str | None
) -> None:
    monkeypatch.setenv("CREDITS_DUE_DAY", setting)
    desk.now = desk.now.replace(day=day)
    assert desk.told() == ([f"{missing}: the credits file has not come"] if missing else [])


def test_a_missing_file_is_reported_with_last_month_s_figures_until_it_comes(
    desk: Desk, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    december = JANUARY.shift(-1)
    pipeline.upload(GOOD, december)
    pipeline.run(december)
    assert desk.told() == []
    monkeypatch.delenv("CREDITS_DUE_DAY")
    desk.now = desk.now.replace(day=10)
    desk.tick()
    (mail,) = desk.mailbox.taken
    assert "Dollars: 2024-12 had $150,002.50." in mail.get_content()
    assert "credits-2025-01.csv, and it was due on 2025-02-10" in mail.get_content()
    desk.now = datetime(2025, 3, 9, 23, 59, tzinfo=UTC)
    assert desk.told() == ["2025-01: the credits file has not come"]
    desk.now = desk.now + timedelta(minutes=1)
    assert desk.told() == ["2025-02: the credits file has not come"]
    pipeline.upload(GOOD)
    assert desk.told() == ["2025-01: settled (the credits file has not come)"]


def test_a_month_without_a_partition_is_not_missed(
    desk: Desk, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_DUE_DAY", "1")
    desk.pipeline = replace(
        pipeline, defs=build_definitions(schedule=Schedule(start_month=BillingMonth(2025, 2)))
    )
    assert desk.told() == []


def test_a_drop_that_another_feeder_changed_is_reported_once_and_settles(
    desk: Desk, pipeline: Pipeline
) -> None:
    pipeline.upload(GOOD)
    pipeline.run()
    pipeline.cloudzero.seed(CONNECTION_ID, "2025-01", [row("-150001.00")])
    title = "CloudZero does not hold what was sent"
    for expected in ([f"2025-01: {title}"], [], []):
        assert not stream(pipeline).success
        assert desk.told() == expected
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.VERIFIED
    assert desk.told() == [f"2025-01: settled ({title})"]
    assert stream(pipeline).success
    assert desk.told() == []


def test_a_drop_that_is_not_visible_after_a_day_and_a_half_is_reported_until_it_is(
    desk: Desk, pipeline: Pipeline
) -> None:
    late = replace(pipeline.cloudzero.settings, ingest_delay=timedelta(hours=50))
    pipeline.cloudzero.settings = late
    pipeline.upload(GOOD)
    pipeline.run()
    title = "CloudZero's billed cost does not show what was sent"
    for hours, expected in (
        (20, []),
        (20, [f"2025-01: {title}"]),
        (5, []),
        (20, [f"2025-01: settled ({title})"]),
    ):
        age(pipeline, hours)
        bill(pipeline)
        assert desk.told() == expected


def test_a_check_that_could_not_run_is_reported_apart_from_what_it_found(
    desk: Desk, pipeline: Pipeline
) -> None:
    pipeline.upload(GOOD)
    pipeline.run()
    pipeline.cloudzero.keys[API_KEY] = frozenset()
    for expected in (["credits_still_held: could not look at CloudZero"], []):
        stream(pipeline)
        assert desk.told() == expected
    pipeline.cloudzero.keys[API_KEY] = SCOPES
    stream(pipeline)
    assert desk.told() == ["credits_still_held: settled (could not look at CloudZero)"]


@dataclass
class Ticks:
    """What the daemon records about a sensor's ticks."""

    instance: dg.DagsterInstance
    at: float = field(default_factory=time.time)

    def write(self, name: str, error: str | None) -> None:
        origin = RemoteInstigatorOrigin(
            RemoteRepositoryOrigin(
                ManagedGrpcPythonEnvCodeLocationOrigin(
                    LoadableTargetOrigin(module_name="credits_pipeline.definitions"),
                    location_name="credits_pipeline",
                ),
                "__repository__",
            ),
            name,
        )
        state = InstigatorState(
            origin,
            InstigatorType.SENSOR,
            InstigatorStatus.DECLARED_IN_CODE,
            SensorInstigatorData(sensor_type=None),
        )
        known = self.instance.get_instigator_state(state.instigator_origin_id, state.selector_id)
        if known is None:
            self.instance.add_instigator_state(state)
        self.at += 1
        told = None if error is None else SerializableErrorInfo(error, [], "InboxError")
        wrapped = None if told is None else SerializableErrorInfo("around it", [], "X", cause=told)
        self.instance.create_tick(
            TickData(
                instigator_origin_id=state.instigator_origin_id,
                instigator_name=name,
                instigator_type=InstigatorType.SENSOR,
                status=TickStatus.SKIPPED if error is None else TickStatus.FAILURE,
                timestamp=self.at,
                selector_id=state.selector_id,
                error=wrapped,
            )
        )


def test_a_sensor_whose_ticks_fail_is_reported_once_after_three(
    desk: Desk, pipeline: Pipeline
) -> None:
    ticks = Ticks(pipeline.instance)
    ticks.write("credits_files", None)
    for expected in ([], [], ["The sensor credits_files: its ticks fail"], [], []):
        ticks.write("credits_files", "credits_pipeline.InboxError: could not list s3://gone")
        ticks.write("somebody_elses", "fails as well")
        assert desk.told(ticks=1) == expected
    ticks.write("credits_files", None)
    assert desk.told() == ["The sensor credits_files: settled (its ticks fail)"]


def test_what_a_tick_said_is_reported_without_what_is_around_it(
    desk: Desk, pipeline: Pipeline
) -> None:
    ticks = Ticks(pipeline.instance)
    for _ in range(3):
        ticks.write("credits_files", "credits_pipeline.InboxError: could not list s3://gone\n")
    desk.tick()
    (mail,) = desk.mailbox.taken
    told = mail.get_content().splitlines()
    assert told[0] == "What happened: credits_pipeline.InboxError: could not list s3://gone"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Break the storage for reads or for writes, or repair it."""
    reads, writes = FolderStore.read, FolderStore.write

    def fail(*_: Any) -> Any:
        raise StorageError("could not use /data: no space. What to do: make space.")

    def become(how: str) -> None:
        monkeypatch.setattr(FolderStore, "read", fail if how == "gone" else reads)
        monkeypatch.setattr(FolderStore, "write", fail if how != "well" else writes)

    return become


@pytest.mark.parametrize("how", ["gone", "full"])
def test_a_storage_that_can_not_be_used_is_reported_once_though_nothing_can_be_written_there(
    desk: Desk, pipeline: Pipeline, broken: Callable[[str], None], how: str
) -> None:
    pipeline.upload(BAD)
    pipeline.run()
    broken(how)
    assert desk.told(ticks=1) == ["The pipeline's storage: it can't be used, and no month is sent"]
    for _ in range(3):
        with pytest.raises(alert_sensor.AlertError, match="no space"):
            desk.tick()
    assert desk.told(ticks=0) == []
    broken("well")
    assert sorted(desk.told()) == [
        "2025-01: blocked, nothing was sent",
        "The pipeline's storage: settled (it can't be used, and no month is sent)",
    ]
    assert json.loads(str(desk.cursor))["episodes"] == []


def test_a_storage_that_is_set_wrongly_is_reported_once(
    desk: Desk, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_STORAGE", f"s3://{inbox.bucket}/kept")
    assert desk.told(ticks=1) == ["The pipeline's storage: it can't be used, and no month is sent"]
    with pytest.raises(alert_sensor.AlertError, match="lies inside the inbox"):
        desk.tick()
    assert desk.told(ticks=0) == []


def test_an_inbox_that_can_not_be_asked_silences_nothing_else(
    desk: Desk, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.upload(BAD)
    pipeline.run()
    monkeypatch.delenv("CREDITS_BUCKET")
    for _ in range(2):
        with pytest.raises(alert_sensor.AlertError, match="Could not look at the inbox"):
            desk.tick()
    assert desk.told(ticks=0) == ["2025-01: blocked, nothing was sent"]


def test_twenty_months_that_are_wrong_are_each_reported_once_and_the_cursor_stays_empty(
    desk: Desk, pipeline: Pipeline, tmp_path: Path
) -> None:
    for n in range(20):
        month = BillingMonth(2024, 1).shift(n)
        now = datetime.now(UTC).isoformat()
        pipeline.journal.close(
            Attempt(f"run-{n}", str(month), Verdict.BLOCKED, started_at=now, ended_at=now),
            sent=False,
        )
    assert len(set(desk.told())) == 20
    assert not desk.cursor
    (book,) = tmp_path.rglob("told.json")
    assert len(json.loads(book.read_text())["episodes"]) == 20
