"""A month from the file in S3 to CloudZero, in one process against the real servers."""

import json
from decimal import Decimal
from typing import Any

import dagster as dg
import polars as pl
import pytest

from credits_pipeline.core import aws
from credits_pipeline.core.month import BillingMonth
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline.sandbox.cloudzero import Fault
from credits_pipeline.sandbox.sample import SAMPLE
from credits_pipeline_tests.conftest import API_KEY, CONNECTION_ID, OTHER_CONNECTION_ID
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

ASSETS = ["raw_credits_csv", "credits", "cbf_payload", "cloudzero_drop"]
GOOD = b"047210934418,$1.00\n112480036627,$2.50\n"
BAD = b"047210934418,$1.00\nnot-an-account,$2.50\n"


def checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {e.check_name: e for e in result.get_asset_check_evaluations()}


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    (event,) = [
        e for e in result.get_asset_materialization_events() if e.asset_key == dg.AssetKey(asset)
    ]
    return {
        name: value.value
        for name, value in event.step_materialization_data.materialization.metadata.items()
    }


def creates(pipeline: Pipeline) -> int:
    return sum(record.operation == "create" for record in pipeline.cloudzero.log)


def test_the_usual_sample_becomes_a_verified_drop(pipeline: Pipeline) -> None:
    pipeline.upload(SAMPLE)
    result = pipeline.run()
    assert result.success
    held = pipeline.held()
    assert len(held) == 23
    assert held["047210934418"] == "0.00"
    assert held["112480036627"] == "-6407.96"
    assert sum(map(Decimal, held.values())) == Decimal("-202487.80")
    row = pipeline.cloudzero.rows(CONNECTION_ID, "2025-01")[0]
    assert {name: row[name] for name in row if name not in {"resource/account", "cost/cost"}} == {
        "lineitem/type": "Credit",
        "lineitem/description": "AWS promotional credit",
        "time/usage_start": "2025-01-01T00:00:00Z",
        "time/usage_end": "2025-01-31T23:59:59Z",
        "resource/service": "AWSCredits",
    }
    told = checks(result)
    assert {name for name, e in told.items() if not e.passed} == {
        "no_duplicate_accounts",
        # The stand-in's bill is empty, so no account is known.
        "accounts_known",
    }
    assert told["accounts_known"].severity is dg.AssetCheckSeverity.WARN
    assert told["no_duplicate_accounts"].severity is dg.AssetCheckSeverity.WARN
    assert "line 17" in str(told["no_duplicate_accounts"].description)
    receipt = pipeline.journal.receipt(JANUARY)
    assert receipt is not None
    assert receipt == pipeline.attempt(result)
    assert receipt.verdict is Verdict.VERIFIED
    assert receipt.row_count == receipt.unique_accounts == 23
    assert receipt.total_credit_usd == "202487.80"
    assert receipt.ledger["identical_duplicate"] == {"rows": 1, "usd": "6407.96"}
    assert receipt.left_out_usd == "0.00"
    assert [request["operation"] for request in receipt.requests].count("replace_drop") == 1
    assert receipt.diff["added"]["accounts"] == 23


def test_every_check_is_stored_for_its_month_only(pipeline: Pipeline) -> None:
    pipeline.upload(SAMPLE)
    result = pipeline.run()
    assert {e.partition for e in result.get_asset_check_evaluations()} == {"2025-01-01"}
    assert set(checks(result)) >= {
        "nothing_rejected",
        "no_duplicate_accounts",
        "ledger_closes",
        "payload_equals_credits",
        "drop_equals_payload",
    }


def test_the_ui_gets_numbers_columns_and_the_report(pipeline: Pipeline) -> None:
    pipeline.upload(SAMPLE)
    result = pipeline.run()
    credits = metadata(result, "credits")
    assert credits["credit_usd"] == 202487.80
    assert credits["dagster/partition_row_count"] == 23
    columns = {c.name: c for c in credits["dagster/column_schema"].columns}
    assert columns["account_id"].constraints.unique
    assert "12 digits" in columns["account_id"].description
    assert metadata(result, "raw_credits_csv")["dagster/uri"].endswith("/credits-2025-01.csv")
    drop = metadata(result, "cloudzero_drop")
    assert drop["verdict"] == "verified"
    assert drop["report"].startswith("## ✅ 2025-01: verified")
    assert (drop["left_out_rows"], drop["accounts"]) == (0, 23)
    assert drop["seconds_at_cloudzero"] > 0
    assert drop["dagster/uri"].endswith(f"/{CONNECTION_ID}/billing_drops/2025-01")
    cbf = {c.name for c in metadata(result, "cbf_payload")["dagster/column_schema"].columns}
    assert {"resource/account", "cost/cost"} <= cbf
    assert "lineitem/cloud_provider" not in cbf
    for noun, table in {"credits": "credits.parquet", "cbf_payload": "cbf.parquet"}.items():
        path = metadata(result, noun)["dagster/uri"].removeprefix("file://")
        assert path.endswith(table)
        assert pl.read_parquet(path).height == 23
    assert "$202,487.80" in drop["report"]


def test_every_run_prints_one_line_of_json(
    pipeline: Pipeline, capfd: pytest.CaptureFixture[str]
) -> None:
    pipeline.upload(GOOD)
    result = pipeline.run()
    lines = [
        json.loads(line)
        for line in capfd.readouterr().out.splitlines()
        if line.startswith('{"event"')
    ]
    assert [line["verdict"] for line in lines] == ["verified"]
    assert lines[0]["run_id"] == result.run_id
    assert lines[0]["total_credit_usd"] == "3.50"


@pytest.mark.parametrize(
    "only",
    [ASSETS, ["raw_credits_csv", "credits"], ["credits", "cbf_payload", "cloudzero_drop"],
     ["cbf_payload", "cloudzero_drop"], ["cloudzero_drop"]],
)  # fmt: skip
def test_with_a_failed_check_no_subset_of_the_assets_sends_anything(
    pipeline: Pipeline, only: list[str]
) -> None:
    """A blocking check stops only its own run: the next run used to be green."""
    pipeline.upload(GOOD)
    assert pipeline.run().success
    sent = creates(pipeline)
    pipeline.upload(BAD)
    assert not pipeline.run().success
    result = pipeline.run(only=only)
    if "cloudzero_drop" in only or "credits" in only:
        assert pipeline.attempt(result).verdict in {Verdict.BLOCKED, Verdict.SUPERSEDED}
    assert creates(pipeline) == sent
    assert pipeline.held() == {"047210934418": "-1.00", "112480036627": "-2.50"}
    receipt = pipeline.journal.receipt(JANUARY)
    assert receipt is not None
    assert receipt.total_credit_usd == "3.50"


def test_rows_that_can_t_be_read_block_the_month_and_are_listed(pipeline: Pipeline) -> None:
    pipeline.upload(BAD)
    result = pipeline.run()
    assert not result.success
    told = checks(result)["nothing_rejected"]
    assert not told.passed
    assert told.severity is dg.AssetCheckSeverity.ERROR
    attempt = pipeline.attempt(result)
    assert attempt.verdict is Verdict.BLOCKED
    assert attempt.ledger["rejected"] == {"rows": 1, "usd": "2.50"}
    (rejected,) = pipeline.journal.rows(attempt)["rejected"]
    assert rejected["line"] == 2
    assert rejected["text"] == "not-an-account,$2.50"
    assert rejected["reason"]
    assert pipeline.held() == {}
    assert pipeline.journal.receipt(JANUARY) is None


def test_a_person_s_decision_stays_with_the_version_it_was_made_for(pipeline: Pipeline) -> None:
    pipeline.upload(BAD)
    assert not pipeline.run().success
    accepted = pipeline.run(config={"credits": {"accept_rejected": True}})
    assert accepted.success
    attempt = pipeline.attempt(accepted)
    assert attempt.verdict is Verdict.PARTIAL
    assert attempt.left_out_usd == "2.50"
    assert attempt.decided[0]["decided"] == {"accept_rejected": True}
    assert attempt.decided[0]["run_id"] == accepted.run_id
    again = pipeline.run(config={"cloudzero_drop": {"force": True}})
    assert pipeline.attempt(again).verdict is Verdict.PARTIAL
    pipeline.upload(BAD + b"202020202020,$1.00\n")
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.BLOCKED


def test_a_row_left_out_with_unknown_dollars_makes_the_month_partial(pipeline: Pipeline) -> None:
    """Unknown dollars once added up to zero, and the month was verified."""
    pipeline.upload(b"047210934418,$1.00\n112480036627,two dollars\n")
    accepted = pipeline.run(config={"credits": {"accept_rejected": True}})
    assert accepted.success
    assert pipeline.attempt(accepted).verdict is Verdict.PARTIAL


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (BAD, "line 2, 'not-an-account,$2.50'"),
        # The file is refused as a whole, so none of its rows is read.
        (b"Account ID,Month,Credits\n047210934418,2025-02,5.10\n", "2025-02"),
    ],
)
def test_a_blocked_month_says_why_on_the_run_s_page_and_at_the_drop(
    pipeline: Pipeline, content: bytes, why: str
) -> None:
    pipeline.upload(content)
    result = pipeline.run()
    (failure,) = [e for e in result.all_events if e.is_step_failure]
    error = failure.step_failure_data.error
    assert why in error.message
    # The end was expected, so readers get sentences and no stack trace.
    assert (error.stack, error.cause, error.cls_name) == ([], None, None)
    # A step that ends like this writes only to Dagster's log.
    (seen,) = pipeline.instance.all_logs(
        result.run_id, of_type=dg.DagsterEventType.ASSET_OBSERVATION
    )
    assert seen.dagster_event is not None
    observed: Any = seen.dagster_event.asset_observation_data.asset_observation
    assert observed.asset_key == dg.AssetKey("cloudzero_drop")
    assert observed.partition == JANUARY.partition_key
    assert "BLOCKED" in str(observed.description)
    assert {"report", "verdict", "file_version"} <= observed.metadata.keys()


@pytest.mark.parametrize(
    ("duplicates", "held", "verdict"),
    [
        ("first", "-1.00", Verdict.PARTIAL),
        ("sum", "-3.00", Verdict.VERIFIED),
        ("reject", None, Verdict.BLOCKED),
    ],
)
def test_duplicates_follow_the_run_config(
    pipeline: Pipeline, duplicates: str, held: str | None, verdict: Verdict
) -> None:
    pipeline.upload(b"047210934418,$1.00\n047210934418,$2.00\n")
    result = pipeline.run(config={"credits": {"duplicates": duplicates}})
    assert pipeline.attempt(result).verdict is verdict
    assert pipeline.held() == ({} if held is None else {"047210934418": held})


@pytest.mark.parametrize("content", [b"", b"\n\n", b"<html><body>Sign in</body></html>"])
def test_a_file_with_nothing_to_send_sends_nothing(pipeline: Pipeline, content: bytes) -> None:
    pipeline.upload(GOOD)
    assert pipeline.run().success
    pipeline.upload(content)
    result = pipeline.run()
    assert not result.success
    assert pipeline.attempt(result).verdict is Verdict.BLOCKED
    assert pipeline.attempt(result).reason
    assert len(pipeline.held()) == 2


def test_a_month_without_a_file_says_which_file_to_upload(pipeline: Pipeline) -> None:
    attempt = pipeline.attempt(pipeline.run())
    assert attempt.verdict is Verdict.FAILED
    assert "credits-2025-01.csv" in attempt.reason
    assert "Upload" in attempt.what_to_do


@pytest.mark.parametrize("name", ["CLOUDZERO_API_KEY", "CLOUDZERO_CONNECTION_ID"])
def test_a_missing_key_lets_everything_up_to_the_payload_run(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    pipeline.upload(GOOD)
    result = pipeline.run()
    made = {e.asset_key.path[-1] for e in result.get_asset_materialization_events()}
    assert made == {"raw_credits_csv", "credits", "cbf_payload"}
    attempt = pipeline.attempt(result)
    assert attempt.verdict is Verdict.FAILED
    assert name in attempt.reason
    assert attempt.permanent


def test_cloudzero_s_own_message_reaches_the_person(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    told = json.dumps({"error": {"message": "row 3 is odd", "type": "BadRequest"}})
    pipeline.cloudzero.inject(Fault(operation="create", at=1, kind="status", status=400, body=told))
    result = pipeline.run()
    attempt = pipeline.attempt(result)
    assert attempt.verdict is Verdict.FAILED
    assert "row 3 is odd" in attempt.reason
    assert pipeline.held() == {}


def test_a_rematerialised_month_is_not_sent_twice_and_force_sends_it(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    assert pipeline.run().success
    again = pipeline.run()
    assert pipeline.attempt(again).verdict is Verdict.UNCHANGED
    assert creates(pipeline) == 1
    assert metadata(again, "cloudzero_drop")["verdict"] == "unchanged"
    forced = pipeline.run(config={"cloudzero_drop": {"force": True}})
    assert pipeline.attempt(forced).verdict is Verdict.VERIFIED
    assert creates(pipeline) == 2


def test_a_dry_run_sends_nothing_and_does_not_repaint_the_month(pipeline: Pipeline) -> None:
    pipeline.upload(GOOD)
    result = pipeline.run(config={"cloudzero_drop": {"dry_run": True}})
    assert result.success
    assert pipeline.attempt(result).verdict is Verdict.DRY_RUN
    assert creates(pipeline) == 0
    keys = {e.asset_key.path[-1] for e in result.get_asset_materialization_events()}
    assert "cloudzero_drop" not in keys
    assert "drop_equals_payload" not in checks(result)
    observed = result.get_asset_observation_events()
    assert [e.asset_key.path[-1] for e in observed] == ["cloudzero_drop"]


@pytest.mark.parametrize("then", ["overwritten", "deleted"])
def test_a_version_that_is_not_current_any_more_is_superseded(
    pipeline: Pipeline, then: str
) -> None:
    pipeline.upload(GOOD)
    assert pipeline.run(only=ASSETS[:3]).success
    if then == "overwritten":
        pipeline.upload(b"047210934418,$9.00\n")
    else:
        aws.s3_client().delete_object(Bucket=pipeline.inbox.bucket, Key=pipeline.inbox.key(JANUARY))
    result = pipeline.run(only=["cloudzero_drop"])
    assert result.success
    assert pipeline.attempt(result).verdict is Verdict.SUPERSEDED
    assert creates(pipeline) == 0


def test_a_payload_made_from_other_credits_is_refused(pipeline: Pipeline) -> None:
    pipeline.upload(b"047210934418,$1.00\n047210934418,$2.00\n")
    assert pipeline.run(only=ASSETS[:3]).success
    changed = pipeline.run(only=["credits"], config={"credits": {"duplicates": "sum"}})
    assert changed.success
    result = pipeline.run(only=["cloudzero_drop"])
    assert not result.success
    attempt = pipeline.attempt(result)
    assert attempt.verdict is Verdict.BLOCKED
    assert "materialise cbf_payload again" in attempt.reason
    assert creates(pipeline) == 0


def test_a_run_that_died_while_sending_is_called_incomplete_and_the_next_completes_it(
    pipeline: Pipeline,
) -> None:
    from dataclasses import replace

    pipeline.upload(GOOD)
    first = pipeline.run()
    dead = replace(pipeline.attempt(first), run_id="dead", verdict=Verdict.SENDING, ended_at="")
    pipeline.journal.begin_sending(dead)
    result = pipeline.run()
    found = pipeline.journal.attempt(JANUARY, "dead")
    assert found is not None
    assert found.verdict is Verdict.INCOMPLETE
    assert "again" in found.what_to_do
    # The last run that sent was not verified, so equal contents alone do not prove anything.
    assert pipeline.attempt(result).verdict is Verdict.VERIFIED
    assert creates(pipeline) == 2


def test_a_stream_that_moved_is_sent_to_afresh(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.upload(GOOD)
    assert pipeline.run().success
    monkeypatch.setenv("CLOUDZERO_CONNECTION_ID", OTHER_CONNECTION_ID)
    assert pipeline.attempt(pipeline.run()).verdict is Verdict.VERIFIED
    assert len(pipeline.cloudzero.rows(OTHER_CONNECTION_ID, "2025-01")) == 2


def test_months_do_not_touch_each_other(pipeline: Pipeline) -> None:
    february = BillingMonth(2025, 2)
    pipeline.upload(GOOD)
    pipeline.upload(b"047210934418,$2.00\n112480036627,$2.00\n", february)
    assert pipeline.run().success
    assert pipeline.run(february).success
    assert pipeline.held()["047210934418"] == "-1.00"
    assert pipeline.held(february)["047210934418"] == "-2.00"


def test_what_is_stored_can_be_read_by_anyone(pipeline: Pipeline, tmp_path: Any) -> None:
    import polars as pl

    pipeline.upload(GOOD)
    assert pipeline.run().success
    found = [path for path in (tmp_path / "storage").rglob("*") if path.is_file()]
    files = [path for path in found if not path.name.startswith(".")]
    assert {path.name for path in found} - {path.name for path in files} <= {".updating"}
    assert {path.suffix for path in files} == {".json", ".csv", ".parquet"}
    (table,) = [path for path in files if path.name == "credits.parquet"]
    assert pl.read_parquet(table)["amount_usd"].to_list() == [Decimal("1.00"), Decimal("2.50")]


def test_the_key_appears_in_no_file_event_or_message(pipeline: Pipeline, tmp_path: Any) -> None:
    pipeline.upload(GOOD)
    pipeline.cloudzero.inject(Fault(operation="create", at=1, kind="status", status=400))
    results = [pipeline.run(), pipeline.run()]
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or API_KEY.encode() not in path.read_bytes()
    for result in results:
        for record in pipeline.instance.all_logs(result.run_id):
            assert API_KEY not in str(record)


@pytest.mark.parametrize(
    ("content", "check", "shown"),
    [
        (BAD, "nothing_rejected", "not-an-account"),
        (b"047210934418,$1.00\n047210934418,$2.00\n", "no_duplicate_accounts", "047210934418"),
        (b"47210934418,$1.00\n", "account_ids_are_whole", "47210934418"),
        (b"047210934418,$1.00\n112480036627,-$2.00\n", "signs_agree", "112480036627"),
        (b"047210934418,$1.00\nTotal,$2.00\n", "totals_match_source", "line 2"),
    ],
)
def test_a_check_shows_the_rows_that_it_speaks_of(
    pipeline: Pipeline, content: bytes, check: str, shown: str
) -> None:
    pipeline.upload(content)
    told = checks(pipeline.run())[check]
    assert shown in str(told.metadata["rows"].value)
