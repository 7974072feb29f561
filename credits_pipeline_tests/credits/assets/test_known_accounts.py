"""Accounts unknown to CloudZero: left out within limits, and sent once CloudZero knows them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.assets.resources import (
    CloudZeroResource,
    InboxResource,
    StorageResource,
)
from credits_pipeline.credits.delivery.known_accounts import known_accounts_of
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.sandbox.cloudzero import SCOPES, Fault
from credits_pipeline_tests.conftest import API_KEY, CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

ACCOUNTS = [f"{n:012d}" for n in range(1, 31)]
NEW = "999999999999"
#: Thirty accounts with a hundred dollars each, and a new one with ten.
FILE = "".join([f"{account},$100.00\n" for account in ACCOUNTS] + [f"{NEW},$10.00\n"]).encode()


def bill(pipeline: Pipeline, *accounts: str, month: BillingMonth = JANUARY) -> None:
    for account in accounts:
        pipeline.cloudzero.bill(str(month), account, "1.00")


def costs_calls(pipeline: Pipeline) -> int:
    return sum(record.operation == "costs" for record in pipeline.cloudzero.log)


def tomorrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day's answers are stored by UTC day."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz or UTC) + timedelta(days=1)

    monkeypatch.setattr("credits_pipeline.credits.delivery.costs.datetime", Clock)


def known_tick(pipeline: Pipeline) -> Any:
    with dg.build_sensor_context(
        instance=pipeline.instance,
        definitions=pipeline.defs,
        resources={
            "credits_inbox": InboxResource(),
            "credits_storage": StorageResource(),
            "credits_cloudzero": CloudZeroResource(),
        },
    ) as context:
        return pipeline.defs.resolve_sensor_def("credits_accounts_known").evaluate_tick(context)


def test_an_account_that_cloudzero_does_not_know_is_left_out_and_listed(
    pipeline: Pipeline,
) -> None:
    bill(pipeline, *ACCOUNTS)
    pipeline.upload(FILE)
    result = pipeline.run()
    assert result.success
    receipt = pipeline.journal.receipt(JANUARY)
    assert receipt is not None
    assert receipt.verdict is Verdict.PARTIAL
    assert receipt.accounts_checked is True
    assert receipt.ledger["account_unknown"] == {"rows": 1, "usd": "10.00"}
    assert receipt.ledger["sent"] == {"rows": 30, "usd": "3000.00"}
    assert receipt.left_out_usd == "10.00"
    assert pipeline.journal.rows(receipt)["unknown"] == [{"account_id": NEW, "usd": "10.00"}]
    assert set(pipeline.held()) == set(ACCOUNTS)
    told = check(result)
    assert not told.passed
    assert told.severity is dg.AssetCheckSeverity.WARN
    assert "does not know 1 account with $10.00" in str(told.description)
    assert NEW in str(told.metadata["unknown"].value)


def check(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (told,) = [e for e in result.get_asset_check_evaluations() if e.check_name == "accounts_known"]
    return told


def test_send_sends_everything_and_asks_nothing(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDITS_UNKNOWN_ACCOUNTS", "send")
    bill(pipeline, *ACCOUNTS)
    pipeline.upload(FILE)
    attempt = pipeline.attempt(pipeline.run())
    assert attempt.verdict is Verdict.VERIFIED
    assert attempt.accounts_checked is None
    assert NEW in pipeline.held()
    assert costs_calls(pipeline) == 0


def test_too_many_unknown_accounts_mean_that_the_list_is_wrong(pipeline: Pipeline) -> None:
    bill(pipeline, *ACCOUNTS[:15])
    pipeline.upload(FILE)
    result = pipeline.run()
    assert check(result).severity is dg.AssetCheckSeverity.ERROR
    by_itself = pipeline.run(only=["cloudzero_drop"])
    for attempt in (pipeline.attempt(result), pipeline.attempt(by_itself)):
        assert attempt.verdict is Verdict.BLOCKED
        assert "16 of 31 accounts" in attempt.reason
    assert pipeline.held() == {}


def test_what_the_month_holds_already_is_known(pipeline: Pipeline) -> None:
    bill(pipeline, *ACCOUNTS)
    row = {
        "resource/account": NEW,
        "cost/cost": "-10.00",
        "time/usage_start": "2025-01-01T00:00:00Z",
        "lineitem/type": "Credit",
    }
    pipeline.cloudzero.seed(CONNECTION_ID, "2025-01", [row])
    pipeline.upload(FILE)
    result = pipeline.run(config={"credits": {"accept_change": True}})
    assert pipeline.attempt(result).verdict is Verdict.VERIFIED
    assert NEW in pipeline.held()


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ("no cost at all", "no cost of any AWS account"),
        ("no scope", "billing:read_costs"),
        ("no answer", "502"),
        ("half an answer", "costs"),
        ("no call left", "CLOUDZERO_COSTS_CALLS"),
    ],
)
def test_where_cloudzero_can_t_be_asked_everything_is_sent_and_it_says_so(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, trouble: str, says: str
) -> None:
    if trouble != "no cost at all":
        bill(pipeline, *ACCOUNTS)
    match trouble:
        case "no scope":
            pipeline.cloudzero.keys[API_KEY] = frozenset(SCOPES) - {"billing:read_costs"}
        case "no answer":
            pipeline.cloudzero.inject(Fault(operation="costs", kind="html"))
        case "half an answer":
            pipeline.cloudzero.inject(Fault(operation="costs", kind="truncate"))
        case "no call left":
            monkeypatch.setenv("CLOUDZERO_COSTS_CALLS", "0")
    pipeline.upload(FILE)
    attempt = pipeline.attempt(pipeline.run())
    assert attempt.verdict is Verdict.VERIFIED
    assert attempt.accounts_checked is False
    (warning,) = [one for one in attempt.warnings if "not checked" in one]
    assert says in warning
    assert NEW in pipeline.held()
    assert "account_unknown" not in attempt.ledger


def test_one_call_serves_every_month_of_the_day(pipeline: Pipeline) -> None:
    """The earliest month first, as in a backfill."""
    bill(pipeline, *ACCOUNTS, NEW, month=BillingMonth(2024, 10))
    months = [BillingMonth(2025, 1).shift(n) for n in range(4)]
    for month in months:
        known = known_accounts_of(month, cloudzero=CloudZeroResource(), storage=StorageResource())
        expected = {*ACCOUNTS, NEW} if month == JANUARY else None
        assert (known.accounts and set(known.accounts)) == expected
    assert costs_calls(pipeline) == 1
    earlier = BillingMonth(2024, 6)
    assert known_accounts_of(
        earlier, cloudzero=CloudZeroResource(), storage=StorageResource()
    ).accounts == {*ACCOUNTS, NEW}
    assert costs_calls(pipeline) == 2


def test_every_attempt_counts_against_the_budget_and_further_pages_do_not(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from credits_pipeline.credits.delivery.costs import costs_day

    pipeline.cloudzero.settings = replace(pipeline.cloudzero.settings, costs_page_rows=5)
    bill(pipeline, *ACCOUNTS)
    pipeline.cloudzero.inject(Fault(operation="costs", kind="status", status=500, at=1))
    known = known_accounts_of(JANUARY, cloudzero=CloudZeroResource(), storage=StorageResource())
    assert known.accounts == set(ACCOUNTS)
    assert costs_calls(pipeline) == 7
    assert costs_day(StorageResource()).made == 2
    monkeypatch.setenv("CLOUDZERO_COSTS_CALLS", "2")
    before = known_accounts_of(
        BillingMonth(2024, 6), cloudzero=CloudZeroResource(), storage=StorageResource()
    )
    assert before.accounts is None
    assert "all 2 costs calls" in before.why_not


def test_an_account_is_sent_by_itself_once_cloudzero_knows_it(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill(pipeline, *ACCOUNTS)
    pipeline.upload(FILE + b"not-an-account,$1.00\n")
    assert pipeline.run(config={"credits": {"accept_rejected": True}}).success
    waiting = known_tick(pipeline)
    assert waiting.run_requests == []
    assert "1 month waits for accounts" in waiting.skip_message
    bill(pipeline, NEW)
    tomorrow(monkeypatch)
    known_accounts_of(JANUARY, cloudzero=CloudZeroResource(), storage=StorageResource())
    (request,) = known_tick(pipeline).run_requests
    assert request.partition_key == "2025-01-01"
    assert NEW in request.tags["credits/because"]
    attempt = pipeline.attempt(pipeline.run())
    # The version's decision still applies, so rejected rows are still left out.
    assert attempt.verdict is Verdict.PARTIAL
    assert attempt.left_out_usd == "1.00"
    assert pipeline.held()[NEW] == "-10.00"
    assert known_tick(pipeline).run_requests == []


@pytest.mark.parametrize("only", [None, ["cloudzero_drop"]])
def test_a_month_blocked_for_its_accounts_is_sent_by_itself_once_cloudzero_knows_them(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, only: list[str] | None
) -> None:
    """By the check, and by the drop if a person materializes without the check."""
    bill(pipeline, *ACCOUNTS[:15])
    pipeline.upload(FILE)
    attempt = pipeline.attempt(pipeline.run())
    if only is not None:
        attempt = pipeline.attempt(pipeline.run(only=only))
    assert attempt.verdict is Verdict.BLOCKED
    assert attempt.ledger["account_unknown"] == {"rows": 16, "usd": "1510.00"}
    assert attempt.left_out_usd == "1510.00"
    assert "by itself once CloudZero knows them" in attempt.what_to_do
    assert pipeline.journal.unknown_accounts(attempt) == {*ACCOUNTS[15:], NEW}
    assert known_tick(pipeline).run_requests == []
    assert schedule_tick(pipeline).run_requests
    bill(pipeline, *ACCOUNTS[15:])
    tomorrow(monkeypatch)
    known_accounts_of(JANUARY, cloudzero=CloudZeroResource(), storage=StorageResource())
    (request,) = known_tick(pipeline).run_requests
    assert request.partition_key == "2025-01-01"
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.PARTIAL
    assert set(pipeline.held()) == set(ACCOUNTS)
    assert known_tick(pipeline).run_requests == []


def schedule_tick(pipeline: Pipeline) -> Any:
    with dg.build_schedule_context(
        instance=pipeline.instance,
        resources={"credits_storage": StorageResource(), "credits_cloudzero": CloudZeroResource()},
        scheduled_execution_time=datetime.now(UTC),
    ) as context:
        schedule = pipeline.defs.resolve_schedule_def("credits_on_the_bill_schedule")
        return schedule.evaluate_tick(context)


def test_a_month_whose_file_went_is_not_sent_again(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    from credits_pipeline.core import aws

    bill(pipeline, *ACCOUNTS)
    pipeline.upload(FILE)
    assert pipeline.run().success
    bill(pipeline, NEW)
    tomorrow(monkeypatch)
    known_accounts_of(JANUARY, cloudzero=CloudZeroResource(), storage=StorageResource())
    aws.s3_client().delete_object(Bucket=pipeline.inbox.bucket, Key=pipeline.inbox.key(JANUARY))
    assert known_tick(pipeline).run_requests == []


@pytest.mark.parametrize("name", ["CLOUDZERO_API_KEY", "CLOUDZERO_CONNECTION_ID"])
def test_without_cloudzero_s_settings_the_sensor_says_which_is_missing(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    assert name in known_tick(pipeline).skip_message
