"""`dagster dev` as a user starts it, and files that arrive over HTTP."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.sandbox.cloudzero import Fault
from credits_pipeline.sandbox.sample import SAMPLE
from credits_pipeline.sandbox.servers import API_KEY, CONNECTION_ID, upload
from credits_pipeline_tests.live.answers import all_answers
from credits_pipeline_tests.live.world import ASSETS, SELECTOR, Live, members, running

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("live")) as live:
        yield live


def test_an_uploaded_file_becomes_a_verified_drop(live: Live) -> None:
    month = BillingMonth(2025, 1)
    live.upload(month, SAMPLE)
    receipt = live.receipt(month, "202487.80")
    assert receipt.verdict is Verdict.VERIFIED
    assert receipt.row_count == 23
    assert len(live.held(month)) == 23
    (run,) = live.finished(month, 1)
    assert run["status"] == "SUCCESS"
    assert run["jobName"] == "credits_month"
    assert (
        checks_of(live, month)
        >= {
            "nothing_rejected": True,
            "no_duplicate_accounts": False,
            "ledger_closes": True,
            "payload_equals_credits": True,
            "drop_equals_payload": True,
        }.items()
    )


def checks_of(live: Live, month: BillingMonth) -> Any:
    """The checks of a month, as the UI requests them."""
    query = """query Checks($asset: AssetKeyInput!, $name: String!, $month: String!) {
        assetCheckExecutions(assetKey: $asset, checkName: $name, limit: 1, partition: $month) {
            evaluation { success } } }"""
    found = {}
    for asset, name in [
        ("credits", "nothing_rejected"),
        ("credits", "no_duplicate_accounts"),
        ("credits", "ledger_closes"),
        ("cbf_payload", "payload_equals_credits"),
        ("cloudzero_drop", "drop_equals_payload"),
    ]:
        answer = live.dagster.graphql(
            query, asset={"path": [asset]}, name=name, month=month.partition_key
        )
        (execution,) = answer["assetCheckExecutions"]
        found[name] = execution["evaluation"]["success"]
    return found.items()


def test_a_then_b_then_a_again_ends_at_a(live: Live) -> None:
    month = BillingMonth(2025, 2)
    for turn, dollars in enumerate(("150000.00", "200000.00", "150000.00"), start=1):
        live.upload(month, f"047210934418,${dollars}\n".encode())
        live.finished(month, turn)
        live.receipt(month, dollars)
    assert live.held(month) == {"047210934418": "-150000.00"}


def test_a_strange_file_fails_no_tick_and_is_shown_at_the_inbox(live: Live) -> None:
    upload(live.servers, "Credits March.xlsx", b"PK")
    query = """{ assetOrError(assetKey: {path: ["credits_inbox"]}) { ... on Asset {
        assetObservations(limit: 1) { metadataEntries { label
            ... on MarkdownMetadataEntry { mdStr } } } } } }"""

    def shown() -> bool:
        found = live.dagster.graphql(query)["assetOrError"].get("assetObservations") or []
        texts = [e.get("mdStr") or "" for o in found for e in o["metadataEntries"]]
        return any("Credits March.xlsx" in text for text in texts)

    live.wait_for("the strange file at the inbox", shown)
    ticks = """query Ticks($s: SensorSelector!) { sensorOrError(sensorSelector: $s) {
        ... on Sensor { sensorState { ticks(limit: 20) { status } } } } }"""
    answer = live.dagster.graphql(ticks, s={**SELECTOR, "sensorName": "credits_files"})
    statuses = {t["status"] for t in answer["sensorOrError"]["sensorState"]["ticks"]}
    assert "FAILURE" not in statuses


def test_the_ui_rematerialises_a_month_through_the_same_code(live: Live) -> None:
    month = BillingMonth(2025, 1)
    live.receipt(month, "202487.80")
    run_id = live.rematerialise(month)
    live.wait_for("the attempt", lambda: live.journal.attempt(month, run_id))
    attempt = live.journal.attempt(month, run_id)
    assert attempt is not None
    assert attempt.verdict is Verdict.UNCHANGED


def test_a_blocked_month_is_red_and_a_decision_in_the_launchpad_releases_it(live: Live) -> None:
    month = BillingMonth(2025, 3)
    live.upload(month, b"047210934418,$150000.00\nrubbish,$2.00\n")
    (run,) = live.finished(month, 1)
    assert run["status"] == "FAILURE"
    attempt = live.journal.attempt(month, run["runId"])
    assert attempt is not None
    assert attempt.verdict is Verdict.BLOCKED
    assert live.held(month) == {}
    (offer,) = attempt.offers
    live.rematerialise(month, {"credits": {**offer, "for_version": attempt.file_version}})
    assert live.receipt(month, "150000.00").verdict is Verdict.PARTIAL
    assert live.held(month) == {"047210934418": "-150000.00"}


def test_a_failed_run_is_executed_again_from_its_failure(live: Live) -> None:
    month = BillingMonth(2025, 4)
    live.servers.cloudzero.inject(
        Fault(operation="create", at=1, kind="status", status=400, month=str(month))
    )
    live.upload(month, b"047210934418,$150000.00\n")
    (run,) = live.finished(month, 1)
    assert run["status"] == "FAILURE"
    live.servers.cloudzero.clear_faults()
    mutation = """mutation Again($params: ReexecutionParams!) {
        launchRunReexecution(reexecutionParams: $params) { __typename
            ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
    answer = live.dagster.graphql(
        mutation, params={"parentRunId": run["runId"], "strategy": "FROM_FAILURE"}
    )
    assert answer["launchRunReexecution"]["__typename"] == "LaunchRunSuccess"
    assert live.receipt(month, "150000.00").verdict is Verdict.VERIFIED
    assert live.held(month) == {"047210934418": "-150000.00"}


def test_a_backfill_sends_every_month(live: Live) -> None:
    months = [BillingMonth(2024, 5).shift(n) for n in range(2)]
    for month in months:
        live.upload(month, f"047210934418,${month.month}.00\n".encode())
    for month in months:
        live.receipt(month, f"{month.month}.00")
    for month in months:
        live.servers.cloudzero.seed(CONNECTION_ID, str(month), [])
    mutation = """mutation Backfill($params: LaunchBackfillParams!) {
        launchPartitionBackfill(backfillParams: $params) { __typename
            ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
    answer = live.dagster.graphql(
        mutation,
        params={
            "assetSelection": [{"path": [name]} for name in ASSETS],
            "partitionNames": [month.partition_key for month in months],
        },
    )
    assert answer["launchPartitionBackfill"]["__typename"] == "LaunchBackfillSuccess", answer
    for month in months:
        live.finished(month, 2)
        assert live.held(month) == {"047210934418": f"-{month.month}.00"}
    assert live.servers.cloudzero.max_in_flight(CONNECTION_ID) == 1


def test_a_run_that_is_killed_still_leaves_an_attempt_and_the_month_completes(live: Live) -> None:
    """kill -9 during a drop: the run's process can't report anything."""
    month = BillingMonth(2025, 5)
    live.servers.cloudzero.inject(
        Fault(operation="create", at=1, kind="hold", month=str(month), commit=True)
    )
    live.upload(month, b"047210934418,$150000.00\n")

    attempt = live.sending(month)
    os.kill(live.run_process(attempt.run_id), signal.SIGKILL)
    live.servers.cloudzero.clear_faults()

    def incomplete() -> bool:
        found = live.journal.attempt(month, attempt.run_id)
        return found is not None and found.verdict is Verdict.INCOMPLETE

    live.wait_for("the killed run's attempt", incomplete)
    assert live.receipt(month, "150000.00").verdict is Verdict.VERIFIED
    assert live.held(month) == {"047210934418": "-150000.00"}


def test_the_key_is_in_nothing_that_was_left_behind(live: Live) -> None:
    assert live.found_in_files(API_KEY) == []


def test_the_key_is_in_no_answer_of_the_webserver(live: Live) -> None:
    answers = all_answers(live.dagster)
    everything = "\n".join(answers.values())
    # It answered about runs, their logs and output, decisions, metadata and ticks.
    for told in ("The bucket and prefix that", "sending body 1", "credits_run", "accept_rejected"):
        assert told in everything, told
    for told in ("$202,487.80", "Credits March.xlsx", "none of them new"):
        assert told in everything, told
    assert [asked for asked, answer in answers.items() if API_KEY in answer] == []


def test_ending_it_leaves_no_process_behind(live: Live) -> None:
    """The last test of the file: it ends what the others ran in."""
    group = live.dagster.group
    assert len(members(group)) > 2
    live.dagster.stop()
    assert members(group) == []
