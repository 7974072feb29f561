"""The sensors' ticks, evaluated on a real instance against a real bucket."""

import json
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.core.settings import Schedule, SettingError, storage_root
from credits_pipeline.core.storage.store import open_store
from credits_pipeline.credits.assets.build import build_definitions
from credits_pipeline.credits.assets.files_sensor import _settle
from credits_pipeline.credits.assets.resources import StorageResource
from credits_pipeline.credits.assets.sensors import write_missing_attempt
from credits_pipeline.credits.inbox.bucket import InboxError
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.credits.state.unstarted import kept
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

GOOD = b"047210934418,$1.00\n112480036627,$2.50\n"


def tick(pipeline: Pipeline, cursor: str | None, **schedule: Any) -> Any:
    """One tick, as the daemon evaluates it."""
    if schedule:
        pipeline = replace(pipeline, defs=build_definitions(schedule=Schedule(**schedule)))
    return pipeline.tick(cursor)


def months(data: Any) -> list[str]:
    return [request.partition_key for request in data.run_requests]


def observed(data: Any) -> dict[str, Any]:
    (event,) = data.asset_events
    assert event.asset_key == dg.AssetKey("credits_inbox")
    return {name: value.value for name, value in event.metadata.items()}


def test_each_new_version_asks_for_one_run_of_its_month(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    first = tick(pipeline, None)
    assert months(first) == ["2025-01-01"]
    assert first.run_requests[0].tags["credits/file"] == "credits-2025-01.csv"
    second = tick(pipeline, first.cursor)
    assert months(second) == []
    assert "none of them new" in second.skip_message


def test_going_back_to_an_earlier_content_asks_again_even_within_a_second(
    versioned_inbox: Any, pipeline: Pipeline
) -> None:
    """Dagster remembers a run key for ever, whatever happened to the run."""
    cursor, keys = None, []
    for content in (b"A", b"B", b"A"):
        pipeline.upload(content)
        data = tick(pipeline, cursor)
        keys += [request.run_key for request in data.run_requests]
        cursor = data.cursor
    assert len(set(keys)) == 3


def test_strange_objects_fail_no_tick_and_are_shown_once_with_the_reason(
    pipeline: Pipeline,
) -> None:
    for name, content in {
        "notes.txt": b"x",
        "credits-2025-13.csv": b"x",
        "credits-2025-02.csv": b"",
        "credits-2019-01.csv": b"x",
        "credits-2025-01-b.csv": b"x",
    }.items():
        pipeline.inbox.upload(name, content)
    pipeline.upload(GOOD)
    first = tick(pipeline, None)
    assert months(first) == ["2025-01-01"]
    shown = observed(first)
    assert shown["objects_that_start_no_run"] == 5
    assert kept(open_store(storage_root())).count == 5
    for text in ("notes.txt", "not a month of the calendar", "0 bytes", "CREDITS_START_MONTH",
                 "join it with credits-2025-01.csv"):  # fmt: skip
        assert text in shown["what_to_do"]
    assert tick(pipeline, first.cursor).asset_events == []


def test_a_first_tick_on_sixty_old_months_sends_none_and_says_how_to(pipeline: Pipeline) -> None:
    all_months = [BillingMonth(2020, 1).shift(n) for n in range(60)]
    for month in all_months:
        pipeline.upload(GOOD, month)
    start = {"start_month": all_months[0], "adopt": timedelta(seconds=-5)}
    first = tick(pipeline, None, **start)
    assert months(first) == []
    assert "found and not sent: backfill these months" in first.skip_message
    assert "2024-12" in observed(first)["found_not_sent"]
    assert months(tick(pipeline, first.cursor, **start)) == []
    pipeline.upload(GOOD + b"202020202020,$1.00\n", all_months[3])
    assert months(tick(pipeline, first.cursor, **start)) == ["2020-04-01"]


def test_twenty_five_new_months_start_over_three_ticks(pipeline: Pipeline) -> None:
    for n in range(21):
        pipeline.upload(GOOD, JANUARY.shift(n))
    cursor, asked = None, []
    for expected in (10, 10, 1, 0):
        data = tick(pipeline, cursor)
        assert len(data.run_requests) == expected
        asked += months(data)
        cursor = data.cursor
    assert len(set(asked)) == 21


def test_a_bucket_that_can_t_be_listed_makes_the_tick_red(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that is reported as a skip makes a sensor look idle."""
    monkeypatch.setenv("CREDITS_BUCKET", "no-such-bucket")
    with pytest.raises(InboxError, match=r"NoSuchBucket.*check CREDITS_BUCKET"):
        tick(pipeline, None)


def test_a_missing_bucket_setting_is_named(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDITS_BUCKET")
    with pytest.raises(SettingError, match="CREDITS_BUCKET is not set"):
        tick(pipeline, None)


def test_a_missing_key_does_not_stop_the_sensor(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLOUDZERO_API_KEY")
    pipeline.upload(GOOD)
    assert months(tick(pipeline, None)) == ["2025-01-01"]


def test_every_sensor_finds_its_resources() -> None:
    """`dagster definitions validate` does not notice that a sensor's resource is missing."""
    defs = build_definitions(schedule=Schedule())
    resources = set(defs.get_repository_def().get_top_level_resources())
    for sensor in defs.sensors or ():
        assert sensor.required_resource_keys
        assert sensor.required_resource_keys <= resources


@pytest.mark.parametrize(("automation", "status"), [(True, "RUNNING"), (False, "STOPPED")])
def test_automation_decides_whether_sensors_start_with_the_daemon(
    automation: bool, status: str
) -> None:
    defs = build_definitions(schedule=Schedule(automation=automation))
    assert {sensor.default_status.value for sensor in defs.sensors or ()} == {status}


def test_a_run_that_died_early_gets_its_attempt(pipeline: Pipeline) -> None:
    result = pipeline.run()
    before = pipeline.attempt(result)
    name = f"attempts/{JANUARY}/{result.run_id}.json"
    store = StorageResource().store()
    (store._root / name).unlink()  # type: ignore[attr-defined]
    write_missing_attempt(pipeline.status_context(result), StorageResource(), "it was killed")
    after = pipeline.attempt(result)
    assert before.verdict is after.verdict is Verdict.FAILED
    assert "it was killed" in after.reason


def test_a_run_that_wrote_its_attempt_keeps_it(pipeline: Pipeline) -> None:
    result = pipeline.run()
    before = pipeline.attempt(result)
    write_missing_attempt(pipeline.status_context(result), StorageResource(), "it failed")
    assert pipeline.attempt(result) == before


def test_a_run_that_died_while_sending_becomes_incomplete(pipeline: Pipeline) -> None:
    from dataclasses import replace

    result = pipeline.run()
    pipeline.journal.begin_sending(replace(pipeline.attempt(result), verdict=Verdict.SENDING))
    write_missing_attempt(pipeline.status_context(result), StorageResource(), "it was killed")
    after = pipeline.attempt(result)
    assert after.verdict is Verdict.INCOMPLETE
    assert "it was killed" in after.reason
    last = pipeline.journal.last_sent(JANUARY)
    assert last is not None
    assert last.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("written", "lines", "verdict"),
    [
        ("nothing", 1, Verdict.INCOMPLETE),
        ("its attempt", 1, Verdict.VERIFIED),
        ("everything", 0, Verdict.VERIFIED),
    ],
)
def test_a_run_that_ends_while_the_sensor_looks_has_one_line(
    pipeline: Pipeline,
    capfd: pytest.CaptureFixture[str],
    written: str,
    lines: int,
    verdict: Verdict,
) -> None:
    """The sensor first lists what is being sent, and takes the stream's lock later."""
    pipeline.upload(GOOD)
    ended = pipeline.attempt(pipeline.run())
    listed = replace(ended, verdict=Verdict.SENDING, ended_at="")
    pipeline.journal.begin_sending(listed)
    if written == "its attempt":
        StorageResource().store().write(
            f"attempts/{JANUARY}/{ended.run_id}.json", json.dumps(asdict(ended)).encode()
        )
    elif written == "everything":
        pipeline.journal.close(ended, sent=True)
    capfd.readouterr()
    found = _settle(pipeline.instance, {JANUARY: listed}, StorageResource())
    assert found[JANUARY].verdict is verdict
    assert pipeline.journal.last(JANUARY) == found[JANUARY]
    assert capfd.readouterr().out.count('"event":"credits_run"') == lines


def test_a_run_of_something_else_is_left_alone(pipeline: Pipeline) -> None:
    @dg.op
    def unlucky() -> None:
        raise dg.Failure("not ours")

    @dg.job
    def other() -> None:
        unlucky()

    result = other.execute_in_process(
        instance=pipeline.instance,
        raise_on_error=False,
        tags={"dagster/partition": "2025-01-01"},
    )
    write_missing_attempt(pipeline.status_context(result), StorageResource(), "it failed")
    assert pipeline.journal.attempt(JANUARY, result.run_id) is None


@pytest.fixture(autouse=True)
def _fresh_client() -> None:
    aws.s3_client.cache_clear()
