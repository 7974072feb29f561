"""Each run's line on standard output and in CloudWatch Logs (moto's server), even after a kill."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.core import aws
from credits_pipeline.credits.assets.attempts import log
from credits_pipeline.credits.assets.resources import StorageResource
from credits_pipeline.credits.assets.sensors import write_missing_attempt
from credits_pipeline.credits.state.attempt import Attempt, Verdict
from credits_pipeline.sandbox.s3 import EmbeddedS3
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

GOOD = b"047210934418,$1.00\n112480036627,$2.50\n"
PAGE = (Path(__file__).parents[3] / "docs" / "logs.md").read_text()
_numbers = count()


@pytest.fixture
def log_group(s3: EmbeddedS3, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an empty log group."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", s3.endpoint_url)
    name = f"/credits/{os.getpid()}-{next(_numbers)}"
    aws.logs_client().create_log_group(logGroupName=name)
    monkeypatch.setenv("CREDITS_LOG_GROUP", name)
    return name


def lines_in(group: str, stream: str = "2025-01") -> list[dict[str, Any]]:
    found = aws.logs_client().get_log_events(
        logGroupName=group, logStreamName=stream, startFromHead=True
    )
    return [json.loads(event["message"]) for event in found["events"]]


def lines_printed(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    printed = capfd.readouterr().out.splitlines()
    return [json.loads(line) for line in printed if line.startswith('{"event":"credits_run"')]


def said_by(pipeline: Pipeline, result: dg.ExecuteInProcessResult) -> str:
    """The run's own log, as the UI shows it."""
    return "\n".join(entry.user_message for entry in pipeline.instance.all_logs(result.run_id))


@pytest.mark.usefixtures("log_group")
def test_every_run_puts_one_line_on_standard_output_and_into_its_group(
    pipeline: Pipeline, log_group: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Verified, blocked, withdrawn, and a run without a file."""
    results = []
    for content in (GOOD, b"rubbish,$1.00\n"):
        pipeline.upload(content)
        results.append(pipeline.run())
    results.append(pipeline.run(config={"credits": {"clear_month": True}}))
    results.append(pipeline.run(JANUARY.shift(1)))
    printed = lines_printed(capfd)
    assert [line["run_id"] for line in printed] == [result.run_id for result in results]
    assert [line["verdict"] for line in printed] == ["verified", "blocked", "verified", "failed"]
    assert lines_in(log_group) + lines_in(log_group, "2025-02") == printed


@pytest.mark.parametrize("trouble", ["no such group", "no server", "no region"])
def test_a_log_group_that_can_not_be_reached_is_said_and_the_verdict_stands(
    pipeline: Pipeline,
    log_group: str,
    trouble: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    if trouble == "no such group":
        monkeypatch.setenv("CREDITS_LOG_GROUP", "/misspelt")
    elif trouble == "no server":
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://127.0.0.1:9")
        aws.forget_clients()
    else:
        # S3 works without it, CloudWatch does not.
        monkeypatch.delenv("AWS_REGION")
        monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
        aws.forget_clients()
    pipeline.upload(GOOD)
    result = pipeline.run()
    assert result.success
    assert pipeline.attempt(result).verdict is Verdict.VERIFIED
    assert len(lines_printed(capfd)) == 1
    said = said_by(pipeline, result)
    assert f"could not be put into the log group {os.environ['CREDITS_LOG_GROUP']}" in said
    assert "its verdict, verified, is unchanged" in said


def test_a_line_goes_into_a_stream_that_is_there_already(log_group: str) -> None:
    one = Attempt("run-1", "2025-01", Verdict.VERIFIED)
    for run in ("run-1", "run-2"):
        log(replace(one, run_id=run))
    assert [line["run_id"] for line in lines_in(log_group)] == ["run-1", "run-2"]


@pytest.fixture
def killed(pipeline: Pipeline) -> Any:
    """What the sensor learns about a run whose process was killed: none of its steps failed."""
    pipeline.upload(GOOD)
    return pipeline.status_context(pipeline.run())


@pytest.mark.parametrize("when", ["before its attempt", "while sending", "before its line"])
def test_a_run_that_was_killed_gets_its_line_from_the_sensor(
    pipeline: Pipeline, killed: Any, when: str, capfd: pytest.CaptureFixture[str]
) -> None:
    run_id = killed.dagster_run.run_id
    attempt = pipeline.journal.attempt(JANUARY, run_id)
    assert attempt is not None
    if when == "before its attempt":
        store = StorageResource().store()
        (store._root / f"attempts/{JANUARY}/{run_id}.json").unlink()  # type: ignore[attr-defined]
    elif when == "while sending":
        pipeline.journal.begin_sending(attempt)
    lines_printed(capfd)
    write_missing_attempt(killed, StorageResource(), "it was killed")
    (line,) = lines_printed(capfd)
    expected = {"before its attempt": "failed", "while sending": "incomplete"}
    assert line["verdict"] == expected.get(when, "verified")
    assert line["run_id"] == run_id


def test_a_run_that_failed_by_itself_gets_no_second_line(
    pipeline: Pipeline, capfd: pytest.CaptureFixture[str]
) -> None:
    result = pipeline.run()
    run = pipeline.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert len(lines_printed(capfd)) == 1
    context = dg.build_run_status_sensor_context(
        sensor_name="credits_failed_runs",
        dagster_event=result.all_events[-1],
        dagster_instance=pipeline.instance,
        dagster_run=run,
    )
    write_missing_attempt(context, StorageResource(), "it failed")
    assert lines_printed(capfd) == []


QUERIES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
_FUNCTIONS = {"fields", "filter", "sort", "limit", "in", "and", "desc", "event"}


def flat(told: dict[str, Any], above: str = "") -> Iterator[str]:
    """The names that Insights gives the fields of a JSON line."""
    for name, value in told.items():
        yield above + name
        if isinstance(value, dict):
            yield from flat(value, f"{above}{name}.")


@pytest.mark.parametrize("query", QUERIES)
def test_insights_takes_the_queries_of_the_page_and_finds_the_lines(
    pipeline: Pipeline, log_group: str, query: str
) -> None:
    """moto accepts queries with CloudWatch's own fields, and does not apply filters."""
    pipeline.upload(GOOD + b"rubbish,$1.00\n")
    pipeline.run()
    now = datetime.now(UTC)
    client = aws.logs_client()
    query_id = client.start_query(
        logGroupName=log_group,
        startTime=int((now - timedelta(hours=1)).timestamp()),
        endTime=int((now + timedelta(hours=1)).timestamp()),
        queryString=query.replace("fields ", "fields @message, ", 1),
    )["queryId"]
    answer = client.get_query_results(queryId=query_id)
    assert answer["status"] == "Complete"
    ((*found,),) = answer["results"]
    (line,) = [json.loads(f["value"]) for f in found if f["field"] == "@message"]
    named = set(re.findall(r"(?<![@\"\w.])[a-z][a-z_.]+(?![\w\"])", query)) - _FUNCTIONS
    assert named
    assert named <= set(flat(line))
    verdicts = re.findall(r'"(\w+)"', query.partition("verdict in")[2])
    assert set(verdicts) <= {verdict.value for verdict in Verdict}


def test_the_page_names_fields_that_a_line_has(pipeline: Pipeline, log_group: str) -> None:
    pipeline.upload(GOOD + b"rubbish,$1.00\n")
    pipeline.run()
    (line,) = lines_in(log_group)
    listed = re.findall(r"^\| `([\w.]+)` \|", PAGE, re.MULTILINE)
    assert len(listed) > 10
    assert set(listed) <= set(flat(line))
    shown = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
    del shown["…"]
    assert set(flat(shown)) <= set(flat(line))
