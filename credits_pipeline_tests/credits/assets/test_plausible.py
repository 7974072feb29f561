"""``month_is_plausible`` in the pipeline: each month beside the months verified before it."""

import dagster as dg
import pytest

from credits_pipeline.core.settings import Schedule
from credits_pipeline.credits.state.attempt import Verdict
from credits_pipeline_tests.credits.assets.conftest import JANUARY, Pipeline

USUAL = b"047210934418,$1.00\n112480036627,$2.50\n"
LARGE = b"047210934418,$4.00\n112480036627,$2.50\n"


def told(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (found,) = (
        e for e in result.get_asset_check_evaluations() if e.check_name == "month_is_plausible"
    )
    return found


def test_the_first_month_has_nothing_to_be_compared_with_and_passes(pipeline: Pipeline) -> None:
    pipeline.upload(USUAL)
    found = told(pipeline.run())
    assert found.passed
    assert found.partition == JANUARY.partition_key
    assert "no verified month before" in str(found.description)


def test_an_unusual_month_is_sent_with_a_warning_in_the_check_and_in_the_receipt(
    pipeline: Pipeline,
) -> None:
    pipeline.upload(USUAL)
    assert pipeline.run().success
    february = JANUARY.shift(1)
    pipeline.upload(LARGE, february)
    result = pipeline.run(february)
    assert result.success
    found = told(result)
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert found.metadata["usd_percent_off"].value == pytest.approx(85.8)
    attempt = pipeline.attempt(result, february)
    assert attempt.verdict is Verdict.VERIFIED
    assert found.description in attempt.warnings


def test_the_limits_are_settings(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.upload(USUAL)
    assert pipeline.run().success
    february = JANUARY.shift(1)
    pipeline.upload(LARGE, february)
    monkeypatch.setenv("CREDITS_PLAUSIBLE_PERCENT", "86")
    assert told(pipeline.run(february, only=["raw_credits_csv", "credits"])).passed


def test_a_withdrawn_month_is_not_compared_and_is_nothing_to_compare_with(
    pipeline: Pipeline,
) -> None:
    pipeline.upload(USUAL)
    assert pipeline.run().success
    result = pipeline.run(config={"credits": {"clear_month": True}})
    assert result.success
    assert "withdrawn" in str(told(result).description)
    february = JANUARY.shift(1)
    pipeline.upload(LARGE, february)
    assert "no verified month before" in str(told(pipeline.run(february)).description)


def test_the_assets_have_the_owners_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    from credits_pipeline.credits.assets.build import build_definitions

    monkeypatch.setenv("CREDITS_OWNERS", "team:finance, ada@example.com")
    defs = build_definitions(schedule=Schedule.from_environment())
    for spec in defs.resolve_all_asset_specs():
        assert spec.owners == ["team:finance", "ada@example.com"]
        assert spec.tags.items() >= {"domain": "finops", "cloud": "aws"}.items()


def test_an_invalid_owner_is_reported_by_the_setting_s_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from credits_pipeline.core.settings import SettingError

    monkeypatch.setenv("CREDITS_OWNERS", "finance")
    with pytest.raises(SettingError, match=r"CREDITS_OWNERS.*'finance' is neither"):
        Schedule.from_environment()
